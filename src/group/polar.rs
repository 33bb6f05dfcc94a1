//! The unitary factor of a matrix, in a way that turns with the frames on both of its sides.

use super::matrix::{Complex64, Matrix};
use crate::error::{Error, Result};

/// Enough for singular values that differ by a factor of 10¹².
const MOST_ITERATIONS: usize = 100;
const TOLERANCE: f64 = 1e-14;

impl<const N: usize> Matrix<N> {
    /// W (W†W)^{-1/2}, divided by the N-th root of its determinant where N > 1.
    ///
    /// X ← X (3 − X†X) / 2 takes every singular value in (0, √3) to one. A matrix without an inverse does not converge.
    pub fn unitary_factor(&self) -> Result<Self> {
        let norm = self.0.iter().flatten().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
        let mut x = self.scale((1.0 / norm).into());
        let mut residual = f64::INFINITY;
        for _ in 0..MOST_ITERATIONS {
            let square = x.adjoint() * x;
            residual = (square - Self::unit()).largest();
            if residual < TOLERANCE {
                return Ok(x.of_determinant_one());
            }
            x = (x.scale(3.0.into()) - x * square).scale(0.5.into());
        }
        Err(Error::NotConverged(format!(
            "unitary factor: expected a residual below {TOLERANCE:e} in {MOST_ITERATIONS} iterations, got {residual:e}"
        )))
    }

    fn of_determinant_one(&self) -> Self {
        if N == 1 {
            return *self;
        }
        self.scale(Complex64::from_polar(1.0, -self.determinant().arg() / N as f64)).projected()
    }
}
