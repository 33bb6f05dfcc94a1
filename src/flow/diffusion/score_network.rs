//! The networks of a score: what a diffusion model learns.
//!
//! ```text
//! s(φ, t) = c (N(c φ; t) − c φ),   c = (α² w² + σ²)^(−1/2)
//! ```
//!
//! With N = 0 this is the score of white fields of width w. It stays finite where σ goes to zero, as −dS/dφ does. Networks see the
//! time by functions cos(π d t), d = 0, 1 ..; in a sum each has its own first ones of all.

use super::convolutional::Convolutional;
use super::output::Output;
use super::probes::Probes;
use super::spectral::Spectral;
use super::unet::Unet;
use crate::error::Result;
use crate::flow::layer::expect_shapes;
use crate::flow::tensor::Tensor;
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Node, Recorder, Shape};

/// A network N(x; t) from fields to fields.
#[derive(Clone, Debug)]
pub enum ScoreNetwork {
    /// Local convolutions.
    Convolutional(Convolutional),
    /// Kernels over the whole lattice.
    Spectral(Spectral),
    /// A U-Net.
    Unet(Unet),
    /// A sum of networks.
    Sum(Vec<ScoreNetwork>),
}

impl ScoreNetwork {
    /// Tensors of parameters.
    pub fn tensors(&self) -> Vec<Tensor> {
        match self {
            ScoreNetwork::Convolutional(network) => network.tensors(),
            ScoreNetwork::Spectral(network) => network.tensors(),
            ScoreNetwork::Unet(network) => network.tensors(),
            ScoreNetwork::Sum(networks) => {
                let named = |(i, network): (usize, &Self)| {
                    network.tensors().into_iter().map(move |t| t.within(&i.to_string())).collect::<Vec<_>>()
                };
                networks.iter().enumerate().flat_map(named).collect()
            }
        }
    }

    /// Functions of time cos(π d t), for d from 0.
    pub fn times(&self) -> usize {
        match self {
            ScoreNetwork::Convolutional(network) => network.times(),
            ScoreNetwork::Spectral(network) => network.times(),
            ScoreNetwork::Unet(network) => network.times(),
            ScoreNetwork::Sum(networks) => networks.iter().map(Self::times).max().unwrap_or(1),
        }
    }

    /// Records what does not depend on field and time: values that repeats capture.
    pub fn fixed(&self, recorder: &mut Recorder, parameters: &[Node]) -> Vec<Node> {
        match self {
            ScoreNetwork::Convolutional(_) | ScoreNetwork::Unet(_) => parameters.to_vec(),
            ScoreNetwork::Spectral(network) => network.fixed(recorder, parameters),
            ScoreNetwork::Sum(networks) => {
                let mut rest = parameters;
                let one = |network: &Self| {
                    let (own, later) = rest.split_at(network.tensors().len());
                    rest = later;
                    network.fixed(recorder, own)
                };
                networks.iter().flat_map(one).collect()
            }
        }
    }

    /// Number of values of [`ScoreNetwork::fixed`].
    fn fixed_count(&self) -> usize {
        match self {
            ScoreNetwork::Convolutional(_) | ScoreNetwork::Unet(_) => self.tensors().len(),
            ScoreNetwork::Spectral(network) => network.fixed_count(),
            ScoreNetwork::Sum(networks) => networks.iter().map(Self::fixed_count).sum(),
        }
    }

    /// Records N(x; t) from the functions of time.
    pub fn record(&self, recorder: &mut Recorder, (x, time): (Node, Node), fixed: &[Node]) -> Node {
        let time = recorder.channels(time, 0, self.times());
        match self {
            ScoreNetwork::Convolutional(network) => network.record(recorder, (x, time), fixed),
            ScoreNetwork::Spectral(network) => network.record(recorder, (x, time), fixed).value,
            ScoreNetwork::Unet(network) => network.record(recorder, (x, time), fixed),
            ScoreNetwork::Sum(networks) => {
                let mut sum = recorder.constant(0.0, recorder.shape(x));
                let mut rest = fixed;
                for network in networks {
                    let (own, later) = rest.split_at(network.fixed_count());
                    let value = network.record(recorder, (x, time), own);
                    (sum, rest) = (recorder.add(sum, value), later);
                }
                sum
            }
        }
    }

    /// Colours of the sites for its divergence; None where that needs none.
    fn probes(&self) -> Option<&Probes> {
        match self {
            ScoreNetwork::Convolutional(network) => Some(network.probes()),
            ScoreNetwork::Unet(network) => Some(network.probes()),
            ScoreNetwork::Spectral(_) | ScoreNetwork::Sum(_) => None,
        }
    }

    /// An error where the exact divergence would take too many gradients.
    pub fn expect_divergence(&self) -> Result<()> {
        match self {
            ScoreNetwork::Sum(networks) => networks.iter().try_for_each(Self::expect_divergence),
            _ => self.probes().map_or(Ok(()), Probes::expect_few),
        }
    }

    /// Records N(x; t) with its exact divergence.
    pub fn with_divergence(&self, recorder: &mut Recorder, (x, time): (Node, Node), fixed: &[Node]) -> Output {
        match self {
            ScoreNetwork::Spectral(network) => {
                let time = recorder.channels(time, 0, self.times());
                network.record(recorder, (x, time), fixed)
            }
            ScoreNetwork::Sum(networks) => {
                let value = recorder.constant(0.0, recorder.shape(x));
                let mut sum = Output { value, divergence: recorder.constant(0.0, Shape::WIDE) };
                let mut rest = fixed;
                for network in networks {
                    let (own, later) = rest.split_at(network.fixed_count());
                    let field = network.with_divergence(recorder, (x, time), own);
                    sum.value = recorder.add(sum.value, field.value);
                    sum.divergence = recorder.add(sum.divergence, field.divergence);
                    rest = later;
                }
                sum
            }
            _ => {
                let value = self.record(recorder, (x, time), fixed);
                let record =
                    |recorder: &mut Recorder, of: (Node, Node), fixed: &[Node]| self.record(recorder, of, fixed);
                let divergence = self.probes().map(|probes| probes.divergence(recorder, (x, time), fixed, &record));
                let none = recorder.constant(0.0, Shape::WIDE);
                Output { value, divergence: divergence.unwrap_or(none) }
            }
        }
    }

    /// Parameters from those of the same network on another lattice.
    pub fn transfer(&self, from: &Lattice, tensors: &[Tensor], parameters: &[f64]) -> Result<Vec<f64>> {
        match self {
            ScoreNetwork::Spectral(network) => network.transfer(from, tensors, parameters),
            ScoreNetwork::Sum(networks) => {
                let (mut all, mut rest, mut others) = (vec![], parameters, tensors);
                for network in networks {
                    let (own, later) = others.split_at(network.tensors().len());
                    let (now, then) = rest.split_at(own.iter().map(Tensor::count).sum());
                    // Velocities know their tensors by names without the number in the sum.
                    let bare = |t: &Tensor| {
                        let name = t.name.split_once('.').map_or(t.name.as_str(), |(_, name)| name);
                        Tensor { name: name.into(), ..t.clone() }
                    };
                    let own: Vec<Tensor> = own.iter().map(bare).collect();
                    all.extend(network.transfer(from, &own, now)?);
                    (rest, others) = (then, later);
                }
                Ok(all)
            }
            _ => {
                expect_shapes(&self.tensors(), tensors)?;
                memory::cloned("parameters", parameters)
            }
        }
    }
}
