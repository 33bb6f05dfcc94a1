//! A wide number on all channels and sites of a shape.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// A wide number on all channels and sites.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spread {
    pub x: Node,
}

impl Recorder {
    /// A wide number on all channels and sites of a shape.
    pub fn spread(&mut self, x: Node, shape: Shape) -> Node {
        assert_eq!(self.shape(x), Shape::WIDE, "a total is spread");
        self.push(Op::Spread(Spread { x }), shape)
    }
}

impl Operation for Spread {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        vec![(self.x, recorder.total(at.g))]
    }
}

impl Spread {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        Step { from: places.line(self.x), to: places.take(value), count: places.shape(value).count() }
    }
}

/// Rounds a wide number to the network's precision and writes it to all channels and sites.
#[derive(Debug)]
pub struct Step {
    from: usize,
    to: usize,
    count: usize,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        // SAFETY: the caller's promise.
        unsafe {
            let x = L::narrow(*frame.line(self.from).cast());
            std::slice::from_raw_parts_mut(frame.line(self.to), self.count).fill(x);
        }
    }

    fn write(&self, writer: &mut Writer) {
        let (from, to) = (writer.wide(self.from), self.to);
        writer.each(self.count, &format!("a[{to} + i] = narrow({from});"));
    }
}
