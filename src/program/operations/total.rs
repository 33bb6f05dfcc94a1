//! Sum over all channels and sites, in f64.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// Sum over all channels and sites, in f64.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Total {
    pub x: Node,
}

impl Recorder {
    /// Sum over all channels and sites, in f64.
    pub fn total(&mut self, x: Node) -> Node {
        assert!(!self.shape(x).wide, "a wide value is a total already");
        self.push(Op::Total(Total { x }), Shape::WIDE)
    }
}

impl Operation for Total {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        vec![(self.x, recorder.spread(at.g, recorder.shape(self.x)))]
    }
}

impl Total {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        Step { from: places.line(self.x), to: places.take(value), count: places.shape(self.x).count() }
    }
}

/// Adds all numbers of a value, in their order.
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
            let x = std::slice::from_raw_parts(frame.line(self.from), self.count);
            let mut sum = L::Wide::constant(0.0);
            for x in x {
                sum = sum + x.widen();
            }
            *frame.line(self.to).cast() = sum;
        }
    }

    fn write(&self, writer: &mut Writer) {
        let (from, count) = (self.from, self.count);
        let (to, zero) = (writer.wide(self.to), writer.wide_number(0.0));
        let sum = format!(
            "D s = {zero}; for (uint i = me; i < {count}; i += WORKERS) s = wide_add(s, widen(a[{from} + i]));"
        );
        if writer.target.workers == 1 {
            writer.line(&format!("    {{ {sum} {to} = s; }}"));
        } else {
            writer.line(&format!("    {{ {sum} parts[me] = s; }}"));
            writer.barrier();
            writer.once(&format!(
                "D s = parts[0]; for (uint j = 1; j < WORKERS; j++) s = wide_add(s, parts[j]); {to} = s;"
            ));
        }
    }

    fn wide_lines(&self) -> Vec<(usize, usize)> {
        vec![(self.to, 1)]
    }
}
