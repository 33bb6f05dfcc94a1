//! The shared check of derivatives: first and second, along a random direction through all inputs and parameters.
//!
//! With L the recorded number, g its gradient and T a fixed vector: d L(v + h d)/dh = g · d, and for S = T · g,
//! d S(v + h d)/dh = (gradient of S) · d; left by central differences of fourth order, right as recorded.

use super::super::{Node, Output, Program, Recorder, Shape};
use super::agreement::{Data, Way, assert_agreement, assert_agreement_of, on_devices, outputs};
use super::random;
use crate::context::Precision;
use crate::simd::Instructions;

const STEP: f64 = 1e-3;
const BATCH: usize = 5;

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

/// Outputs: the result, L, S, the gradient of L, the gradient of S.
fn program(record: impl Fn(&mut Recorder) -> Case) -> Program {
    let mut recorder = Recorder::new();
    let case = record(&mut recorder);
    let variables = [case.inputs, case.parameters].concat();
    let bent = recorder.tanh(case.result);
    let l = contracted(&mut recorder, bent, 71);
    let first = recorder.gradient(l, &variables);
    let mut s = recorder.constant(0.0, Shape::WIDE);
    for (i, &g) in first.iter().enumerate() {
        let term = contracted(&mut recorder, g, 72 + i as u64);
        s = recorder.add(s, term);
    }
    let second = recorder.gradient(s, &variables);
    let results = [vec![case.result, l, s], first, second].concat();
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

/// Value and derivatives of what is recorded: by the reference for every instruction set, and by differences.
pub fn assert_derivatives(name: &str, record: impl Fn(&mut Recorder) -> Case) {
    let program = program(record);
    let data = Data::new(&program, BATCH, 5);
    assert_agreement(&program, &data, &[1, BATCH]);
    assert_agreement_of(on_devices(), &program, &data, &[1, BATCH]);
    let direction = Data::new(&program, BATCH, 6);
    let how = (Way::Cpu(Instructions::best()), Precision::F64);
    let at = |n: f64| outputs(&program, &moved(&data, &direction, n * STEP), how, BATCH);
    let [a, b, centre, c, d] = [2.0, 1.0, 0.0, -1.0, -2.0].map(at);
    let variables = (centre.len() - 3) / 2;
    for sample in 0..BATCH {
        for (of, gradient) in [(1, &centre[3..3 + variables]), (2, &centre[3 + variables..])] {
            let [a, b, c, d] = [&a, &b, &c, &d].map(|x| x[of][sample]);
            let expected = (8.0 * (b - c) - (a - d)) / (12.0 * STEP);
            let got = along(gradient, &direction, sample);
            let near = (got - expected).abs() <= 1e-8 * (1.0 + expected.abs());
            assert!(near && got != 0.0, "{name}, derivative {of}, sample {sample}: expected {expected}, got {got}");
        }
    }
}
