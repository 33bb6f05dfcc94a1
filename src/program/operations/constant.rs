//! A constant: the same number on all channels and sites.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// The same number on all channels and sites.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Constant {
    bits: u64,
}

impl Recorder {
    /// The same number on all channels and sites.
    pub fn constant(&mut self, value: f64, shape: Shape) -> Node {
        self.push(Op::Constant(Constant { bits: value.to_bits() }), shape)
    }
}

impl Operation for Constant {
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

impl Constant {
    /// The constant number.
    pub fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        Step { value: self.value(), to: places.take(value), shape: places.shape(value) }
    }
}

/// Writes a number to all channels and sites.
#[derive(Debug)]
pub struct Step {
    value: f64,
    to: usize,
    shape: Shape,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        let to = frame.line(self.to);
        // SAFETY: the caller's promise.
        unsafe {
            if self.shape.wide {
                std::slice::from_raw_parts_mut(to.cast(), self.shape.count()).fill(L::Wide::constant(self.value));
            } else {
                std::slice::from_raw_parts_mut(to, self.shape.count()).fill(L::constant(self.value));
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        if self.shape.wide {
            let (to, value) = (writer.wide_numbers(self.to, self.shape.count()), writer.wide_number(self.value));
            writer.each(self.shape.count(), &format!("wide[{to} + i] = {value};"));
        } else {
            let (to, value) = (self.to, writer.number(self.value));
            writer.each(self.shape.count(), &format!("a[{to} + i] = (V)({value});"));
        }
    }

    fn wide_lines(&self) -> Vec<(usize, usize)> {
        self.shape.wide.then_some((self.to, self.shape.count())).into_iter().collect()
    }
}
