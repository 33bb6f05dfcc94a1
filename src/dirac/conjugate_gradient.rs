//! Conjugate gradients for A^dag A x = A^dag b.
//!
//! M. R. Hestenes, E. Stiefel, J. Res. Nat. Bur. Stand. 49, 409 (1952). The residual that is watched is that of the
//! normal equations; the caller computes that of A x = b.

use super::field::Field;
use super::hopping::Side;
use super::operator::Linear;
use crate::error::Result;
use crate::simd::Native;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// |b - A x| that is small enough, if |A| is about one.
    pub residual: f64,
    /// Most iterations.
    pub iterations: u64,
}

/// Solves A x = b from x = 0; returns the iterations.
pub(crate) fn solve<T: Native>(a: &dyn Linear<T>, b: &Field<T>, x: &mut Field<T>, stop: Stop) -> Result<u64> {
    let context = a.context();
    let (mut r, mut q, mut image, mut scratch) = (a.zeros()?, a.zeros()?, a.zeros()?, a.zeros()?);
    x.numbers_mut().fill(T::from_f64(0.0));
    a.apply(Side::Adjoint, b, &mut r, &mut scratch);
    let mut p = a.zeros()?;
    p.update(context, &r, |p, r| p.copy_from_slice(r));
    let mut rho = r.norm2(context);
    let mut iterations = 0;
    while rho > stop.residual.powi(2) && iterations < stop.iterations {
        a.apply(Side::Plain, &p, &mut image, &mut scratch);
        let alpha = rho / image.norm2(context);
        if !alpha.is_finite() {
            break;
        }
        a.apply(Side::Adjoint, &image, &mut q, &mut scratch);
        x.add(context, alpha, &p);
        r.add(context, -alpha, &q);
        let next = r.norm2(context);
        p.scale_and_add(context, next / rho, &r);
        rho = next;
        iterations += 1;
    }
    Ok(iterations)
}
