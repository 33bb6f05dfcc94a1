//! Channels and sites exchanged: y[s][c] = x[c][s].
//!
//! Hosts keep the numbers of each site together, operations those of each channel.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// y[s][c] = x[c][s].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transpose {
    pub x: Node,
}

impl Recorder {
    /// Channels as sites, and sites as channels: y[s][c] = x[c][s].
    pub fn transpose(&mut self, x: Node) -> Node {
        let shape = self.narrow(x);
        if let Op::Transpose(inner) = self.op(x) {
            return inner.x;
        }
        self.push(Op::Transpose(Transpose { x }), Shape::new(shape.sites, shape.channels))
    }
}

impl Operation for Transpose {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        vec![(self.x, recorder.transpose(at.g))]
    }
}

impl Transpose {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let shape = places.shape(self.x);
        Step { from: places.line(self.x), to: places.take(value), channels: shape.channels, sites: shape.sites }
    }
}

/// Copies each number to its place in the other order.
#[derive(Debug)]
pub struct Step {
    from: usize,
    to: usize,
    channels: usize,
    sites: usize,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        let (x, y) = (frame.line(self.from), frame.line(self.to));
        for s in 0..self.sites {
            for c in 0..self.channels {
                // SAFETY: the caller's promise.
                unsafe { *y.add(s * self.channels + c) = *x.add(c * self.sites + s) };
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { from, to, channels, sites } = self;
        writer.each(channels * sites, &format!("a[{to} + i] = a[{from} + i % {channels} * {sites} + i / {channels}];"));
    }
}
