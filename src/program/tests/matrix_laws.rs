//! Laws of the operations on matrices, on all instruction sets and devices, also where eigenvalues are equal.

use super::super::operations::matrix::Matrices;
use super::super::{Node, Output, Program, Recorder, Shape, Square};
use super::agreement::{Data, on_devices, outputs, ways};
use super::random;
use crate::context::Precision;
use crate::group::{self, Complex64, Differential, Matrix};
use crate::random::{Purpose, Stream};
use std::f64::consts::PI;

/// exp(x), its pull-back of a cotangent g, and the phases, projectors, logarithm and log determinant of it.
fn program(n: usize) -> Program {
    let (mut r, square) = (Recorder::new(), Square::complex(n));
    let shape = Shape::new(square.channels(), 1);
    let inputs = [0, 1, 2].map(|_| r.input(shape));
    let [x, g, u] = inputs;
    let mut record = |operation: Matrices, arguments: &[Node]| r.matrices(operation, square, arguments);
    let algebra = record(Matrices::Traceless, &[x]);
    let exponential = record(Matrices::Exponential, &[algebra]);
    let adjoint = record(Matrices::Adjoint, &[algebra]);
    let pulled = record(Matrices::Exponential, &[adjoint, g]);
    let pulled = record(Matrices::Traceless, &[pulled]);
    let logarithm = record(Matrices::Logarithm, &[u]);
    let results = [
        algebra,
        exponential,
        pulled,
        record(Matrices::Phases, &[u]),
        record(Matrices::Projectors, &[u]),
        logarithm,
        record(Matrices::Exponential, &[logarithm]),
        record(Matrices::LogDeterminant, &[u]),
    ];
    Program::new(r, results.into_iter().map(Output::PerSample).collect())
}

/// Algebra elements of some sizes, and elements of the group with different, nearly equal and equal phases.
fn samples<const N: usize>(stream: &mut Stream) -> Vec<(Matrix<N>, Matrix<N>)> {
    let rotation = group::haar::<N>(stream);
    let diagonal = |phases: [f64; 3]| {
        let mut u = Matrix::<N>::ZERO;
        (0..N).for_each(|i| u.0[i][i] = Complex64::from_polar(1.0, phases[i]));
        u
    };
    let mut groups = vec![Matrix::unit(), diagonal([2.0 * PI / 3.0; 3]), diagonal([PI; 3]), diagonal([0.5, -0.5, 0.0])];
    for gap in [0.0, 1e-15, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3] {
        groups.push(rotation * diagonal([0.4, 0.4 + gap, -0.8]) * rotation.adjoint());
        groups.push(rotation * diagonal([0.4, 0.4 + gap, 0.4 - 2.0 * gap]) * rotation.adjoint());
    }
    groups.extend((0..20).map(|_| group::haar::<N>(stream)));
    let sizes = [0.0, 1e-9, 1e-3, 0.1, 0.4, 0.6, 1.0, 2.0, 4.0, 8.0];
    let algebra = |k: usize| {
        let mut numbers = vec![0.0; 2 * N * N];
        stream.normals(&mut numbers);
        Matrix::<N>::from_reals(&numbers).scale(sizes[k % sizes.len()].into())
    };
    let algebras: Vec<Matrix<N>> = (0..groups.len()).map(algebra).collect();
    algebras.into_iter().zip(groups).collect()
}

fn reals<const N: usize>(matrices: impl Iterator<Item = Matrix<N>>) -> Vec<f64> {
    let mut numbers = vec![];
    for matrix in matrices {
        let mut reals = vec![0.0; 2 * N * N];
        matrix.to_reals(&mut reals);
        numbers.extend(reals);
    }
    numbers
}

fn assert_laws<const N: usize>() {
    let (program, size) = (program(N), 2 * N * N);
    let samples = samples::<N>(&mut Stream::new(5, Purpose::Parameters, 60));
    let count = samples.len();
    let (x, u) = (reals(samples.iter().map(|s| s.0)), reals(samples.iter().map(|s| s.1)));
    let data = Data { batch: count, inputs: vec![x, random(9, count * size), u], parameters: vec![] };
    for how in ways().chain(on_devices()) {
        let results = outputs(&program, &data, how, count);
        let rounding = if how.1 == Precision::F32 { 6e-8 } else { 1.2e-16 };
        for k in 0..count {
            let matrix = |i: usize, j: usize| Matrix::<N>::from_reals(&results[i][j * size..][..size]);
            let given = |i: usize| Matrix::<N>::from_reals(&data.inputs[i][k * size..][..size]);
            let near = |what: &str, one: Matrix<N>, other: Matrix<N>, tolerance: f64| {
                let error = (one - other).largest();
                assert!(error <= tolerance * rounding, "{what}, N = {N}, sample {k}, {how:?}: off by {error}");
            };
            let (algebra, exponential) = (given(0).antihermitian(), matrix(1, k));
            let large = 16.0 * (1.0 + algebra.largest());
            near("antihermitian part", matrix(0, k), algebra, large);
            near("exp", exponential, group::exponential(&algebra), 2.0 * large);
            near("exp is unitary", exponential * exponential.adjoint(), Matrix::unit(), 2.0 * large);
            // tr Λ dX = tr Σ d exp(X), and Re tr g† d exp(X) here: Σ = g†.
            let pulled = Differential::new(&algebra).pull_back(&given(1).adjoint()).adjoint().antihermitian();
            near("pull-back", matrix(2, k), pulled, 8.0 * large);
            let phases = &results[3][k * N..][..N];
            assert!(phases.is_sorted() && phases.iter().all(|x| x.abs() <= PI + 4.0 * rounding), "{phases:?}");
            let projectors: Vec<Matrix<N>> = (0..N).map(|i| matrix(4, k * N + i)).collect();
            let mut sum = Matrix::ZERO;
            for (i, p) in projectors.iter().enumerate() {
                assert!((p.trace() - 1.0).norm() <= 40.0 * rounding, "trace of a projector: {}", p.trace());
                sum = sum + p.scale(Complex64::from_polar(1.0, phases[i]));
                for (j, q) in projectors.iter().enumerate() {
                    near("projectors", *p * *q, if i == j { *p } else { Matrix::ZERO }, 60.0);
                }
            }
            near("spectral sum", sum, given(2), 60.0);
            near("exp of log", matrix(6, k), given(2), 60.0);
            near("log is antihermitian", matrix(5, k), matrix(5, k).adjoint().scale((-1.0).into()), 60.0);
            let [size, phase] = results[7][2 * k..][..2] else { panic!("two numbers") };
            let turns = (phases.iter().sum::<f64>() - phase) / (2.0 * PI);
            assert!((turns - turns.round()).abs() <= 60.0 * rounding, "phases and determinant: {turns}");
            assert!(size.abs() <= 60.0 * rounding, "determinant: {size}");
        }
    }
}

#[test]
fn exponentials_phases_projectors_and_logarithms_of_the_groups() {
    assert_laws::<1>();
    assert_laws::<2>();
    assert_laws::<3>();
}

/// x⁻¹ x and log det (x y) − log det x − log det y.
#[test]
fn inverses_and_determinants() {
    for square in (1..=9).flat_map(|n| [Square::real(n), Square::complex(n)]) {
        let mut r = Recorder::new();
        let inputs = [0, 1].map(|_| r.input(Shape::new(square.channels(), 1)));
        let mut record = |operation: Matrices, arguments: &[Node]| r.matrices(operation, square, arguments);
        let inverse = record(Matrices::Inverse, &inputs[..1]);
        let product = record(Matrices::Product, &inputs);
        let results = [
            record(Matrices::Product, &[inverse, inputs[0]]),
            record(Matrices::LogDeterminant, &[product]),
            record(Matrices::LogDeterminant, &inputs[..1]),
            record(Matrices::LogDeterminant, &inputs[1..]),
        ];
        let program = Program::new(r, results.into_iter().map(Output::PerSample).collect());
        let (count, n) = (square.channels(), square.n);
        // Random matrices, and cyclic exchanges of rows, which have no pivot on the diagonal.
        let mut numbers = random(31 + count as u64, 20 * count);
        for (k, x) in numbers[19 * count..].iter_mut().enumerate() {
            let (row, column, part) = (k / square.parts / n, k / square.parts % n, k % square.parts);
            *x = if part == 0 && column == (row + 1) % n { -2.0 } else { 0.0 };
        }
        let data = Data { batch: 20, inputs: vec![numbers, random(32, 20 * count)], parameters: vec![] };
        for how in ways().chain(on_devices()) {
            let tolerance = if how.1 == Precision::F32 { 2e-2 } else { 1e-11 };
            let results = outputs(&program, &data, how, 20);
            for (k, x) in results[0].iter().enumerate() {
                let entry = k % count;
                let is_one = entry.is_multiple_of(square.parts) && (entry / square.parts).is_multiple_of(n + 1);
                let error = (x - f64::from(u8::from(is_one))).abs();
                assert!(error <= tolerance, "{square:?}, {how:?}, sample {}: off by {error}", k / count);
            }
            for (k, x) in results[1].iter().enumerate() {
                let difference = x - results[2][k] - results[3][k];
                let turns = if k % 2 == 1 && square.parts == 2 { (difference / (2.0 * PI)).round() } else { 0.0 };
                let error = (difference - 2.0 * PI * turns).abs();
                assert!(error <= tolerance, "{square:?}, {how:?}: log det is off by {error}");
            }
        }
    }
}
