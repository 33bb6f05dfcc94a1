//! The shared check of derivatives: first and second, along a random direction through all inputs and parameters.
//!
//! With L the recorded number, g its gradient and T a fixed vector: d L(v + h d)/dh = g · d, and for S = T · g,
//! d S(v + h d)/dh = (gradient of S) · d; left by central differences of fourth order, right as recorded.

use super::super::{Node, Output, Program, Recorder, Shape};
use super::agreement::{Data, Way, assert_agreement_of, on_devices, outputs, ways};
use super::random;
use crate::context::Precision;
use crate::simd::Instructions;

const BATCH: usize = 5;

/// How derivatives are compared with differences.
pub struct Differences {
    /// 1 for first derivatives, 2 for second ones as well.
    pub orders: usize,
    /// The step of the differences: their error has its fourth power and the fifth derivative.
    pub step: f64,
}

impl Default for Differences {
    fn default() -> Self {
        Self { orders: 2, step: 1e-3 }
    }
}

/// What is differentiated: all inputs, then all parameters, and a result that depends on them.
pub struct Case {
    pub inputs: Vec<Node>,
    pub parameters: Vec<Node>,
    pub result: Node,
}

/// T · value, for fixed numbers T.
fn contracted(recorder: &mut Recorder, value: Node, seed: u64) -> Node {
    let shape = recorder.shape(value);
    if shape.wide {
        return recorder.scale(value, 0.7);
    }
    let table = recorder.table(&random(seed, shape.count()), shape);
    let product = recorder.multiply(value, table);
    recorder.total(product)
}

/// Records the result, L, S, the gradient of L, the gradient of S.
fn results(recorder: &mut Recorder, record: impl Fn(&mut Recorder) -> Case) -> Vec<Node> {
    let case = record(recorder);
    let variables = [case.inputs, case.parameters].concat();
    let bent = recorder.tanh(case.result);
    let l = contracted(recorder, bent, 71);
    let first = recorder.gradient(l, &variables);
    let mut s = recorder.constant(0.0, Shape::WIDE);
    for (i, &g) in first.iter().enumerate() {
        let term = contracted(recorder, g, 72 + i as u64);
        s = recorder.add(s, term);
    }
    let second = recorder.gradient(s, &variables);
    [vec![case.result, l, s], first, second].concat()
}

/// Results of recordings, one after the other.
fn program<R: Fn(&mut Recorder) -> Case>(recordings: &[R]) -> Program {
    let mut recorder = Recorder::new();
    let results: Vec<Node> = recordings.iter().flat_map(|record| results(&mut recorder, record)).collect();
    Program::new(recorder, results.into_iter().map(Output::PerSample).collect())
}

/// The data moved by h along the direction; parameters move alike for all samples.
fn moved(data: &Data, direction: &Data, h: f64) -> Data {
    let add = |x: &Vec<f64>, d: &Vec<f64>| x.iter().zip(d).map(|(x, d)| x + h * d).collect();
    let inputs = data.inputs.iter().zip(&direction.inputs).map(|(x, d)| add(x, d)).collect();
    Data { batch: data.batch, inputs, parameters: add(&data.parameters, &direction.parameters) }
}

/// gradient · direction for one sample; the gradient has one array for each variable.
fn along(gradient: &[Vec<f64>], direction: &Data, sample: usize) -> f64 {
    let mut parameters = direction.parameters.as_slice();
    let inputs = direction.sample(sample);
    let mut sum = 0.0;
    for (i, numbers) in gradient.iter().enumerate() {
        let count = numbers.len() / direction.batch;
        let d = match inputs.get(i) {
            Some(d) => d,
            None => parameters.split_off(..count).unwrap(),
        };
        sum += numbers[sample * count..][..count].iter().zip(d).map(|(g, d)| g * d).sum::<f64>();
    }
    sum
}

/// Value and derivatives of what is recorded: by the reference for every instruction set and on devices, and by differences.
pub fn assert_derivatives(name: &str, record: impl Fn(&mut Recorder) -> Case) {
    assert_all_derivatives(&[(name.to_string(), record)]);
}

/// The same for several recordings. On devices they are one program, since a device builds one large kernel sooner than many
/// small ones.
pub fn assert_all_derivatives<R: Fn(&mut Recorder) -> Case>(cases: &[(String, R)]) {
    for (name, record) in cases {
        assert_derivatives_of(ways(), name, record, &Differences::default());
    }
    let program = program(&cases.iter().map(|(_, record)| record).collect::<Vec<_>>());
    assert_agreement_of(on_devices(), &program, &Data::new(&program, BATCH, 5), &[1, BATCH]);
}

/// The same of one recording, for given ways to run a program.
pub fn assert_derivatives_of(
    ways: impl Iterator<Item = (Way, Precision)>,
    name: &str,
    record: impl Fn(&mut Recorder) -> Case,
    how: &Differences,
) {
    let program = program(&[&record]);
    let data = Data::new(&program, BATCH, 5);
    assert_agreement_of(ways, &program, &data, &[1, BATCH]);
    assert_differences(name, record, &data, how);
}

/// Derivatives of what is recorded, at the samples of `data`: by differences, which are zero in no sample. The value does not
/// depend on a variable whose gradient is zero in all samples.
pub fn assert_differences(name: &str, record: impl Fn(&mut Recorder) -> Case, data: &Data, how: &Differences) {
    let (program, step) = (program(&[record]), how.step);
    let direction = Data::new(&program, data.batch, 6);
    let way = (Way::Cpu(Instructions::best()), Precision::F64);
    let at = |n: f64| outputs(&program, &moved(data, &direction, n * step), way, data.batch);
    let [a, b, centre, c, d] = [2.0, 1.0, 0.0, -1.0, -2.0].map(at);
    let variables = (centre.len() - 3) / 2;
    let derivatives = [(1, &centre[3..3 + variables]), (2, &centre[3 + variables..])];
    for (of, gradient) in derivatives.into_iter().take(how.orders) {
        for sample in 0..data.batch {
            let [a, b, c, d] = [&a, &b, &c, &d].map(|x| x[of][sample]);
            let expected = (8.0 * (b - c) - (a - d)) / (12.0 * step);
            let got = along(gradient, &direction, sample);
            let near = (got - expected).abs() <= 1e-8 * (1.0 + expected.abs());
            assert!(near, "{name}, derivative {of}, sample {sample}: expected {expected}, got {got}");
            assert!(got != 0.0, "{name}, derivative {of}, sample {sample}: zero tests nothing");
        }
    }
    for (variable, gradient) in derivatives[0].1.iter().enumerate() {
        if gradient.iter().all(|&g| g == 0.0) {
            let alone = moved(data, &alone(&direction, derivatives[0].1, variable), step);
            let is_same = outputs(&program, &alone, way, data.batch)[1] == centre[1];
            assert!(is_same, "{name}: variable {variable} has no gradient, and the value depends on it");
        }
    }
}

/// The direction along one of the variables; the gradient has one array for each variable.
fn alone(direction: &Data, gradient: &[Vec<f64>], variable: usize) -> Data {
    let zero = |numbers: &Vec<f64>| vec![0.0; numbers.len()];
    let (inputs, parameters) = (direction.inputs.iter().map(zero).collect(), zero(&direction.parameters));
    let mut alone = Data { batch: direction.batch, inputs, parameters };
    if variable < direction.inputs.len() {
        alone.inputs[variable].clone_from(&direction.inputs[variable]);
    } else {
        let count = |numbers: &Vec<f64>| numbers.len() / direction.batch;
        let first: usize = gradient[direction.inputs.len()..variable].iter().map(count).sum();
        let own = first..first + count(&gradient[variable]);
        alone.parameters[own.clone()].copy_from_slice(&direction.parameters[own]);
    }
    alone
}
