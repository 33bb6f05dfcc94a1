//! Random inputs: the numbers of the streams, the same for all devices, instruction sets, batches and numbers of threads.

use super::super::{Executable, Feed, Key, Output, Program, Recorder, Shape};
use super::agreement::{Way, device_ways, everywhere, ways};
use crate::context::{Context, Precision};
use crate::random::{Purpose, Stream};
use std::sync::Arc;

const COUNT: usize = 5;

fn key(stream: u64) -> Key {
    Key { seed: 9, purpose: Purpose::Prior, counter: u64::MAX - 20, stream }
}

/// A program that gives its inputs.
fn inputs(shapes: &[Shape]) -> Program {
    let mut r = Recorder::new();
    let outputs = shapes.iter().map(|&shape| Output::PerSample(r.input(shape))).collect();
    Program::new(r, outputs)
}

fn run(program: &Program, how: (Way, Precision), threads: usize, (batch, feeds): (usize, &[Feed])) -> Vec<Vec<f64>> {
    let bound = Arc::new(how.0.executable(program, how.1)).bind(&[]).unwrap();
    let mut results: Vec<Vec<f64>> =
        (0..program.outputs.len()).map(|i| vec![f64::NAN; batch * program.output_count(i)]).collect();
    let mut slices: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
    bound.run(&Context::new(1, how.1, threads).unwrap(), batch, feeds, &mut slices).unwrap();
    results
}

/// All layouts on devices, and all instruction sets.
fn all_ways() -> impl Iterator<Item = (Way, Precision)> {
    let of = |precision| device_ways(precision).into_iter().map(move |way| (way, precision));
    ways().chain(of(Precision::F32)).chain(of(Precision::F64))
}

/// Number `index` of a sample in a stream: the first 24 bits of the draw in f32, else 53, or 48 in two floats.
fn uniform(stream: u64, (sample, index): (usize, usize), digits: u32) -> f64 {
    let counter = key(stream).counter.wrapping_add(sample as u64);
    let mut stream = Stream::numbered(9, Purpose::Prior, counter, stream);
    stream.advance(index as u64);
    (stream.bits() >> (64 - digits)) as f64 / (1u64 << digits) as f64
}

#[test]
fn uniform_numbers_are_those_of_the_streams_bit_for_bit() {
    let program = inputs(&[Shape::new(1, COUNT), Shape::WIDE]);
    for how in all_ways() {
        let results = run(&program, how, 2, (37, &[Feed::Uniform(key(3)), Feed::Uniform(key(4))]));
        let digits = if how.1 == Precision::F32 { 24 } else { 53 };
        let is_pair = matches!(how.0, Way::Device(target) if !target.has_double);
        for sample in 0..37 {
            let expected: Vec<f64> = (0..COUNT).map(|i| uniform(3, (sample, i), digits)).collect();
            assert_eq!(results[0][sample * COUNT..][..COUNT], expected, "{how:?}, sample {sample}");
            let expected = uniform(4, (sample, 0), if is_pair { 48 } else { 53 });
            assert_eq!(results[1][sample], expected, "{how:?}, sample {sample}");
        }
    }
}

#[test]
fn wide_normal_numbers_are_those_of_the_streams() {
    let program = inputs(&[Shape::WIDE]);
    for how in all_ways() {
        let results = run(&program, how, 1, (19, &[Feed::Normal(key(2))]));
        let tolerance = if matches!(how.0, Way::Device(target) if !target.has_double) { 1e-5 } else { 4e-15 };
        for (sample, got) in results[0].iter().enumerate() {
            let counter = key(2).counter.wrapping_add(sample as u64);
            let mut expected = [0.0];
            Stream::numbered(9, Purpose::Prior, counter, 2).normals(&mut expected);
            assert!((got - expected[0]).abs() <= tolerance * (1.0 + got.abs()), "{how:?}: {got}, {expected:?}");
        }
    }
}

#[test]
fn inputs_with_different_streams_get_different_numbers_and_equal_streams_are_refused() {
    let program = inputs(&[Shape::new(1, COUNT); 2]);
    for how in everywhere() {
        for feed in [Feed::Normal, Feed::Uniform] {
            let results = run(&program, how, 1, (20, &[feed(key(0)), feed(key(1))]));
            assert!(results[0].iter().zip(&results[1]).all(|(a, b)| a != b), "{how:?}");
        }
    }
    let executable = Arc::new(Executable::new(program, super::context()).unwrap());
    let bound = executable.bind(&[]).unwrap();
    let mut numbers = [[0.0; COUNT]; 2];
    let mut message = |feeds: [Feed; 2]| {
        let mut outputs: Vec<&mut [f64]> = numbers.iter_mut().map(|x| &mut x[..]).collect();
        bound.run(super::context(), 1, &feeds, &mut outputs).unwrap_err().to_string()
    };
    let later = Key { counter: 3, ..key(5) };
    let expected = "input 1: expected a stream of its own, got 5, which input 0 has";
    assert_eq!(message([Feed::Normal(key(5)), Feed::Normal(later)]), expected);
    assert_eq!(message([Feed::Rows(&[0.0; COUNT], key(5)), Feed::Uniform(later)]), expected);
    let expected = "input 0: expected whole rows of 5 numbers, got 7 numbers";
    assert_eq!(message([Feed::Rows(&[0.0; 7], key(5)), Feed::Uniform(key(0))]), expected);
    let expected = "input 1: expected whole rows of 5 numbers, got 0 numbers";
    assert_eq!(message([Feed::Uniform(key(0)), Feed::Rows(&[], key(5))]), expected);
}

#[test]
fn rows_are_drawn_by_the_key_alone() {
    const ROWS: usize = 11;
    let program = inputs(&[Shape::new(1, COUNT), Shape::WIDE]);
    let data: Vec<f64> = (0..COUNT * ROWS).map(|i| i as f64).collect();
    let labels: Vec<f64> = (0..ROWS).map(|i| i as f64).collect();
    // Equal keys choose the same rows of both arrays.
    let feeds = [Feed::Rows(&data, key(6)), Feed::Rows(&labels, key(6))];
    for how in all_ways() {
        for threads in [1, 3] {
            let results = run(&program, how, threads, (200, &feeds));
            for (sample, row) in results[0].chunks(COUNT).enumerate() {
                // Of so few rows the first bits choose the same one as all bits do.
                let chosen = (uniform(6, (sample, 0), 53) * ROWS as f64).floor();
                assert_eq!(row[0], chosen * COUNT as f64, "{how:?}, sample {sample}");
                assert!(row.windows(2).all(|pair| pair[1] == pair[0] + 1.0), "{how:?}: {row:?}");
                assert_eq!(results[1][sample], chosen, "{how:?}, sample {sample}");
            }
        }
    }
}

#[test]
fn rows_are_drawn_with_equal_probability() {
    const ROWS: usize = 7;
    const DRAWS: usize = 7000;
    let mut counts = [0usize; ROWS];
    (0..DRAWS).for_each(|sample| counts[key(0).row(sample as u64, ROWS)] += 1);
    let (mean, p) = ((DRAWS / ROWS) as f64, 1.0 / ROWS as f64);
    let error = (DRAWS as f64 * p * (1.0 - p)).sqrt();
    assert!(counts.iter().all(|&n| (n as f64 - mean).abs() < 5.0 * error), "{counts:?}");
}

#[test]
fn a_sample_has_its_numbers_in_any_batch_on_any_number_of_threads() {
    let program = inputs(&[Shape::new(1, COUNT); 3]);
    let data: Vec<f64> = (0..COUNT * 50).map(|i| i as f64).collect();
    for how in everywhere() {
        let feeds = |first: u64| {
            let at = |stream| Key { counter: key(0).counter.wrapping_add(first), ..key(stream) };
            [Feed::Normal(at(0)), Feed::Uniform(at(1)), Feed::Rows(&data, at(2))]
        };
        let all = run(&program, how, 3, (300, &feeds(0)));
        for sample in [0, 7, 16, 299] {
            let one = run(&program, how, 1, (1, &feeds(sample)));
            for (one, all) in one.iter().zip(&all) {
                assert_eq!(one[..], all[sample as usize * COUNT..][..COUNT], "{how:?}, sample {sample}");
            }
        }
    }
}
