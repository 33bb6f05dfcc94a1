//! faer's own solvers for D x = b, on D as a matrix-free map (`linop.rs`): for hosts that compare.
//!
//! Conjugate gradients on D^dag D x = D^dag b; BiCGSTAB on D itself, seen as a map of twice as many real numbers: of
//! complex ones faer takes x^T y for their product, and b^T b may be 0; LSMR, which needs D and D^dag. M. R. Hestenes,
//! E. Stiefel, J. Res. Nat. Bur. Stand. 49, 409 (1952); H. A. van der Vorst, SIAM J. Sci. Stat. Comput. 13, 631 (1992);
//! D. C.-L. Fong, M. Saunders, SIAM J. Sci. Comput. 33, 2950 (2011).

use super::conjugate_gradient::Stop;
use super::dirac::Dirac;
use super::field::Field;
use super::linop::{LinearMap, Map};
use super::solve::Solver;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::memory;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::matrix_free::bicgstab::{BicgParams, bicgstab, bicgstab_scratch};
use faer::matrix_free::conjugate_gradient::{CgParams, conjugate_gradient, conjugate_gradient_scratch};
use faer::matrix_free::lsmr::{LsmrParams, lsmr, lsmr_scratch};
use faer::matrix_free::{IdentityPrecond, LinOp};
use faer::{Conj, Mat, MatMut, MatRef, Par};

/// A column of zeros.
fn column(rows: usize) -> Result<Vec<Complex64>> {
    memory::filled(Complex64::default(), rows).map_err(|_| missing())
}

fn missing() -> Error {
    Error::BadShape("solver: expected memory for the vectors of a solver of faer, got none".into())
}

impl Dirac {
    /// Solves D x = b, or D^dag D x = b for 'faer_cg', from x = 0; returns the iterations. Where the solver breaks down x
    /// is 0.
    pub(super) fn solve_by_faer(&self, solver: Solver, b: &Field<f64>, x: &mut Field<f64>, stop: Stop) -> Result<u64> {
        let map = self.linear_map(if solver == Solver::FaerCg { Map::Normal } else { Map::Dirac })?;
        let rows = map.dimension();
        let (mut right, mut solution) = (column(rows)?, column(rows)?);
        map.export(Conj::No, b, MatMut::from_column_major_slice_mut(&mut right, rows, 1));
        let system = System { map: &map, right: &right, solution: &mut solution, stop };
        let iterations = match solver {
            Solver::FaerBicgstab => system.bicgstab()?,
            Solver::FaerLsmr => system.lsmr()?,
            _ => system.conjugate_gradients()?,
        };
        if solution.iter().all(|z| z.is_finite()) {
            map.import(Conj::No, MatRef::from_column_major_slice(&solution, rows, 1), x);
        } else {
            x.fill(0.0);
        }
        Ok(iterations)
    }
}

/// A system in the form that faer takes, and when to stop.
struct System<'a> {
    map: &'a LinearMap,
    right: &'a [Complex64],
    solution: &'a mut [Complex64],
    stop: Stop,
}

/// What is told of each iterate.
type Callback<'a> = &'a mut dyn FnMut(MatRef<Complex64>);

impl System<'_> {
    /// Hands solution, right-hand side and memory to a solver, which returns its iterations; where it fails, these are
    /// counted: what it has reached shows in the residual, which is computed anew.
    fn run<E>(
        self,
        memory: StackReq,
        solve: impl FnOnce(MatMut<Complex64>, MatRef<Complex64>, Callback, &mut MemStack) -> std::result::Result<usize, E>,
    ) -> Result<u64> {
        let mut memory = MemBuffer::try_new(memory).map_err(|_| missing())?;
        let (rows, mut count) = (self.right.len(), 0);
        let right = MatRef::from_column_major_slice(self.right, rows, 1);
        let out = MatMut::from_column_major_slice_mut(self.solution, rows, 1);
        let known = solve(out, right, &mut |_| count += 1, MemStack::new(&mut memory));
        Ok(known.unwrap_or(count) as u64)
    }

    // faer takes a start of zero for one that it need not subtract from b, and then never copies b: the start stays given.

    fn conjugate_gradients(self) -> Result<u64> {
        let (map, one) = (self.map, IdentityPrecond { dim: self.map.dimension() });
        let Stop { residual, iterations } = self.stop;
        let params = CgParams {
            abs_tolerance: residual,
            rel_tolerance: 0.0,
            max_iters: iterations as usize,
            ..CgParams::default()
        };
        self.run(conjugate_gradient_scratch(one, map, 1, Par::Seq), |out, right, callback, stack| {
            conjugate_gradient(out, one, map, right, params, callback, Par::Seq, stack).map(|info| info.iter_count)
        })
    }

    /// In runs that grow while they bring the residual down: what a breakdown leaves is dropped, and a shorter run begins
    /// anew from the last good iterate.
    fn bicgstab(self) -> Result<u64> {
        const FIRST: u64 = 64;
        let map = Real(self.map);
        let one = IdentityPrecond { dim: map.nrows() };
        let right = reals(MatRef::from_column_major_slice(self.right, self.right.len(), 1));
        let right = MatRef::from_column_major_slice(&right, right.len(), 1);
        let mut memory = MemBuffer::try_new(bicgstab_scratch(one, one, &map, 1, Par::Seq)).map_err(|_| missing())?;
        let mut best = Mat::<f64>::zeros(right.nrows(), 1);
        let (mut least, mut done, mut length) = (right.norm_l2(), 0, FIRST);
        while least > self.stop.residual && done < self.stop.iterations && length > 0 {
            let params = BicgParams {
                abs_tolerance: self.stop.residual,
                rel_tolerance: 0.0,
                max_iters: length.min(self.stop.iterations - done) as usize,
                ..BicgParams::default()
            };
            let (mut x, mut count, stack) = (best.clone(), 0, MemStack::new(&mut memory));
            let known = bicgstab(x.as_mut(), one, one, &map, right, params, |_| count += 1, Par::Seq, stack);
            done += known.map_or(count, |info| info.iter_count as u64);
            let mut image = Mat::zeros(right.nrows(), 1);
            map.apply(image.as_mut(), x.as_ref(), Par::Seq, MemStack::new(&mut []));
            let residual = (right - image).norm_l2();
            // Not less where it is none.
            let is_better = residual < least;
            length = if is_better { 2 * length } else { length / 4 };
            if is_better {
                (best, least) = (x, residual);
            }
        }
        put(best.as_ref(), MatMut::from_column_major_slice_mut(self.solution, self.right.len(), 1));
        Ok(done)
    }

    fn lsmr(self) -> Result<u64> {
        let (map, one) = (self.map, IdentityPrecond { dim: self.map.dimension() });
        let Stop { residual, iterations } = self.stop;
        // Of |D^dag (b - D x)| over |D^dag b|: LSMR knows no other.
        let norm = self.right.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
        let params =
            LsmrParams { rel_tolerance: residual / norm, max_iters: iterations as usize, ..LsmrParams::default() };
        // What faer asks for may be short of a block.
        let memory = StackReq::all_of(&[lsmr_scratch(one, map, 1, Par::Seq); 2]);
        self.run(memory, |out, right, callback, stack| {
            lsmr(out, one, map, right, params, callback, Par::Seq, stack).map(|info| info.iter_count)
        })
    }
}

/// A map of complex numbers as one of twice as many real ones.
#[derive(Debug)]
struct Real<'a>(&'a LinearMap);

/// Real and imaginary parts in turn, of one column.
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
            let mut column = Mat::zeros(self.0.dimension(), 1);
            put(from.subcols(j, 1), column.as_mut());
            let image = reals(self.0.times(column.as_ref()).as_ref());
            image.into_iter().enumerate().for_each(|(i, x)| out[(i, j)] = x);
        }
    }

    fn conj_apply(&self, out: MatMut<'_, f64>, from: MatRef<'_, f64>, par: Par, stack: &mut MemStack) {
        self.apply(out, from, par, stack);
    }
}
