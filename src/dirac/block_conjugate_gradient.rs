//! Conjugate gradients for K X = B with many right-hand sides, whose search directions serve one another.
//!
//! The residuals are kept orthonormal, B - K X = Q C, which holds the iteration stable where they become dependent.
//! D. P. O'Leary, Linear Algebra Appl. 29, 293 (1980); A. A. Dubrulle, Electron. Trans. Numer. Anal. 12, 216 (2001);
//! M. A. Clark et al., Comput. Phys. Commun. 233, 29 (2018), arXiv:1710.09745.

use super::block_fields::{add, products};
use super::conjugate_gradient::Stop;
use super::field::Field;
use super::hermitian::Hermitian;
use crate::context::Context;
use crate::error::Result;
use crate::gauge::Complex64;
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side as Triangle};

type Matrix = Mat<Complex64>;

/// Solves K X = B from X = 0; returns the iterations, or None where the right-hand sides are dependent.
pub(crate) fn solve(k: Hermitian<f64>, b: &[Field<f64>], x: &mut [Field<f64>], stop: Stop) -> Result<Option<u64>> {
    let (context, count) = (k.context(), b.len());
    let block = || (0..count).map(|_| k.zeros()).collect::<Result<Vec<_>>>();
    let (mut q, mut image, mut next) = (block()?, block()?, block()?);
    let (mut images, mut rests) = (block()?, block()?);
    x.iter_mut().for_each(|x| x.fill(0.0));
    let Some(mut c) = orthonormal(context, b, &mut q) else { return Ok(None) };
    let mut p = block()?;
    p.iter_mut().zip(&q).for_each(|(p, q)| p.copy(context, q));
    let mut iterations = 0;
    while largest_column(&c) > stop.residual && iterations < stop.iterations {
        k.apply_many(&p, &mut image, (&mut images, &mut rests));
        let Ok(factor) = products(context, &p, &image).llt(Triangle::Lower) else { break };
        let alpha = factor.inverse();
        add(context, &p, &(&alpha * &c), x);
        // Q - K P alpha, orthonormal again.
        add(context, &image, &(-alpha), &mut q);
        let Some(s) = orthonormal(context, &q, &mut next) else { break };
        std::mem::swap(&mut q, &mut next);
        // P = Q + P s^dag
        next.iter_mut().zip(&q).for_each(|(next, q)| next.copy(context, q));
        add(context, &p, &s.adjoint().to_owned(), &mut next);
        std::mem::swap(&mut p, &mut next);
        c = s * c;
        iterations += 1;
    }
    Ok(Some(iterations))
}

/// Writes fields with `from` = `to` R, `to` orthonormal, and returns R; None where `from` is dependent.
fn orthonormal(context: &Context, from: &[Field<f64>], to: &mut [Field<f64>]) -> Option<Matrix> {
    let gram = products(context, from, from);
    let lower = gram.llt(Triangle::Lower).ok()?.L().to_owned();
    let upper = lower.adjoint().to_owned();
    let inverse = upper.partial_piv_lu().inverse();
    to.iter_mut().for_each(|field| field.fill(0.0));
    add(context, from, &inverse, to);
    Some(upper)
}

/// The largest norm of a column: the largest residual.
fn largest_column(c: &Matrix) -> f64 {
    (0..c.ncols()).map(|j| c.col(j).norm_l2()).fold(0.0, f64::max)
}
