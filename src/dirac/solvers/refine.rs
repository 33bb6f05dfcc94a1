//! Iterative refinement: the true residual is computed and solved for again, until it meets the tolerance.
//!
//! The residual is recomputed in f64 after each correction, and a correction that makes it no smaller is dropped. An
//! iteration that stagnates hands over to the next solver of its list (f32 to f64); where the last one gains nothing,
//! the solution is as accurate as rounding allows. J. H. Wilkinson, Rounding Errors in Algebraic Processes (1963).

use super::conjugate_gradient::{End, Run, Stop};
use crate::context::Context;
use crate::dirac::lanes::field::Field;
use crate::error::{Error, Result};

/// Goal of a solve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// |b - A x| / |b|.
    pub tolerance: f64,
    /// Most iterations.
    pub iterations: u64,
    /// How many solvers there are, each of which goes on where the one before it stagnates.
    pub solvers: usize,
}

/// Outcome of a solve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reached {
    /// Iterations of all solvers.
    pub iterations: u64,
    /// |b - A x| / |b|, recomputed.
    pub residual: f64,
    /// Stagnated: no smaller residual is attainable.
    pub end: End,
}

impl Reached {
    /// An error where the tolerance was missed.
    pub fn expect(&self, tolerance: f64) -> Result<()> {
        if self.residual <= tolerance {
            return Ok(());
        }
        let Self { iterations, residual, end } = self;
        let why = if *end == End::Stagnated { ", where the attainable accuracy is reached" } else { "" };
        Err(Error::NotConverged(format!(
            "solve: expected a relative residual of {tolerance:e}, got {residual:e} after {iterations} iterations{why}"
        )))
    }
}

/// Improves x, 0 or a guess, until A x = b holds to a tolerance. A guess that is worse than 0 is dropped.
///
/// `multiply` writes A x; `correct` solves A x = r roughly with the solver of a number.
pub(crate) fn refine(
    context: &Context,
    goal: Goal,
    (b, x): (&Field<f64>, &mut Field<f64>),
    (mut multiply, mut correct): (
        impl FnMut(&Field<f64>, &mut Field<f64>),
        impl FnMut(usize, &Field<f64>, &mut Field<f64>, Stop) -> Result<Run>,
    ),
) -> Result<Reached> {
    let norm = b.norm2(context).sqrt();
    if norm == 0.0 {
        x.fill(0.0);
        return Ok(Reached { iterations: 0, residual: 0.0, end: End::Converged });
    }
    let mut r = Field::zeros(b.lines().len())?;
    let mut remainder = |x: &Field<f64>, r: &mut Field<f64>| {
        multiply(x, r);
        r.scale_and_add(context, -1.0, b);
        r.norm2(context).sqrt() / norm
    };
    let mut residual = remainder(x, &mut r);
    // NaN is tested for by itself, since no comparison holds for it.
    if residual.is_nan() || residual > 1.0 {
        x.fill(0.0);
        residual = remainder(x, &mut r);
    }
    let mut progress = Progress { solver: 0, sharpness: 0.5, idle: 0 };
    let mut trial = Field::default();
    let mut iterations = 0;
    let end = loop {
        if let Some(end) = progress.end(goal, residual, iterations) {
            break end;
        }
        if trial.lines().is_empty() {
            trial = Field::zeros(b.lines().len())?;
        }
        let stop = progress.stop(goal, (residual, norm), iterations);
        let run = correct(progress.solver, &r, &mut trial, stop)?;
        iterations += run.iterations;
        trial.add(context, 1.0, x);
        let next = remainder(&trial, &mut r);
        progress.note(run, residual, (next, goal));
        if next < residual {
            std::mem::swap(x, &mut trial);
            residual = next;
        } else {
            remainder(x, &mut r);
        }
    };
    Ok(Reached { iterations, residual, end })
}

/// The present solver, and the residual that it is to reach.
struct Progress {
    /// Index of the solver in the list.
    solver: usize,
    /// Residual that it is to reach, over the goal: that of normal equations may have to be smaller.
    sharpness: f64,
    /// Corrections in a row that gained nothing though the solver met its goal: that was too loose.
    idle: u32,
}

impl Progress {
    /// How the refinement has ended; None where it goes on.
    fn end(&self, goal: Goal, residual: f64, iterations: u64) -> Option<End> {
        if residual <= goal.tolerance {
            return Some(End::Converged);
        }
        if self.solver == goal.solvers {
            return Some(End::Stagnated);
        }
        (iterations >= goal.iterations).then_some(End::Limit)
    }

    /// When the next correction is to stop, from the residual relative to the norm of b, and that norm.
    fn stop(&self, goal: Goal, (residual, norm): (f64, f64), iterations: u64) -> Stop {
        Stop {
            residual: self.sharpness * goal.tolerance * norm,
            // The error left may lie along small singular values, which hardly enter the residual of normal equations.
            relative: if iterations == 0 { 1.0 } else { 0.5 * goal.tolerance / residual },
            iterations: goal.iterations - iterations,
        }
    }

    /// Adapts solver and goal after a correction that led from one residual to the next.
    fn note(&mut self, run: Run, before: f64, (after, goal): (f64, Goal)) {
        const MOST_IDLE: u32 = 2;
        const MOST_EMPTY: u32 = 8;
        // NaN is no progress.
        let is_progress = after < 0.5 * before;
        let is_idle = run.end == End::Converged && !is_progress;
        self.idle = if is_idle { self.idle + 1 } else { 0 };
        if run.end == End::Converged && after > goal.tolerance {
            self.sharpness *= 0.5 * (goal.tolerance / after.min(1.0));
        }
        let is_last = self.solver + 1 == goal.solvers;
        let most = if run.iterations == 0 { MOST_EMPTY } else { MOST_IDLE };
        let goes_on = if is_idle { self.idle < most } else { is_progress && (is_last || run.end != End::Stagnated) };
        if !goes_on && run.end != End::Limit {
            self.solver += 1;
        }
    }
}
