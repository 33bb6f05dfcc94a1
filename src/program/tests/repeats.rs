//! Repeats: the numbers of the unrolled program, derivatives, rows of parameters and noise.

use super::super::short::Short;
use super::super::{Arguments, Feed, Filter, Key, Node, Output, Program, Recorder, Scan, Shape, Stencil, Values};
use super::agreement::{Data, assert_agreement_of, device_ways, outputs, ways};
use crate::context::{Context, Precision};
use crate::random::Purpose;
use std::sync::Arc;

pub const SITES: usize = 6;
pub const CHANNELS: usize = 3;
/// Samples of a batch: more than a block, and not a whole number of these.
const BATCH: usize = 19;

/// A stencil of three taps with periodic neighbours.
fn stencil() -> Stencil {
    let table = (0..SITES as u32).flat_map(|s| [(s + 5) % 6, s, (s + 1) % 6]).collect();
    Stencil::new(SITES, 3, table).unwrap()
}

/// Numbers of the weights of a step, and of its noise: an odd number, so that rows begin between the numbers of a pair.
const WEIGHTS: usize = CHANNELS * CHANNELS * 3;
const NOISE: Shape = Shape { channels: 1, sites: SITES / 2 + 2, wide: false };

/// One step: a convolution with a bias and a rectifier or a smooth function, noise, and the density as a carried wide
/// number. Rows are weights, bias, noise and a value of each sample; captured are weights.
pub fn step<const IS_SMOOTH: bool>(r: &mut Recorder, of: &Arguments) -> Values {
    let stencil = stencil();
    let filter = |weights| Filter { weights, stencil: &stencil, transposed: false };
    let y = r.convolve(of.carried[0], filter(of.rows[0]), Some(of.rows[1]), CHANNELS);
    let y = if IS_SMOOTH { r.tanh(y) } else { r.leaky_relu(y, 0.1) };
    let z = r.convolve(y, filter(of.captured[0]), None, CHANNELS);
    let z = r.tanh(z);
    let product = r.multiply(z, of.rows[3]);
    let noise = r.tanh(of.rows[2]);
    let shift = r.total(noise);
    let density = r.add(of.carried[1], shift);
    let bent = r.tanh(density);
    let spread = r.spread(bent, Shape::new(CHANNELS, SITES));
    let x = r.add(product, spread);
    let sum = r.total(x);
    let density = r.add(density, sum);
    let density = r.scale(density, 0.5);
    Values { carried: vec![x, density, of.carried[0]], stacked: vec![z, density] }
}

/// The same steps one after the other; `rows[i]` are the rows of step i.
fn unrolled(r: &mut Recorder, start: &[Node], rows: &[Vec<Node>], captured: &[Node]) -> (Vec<Node>, Vec<Vec<Node>>) {
    let (mut carried, mut stacked) = (start.to_vec(), vec![]);
    for rows in rows {
        let of = Arguments { carried, rows: rows.clone(), captured: captured.to_vec() };
        let values = step::<false>(r, &of);
        carried = values.carried;
        stacked.push(values.stacked);
    }
    (carried, stacked)
}

/// How a chain of steps is recorded.
#[derive(Clone, Copy, Debug)]
pub struct How {
    pub count: usize,
    pub reversed: bool,
    pub keep: usize,
}

/// Inputs: start, previous state, density, noise, values of each sample. Outputs: carried values, then stacked ones row by row.
pub fn repeated(how: How) -> Program {
    let mut r = Recorder::new();
    let (inputs, parameters) = inputs(&mut r, how.count);
    let end = record::<false>(&mut r, how, &inputs, &parameters);
    let outputs = [end.carried, end.stacked].concat();
    Program::new(r, outputs.into_iter().map(Output::PerSample).collect())
}

pub fn inputs(r: &mut Recorder, count: usize) -> (Vec<Node>, Vec<Node>) {
    let state = Shape::new(CHANNELS, SITES);
    let shapes = [state, Shape::WIDE, state, stacked(NOISE, count), stacked(state, count)];
    let inputs = shapes.map(|shape| r.input(shape)).to_vec();
    let parameters = [count * WEIGHTS, count * CHANNELS, WEIGHTS].map(|n| r.parameter(n)).to_vec();
    (inputs, parameters)
}

pub fn stacked(row: Shape, count: usize) -> Shape {
    Shape { channels: count * row.channels, ..row }
}

pub fn record<const IS_SMOOTH: bool>(r: &mut Recorder, how: How, inputs: &[Node], parameters: &[Node]) -> Values {
    let How { count, reversed, keep } = how;
    let rows = [parameters[0], parameters[1], inputs[3], inputs[4]];
    let scan = Scan { count, reversed, keep, carried: &inputs[..3], rows: &rows, captured: &parameters[2..] };
    r.repeat(&scan, step::<IS_SMOOTH>)
}

/// The same program without a repeat, and with the results of each row as an output of its own.
fn unrolled_program(how: How) -> Program {
    let How { count, reversed, .. } = how;
    let mut r = Recorder::new();
    let state = Shape::new(CHANNELS, SITES);
    let inputs: Vec<Node> =
        [state, Shape::WIDE, state, stacked(NOISE, count), stacked(state, count)].map(|s| r.input(s)).to_vec();
    let weights: Vec<Node> = (0..count).map(|_| r.parameter(WEIGHTS)).collect();
    let biases: Vec<Node> = (0..count).map(|_| r.parameter(CHANNELS)).collect();
    let captured = r.parameter(WEIGHTS);
    let mut rows: Vec<Vec<Node>> = (0..count)
        .map(|i| {
            let noise = r.channels(inputs[3], i, 1);
            let value = r.channels(inputs[4], i * CHANNELS, CHANNELS);
            vec![weights[i], biases[i], noise, value]
        })
        .collect();
    if reversed {
        rows.reverse();
    }
    let (carried, mut stacked) = unrolled(&mut r, &inputs[..3], &rows, &[captured]);
    if reversed {
        stacked.reverse();
    }
    let outputs = carried.into_iter().chain(stacked.into_iter().flatten());
    Program::new(r, outputs.map(Output::PerSample).collect())
}

/// Rows of stacked outputs as the unrolled program gives them.
fn row_by_row(results: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
    let mut all = results[..3].to_vec();
    for i in 0..count {
        for stacked in &results[3..] {
            let samples = BATCH;
            let length = stacked.len() / samples / count;
            all.push(stacked.chunks(length * count).flat_map(|of| of[i * length..][..length].to_vec()).collect());
        }
    }
    all
}

fn hows() -> Vec<How> {
    let mut hows = vec![];
    for reversed in [false, true] {
        for (count, keep) in [(1, 1), (2, 1), (5, 1), (6, 3), (5, 2), (7, 4)] {
            hows.push(How { count, reversed, keep });
        }
    }
    hows
}

#[test]
fn numbers_are_those_of_the_unrolled_program_bit_for_bit() {
    for how in hows() {
        let (program, plain) = (repeated(how), unrolled_program(how));
        let data = Data::new(&program, BATCH, 3);
        for way in ways() {
            let got = row_by_row(&outputs(&program, &data, way, BATCH), how.count);
            assert!(got == outputs(&plain, &data, way, BATCH), "{how:?}, {way:?}");
        }
    }
}

#[test]
fn faster_convolutions_read_the_weights_of_their_row() {
    for (extents, channels) in [(&[4, 2][..], 12), (&[8, 8], 16)] {
        let stencil = Stencil::of_lattice(extents, 3);
        assert!(Short::find(&stencil, channels, channels).is_some());
        let (count, weights) = (3, channels * channels * 9);
        let layer = |r: &mut Recorder, x: Node, weights: Node| {
            let filter = Filter { weights, stencil: &stencil, transposed: false };
            let y = r.convolve(x, filter, None, channels);
            r.tanh(y)
        };
        let program = |is_repeated| {
            let mut r = Recorder::new();
            let mut x = r.input(Shape::new(channels, stencil.inputs()));
            if is_repeated {
                let all = r.parameter(count * weights);
                let scan = Scan { count, carried: &[x], rows: &[all], ..Scan::default() };
                let body = |r: &mut Recorder, of: &Arguments| {
                    let y = layer(r, of.carried[0], of.rows[0]);
                    Values { carried: vec![y], stacked: vec![] }
                };
                x = r.repeat(&scan, body).carried[0];
            } else {
                for _ in 0..count {
                    let own = r.parameter(weights);
                    x = layer(&mut r, x, own);
                }
            }
            Program::new(r, vec![Output::PerSample(x)])
        };
        let (program, plain) = (program(true), program(false));
        let data = Data::new(&program, BATCH, 3);
        for way in ways() {
            assert!(outputs(&program, &data, way, BATCH) == outputs(&plain, &data, way, BATCH), "{way:?}");
        }
    }
}

#[test]
fn devices_agree_with_the_reference() {
    for (i, how) in hows().into_iter().enumerate().filter(|(i, _)| i % 3 == 1) {
        let program = repeated(how);
        let data = Data::new(&program, 9, 3);
        for precision in [Precision::F32, Precision::F64] {
            // The ways in turn.
            let ways = device_ways(precision).into_iter().map(|way| (way, precision));
            assert_agreement_of(ways.skip(i % 4).take(2), &program, &data, &[1, 9]);
        }
    }
}

#[test]
fn no_steps_leave_everything_as_it_is() {
    let mut r = Recorder::new();
    let (inputs, parameters) = inputs(&mut r, 0);
    let how = How { count: 0, reversed: false, keep: 1 };
    let end = record::<false>(&mut r, how, &inputs, &parameters);
    assert!(end.carried == inputs[..3] && end.stacked.is_empty());
    let sum = r.total(end.carried[0]);
    let gradient = r.gradient(sum, &inputs[..1]);
    let program = Program::new(r, [gradient, end.carried].concat().into_iter().map(Output::PerSample).collect());
    let data = Data::new(&program, 3, 1);
    let got = outputs(&program, &data, ways().next().unwrap(), 3);
    assert_eq!(got[0], vec![1.0; 3 * CHANNELS * SITES]);
}

/// Sum over samples of a loss and of its gradient with respect to the parameters.
pub fn training(how: How) -> Program {
    let mut r = Recorder::new();
    let (inputs, parameters) = inputs(&mut r, how.count);
    let end = record::<false>(&mut r, how, &inputs, &parameters);
    let square = r.multiply(end.carried[0], end.carried[0]);
    let sum = r.total(square);
    let loss = r.add(sum, end.carried[1]);
    let gradient = r.gradient(loss, &parameters);
    let outputs = std::iter::once(loss).chain(gradient).map(Output::Summed).collect();
    Program::new(r, outputs)
}

#[test]
fn the_gradient_is_the_same_whatever_is_kept() {
    for reversed in [false, true] {
        let all = training(How { count: 7, reversed, keep: 1 });
        let data = Data::new(&all, BATCH, 4);
        for way in ways() {
            let expected = outputs(&all, &data, way, BATCH);
            for keep in [2, 3, 7, 9] {
                let program = training(How { count: 7, reversed, keep });
                let got = outputs(&program, &data, way, BATCH);
                assert!(got[..3] == expected[..3], "{reversed}, {keep}, {way:?}");
                // Gradients of captured values are summed segment by segment.
                let tolerance = if way.1 == Precision::F32 { 1e-4 } else { 1e-12 };
                let near = |(a, b): (&f64, &f64)| (a - b).abs() < tolerance * (1.0 + b.abs());
                assert!(got[3].iter().zip(&expected[3]).all(near), "{reversed}, {keep}, {way:?}");
            }
        }
    }
}

#[test]
fn results_are_the_same_for_any_number_of_threads() {
    let program = training(How { count: 5, reversed: false, keep: 2 });
    let data = Data::new(&program, 300, 4);
    for how in ways() {
        let bound = Arc::new(how.0.executable(&program, how.1)).bind(&data.parameters).unwrap();
        let results = [1, 2, 5].map(|threads| {
            let context = Context::new(1, how.1, threads).unwrap();
            let feeds: Vec<Feed> = data.inputs.iter().map(|x| Feed::Array(x)).collect();
            let mut results: Vec<Vec<f64>> = (0..4).map(|i| vec![0.0; program.output_count(i)]).collect();
            let mut slices: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            bound.run(&context, 300, &feeds, &mut slices).unwrap();
            results
        });
        assert!(results[1] == results[0] && results[2] == results[0], "{how:?}");
    }
}

/// Rows of noise, with the whole noise beside them.
fn noise(count: usize, row: Shape) -> Program {
    let mut r = Recorder::new();
    let noise = r.input(stacked(row, count));
    let start = r.constant(0.0, row);
    let scan = Scan { count, carried: &[start], rows: &[noise], reversed: true, ..Scan::default() };
    let end =
        r.repeat(&scan, |r, of| Values { carried: vec![r.add(of.carried[0], of.rows[0])], stacked: vec![of.rows[0]] });
    Program::new(
        r,
        vec![Output::PerSample(noise), Output::PerSample(end.stacked[0]), Output::PerSample(end.carried[0])],
    )
}

#[test]
fn noise_of_step_i_is_row_i_of_the_stream() {
    for row in [Shape::new(1, 5), Shape::new(3, 1), Shape::new(2, 4), Shape::new(1, 1)] {
        let program = noise(6, row);
        let of = |precision| device_ways(precision).into_iter().map(move |way| (way, precision));
        for how in ways().chain(of(Precision::F32)).chain(of(Precision::F64)) {
            let bound = Arc::new(how.0.executable(&program, how.1)).bind(&[]).unwrap();
            let count = 6 * row.count();
            let (mut all, mut rows, mut sum) = (vec![0.0; 7 * count], vec![1.0; 7 * count], vec![0.0; 7 * row.count()]);
            let key = Key { seed: 3, purpose: Purpose::Prior, counter: 8, stream: 0 };
            bound.run(super::context(), 7, &[Feed::Normal(key)], &mut [&mut all, &mut rows, &mut sum]).unwrap();
            assert!(all == rows && all.iter().all(|&x| x != 0.0), "{row:?}, {how:?}: {all:?} {rows:?}");
        }
    }
}
