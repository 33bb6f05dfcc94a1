//! The table of operations on matrices: values against the reference, first and second derivatives against differences.

use super::super::operations::matrix::Matrices;
use super::super::{Recorder, Shape, Square};
use super::agreement::Data;
use super::derivatives::{Case, Differences, assert_all_derivatives, assert_differences};
use super::matrix_cases::{first_argument, imaginary_diagonal, squares, unitary};

/// Two matrices on two sites, the arguments conditioned as the operation needs it.
fn case(recorder: &mut Recorder, operation: Matrices, square: Square, count: usize) -> Case {
    let kinds = operation.arguments();
    let kind = |i: usize| kinds[i.min(kinds.len() - 1)];
    let inputs: Vec<_> = (0..count).map(|i| recorder.input(Shape::new(2 * kind(i).channels(square), 2))).collect();
    let mut arguments = inputs.clone();
    arguments[0] = first_argument(recorder, operation, square, inputs[0]);
    let result = recorder.matrices(operation, square, &arguments);
    Case { inputs, parameters: vec![], result }
}

/// The shared check of a row of the table, for the kinds of matrices that are given.
fn assert_row(operation: Matrices, squares: impl Iterator<Item = Square>, count: usize) {
    let of = |square| {
        let name = format!("{operation:?}, {square:?}, {count} arguments");
        (name, move |recorder: &mut Recorder| case(recorder, operation, square, count))
    };
    assert_all_derivatives(&squares.map(of).collect::<Vec<_>>());
}

#[test]
fn every_row_has_its_value_and_its_first_and_second_derivatives() {
    for &operation in Matrices::ALL {
        // The antihermitian part of a real number is zero, and the projector of a phase is one.
        let is_constant = |square: &Square| match operation {
            Matrices::Antihermitian | Matrices::Traceless => *square == Square::real(1),
            _ => operation == Matrices::Projectors && square.n == 1,
        };
        let squares = squares(operation).into_iter().filter(|square| !is_constant(square));
        assert_row(operation, squares, operation.arguments().len());
    }
}

#[test]
fn derivatives_of_the_exponential_have_theirs() {
    for count in [2, 3] {
        let squares = [Square::complex(1), Square::complex(2), Square::real(2)];
        assert_row(Matrices::Exponential, squares.into_iter(), count);
    }
}

#[test]
fn larger_matrices() {
    for operation in [Matrices::ProductAdjoint, Matrices::Inverse, Matrices::LogDeterminant] {
        let squares = [Square::real(9), Square::complex(4)];
        assert_row(operation, squares.into_iter(), operation.arguments().len());
    }
}

/// Diagonals of algebra elements with equal eigenvalues, exactly or nearly: zero, centre elements, two equal phases.
const DEGENERATE: [&[f64]; 7] = [
    &[0.0, 0.0, 0.0],
    &[2.094_395_102_393_195_3, 2.094_395_102_393_195_3, -4.188_790_204_786_390_5],
    &[0.7, 0.7, -1.4],
    &[0.7, 0.700_000_01, -1.400_000_01],
    &[0.3, 0.3],
    &[0.0, 1e-5],
    &[-1.1],
];

/// Data at which the inputs are zero, for five samples.
fn zeros(record: impl Fn(&mut Recorder) -> Case) -> Data {
    let mut recorder = Recorder::new();
    let case = record(&mut recorder);
    let inputs = case.inputs.iter().map(|&x| vec![0.0; 5 * recorder.shape(x).count()]).collect();
    Data { batch: 5, inputs, parameters: vec![] }
}

#[test]
fn equal_eigenvalues_do_no_harm_to_derivatives() {
    for diagonal in DEGENERATE {
        let square = Square::complex(diagonal.len());
        let shape = Shape::new(square.channels(), 1);
        let exponential = |r: &mut Recorder| {
            let x = r.input(shape);
            let table = imaginary_diagonal(r, x, diagonal);
            let algebra = r.matrices(Matrices::Antihermitian, square, &[x]);
            let sum = r.add(algebra, table);
            Case { inputs: vec![x], parameters: vec![], result: r.matrices(Matrices::Exponential, square, &[sum]) }
        };
        assert_differences(&format!("exp at {diagonal:?}"), exponential, &zeros(exponential), &Differences::default());
        let logarithm = |r: &mut Recorder| {
            let x = r.input(shape);
            let u = unitary(r, square, x, diagonal);
            let logarithm = r.matrices(Matrices::Logarithm, square, &[u]);
            // Second derivatives of tanh, which is taken of the result, vanish at zero.
            Case { inputs: vec![x], parameters: vec![], result: r.offset(logarithm, 0.3) }
        };
        assert_differences(&format!("log at {diagonal:?}"), logarithm, &zeros(logarithm), &Differences::default());
        // A symmetric function of the phases: these alone have kinks where they meet.
        let phases = |r: &mut Recorder| {
            let x = r.input(shape);
            let u = unitary(r, square, x, diagonal);
            let phases = r.matrices(Matrices::Phases, square, &[u]);
            let phases = r.offset(phases, 0.4);
            let bent = r.tanh(phases);
            Case { inputs: vec![x], parameters: vec![], result: r.total(bent) }
        };
        assert_differences(
            &format!("phases at {diagonal:?}"),
            phases,
            &zeros(phases),
            &Differences { orders: 1, ..Differences::default() },
        );
    }
}
