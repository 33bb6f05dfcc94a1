//! Conjugate gradients in f32 with reliable updates in f64.
//!
//! The iteration runs in f32. Where its residual has fallen by a factor [`DROP`] below the largest since the last
//! update, the iterate is added up in f64, the residual is recomputed there, and the search goes on along the same
//! direction, made orthogonal to the new residual. G. L. G. Sleijpen, H. A. van der Vorst, Computing 56, 141 (1996);
//! M. A. Clark et al., Comput. Phys. Commun. 181, 1517 (2010).
//!
//! Where several updates in a row do not reduce the residual, f32 has reached its accuracy: the run ends, and its
//! caller goes on in f64.

use super::conjugate_gradient::{End, Run, Stop};
use super::hermitian::Hermitian;
use super::rounding::{Rounding, longest};
use crate::dirac::lanes::field::Field;
use crate::error::Result;
use crate::progress;
use crate::simd::Native;

/// How far the residual falls between updates.
const DROP: f64 = 0.1;
/// Most iterations between updates.
const LONGEST: u64 = 500;
/// Most updates in a row without progress, where the residual in f32 agrees with the true one.
const MOST_IDLE: u32 = 8;

/// Copies between fields of two precisions: the places of each number in both.
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

/// Solves K x = b from x = 0, until f32 makes no more progress.
pub(crate) fn solve(mixed: &Mixed, b: &Field<f64>, x: &mut Field<f64>, stop: Stop) -> Result<Run> {
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
    let mut updates = Updates { largest: rho, last: 0, idle: 0, rounding: Rounding::of::<f32>() };
    let (goal, first, most, mut iterations) = (stop.goal(rho.sqrt()).powi(2), rho, longest(b), 0);
    let end = loop {
        if rho <= goal {
            break End::Converged;
        }
        if updates.idle >= MOST_IDLE || iterations >= most {
            break End::Stagnated;
        }
        if iterations >= stop.iterations {
            break End::Limit;
        }
        single.apply(&p, &mut q, &mut scratch);
        let alpha = rho / p.dot(context, &q);
        // K is not positive to rounding, or a number is not finite.
        if !(alpha > 0.0 && alpha.is_finite()) {
            break End::Stagnated;
        }
        sum.add(context, alpha, &p);
        r.add(context, -alpha, &q);
        let mut next = r.norm2(context);
        iterations += 1;
        updates.push(alpha, (rho, next));
        if next <= goal || updates.are_due(iterations, next, || sum.norm2(context)) {
            up(&sum, &mut work);
            x.add(context, 1.0, &work);
            sum.fill(0.0);
            double.apply(x, &mut work, &mut double_scratch);
            work.scale_and_add(context, -1.0, b);
            down(&work, &mut r);
            let known = next;
            next = r.norm2(context);
            updates.note(iterations, known, next);
            // The old direction is made orthogonal to the new residual.
            let overlap = r.dot(context, &p) / next;
            p.add(context, -overlap, &r);
        }
        if !next.is_finite() {
            break End::Stagnated;
        }
        p.scale_and_add(context, next / rho, &r);
        rho = next;
        progress::step("solve", (rho / first).sqrt())?;
    };
    up(&sum, &mut work);
    x.add(context, 1.0, &work);
    Ok(Run { iterations, end })
}

/// Reliable updates, and whether they still reduce the residual.
struct Updates {
    /// The largest |r|^2 since the last update.
    largest: f64,
    /// Iteration of the last update.
    last: u64,
    /// Updates in a row that found no smaller residual than they began with.
    idle: u32,
    rounding: Rounding,
}

impl Updates {
    /// Adds one more step, from one |r|^2 to the next.
    fn push(&mut self, alpha: f64, (rho, next): (f64, f64)) {
        self.rounding.push(alpha, next / rho);
        self.largest = self.largest.max(next);
    }

    /// True where the residual has fallen far, where rounding hides it, or where the last update is long ago.
    fn are_due(&self, iterations: u64, next: f64, size: impl FnOnce() -> f64) -> bool {
        next < DROP * DROP * self.largest
            || iterations - self.last >= LONGEST
            || (Rounding::is_due(iterations) && self.rounding.hides(next, size()))
    }

    /// Adds an update with |r|^2 by the recursion in f32 and recomputed. Where these differ and nothing is gained, f32
    /// has reached its accuracy; where they agree, it may still gain.
    fn note(&mut self, iterations: u64, known: f64, next: f64) {
        // NaN is no progress.
        let is_smaller = next < 0.25 * self.largest;
        let is_faithful = next <= 4.0 * known;
        self.idle = if is_smaller { 0 } else { self.idle + if is_faithful { 1 } else { MOST_IDLE } };
        (self.largest, self.last) = (next, iterations);
    }
}
