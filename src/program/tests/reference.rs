//! The reference executor: one sample, one operation after the other, in f64, with a bound on what rounding may do.
//!
//! Each number carries the largest distance that a computation with unit roundoff u may have from it, found by
//! running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, §3.3): a sum of n terms rounds by at
//! most (n + 1) u times the sum of their magnitudes in whatever order it is taken; an elementwise operation, monotone
//! in each argument, is taken at the corners of its arguments' intervals.

use super::super::elementwise::Elementwise;
use super::super::recorder::{Node, Op, Recorder, Shape};
use super::super::short::Short;
use super::super::stencil::{NONE, Stencil};
use crate::context::Precision;

/// A number, and how far a computation may be from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounded {
    pub value: f64,
    pub error: f64,
}

/// What one sample is computed from.
pub struct Sample<'a> {
    pub inputs: &'a [Vec<f64>],
    pub parameters: &'a [f64],
}

/// How an executor rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    pub precision: Precision,
    /// Wide numbers are doubles, and not sums of two floats.
    pub has_double: bool,
}

impl Rounding {
    /// Unit roundoff of a computation, with that of the reference added to it.
    fn unit(self, wide: bool) -> f64 {
        let (float, double) = (f64::from(f32::EPSILON) / 2.0, f64::EPSILON / 2.0);
        match self.precision {
            Precision::F32 if !wide => float + double,
            // In squares of a float's roundoff sums of two floats lose 3 in a sum, 5 in a product and 15 in a quotient:
            // M. Joldes, J.-M. Muller, V. Popescu, ACM Trans. Math. Softw. 44, 15res (2017).
            Precision::F32 if !self.has_double => 16.0 * float * float + double,
            _ => 2.0 * double,
        }
    }

    /// Below this magnitude results may lose digits or vanish.
    fn underflow(self) -> f64 {
        match self.precision {
            Precision::F32 => f64::from(f32::MIN_POSITIVE),
            Precision::F64 => f64::MIN_POSITIVE,
        }
    }
}

/// The formula of an elementwise operation.
pub fn formula(operation: Elementwise, a: f64, b: f64, c: f64) -> f64 {
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
        Elementwise::LeakyRelu => {
            if a > 0.0 {
                a
            } else {
                c * a
            }
        }
        Elementwise::LeakySlope => {
            if a > 0.0 {
                1.0
            } else {
                c
            }
        }
    }
}

/// A sum with its error: of its terms, and of adding them.
#[derive(Default)]
struct Sum {
    value: f64,
    terms: f64,
    magnitude: f64,
    count: usize,
}

impl Sum {
    fn add(&mut self, x: Bounded) {
        self.value += x.value;
        self.terms += x.error;
        self.magnitude += x.value.abs() + x.error;
        self.count += 1;
    }

    fn add_product(&mut self, x: Bounded, w: Bounded) {
        let error = x.value.abs() * w.error + w.value.abs() * x.error + x.error * w.error;
        self.add(Bounded { value: x.value * w.value, error });
    }

    fn total(&self, u: f64) -> Bounded {
        Bounded { value: self.value, error: self.terms + (self.count + 1) as f64 * u * self.magnitude }
    }
}

/// All values of a recording for one sample.
pub fn evaluate(recorder: &Recorder, rounding: Rounding, sample: &Sample) -> Vec<Vec<Bounded>> {
    let mut evaluator = Evaluator { recorder, rounding, values: vec![] };
    for index in 0..recorder.ops.len() {
        let value = evaluator.value(index, sample);
        assert_eq!(value.len(), recorder.shapes[index].count());
        evaluator.values.push(value);
    }
    evaluator.values
}

/// The sum of one output over samples: lanes are added in the output's precision, blocks in f64.
pub fn sum_of_samples(samples: &[Bounded], rounding: Rounding, shape: Shape) -> Bounded {
    let mut sum = Sum::default();
    samples.iter().for_each(|&x| sum.add(x));
    // Beyond the 16 lanes of a block rounding is that of f64.
    let blocks = 16.0 * rounding.unit(shape.wide) * sum.magnitude;
    let total = sum.total(f64::EPSILON);
    Bounded { error: total.error + blocks + rounding.underflow(), ..total }
}

struct Evaluator<'a> {
    recorder: &'a Recorder,
    rounding: Rounding,
    values: Vec<Vec<Bounded>>,
}

impl Evaluator<'_> {
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
            Op::Input { index } => self.rounded(sample.inputs[*index].iter().copied(), shape.wide),
            Op::Parameter { offset } => {
                self.rounded(sample.parameters[*offset..][..shape.count()].iter().copied(), false)
            }
            Op::Constant { bits } => {
                self.rounded(std::iter::repeat_n(f64::from_bits(*bits), shape.count()), shape.wide)
            }
            Op::Table { bits } => self.rounded(bits.iter().map(|&b| f64::from_bits(b)), false),
            Op::Elementwise { operation, arguments, constant } => {
                let [a, b] = arguments.map(|n| &self.values[n.0 as usize]);
                let c = f64::from_bits(*constant);
                a.iter().zip(b).map(|(&a, &b)| self.elementwise(*operation, [a, b], (c, u))).collect()
            }
            Op::Map { x, stencil } => each(&|c, s| self.read(*x, stencil, (c, s, 0))),
            Op::Convolve { .. } => {
                let short = self.short(index);
                each(&|o, s| self.convolved(index, o, s, short.as_ref()).total(u))
            }
            Op::Correlate { .. } => (0..shape.count()).map(|i| self.correlated(index, i).total(u)).collect(),
            Op::SumSites { x } => each(&|c, _| self.sum((0..self.shape(*x).sites).map(|s| self.at(*x, c, s)), u)),
            Op::SpreadSites { x } => each(&|c, _| self.at(*x, c, 0)),
            Op::Total { x } => vec![self.sum(self.values[x.0 as usize].iter().copied(), u)],
            Op::Spread { x } => {
                let x = self.at(*x, 0, 0);
                vec![Bounded { error: x.error + u * x.value.abs() + self.rounding.underflow(), ..x }; shape.count()]
            }
            Op::Channels { x, first } => each(&|c, s| self.at(*x, first + c, s)),
            Op::Place { x, first } => each(&|c, s| match c.checked_sub(*first) {
                Some(c) if c < self.shape(*x).channels => self.at(*x, c, s),
                _ => Bounded::default(),
            }),
        }
    }

    fn sum(&self, terms: impl Iterator<Item = Bounded>, u: f64) -> Bounded {
        let mut sum = Sum::default();
        terms.for_each(|x| sum.add(x));
        sum.total(u)
    }

    fn elementwise(&self, operation: Elementwise, [a, b]: [Bounded; 2], (c, u): (f64, f64)) -> Bounded {
        let value = formula(operation, a.value, b.value, c);
        let signs: &[(f64, f64)] = match operation.arguments() {
            1 => &[(-1.0, 0.0), (1.0, 0.0)],
            _ => &[(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)],
        };
        let mut error = 0.0f64;
        for (i, j) in signs {
            let corner = formula(operation, a.value + i * a.error, b.value + j * b.error, c);
            error = error.max((corner - value).abs());
        }
        // Functions err by less than 3 units in the last place, 6 u; the constant is rounded once.
        let rounding = 8.0 * u * (value.abs() + error + c.abs());
        Bounded { value, error: error + rounding + self.rounding.underflow() }
    }

    /// The shorter way that the executor takes, if it does.
    fn short(&self, index: usize) -> Option<Short> {
        let Op::Convolve { x, weights, stencil, .. } = &self.recorder.ops[index] else { return None };
        let broadcast = matches!(self.recorder.op(*weights), Op::Parameter { .. });
        let (inputs, outputs) = (self.shape(*x).channels, self.recorder.shapes[index].channels);
        if broadcast { Short::find(stencil, inputs, outputs) } else { None }
    }

    /// Short convolutions along rows round relative to the largest numbers of a window: the products of the magnitudes
    /// in their transforms, |A^T| (|G| |g| * |B^T| |d|), are at most 60 max |g| max |d|.
    /// Fourier transforms round relative to the length of the whole field |d|, as each of their steps does, and a
    /// product with a weight is at most |g| |d| long. There are 2 log2 V <= 16 steps, whose roundings walk at random: 4.
    fn convolved(&self, index: usize, o: usize, s: usize, short: Option<&Short>) -> Sum {
        let Op::Convolve { x, weights, bias, stencil, transposed } = &self.recorder.ops[index] else {
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
        let Op::Correlate { x, g, stencil, transposed } = &self.recorder.ops[index] else {
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
}
