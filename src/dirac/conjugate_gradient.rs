//! Conjugate gradients for K x = b, K hermitian and positive.
//!
//! M. R. Hestenes, E. Stiefel, J. Res. Nat. Bur. Stand. 49, 409 (1952).

use super::field::Field;
use super::hermitian::Hermitian;
use crate::error::Result;
use crate::simd::Native;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// |b - K x| that is small enough.
    pub residual: f64,
    /// Most iterations.
    pub iterations: u64,
}

/// Solves K x = b from x = 0; returns the iterations.
pub(crate) fn solve<T: Native>(k: Hermitian<T>, b: &Field<T>, x: &mut Field<T>, stop: Stop) -> Result<u64> {
    let context = k.context();
    let (mut r, mut p, mut q) = (k.zeros()?, k.zeros()?, k.zeros()?);
    let mut scratch = k.scratch()?;
    x.fill(0.0);
    r.copy(context, b);
    p.copy(context, b);
    let mut rho = r.norm2(context);
    let mut iterations = 0;
    while rho > stop.residual.powi(2) && iterations < stop.iterations {
        k.apply(&p, &mut q, &mut scratch);
        let alpha = rho / p.dot(context, &q);
        if !alpha.is_finite() {
            break;
        }
        x.add(context, alpha, &p);
        r.add(context, -alpha, &q);
        let next = r.norm2(context);
        p.scale_and_add(context, next / rho, &r);
        rho = next;
        iterations += 1;
    }
    Ok(iterations)
}
