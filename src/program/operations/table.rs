//! Numbers that depend on channel and site but not on the sample.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use super::row::Part;
use crate::memory;
use crate::simd::Lanes;
use std::sync::Arc;

/// Numbers that depend on channel and site but not on the sample.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    bits: Arc<Vec<u64>>,
}

impl Recorder {
    /// Numbers for each channel and site, the same for all samples.
    pub fn table(&mut self, values: &[f64], shape: Shape) -> Node {
        assert_eq!(values.len(), shape.count(), "a table has a number for each channel and site");
        let bits = memory::collected("numbers of a table", values.iter().map(|x| x.to_bits()));
        let bits = Arc::new(self.available(bits, Vec::new));
        self.push(Op::Table(Table { bits }), shape)
    }
}

impl Operation for Table {
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

impl Table {
    /// The numbers of the table.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.bits.iter().map(|&bits| f64::from_bits(bits))
    }

    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let values: Vec<f64> = self.values().collect();
        Step { to: places.take(value), part: Part::all(values.len()), values }
    }
}

/// Puts the numbers of a table on all lanes.
#[derive(Debug)]
pub struct Step {
    pub values: Vec<f64>,
    pub to: usize,
    /// The part that is written.
    pub part: Part,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        let (at, count) = self.part.range(block.rows);
        for (i, &value) in self.values[at..at + count].iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { *frame.line(self.to + i) = L::constant(value) };
        }
    }

    fn write(&self, writer: &mut Writer) {
        let (to, at) = (self.to, writer.numbers.len());
        writer.numbers.extend(&self.values);
        let (row, guard) = (self.part.at.text(), self.part.guard());
        writer.each(self.part.count, &format!("{guard}a[{to} + i] = (V)(numbers[{at} + {row} + i]);"));
    }
}
