//! Complex N x N matrices of links, N = 1, 2, 3: the fundamental representations of U(1), SU(2), SU(3).

use num_complex::Complex;
use std::ops::{Add, Mul, Sub};

/// A complex number in double precision.
pub type Complex64 = Complex<f64>;

const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);

/// A matrix by rows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Matrix<const N: usize>(pub [[Complex64; N]; N]);

impl<const N: usize> Matrix<N> {
    /// All numbers zero.
    pub const ZERO: Self = Self([[ZERO; N]; N]);

    /// The unit matrix.
    #[inline]
    pub fn unit() -> Self {
        let mut unit = Self::ZERO;
        for i in 0..N {
            unit.0[i][i] = ONE;
        }
        unit
    }

    /// A matrix from 2 N^2 numbers: rows, columns, real and imaginary part.
    #[inline]
    pub fn from_reals(numbers: &[f64]) -> Self {
        let mut matrix = Self::ZERO;
        for (z, pair) in matrix.0.iter_mut().flatten().zip(numbers.chunks_exact(2)) {
            *z = Complex64::new(pair[0], pair[1]);
        }
        matrix
    }

    /// Writes the 2 N^2 numbers.
    #[inline]
    pub fn to_reals(&self, numbers: &mut [f64]) {
        for (z, pair) in self.0.iter().flatten().zip(numbers.chunks_exact_mut(2)) {
            (pair[0], pair[1]) = (z.re, z.im);
        }
    }

    /// The conjugate transpose.
    #[inline]
    pub fn adjoint(&self) -> Self {
        let mut result = Self::ZERO;
        for i in 0..N {
            for j in 0..N {
                result.0[i][j] = self.0[j][i].conj();
            }
        }
        result
    }

    /// The sum of the diagonal.
    #[inline]
    pub fn trace(&self) -> Complex64 {
        (0..N).map(|i| self.0[i][i]).sum()
    }

    /// Times a number.
    #[inline]
    pub fn scale(&self, factor: Complex64) -> Self {
        let mut result = *self;
        result.0.iter_mut().flatten().for_each(|z| *z *= factor);
        result
    }

    /// The determinant.
    #[inline]
    pub fn determinant(&self) -> Complex64 {
        let m = &self.0;
        match N {
            1 => m[0][0],
            2 => m[0][0] * m[1][1] - m[0][1] * m[1][0],
            _ => (0..3).map(|i| m[0][i] * self.cofactor(i)).sum(),
        }
    }

    /// The cofactor of m[0][i], N = 3.
    #[inline]
    fn cofactor(&self, i: usize) -> Complex64 {
        let (m, j, k) = (&self.0, (i + 1) % 3, (i + 2) % 3);
        m[1][j] * m[2][k] - m[1][k] * m[2][j]
    }

    /// The largest |number|; NaN where there is one.
    pub fn largest(&self) -> f64 {
        self.0.iter().flatten().map(|z| z.norm()).fold(0.0, larger)
    }

    /// The traceless antihermitian part, (A - A^dag)/2 - tr(A - A^dag)/(2N); for N = 1, i Im A.
    #[inline]
    pub fn antihermitian(&self) -> Self {
        let mut result = (*self - self.adjoint()).scale(Complex64::new(0.5, 0.0));
        if N > 1 {
            let mean = result.trace() / N as f64;
            for i in 0..N {
                result.0[i][i] -= mean;
            }
        }
        result
    }

    /// The nearest-by-rows special unitary matrix (N = 1: a phase): Gram-Schmidt from the first row on, the last row
    /// from the determinant.
    pub fn projected(&self) -> Self {
        let mut rows = self.0;
        let dot =
            |a: &[Complex64; N], b: &[Complex64; N]| a.iter().zip(b).map(|(x, y)| x.conj() * y).sum::<Complex64>();
        for i in 0..N {
            // Twice: what rounding leaves of a nearly dependent row is taken away by the second turn.
            for j in (0..i).chain(0..i) {
                let earlier = rows[j];
                let overlap = dot(&earlier, &rows[i]);
                for (x, y) in rows[i].iter_mut().zip(&earlier) {
                    *x -= overlap * y;
                }
            }
            let norm = dot(&rows[i], &rows[i]).re.sqrt();
            rows[i].iter_mut().for_each(|x| *x /= norm);
        }
        if N > 1 {
            // A unitary matrix has a determinant of modulus one; the last row takes its phase.
            let phase = Self(rows).determinant().conj();
            rows[N - 1].iter_mut().for_each(|x| *x *= phase);
        }
        Self(rows)
    }

    /// How far U is from the group: the largest number of U U^dag - 1, or |det U - 1| where that is larger (N > 1).
    pub fn deviation(&self) -> f64 {
        let unitarity = (*self * self.adjoint() - Self::unit()).largest();
        if N == 1 { unitarity } else { larger(unitarity, (self.determinant() - ONE).norm()) }
    }
}

/// The larger of two numbers; one that is none counts as largest.
fn larger(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

impl<const N: usize> Add for Matrix<N> {
    type Output = Self;

    #[inline]
    fn add(mut self, other: Self) -> Self {
        self.0.iter_mut().flatten().zip(other.0.iter().flatten()).for_each(|(x, y)| *x += y);
        self
    }
}

impl<const N: usize> Sub for Matrix<N> {
    type Output = Self;

    #[inline]
    fn sub(mut self, other: Self) -> Self {
        self.0.iter_mut().flatten().zip(other.0.iter().flatten()).for_each(|(x, y)| *x -= y);
        self
    }
}

impl<const N: usize> Mul for Matrix<N> {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        let mut result = Self::ZERO;
        for (row, factors) in result.0.iter_mut().zip(&self.0) {
            for (factor, line) in factors.iter().zip(&other.0) {
                for (z, x) in row.iter_mut().zip(line) {
                    z.re += factor.re * x.re - factor.im * x.im;
                    z.im += factor.re * x.im + factor.im * x.re;
                }
            }
        }
        result
    }
}
