//! A condition: numbers that are the same for a whole batch, given when a program is bound.
//!
//! A coupling or a flow time is a condition. Before a program is planned, conditions become parameters (`uniform.rs`), so
//! that they have no step of their own.

use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation};

/// Conditions from this offset on, the same for all samples.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    pub offset: usize,
}

impl Recorder {
    /// The next condition: a number for each channel and site, or one wide number, the same for the whole batch.
    pub fn condition(&mut self, shape: Shape) -> Node {
        self.conditions += shape.count();
        self.push(Op::Condition(Condition { offset: self.conditions - shape.count() }), shape)
    }
}

impl Operation for Condition {
    fn arguments(&self) -> Vec<Node> {
        vec![]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![]
    }

    fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
        vec![]
    }
}
