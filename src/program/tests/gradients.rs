//! Gradients that are finished behind the samples, against the same ones recorded with them.

use super::super::gradient::Parted;
use super::super::{Executable, Feed, Filter, Node, Program, Recorder, Scan, Shape, Stencil, Values};
use super::{context, random};
use std::sync::Arc;

const SITES: usize = 15;
const STEPS: usize = 3;

/// Parameters: weights of each step; factors of all steps; numbers that are read as they are, and as sines; and one that nothing reads.
const PARAMETERS: [usize; 4] = [4 * STEPS, 4, 2, 1];

/// A repeat whose weights are uniform and differ between its steps, and a condition beside them; two values have cotangents, of which one
/// depends on the samples.
fn program() -> Program {
    let mut r = Recorder::new();
    let x = r.input(Shape::new(2, SITES));
    let parameters: Vec<Node> = PARAMETERS.iter().map(|&count| r.parameter(count)).collect();
    let condition = r.condition(Shape::new(1, 1));
    let same = Stencil::identity(SITES).unwrap();
    let factors = r.exp(parameters[1]);
    let four = r.stack(&[condition; 4]);
    let factors = r.multiply(factors, four);
    let scan =
        Scan { count: STEPS, keep: 2, carried: &[x], rows: &parameters[..1], captured: &[factors], ..Scan::default() };
    let end = r.repeat(&scan, |r, of| {
        let sines = r.sin(of.rows[0]);
        let weights = r.multiply(sines, of.captured[0]);
        let y = r.convolve(of.carried[0], Filter { weights, stencil: &same, transposed: false }, None, 2);
        Values { carried: vec![r.tanh(y)], stacked: vec![] }
    });
    let sines = r.sin(parameters[2]);
    let biases = [parameters[2], sines].map(|numbers| r.spread_sites(numbers, SITES));
    let y = r.multiply(end.carried[0], biases[0]);
    let y = r.add(y, biases[1]);
    let (sum, one) = (r.total(y), r.constant(1.0, Shape::WIDE));
    Program::with_gradient(r, &[sum], &[(sum, one), (end.carried[0], x)], &parameters)
}

#[test]
fn gradients_behind_the_samples_are_those_beside_them() {
    let (program, batch) = (program(), 37);
    let gradient = program.gradient.as_ref().unwrap();
    let parts = Parted::new(&program, gradient).expect("there are uniform values");
    // The sum, the numbers that are read as they are, and three uniform values: weights of all steps, sines.
    assert!(parts.samples.outputs.len() >= 4, "{}", parts.samples.outputs.len());
    let (parameters, inputs) = (random(1, program.parameters()), random(2, batch * 2 * SITES));
    let results = |program: Program, parameters: &[f64], condition: f64| {
        let mut bound = Arc::new(Executable::new(program, context()).unwrap()).bind_at(parameters, &[0.5]).unwrap();
        bound.set_conditions(&[condition]).unwrap();
        let mut bound = bound.copied().unwrap();
        bound.set_parameters(parameters).unwrap();
        let mut outputs = vec![vec![f64::NAN; batch]];
        outputs.extend(PARAMETERS.map(|count| vec![f64::NAN; count]));
        let mut all: Vec<&mut [f64]> = outputs.iter_mut().map(|output| &mut output[..]).collect();
        bound.run(context(), batch, &[Feed::Array(&inputs)], &mut all).unwrap();
        let error = bound.run(context(), batch, &[Feed::Array(&inputs)], &mut all[1..]).unwrap_err().to_string();
        assert_eq!(error, "outputs: expected 5, got 4");
        bound
            .run(
                context(),
                0,
                &[Feed::Array(&[])],
                &mut [&mut [], &mut [1.0; 12], &mut [1.0; 4], &mut [1.0; 2], &mut [1.0]],
            )
            .unwrap();
        outputs
    };
    let (found, expected) =
        (results(program.clone(), &parameters, 0.7), results(program.recorded(gradient), &parameters, 0.7));
    for (found, expected) in found.iter().zip(&expected) {
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{found:?} {expected:?}");
        }
    }
    assert!(expected[1..4].iter().flatten().all(|g| g.abs() > 1e-3) && expected[4] == [0.0]);
}

/// A program whose parameters the samples alone read has its gradient recorded.
#[test]
fn without_uniform_values_there_are_no_parts() {
    let mut r = Recorder::new();
    let (x, weights) = (r.input(Shape::new(1, 4)), r.parameter(2));
    let same = Stencil::identity(4).unwrap();
    let y = r.convolve(x, Filter { weights, stencil: &same, transposed: false }, None, 2);
    let (sum, one) = (r.total(y), r.constant(1.0, Shape::WIDE));
    let program = Program::with_gradient(r, &[sum], &[(sum, one)], &[weights]);
    assert!(Parted::new(&program, program.gradient.as_ref().unwrap()).is_none());
}
