//! The interface of layers: invertible maps with a tractable Jacobian, recorded as operations.
//!
//! A layer sees a field as the parts that its partition cuts it into, and carries the log density along:
//! y = f(x), log q(y) = log q(x) − log |det df/dx|. A chain of layers is a fold, and its inverse a fold backward.

use super::partition::Partition;
use super::tensor::Tensor;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Node, Recorder, Shape};
use std::fmt::Debug;
use std::sync::Arc;

/// A recorded field: its parts, and its log density so far (a wide number).
#[derive(Clone, Debug)]
pub struct State {
    /// The parts, in the order of the partition.
    pub parts: Vec<Node>,
    /// Log density of the field.
    pub log_density: Node,
}

/// Recorded values that a layer computes with: its parameters, and the condition of the model.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Parameters, in the order of the layer's tensors.
    pub parameters: &'a [Node],
    /// Values of the conditions, scaled to [-1, 1], one channel for each; None where the model has none.
    pub condition: Option<Node>,
}

/// An invertible map of fields.
pub trait Layer: Debug + Send + Sync {
    /// How the layer cuts a field into parts.
    fn partition(&self) -> &Arc<Partition>;

    /// Tensors of parameters.
    fn tensors(&self) -> Vec<Tensor>;

    /// Records y(x) and the log density of y.
    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State;

    /// Records x(y). The log density of the result is that of y's less log |det dy/dx|, so that the inverse of a whole
    /// chain sums up all log determinants of the forward map.
    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State;

    /// Records the score d log q / dy from that at the input x, with the parameters held fixed:
    ///
    /// ```text
    /// score(y) = (dx/dy)^T score(x) − d log |det dy/dx| / dy
    /// ```
    ///
    /// By default through the inverse map at y = y(x).
    fn score(&self, recorder: &mut Recorder, at: &At, score: &[Node], given: &Given) -> Vec<Node> {
        let zero = recorder.constant(0.0, Shape::WIDE);
        let y = State { parts: at.y.parts.clone(), log_density: zero };
        let back = self.inverse(recorder, &y, given);
        let one = recorder.constant(1.0, Shape::WIDE);
        let mut cotangents: Vec<(Node, Node)> = back.parts.iter().copied().zip(score.iter().copied()).collect();
        cotangents.push((back.log_density, one));
        recorder.pull_back(&cotangents, &y.parts)
    }

    /// An error where its log density cannot be recorded at a sane cost; then the layer trains, and is no map.
    fn expect_density(&self) -> Result<()> {
        Ok(())
    }

    /// True where it solves a differential equation: its log density is then as exact as its integrator.
    fn is_integrated(&self) -> bool {
        false
    }

    /// Its parameters from those of the same layer on a lattice of other extents, whose tensors are `tensors`. By default they are
    /// the same, and an error where their shapes are not.
    fn transfer(&self, _from: &Lattice, tensors: &[Tensor], parameters: &[f64]) -> Result<Vec<f64>> {
        expect_shapes(&self.tensors(), tensors)?;
        memory::cloned("parameters", parameters)
    }
}

/// An error where tensors have not the same shapes.
pub fn expect_shapes(expected: &[Tensor], got: &[Tensor]) -> Result<()> {
    match expected.iter().zip(got).find(|(a, b)| a.shape != b.shape) {
        None => Ok(()),
        Some((a, b)) => Err(Error::Unsupported(format!(
            "{}: expected numbers that fit all extents, got a tensor of shape {:?} for one of {:?}",
            a.name, b.shape, a.shape
        ))),
    }
}

/// Input and output of a layer.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The input.
    pub x: &'a State,
    /// The output.
    pub y: &'a State,
}
