//! Memory that is written in the steps of a repeat, in a flat recording: carried values and stacked results.

use super::super::places::Places;
use super::super::position::Position;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Step as AnyStep;
use super::operation::{Cotangent, Operation};
use super::outputs::{Copy, Reduce};
use super::row::{Part, Place, Transfer};

/// A value whose numbers are stored by other steps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storage;

/// Stores a value as numbers of a larger one from a position on. Those beyond the end, of a short last segment, are dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    pub value: Node,
    pub to: Destination,
    pub at: Position,
    /// Shape of the larger one.
    pub whole: Shape,
}

/// Where a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// In the memory of a value.
    Memory(Node),
    /// In an output, sample by sample.
    PerSample(usize),
    /// In an output that is a sum over the samples.
    Summed(usize),
}

impl Operation for Storage {
    fn arguments(&self) -> Vec<Node> {
        vec![]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![]
    }

    /// Nothing: recordings are differentiated before they are made flat.
    fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
        vec![]
    }
}

impl Operation for Store {
    fn arguments(&self) -> Vec<Node> {
        match self.to {
            Destination::Memory(to) => vec![self.value, to],
            _ => vec![self.value],
        }
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        match &mut self.to {
            Destination::Memory(to) => vec![&mut self.value, to],
            _ => vec![&mut self.value],
        }
    }

    /// Nothing: recordings are differentiated before they are made flat.
    fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
        vec![]
    }
}

impl Store {
    /// The step that stores the value.
    pub fn step(&self, places: &mut Places) -> AnyStep {
        let (shape, whole, from) = (places.shape(self.value), self.whole, places.line(self.value));
        let part = Part { at: self.at.clone(), count: shape.count(), whole: whole.count() };
        match self.to {
            Destination::Memory(to) => {
                let [from, to] = [Place { line: from, whole: shape }, Place { line: places.line(to), whole }];
                AnyStep::Transfer(Transfer { from, to, part, is_stored: true })
            }
            Destination::PerSample(index) => AnyStep::Copy(Copy { from, index, shape, part }),
            Destination::Summed(index) => AnyStep::Reduce(Reduce { from, index, shape, part }),
        }
    }
}
