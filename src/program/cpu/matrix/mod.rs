//! Square matrices in lanes: one matrix of each sample in a vector, its numbers in contiguous lines `[row][column][re, im]`.

pub mod eigen;
pub mod elimination;
pub mod exponential;
pub mod linear;
pub mod multiply;
pub mod spectral;

use crate::simd::Lanes;

/// The kind of square matrices: their number of rows, and whether their numbers are real or complex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Square {
    /// Rows and columns.
    pub n: usize,
    /// Real numbers in each entry: 1, or 2 for complex ones.
    pub parts: usize,
}

impl Square {
    /// Real n x n matrices, of n² channels each.
    pub fn real(n: usize) -> Self {
        Self { n, parts: 1 }
    }

    /// Complex n x n matrices, of 2 n² channels each.
    pub fn complex(n: usize) -> Self {
        Self { n, parts: 2 }
    }

    /// Channels of one matrix.
    pub fn channels(self) -> usize {
        self.n * self.n * self.parts
    }
}

/// Arguments and result of an operation for one matrix of one site.
pub struct Site<L> {
    pub square: Square,
    /// Number of arguments.
    pub arguments: usize,
    /// The arguments, one after the other.
    pub x: *const L,
    /// The result, apart from the arguments.
    pub y: *mut L,
    /// Lines for the kernel's own use.
    pub scratch: *mut L,
}

/// The formula of an operation on matrices.
pub trait Kernel {
    /// Lines of scratch memory.
    fn scratch(_square: Square, _arguments: usize) -> usize {
        0
    }

    /// Computes the result for one matrix.
    ///
    /// # Safety
    /// Arguments, result and scratch memory have the operation's numbers of lines.
    unsafe fn run<L: Lanes>(site: &Site<L>);
}

/// A complex number in each lane.
pub type Complex<L> = [L; 2];

/// x y.
#[inline(always)]
pub fn times<L: Lanes>(x: Complex<L>, y: Complex<L>) -> Complex<L> {
    [x[1].negative_mul_add(y[1], x[0] * y[0]), x[1].mul_add(y[0], x[0] * y[1])]
}

/// x* y.
#[inline(always)]
pub fn conjugate_times<L: Lanes>(x: Complex<L>, y: Complex<L>) -> Complex<L> {
    [x[1].mul_add(y[1], x[0] * y[0]), x[1].negative_mul_add(y[0], x[0] * y[1])]
}

/// |x|².
#[inline(always)]
pub fn norm<L: Lanes>(x: Complex<L>) -> L {
    x[0].mul_add(x[0], x[1] * x[1])
}
