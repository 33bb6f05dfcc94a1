//! An argument of the body of a repeat: a carried value, a row of a stacked one, or a captured one.

use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation};

/// An argument; the index tells arguments of one shape apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argument {
    index: usize,
}

impl Recorder {
    /// A new argument of the body that is recorded.
    pub(in super::super) fn argument(&mut self, shape: Shape) -> Node {
        self.push(Op::Argument(Argument { index: self.ops.len() }), shape)
    }
}

impl Operation for Argument {
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
