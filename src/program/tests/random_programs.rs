//! Random recordings of all operations: values, gradients and second gradients as the reference has them.
//!
//! What is drawn is a list of numbers, of which any part is a program as well: proptest shrinks a failure to a few
//! operations. Values stay of order one: factors, divisors and exponents pass through a tanh first.

use super::super::elementwise::Elementwise;
use super::super::{Kernel, Node, Output, Program, Recorder, Shape, Stencil};
use super::agreement::{Data, Sharpness, assert_agreement};
use super::random;
use crate::lattice::Lattice;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// One drawn operation: which, and what with.
type Draw = (u8, u16, u16);

const LATTICES: [&[usize]; 4] = [&[4], &[2, 2], &[3, 2], &[4, 2]];

struct Builder {
    recorder: Recorder,
    lattice: Lattice,
    values: Vec<Node>,
    variables: Vec<Node>,
}

impl Builder {
    fn new(lattice: usize) -> Self {
        let lattice = Lattice::new(LATTICES[lattice % LATTICES.len()]).unwrap();
        let mut builder = Self { recorder: Recorder::new(), lattice, values: vec![], variables: vec![] };
        let volume = builder.lattice.volume();
        for shape in [Shape::new(2, volume), Shape::new(1, volume / 2), Shape::WIDE] {
            builder.input(shape);
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
        let kernel = Kernel { weights, stencil: &stencil, transposed: (j / 11).is_multiple_of(2) };
        let y = self.recorder.convolve(x, kernel, bias, outputs);
        if !(j / 13).is_multiple_of(2) {
            return y;
        }
        // What is rectified may itself be a result, or be read again.
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

    /// Records one drawn operation.
    fn record(&mut self, (code, i, j): Draw) {
        let a = self.pick(i);
        let b = self.partner(a, j);
        let narrow = self.narrow(i);
        let shape = self.recorder.shape(narrow);
        let constant = 0.1 + f64::from(j % 19) / 10.0;
        let y = match code % 24 {
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
            10 => self.recorder.elementwise(Elementwise::LeakySlope, [a, a], constant / 2.5),
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
            20 => {
                let first = j as usize % shape.channels;
                self.recorder.channels(narrow, first, 1 + i as usize % (shape.channels - first))
            }
            21 => self.recorder.place(narrow, j as usize % 3, shape.channels + j as usize % 3 + 1),
            22 => {
                let table = self.recorder.table(&random(u64::from(j), shape.count()), shape);
                self.recorder.multiply(narrow, table)
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
    fn finish(mut self) -> Program {
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

/// A program of drawn operations.
fn built(lattice: usize, draws: &[Draw]) -> Program {
    let mut builder = Builder::new(lattice);
    draws.iter().for_each(|&draw| builder.record(draw));
    builder.finish()
}

/// Checks `cases` programs of fewer than `most` drawn operations; returns the fraction of comparisons that were sharp.
pub fn sharpness_of_draws((cases, seed): (u32, u64), most: usize, check: impl Fn(&Program, usize) -> Sharpness) -> f64 {
    let rng_seed = RngSeed::Fixed(seed);
    let config = ProptestConfig { cases, rng_seed, failure_persistence: None, ..Default::default() };
    let draws = (0..4usize, proptest::collection::vec((any::<u8>(), any::<u16>(), any::<u16>()), 1..most));
    let sharpness = std::cell::RefCell::new(Sharpness::default());
    let check = |(lattice, draws): (usize, Vec<Draw>)| {
        sharpness.borrow_mut().add(check(&built(lattice, &draws), draws.len()));
        Ok(())
    };
    TestRunner::new(config).run(&draws, check).unwrap();
    sharpness.into_inner().fraction()
}

#[test]
fn random_programs_agree_with_the_reference() {
    let fraction = sharpness_of_draws((200, 11), 16, |program, length| {
        // One in six cases fills several blocks.
        let batches: &[usize] = if length % 6 == 0 { &[1, 7, 8, 9, 15, 16, 17, 100] } else { &[1, 7, 8, 9] };
        let data = Data::new(program, batches[batches.len() - 1], 3);
        assert_agreement(program, &data, batches)
    });
    assert!(fraction > 0.9, "sharp comparisons: {fraction}");
}
