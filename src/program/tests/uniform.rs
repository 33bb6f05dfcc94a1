//! Uniform values: the same numbers as if they were computed for each sample, and less to do for each block.

use super::super::operations::Step;
use super::super::steps::Plan;
use super::super::uniform::Split;
use super::super::{Executable, Feed, Filter, Node, Output, Program, Recorder, Shape, Stencil};
use super::agreement::{Data, Way, assert_agreement_of, device_ways, everywhere, outputs, ways};
use super::derivatives::{Case, assert_derivatives};
use super::random;
use crate::context::Precision;
use std::sync::Arc;

const SITES: usize = 64;

/// A convolution of x whose weights are exp(tanh p), the logarithm of their product, and the sum of tanh p times a condition.
fn record(r: &mut Recorder) -> (Case, [Node; 2]) {
    let (x, p, condition) = (r.input(Shape::new(8, SITES)), r.parameter(8 * 8 * 9), r.condition(Shape::WIDE));
    let exponents = r.tanh(p);
    let small = r.scale(exponents, 0.1);
    let weights = r.exp(small);
    let stencil = Stencil::of_lattice(&[8, 8], 3);
    let y = r.convolve(x, Filter { weights, stencil: &stencil, transposed: false }, None, 8);
    let log = r.total(small);
    let scaled = r.multiply(log, condition);
    let spread = r.spread(scaled, Shape::new(8, SITES));
    let result = r.add(y, spread);
    (Case { inputs: vec![x], parameters: vec![p, condition], result }, [log, scaled])
}

fn program() -> Program {
    let mut r = Recorder::new();
    let (case, wide) = record(&mut r);
    let sum = r.total(case.result);
    let gradient = r.gradient(sum, &case.parameters);
    let results = [vec![case.result], wide.to_vec(), gradient].concat();
    let summed = [Output::Summed(wide[0]), Output::Summed(case.parameters[0])];
    Program::new(r, results.into_iter().map(Output::PerSample).chain(summed).collect())
}

#[test]
fn numbers_are_those_of_the_reference_which_computes_all_of_them_for_each_sample() {
    let program = program();
    let data = Data::new(&program, 17, 4);
    assert_agreement_of(everywhere(), &program, &data, &[1, 17]);
    assert_derivatives("computed weights", |r| record(r).0);
}

#[test]
fn what_is_uniform_is_not_computed_for_each_block() {
    let program = program();
    let rest = Split::new(&program).unwrap().rest;
    for for_lanes in [true, false] {
        let (all, fewer) = (Plan::new(&lowered(&program), for_lanes), Plan::new(&rest, for_lanes));
        let operations = |plan: &Plan| -> usize {
            let of = |step: &Step| if let Step::Fused(fused) = step { fused.operations.len() } else { 1 };
            plan.steps.iter().map(of).sum()
        };
        assert!(operations(&fewer) + 4 <= operations(&all), "{} {}", operations(&fewer), operations(&all));
    }
    // Weights are packed, and the convolution takes the short algorithm.
    let is_short = |plan: Plan| plan.steps.iter().any(|step| matches!(step, Step::Convolve(c) if c.short.is_some()));
    assert!(is_short(Plan::new(&rest, true)) && !is_short(Plan::new(&lowered(&program), true)));
}

/// The program with its condition as a constant, and not split.
fn lowered(program: &Program) -> Program {
    let mut r = Recorder::new();
    let one = r.constant(1.0, Shape::WIDE);
    let mut lowered = program.clone();
    for op in &mut lowered.recorder.ops {
        if matches!(op, super::Op::Condition(_)) {
            *op = r.op(one).clone();
        }
    }
    lowered
}

#[test]
fn a_program_without_uniform_values_is_planned_as_it_is() {
    let mut r = Recorder::new();
    let (x, p) = (r.input(Shape::new(2, 4)), r.parameter(2));
    let spread = r.spread_sites(p, 4);
    let product = r.multiply(x, spread);
    let total = r.total(product);
    let gradient = r.gradient(total, &[p]);
    let outputs = vec![Output::PerSample(product), Output::Summed(gradient[0])];
    assert!(Split::new(&Program::new(r, outputs)).is_none());
}

#[test]
fn new_parameters_and_conditions_give_the_numbers_of_a_new_binding() {
    let program = program();
    let numbers = random(8, 8 * SITES * 5);
    let (parameters, others) = (random(1, program.parameters()), random(2, program.parameters()));
    for (way, precision) in everywhere() {
        let executable = Arc::new(way.executable(&program, precision));
        let first = |bound: &super::super::Bound| {
            let data = Data { batch: 5, inputs: vec![numbers.clone()], parameters: vec![] };
            super::agreement::run(bound, &program, &data, 5)
        };
        let mut bound = executable.bind_at(&parameters, &[0.3]).unwrap();
        let copy = bound.copied().unwrap();
        bound.set_parameters(&others).unwrap();
        bound.set_conditions(&[-0.7]).unwrap();
        assert_eq!((bound.parameters(), bound.conditions()), (&others[..], &[-0.7][..]));
        assert_eq!(first(&bound), first(&executable.bind_at(&others, &[-0.7]).unwrap()), "{way:?}");
        assert_eq!(first(&copy), first(&executable.bind_at(&parameters, &[0.3]).unwrap()), "{way:?}");
        assert_ne!(first(&copy), first(&bound));
    }
}

#[test]
fn wide_uniform_values_keep_all_their_digits() {
    let mut r = Recorder::new();
    let condition = r.condition(Shape::WIDE);
    let half = r.scale(condition, 0.5);
    let program = Program::new(r, vec![Output::PerSample(condition), Output::PerSample(half)]);
    let of = |precision| device_ways(precision).into_iter().map(move |way| (way, precision));
    for how in ways().chain(of(Precision::F32)).chain(of(Precision::F64)) {
        for x in [0.1, -1e10 / 3.0, 0.0, f64::INFINITY, f64::NAN] {
            let is_pair = matches!(how.0, Way::Device(target) if !target.has_double);
            let data = Data { batch: 3, inputs: vec![], parameters: vec![x] };
            for (got, expected) in outputs(&program, &data, how, 3).into_iter().flatten().zip([x, x, x, x / 2.0]) {
                let near = if is_pair { (got - expected).abs() <= 2e-15 * expected.abs() } else { got == expected };
                // A sum of two floats that is infinite is not distinguished from NaN.
                let same = near || (got.is_nan() && (expected.is_nan() || is_pair));
                assert!(same || (is_pair && got == expected), "{how:?}: {got} {expected}");
            }
        }
    }
}

#[test]
fn a_wrong_number_of_conditions_is_refused() {
    let executable = Arc::new(Executable::new(program(), super::context()).unwrap());
    let parameters = random(1, 576);
    let message = executable.bind(&parameters).err().unwrap().to_string();
    assert_eq!(message, "conditions: expected 1 numbers, got 0");
    let mut bound = executable.bind_at(&parameters, &[0.5]).unwrap();
    let message = bound.set_conditions(&[0.5, 0.5]).unwrap_err().to_string();
    assert_eq!(message, "conditions: expected 1 numbers, got 2");
    let mut outputs: [&mut [f64]; 0] = [];
    assert!(bound.run(super::context(), 1, &[Feed::Array(&[])], &mut outputs).is_err());
}
