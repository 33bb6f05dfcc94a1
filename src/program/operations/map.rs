//! Moves sites: y[c][s] = x[c][t(s, 0)], zero where there is no source.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::stencil::{NONE, Stencil};
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// y[c][s] = x[c][t(s, 0)], zero where there is no source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Map {
    pub x: Node,
    pub stencil: Stencil,
}

impl Recorder {
    /// Moves sites: y[c][s] = x[c][t(s, 0)].
    pub fn map(&mut self, x: Node, stencil: &Stencil) -> Node {
        let shape = self.narrow(x);
        assert!(shape.sites == stencil.inputs() && stencil.taps() == 1, "a map fits its value");
        let op = Map { x, stencil: stencil.clone() };
        self.push(Op::Map(op), Shape::new(shape.channels, stencil.outputs()))
    }
}

impl Operation for Map {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        let back = recorder.transposed(&self.stencil);
        vec![(self.x, recorder.map(at.g, &back))]
    }
}

impl Map {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let sources = (0..self.stencil.outputs()).map(|s| self.stencil.row(s)[0]).collect();
        let (channels, inputs) = (places.shape(value).channels, self.stencil.inputs());
        Step { from: places.line(self.x), to: places.take(value), channels, inputs, sources }
    }
}

/// Moves sites of each channel.
#[derive(Debug)]
pub struct Step {
    from: usize,
    to: usize,
    channels: usize,
    inputs: usize,
    sources: Vec<u32>,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        for c in 0..self.channels {
            let x = frame.line(self.from + c * self.inputs);
            let y = frame.line(self.to + c * self.sources.len());
            for (s, &t) in self.sources.iter().enumerate() {
                // SAFETY: the caller's promise; sources are sites of the input.
                unsafe { *y.add(s) = if t == NONE { L::constant(0.0) } else { *x.add(t as usize) } };
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        let Self { from, to, channels, inputs, sources } = self;
        let (at, n) = (writer.tables.len(), sources.len());
        writer.tables.extend(sources);
        writer.each(
            channels * n,
            &format!(
                "const uint t = tables[{at} + i % {n}]; \
                 a[{to} + i] = t == UINT_MAX ? (V)(0) : a[{from} + i / {n} * {inputs} + t];"
            ),
        );
    }
}
