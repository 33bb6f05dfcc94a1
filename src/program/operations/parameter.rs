//! Parameters, the same for all samples. A wide number is the sum of three with the digits of floats each, so that devices
//! have all its digits in either precision. If only convolutions read them, as weights, they are packed and need no step.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use super::row::Part;
use crate::simd::Lanes;

/// Parameters from this offset on, the same for all samples.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    pub offset: usize,
}

impl Recorder {
    /// The next `count` parameters, as one channel per parameter.
    pub fn parameter(&mut self, count: usize) -> Node {
        self.parameters += count;
        self.push(Op::Parameter(Parameter { offset: self.parameters - count }), Shape::new(count, 1))
    }
}

impl Operation for Parameter {
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

/// Parameters that a wide number takes.
pub const PARTS: usize = 3;

/// A wide number as a sum of floats, without loss within their range.
pub fn parts(x: f64) -> [f64; PARTS] {
    let rounded = |x: f64| if (x as f32).is_finite() { f64::from(x as f32) } else { x };
    let high = rounded(x);
    let rest = if x.is_finite() { x - high } else { 0.0 };
    let middle = rounded(rest);
    [high, middle, rest - middle]
}

impl Parameter {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let shape = places.shape(value);
        Step { offset: self.offset, to: places.take(value), part: Part::all(shape.count()), wide: shape.wide }
    }
}

/// Puts parameters on all lanes.
#[derive(Debug)]
pub struct Step {
    pub offset: usize,
    pub to: usize,
    /// The part of the parameters from `offset` on.
    pub part: Part,
    /// The parameters are the parts of wide numbers.
    pub wide: bool,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        let (at, count) = self.part.range(block.rows);
        if self.wide {
            let to = frame.line(self.to).cast::<L::Wide>();
            let parts = &block.parameters[self.offset + PARTS * at..][..PARTS * count];
            for (i, parts) in parts.chunks_exact(PARTS).enumerate() {
                // SAFETY: the caller's promise.
                unsafe { *to.add(i) = L::Wide::constant(parts[2] + parts[1] + parts[0]) };
            }
            return;
        }
        for (i, &p) in block.parameters[self.offset + at..][..count].iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { *frame.line(self.to + i) = L::constant(p) };
        }
    }

    fn write(&self, writer: &mut Writer) {
        let (to, at) = (self.to, writer.packed + self.offset);
        let (row, guard) = (self.part.at.text(), self.part.guard());
        if self.wide {
            let to = writer.wide_numbers(to, self.part.count);
            let part = |i: usize| format!("widen((V)(weights[{} + {PARTS} * ({row} + i)]))", at + i);
            let sum = format!("wide_add({}, wide_add({}, {}))", part(0), part(1), part(2));
            writer.each(self.part.count, &format!("{guard}wide[{to} + i] = {sum};"));
            return;
        }
        writer.each(self.part.count, &format!("{guard}a[{to} + i] = (V)(weights[{at} + {row} + i]);"));
    }

    fn wide_lines(&self) -> Vec<(usize, usize)> {
        self.wide.then_some((self.to, self.part.count)).into_iter().collect()
    }
}
