//! A value as some of the channels of a larger one, which is zero in all others.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// Channels of x at first .., zero in all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub x: Node,
    pub first: usize,
}

impl Recorder {
    /// x as the channels from `first` on among `channels`; the others are zero.
    pub fn place(&mut self, x: Node, first: usize, channels: usize) -> Node {
        let shape = self.narrow(x);
        assert!(first + shape.channels <= channels, "channels are there");
        self.push(Op::Place(Place { x, first }), Shape::new(channels, shape.sites))
    }
}

impl Operation for Place {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        vec![(self.x, recorder.channels(at.g, self.first, recorder.shape(self.x).channels))]
    }
}

impl Place {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let (shape, count) = (places.shape(value), places.shape(self.x).count());
        let before = self.first * shape.sites;
        let after = shape.count() - before - count;
        Step { from: places.line(self.x), to: places.take(value), before, count, after }
    }
}

/// Writes zeros, a copy of the channels, and zeros.
#[derive(Debug)]
pub struct Step {
    from: usize,
    to: usize,
    before: usize,
    count: usize,
    after: usize,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        let Self { from, to, before, count, after } = *self;
        // SAFETY: the caller's promise.
        unsafe {
            std::slice::from_raw_parts_mut(frame.line(to), before).fill(L::constant(0.0));
            std::ptr::copy_nonoverlapping(frame.line(from), frame.line(to + before), count);
            std::slice::from_raw_parts_mut(frame.line(to + before + count), after).fill(L::constant(0.0));
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { from, to, before, count, after } = self;
        writer.each(
            before + count + after,
            &format!("a[{to} + i] = i < {before} || i >= {} ? (V)(0) : a[{from} + i - {before}];", before + count),
        );
    }
}
