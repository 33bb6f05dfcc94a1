//! Eigenvalues at an end of a spectrum, by restarted block Krylov spaces and Rayleigh-Ritz projection.
//!
//! The space belongs to an operator B that has the wanted eigenvectors at the large end of its spectrum: a Chebyshev
//! filter of D^dag D, the inverse of D, or D^dag D, D and H as they are. At each restart the operator A that was asked for
//! is projected on the vectors that are kept, and residuals |A v - lambda v| are computed with A itself. Once they are
//! small, the search goes on beside them from random vectors until it knows the eigenvalue that follows: what was
//! missed, such as a copy of a degenerate one, turns up then.

use super::chebyshev::Filter;
use super::dirac::Dirac;
use super::krylov::{Space, overlap, times};
use super::linop::{LinearMap, Map};
use super::ritz::{Extreme, Pairs, Symmetry, columns, eigen, order, orthonormal};
use super::solve::SolveSpec;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use faer::{Mat, MatRef};

/// Vectors that a space grows by at a time.
const BLOCK: usize = 4;

/// Most filters of a search.
const FILTERS: u32 = 6;

/// The largest residual, beside its eigenvalue, of one that is known.
const KNOWN: f64 = 1e-3;

/// The largest residual of a solve that is of use.
const LOOSE: f64 = 1e-4;

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub which: Extreme,
    pub count: usize,
    /// |A v - lambda v| that is small enough.
    pub residual: f64,
    pub max_restarts: u64,
    pub seed: u64,
}

/// The operator B of a space.
pub(super) enum Operator<'a> {
    /// D^dag D.
    Normal(&'a LinearMap),
    /// The same behind a filter, with an upper bound.
    Filtered(&'a LinearMap, f64),
    /// A itself.
    Same,
    /// The inverse of D.
    Inverse(&'a Dirac, SolveSpec),
}

/// An upper bound of D^dag D, with a margin for what a short Krylov space does not see.
pub(super) fn bound(normal: &LinearMap, seed: u64) -> Result<f64> {
    const VECTORS: usize = 24;
    let mut space = Space::new(normal.dimension(), VECTORS, seed)?;
    let start = space.random(2);
    space.follow_by(start.as_ref());
    space.fill(2, &|x| Ok(normal.times(x)))?;
    let (values, vectors) = eigen(overlap(space.basis(), space.images()).as_ref(), Symmetry::Hermitian)?;
    let (top, last) = (values[values.len() - 1].re, vectors.as_ref().subcols(values.len() - 1, 1));
    let rest = times(space.images(), last) - times(space.basis(), last) * faer::Scale(Complex64::from(top));
    Ok(1.05 * (top + rest.norm_l2()))
}

/// Vectors that are kept at a restart, and those that a space holds.
pub(super) fn sizes(count: usize) -> (usize, usize) {
    let kept = count + (count / 2).max(2 * BLOCK);
    (kept, 2 * kept + 5 * BLOCK)
}

/// A search while it runs.
struct Search<'a> {
    target: &'a LinearMap,
    operator: Operator<'a>,
    symmetry: Symmetry,
    wanted: Wanted,
    space: Space,
    filter: Option<(Filter, f64)>,
    /// Filters so far.
    filters: u32,
}

/// Eigenvalues of `target` = A at an end of its spectrum.
pub(super) fn search(
    target: &LinearMap,
    operator: Operator,
    symmetry: Symmetry,
    wanted: Wanted,
) -> Result<(Pairs, u64)> {
    let (_, most) = sizes(wanted.count);
    let space = Space::new(target.dimension(), most, wanted.seed)?;
    let mut search = Search { target, operator, symmetry, wanted, space, filter: None, filters: 0 };
    let start = search.space.random(BLOCK);
    search.follow_by(start);
    search.run()
}

impl Search<'_> {
    fn run(&mut self) -> Result<(Pairs, u64)> {
        let wanted = self.wanted;
        let mut found: Option<Vec<Complex64>> = None;
        let mut best = (0, f64::INFINITY);
        for restart in 0..=wanted.max_restarts {
            let (end, edge) = self.cycle()?;
            let (mut pairs, coordinates) = self.project()?;
            let following = pairs.split(wanted.count);
            let reached = pairs.reached(wanted.residual);
            if reached.0 < wanted.count {
                best = if reached.0 >= best.0 { reached } else { best };
                if found.is_none() && self.improve(end, edge) {
                    let start = self.space.mixture(BLOCK);
                    self.space.forget();
                    self.follow_by(start);
                }
                continue;
            }
            let is_same =
                found.as_ref().is_some_and(|old| distance(wanted.which, old, &pairs.values) <= 2.0 * wanted.residual);
            if is_same && self.is_beyond(&pairs, &following) {
                return Ok((pairs, restart));
            }
            if !is_same {
                found = Some(pairs.values);
                self.space.restart(coordinates.as_ref());
                let random = self.space.random(BLOCK);
                self.follow_by(random);
            }
        }
        let (small, largest) = best;
        Err(Error::NotConverged(format!(
            "spectrum: expected {0} residuals of at most {1:e}, got {small} of {0}, the largest {largest:e}, after {2} restarts",
            wanted.count, wanted.residual, wanted.max_restarts
        )))
    }

    /// Puts a block after the space: vectors x, or x and H x, since spaces of H^2 do not hold these by themselves.
    fn follow_by(&mut self, mut block: Mat<Complex64>) {
        if self.target.map() == Map::Hermitian && !matches!(self.operator, Operator::Same) {
            let half = BLOCK / 2;
            let images = self.target.times(block.as_ref().subcols(0, half));
            block.as_mut().subcols_mut(half, half).copy_from(&images);
        }
        self.space.follow_by(block.as_ref());
    }

    /// Fills the space and keeps its best part: eigenvalues of B at the end of the spectrum and at the edge of that part.
    fn cycle(&mut self) -> Result<(f64, f64)> {
        let (operator, filter, target) = (&self.operator, &self.filter, self.target);
        self.space.fill(BLOCK, &|x| match (operator, filter) {
            (Operator::Filtered(normal, _), Some((filter, _))) => filter.times(normal, x),
            (Operator::Normal(normal) | Operator::Filtered(normal, _), _) => Ok(normal.times(x)),
            (Operator::Same, _) => Ok(target.times(x)),
            (Operator::Inverse(dirac, spec), _) => inverse(dirac, spec, x),
        })?;
        let is_normal = matches!(self.operator, Operator::Normal(..) | Operator::Filtered(..));
        let symmetry = match self.operator {
            Operator::Same => self.symmetry,
            _ if is_normal => Symmetry::Hermitian,
            _ => Symmetry::General,
        };
        let (values, vectors) = eigen(overlap(self.space.basis(), self.space.images()).as_ref(), symmetry)?;
        let key = |z: &Complex64| match self.operator {
            Operator::Same => self.wanted.which.key(*z),
            _ if is_normal => z.re,
            _ => z.norm(),
        };
        let keys: Vec<f64> = values.iter().map(key).collect();
        let which = match self.operator {
            Operator::Normal(..) | Operator::Filtered(..) if self.filter.is_none() => self.wanted.which,
            Operator::Same => self.wanted.which,
            _ => Extreme::Largest,
        };
        let chosen: Vec<usize> = order(&keys, which).into_iter().take(sizes(self.wanted.count).0).collect();
        let kept = orthonormal(columns(vectors.as_ref(), &chosen), symmetry);
        self.space.restart(kept.as_ref());
        Ok((keys[chosen[0]], keys[chosen[chosen.len() - 1]]))
    }

    /// Takes a better filter if one follows from these; the images are then no longer those of B.
    fn improve(&mut self, end: f64, edge: f64) -> bool {
        let Operator::Filtered(_, bound) = self.operator else { return false };
        let (end, edge) = match &self.filter {
            None => (end, edge),
            Some((filter, _)) => (filter.argument(end), filter.argument(edge)),
        };
        let (far, limit) = if self.wanted.which == Extreme::Smallest { (bound, 0.0) } else { (0.0, bound) };
        // A little beyond, so that an edge among copies of one eigenvalue lies on no copy.
        let edge = edge + 1e-3 * (edge - limit);
        let width = (edge - end).abs();
        if self.filters == FILTERS
            || (edge - far).abs() < 1e-6 * bound
            || self.filter.as_ref().is_some_and(|(_, old)| width > 0.7 * old)
        {
            return false;
        }
        self.filter = Some((Filter::new((edge, far), end, limit), width));
        self.filters += 1;
        true
    }

    /// True where the eigenvalue that follows those found is known, and is not one of them: a space from random vectors
    /// shows the outermost first.
    fn is_beyond(&self, found: &Pairs, following: &Pairs) -> bool {
        let which = self.wanted.which;
        let last = which.key(found.values[self.wanted.count - 1]);
        let (next, residual) = (which.key(following.values[0]), following.residuals[0]);
        let gap = if which.is_smallest() { next - last } else { last - next };
        residual <= gap.min(KNOWN * next.abs()) + 2.0 * self.wanted.residual
    }

    /// Projects A on the vectors that are kept: the pairs that are wanted and one more, and the coordinates of the former.
    fn project(&self) -> Result<(Pairs, Mat<Complex64>)> {
        let basis = self.space.basis();
        let images = self.target.times(basis);
        let (_, coordinates) = eigen(overlap(basis, images.as_ref()).as_ref(), self.symmetry)?;
        let (vectors, images) = (times(basis, coordinates.as_ref()), times(images.as_ref(), coordinates.as_ref()));
        let (which, count) = (self.wanted.which, self.wanted.count);
        let pairs = Pairs::new(vectors.as_ref(), images.as_ref(), (which, count + 1));
        let coordinates = columns(coordinates.as_ref(), &pairs.chosen[..count]);
        let coordinates = orthonormal(coordinates, self.symmetry);
        Ok((pairs, coordinates))
    }
}

/// The largest change of what eigenvalues are ordered by.
fn distance(which: Extreme, old: &[Complex64], new: &[Complex64]) -> f64 {
    old.iter().zip(new).map(|(&a, &b)| (which.key(a) - which.key(b)).abs()).fold(0.0, f64::max)
}

/// D^-1 times each column.
fn inverse(dirac: &Dirac, spec: &SolveSpec, from: MatRef<Complex64>) -> Result<Mat<Complex64>> {
    let mut out = Mat::zeros(from.nrows(), from.ncols());
    let mut solution = vec![0.0; 2 * from.nrows()];
    for (j, column) in from.col_iter().enumerate() {
        let mut source: Vec<f64> = column.iter().flat_map(|z| [z.re, z.im]).collect();
        dirac.turn_back(&mut source);
        let report = dirac.try_solve(spec, 1, &source, &mut solution)?;
        // An inverse that is not exact slows the search down but spoils nothing: residuals are those of D.
        if report.residual.is_nan() || report.residual > LOOSE {
            report.expect_converged(spec).map_err(|e| e.within("spectrum"))?;
        }
        dirac.turn(&mut solution);
        solution.chunks_exact(2).enumerate().for_each(|(i, z)| out[(i, j)] = Complex64::new(z[0], z[1]));
    }
    Ok(out)
}
