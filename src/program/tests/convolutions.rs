//! The convolution kernels: all widths of tiles, all shapes of lattices, and the gradients that they give rise to.

use super::super::short::Short;
use super::super::{Filter, Output, Program, Recorder, Shape, Stencil};
use super::agreement::{self, Data, assert_agreement, ways};
use super::bounded::Rounding;
use super::random;
use super::reference::{Sample, evaluate};
use crate::context::Precision;
use crate::lattice::Lattice;

struct Channels {
    inputs: usize,
    outputs: usize,
}

/// A convolution with bias and rectifier, its gradients, and a second gradient: this has convolutions whose weights
/// differ between samples, correlations whose values are used, and correlations that are only summed.
fn program(stencil: &Stencil, channels: &Channels) -> Program {
    let mut r = Recorder::new();
    let x = r.input(Shape::new(channels.inputs, stencil.inputs()));
    let weights = r.parameter(channels.inputs * channels.outputs * stencil.taps());
    let bias = r.parameter(channels.outputs);
    let filter = Filter { weights, stencil, transposed: false };
    let y = r.convolve(x, filter, Some(bias), channels.outputs);
    let y = r.leaky_relu(y, 0.1);
    let bent = r.tanh(y);
    let sum = r.total(bent);
    let first = r.gradient(sum, &[x, weights, bias]);
    let table = r.table(&random(3, r.shape(weights).count()), r.shape(weights));
    let product = r.multiply(first[1], table);
    let sum = r.total(product);
    let second = r.gradient(sum, &[x, weights]);
    let outputs = vec![
        Output::PerSample(y),
        Output::PerSample(first[0]),
        Output::Summed(first[1]),
        Output::Summed(first[2]),
        Output::PerSample(second[0]),
        Output::Summed(second[1]),
    ];
    Program::new(r, outputs)
}

fn sites(lattice: &Lattice, parity: Option<usize>) -> Vec<usize> {
    (0..lattice.volume()).filter(|&s| parity.is_none_or(|p| lattice.parity(s) == p)).collect()
}

fn cube(extent: &[usize], kernel: usize, ends: [Option<usize>; 2]) -> Stencil {
    let lattice = Lattice::new(extent).unwrap();
    Stencil::cube(&lattice, kernel, &sites(&lattice, ends[0]), &sites(&lattice, ends[1])).unwrap()
}

#[test]
fn all_numbers_of_channels() {
    let counts = || (1..=10).chain([16, 17]);
    // 15 sites: tiles of every width, and a remainder.
    let stencil = cube(&[15], 3, [None, None]);
    for (inputs, outputs) in counts().flat_map(|i| counts().map(move |o| (i, o))) {
        let program = program(&stencil, &Channels { inputs, outputs });
        let data = Data::new(&program, 3, (100 * inputs + outputs) as u64);
        let sharpness = assert_agreement(&program, &data, &[3]);
        assert!(sharpness.fraction() > 0.85, "{inputs}, {outputs}: {}", sharpness.fraction());
    }
}

#[test]
fn all_shapes_of_lattices_kernels_and_sublattices() {
    let extents: [&[usize]; 20] = [
        &[2],
        &[3],
        &[4],
        &[6],
        &[2, 2],
        &[3, 2],
        &[2, 4],
        &[3, 3],
        &[4, 4],
        &[6, 2],
        &[3, 4],
        &[6, 3],
        &[4, 6],
        &[2, 2, 2],
        &[4, 2, 2],
        &[2, 3, 4],
        &[3, 3, 2],
        &[2, 2, 2, 2],
        &[4, 2, 2, 2],
        &[2, 3, 2, 2],
    ];
    let parities = || [None, Some(0), Some(1)].into_iter();
    for extent in extents {
        for kernel in [1, 3, 5] {
            if kernel == 5 && extent.len() == 4 && extent != [2, 2, 2, 2] {
                continue;
            }
            for ends in parities().flat_map(|from| parities().map(move |to| [from, to])) {
                let program = program(&cube(extent, kernel, ends), &Channels { inputs: 2, outputs: 3 });
                assert_agreement(&program, &Data::new(&program, 2, 9), &[2]);
            }
        }
    }
}

#[test]
fn short_convolutions_along_rows() {
    for extent in [&[14, 8][..], &[18, 6], &[14, 4], &[7, 3], &[4, 4, 4], &[12, 2], &[6, 2, 2, 2]] {
        for (inputs, outputs) in [(12, 11), (16, 16), (9, 31)] {
            let stencil = cube(extent, 3, [None, None]);
            assert!(matches!(Short::find(&stencil, inputs, outputs), Some(Short::Rows(_))), "{extent:?}");
            assert_sharp(&stencil, &Channels { inputs, outputs });
        }
    }
}

#[test]
fn fourier_transforms_on_tori() {
    for (extent, kernel) in
        [([4, 4], 3), ([6, 12], 3), ([8, 8], 5), ([10, 6], 3), ([12, 8], 3), ([16, 10], 3), ([4, 16], 3)]
    {
        for (inputs, outputs) in [(12, 11), (16, 16), (9, 8)] {
            let stencil = cube(&extent, kernel, [None, None]);
            assert!(matches!(Short::find(&stencil, inputs, outputs), Some(Short::Torus(_))), "{extent:?}");
            assert_sharp(&stencil, &Channels { inputs, outputs });
        }
    }
}

/// Results agree within their bounds, which are far from sharp, and within a random walk of one rounding for each term.
fn assert_sharp(stencil: &Stencil, channels: &Channels) {
    let program = program(stencil, channels);
    let data = Data::new(&program, 2, 11);
    assert_agreement(&program, &data, &[2]);
    let walk = ((stencil.taps() * channels.inputs) as f64).sqrt();
    let exact = outputs_of_reference(&program, &data);
    let largest = exact.iter().fold(0.0f64, |m, y| m.max(y.abs()));
    for way in ways() {
        let unit = if way.1 == Precision::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let got = &agreement::outputs(&program, &data, way, 2)[0];
        let error = got.iter().zip(&exact).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
        let steps = error / (unit * largest * walk);
        assert!(steps < 1.0, "{:?} to {}: {way:?}: {steps}", channels.inputs, channels.outputs);
    }
}

#[test]
fn fourier_transforms_with_a_bias_for_each_sample() {
    let stencil = cube(&[8, 8], 3, [None, None]);
    let mut r = Recorder::new();
    let x = r.input(Shape::new(12, 64));
    let weights = r.parameter(12 * 16 * 9);
    let bias = r.input(Shape::new(16, 1));
    assert!(matches!(Short::find(&stencil, 12, 16), Some(Short::Torus(_))));
    let filter = Filter { weights, stencil: &stencil, transposed: false };
    let y = r.convolve(x, filter, Some(bias), 16);
    let program = Program::new(r, vec![Output::PerSample(y)]);
    let data = Data::new(&program, 5, 13);
    assert_agreement(&program, &data, &[1, 5]);
    // The bias counts: another one gives other results.
    let mut other = Data::new(&program, 5, 13);
    other.inputs[1].iter_mut().for_each(|b| *b += 1.0);
    let way = ways().next().unwrap();
    let (one, two) = (agreement::outputs(&program, &data, way, 5), agreement::outputs(&program, &other, way, 5));
    assert!(one[0].iter().zip(&two[0]).all(|(a, b)| (b - a - 1.0).abs() < 1e-4));
}

/// The first output of each sample, in f64.
fn outputs_of_reference(program: &Program, data: &Data) -> Vec<f64> {
    let samples = (0..data.batch).map(|i| {
        let values = evaluate(
            &program.recorder,
            Rounding { precision: Precision::F64, has_double: true },
            &Sample { inputs: &data.sample(i), parameters: &data.parameters },
        );
        values[program.outputs[0].node().0 as usize].clone()
    });
    samples.flatten().map(|y| y.value).collect()
}
