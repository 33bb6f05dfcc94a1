//! Convolutional networks that give scale s and shift t of a coupling layer.
//!
//! h_0 = the frozen field; h_i = activation(conv(h_{i-1}) + b); circular convolutions with odd kernels.
//! `Plain`: (s, t) = tanh(conv(h_n) + b), as in arXiv:2101.08176. `Odd`: no biases and activations that are odd
//! functions, t = conv(h_n), s = tanh(conv(h_n²) + b), so that φ -> -φ gives (s, -t): the flow keeps the Z2 symmetry.

use super::checkerboard::Checkerboard;
use super::spec::{Activation, NetworkSpec, Symmetry};
use crate::error::Result;
use crate::program::{Kernel, Node, Recorder, Stencil};

/// One tensor of parameters with the width of its initial uniform distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name within the layer: `convolution.0.weight`.
    pub name: String,
    /// Shape: `[outputs, inputs, taps]` or `[outputs]`.
    pub shape: Vec<usize>,
    /// Initial numbers are uniform in (-bound, bound).
    pub bound: f64,
}

impl Tensor {
    /// Numbers in the tensor.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A network for the coupling layers that keep the sites of one parity.
#[derive(Clone, Debug)]
pub struct Network {
    spec: NetworkSpec,
    stencils: Vec<Stencil>,
}

impl Network {
    /// The network that reads the sites of parity `frozen` and gives numbers for the others.
    pub fn new(spec: &NetworkSpec, board: &Checkerboard, frozen: usize) -> Result<Self> {
        let hidden = spec.hidden.len();
        let ends =
            |i: usize| (if i == 0 { Some(frozen) } else { None }, if i == hidden { Some(1 - frozen) } else { None });
        let stencils = (0..=hidden).map(|i| board.cube(spec.kernel, ends(i).0, ends(i).1)).collect::<Result<_>>()?;
        Ok(Self { spec: spec.clone(), stencils })
    }

    /// Its tensors, in the order in which they are recorded.
    pub fn tensors(&self) -> Vec<Tensor> {
        let odd = self.spec.symmetry == Symmetry::Odd;
        let last = if odd { vec![("shift", 1, false), ("scale", 1, true)] } else { vec![("convolution", 2, true)] };
        let hidden = self.spec.hidden.iter().map(|&h| ("convolution", h, !odd));
        let mut tensors = vec![];
        let mut inputs = 1;
        for (i, (kind, outputs, has_bias)) in hidden.chain(last).enumerate() {
            let stencil = &self.stencils[i.min(self.spec.hidden.len())];
            let fan_in = (inputs * stencil.taps()) as f64;
            let is_last = i >= self.spec.hidden.len();
            let bound = if is_last { self.spec.initial_output } else { 1.0 } / fan_in.sqrt();
            let prefix = if kind == "convolution" { format!("convolution.{i}") } else { kind.into() };
            let shape = vec![outputs, inputs, stencil.taps()];
            tensors.push(Tensor { name: format!("{prefix}.weight"), shape, bound });
            if has_bias {
                tensors.push(Tensor { name: format!("{prefix}.bias"), shape: vec![outputs], bound });
            }
            if !is_last {
                inputs = outputs;
            }
        }
        tensors
    }

    /// Records (s, t) on the active sites from the frozen field; `parameters` are in the order of the tensors.
    pub fn record(&self, recorder: &mut Recorder, frozen: Node, parameters: &[Node]) -> (Node, Node) {
        let odd = self.spec.symmetry == Symmetry::Odd;
        let mut next = parameters.iter().copied();
        let mut parameter = || next.next().expect("a parameter for each tensor");
        let mut h = frozen;
        for (stencil, &outputs) in self.stencils.iter().zip(&self.spec.hidden) {
            let kernel = Kernel { weights: parameter(), stencil, transposed: false };
            let bias = (!odd).then(&mut parameter);
            let y = recorder.convolve(h, kernel, bias, outputs);
            h = self.activate(recorder, y);
        }
        let stencil = &self.stencils[self.spec.hidden.len()];
        let mut kernel = || Kernel { weights: parameter(), stencil, transposed: false };
        if odd {
            let shift = kernel();
            let t = recorder.convolve(h, shift, None, 1);
            let scale = kernel();
            let square = recorder.multiply(h, h);
            let bias = parameter();
            let s = recorder.convolve(square, scale, Some(bias), 1);
            return (recorder.tanh(s), t);
        }
        let last = kernel();
        let bias = parameter();
        let y = recorder.convolve(h, last, Some(bias), 2);
        let (s, t) = (recorder.channels(y, 0, 1), recorder.channels(y, 1, 1));
        (recorder.tanh(s), recorder.tanh(t))
    }

    fn activate(&self, recorder: &mut Recorder, y: Node) -> Node {
        match self.spec.activation {
            Activation::LeakyRelu => recorder.leaky_relu(y, 0.01),
            Activation::Tanh => recorder.tanh(y),
        }
    }
}
