//! The interface of the engine's operations: arguments and derivative, and how a step runs on each executor.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use crate::simd::Lanes;

/// An operation as it is recorded.
pub trait Operation {
    /// The values that it reads.
    fn arguments(&self) -> Vec<Node>;

    /// All nodes in it that name values, to be renamed where the operation is recorded elsewhere.
    fn arguments_mut(&mut self) -> Vec<&mut Node>;

    /// Records cotangents of the arguments, at least of those that depend on the variables.
    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)>;

    /// True where the result differs between samples though no argument does.
    fn varies(&self) -> bool {
        false
    }

    /// Floating-point operations per sample; only convolutions and correlations are counted.
    fn flops(&self, _recorder: &Recorder, _result: Shape) -> usize {
        0
    }

    /// For a view, whose result is a part of another value and needs no step: that value, and the first channel in it.
    fn view(&self) -> Option<(Node, usize)> {
        None
    }
}

/// Result of an operation, with its cotangent.
pub struct Cotangent<'a> {
    /// The result y.
    pub y: Node,
    /// Its cotangent g.
    pub g: Node,
    /// For each value whether it depends on one of the variables.
    pub depends: &'a [bool],
}

impl Cotangent<'_> {
    /// True where the cotangent of an argument is needed.
    pub fn wants(&self, argument: Node) -> bool {
        self.depends[argument.index()]
    }
}

/// A step of a plan.
pub trait Run {
    /// Runs the step for one block of samples.
    ///
    /// # Safety
    /// The plan's lines lie inside the frame's memory.
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block);

    /// Writes the step as OpenCL C.
    fn write(&self, writer: &mut Writer);

    /// Lines of the wide values that the step makes, and how many numbers these have.
    fn wide_lines(&self) -> Vec<(usize, usize)> {
        vec![]
    }
}
