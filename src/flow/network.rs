//! Convolutional networks that give the parameters θ of a coupling layer's transform.
//!
//! h_0 = the frozen field; h_i = activation(conv(h_{i-1}) + b); circular convolutions with odd kernels. The network ends
//! in one convolution for each head. Without symmetry a head is conv(h_n) + b. With symmetry `odd` the hidden layers see
//! both signs of the field: an odd head is conv(h_n(φ) − h_n(−φ)), an even one conv(h_n(φ) + h_n(−φ)) + b.
//!
//! Conditions c of the model, the same on all sites, shift the biases of the first convolution (and of an even head where
//! there is no hidden layer): b + W c.

use super::layer::Given;
use super::mask::Mask;
use super::tensor::Tensor;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::program::{Filter, Node, Recorder, Shape, Stencil};
use serde::{Deserialize, Serialize};

/// Most parameters of a model.
pub const MOST_PARAMETERS: usize = 1 << 26;

/// Activation of hidden layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0.01 x).
    #[default]
    LeakyRelu,
    /// tanh(x).
    Tanh,
}

/// How a network behaves under φ -> -φ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symmetry {
    /// No symmetry.
    #[default]
    None,
    /// The flow is an odd function: q(-φ) = q(φ).
    Odd,
}

/// One output of a network: a convolution on the active sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Name of its tensors; None: `convolution.n` after the hidden layers.
    pub name: Option<&'static str>,
    /// Channels.
    pub channels: usize,
    /// Odd under φ -> −φ, and then without bias; counts with symmetry `odd` alone.
    pub is_odd: bool,
}

/// Architecture of a coupling layer's network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// Channels of the hidden layers.
    pub hidden: Vec<usize>,
    /// Odd width of the convolutions.
    pub kernel: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Symmetry.
    pub symmetry: Symmetry,
    /// Initial size of the last convolutions, relative to the usual one.
    pub initial_output: f64,
    /// Outputs.
    pub heads: Vec<Head>,
    /// Number of conditions of the model.
    pub conditions: usize,
}

impl NetworkSpec {
    /// Checks all ranges.
    pub fn check(&self) -> Result<()> {
        let range = |key: &str, expected: &str, got: String| {
            Err(Error::BadSpec(format!("{key}: expected {expected}, got {got}")))
        };
        let Self { hidden, kernel, initial_output, .. } = self;
        if hidden.len() > 16 || hidden.iter().any(|h| !(1..=1024).contains(h)) {
            return range("hidden", "at most 16 layers of 1 to 1024 channels", format!("{hidden:?}"));
        }
        if kernel % 2 == 0 || *kernel > 15 {
            return range("kernel", "an odd width from 1 to 15", kernel.to_string());
        }
        if !(initial_output.is_finite() && *initial_output >= 0.0) {
            return range("initial_output", "a finite number of at least 0", initial_output.to_string());
        }
        Ok(())
    }

    /// An error for sizes that would not fit into memory: parameters, tables of neighbours, values of a hidden layer.
    pub fn expect_fit(&self, layers: usize, lattice: &Lattice) -> Result<()> {
        self.expect_fit_with(layers, lattice.volume(), self.kernel.pow(lattice.dimensions() as u32))
    }

    /// The same for kernels of some numbers on some sites.
    pub fn expect_fit_with(&self, layers: usize, volume: usize, taps: usize) -> Result<()> {
        const MOST_NEIGHBOURS: usize = 1 << 26;
        const MOST_VALUES: usize = 1 << 24;
        let heads = self.heads.iter().map(|head| head.channels).sum();
        let (mut weights, mut inputs, mut widest) = (0, 1, heads);
        for &outputs in self.hidden.iter().chain(&[heads]) {
            weights += inputs * outputs * taps;
            inputs = outputs;
            widest = widest.max(outputs);
        }
        let counts = [
            ("kernel", "neighbours of all sites", taps * volume, MOST_NEIGHBOURS),
            ("hidden", "parameters in all layers", layers * weights, MOST_PARAMETERS),
            ("hidden", "values on all sites of a hidden layer", widest * volume, MOST_VALUES),
        ];
        for (key, what, got, most) in counts {
            if got > most {
                return Err(Error::BadSpec(format!("{key}: expected at most {most} {what}, got {got}")));
            }
        }
        Ok(())
    }
}

/// The network of coupling layers that leave the sites of one set unchanged.
#[derive(Clone, Debug)]
pub struct Network {
    spec: NetworkSpec,
    stencils: Vec<Stencil>,
    /// One tap on one site: products of matrices with columns.
    point: Stencil,
}

/// A weight, and a bias where there is one.
type Pair = (Node, Option<Node>);

impl Network {
    /// The network that reads the sites of the set `frozen` and gives numbers for those of the other.
    pub fn new(spec: &NetworkSpec, mask: &Mask, frozen: usize) -> Result<Self> {
        let hidden = spec.hidden.len();
        let mut stencils: Vec<Stencil> = vec![];
        for i in 0..=hidden {
            let stencil = match i {
                // All inner convolutions share one table.
                2.. if i < hidden => stencils[1].clone(),
                _ => mask.stencil(spec.kernel, (i == 0).then_some(frozen), (i == hidden).then_some(1 - frozen))?,
            };
            stencils.push(stencil);
        }
        Ok(Self { spec: spec.clone(), stencils, point: Stencil::new(1, 1, vec![0])? })
    }

    fn has_bias(&self, head: &Head) -> bool {
        !(self.spec.symmetry == Symmetry::Odd && head.is_odd)
    }

    /// Its tensors, in the order in which they are recorded.
    pub fn tensors(&self) -> Vec<Tensor> {
        let Self { spec, stencils, .. } = self;
        let (count, mut tensors, mut inputs) = (spec.hidden.len(), vec![], 1);
        let bound = |inputs: usize, taps: usize| 1.0 / ((inputs * taps) as f64).sqrt();
        let mut add = |prefix: String, shape: Vec<usize>, bound: f64, has_bias: bool| {
            let outputs = shape[0];
            tensors.push(Tensor { name: format!("{prefix}.weight"), shape, bound });
            if has_bias {
                tensors.push(Tensor { name: format!("{prefix}.bias"), shape: vec![outputs], bound });
            }
        };
        for (i, (&outputs, stencil)) in spec.hidden.iter().zip(stencils).enumerate() {
            let shape = vec![outputs, inputs, stencil.taps()];
            add(format!("convolution.{i}"), shape, bound(inputs, stencil.taps()), true);
            inputs = outputs;
        }
        for head in &spec.heads {
            let (name, taps) =
                (head.name.map_or_else(|| format!("convolution.{count}"), Into::into), stencils[count].taps());
            let bound = spec.initial_output * bound(inputs, taps);
            add(name, vec![head.channels, inputs, taps], bound, self.has_bias(head));
        }
        if let Some(outputs) = self.conditioned() {
            let shape = vec![outputs, spec.conditions];
            let bound = bound(spec.conditions, 1) * if spec.hidden.is_empty() { spec.initial_output } else { 1.0 };
            tensors.push(Tensor { name: "condition.weight".into(), shape, bound });
        }
        tensors
    }

    /// Number of biases that the conditions shift: those of the first hidden layer, or of all heads with a bias.
    fn conditioned(&self) -> Option<usize> {
        let heads = || self.spec.heads.iter().filter(|head| self.has_bias(head)).map(|head| head.channels).sum();
        (self.spec.conditions > 0).then(|| self.spec.hidden.first().copied().unwrap_or_else(heads))
    }

    /// Records the outputs on the active sites from the frozen field.
    pub fn record(&self, recorder: &mut Recorder, frozen: Node, given: &Given) -> Vec<Node> {
        let hidden = self.spec.hidden.len();
        let mut rest = given.parameters.iter().copied();
        let mut take = || rest.next().expect("a recorded parameter for each tensor");
        let mut inner: Vec<Pair> = (0..hidden).map(|_| (take(), Some(take()))).collect();
        let mut outer: Vec<Pair> =
            self.spec.heads.iter().map(|head| (take(), self.has_bias(head).then(&mut take))).collect();
        if let (Some(_), Some(condition)) = (self.conditioned(), given.condition) {
            let weights = take();
            let shifted = if hidden > 0 { &mut inner[..1] } else { &mut outer[..] };
            self.shift(recorder, shifted, (weights, condition));
        }
        let h = self.hidden(recorder, frozen, &inner);
        let mirrored = (self.spec.symmetry == Symmetry::Odd).then(|| {
            let minus = recorder.scale(frozen, -1.0);
            self.hidden(recorder, minus, &inner)
        });
        let one = |(head, &pair): (&Head, &Pair)| {
            let features = match mirrored {
                None => h,
                Some(mirrored) if head.is_odd => recorder.subtract(h, mirrored),
                Some(mirrored) => recorder.add(h, mirrored),
            };
            let filter = Filter { weights: pair.0, stencil: &self.stencils[hidden], transposed: false };
            recorder.convolve(features, filter, pair.1, head.channels)
        };
        self.spec.heads.iter().zip(&outer).map(one).collect()
    }

    /// Adds W c to biases; the rows of W belong to them in their order.
    fn shift(&self, recorder: &mut Recorder, pairs: &mut [Pair], (weights, condition): (Node, Node)) {
        let outputs = self.conditioned().unwrap_or(0);
        let filter = Filter { weights, stencil: &self.point, transposed: false };
        let shifts = recorder.convolve(condition, filter, None, outputs);
        let mut first = 0;
        for bias in pairs.iter_mut().filter_map(|pair| pair.1.as_mut()) {
            let Shape { channels, .. } = recorder.shape(*bias);
            let shift = recorder.channels(shifts, first, channels);
            *bias = recorder.add(*bias, shift);
            first += channels;
        }
    }

    /// Output of the hidden layers for a field.
    fn hidden(&self, recorder: &mut Recorder, field: Node, pairs: &[Pair]) -> Node {
        let layers = self.stencils.iter().zip(&self.spec.hidden).zip(pairs);
        layers.fold(field, |h, ((stencil, &outputs), pair)| {
            let filter = Filter { weights: pair.0, stencil, transposed: false };
            let y = recorder.convolve(h, filter, pair.1, outputs);
            match self.spec.activation {
                Activation::LeakyRelu => recorder.leaky_relu(y, 0.01),
                Activation::Tanh => recorder.tanh(y),
            }
        })
    }
}
