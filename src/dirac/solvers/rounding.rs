//! Test whether the residual of an iteration is rounding alone.
//!
//! b - K x is accurate to eps |K| |x| at best: the residual of a recursion may fall below that, the true one does not.
//! |K| is estimated from the steps of conjugate gradients at no cost, by the Rayleigh quotients of their residuals,
//! 1 / alpha_j + beta_(j-1) / alpha_(j-1) (see `lanczos.rs`). A. Greenbaum, SIAM J. Matrix Anal. Appl. 18, 535 (1997).

use crate::dirac::lanes::field::Field;
use crate::simd::Native;

/// The rounding of an operator, as far as a run of conjugate gradients shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounding {
    /// Machine precision: distance of 1 from the next number.
    epsilon: f64,
    /// The largest Rayleigh quotient.
    norm: f64,
    /// beta / alpha of the last step.
    last: f64,
}

impl Rounding {
    /// The state before the first step, of an operator that is applied in a precision.
    pub fn of<T: Native>() -> Self {
        let epsilon = if T::WIDTH == f64::WIDTH { f64::EPSILON } else { f32::EPSILON.into() };
        Self { epsilon, norm: 0.0, last: 0.0 }
    }

    /// Adds one more step of conjugate gradients.
    pub fn push(&mut self, alpha: f64, beta: f64) {
        self.norm = self.norm.max(1.0 / alpha + self.last);
        self.last = beta / alpha;
    }

    /// True at the iterations at which |x| is computed for this test.
    pub fn is_due(iterations: u64) -> bool {
        const EVERY: u64 = 16;
        iterations.is_multiple_of(EVERY)
    }

    /// True where a residual with |r|^2 = `rho` is less than the rounding of K x, |x|^2 = `size`.
    pub fn hides(&self, rho: f64, size: f64) -> bool {
        rho <= (self.epsilon * self.norm).powi(2) * size
    }
}

/// Iterations after which a Krylov space of this field has no new directions: several times its dimension, for
/// rounding.
pub(crate) fn longest(field: &Field<f64>) -> u64 {
    const TIMES: u64 = 8;
    const LEAST: u64 = 64;
    TIMES * field.numbers().len() as u64 / 2 + LEAST
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conjugate gradients on diag(1, 4) from b = (1, 1): alpha = 2/5, beta = 9/25, then alpha = 5/8. Both residuals
    /// have the Rayleigh quotient 5/2.
    #[test]
    fn the_norm_of_an_operator_is_seen_in_the_steps() {
        let mut rounding = Rounding::of::<f64>();
        rounding.push(0.4, 0.36);
        assert_eq!(rounding.norm, 2.5);
        rounding.push(0.625, 0.0);
        assert!((rounding.norm - 2.5).abs() < 1e-15, "{}", rounding.norm);
        let least = (2.5 * f64::EPSILON).powi(2);
        assert!(rounding.hides(0.9 * least, 1.0) && !rounding.hides(1.1 * least, 1.0));
        assert!(rounding.hides(3.9 * least, 4.0) && !rounding.hides(1.1 * least, 1.0));
        assert!(Rounding { norm: 2.5, ..Rounding::of::<f32>() }.hides(1e-14, 1.0));
    }
}
