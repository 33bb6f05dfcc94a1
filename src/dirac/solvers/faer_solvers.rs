//! faer's own solvers for D x = b, on D as a matrix-free map (`linear_map.rs`): for comparisons.
//!
//! Conjugate gradients on D^dag D x = D^dag b; BiCGSTAB on D itself, seen as a map of twice as many real numbers: of
//! complex ones faer takes x^T y as the inner product, and b^T b may be 0; LSMR, which needs D and D^dag. M. R.
//! Hestenes, E. Stiefel, J. Res. Nat. Bur. Stand. 49, 409 (1952); H. A. van der Vorst, SIAM J. Sci. Stat. Comput. 13,
//! 631 (1992); D. C.-L. Fong, M. Saunders, SIAM J. Sci. Comput. 33, 2950 (2011).

use super::conjugate_gradient::{End, Run, Stop};
use super::rounding::longest;
use crate::dirac::lanes::field::Field;
use crate::dirac::operator::Dirac;
use crate::dirac::solve::Solver;
use crate::dirac::spectra::linear_map::{LinearMap, Map};
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::memory;
use crate::progress;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::matrix_free::bicgstab::{BicgParams, bicgstab, bicgstab_scratch};
use faer::matrix_free::conjugate_gradient::{CgParams, conjugate_gradient, conjugate_gradient_scratch};
use faer::matrix_free::lsmr::{LsmrParams, lsmr, lsmr_scratch};
use faer::matrix_free::{IdentityPrecond, LinOp};
use faer::{Conj, Mat, MatMut, MatRef, Par};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A column of zeros.
fn column(rows: usize) -> Result<Vec<Complex64>> {
    memory::filled("vector of a solver of faer", Complex64::default(), rows)
}

fn missing() -> Error {
    Error::BadShape("solver: expected memory for the vectors of a solver of faer, got none".into())
}

impl Dirac {
    /// Solves D x = b, or D^dag D x = b for 'faer_cg', from x = 0. Where the solver breaks down x is 0.
    pub(crate) fn solve_by_faer(&self, solver: Solver, b: &Field<f64>, x: &mut Field<f64>, stop: Stop) -> Result<Run> {
        let map = self.linear_map(if solver == Solver::FaerCg { Map::Normal } else { Map::Dirac })?;
        let rows = map.dimension();
        // faer allocates its vectors without reporting a lack of memory, and so do the maps that it calls.
        const VECTORS: usize = 24;
        memory::expect("vectors of a solver of faer", VECTORS * rows * size_of::<Complex64>())?;
        let (mut right, mut solution) = (column(rows)?, column(rows)?);
        map.export(Conj::No, b, MatMut::from_column_major_slice_mut(&mut right, rows, 1));
        let system = System { map: &map, right: &right, solution: &mut solution, stop, longest: longest(b) };
        let run = match solver {
            Solver::FaerBicgstab => system.bicgstab()?,
            Solver::FaerLsmr => system.lsmr()?,
            _ => system.conjugate_gradients()?,
        };
        if solution.iter().all(|z| z.is_finite()) {
            map.import(Conj::No, MatRef::from_column_major_slice(&solution, rows, 1), x);
        } else {
            x.fill(0.0);
        }
        Ok(run)
    }
}

/// A system in the form that faer takes, and when to stop.
struct System<'a> {
    map: &'a LinearMap,
    right: &'a [Complex64],
    solution: &'a mut [Complex64],
    stop: Stop,
    /// Iterations after which the Krylov space of a run has no new directions.
    longest: u64,
}

/// Called with each iterate.
type Callback<'a> = &'a mut dyn FnMut(MatRef<Complex64>);

impl System<'_> {
    /// |b|.
    fn norm(&self) -> f64 {
        self.right.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt()
    }

    /// Residual to stop at.
    fn goal(&self) -> f64 {
        self.stop.goal(self.norm())
    }

    /// Iterations that a run may take.
    fn most(&self) -> usize {
        self.stop.iterations.min(self.longest) as usize
    }

    /// Calls a solver with solution, right-hand side and memory; it returns its iterations. Where it fails, they are
    /// counted here; its accuracy follows from the residual, which the caller recomputes.
    fn run<E>(
        self,
        memory: StackReq,
        solve: impl FnOnce(MatMut<Complex64>, MatRef<Complex64>, Callback, &mut MemStack) -> std::result::Result<usize, E>,
    ) -> Result<Run> {
        let limit = self.stop.iterations;
        let mut memory = MemBuffer::try_new(memory).map_err(|_| missing())?;
        let (rows, mut count) = (self.right.len(), 0);
        let right = MatRef::from_column_major_slice(self.right, rows, 1);
        let out = MatMut::from_column_major_slice_mut(self.solution, rows, 1);
        let mut each = |_: MatRef<Complex64>| {
            count += 1;
            end_where_asked();
        };
        let known = stopped(|| solve(out, right, &mut each, MemStack::new(&mut memory)))?;
        let iterations = known.as_ref().map_or(count, |known| *known) as u64;
        let failure = if iterations >= limit { End::Limit } else { End::Stagnated };
        Ok(Run { iterations, end: if known.is_ok() { End::Converged } else { failure } })
    }

    // x = 0 is passed as a general start: with a start that is declared zero, faer never copies b into the residual.

    fn conjugate_gradients(self) -> Result<Run> {
        let (map, one) = (self.map, IdentityPrecond { dim: self.map.dimension() });
        let params =
            CgParams { abs_tolerance: self.goal(), rel_tolerance: 0.0, max_iters: self.most(), ..CgParams::default() };
        self.run(conjugate_gradient_scratch(one, map, 1, Par::Seq), |out, right, callback, stack| {
            conjugate_gradient(out, one, map, right, params, callback, Par::Seq, stack).map(|info| info.iter_count)
        })
    }

    /// BiCGSTAB in runs that grow while the residual falls: the iterate of a breakdown is dropped, and a shorter run
    /// begins anew from the last good iterate. The solve ends after several runs that together do not halve the
    /// residual.
    fn bicgstab(self) -> Result<Run> {
        const FIRST: u64 = 64;
        const MOST_IDLE: u32 = 3;
        let map = Real(self.map);
        let one = IdentityPrecond { dim: map.nrows() };
        let right = reals(MatRef::from_column_major_slice(self.right, self.right.len(), 1));
        let right = MatRef::from_column_major_slice(&right, right.len(), 1);
        let mut memory = MemBuffer::try_new(bicgstab_scratch(one, one, &map, 1, Par::Seq)).map_err(|_| missing())?;
        let mut best = Mat::<f64>::zeros(right.nrows(), 1);
        let (mut least, mut iterations, mut length) = (right.norm_l2(), 0, FIRST);
        let (goal, mut halved, mut idle) = (self.goal(), 0.5 * least, 0);
        let end = loop {
            if least <= goal {
                break End::Converged;
            }
            if length == 0 || idle == MOST_IDLE {
                break End::Stagnated;
            }
            if iterations >= self.stop.iterations {
                break End::Limit;
            }
            let params = BicgParams {
                abs_tolerance: goal,
                rel_tolerance: 0.0,
                max_iters: length.min(self.stop.iterations - iterations) as usize,
                ..BicgParams::default()
            };
            let (mut x, mut count, stack) = (best.clone(), 0, MemStack::new(&mut memory));
            let each = |_: MatRef<f64>| {
                count += 1;
                end_where_asked();
            };
            let known = stopped(|| bicgstab(x.as_mut(), one, one, &map, right, params, each, Par::Seq, stack))?;
            iterations += known.map_or(count, |info| info.iter_count as u64);
            let mut image = Mat::zeros(right.nrows(), 1);
            map.apply(image.as_mut(), x.as_ref(), Par::Seq, MemStack::new(&mut []));
            let residual = (right - image).norm_l2();
            // False where the residual is NaN.
            let is_better = residual < least;
            length = if is_better { 2 * length } else { length / 4 };
            if is_better {
                (best, least) = (x, residual);
            }
            idle = if least < halved { 0 } else { idle + 1 };
            halved = if idle == 0 { 0.5 * least } else { halved };
        };
        put(best.as_ref(), MatMut::from_column_major_slice_mut(self.solution, self.right.len(), 1));
        Ok(Run { iterations, end })
    }

    fn lsmr(self) -> Result<Run> {
        let (map, one) = (self.map, IdentityPrecond { dim: self.map.dimension() });
        // A bound of |D^dag (b - D x)| / |D^dag b|, the only criterion of LSMR.
        let norm = self.norm();
        let params =
            LsmrParams { rel_tolerance: self.stop.goal(norm) / norm, max_iters: self.most(), ..LsmrParams::default() };
        // The scratch memory that faer requests may be too small by one block.
        let memory = StackReq::all_of(&[lsmr_scratch(one, map, 1, Par::Seq); 2]);
        self.run(memory, |out, right, callback, stack| {
            lsmr(out, one, map, right, params, callback, Par::Seq, stack).map(|info| info.iter_count)
        })
    }
}

/// Unwinds out of a solver of faer, which has no other way to end, where the host wants to stop.
fn end_where_asked() {
    if let Err(error) = progress::step("solve", f64::NAN) {
        resume_unwind(Box::new(error));
    }
}

/// Result of `solve`, or the error with which [`end_where_asked`] has ended it.
fn stopped<R>(solve: impl FnOnce() -> R) -> Result<R> {
    // Vectors that the solver left half-written are dropped with the error.
    catch_unwind(AssertUnwindSafe(solve)).map_err(|payload| match payload.downcast::<Error>() {
        Ok(error) => *error,
        Err(defect) => resume_unwind(defect),
    })
}

/// A map of complex numbers as one of twice as many real ones.
#[derive(Debug)]
struct Real<'a>(&'a LinearMap);

/// Real and imaginary parts of one column, alternately.
fn reals(column: MatRef<Complex64>) -> Vec<f64> {
    (0..column.nrows()).flat_map(|i| [column[(i, 0)].re, column[(i, 0)].im]).collect()
}

/// Complex numbers from their parts.
fn put(parts: MatRef<f64>, mut column: MatMut<Complex64>) {
    (0..column.nrows()).for_each(|i| column[(i, 0)] = Complex64::new(parts[(2 * i, 0)], parts[(2 * i + 1, 0)]));
}

impl LinOp<f64> for Real<'_> {
    fn apply_scratch(&self, _: usize, _: Par) -> StackReq {
        StackReq::EMPTY
    }

    fn nrows(&self) -> usize {
        2 * self.0.dimension()
    }

    fn ncols(&self) -> usize {
        self.nrows()
    }

    fn apply(&self, mut out: MatMut<'_, f64>, from: MatRef<'_, f64>, _: Par, _: &mut MemStack) {
        for j in 0..from.ncols() {
            let (mut column, mut image) = (Mat::zeros(self.0.dimension(), 1), Mat::zeros(self.0.dimension(), 1));
            put(from.subcols(j, 1), column.as_mut());
            self.0.apply(image.as_mut(), column.as_ref(), Par::Seq, MemStack::new(&mut []));
            reals(image.as_ref()).into_iter().enumerate().for_each(|(i, x)| out[(i, j)] = x);
        }
    }

    fn conj_apply(&self, out: MatMut<'_, f64>, from: MatRef<'_, f64>, par: Par, stack: &mut MemStack) {
        self.apply(out, from, par, stack);
    }
}
