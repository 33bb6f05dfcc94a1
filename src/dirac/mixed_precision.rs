//! Conjugate gradients in f32 with reliable updates in f64.
//!
//! The iteration runs in f32. Where its residual has fallen by a factor [`DROP`] below the largest since the last
//! update, the iterate is added up in f64, the residual is recomputed there, and the search goes on along the same
//! direction, made orthogonal to the new residual. G. L. G. Sleijpen, H. A. van der Vorst, Computing 56, 141 (1996);
//! M. A. Clark et al., Comput. Phys. Commun. 181, 1517 (2010).

use super::conjugate_gradient::Stop;
use super::field::Field;
use super::hermitian::Hermitian;
use crate::error::Result;
use crate::simd::Native;

/// How far the residual falls between updates.
const DROP: f64 = 0.1;

/// Numbers of one precision for those of another: places in both fields.
pub(crate) struct Exchange(pub Vec<(u32, u32)>);

impl Exchange {
    /// to = from, for `reals` numbers on each site.
    pub fn copy<A: Native, B: Native>(&self, reals: usize, from: &Field<A>, to: &mut Field<B>, is_forward: bool) {
        let (from, to) = (from.numbers(), to.numbers_mut());
        for &(a, b) in &self.0 {
            let (a, b) = if is_forward { (a, b) } else { (b, a) };
            let place = |at: u32, width: usize| {
                let (line, lane) = (at as usize / width, at as usize % width);
                (line * reals * width, lane)
            };
            let ((first, lane), (start, other)) = (place(a, A::WIDTH), place(b, B::WIDTH));
            for k in 0..reals {
                to[start + k * B::WIDTH + other] = B::from_f64(from[first + k * A::WIDTH + lane].to_f64());
            }
        }
    }
}

/// An operator in both precisions.
pub(crate) struct Mixed<'a> {
    pub double: Hermitian<'a, f64>,
    pub single: Hermitian<'a, f32>,
    pub exchange: &'a Exchange,
    pub reals: usize,
}

/// Solves K x = b from x = 0; returns the iterations.
pub(crate) fn solve(mixed: &Mixed, b: &Field<f64>, x: &mut Field<f64>, stop: Stop) -> Result<u64> {
    let (double, single, context) = (mixed.double, mixed.single, mixed.double.context());
    let down = |from: &Field<f64>, to: &mut Field<f32>| mixed.exchange.copy(mixed.reals, from, to, true);
    let up = |from: &Field<f32>, to: &mut Field<f64>| mixed.exchange.copy(mixed.reals, from, to, false);
    let (mut work, mut double_scratch) = (double.zeros()?, double.scratch()?);
    let (mut r, mut p, mut q) = (single.zeros()?, single.zeros()?, single.zeros()?);
    let (mut sum, mut scratch) = (single.zeros()?, single.scratch()?);
    x.fill(0.0);
    down(b, &mut r);
    p.copy(context, &r);
    let mut rho = r.norm2(context);
    let (mut largest, mut iterations) = (rho, 0);
    let goal = stop.residual.powi(2);
    while rho > goal && iterations < stop.iterations {
        single.apply(&p, &mut q, &mut scratch);
        let alpha = rho / p.dot(context, &q);
        if !alpha.is_finite() {
            break;
        }
        sum.add(context, alpha, &p);
        r.add(context, -alpha, &q);
        let mut next = r.norm2(context);
        iterations += 1;
        largest = largest.max(next);
        let mut beta = next / rho;
        if next < DROP * DROP * largest || next <= goal {
            up(&sum, &mut work);
            x.add(context, 1.0, &work);
            sum.fill(0.0);
            double.apply(x, &mut work, &mut double_scratch);
            work.scale_and_add(context, -1.0, b);
            down(&work, &mut r);
            next = r.norm2(context);
            largest = next;
            beta = next / rho;
            // The old direction loses what it has of the new residual.
            let overlap = r.dot(context, &p) / next;
            p.add(context, -overlap, &r);
        }
        p.scale_and_add(context, beta, &r);
        rho = next;
    }
    up(&sum, &mut work);
    x.add(context, 1.0, &work);
    Ok(iterations)
}
