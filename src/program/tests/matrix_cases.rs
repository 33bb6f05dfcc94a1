//! Arguments for which the operations on matrices are well conditioned, made of any numbers of order one.

use super::super::operations::matrix::Matrices;
use super::super::{Node, Recorder, Shape, Square};

/// Phases far from each other, for one to three rows.
const PHASES: [&[f64]; 3] = [&[0.5], &[-1.0, 1.2], &[-2.0, 0.3, 1.9]];

/// A table with the same complex matrix, a diagonal one of imaginary numbers, for all matrices of the shape of `x`.
pub fn imaginary_diagonal(recorder: &mut Recorder, x: Node, diagonal: &[f64]) -> Node {
    let (shape, n) = (recorder.shape(x), diagonal.len());
    let entry = |c: usize| match (c % 2, c / 2 / n, c / 2 % n) {
        (1, i, j) if i == j => diagonal[i],
        _ => 0.0,
    };
    let numbers: Vec<f64> = (0..shape.count()).map(|k| entry(k / shape.sites % (2 * n * n))).collect();
    recorder.table(&numbers, shape)
}

/// exp(a small antihermitian matrix + a diagonal one): unitary.
pub fn unitary(recorder: &mut Recorder, square: Square, x: Node, phases: &[f64]) -> Node {
    let small = recorder.scale(x, 0.2);
    let algebra = recorder.matrices(Matrices::Antihermitian, square, &[small]);
    let table = imaginary_diagonal(recorder, x, phases);
    let sum = recorder.add(algebra, table);
    recorder.matrices(Matrices::Exponential, square, &[sum])
}

/// The first argument of an operation.
pub fn first_argument(recorder: &mut Recorder, operation: Matrices, square: Square, x: Node) -> Node {
    match operation {
        Matrices::Inverse | Matrices::LogDeterminant => {
            let shape = recorder.shape(x);
            let numbers = recorder.constant(1.5, Shape::new(shape.channels / square.channels(), shape.sites));
            let unit = recorder.matrices(Matrices::RealUnit, square, &[numbers]);
            let small = recorder.scale(x, 0.3);
            recorder.add(small, unit)
        }
        Matrices::Phases | Matrices::Projectors | Matrices::Logarithm | Matrices::LogarithmDerivative => {
            unitary(recorder, square, x, PHASES[square.n - 1])
        }
        _ => x,
    }
}

/// Kinds of matrices that an operation takes, of up to three rows.
pub fn squares(operation: Matrices) -> Vec<Square> {
    use Matrices::{Logarithm, LogarithmDerivative, Phases, Projectors, Turned};
    let mut squares: Vec<Square> = (1..=3).map(Square::complex).collect();
    if !matches!(operation, Turned | Phases | Projectors | Logarithm | LogarithmDerivative) {
        squares.extend([1, 3].map(Square::real));
    }
    squares
}
