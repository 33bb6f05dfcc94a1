//! Uniform values in the bodies of repeats: computed once, with the numbers of the unrolled program.

use super::super::convolution::Weights;
use super::super::operations::Step;
use super::super::operations::elementwise::Elementwise;
use super::super::steps::Plan;
use super::super::uniform::Split;
use super::super::{Arguments, Filter, Node, Output, Program, Recorder, Scan, Shape, Stencil, Values};
use super::agreement::{Data, assert_agreement_of, everywhere, outputs, ways};
use super::derivatives::{Case, assert_derivatives};
use super::random;
use super::repeats::{CHANNELS, SITES};
use crate::context::Precision;

const WEIGHTS: usize = 3 * CHANNELS * CHANNELS;
const STATE: Shape = Shape { channels: CHANNELS, sites: SITES, wide: false };
const BATCH: usize = 9;

/// One step: rows are weights, a bias and a table, captured a number for each channel and a condition. Sines and cosines are
/// of uniform values alone. The weights depend on the step, the bias on the step and on captured numbers, the shift on these
/// alone; the logarithm and the condition are wide.
fn step(r: &mut Recorder, of: &Arguments) -> Values {
    let table = (0..SITES as u32).flat_map(|s| [(s + 5) % 6, s, (s + 1) % 6]).collect();
    let stencil = Stencil::new(SITES, 3, table).unwrap();
    let small = r.sin(of.rows[0]);
    let weights = r.scale(small, 0.5);
    let factor = r.cos(of.captured[0]);
    let bias = r.multiply(of.rows[1], factor);
    let y = r.convolve(of.carried[0], Filter { weights, stencil: &stencil, transposed: false }, Some(bias), CHANNELS);
    let factors = r.cos(of.rows[2]);
    let y = r.multiply(y, factors);
    let shift = r.sin(of.captured[1]);
    let shift = r.spread(shift, STATE);
    let y = r.add(y, shift);
    let logarithm = r.total(weights);
    let logarithm = r.multiply(logarithm, of.captured[1]);
    let sum = r.add(of.carried[1], logarithm);
    Values { carried: vec![r.tanh(y), sum], stacked: vec![logarithm] }
}

/// A chain of steps; as a repeat, or unrolled.
#[derive(Clone, Copy, Debug)]
struct How {
    count: usize,
    reversed: bool,
    keep: usize,
}

/// Inputs, parameters, and the carried values at the end.
struct Chain {
    inputs: Vec<Node>,
    variables: Vec<Node>,
    end: Vec<Node>,
    stacked: Vec<Node>,
}

fn numbers(count: usize) -> Vec<f64> {
    random(4, count * STATE.count())
}

fn repeated(r: &mut Recorder, how: How) -> Chain {
    let How { count, reversed, keep } = how;
    let inputs = vec![r.input(STATE), r.input(Shape::WIDE)];
    let mut variables = [count * WEIGHTS, count * CHANNELS, CHANNELS].map(|n| r.parameter(n)).to_vec();
    variables.push(r.condition(Shape::WIDE));
    let table = r.table(&numbers(count), Shape { channels: count * CHANNELS, ..STATE });
    let rows = [variables[0], variables[1], table];
    let scan = Scan { count, reversed, keep, carried: &inputs, rows: &rows, captured: &variables[2..] };
    let end = r.repeat(&scan, step);
    Chain { inputs, variables, end: end.carried, stacked: end.stacked }
}

fn unrolled(r: &mut Recorder, how: How) -> Chain {
    let count = how.count;
    let inputs = vec![r.input(STATE), r.input(Shape::WIDE)];
    let weights: Vec<Node> = (0..count).map(|_| r.parameter(WEIGHTS)).collect();
    let biases: Vec<Node> = (0..count).map(|_| r.parameter(CHANNELS)).collect();
    let captured = vec![r.parameter(CHANNELS), r.condition(Shape::WIDE)];
    let tables: Vec<Node> = numbers(count).chunks(STATE.count()).map(|row| r.table(row, STATE)).collect();
    let (mut end, mut stacked) = (inputs.clone(), vec![]);
    for i in (0..count).map(|i| if how.reversed { count - 1 - i } else { i }) {
        let rows = vec![weights[i], biases[i], tables[i]];
        let values = step(r, &Arguments { carried: end, rows, captured: captured.clone() });
        end = values.carried;
        stacked.extend(values.stacked);
    }
    if how.reversed {
        stacked.reverse();
    }
    Chain { inputs, variables: captured, end, stacked }
}

fn program(record: impl Fn(&mut Recorder) -> Chain) -> Program {
    let mut r = Recorder::new();
    let chain = record(&mut r);
    Program::new(r, [chain.end, chain.stacked].concat().into_iter().map(Output::PerSample).collect())
}

/// The state, the wide number and its gradient: a program that computes each body forward and once more backward.
fn with_gradient(how: How) -> Program {
    let mut r = Recorder::new();
    let chain = repeated(&mut r, how);
    let total = r.total(chain.end[0]);
    let loss = r.add(total, chain.end[1]);
    let gradient = r.gradient(loss, &[chain.inputs, chain.variables].concat());
    let results = [chain.end, gradient].concat();
    Program::new(r, results.into_iter().map(Output::PerSample).collect())
}

fn hows() -> impl Iterator<Item = How> {
    let of = |reversed| move |(count, keep)| How { count, reversed, keep };
    let all = [(1, 1), (2, 1), (5, 1), (5, 2), (6, 3)];
    all.into_iter().map(of(false)).chain(all.into_iter().map(of(true)))
}

/// Elementwise operations of the steps within repeats of a plan, and outside.
fn operations(plan: &Plan) -> [Vec<Elementwise>; 2] {
    let (mut depth, mut all) = (0, [vec![], vec![]]);
    for step in &plan.steps {
        match step {
            Step::Enter(_) => depth += 1,
            Step::Again(_) => depth -= 1,
            Step::Fused(fused) => {
                all[usize::from(depth == 0)].extend(fused.operations.iter().map(|member| member.operation));
            }
            _ => {}
        }
    }
    all
}

#[test]
fn a_body_computes_what_varies_alone() {
    use Elementwise::{Add, Multiply, Tanh};
    for how in hows() {
        let split = Split::new(&program(|r| repeated(r, how))).unwrap();
        for for_lanes in [true, false] {
            let plan = Plan::new(&split.rest, for_lanes);
            let [mut inside, outside] = operations(&plan);
            inside.sort_by_key(|operation| format!("{operation:?}"));
            assert!(inside == [Add, Add, Multiply, Tanh] && outside.is_empty(), "{how:?}: {inside:?}, {outside:?}");
            let is_packed = |step: &Step| match step {
                Step::Convolve(c) => {
                    matches!((c.weights, c.bias), (Weights::Parameter { .. }, Some(Weights::Parameter { .. })))
                }
                _ => true,
            };
            assert!(plan.steps.iter().all(is_packed), "{how:?}");
            assert!(!plan.steps.iter().any(|step| matches!(step, Step::Total(_) | Step::Table(_))), "{how:?}");
        }
    }
}

#[test]
fn derivatives_compute_what_varies_alone() {
    for how in hows() {
        let split = Split::new(&with_gradient(how)).unwrap();
        let all = operations(&Plan::new(&split.rest, true)).concat();
        let is_uniform = |operation: &Elementwise| matches!(operation, Elementwise::Sin | Elementwise::Cos);
        assert!(!all.iter().any(is_uniform), "{how:?}: {all:?}");
        assert!(operations(&Plan::new(&split.prelude, true)).concat().iter().any(is_uniform));
    }
}

#[test]
fn numbers_are_those_of_the_unrolled_program_bit_for_bit() {
    for how in hows() {
        let (repeated, unrolled) = (program(|r| repeated(r, how)), program(|r| unrolled(r, how)));
        let data = Data::new(&repeated, BATCH, 3);
        for way in ways() {
            let (got, expected) = (outputs(&repeated, &data, way, BATCH), outputs(&unrolled, &data, way, BATCH));
            assert!(got[..2] == expected[..2], "{how:?}, {way:?}");
            let rows = |i: usize| got[2].iter().skip(i).step_by(how.count).copied().collect::<Vec<f64>>();
            assert!((0..how.count).all(|i| rows(i) == expected[2 + i]), "{how:?}, {way:?}");
        }
    }
}

#[test]
fn numbers_are_those_of_the_reference_which_computes_all_of_them_in_each_step() {
    for how in [How { count: 3, reversed: false, keep: 1 }, How { count: 5, reversed: true, keep: 2 }] {
        let program = with_gradient(how);
        assert_agreement_of(everywhere(), &program, &Data::new(&program, BATCH, 3), &[1, BATCH]);
    }
    for keep in [1, 2] {
        assert_derivatives("computed weights of steps", |r| {
            let chain = repeated(r, How { count: 3, reversed: keep == 2, keep });
            let wide = r.spread(chain.end[1], STATE);
            let result = r.multiply(wide, chain.end[0]);
            Case { inputs: chain.inputs, parameters: chain.variables, result: r.scale(result, 0.1) }
        });
    }
}

/// A repeat in a repeat. Cosines are of rows of the outer steps, of rows of the inner ones, of captured numbers, and of all.
fn nested(r: &mut Recorder, keep: usize) -> Case {
    let (shape, outer, inner) = (Shape::new(1, 4), 3, 2);
    let x = r.input(shape);
    let parameters = [outer * inner, outer, inner, 1].map(|count| r.parameter(count)).to_vec();
    let [both, of_outer, of_inner, of_all] = parameters[..] else { panic!("four parameters") };
    let scan = Scan {
        count: outer,
        keep,
        carried: &[x],
        rows: &[both, of_outer],
        captured: &[of_inner, of_all],
        ..Scan::default()
    };
    let end = r.repeat(&scan, |r, of| {
        let scan = Scan {
            count: inner,
            carried: &of.carried,
            rows: &[of.rows[0], of.captured[0]],
            captured: &[of.rows[1], of.captured[1]],
            ..Scan::default()
        };
        let end = r.repeat(&scan, |r, of| {
            let cosines = [of.rows[0], of.rows[1], of.captured[0], of.captured[1]].map(|x| r.cos(x));
            let first = r.multiply(cosines[0], cosines[2]);
            let second = r.multiply(cosines[1], cosines[3]);
            let sum = r.add(first, second);
            let factor = r.spread_sites(sum, 4);
            let y = r.multiply(of.carried[0], factor);
            Values { carried: vec![r.tanh(y)], stacked: vec![] }
        });
        Values { carried: end.carried, stacked: vec![] }
    });
    Case { inputs: vec![x], parameters, result: end.carried[0] }
}

#[test]
fn uniform_values_move_out_of_all_repeats() {
    for keep in [1, 2] {
        let mut r = Recorder::new();
        let case = nested(&mut r, keep);
        let program = Program::new(r, vec![Output::PerSample(case.result)]);
        let rest = Split::new(&program).unwrap().rest;
        for for_lanes in [true, false] {
            let [inside, outside] = operations(&Plan::new(&rest, for_lanes));
            assert!(inside == [Elementwise::Multiply, Elementwise::Tanh] && outside.is_empty(), "{inside:?}");
        }
        assert_derivatives("uniform values of nested repeats", |r| nested(r, keep));
    }
}

#[test]
fn uniform_values_are_rounded_once() {
    // In f32 a body that computed the sine itself would round the row first.
    let (count, mut r) = (4, Recorder::new());
    let (start, p) = (r.input(Shape::new(1, 1)), r.parameter(count));
    let scan = Scan { count, carried: &[start], rows: &[p], ..Scan::default() };
    let end = r.repeat(&scan, |r, of| {
        let sine = r.sin(of.rows[0]);
        Values { carried: of.carried.clone(), stacked: vec![sine] }
    });
    let program = Program::new(r, vec![Output::PerSample(end.stacked[0]), Output::PerSample(end.carried[0])]);
    let parameters = random(7, count).iter().map(|x| 1e4 * x).collect::<Vec<f64>>();
    let data = Data { batch: 1, inputs: vec![vec![0.5]], parameters };
    for way in everywhere().filter(|way| way.1 == Precision::F32) {
        let got = &outputs(&program, &data, way, 1)[0];
        for (got, x) in got.iter().zip(&data.parameters) {
            assert!((got - x.sin()).abs() <= 1e-7, "{way:?}: sin {x}, got {got}");
        }
    }
}
