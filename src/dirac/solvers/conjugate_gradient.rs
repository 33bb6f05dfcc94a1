//! Conjugate gradients for K x = b, K hermitian and positive.
//!
//! M. R. Hestenes, E. Stiefel, J. Res. Nat. Bur. Stand. 49, 409 (1952).

use super::hermitian::Hermitian;
use super::rounding::{Rounding, longest};
use crate::dirac::lanes::field::Field;
use crate::error::Result;
use crate::progress;

/// Stopping criterion of an iteration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// Absolute residual |b - K x| to stop at.
    pub residual: f64,
    /// Relative residual |b - K x| / |b| that may not be exceeded.
    pub relative: f64,
    /// Most iterations.
    pub iterations: u64,
}

impl Stop {
    /// |b - K x| to stop at, for a right-hand side of this norm.
    pub fn goal(&self, norm: f64) -> f64 {
        self.residual.min(self.relative * norm)
    }
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The residual is small enough; by the recursion of the iteration, where it is not computed anew.
    Converged,
    /// The limit of iterations was reached.
    Limit,
    /// More iterations would change nothing, or the operator is not positive to rounding.
    Stagnated,
}

/// Outcome of one run of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// How many iterations it took.
    pub iterations: u64,
    /// How it ended.
    pub end: End,
}

/// Solves K x = b from x = 0.
pub(crate) fn solve(k: Hermitian<f64>, b: &Field<f64>, x: &mut Field<f64>, stop: Stop) -> Result<Run> {
    let context = k.context();
    let (mut r, mut p, mut q) = (k.zeros()?, k.zeros()?, k.zeros()?);
    let mut scratch = k.scratch()?;
    x.fill(0.0);
    r.copy(context, b);
    p.copy(context, b);
    let mut rho = r.norm2(context);
    let (goal, first, mut iterations) = (stop.goal(rho.sqrt()).powi(2), rho, 0);
    let (mut rounding, most) = (Rounding::of::<f64>(), longest(b));
    let end = loop {
        if rho <= goal {
            break End::Converged;
        }
        if iterations >= stop.iterations {
            break End::Limit;
        }
        k.apply(&p, &mut q, &mut scratch);
        let alpha = rho / p.dot(context, &q);
        // K is not positive to rounding, or a number is not finite.
        if !(alpha > 0.0 && alpha.is_finite()) || iterations >= most {
            break End::Stagnated;
        }
        x.add(context, alpha, &p);
        r.add(context, -alpha, &q);
        let next = r.norm2(context);
        rounding.push(alpha, next / rho);
        p.scale_and_add(context, next / rho, &r);
        rho = next;
        iterations += 1;
        progress::step("solve", (rho / first).sqrt())?;
        if Rounding::is_due(iterations) && rounding.hides(rho, x.norm2(context)) {
            break End::Stagnated;
        }
    };
    Ok(Run { iterations, end })
}
