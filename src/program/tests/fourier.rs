//! Fourier transforms: values and derivatives against direct sums, and the laws that hold on any torus.

use super::super::{Fourier, Node, Output, Program, Recorder, Shape};
use super::agreement::{Data, assert_agreement, assert_agreement_of, everywhere, on_devices, outputs, ways};
use super::derivatives::{Case, assert_derivatives};
use super::random;
use crate::context::Precision;
use crate::lattice::Lattice;

const EXTENTS: [&[usize]; 26] = [
    &[1],
    &[2],
    &[3],
    &[5],
    &[6],
    &[9],
    &[15],
    &[16],
    &[24],
    &[30],
    &[32],
    &[64],
    &[96],
    &[1, 4],
    &[4, 1],
    &[4, 6],
    &[5, 3],
    &[15, 30],
    &[32, 32],
    &[2, 3, 5],
    &[6, 1, 4],
    &[8, 12, 5],
    &[9, 2, 18],
    &[3, 2, 4, 5],
    &[4, 1, 3, 2],
    &[8, 6, 5, 4],
];

/// The half spectrum of a field, the field of a half spectrum, and both after a nonlinear map, pulled back.
fn record(r: &mut Recorder, fourier: &Fourier, channels: usize) -> [Output; 4] {
    let field = r.input(Shape::new(channels, fourier.volume()));
    let spectrum = r.input(Shape::new(2 * channels, fourier.modes()));
    let forward = r.fourier(field, fourier);
    let backward = r.inverse_fourier(spectrum, fourier);
    [forward, backward, pulled_back(r, forward, field), pulled_back(r, backward, spectrum)].map(Output::PerSample)
}

/// The gradient of a weighted sum.
fn pulled_back(r: &mut Recorder, y: Node, x: Node) -> Node {
    let shape = r.shape(y);
    let table = r.table(&random(9, shape.count()), shape);
    let product = r.multiply(y, table);
    let sum = r.total(product);
    r.gradient(sum, &[x])[0]
}

#[test]
fn transforms_are_the_direct_sums() {
    for extents in EXTENTS {
        let fourier = Fourier::new(extents).unwrap();
        let mut r = Recorder::new();
        let outputs = record(&mut r, &fourier, if fourier.volume() < 100 { 3 } else { 1 });
        let program = Program::new(r, outputs.to_vec());
        assert_agreement(&program, &Data::new(&program, 2, 3), &[1, 2]);
    }
}

/// Transforms of all these extents in one program, for which a device builds one kernel.
#[test]
fn devices_transform_as_well() {
    let mut r = Recorder::new();
    let mut outputs = vec![];
    for extents in [&[1][..], &[15], &[4, 6], &[8, 3, 5], &[3, 2, 4, 5]] {
        outputs.extend(record(&mut r, &Fourier::new(extents).unwrap(), 2));
    }
    let program = Program::new(r, outputs);
    assert_agreement_of(on_devices(), &program, &Data::new(&program, 3, 4), &[3]);
}

#[test]
fn derivatives_of_transforms() {
    for extents in [&[6][..], &[5, 2], &[3, 4, 2]] {
        let fourier = Fourier::new(extents).unwrap();
        assert_derivatives("fourier", |r| {
            let x = r.input(Shape::new(2, fourier.volume()));
            Case { inputs: vec![x], parameters: vec![], result: r.fourier(x, &fourier) }
        });
        assert_derivatives("inverse fourier", |r| {
            let x = r.input(Shape::new(4, fourier.modes()));
            Case { inputs: vec![x], parameters: vec![], result: r.inverse_fourier(x, &fourier) }
        });
    }
}

/// Unit roundoff, and the rounding of one number that a random walk through all passes may give.
fn tolerance(precision: Precision) -> f64 {
    8.0 * if precision == Precision::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// A sum that rounds by a few units.
fn pairwise(terms: &[f64]) -> f64 {
    match terms {
        [] => 0.0,
        [term] => *term,
        _ => {
            let (left, right) = terms.split_at(terms.len() / 2);
            pairwise(left) + pairwise(right)
        }
    }
}

/// Half spectrum and twice transformed field of random fields, for all ways to run.
fn for_each_transform(extents: &[usize], check: impl Fn(&Fourier, &[f64], &[f64], &[f64], f64)) {
    let fourier = Fourier::new(extents).unwrap();
    let mut r = Recorder::new();
    let x = r.input(Shape::new(1, fourier.volume()));
    let spectrum = r.fourier(x, &fourier);
    let back = r.inverse_fourier(spectrum, &fourier);
    let program = Program::new(r, vec![Output::PerSample(spectrum), Output::PerSample(back)]);
    let data = Data::new(&program, 1, 21);
    let all: Vec<_> = if fourier.volume() > 4096 { ways().collect() } else { everywhere().collect() };
    for way in all {
        let got = outputs(&program, &data, way, 1);
        check(&fourier, &data.inputs[0], &got[0], &got[1], tolerance(way.1));
    }
}

#[test]
fn the_inverse_gives_the_field_back_and_squares_are_conserved() {
    for extents in [&[1][..], &[2], &[30], &[4, 6], &[32, 32], &[8, 12, 5], &[16, 16, 16, 16], &[5, 9, 4, 15]] {
        for_each_transform(extents, |fourier, x, spectrum, back, tolerance| {
            let error = x.iter().zip(back).fold(0.0f64, |most, (x, y)| most.max((x - y).abs()));
            assert!(error < tolerance, "{extents:?}: {error}");
            let (re, im) = spectrum.split_at(fourier.modes());
            let squares = re.iter().zip(im).enumerate().map(|(mode, (re, im))| {
                (re * re + im * im) * fourier.multiplicity(mode) as f64 / fourier.volume() as f64
            });
            let spectrum = pairwise(&squares.collect::<Vec<_>>());
            let field = pairwise(&x.iter().map(|x| x * x).collect::<Vec<_>>());
            assert!((spectrum - field).abs() < tolerance * field, "{extents:?}: {spectrum}, {field}");
        });
    }
}

#[test]
fn rounding_is_that_of_a_random_walk() {
    for extents in [&[30][..], &[32, 32], &[16, 16, 16, 16]] {
        for_each_transform(extents, |fourier, x, spectrum, _, tolerance| {
            let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            for mode in (0..fourier.modes()).step_by(fourier.modes() / 11 + 1) {
                let p = fourier.momentum(mode);
                let waves: Vec<[f64; 2]> = (0..x.len())
                    .map(|site| {
                        let n = crate::lattice::coordinates(site, extents);
                        let turns: f64 = (0..extents.len()).map(|mu| (p[mu] * n[mu]) as f64 / extents[mu] as f64).sum();
                        let (sin, cos) = (std::f64::consts::TAU * turns.fract()).sin_cos();
                        [x[site] * cos, -x[site] * sin]
                    })
                    .collect();
                let [re, im] = [0, 1].map(|part| pairwise(&waves.iter().map(|wave| wave[part]).collect::<Vec<_>>()));
                let error = (spectrum[mode] - re).hypot(spectrum[fourier.modes() + mode] - im);
                assert!(error < tolerance * length, "{extents:?}, mode {mode}: {error}, length {length}");
            }
        });
    }
}

#[test]
fn a_shift_turns_the_phase_of_each_mode() {
    let (extents, shift) = ([6, 5, 4], [2, -1, 3]);
    let (fourier, lattice) = (Fourier::new(&extents).unwrap(), Lattice::new(&extents).unwrap());
    let mut r = Recorder::new();
    let x = r.input(Shape::new(1, lattice.volume()));
    let moved = r.map(x, &super::super::Stencil::shift(&lattice, &shift).unwrap());
    let spectra = [r.fourier(x, &fourier), r.fourier(moved, &fourier)];
    let program = Program::new(r, spectra.map(Output::PerSample).to_vec());
    for way in ways() {
        let got = outputs(&program, &Data::new(&program, 1, 5), way, 1);
        for mode in 0..fourier.modes() {
            let p = fourier.momentum(mode);
            // phi(x + d) has the transform exp(i p d) X(p).
            let turns: f64 = (0..3).map(|mu| (p[mu] as f64) * shift[mu] as f64 / extents[mu] as f64).sum();
            let (sin, cos) = (std::f64::consts::TAU * turns).sin_cos();
            let [(a, b), (c, d)] = [0, 1].map(|which| (got[which][mode], got[which][fourier.modes() + mode]));
            let error = (a * cos - b * sin - c).hypot(a * sin + b * cos - d);
            assert!(error < 20.0 * tolerance(way.1), "{way:?}, mode {mode}: {error}");
        }
    }
}

#[test]
fn weights_of_modes_are_convolutions() {
    // The factor 2 - 2 cos p of a ring is its Laplace operator.
    let fourier = Fourier::new(&[10]).unwrap();
    let mut r = Recorder::new();
    let x = r.input(Shape::new(1, 10));
    let spectrum = r.fourier(x, &fourier);
    let weight = |mode: usize| 2.0 - 2.0 * (std::f64::consts::TAU * mode as f64 / 10.0).cos();
    let weights: Vec<f64> = (0..12).map(|i| weight(i % 6)).collect();
    let table = r.table(&weights, Shape::new(2, 6));
    let product = r.multiply(spectrum, table);
    let y = r.inverse_fourier(product, &fourier);
    let program = Program::new(r, vec![Output::PerSample(y)]);
    let data = Data::new(&program, 1, 8);
    let x = &data.inputs[0];
    for way in everywhere() {
        let y = &outputs(&program, &data, way, 1)[0];
        for site in 0..10 {
            let expected = 2.0 * x[site] - x[(site + 1) % 10] - x[(site + 9) % 10];
            assert!((y[site] - expected).abs() < 4.0 * tolerance(way.1), "{way:?}: {site}");
        }
    }
}
