//! The interface of networks of a score: what a diffusion model learns.
//!
//! ```text
//! s(φ, t) = c (N(c φ; t) − c φ),   c = (α² w² + σ²)^(−1/2)
//! ```
//!
//! With N = 0 this is the score of white fields of width w. It stays finite where σ goes to zero, as −dS/dφ does.

use super::convolutional::Convolutional;
use crate::flow::tensor::Tensor;
use crate::program::{Node, Recorder};

/// A recorded output of a network, with its divergence, a wide number.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// N(x; t).
    pub value: Node,
    /// sum_i dN_i / dx_i.
    pub divergence: Node,
}

/// A network N(x; t) from fields to fields.
#[derive(Clone, Debug)]
pub enum ScoreNetwork {
    /// Local convolutions.
    Convolutional(Convolutional),
}

impl ScoreNetwork {
    /// Tensors of parameters.
    pub fn tensors(&self) -> Vec<Tensor> {
        match self {
            ScoreNetwork::Convolutional(network) => network.tensors(),
        }
    }

    /// Functions of time cos(π d t), for d from 0.
    pub fn times(&self) -> usize {
        match self {
            ScoreNetwork::Convolutional(network) => network.times(),
        }
    }

    /// Records what does not depend on field and time: values that repeats capture.
    pub fn fixed(&self, _: &mut Recorder, parameters: &[Node]) -> Vec<Node> {
        match self {
            ScoreNetwork::Convolutional(_) => parameters.to_vec(),
        }
    }

    /// Records N(x; t) from the functions of time.
    pub fn record(&self, recorder: &mut Recorder, (x, time): (Node, Node), fixed: &[Node]) -> Node {
        match self {
            ScoreNetwork::Convolutional(network) => network.record(recorder, (x, time), fixed),
        }
    }

    /// Records N(x; t) with its exact divergence.
    pub fn with_divergence(&self, recorder: &mut Recorder, (x, time): (Node, Node), fixed: &[Node]) -> Field {
        match self {
            ScoreNetwork::Convolutional(network) => {
                let record = |recorder: &mut Recorder, of: (Node, Node), fixed: &[Node]| network.record(recorder, of, fixed);
                let value = record(recorder, (x, time), fixed);
                Field { value, divergence: network.probes().divergence(recorder, (x, time), fixed, &record) }
            }
        }
    }
}
