//! Recordings that are drawn operation by operation from numbers.
//!
//! Values stay of order one: factors, divisors and exponents pass through a tanh first.

use super::super::operations::elementwise::Elementwise;
use super::super::{Filter, Fourier, Node, Output, Program, Recorder, Scan, Shape, Stencil};
use super::random;
use super::random_bodies::step;
use super::random_matrices::record_matrices;
use crate::lattice::Lattice;

/// One drawn operation: its code, and the codes of its arguments.
pub type Choice = (u8, u16, u16);

pub const LATTICES: [&[usize]; 6] = [&[4], &[2, 2], &[3, 2], &[4, 2], &[5, 3], &[4, 4]];

pub struct Builder {
    recorder: Recorder,
    lattice: Lattice,
    values: Vec<Node>,
    variables: Vec<Node>,
}

impl Builder {
    pub fn new(lattice: usize) -> Self {
        let lattice = Lattice::new(LATTICES[lattice % LATTICES.len()]).unwrap();
        let mut builder = Self { recorder: Recorder::new(), lattice, values: vec![], variables: vec![] };
        let volume = builder.lattice.volume();
        for shape in [Shape::new(2, volume), Shape::new(1, volume / 2), Shape::WIDE] {
            builder.input(shape);
        }
        for shape in [Shape::new(1, volume), Shape::WIDE] {
            let condition = builder.recorder.condition(shape);
            builder.values.push(condition);
            builder.variables.push(condition);
        }
        builder
    }

    fn input(&mut self, shape: Shape) {
        let x = self.recorder.input(shape);
        self.values.push(x);
        self.variables.push(x);
    }

    fn parameter(&mut self, count: usize) -> Node {
        let p = self.recorder.parameter(count);
        self.variables.push(p);
        p
    }

    fn pick(&self, index: u16) -> Node {
        self.values[index as usize % self.values.len()]
    }

    /// A value of the shape of `a`, the first from `index` on; at last `a` itself.
    fn partner(&self, a: Node, index: u16) -> Node {
        let shape = self.recorder.shape(a);
        let n = self.values.len();
        let candidates = (0..n).map(|i| self.values[(index as usize + i) % n]);
        candidates.into_iter().find(|&b| self.recorder.shape(b) == shape).unwrap_or(a)
    }

    /// The first value from `index` on that is not one wide number.
    fn narrow(&self, index: u16) -> Node {
        let n = self.values.len();
        let candidates = (0..n).map(|i| self.values[(index as usize + i) % n]);
        candidates.into_iter().find(|&b| !self.recorder.shape(b).wide).expect("the first input is narrow")
    }

    /// A stencil that reads values with as many sites as `x` has, and gives all sites, or those of one parity.
    fn stencil(&self, x: Node, kernel: usize, seed: u16) -> Stencil {
        let all = |_: &usize| true;
        let of = |p: usize| move |&s: &usize| self.lattice.parity(s) == p;
        let half: Vec<usize> = (0..self.lattice.volume()).filter(of(seed as usize % 2)).collect();
        let other: Vec<usize> = (0..self.lattice.volume()).filter(of(1 - seed as usize % 2)).collect();
        let whole: Vec<usize> = (0..self.lattice.volume()).filter(all).collect();
        let sites = self.recorder.shape(x).sites;
        let from = [&whole, &half].into_iter().find(|from| from.len() == sites);
        let to = [&whole, &half, &other][seed as usize / 2 % 3];
        match from {
            Some(from) => Stencil::cube(&self.lattice, kernel, from, to).unwrap(),
            None => Stencil::pick(sites, &[0]).unwrap(),
        }
    }

    fn bounded(&mut self, x: Node, offset: f64) -> Node {
        let bent = self.recorder.tanh(x);
        self.recorder.offset(bent, offset)
    }

    /// Weights that are parameters, or that differ between the samples.
    fn weights(&mut self, count: usize, seed: u16) -> Node {
        let parameter = self.parameter(count);
        if seed.is_multiple_of(5) {
            self.keep(parameter);
        }
        if !seed.is_multiple_of(3) {
            return parameter;
        }
        let x = self.pick(seed);
        let bent = self.recorder.tanh(x);
        let wide = if self.recorder.shape(bent).wide { bent } else { self.recorder.total(bent) };
        let wide = self.recorder.tanh(wide);
        let spread = self.recorder.spread(wide, Shape::new(count, 1));
        self.recorder.multiply(parameter, spread)
    }

    fn convolve(&mut self, i: u16, j: u16) -> Node {
        let x = self.narrow(i);
        let stencil = self.stencil(x, [1, 3][j as usize % 2], j / 2);
        let (inputs, outputs) = (self.recorder.shape(x).channels, 1 + j as usize / 5 % 5);
        let weights = self.weights(inputs * outputs * stencil.taps(), j / 3);
        let bias = (j % 4 < 2).then(|| self.weights(outputs, j / 7));
        let filter = Filter { weights, stencil: &stencil, transposed: (j / 11).is_multiple_of(2) };
        let y = self.recorder.convolve(x, filter, bias, outputs);
        if !(j / 13).is_multiple_of(2) {
            return y;
        }
        // The rectifier's argument may itself be an output, or be read by other operations.
        if j.is_multiple_of(2) {
            self.keep(y);
        }
        self.recorder.leaky_relu(y, 0.1)
    }

    fn correlate(&mut self, i: u16, j: u16) -> Node {
        let x = self.narrow(i);
        let stencil = self.stencil(x, 1, j);
        let shape = Shape::new(1 + j as usize % 3, stencil.outputs());
        let g = self.recorder.table(&random(u64::from(j), shape.count()), shape);
        let sum = self.recorder.sum_sites(x);
        let sum = self.recorder.total(sum);
        let spread = self.recorder.spread(sum, shape);
        let g = self.recorder.multiply(g, spread);
        self.recorder.correlate(x, g, &stencil, (j / 3).is_multiple_of(2))
    }

    /// The half spectrum of a value, or the field of one that may be a half spectrum; on the lattice where sizes fit, else
    /// on a ring.
    fn fourier(&mut self, x: Node, seed: u16) -> Node {
        let shape = self.recorder.shape(x);
        let lattice = Fourier::new(self.lattice.extent()).unwrap();
        let is_spectrum = shape.channels.is_multiple_of(2);
        if is_spectrum && shape.sites == lattice.modes() && seed.is_multiple_of(2) {
            return self.recorder.inverse_fourier(x, &lattice);
        }
        if is_spectrum && seed.is_multiple_of(5) {
            let ring = Fourier::new(&[2 * shape.sites - 1 - seed as usize % 2]);
            return ring.map_or(x, |ring| self.recorder.inverse_fourier(x, &ring));
        }
        let torus = if shape.sites == lattice.volume() { Ok(lattice) } else { Fourier::new(&[shape.sites]) };
        torus.map_or(x, |torus| self.recorder.fourier(x, &torus))
    }

    /// A stacked value of each sample.
    fn stack(&mut self, x: Node, shape: Shape) -> Node {
        let table = self.recorder.table(&random(shape.count() as u64, shape.count()), shape);
        let wide = if self.recorder.shape(x).wide { x } else { self.recorder.total(x) };
        let bent = self.recorder.tanh(wide);
        let spread = self.recorder.spread(bent, shape);
        self.recorder.multiply(table, spread)
    }

    /// A repeat of drawn bodies, with a carried wide number.
    fn repeat(&mut self, i: u16, j: u16) -> Vec<Node> {
        let (x, count) = (self.narrow(i), 1 + j as usize % 4);
        let shape = self.recorder.shape(x);
        let (captured, wide) = (self.partner(x, j), self.partner(self.values[2], i));
        let (start, captured) = (self.recorder.tanh(x), self.recorder.tanh(captured));
        let of_sample = self.stack(x, Shape::new(count * shape.channels, shape.sites));
        let weights = self.parameter(count * 2 * shape.channels * shape.channels);
        let (bias, scale) = (self.parameter(count * shape.channels), self.parameter(shape.channels));
        let scan = Scan {
            count,
            reversed: (j / 12).is_multiple_of(2),
            keep: 1 + j as usize / 4 % 3,
            carried: &[start, wide],
            rows: &[weights, bias, of_sample],
            captured: &[captured, scale],
        };
        let end = self.recorder.repeat(&scan, |body, of| step(body, of, j));
        let stacked = self.recorder.tanh(end.stacked[1]);
        self.recorder.add(end.stacked[1], stacked);
        [end.carried, end.stacked[..1].to_vec()].concat()
    }

    /// Records one of 11 elementwise operations, of arguments within its range.
    fn elementwise(&mut self, code: u8, [a, b]: [Node; 2], constant: f64) -> Node {
        match code {
            0 => self.recorder.add(a, b),
            1 => self.recorder.subtract(a, b),
            2 => {
                let bent = self.recorder.tanh(b);
                self.recorder.multiply(a, bent)
            }
            3 => {
                let divisor = self.bounded(b, 1.5);
                self.recorder.divide(a, divisor)
            }
            4 => self.recorder.scale(a, constant - 1.0),
            5 => self.recorder.offset(a, constant - 1.0),
            6 => {
                let bent = self.recorder.tanh(a);
                self.recorder.exp(bent)
            }
            7 => {
                let positive = self.bounded(a, 1.5);
                self.recorder.log(positive)
            }
            8 => self.recorder.tanh(a),
            9 => self.recorder.leaky_relu(a, constant / 2.5),
            _ => self.recorder.elementwise(Elementwise::LeakySlope, &[a], constant / 2.5),
        }
    }

    /// Records one of 17 more elementwise operations, of arguments within its range.
    fn primitive(&mut self, code: u8, [a, b]: [Node; 2], constant: f64) -> Node {
        match code {
            0 => {
                let divisor = self.bounded(a, -1.5);
                self.recorder.reciprocal(divisor)
            }
            1 => {
                let positive = self.bounded(a, 1.5);
                self.recorder.sqrt(positive)
            }
            2 => self.recorder.sin(a),
            3 => self.recorder.cos(a),
            4 => {
                let away = self.bounded(b, constant + 1.0);
                self.recorder.atan2(a, away)
            }
            5 => self.recorder.abs(a),
            6 => self.recorder.sign(a),
            7 => self.recorder.min(a, b),
            8 => self.recorder.max(a, b),
            9 => self.recorder.clamp(a, -constant, constant / 3.0),
            10 => self.recorder.greater(a, b),
            11 => self.recorder.at_least(a, b),
            12 => {
                let other = self.recorder.scale(b, -0.5);
                self.recorder.select(a, b, other)
            }
            13 => {
                let bounded = self.bounded(a, 0.5);
                self.recorder.log1p(bounded)
            }
            14 => self.recorder.sigmoid(a),
            15 => self.recorder.softplus(a),
            _ => self.recorder.silu(a),
        }
    }

    /// A value with some of its channels and itself as one value.
    fn stacked(&mut self, x: Node, j: u16) -> Node {
        let channels = self.recorder.shape(x).channels;
        let first = j as usize % channels;
        let some = self.recorder.channels(x, first, 1 + j as usize / 3 % (channels - first));
        let bent = self.recorder.tanh(x);
        self.recorder.stack(&[some, bent, some])
    }

    /// Records one drawn operation.
    pub fn record(&mut self, (code, i, j): Choice) {
        let a = self.pick(i);
        let b = self.partner(a, j);
        let narrow = self.narrow(i);
        let shape = self.recorder.shape(narrow);
        let constant = 0.1 + f64::from(j % 19) / 10.0;
        let y = match code % 46 {
            code @ 0..=10 => self.elementwise(code, [a, b], constant),
            11 if j.is_multiple_of(3) => self.fourier(narrow, j / 3),
            11 => {
                let stencil = self.stencil(narrow, 1, j);
                self.recorder.map(narrow, &stencil)
            }
            12..=14 => self.convolve(i, j),
            15 => self.correlate(i, j),
            16 => self.recorder.sum_sites(narrow),
            17 => {
                let sum = self.recorder.sum_sites(narrow);
                self.recorder.spread_sites(sum, self.lattice.volume())
            }
            18 => self.recorder.total(narrow),
            19 => {
                let wide = self.recorder.total(narrow);
                self.recorder.spread(wide, Shape::new(1 + j as usize % 3, self.lattice.volume()))
            }
            20 if j.is_multiple_of(4) => self.recorder.transpose(narrow),
            20 => {
                let first = j as usize % shape.channels;
                self.recorder.channels(narrow, first, 1 + i as usize % (shape.channels - first))
            }
            21 => self.recorder.place(narrow, j as usize % 3, shape.channels + j as usize % 3 + 1),
            22 => {
                let table = self.recorder.table(&random(u64::from(j), shape.count()), shape);
                self.recorder.multiply(narrow, table)
            }
            23 => {
                let results = self.repeat(i, j);
                results[..2].iter().for_each(|&y| self.keep(y));
                results[2]
            }
            24 => self.stacked(narrow, j),
            code @ 25..=41 => self.primitive(code - 25, [a, b], constant),
            42..=44 => {
                let other = self.partner(narrow, j / 7);
                record_matrices(&mut self.recorder, [narrow, other], j)
            }
            _ => {
                let p = self.parameter(shape.channels);
                self.keep(p);
                let spread = self.recorder.spread_sites(p, shape.sites);
                self.recorder.multiply(narrow, spread)
            }
        };
        self.keep(y);
    }

    /// Lets later operations read a value, where it is small enough.
    fn keep(&mut self, y: Node) {
        if self.recorder.shape(y).count() <= 64 {
            self.values.push(y);
        }
    }

    /// The sum of tanh over some values.
    fn bent_sum(&mut self, values: &[Node]) -> Node {
        let mut sum = self.recorder.constant(0.0, Shape::WIDE);
        for &value in values {
            let bent = self.recorder.tanh(value);
            let wide = if self.recorder.shape(bent).wide { bent } else { self.recorder.total(bent) };
            sum = self.recorder.add(sum, wide);
        }
        sum
    }

    /// Outputs: the last values, the bent sum of two of them, its gradient, and a gradient of that.
    pub fn finish(mut self) -> Program {
        let last: Vec<Node> = self.values.iter().rev().take(6).copied().collect();
        let loss = self.bent_sum(&last[..2]);
        let variables = self.variables.clone();
        let first = self.recorder.gradient(loss, &variables);
        let sum = self.bent_sum(&first);
        let second = self.recorder.gradient(sum, &variables);
        let mut outputs: Vec<Output> = last.into_iter().map(Output::PerSample).collect();
        outputs.push(Output::Summed(loss));
        for (i, node) in first.into_iter().chain(second).enumerate() {
            if i % 3 != 0 {
                outputs.push(Output::PerSample(node));
            }
            if i % 3 != 1 {
                outputs.push(Output::Summed(node));
            }
        }
        Program::new(self.recorder, outputs)
    }
}
