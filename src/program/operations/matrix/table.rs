//! The table of operations on square matrices: one row each.
//!
//! A row gives the name, its arguments and result, the formula for the CPU, the text for OpenCL, and the derivative.
//! In the text `{square}` stands for the number of rows and the parts of a number, `{parts}` for these parts, `{order}` for
//! the number of arguments after the first, `x` for the arguments one after the other, of which the second begins at `{1}`,
//! `y` for the result, and `w` for scratch memory.
//!
//! Cotangents are those of the channels as independent real numbers: for a matrix x the cotangent g has
//! dL = Re tr g† dx. For a link u that moves by du = X u (`space`), the gradient in the algebra is therefore the traceless
//! antihermitian part of g u†, twice that for N > 1, where tr T_a T_b = δ_ab / 2.

use super::super::super::cpu::matrix::elimination::{Inverse, LogDeterminant};
use super::super::super::cpu::matrix::exponential::Exponential;
use super::super::super::cpu::matrix::linear::{
    Adjoint, Antihermitian, Combined, Outer, Overlaps, Trace, Turned, Unit,
};
use super::super::super::cpu::matrix::multiply::Product;
use super::super::super::cpu::matrix::spectral::{Logarithm, LogarithmDerivative, Phases, Projectors};
use super::super::super::cpu::matrix::{Kernel, Square};
use super::super::super::recorder::Recorder;
use super::super::super::value::Node;
use super::derivatives;
use super::sweep::{Sweep, sweep};
use crate::simd::Lanes;

/// What an argument or a result is, for each matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A matrix `[row][column][re, im]`.
    Matrix,
    /// A number of as many parts as the entries of the matrices have.
    Number,
    /// A real number.
    Real,
    /// n real numbers.
    Vector,
    /// n matrices.
    Matrices,
}

impl Kind {
    /// Channels for each matrix.
    pub fn channels(self, square: Square) -> usize {
        match self {
            Kind::Matrix => square.channels(),
            Kind::Number => square.parts,
            Kind::Real => 1,
            Kind::Vector => square.n,
            Kind::Matrices => square.n * square.channels(),
        }
    }
}

/// Where a derivative is taken: arguments, result, and its cotangent.
pub(in super::super::super) struct Point<'a> {
    pub square: Square,
    pub x: &'a [Node],
    pub y: Node,
    pub g: Node,
}

impl Point<'_> {
    /// Records an operation on matrices of the same kind.
    pub fn record(&self, recorder: &mut Recorder, operation: Matrices, arguments: &[Node]) -> Node {
        recorder.matrices(operation, self.square, arguments)
    }
}

macro_rules! matrix_table {
    ($($(#[$doc:meta])* $name:ident($($kind:ident),+) -> $result:ident = $kernel:ty, $opencl:literal, $derivative:expr;)+) => {
        /// An operation on each matrix of each site.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Matrices { $($(#[$doc])* $name,)+ }

        impl Matrices {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Matrices] = &[$(Matrices::$name,)+];

            /// The arguments; after those of the exponential there may be more of the last kind.
            pub fn arguments(self) -> &'static [Kind] {
                match self { $(Matrices::$name => &[$(Kind::$kind),+],)+ }
            }

            /// The result.
            pub fn result(self) -> Kind {
                match self { $(Matrices::$name => Kind::$result,)+ }
            }

            /// The formula as OpenCL C text.
            pub fn opencl(self) -> &'static str {
                match self { $(Matrices::$name => $opencl,)+ }
            }

            /// Lines of scratch memory for the formula.
            pub(in super::super::super) fn scratch(self, square: Square, arguments: usize) -> usize {
                match self { $(Matrices::$name => <$kernel>::scratch(square, arguments),)+ }
            }

            /// Records the cotangents of the arguments.
            pub(in super::super::super) fn derivative(self, recorder: &mut Recorder, at: &Point) -> Vec<Node> {
                let formula: fn(&mut Recorder, &Point) -> Vec<Node> = match self {
                    $(Matrices::$name => $derivative,)+
                };
                formula(recorder, at)
            }

            /// Applies the formula to all matrices on all sites.
            ///
            /// # Safety
            /// Arguments, result and scratch memory are those of the operation.
            #[inline(always)]
            pub(in super::super::super) unsafe fn apply<L: Lanes>(self, of: &Sweep<L>) {
                // SAFETY: the caller's promise.
                unsafe {
                    match self { $(Matrices::$name => sweep::<L, $kernel>(of),)+ }
                }
            }
        }
    };
}

matrix_table! {
    /// a b
    Product(Matrix, Matrix) -> Matrix = Product<false, false>,
        "matrix_product({square}, 0, 0, 0, x, x + {1}, y)", |r, p| vec![
            p.record(r, Matrices::ProductAdjoint, &[p.g, p.x[1]]),
            p.record(r, Matrices::AdjointProduct, &[p.x[0], p.g]),
        ];
    /// a† b
    AdjointProduct(Matrix, Matrix) -> Matrix = Product<true, false>,
        "matrix_product({square}, 1, 0, 0, x, x + {1}, y)", |r, p| vec![
            p.record(r, Matrices::ProductAdjoint, &[p.x[1], p.g]),
            p.record(r, Matrices::Product, &[p.x[0], p.g]),
        ];
    /// a b†
    ProductAdjoint(Matrix, Matrix) -> Matrix = Product<false, true>,
        "matrix_product({square}, 0, 1, 0, x, x + {1}, y)", |r, p| vec![
            p.record(r, Matrices::Product, &[p.g, p.x[1]]),
            p.record(r, Matrices::AdjointProduct, &[p.g, p.x[0]]),
        ];
    /// a† b†
    ProductOfAdjoints(Matrix, Matrix) -> Matrix = Product<true, true>,
        "matrix_product({square}, 1, 1, 0, x, x + {1}, y)", |r, p| vec![
            p.record(r, Matrices::ProductOfAdjoints, &[p.x[1], p.g]),
            p.record(r, Matrices::ProductOfAdjoints, &[p.g, p.x[0]]),
        ];
    /// tr x
    Trace(Matrix) -> Number = Trace<2>, "matrix_trace({square}, {parts}, x, y)",
        |r, p| vec![p.record(r, Matrices::Unit, &[p.g])];
    /// Re tr x
    RealTrace(Matrix) -> Real = Trace<1>, "matrix_trace({square}, 1, x, y)",
        |r, p| vec![p.record(r, Matrices::RealUnit, &[p.g])];
    /// z times the unit matrix
    Unit(Number) -> Matrix = Unit<2>, "matrix_unit({square}, {parts}, x, y)",
        |r, p| vec![p.record(r, Matrices::Trace, &[p.g])];
    /// z times the unit matrix, for a real z
    RealUnit(Real) -> Matrix = Unit<1>, "matrix_unit({square}, 1, x, y)",
        |r, p| vec![p.record(r, Matrices::RealTrace, &[p.g])];
    /// x†
    Adjoint(Matrix) -> Matrix = Adjoint, "matrix_adjoint({square}, x, y)",
        |r, p| vec![p.record(r, Matrices::Adjoint, &[p.g])];
    /// The antihermitian part (x − x†) / 2
    Antihermitian(Matrix) -> Matrix = Antihermitian<false>, "matrix_antihermitian({square}, 0, x, y)",
        |r, p| vec![p.record(r, Matrices::Antihermitian, &[p.g])];
    /// The antihermitian part without its trace; for n = 1, where the algebra is that of U(1), with it
    Traceless(Matrix) -> Matrix = Antihermitian<true>, "matrix_antihermitian({square}, 1, x, y)",
        |r, p| vec![p.record(r, Matrices::Traceless, &[p.g])];
    /// i x of a complex matrix
    Turned(Matrix) -> Matrix = Turned, "matrix_turned({square}, x, y)", |r, p| {
        let turned = p.record(r, Matrices::Turned, &[p.g]);
        vec![r.scale(turned, -1.0)]
    };
    /// exp(x) of any matrix, or its derivative of order K along K further matrices
    Exponential(Matrix) -> Matrix = Exponential, "matrix_exponential({square}, {order}, x, y, w)", derivatives::exponential;
    /// x⁻¹; not finite where x is singular
    Inverse(Matrix) -> Matrix = Inverse, "matrix_inverse({square}, x, y, w)", |r, p| {
        let left = p.record(r, Matrices::AdjointProduct, &[p.y, p.g]);
        let both = p.record(r, Matrices::ProductAdjoint, &[left, p.y]);
        vec![r.scale(both, -1.0)]
    };
    /// log |det x|, and for complex matrices the phase of det x in (−π, π]: log det x; not finite where x is singular
    LogDeterminant(Matrix) -> Number = LogDeterminant, "matrix_log_determinant({square}, x, y, w)", |r, p| {
        let (unit, inverse) = (p.record(r, Matrices::Unit, &[p.g]), p.record(r, Matrices::Inverse, p.x));
        vec![p.record(r, Matrices::ProductAdjoint, &[unit, inverse])]
    };
    /// Phases θ_i in (−π, π] of the eigenvalues of a unitary matrix, n <= 3, in ascending order
    Phases(Matrix) -> Vector = Phases, "matrix_phases({square}, x, y)", derivatives::phases;
    /// Projectors on the eigenvectors of a unitary matrix, in the order of the phases; their derivative ends where two
    /// phases are nearer to each other than 1e-10
    Projectors(Matrix) -> Matrices = Projectors, "matrix_projectors({square}, x, y)", derivatives::projectors;
    /// Σ_i w_i p_i
    Combined(Vector, Matrices) -> Matrix = Combined, "matrix_combined({square}, x, x + {1}, y)", |r, p| vec![
            p.record(r, Matrices::Overlaps, &[p.x[1], p.g]),
            p.record(r, Matrices::Outer, &[p.x[0], p.g]),
        ];
    /// Re tr p_i† x
    Overlaps(Matrices, Matrix) -> Vector = Overlaps, "matrix_overlaps({square}, x, x + {1}, y)", |r, p| vec![
            p.record(r, Matrices::Outer, &[p.g, p.x[1]]),
            p.record(r, Matrices::Combined, &[p.g, p.x[0]]),
        ];
    /// w_i x
    Outer(Vector, Matrix) -> Matrices = Outer, "matrix_outer({square}, x, x + {1}, y)", |r, p| vec![
            p.record(r, Matrices::Overlaps, &[p.g, p.x[1]]),
            p.record(r, Matrices::Combined, &[p.x[0], p.g]),
        ];
    /// The logarithm Σ_i iθ_i p_i of a unitary matrix, n <= 3
    Logarithm(Matrix) -> Matrix = Logarithm, "matrix_logarithm({square}, x, y)", |r, p| {
        let adjoint = p.record(r, Matrices::Adjoint, &[p.x[0]]);
        vec![p.record(r, Matrices::LogarithmDerivative, &[adjoint, p.g])]
    };
    /// The derivative of the logarithm of the first matrix along the second
    LogarithmDerivative(Matrix, Matrix) -> Matrix = LogarithmDerivative,
        "matrix_logarithm_derivative({square}, x, x + {1}, y)", derivatives::logarithm_derivative;
}
