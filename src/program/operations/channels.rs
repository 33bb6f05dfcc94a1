//! Some channels of a value: a view of its memory, which needs no step.

use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation};

/// Channels first .. first + channels of x.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channels {
    pub x: Node,
    pub first: usize,
}

impl Recorder {
    /// `count` channels of x from `first` on.
    pub fn channels(&mut self, x: Node, first: usize, count: usize) -> Node {
        let shape = self.narrow(x);
        assert!(first + count <= shape.channels, "channels are there");
        if count == shape.channels {
            return x;
        }
        self.push(Op::Channels(Channels { x, first }), Shape::new(count, shape.sites))
    }
}

impl Operation for Channels {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        vec![(self.x, recorder.place(at.g, self.first, recorder.shape(self.x).channels))]
    }

    fn view(&self) -> Option<(Node, usize)> {
        Some((self.x, self.first))
    }
}
