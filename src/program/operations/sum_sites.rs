//! Sum over the sites of each channel: y[c] = sum_s x[c][s].

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// y[c] = sum_s x[c][s].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SumSites {
    pub x: Node,
}

impl Recorder {
    /// Sum over the sites of each channel.
    pub fn sum_sites(&mut self, x: Node) -> Node {
        self.push(Op::SumSites(SumSites { x }), Shape::new(self.narrow(x).channels, 1))
    }
}

impl Operation for SumSites {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        vec![(self.x, recorder.spread_sites(at.g, recorder.shape(self.x).sites))]
    }
}

impl SumSites {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let shape = places.shape(self.x);
        Step { from: places.line(self.x), to: places.take(value), channels: shape.channels, sites: shape.sites }
    }
}

/// Adds the sites of each channel, in their order.
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
                let x = std::slice::from_raw_parts(frame.line(self.from + c * self.sites), self.sites);
                let mut sum = L::constant(0.0);
                for &x in x {
                    sum = sum + x;
                }
                *frame.line(self.to + c) = sum;
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { from, to, channels, sites } = self;
        writer.each(
            *channels,
            &format!(
                "V s = (V)(0); for (uint j = 0; j < {sites}; j++) s += a[{from} + i * {sites} + j]; a[{to} + i] = s;"
            ),
        );
    }
}
