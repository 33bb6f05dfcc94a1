//! A number for each channel, on all its sites: y[c][s] = x[c].

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// y[c][s] = x[c].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpreadSites {
    pub x: Node,
}

impl Recorder {
    /// A number for each channel, on all its sites.
    pub fn spread_sites(&mut self, x: Node, sites: usize) -> Node {
        assert_eq!(self.narrow(x).sites, 1, "one number for each channel");
        self.push(Op::SpreadSites(SpreadSites { x }), Shape::new(self.shape(x).channels, sites))
    }
}

impl Operation for SpreadSites {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        vec![(self.x, recorder.sum_sites(at.g))]
    }
}

impl SpreadSites {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let shape = places.shape(value);
        Step { from: places.line(self.x), to: places.take(value), channels: shape.channels, sites: shape.sites }
    }
}

/// Copies the number of each channel to its sites.
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
        for c in 0..self.channels {
            // SAFETY: the caller's promise.
            unsafe {
                let x = *frame.line(self.from + c);
                std::slice::from_raw_parts_mut(frame.line(self.to + c * self.sites), self.sites).fill(x);
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { from, to, channels, sites } = self;
        writer.each(channels * sites, &format!("a[{to} + i] = a[{from} + i / {sites}];"));
    }
}
