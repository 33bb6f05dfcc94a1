//! One of the results of a repeat.

use super::super::recorder::Recorder;
use super::super::value::Node;
use super::operation::{Cotangent, Operation};

/// A result of a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outcome {
    pub repeat: Node,
    pub of: Which,
}

/// Kinds of results of a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// The last state of a carried value.
    Carried(usize),
    /// A value of all steps, as rows.
    Stacked(usize),
    /// A carried value at the start of each step, as rows.
    History(usize),
}

impl Operation for Outcome {
    fn arguments(&self) -> Vec<Node> {
        vec![self.repeat]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.repeat]
    }

    /// Nothing: the repeat is differentiated once, with the cotangents of all of its results.
    fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
        vec![]
    }
}
