//! Solutions of D x = b: the table of solvers, and the residual that is reported.
//!
//! Where the lattice has even extents, D x = b is solved by way of the Schur complement S on the odd sites. S is taken
//! itself where it is positive (staggered), and its normal equations S^dag S x = S^dag b elsewhere. A solver that
//! stagnates hands over to another one (`solvers/refine.rs`), so that a tolerance is missed because of rounding alone.

use super::lanes::field::Field;
use super::linear::Linear;
use super::operator::Dirac;
use super::side::Side;
use super::solvers::block_conjugate_gradient;
use super::solvers::conjugate_gradient::{self, End, Run, Stop};
use super::solvers::hermitian::{Form, Hermitian};
use super::solvers::mixed_precision::{self, Mixed};
use super::solvers::refine::{Goal, Reached, refine};
use super::spectra::search::most;
use crate::error::{Error, Result, expect_length};
use crate::progress;
use std::time::Instant;

/// Solvers by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// The fastest that the lattice allows.
    #[default]
    Auto,
    /// Conjugate gradients on the normal equations of the whole operator.
    Cg,
    /// Conjugate gradients for the even-odd form.
    CgEvenOdd,
    /// The same in f32 with reliable updates in f64.
    Mixed,
    /// Block conjugate gradients for the even-odd form, of all right-hand sides at once.
    Block,
    /// The even-odd form in both precisions, from its lowest modes on, which are found once for the operator.
    Deflated,
    /// faer's conjugate gradients on the normal equations of the whole operator.
    FaerCg,
    /// faer's BiCGSTAB on the whole operator.
    FaerBicgstab,
    /// faer's LSMR on the whole operator.
    FaerLsmr,
}

/// How a system is solved.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SolveSpec {
    /// The solver.
    pub solver: Solver,
    /// Largest |b - D x| / |b| that is accepted.
    pub tolerance: f64,
    /// Most iterations for each right-hand side.
    pub max_iterations: u64,
    /// Low modes for 'deflated'.
    pub modes: usize,
    /// Return the best iterate where the tolerance was not reached.
    pub keep_best: bool,
}

impl Default for SolveSpec {
    fn default() -> Self {
        Self { solver: Solver::Auto, tolerance: 1e-10, max_iterations: 10_000, modes: 16, keep_best: false }
    }
}

/// Cost and accuracy of a solve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Iterations of all right-hand sides.
    pub iterations: u64,
    /// The largest |b - D x| / |b|, recomputed in f64.
    pub residual: f64,
    /// Wall time.
    pub seconds: f64,
    /// True where every right-hand side that misses the tolerance is as accurate as rounding allows.
    pub is_attainable: bool,
}

impl Report {
    /// An error where the tolerance was not reached.
    pub fn expect_converged(&self, spec: &SolveSpec) -> Result<()> {
        let end = if self.is_attainable { End::Stagnated } else { End::Limit };
        Reached { iterations: self.iterations, residual: self.residual, end }.expect(spec.tolerance)
    }
}

pub(crate) fn expect_tolerance(tolerance: f64) -> Result<()> {
    // Far below rounding; iterations with a smaller tolerance could underflow.
    const LEAST: f64 = 1e-30;
    if (LEAST..1.0).contains(&tolerance) {
        return Ok(());
    }
    Err(Error::BadSpec(format!("tolerance: expected a number from {LEAST:e} to 1, got {tolerance:e}")))
}

impl Dirac {
    /// Solves D x = b for `count` right-hand sides; where one misses the tolerance, that is an error.
    pub fn solve(&self, spec: &SolveSpec, count: usize, source: &[f64], solution: &mut [f64]) -> Result<Report> {
        let report = self.try_solve(spec, count, source, solution)?;
        report.expect_converged(spec).map(|()| report)
    }

    /// Solves D x = b as [`Dirac::solve`], but returns the best iterates and their residual whether they meet the
    /// tolerance.
    pub fn try_solve(&self, spec: &SolveSpec, count: usize, source: &[f64], solution: &mut [f64]) -> Result<Report> {
        expect_tolerance(spec.tolerance)?;
        if spec.solver == Solver::Deflated {
            self.expect_modes(spec.modes)?;
        }
        self.expect_fields("source", count, source)?;
        expect_length("solution", source.len(), solution.len())?;
        let _work = progress::begin("solve", 0);
        let start = Instant::now();
        let mut report = Report { is_attainable: true, ..Report::default() };
        if spec.solver == Solver::Block {
            report.iterations = self.solve_block(spec, source, solution)?;
        } else {
            solution.fill(0.0);
        }
        for (b, x) in source.chunks_exact(self.count()).zip(solution.chunks_exact_mut(self.count())) {
            let reached = self.solve_one(spec, b, x)?;
            report.iterations += reached.iterations;
            report.residual = report.residual.max(reached.residual);
            report.is_attainable &= reached.end != End::Limit;
        }
        report.seconds = start.elapsed().as_secs_f64();
        Ok(report)
    }

    /// Guesses for all right-hand sides, by block conjugate gradients.
    fn solve_block(&self, spec: &SolveSpec, source: &[f64], solution: &mut [f64]) -> Result<u64> {
        const TOGETHER: usize = 12;
        self.expect_even_odd()?;
        let (schur, full) = (self.double.even_odd(), self.double.full());
        let form = if self.is_positive { Form::Itself } else { Form::Normal };
        let mut iterations = 0;
        let size = TOGETHER * self.count();
        for (sources, solutions) in source.chunks(size).zip(solution.chunks_mut(size)) {
            let (mut right, mut x) = (vec![], vec![]);
            let (mut b, mut scratch) = (full.zeros()?, schur.zeros()?);
            for source in sources.chunks_exact(self.count()) {
                self.import(source, &mut b)?;
                b.scale(full.context(), unit(source));
                let mut prepared = schur.prepared(&b)?;
                if form == Form::Normal {
                    let odd = prepared;
                    prepared = schur.zeros()?;
                    schur.apply(Side::Adjoint, &odd, &mut prepared, &mut scratch);
                }
                right.push(prepared);
                x.push(schur.zeros()?);
            }
            let relative = 0.5 * spec.tolerance;
            let stop = Stop { residual: f64::INFINITY, relative, iterations: spec.max_iterations };
            let run = block_conjugate_gradient::solve(Hermitian::new(&schur, form), &right, &mut x, stop)?;
            // A right-hand side of 0 takes no iterations.
            let is_zero = |b: &&[f64]| b.iter().all(|x| *x == 0.0);
            iterations += run.iterations * sources.chunks_exact(self.count()).filter(|b| !is_zero(b)).count() as u64;
            let pairs = sources.chunks_exact(self.count()).zip(solutions.chunks_exact_mut(self.count()));
            for ((source, solution), x) in pairs.zip(&x) {
                self.import(source, &mut b)?;
                b.scale(full.context(), unit(source));
                let mut all = full.zeros()?;
                schur.reconstruct(&b, x, &mut all)?;
                all.scale(full.context(), unit(source).recip());
                self.export(&all, solution);
            }
        }
        Ok(iterations)
    }

    fn expect_modes(&self, modes: usize) -> Result<()> {
        self.expect_even_odd()?;
        let largest = most(self.count() / 4);
        if largest == 0 {
            let small = "solver: expected an operator that has low modes to search for, got too small a lattice";
            return Err(Error::Unsupported(small.into()));
        }
        if (1..=largest).contains(&modes) {
            return Ok(());
        }
        Err(Error::BadSpec(format!("modes: expected 1 to {largest} for an operator of this size, got {modes}")))
    }

    fn expect_even_odd(&self) -> Result<()> {
        let odd = "solver: expected an even-odd form, got odd extents or a mass of 0";
        self.single.as_ref().map(|_| ()).ok_or_else(|| Error::Unsupported(odd.into()))
    }

    fn solve_one(&self, spec: &SolveSpec, source: &[f64], solution: &mut [f64]) -> Result<Reached> {
        let full = self.double.full();
        let mut b = full.zeros()?;
        let (context, scale) = (full.context(), unit(source));
        self.import(source, &mut b)?;
        b.scale(context, scale);
        let mut x = full.zeros()?;
        self.import(solution, &mut x)?;
        x.scale(context, scale);
        let solvers = self.solvers(spec.solver);
        let goal = Goal { tolerance: spec.tolerance, iterations: spec.max_iterations, solvers: solvers.len() };
        let mut scratch = full.zeros()?;
        let multiply = |x: &Field<f64>, y: &mut Field<f64>| full.apply(Side::Plain, x, y, &mut scratch);
        let correct =
            |at: usize, r: &Field<f64>, x: &mut Field<f64>, stop| self.correct((solvers[at], spec), r, x, stop);
        let reached = refine(context, goal, (&b, &mut x), (multiply, correct))?;
        x.scale(context, scale.recip());
        self.export(&x, solution);
        Ok(reached)
    }

    /// The solver of a spec, followed by those that go on where it stagnates.
    fn solvers(&self, solver: Solver) -> &'static [Solver] {
        match (solver, &self.single) {
            (Solver::Auto, None) | (Solver::Cg, _) => &[Solver::Cg],
            // Residuals that a block solve leaves are solved for one by one.
            (Solver::Auto | Solver::Block | Solver::Mixed, _) => &[Solver::Mixed, Solver::CgEvenOdd, Solver::Cg],
            (Solver::Deflated, _) => &[Solver::Deflated, Solver::CgEvenOdd, Solver::Cg],
            // Unlike the even-odd form, the whole operator does not divide by a small mass.
            (Solver::CgEvenOdd, _) => &[Solver::CgEvenOdd, Solver::Cg],
            (Solver::FaerCg, _) => &[Solver::FaerCg],
            (Solver::FaerBicgstab, _) => &[Solver::FaerBicgstab, Solver::FaerCg],
            (Solver::FaerLsmr, _) => &[Solver::FaerLsmr, Solver::FaerCg],
        }
    }

    /// An approximate solution of D x = b.
    fn correct(
        &self,
        (solver, spec): (Solver, &SolveSpec),
        b: &Field<f64>,
        x: &mut Field<f64>,
        stop: Stop,
    ) -> Result<Run> {
        let whole = self.double.full();
        match solver {
            Solver::Cg => {
                return self.normal_equations(&whole, b, |right| {
                    conjugate_gradient::solve(Hermitian::new(&whole, Form::Normal), right, x, stop)
                });
            }
            Solver::FaerCg => {
                return self.normal_equations(&whole, b, |right| self.solve_by_faer(solver, right, x, stop));
            }
            Solver::FaerBicgstab | Solver::FaerLsmr => return self.solve_by_faer(solver, b, x, stop),
            _ => {}
        }
        let schur = self.double.even_odd();
        self.expect_even_odd()?;
        schur.solve(b, x, |b, x| {
            let mut invert = |form, b: &Field<f64>| match solver {
                Solver::Deflated => self
                    .invert_deflated((spec.modes, form), b, x, |r, x| self.invert((Solver::Mixed, form), r, x, stop)),
                _ => self.invert((solver, form), b, x, stop),
            };
            if self.is_positive {
                return invert(Form::Itself, b);
            }
            self.normal_equations(&schur, b, |right| invert(Form::Normal, right))
        })
    }

    /// Hands A^dag b to `solve`.
    fn normal_equations(
        &self,
        a: &dyn Linear<f64>,
        b: &Field<f64>,
        solve: impl FnOnce(&Field<f64>) -> Result<Run>,
    ) -> Result<Run> {
        let (mut right, mut scratch) = (a.zeros()?, a.zeros()?);
        a.apply(Side::Adjoint, b, &mut right, &mut scratch);
        drop(scratch);
        solve(&right)
    }

    /// Solves K x = b from x = 0 for a form K of the Schur complement, in f32 with updates in f64 or in f64 alone.
    pub(crate) fn invert(
        &self,
        (solver, form): (Solver, Form),
        b: &Field<f64>,
        x: &mut Field<f64>,
        stop: Stop,
    ) -> Result<Run> {
        let schur = self.double.even_odd();
        let double = Hermitian::new(&schur, form);
        match (solver, &self.single) {
            (Solver::Mixed, Some((single, exchange))) => {
                let schur = single.even_odd();
                let single = Hermitian::new(&schur, form);
                mixed_precision::solve(&Mixed { double, single, exchange, reals: self.reals }, b, x, stop)
            }
            _ => conjugate_gradient::solve(double, b, x, stop),
        }
    }
}

/// The power of two that brings the largest number of a source near one, so that f32 holds it; 1 where all are zero.
fn unit(source: &[f64]) -> f64 {
    let largest = source.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    if largest == 0.0 { 1.0 } else { (-largest.log2().floor()).clamp(-1000.0, 1000.0).exp2() }
}
