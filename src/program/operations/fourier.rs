//! Fourier transforms of each channel between fields and half spectra, with the conventions of `program/fourier.rs`.

use super::super::cpu::frame::{Block, Frame};
use super::super::cpu::transform::transform;
use super::super::fourier::{Factor, Fourier, Way};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::transform::Transform;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// Forward f(p) X(p), with X(p) = sum_n x(n) exp(-i p n); backward sum_p f(p) Re[x(p) exp(i p n)] over the half spectrum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transformed {
    pub x: Node,
    pub fourier: Fourier,
    pub(in super::super) way: Way,
    pub(in super::super) factor: Factor,
}

impl Recorder {
    /// The half spectrum of each channel of a field: X(p) = sum_n x(n) exp(-i p n), C channels to 2 C of `modes` sites.
    pub fn fourier(&mut self, x: Node, fourier: &Fourier) -> Node {
        self.transformed(x, fourier, Way::Forward, Factor::One)
    }

    /// The field of a half spectrum: x(n) = 1/V sum_p m(p) Re[X(p) exp(i p n)], 2 C channels to C.
    pub fn inverse_fourier(&mut self, x: Node, fourier: &Fourier) -> Node {
        self.transformed(x, fourier, Way::Backward, Factor::Inverse)
    }

    fn transformed(&mut self, x: Node, fourier: &Fourier, way: Way, factor: Factor) -> Node {
        let shape = self.narrow(x);
        let result = match way {
            Way::Forward => Shape::new(2 * shape.channels, fourier.modes()),
            Way::Backward => Shape::new(shape.channels / 2, fourier.volume()),
        };
        let expected = match way {
            Way::Forward => Shape::new(shape.channels, fourier.volume()),
            Way::Backward => Shape::new(2 * result.channels, fourier.modes()),
        };
        assert_eq!(shape, expected, "a transform fits its value");
        self.push(Op::Fourier(Transformed { x, fourier: fourier.clone(), way, factor }), result)
    }
}

impl Operation for Transformed {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        let way = match self.way {
            Way::Forward => Way::Backward,
            Way::Backward => Way::Forward,
        };
        vec![(self.x, recorder.transformed(at.g, &self.fourier, way, self.factor))]
    }
}

impl Transformed {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Transform {
        let fields = if self.way == Way::Forward { self.x } else { value };
        let channels = places.shape(fields).channels;
        let mut step = Transform::new(&self.fourier, self.way, self.fourier.factors(self.factor), channels);
        step.from = places.line(self.x);
        step.to = places.take(value);
        let lines = if places.for_lanes { 2 * step.parts().count() } else { step.plain_scratch() };
        step.scratch = places.scratch(lines);
        step
    }
}

impl Run for Transform {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        // SAFETY: the caller's promise.
        unsafe { transform(self, frame) }
    }

    fn write(&self, writer: &mut Writer) {
        writer.transform(self);
    }
}
