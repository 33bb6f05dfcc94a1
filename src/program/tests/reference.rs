//! The reference executor: one sample, one operation after the other, in f64, with a bound on rounding errors.
//!
//! Each number carries the largest distance that a computation with unit roundoff u may have from it, found by
//! running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, §3.3): a sum of n terms rounds by at
//! most (n + 1) u times the sum of their magnitudes in whatever order it is taken; an elementwise operation, monotone
//! in each argument, is taken at the corners of its arguments' intervals.

use super::super::dependence::{Dependence, Given, dependences, in_body};
use super::super::fourier::Way;
use super::super::operations::Op;
use super::super::operations::convolve::Convolve;
use super::super::operations::correlate::Correlate;
use super::super::operations::elementwise::Elementwise;
use super::super::operations::fourier::Transformed;
use super::super::operations::outcome::Which;
use super::super::operations::repeat::{Body, Repeat};
use super::super::recorder::Recorder;
use super::super::short::Short;
use super::super::stencil::{NONE, Stencil};
use super::super::transform::Axis;
use super::super::value::{Node, Shape};
use super::bounded::{Bounded, Rounding, Sum};
use super::matrix_reference;
use crate::lattice::coordinates;
use std::collections::HashMap;

/// Inputs of one sample, and parameters with the conditions behind them.
pub struct Sample<'a> {
    pub inputs: &'a [Vec<f64>],
    pub parameters: &'a [f64],
}

/// The formula of an elementwise operation.
pub fn formula(operation: Elementwise, [a, b, d]: [f64; 3], c: f64) -> f64 {
    let choose = |condition: bool, yes: f64, no: f64| if condition { yes } else { no };
    match operation {
        Elementwise::Add => a + b,
        Elementwise::Subtract => a - b,
        Elementwise::Multiply => a * b,
        Elementwise::Divide => a / b,
        Elementwise::Scale => c * a,
        Elementwise::Offset => a + c,
        Elementwise::Exp => a.exp(),
        Elementwise::Log => a.ln(),
        Elementwise::Tanh => a.tanh(),
        Elementwise::LeakyRelu => choose(a > 0.0, a, c * a),
        Elementwise::LeakySlope => choose(a > 0.0, 1.0, c),
        Elementwise::Reciprocal => 1.0 / a,
        Elementwise::Sqrt => a.sqrt(),
        Elementwise::Sin => a.sin(),
        Elementwise::Cos => a.cos(),
        Elementwise::Atan2 => a.atan2(b),
        Elementwise::Abs => a.abs(),
        Elementwise::Sign => choose(a > 0.0, 1.0, choose(a < 0.0, -1.0, 0.0)),
        Elementwise::Min => a.min(b),
        Elementwise::Max => a.max(b),
        Elementwise::AtLeast => a.max(c),
        Elementwise::AtMost => a.min(c),
        Elementwise::Greater => choose(a > b, 1.0, 0.0),
        Elementwise::Select => choose(a > 0.0, b, d),
        Elementwise::Log1p => a.ln_1p(),
        Elementwise::Sigmoid => 1.0 / (1.0 + (-a).exp()),
        Elementwise::Softplus => a.max(0.0) + (-a.abs()).exp().ln_1p(),
        Elementwise::Silu => a / (1.0 + (-a).exp()),
    }
}

/// All values of a recording for one sample.
pub fn evaluate(recorder: &Recorder, rounding: Rounding, sample: &Sample) -> Vec<Vec<Bounded>> {
    let mut evaluator = Evaluator::new(recorder, rounding, &Given::new());
    evaluator.all(sample);
    evaluator.values
}

/// Stores a row of a stacked value; that of a short last segment goes beyond the end.
fn store(stacked: &mut [Bounded], row: usize, numbers: &[Bounded]) {
    stacked.iter_mut().skip(row * numbers.len()).zip(numbers).for_each(|(to, &x)| *to = x);
}

struct Evaluator<'a> {
    recorder: &'a Recorder,
    rounding: Rounding,
    values: Vec<Vec<Bounded>>,
    /// Arguments of a body.
    arguments: HashMap<usize, Vec<Bounded>>,
    dependences: Vec<Dependence>,
    /// Values that are parameters when a program is split, or rows of them.
    parameters: Vec<bool>,
    outcomes: HashMap<(usize, Which), Vec<Bounded>>,
    /// The body is that of the last row.
    is_last: bool,
}

impl<'a> Evaluator<'a> {
    fn new(recorder: &'a Recorder, rounding: Rounding, given: &Given) -> Self {
        let dependences = dependences(recorder, given);
        let is_computed = |of: &Dependence| matches!(of, Dependence::Uniform | Dependence::Stepwise);
        let parameters = dependences.iter().map(is_computed).collect();
        let (arguments, outcomes) = (HashMap::new(), HashMap::new());
        Self { recorder, rounding, values: vec![], arguments, dependences, parameters, outcomes, is_last: false }
    }

    /// Evaluates all values.
    fn all(&mut self, sample: &Sample) {
        for index in 0..self.recorder.ops.len() {
            let value = match &self.recorder.ops[index] {
                Op::Repeat(repeat) => {
                    self.repeat(index, repeat, sample);
                    vec![]
                }
                _ => self.value(index, sample),
            };
            assert_eq!(value.len(), self.recorder.shapes[index].count());
            self.values.push(value);
        }
    }

    /// All steps of a repeat, one after the other.
    fn repeat(&mut self, index: usize, repeat: &Repeat, sample: &Sample) {
        let Body { recorder, arguments, results } = &*repeat.body;
        let mut carried: Vec<_> = repeat.carried.iter().map(|n| self.values[n.index()].clone()).collect();
        let empty = |count: usize| vec![Bounded::default(); count];
        let mut histories: Vec<_> = carried.iter().map(|c| empty(repeat.steps * c.len())).collect();
        let mut stacked: Vec<_> = repeat.stacked.iter().map(|shape| empty(shape.count())).collect();
        let count = repeat.short.filter(|_| self.is_last).unwrap_or(repeat.steps);
        for step in 0..count {
            let row = if repeat.reversed { count - 1 - step } else { step };
            let mut inner = Evaluator::new(recorder, self.rounding, &in_body(&self.dependences, repeat));
            inner.arguments = self.given(repeat, row);
            inner.is_last = row + 1 == repeat.steps;
            for (&argument, &value) in arguments.rows.iter().zip(&repeat.rows) {
                inner.parameters[argument.index()] = self.is_part_of_parameters(value);
            }
            for (&argument, &value) in arguments.captured.iter().zip(&repeat.captured) {
                inner.parameters[argument.index()] = self.parameters[value.index()];
            }
            for (i, (argument, value)) in arguments.carried.iter().zip(carried).enumerate() {
                store(&mut histories[i], row, &value);
                inner.arguments.insert(argument.index(), value);
            }
            inner.all(sample);
            for (i, y) in results.stacked.iter().enumerate() {
                store(&mut stacked[i], row, &inner.values[y.index()]);
            }
            carried = results.carried.iter().map(|c| inner.values[c.index()].clone()).collect();
        }
        let all =
            [(carried, Which::Carried as fn(usize) -> Which), (stacked, Which::Stacked), (histories, Which::History)];
        for (values, which) in all {
            self.outcomes.extend(values.into_iter().enumerate().map(|(i, value)| ((index, which(i)), value)));
        }
    }

    /// Captured values and the rows of stacked ones, by the arguments of the body.
    fn given(&self, repeat: &Repeat, row: usize) -> HashMap<usize, Vec<Bounded>> {
        let Body { recorder, arguments, .. } = &*repeat.body;
        let mut given = HashMap::new();
        for (argument, value) in arguments.captured.iter().zip(&repeat.captured) {
            given.insert(argument.index(), self.values[value.index()].clone());
        }
        for (&argument, value) in arguments.rows.iter().zip(&repeat.rows) {
            let length = recorder.shape(argument).count();
            let mut numbers = vec![Bounded::default(); length];
            let whole = self.values[value.index()].iter().skip(row * length);
            numbers.iter_mut().zip(whole).for_each(|(x, &of)| *x = of);
            given.insert(argument.index(), numbers);
        }
        given
    }

    /// True for parameters and views of them, whose rows are packed.
    fn is_part_of_parameters(&self, node: Node) -> bool {
        match self.recorder.op(node) {
            Op::Channels(view) => self.is_part_of_parameters(view.x),
            _ => self.parameters[node.index()],
        }
    }

    fn shape(&self, node: Node) -> Shape {
        self.recorder.shapes[node.0 as usize]
    }

    fn at(&self, node: Node, channel: usize, site: usize) -> Bounded {
        self.values[node.0 as usize][channel * self.shape(node).sites + site]
    }

    /// x(c, t(s, k)), zero where there is none.
    fn read(&self, x: Node, stencil: &Stencil, (c, s, k): (usize, usize, usize)) -> Bounded {
        match stencil.row(s)[k] {
            NONE => Bounded::default(),
            t => self.at(x, c, t as usize),
        }
    }

    fn rounded(&self, values: impl Iterator<Item = f64>, wide: bool) -> Vec<Bounded> {
        let u = self.rounding.unit(wide);
        values.map(|value| Bounded { value, error: u * value.abs() + self.rounding.underflow() }).collect()
    }

    fn value(&self, index: usize, sample: &Sample) -> Vec<Bounded> {
        let shape = self.recorder.shapes[index];
        let u = self.rounding.unit(shape.wide);
        let each = |of: &dyn Fn(usize, usize) -> Bounded| -> Vec<Bounded> {
            (0..shape.count()).map(|i| of(i / shape.sites, i % shape.sites)).collect()
        };
        match &self.recorder.ops[index] {
            Op::Input(op) => self.rounded(sample.inputs[op.index()].iter().copied(), shape.wide),
            Op::Parameter(op) => self.rounded(sample.parameters[op.offset..][..shape.count()].iter().copied(), false),
            Op::Condition(op) => {
                let first = self.recorder.parameters() + op.offset;
                self.rounded(sample.parameters[first..][..shape.count()].iter().copied(), shape.wide)
            }
            Op::Constant(op) => self.rounded(std::iter::repeat_n(op.value(), shape.count()), shape.wide),
            Op::Table(op) => self.rounded(op.values(), false),
            Op::Elementwise(op) => {
                let arguments = op.arguments.map(|n| &self.values[n.index()]);
                let of = |i: usize| self.elementwise(op.operation, arguments.map(|x| x[i]), (op.constant(), u));
                (0..shape.count()).map(of).collect()
            }
            Op::Matrices(op) => {
                let fields: Vec<&[Bounded]> = op.arguments.iter().map(|x| &self.values[x.index()][..]).collect();
                let mut result = matrix_reference::evaluate(op, &fields, (shape.sites, u));
                result.iter_mut().for_each(|x| x.error += self.rounding.underflow());
                result
            }
            Op::Map(op) => each(&|c, s| self.read(op.x, &op.stencil, (c, s, 0))),
            Op::Convolve(_) => {
                let short = self.short(index);
                each(&|o, s| self.convolved(index, o, s, short.as_ref()).total(u))
            }
            Op::Correlate(_) => (0..shape.count()).map(|i| self.correlated(index, i).total(u)).collect(),
            Op::Fourier(op) => self.transformed(op, u),
            Op::SumSites(op) => each(&|c, _| self.sum((0..self.shape(op.x).sites).map(|s| self.at(op.x, c, s)), u)),
            Op::SpreadSites(op) => each(&|c, _| self.at(op.x, c, 0)),
            Op::Total(op) => vec![self.sum(self.values[op.x.index()].iter().copied(), u)],
            Op::Spread(op) => {
                let x = self.at(op.x, 0, 0);
                vec![Bounded { error: x.error + u * x.value.abs() + self.rounding.underflow(), ..x }; shape.count()]
            }
            Op::Channels(op) => each(&|c, s| self.at(op.x, op.first + c, s)),
            Op::Stack(op) => op.parts.iter().flat_map(|part| self.values[part.index()].clone()).collect(),
            Op::Transpose(op) => each(&|c, s| self.at(op.x, s, c)),
            Op::Place(op) => each(&|c, s| match c.checked_sub(op.first) {
                Some(c) if c < self.shape(op.x).channels => self.at(op.x, c, s),
                _ => Bounded::default(),
            }),
            Op::Argument(_) => self.arguments[&index].clone(),
            Op::Outcome(op) => self.outcomes[&(op.repeat.index(), op.of)].clone(),
            Op::Repeat(_) | Op::Begin(_) | Op::End(_) | Op::Row(_) | Op::Storage(_) | Op::Store(_) => {
                unreachable!("repeats are evaluated step by step, and no recording is flat")
            }
        }
    }

    fn sum(&self, terms: impl Iterator<Item = Bounded>, u: f64) -> Bounded {
        let mut sum = Sum::default();
        terms.for_each(|x| sum.add(x));
        sum.total(u)
    }

    fn elementwise(&self, operation: Elementwise, x: [Bounded; 3], (c, u): (f64, f64)) -> Bounded {
        let value = formula(operation, x.map(|x| x.value), c);
        let mut error = 0.0f64;
        for corner in 0..1 << operation.arguments() {
            let moved = |i: usize| x[i].value + if corner >> i & 1 == 0 { -x[i].error } else { x[i].error };
            error = error.max((formula(operation, std::array::from_fn(moved), c) - value).abs());
        }
        // Functions err by less than 3 units in the last place, 6 u; the constant is rounded once.
        let rounding = 8.0 * u * (value.abs() + error + c.abs());
        Bounded { value, error: error + rounding + self.rounding.underflow() }
    }

    /// The faster algorithm that the executor uses, if any.
    fn short(&self, index: usize) -> Option<Short> {
        let Op::Convolve(Convolve { x, weights, stencil, .. }) = &self.recorder.ops[index] else { return None };
        let broadcast = self.parameters[weights.index()];
        let (inputs, outputs) = (self.shape(*x).channels, self.recorder.shapes[index].channels);
        if broadcast { Short::find(stencil, inputs, outputs) } else { None }
    }

    /// Short convolutions along rows round relative to the largest numbers of a window: the products of the magnitudes
    /// in their transforms, |A^T| (|G| |g| * |B^T| |d|), are at most 60 max |g| max |d|.
    /// Fourier transforms round relative to the length of the whole field |d|, as each of their steps does, and a
    /// product with a weight is at most |g| |d| long. There are 2 log2 V <= 16 steps, whose roundings walk at random: 4.
    fn convolved(&self, index: usize, o: usize, s: usize, short: Option<&Short>) -> Sum {
        let Op::Convolve(Convolve { x, weights, bias, stencil, transposed }) = &self.recorder.ops[index] else {
            panic!("a convolution was asked for")
        };
        let (inputs, outputs) = (self.shape(*x).channels, self.recorder.shapes[index].channels);
        let mut sum = Sum::default();
        if let Some(bias) = bias {
            sum.add(self.at(*bias, o, 0));
        }
        for c in 0..inputs {
            let sites = (0..self.shape(*x).sites).map(|s| self.at(*x, c, s));
            let magnitudes = sites.map(|d| d.value.abs() + d.error);
            let most = match short {
                None => 0.0,
                Some(Short::Rows(_)) => 60.0 * magnitudes.fold(0.0, f64::max),
                Some(Short::Torus(_)) => 4.0 * magnitudes.map(|d| d * d).sum::<f64>().sqrt(),
            };
            for k in 0..stencil.taps() {
                let pair = if *transposed { c * outputs + o } else { o * inputs + c };
                let weight = self.at(*weights, pair * stencil.taps() + k, 0);
                sum.add_product(self.read(*x, stencil, (c, s, k)), weight);
                sum.magnitude += most * (weight.value.abs() + weight.error);
            }
        }
        sum
    }

    fn correlated(&self, index: usize, weight: usize) -> Sum {
        let Op::Correlate(Correlate { x, g, stencil, transposed }) = &self.recorder.ops[index] else {
            panic!("a correlation was asked for")
        };
        let (inputs, outputs) = (self.shape(*x).channels, self.shape(*g).channels);
        let (pair, k) = (weight / stencil.taps(), weight % stencil.taps());
        let (o, c) = if *transposed { (pair % outputs, pair / outputs) } else { (pair / inputs, pair % inputs) };
        let mut sum = Sum::default();
        for s in 0..stencil.outputs() {
            sum.add_product(self.read(*x, stencil, (c, s, k)), self.at(*g, o, s));
        }
        sum
    }

    /// A Fourier transform, by its direct sums. Each pass with a factor r rounds by at most r + 4 units of the sum of all
    /// magnitudes: r for its sums, the rest for their constants and for roots of unity.
    fn transformed(&self, op: &Transformed, u: f64) -> Vec<Bounded> {
        let (fourier, volume) = (&op.fourier, op.fourier.volume());
        let momenta: Vec<_> = (0..fourier.modes()).map(|mode| fourier.momentum(mode)).collect();
        let sites: Vec<_> = (0..volume).map(|site| coordinates(site, fourier.extents())).collect();
        let angle = |turns: usize| std::f64::consts::TAU * turns as f64 / volume as f64;
        let waves: Vec<[f64; 2]> = (0..volume).map(|turns| [angle(turns).cos(), -angle(turns).sin()]).collect();
        let factor = |p: usize| fourier.factors(op.factor).map_or(1.0, |both| both[fourier.multiplicity(p) - 1]);
        let factors: Vec<f64> = (0..fourier.modes()).map(factor).collect();
        let wave = |p: usize, n: usize| {
            let products = momenta[p].iter().zip(&sites[n]).zip(fourier.extents());
            waves[products.map(|((p, n), length)| p * n * (volume / length)).sum::<usize>() % volume]
        };
        let passes = fourier.extents().iter().flat_map(|&length| Axis::new(length).passes);
        let roundings = 4.0 + passes.map(|pass| pass.radix as f64 + 4.0).sum::<f64>();
        let add = |sum: &mut Bounded, x: Bounded, wave: f64, factor: f64| {
            sum.value += factor * wave * x.value;
            sum.error += factor * (x.error + roundings * u * (x.value.abs() + x.error));
        };
        let start = Bounded { value: 0.0, error: self.rounding.underflow() };
        let mode = |c: usize, p: usize| {
            let mut sum = start;
            (0..volume).for_each(|n| add(&mut sum, self.at(op.x, c / 2, n), wave(p, n)[c % 2], factors[p]));
            sum
        };
        let site = |c: usize, n: usize| {
            let mut sum = start;
            for (p, part) in (0..fourier.modes()).flat_map(|p| [(p, 0), (p, 1)]) {
                add(&mut sum, self.at(op.x, 2 * c + part, p), wave(p, n)[part], factors[p]);
            }
            sum
        };
        let channels = self.shape(op.x).channels;
        match op.way {
            Way::Forward => (0..2 * channels)
                .flat_map(|c| (0..fourier.modes()).map(move |p| (c, p)))
                .map(|(c, p)| mode(c, p))
                .collect(),
            Way::Backward => {
                (0..channels / 2).flat_map(|c| (0..volume).map(move |n| (c, n))).map(|(c, n)| site(c, n)).collect()
            }
        }
    }
}
