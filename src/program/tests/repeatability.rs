//! Results depend on nothing but the sample: not on threads, on the samples around it, or on lanes that hold none.

use super::super::short::Short;
use super::super::{Executable, Feed, Key};
use super::super::{Filter, Output, Program, Recorder, Shape, Stencil};
use super::agreement::{Way, everywhere, ways};
use super::random;
use crate::context::{Context, Precision};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::simd::Instructions;
use std::sync::Arc;

/// A small network with all outputs that training needs: a value, a loss, a gradient of parameters, and its sum.
fn network() -> Program {
    let mut r = Recorder::new();
    let x = r.input(Shape::new(1, 8));
    let lattice = Lattice::new(&[4, 2]).unwrap();
    let all: Vec<usize> = (0..8).collect();
    let stencil = Stencil::cube(&lattice, 3, &all, &all).unwrap();
    // Channels enough for the short algorithm in the second convolution.
    let widen = r.parameter(12 * 9);
    let y = r.convolve(x, Filter { weights: widen, stencil: &stencil, transposed: false }, None, 12);
    let (weights, bias) = (r.parameter(12 * 12 * 9), r.parameter(12));
    assert!(matches!(Short::find(&stencil, 12, 12), Some(Short::Rows(_))));
    let y = r.convolve(y, Filter { weights, stencil: &stencil, transposed: false }, Some(bias), 12);
    let y = r.leaky_relu(y, 0.01);
    let y = r.tanh(y);
    let loss = r.total(y);
    let gradient = r.gradient(loss, &[weights, bias]);
    let outputs = vec![
        Output::PerSample(y),
        Output::PerSample(loss),
        Output::PerSample(gradient[1]),
        Output::Summed(gradient[0]),
        Output::Summed(gradient[1]),
        Output::Summed(loss),
    ];
    Program::new(r, outputs)
}

/// Outputs as bits.
fn run(program: &Program, how: (Way, Precision), threads: usize, feed: (usize, Feed)) -> Vec<Vec<u64>> {
    let executable = how.0.executable(program, how.1);
    let bound = Arc::new(executable).bind(&random(1, program.parameters())).unwrap();
    let (batch, feed) = feed;
    let length =
        |i: usize| program.output_count(i) * if matches!(program.outputs[i], Output::Summed(_)) { 1 } else { batch };
    let mut results: Vec<Vec<f64>> = (0..program.outputs.len()).map(|i| vec![f64::NAN; length(i)]).collect();
    let mut slices: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
    let context = Context::new(1, how.1, threads).unwrap();
    bound.run(&context, batch, &[feed], &mut slices).unwrap();
    results.into_iter().map(|x| x.into_iter().map(f64::to_bits).collect()).collect()
}

fn key(counter: u64) -> Feed<'static> {
    Feed::Normal(Key { seed: 4, purpose: Purpose::Prior, counter, stream: 0 })
}

#[test]
fn results_are_the_same_for_any_number_of_threads() {
    let program = network();
    let numbers = random(2, 8 * 1111);
    for how in ways() {
        for feed in [Feed::Array(&numbers), key(7)] {
            let alone = run(&program, how, 1, (1111, feed));
            for threads in [2, 5] {
                assert_eq!(run(&program, how, threads, (1111, feed)), alone, "{how:?}, {threads} threads");
            }
        }
    }
}

#[test]
fn a_sample_does_not_see_the_batch_around_it() {
    let program = network();
    let numbers = random(2, 8 * 37);
    for how in everywhere() {
        let all = run(&program, how, 1, (37, Feed::Array(&numbers)));
        let drawn = run(&program, how, 1, (37, key(5)));
        for sample in [0, 1, 7, 8, 15, 16, 31, 36] {
            let one = run(&program, how, 1, (1, Feed::Array(&numbers[8 * sample..][..8])));
            let drawn_one = run(&program, how, 1, (1, key(5 + sample as u64)));
            for output in 0..3 {
                let count = program.output_count(output);
                let range = sample * count..(sample + 1) * count;
                assert_eq!(one[output], all[output][range.clone()], "{how:?}, sample {sample}, output {output}");
                assert_eq!(drawn_one[output], drawn[output][range], "{how:?}, sample {sample}, output {output}");
            }
        }
    }
}

#[test]
fn lanes_without_a_sample_are_in_no_sum() {
    let program = network();
    for how in everywhere() {
        for batch in [1, 3, 8, 9, 17] {
            let results = run(&program, how, 1, (batch, key(5)));
            for (each, summed) in [(1, 5), (2, 4)] {
                let (each, summed) = (&results[each], &results[summed]);
                let tolerance = if how.1 == Precision::F32 { 1e-5 } else { 1e-13 };
                for (i, &sum) in summed.iter().enumerate() {
                    let terms: Vec<f64> =
                        each.iter().skip(i).step_by(summed.len()).map(|&x| f64::from_bits(x)).collect();
                    let magnitude: f64 = terms.iter().map(|x| x.abs()).sum();
                    let difference = f64::from_bits(sum) - terms.iter().sum::<f64>();
                    assert!(difference.abs() <= tolerance * magnitude, "{how:?}, {batch}: off by {difference}");
                }
            }
        }
    }
}

#[test]
fn an_overflow_in_a_lane_without_a_sample_is_in_no_sum() {
    let mut r = Recorder::new();
    let x = r.input(Shape::new(1, 1));
    let scaled = r.scale(x, 300.0);
    let e = r.exp(scaled);
    let large = r.multiply(e, e);
    let large = r.multiply(large, large);
    let large = r.multiply(large, large);
    let large = r.multiply(large, large);
    let program = Program::new(r, vec![Output::PerSample(large), Output::Summed(large)]);
    for how in everywhere() {
        // Samples below zero give zero, those above overflow; each of the former is summed alone, beside empty lanes.
        let drawn = |counter| run(&program, how, 1, (1, key(counter)));
        let small: Vec<u64> = (0..40).filter(|&counter| f64::from_bits(drawn(counter)[0][0]) < 1.0).collect();
        assert!(small.len() > 5, "{how:?}");
        for counter in small {
            let sum = f64::from_bits(drawn(counter)[1][0]);
            assert!(sum < 1.0, "{how:?}, counter {counter}: sum {sum}");
        }
    }
}

#[test]
fn an_empty_batch_gives_empty_results_and_sums_of_zero() {
    let program = network();
    for how in everywhere() {
        let results = run(&program, how, 2, (0, key(0)));
        assert!(results[..3].iter().all(Vec::is_empty));
        assert!(results[3..].iter().flatten().all(|&bits| bits == 0));
    }
}

#[test]
fn normal_numbers_are_those_of_the_streams() {
    let mut r = Recorder::new();
    let x = r.input(Shape::new(1, 7));
    let program = Program::new(r, vec![Output::PerSample(x)]);
    for how in ways() {
        let drawn = run(&program, how, 1, (21, key(u64::MAX - 9)));
        let tolerance = if how.1 == Precision::F32 { 1e-7 } else { 4e-15 };
        for sample in 0..21 {
            let mut expected = [0.0; 7];
            let counter = (u64::MAX - 9).wrapping_add(sample);
            Stream::new(4, Purpose::Prior, counter).normals(&mut expected);
            for (x, &y) in expected.iter().zip(&drawn[0][7 * sample as usize..]) {
                let difference = (x - f64::from_bits(y)).abs();
                assert!(difference <= tolerance * (1.0 + x.abs()), "{how:?}: {difference}");
            }
        }
    }
}

#[test]
fn feeds_and_results_of_a_wrong_size_are_refused() {
    let bound = Arc::new(Executable::with_instructions(network(), Precision::F64, Instructions::best()).unwrap());
    assert_eq!(bound.bind(&[0.0; 29]).err().unwrap().to_string(), "parameters: expected 1416 numbers, got 29");
    let bound = bound.bind(&[0.0; 1416]).unwrap();
    let context = super::context();
    let mut numbers = vec![0.0; 192];
    let message =
        |feeds: &[Feed], outputs: &mut [&mut [f64]]| bound.run(context, 2, feeds, outputs).unwrap_err().to_string();
    assert_eq!(message(&[], &mut []), "feeds: expected input 0, got 0");
    assert_eq!(message(&[Feed::Array(&[0.0; 15])], &mut []), "input 0: expected 16 numbers, got 15");
    assert_eq!(message(&[key(0)], &mut [&mut numbers]), "outputs: expected 6, got 1");
    let mut others: [Vec<f64>; 5] = std::array::from_fn(|_| vec![]);
    let mut outputs: Vec<&mut [f64]> = vec![&mut numbers[..47]];
    outputs.extend(others.iter_mut().map(Vec::as_mut_slice));
    assert_eq!(message(&[key(0)], &mut outputs), "output 0: expected 192 numbers, got 47");
}
