//! Conjugate gradients for K X = B with many right-hand sides, which share their search directions.
//!
//! The residuals are kept orthonormal, B - K X = Q C, with as many fields in Q as are independent: a right-hand side
//! that depends on others, from the start or after some steps, needs none. D. P. O'Leary, Linear Algebra Appl. 29, 293
//! (1980); A. A. Dubrulle, Electron. Trans. Numer. Anal. 12, 216 (2001); H. Ji, Y. Li, BIT 57, 379 (2017);
//! M. A. Clark et al., Comput. Phys. Commun. 233, 29 (2018), arXiv:1710.09745.

use super::conjugate_gradient::{End, Run, Stop};
use super::hermitian::Hermitian;
use super::independent::orthonormalise;
use super::rounding::longest;
use crate::dirac::lanes::block_fields::{add, products};
use crate::dirac::lanes::field::Field;
use crate::error::Result;
use crate::progress;
use faer::Side as Triangle;
use faer::linalg::solvers::DenseSolveCore;

/// Solves K X = B from X = 0; counts iterations of the whole block.
pub(crate) fn solve(k: Hermitian<f64>, b: &[Field<f64>], x: &mut [Field<f64>], stop: Stop) -> Result<Run> {
    let (context, count) = (k.context(), b.len());
    let block = || (0..count).map(|_| k.zeros()).collect::<Result<Vec<_>>>();
    let (mut q, mut p, mut image, mut next) = (block()?, block()?, block()?, block()?);
    let (mut images, mut rests, mut spare) = (block()?, block()?, vec![]);
    x.iter_mut().for_each(|x| x.fill(0.0));
    q.iter_mut().zip(b).for_each(|(q, b)| q.copy(context, b));
    let norms: Vec<f64> = b.iter().map(|b| b.norm2(context).sqrt()).collect();
    let mut c = orthonormalise(context, &mut q, &mut spare, &norms)?;
    p.truncate(q.len());
    p.iter_mut().zip(&q).for_each(|(p, q)| p.copy(context, q));
    let mut iterations = 0;
    let end = loop {
        let rank = p.len();
        if rank == 0 || (0..count).all(|j| c.col(j).norm_l2() <= stop.goal(norms[j])) {
            break End::Converged;
        }
        if iterations >= stop.iterations {
            break End::Limit;
        }
        k.apply_many(&p, &mut image[..rank], (&mut images[..rank], &mut rests[..rank]));
        let factor = products(context, &p, &image[..rank]).llt(Triangle::Lower);
        // K is not positive to rounding, or a number is not finite.
        let Some(factor) = factor.ok().filter(|_| iterations < longest(&b[0])) else { break End::Stagnated };
        let alpha = factor.inverse();
        add(context, &p, &(&alpha * &c), x);
        // Q <- Q - K P alpha, orthonormalised again; fields of which only rounding is left are dropped.
        add(context, &image[..rank], &(-alpha), &mut q);
        let s = orthonormalise(context, &mut q, &mut spare, &vec![1.0; rank])?;
        // P = Q + P s^dag
        next.truncate(q.len());
        next.iter_mut().zip(&q).for_each(|(next, q)| next.copy(context, q));
        add(context, &p, &s.adjoint().to_owned(), &mut next);
        std::mem::swap(&mut p, &mut next);
        c = s * c;
        iterations += 1;
        let worst = (0..count).filter(|&j| norms[j] > 0.0).map(|j| c.col(j).norm_l2() / norms[j]).fold(0.0, f64::max);
        progress::step("solve", worst)?;
    };
    Ok(Run { iterations, end })
}
