//! Tensors of parameters: names, shapes and initial widths.

/// One tensor of parameters with the width of its initial uniform distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name within the model: `layers.0.convolution.0.weight`.
    pub name: String,
    /// Shape: `[outputs, inputs, taps]` or `[outputs]`; parameters of repeated layers have the step as first index.
    pub shape: Vec<usize>,
    /// Initial numbers are uniform in (-bound, bound).
    pub bound: f64,
}

impl Tensor {
    /// Numbers in the tensor.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The same tensor with `prefix.` before its name.
    pub fn within(self, prefix: &str) -> Self {
        Self { name: format!("{prefix}.{}", self.name), ..self }
    }
}
