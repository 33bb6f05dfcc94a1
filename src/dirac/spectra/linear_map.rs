//! Dirac operators as matrix-free linear maps of complex vectors: faer's `LinOp` and `BiLinOp`.
//!
//! A vector is a spinor field in the canonical order, `[site][spin][colour]`, a complex number each, in the basis of
//! DeGrand and Rossi whatever the operator's spec says; a matrix holds one
//! field in each column. Fields of a Schur complement live on the odd sites, in the same order. With the site-diagonal
//! part of the twisted mass i t g_5, and m the mass of a staggered operator,
//!
//! ```text
//! H = g_5 D - i t  (Wilson),    H = -i (D - m)  (staggered),    both hermitian
//! ```
//!
//! so that H^2 is D^dag D - t^2, or D^dag D - m^2, and the staggered eigenvalues of D are m + i times those of H.

use super::matrix::zeros;
use crate::dirac::kernels::site::Site;
use crate::dirac::lanes::field::Field;
use crate::dirac::linear::Linear;
use crate::dirac::operator::Dirac;
use crate::dirac::side::Side;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::memory;
use crate::progress;
use crate::simd::Native;
use faer::dyn_stack::{MemStack, StackReq};
use faer::matrix_free::{BiLinOp, LinOp};
use faer::{Conj, MatMut, MatRef, Par};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which linear map an operator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// D.
    Dirac,
    /// g_5 D or -i (D - m), the hermitian operator H.
    Hermitian,
    /// D^dag D.
    Normal,
    /// The even-odd form S on the odd sites.
    Schur,
    /// S^dag S.
    SchurNormal,
}

/// The step from D v to H v, which makes the operator hermitian.
#[derive(Clone, Copy, Debug)]
enum Turn {
    None,
    /// v <- g_5 D v - i t v.
    Gamma5 {
        twist: f64,
    },
    /// v <- -i (D v - m v).
    Antihermitian {
        mass: f64,
    },
}

/// A linear map of an operator; several threads may apply it, one at a time.
pub struct LinearMap {
    linear: Box<dyn Linear<f64>>,
    map: Map,
    turn: Turn,
    /// Outer site and lane of each site.
    places: Vec<(u32, u32)>,
    /// Numbers of a spinor.
    reals: usize,
    work: Mutex<Work>,
}

/// Scratch fields, reused by each application.
struct Work {
    from: Field<f64>,
    to: Field<f64>,
    image: Field<f64>,
    scratch: Field<f64>,
}

impl std::fmt::Debug for LinearMap {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.debug_struct("LinearMap").field("map", &self.map).field("dimension", &self.dimension()).finish()
    }
}

impl Dirac {
    /// The operator as a linear map for faer's matrix-free solvers and decompositions.
    ///
    /// Errors: `Unsupported` for an even-odd form on a lattice with odd extents.
    ///
    /// ```no_run
    /// # fn solve(dirac: &instanton::dirac::Dirac, source: faer::MatRef<num_complex::Complex64>) -> Result<(), Box<dyn std::error::Error>> {
    /// use faer::dyn_stack::{MemBuffer, MemStack};
    /// use faer::matrix_free::{IdentityPrecond, conjugate_gradient::*};
    /// let normal = dirac.linear_map(instanton::dirac::Map::Normal)?;
    /// let one = IdentityPrecond { dim: normal.dimension() };
    /// let memory = conjugate_gradient_scratch(one, &normal, source.ncols(), faer::Par::Seq);
    /// let mut solution = faer::Mat::zeros(source.nrows(), source.ncols());
    /// let stack = &mut MemBuffer::new(memory);
    /// let stack = MemStack::new(stack);
    /// conjugate_gradient(solution.as_mut(), one, &normal, source, CgParams::default(), |_| {}, faer::Par::Seq, stack)
    ///     .map_err(|e| format!("{e:?}"))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn linear_map(&self, map: Map) -> Result<LinearMap> {
        let (form, grid) = (&self.double, &self.double.grid);
        let is_half = matches!(map, Map::Schur | Map::SchurNormal);
        if is_half && !grid.is_bipartite() {
            return Err(Error::Unsupported("map: expected even extents for an even-odd form, got odd ones".into()));
        }
        let first = if is_half { grid.even as u32 } else { 0 };
        let sites = grid.places.iter().filter(|(outer, _)| *outer >= first).count();
        let mut places = memory::reserved("places of sites", sites)?;
        places.extend(grid.places.iter().filter_map(|&(outer, lane)| Some((outer.checked_sub(first)?, lane))));
        let linear: Box<dyn Linear<f64>> = if is_half { Box::new(form.even_odd()) } else { Box::new(form.full()) };
        let turn = match (map, self.has_spins, &*form.site) {
            (Map::Hermitian, true, site) => Turn::Gamma5 { twist: site.twist() },
            (Map::Hermitian, false, Site::Number { diagonal, .. }) => Turn::Antihermitian { mass: *diagonal },
            _ => Turn::None,
        };
        let zeros = || linear.zeros();
        let work = Work { from: zeros()?, to: zeros()?, image: zeros()?, scratch: zeros()? };
        let reals = self.count() / grid.places.len();
        Ok(LinearMap { map, turn, places, reals, work: Mutex::new(work), linear })
    }
}

impl LinearMap {
    /// Complex numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.places.len() * self.reals / 2
    }

    /// Which map it is.
    pub fn map(&self) -> Map {
        self.map
    }

    /// The operator that is applied.
    pub(crate) fn linear(&self) -> &dyn Linear<f64> {
        &*self.linear
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Scratch fields that a panicking thread left are overwritten before they are read.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where number k of a site lies in a field.
    fn place(&self, (outer, lane): (u32, u32), k: usize) -> usize {
        (outer as usize * self.reals + k) * f64::WIDTH + lane as usize
    }

    /// Copies a column of a matrix, or its complex conjugate, into a field.
    pub(crate) fn import(&self, conjugate: Conj, column: MatRef<Complex64>, field: &mut Field<f64>) {
        let (own, half) = (field.numbers_mut(), self.reals / 2);
        let sign = if conjugate == Conj::Yes { -1.0 } else { 1.0 };
        for (site, &place) in self.places.iter().enumerate() {
            for k in 0..half {
                let z = column[(site * half + k, 0)];
                own[self.place(place, 2 * k)] = z.re;
                own[self.place(place, 2 * k + 1)] = sign * z.im;
            }
        }
    }

    /// Copies a field, or its complex conjugate, into a column of a matrix.
    pub(crate) fn export(&self, conjugate: Conj, field: &Field<f64>, mut column: MatMut<Complex64>) {
        let (own, half) = (field.numbers(), self.reals / 2);
        let sign = if conjugate == Conj::Yes { -1.0 } else { 1.0 };
        for (site, &place) in self.places.iter().enumerate() {
            for k in 0..half {
                let (re, im) = (own[self.place(place, 2 * k)], own[self.place(place, 2 * k + 1)]);
                column[(site * half + k, 0)] = Complex64::new(re, sign * im);
            }
        }
    }

    /// work.to = A work.from, or A^dag work.from.
    fn act(&self, side: Side, work: &mut Work) {
        let Work { from, to, image, scratch } = work;
        match self.map {
            Map::Normal | Map::SchurNormal => {
                self.linear.apply(Side::Plain, from, image, scratch);
                self.linear.apply(Side::Adjoint, image, to, scratch);
            }
            Map::Dirac | Map::Schur => self.linear.apply(side, from, to, scratch),
            Map::Hermitian => {
                self.linear.apply(Side::Plain, from, to, scratch);
                self.turn(from, to);
            }
        }
    }

    fn turn(&self, from: &Field<f64>, to: &mut Field<f64>) {
        let (line, half) = (2 * f64::WIDTH, self.reals / 2);
        let pairs = to.numbers_mut().chunks_exact_mut(line).zip(from.numbers().chunks_exact(line));
        for (i, (to, from)) in pairs.enumerate() {
            let ((re, im), (x, y)) = (to.split_at_mut(f64::WIDTH), from.split_at(f64::WIDTH));
            let chirality = if 2 * (i % half) < half { 1.0 } else { -1.0 };
            for lane in 0..f64::WIDTH {
                let (a, b) = (re[lane], im[lane]);
                (re[lane], im[lane]) = match self.turn {
                    Turn::None => (a, b),
                    Turn::Gamma5 { twist } => (chirality * a + twist * y[lane], chirality * b - twist * x[lane]),
                    Turn::Antihermitian { mass } => (b - mass * y[lane], mass * x[lane] - a),
                };
            }
        }
    }

    /// out = A from for each column; A may be replaced by its adjoint, and by its complex conjugate.
    fn run(&self, (side, conjugate): (Side, Conj), from: MatRef<Complex64>, mut out: MatMut<Complex64>) {
        let work = &mut *self.work();
        for j in 0..from.ncols() {
            self.import(conjugate, from.subcols(j, 1), &mut work.from);
            self.act(side, work);
            self.export(conjugate, &work.to, out.as_mut().subcols_mut(j, 1));
        }
    }

    /// A times each column.
    pub(crate) fn times(&self, from: MatRef<Complex64>) -> Result<faer::Mat<Complex64>> {
        let mut out = zeros(from.nrows(), from.ncols())?;
        for j in 0..from.ncols() {
            self.run((Side::Plain, Conj::No), from.subcols(j, 1), out.as_mut().subcols_mut(j, 1));
            progress::check()?;
        }
        Ok(out)
    }
}

impl LinOp<Complex64> for LinearMap {
    fn apply_scratch(&self, _: usize, _: Par) -> StackReq {
        StackReq::EMPTY
    }

    fn nrows(&self) -> usize {
        self.dimension()
    }

    fn ncols(&self) -> usize {
        self.dimension()
    }

    fn apply(&self, out: MatMut<'_, Complex64>, rhs: MatRef<'_, Complex64>, _: Par, _: &mut MemStack) {
        self.run((Side::Plain, Conj::No), rhs, out);
    }

    fn conj_apply(&self, out: MatMut<'_, Complex64>, rhs: MatRef<'_, Complex64>, _: Par, _: &mut MemStack) {
        self.run((Side::Plain, Conj::Yes), rhs, out);
    }
}

impl BiLinOp<Complex64> for LinearMap {
    fn transpose_apply_scratch(&self, _: usize, _: Par) -> StackReq {
        StackReq::EMPTY
    }

    // The transpose is the adjoint of the complex conjugate.
    fn transpose_apply(&self, out: MatMut<'_, Complex64>, rhs: MatRef<'_, Complex64>, _: Par, _: &mut MemStack) {
        self.run((Side::Adjoint, Conj::Yes), rhs, out);
    }

    fn adjoint_apply(&self, out: MatMut<'_, Complex64>, rhs: MatRef<'_, Complex64>, _: Par, _: &mut MemStack) {
        self.run((Side::Adjoint, Conj::No), rhs, out);
    }
}
