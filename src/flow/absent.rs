//! A layer that is not there: one of a finer grid than the lattice, on which it is the identity without parameters.

use super::layer::{At, Given, Layer, State};
use super::partition::Partition;
use super::tensor::Tensor;
use crate::program::{Node, Recorder};
use std::sync::Arc;

/// The identity.
#[derive(Clone, Debug)]
pub struct Absent(Arc<Partition>);

impl Absent {
    /// The layer.
    pub fn new() -> Self {
        Self(Arc::new(Partition::whole()))
    }
}

impl Layer for Absent {
    fn partition(&self) -> &Arc<Partition> {
        &self.0
    }

    fn tensors(&self) -> Vec<Tensor> {
        vec![]
    }

    fn forward(&self, _: &mut Recorder, x: &State, _: &Given) -> State {
        x.clone()
    }

    fn inverse(&self, _: &mut Recorder, y: &State, _: &Given) -> State {
        y.clone()
    }

    fn score(&self, _: &mut Recorder, _: &At, score: &[Node], _: &Given) -> Vec<Node> {
        score.to_vec()
    }
}
