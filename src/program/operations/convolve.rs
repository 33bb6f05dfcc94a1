//! Convolution on the sites of a stencil, with weights that are parameters or differ between the samples.

use super::super::convolution::{Convolution, Ends, Geometry, Records};
use super::super::cpu::frame::{Block, Frame};
use super::super::cpu::{convolve, spectral, winograd};
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::short::Short;
use super::super::stencil::Stencil;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// y[o][s] = b[o] + sum_ck w[o][c][k] x[c][t(s, k)]; transposed: w[c][o][k].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Convolve {
    pub x: Node,
    pub weights: Node,
    pub bias: Option<Node>,
    pub stencil: Stencil,
    pub transposed: bool,
}

/// The linear part of a convolution: weights, the stencil that they sit on, and which index of them is the output.
#[derive(Clone, Copy)]
pub struct Filter<'a> {
    /// Weights w[o][c][k], or w[c][o][k] where transposed.
    pub weights: Node,
    /// The input sites of each output site.
    pub stencil: &'a Stencil,
    /// The output channel is the second index of the weights.
    pub transposed: bool,
}

impl Recorder {
    /// Convolution y[o][s] = b[o] + sum_ck w[o][c][k] x[c][t(s, k)] to `outputs` channels.
    pub fn convolve(&mut self, x: Node, filter: Filter, bias: Option<Node>, outputs: usize) -> Node {
        let Filter { weights, stencil, transposed } = filter;
        let shape = self.narrow(x);
        assert_eq!(shape.sites, stencil.inputs(), "a stencil fits its value");
        let column = |count| Shape::new(count, 1);
        let count = outputs * shape.channels * stencil.taps();
        assert_eq!(self.shape(weights), column(count), "weights are one column [o][c][k]");
        assert!(bias.is_none_or(|b| self.shape(b) == column(outputs)), "a bias is one column [o]");
        let result = Shape::new(outputs, stencil.outputs());
        self.push(Op::Convolve(Convolve { x, weights, bias, stencil: stencil.clone(), transposed }), result)
    }
}

impl Operation for Convolve {
    fn arguments(&self) -> Vec<Node> {
        [Some(self.x), Some(self.weights), self.bias].into_iter().flatten().collect()
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        [Some(&mut self.x), Some(&mut self.weights), self.bias.as_mut()].into_iter().flatten().collect()
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        let Self { x, weights, bias, ref stencil, transposed } = *self;
        let mut pulled = vec![];
        if at.wants(weights) {
            pulled.push((weights, recorder.correlate(x, at.g, stencil, transposed)));
        }
        if let Some(bias) = bias.filter(|&b| at.wants(b)) {
            pulled.push((bias, recorder.sum_sites(at.g)));
        }
        if at.wants(x) {
            let back = Filter { weights, stencil: &recorder.transposed(stencil), transposed: !transposed };
            let channels = recorder.shape(x).channels;
            pulled.push((x, recorder.convolve(at.g, back, None, channels)));
        }
        pulled
    }

    fn flops(&self, recorder: &Recorder, result: Shape) -> usize {
        2 * self.stencil.reads() * recorder.shape(self.x).channels * result.channels
    }
}

impl Convolve {
    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Convolution {
        let (inputs, outputs) = (places.shape(self.x).channels, places.shape(value).channels);
        let geometry = places.geometry(&self.stencil, [inputs, outputs], self.transposed);
        // Faster algorithms need weights that are the same for all samples.
        let may_be_short = places.for_lanes && places.parameters[self.weights.index()].is_some();
        let short = if may_be_short { Short::find(&self.stencil, inputs, outputs) } else { None };
        let from = places.line(self.x);
        let mut step = self.planned(places, geometry, short.as_ref());
        step.rectifier = places.rectifiers.get(&value.index()).copied();
        step.ends = Ends { from, to: places.take(value) };
        step.short = short.map(|short| {
            let scratch = places.scratch(short.scratch(inputs, outputs));
            (short, scratch)
        });
        step
    }

    /// The step with its weights in their places, for an algorithm, and without its ends.
    pub fn planned(&self, places: &mut Places, geometry: Geometry, short: Option<&Short>) -> Convolution {
        let (packed, before) = (Convolution::packed(&geometry, short), places.packed);
        let weights = places.weights(self.weights, packed);
        let bias = self.bias.map(|bias| places.weights(bias, geometry.outputs));
        let size = places.packed - before;
        let of_bias = self.bias.map(|bias| places.position(bias)).unwrap_or_default();
        let records = Box::new(Records::new(places.position(self.weights), of_bias, size));
        places.packed = before + size * records.count();
        Convolution { geometry, ends: Ends::default(), weights, bias, records, rectifier: None, short: None }
    }
}

impl Run for Convolution {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        let frame = frame.with_weights(self.records.packed.at(block.rows));
        // SAFETY: the caller's promise.
        unsafe {
            match &self.short {
                Some((Short::Rows(rows), scratch)) => winograd::convolve(self, rows, *scratch, &frame),
                Some((Short::Torus(torus), scratch)) => spectral::convolve(self, torus, *scratch, &frame),
                None => convolve::convolve(self, &frame, self.ends),
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.convolve(self);
    }
}
