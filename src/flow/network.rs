//! Convolutional networks that give scale s and shift t of a coupling layer.
//!
//! h_0 = the frozen field; h_i = activation(conv(h_{i-1}) + b); circular convolutions with odd kernels.
//! Without symmetry (s, t) = tanh(conv(h_n) + b), as in arXiv:2101.08176. With symmetry `odd` the hidden layers see both
//! signs, t = conv(h_n(φ) − h_n(−φ)) and s = tanh(conv(h_n(φ) + h_n(−φ)) + b), so that φ -> −φ gives (s, −t): the flow
//! keeps the Z2 symmetry exactly.

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
        let mut stencils: Vec<Stencil> = vec![];
        for i in 0..=hidden {
            let stencil = match i {
                // All inner convolutions share one table.
                2.. if i < hidden => stencils[1].clone(),
                _ => board.cube(spec.kernel, (i == 0).then_some(frozen), (i == hidden).then_some(1 - frozen))?,
            };
            stencils.push(stencil);
        }
        Ok(Self { spec: spec.clone(), stencils })
    }

    /// Its tensors, in the order in which they are recorded.
    pub fn tensors(&self) -> Vec<Tensor> {
        let odd = self.spec.symmetry == Symmetry::Odd;
        let last = if odd { vec![("shift", 1, false), ("scale", 1, true)] } else { vec![("convolution", 2, true)] };
        let hidden = self.spec.hidden.iter().map(|&h| ("convolution", h, true));
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
        let hidden = 2 * self.spec.hidden.len();
        let (inner, outer) = parameters.split_at(hidden);
        let last = &self.stencils[self.spec.hidden.len()];
        let kernel = |weights| Kernel { weights, stencil: last, transposed: false };
        let h = self.hidden(recorder, frozen, inner);
        if self.spec.symmetry == Symmetry::Odd {
            let minus = recorder.scale(frozen, -1.0);
            let mirrored = self.hidden(recorder, minus, inner);
            let difference = recorder.subtract(h, mirrored);
            let sum = recorder.add(h, mirrored);
            let t = recorder.convolve(difference, kernel(outer[0]), None, 1);
            let s = recorder.convolve(sum, kernel(outer[1]), Some(outer[2]), 1);
            return (recorder.tanh(s), t);
        }
        let y = recorder.convolve(h, kernel(outer[0]), Some(outer[1]), 2);
        let (s, t) = (recorder.channels(y, 0, 1), recorder.channels(y, 1, 1));
        (recorder.tanh(s), recorder.tanh(t))
    }

    /// The hidden layers of a field; `parameters` are a weight and a bias for each.
    fn hidden(&self, recorder: &mut Recorder, field: Node, parameters: &[Node]) -> Node {
        let layers = self.stencils.iter().zip(&self.spec.hidden).zip(parameters.chunks(2));
        layers.fold(field, |h, ((stencil, &outputs), pair)| {
            let kernel = Kernel { weights: pair[0], stencil, transposed: false };
            let y = recorder.convolve(h, kernel, Some(pair[1]), outputs);
            self.activate(recorder, y)
        })
    }

    fn activate(&self, recorder: &mut Recorder, y: Node) -> Node {
        match self.spec.activation {
            Activation::LeakyRelu => recorder.leaky_relu(y, 0.01),
            Activation::Tanh => recorder.tanh(y),
        }
    }
}
