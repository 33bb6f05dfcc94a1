//! Correlation, the gradient of a convolution's weights: W[o][c][k] = sum_s g[o][s] x[c][t(s, k)].

use super::super::convolution::Correlation;
use super::super::cpu::correlate::correlate;
use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::stencil::Stencil;
use super::super::value::{Node, Shape};
use super::Op;
use super::convolve::Filter;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// W[o][c][k] = sum_s g[o][s] x[c][t(s, k)]; transposed: W[c][o][k].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Correlate {
    pub x: Node,
    pub g: Node,
    pub stencil: Stencil,
    pub transposed: bool,
}

impl Recorder {
    /// W[o][c][k] = sum_s g[o][s] x[c][t(s, k)] as one column; transposed: W[c][o][k].
    pub(in super::super) fn correlate(&mut self, x: Node, g: Node, stencil: &Stencil, transposed: bool) -> Node {
        let count = self.narrow(x).channels * self.narrow(g).channels * stencil.taps();
        self.push(Op::Correlate(Correlate { x, g, stencil: stencil.clone(), transposed }), Shape::new(count, 1))
    }
}

impl Operation for Correlate {
    fn arguments(&self) -> Vec<Node> {
        vec![self.x, self.g]
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        vec![&mut self.x, &mut self.g]
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        let Self { x, g: signal, ref stencil, transposed } = *self;
        let (inputs, outputs) = (recorder.shape(x).channels, recorder.shape(signal).channels);
        let back = Filter { weights: at.g, stencil: &recorder.transposed(stencil), transposed: !transposed };
        let forth = Filter { weights: at.g, stencil, transposed };
        vec![(x, recorder.convolve(signal, back, None, inputs)), (signal, recorder.convolve(x, forth, None, outputs))]
    }

    fn flops(&self, recorder: &Recorder, _: Shape) -> usize {
        2 * self.stencil.reads() * recorder.shape(self.x).channels * recorder.shape(self.g).channels
    }
}

impl Correlate {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Correlation {
        let channels = [self.x, self.g].map(|node| places.shape(node).channels);
        let geometry = places.geometry(&self.stencil, channels, self.transposed);
        let to = match places.summed.get(&value.index()) {
            Some(sum) => Err(sum.clone()),
            None => Ok(places.take(value)),
        };
        Correlation { geometry, from: places.line(self.x), signal: places.line(self.g), to }
    }
}

impl Run for Correlation {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        // SAFETY: the caller's promise.
        unsafe { correlate(self, frame, block) }
    }

    fn write(&self, writer: &mut Writer) {
        writer.correlate(self);
    }
}
