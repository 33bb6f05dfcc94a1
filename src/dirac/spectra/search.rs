//! Eigenvalues at an end of a spectrum, by restarted block Krylov spaces and Rayleigh-Ritz projection.
//!
//! The space belongs to an operator B that has the wanted eigenvectors at the large end of its spectrum: a Chebyshev
//! filter of D^dag D, the inverse of D, or D^dag D, D and H as they are. At each restart the operator A that was asked
//! for is projected on the vectors that are kept, and residuals |A v - lambda v| are computed with A itself. Once they
//! are small, the search goes on beside them from random vectors until it knows the eigenvalue that follows: what was
//! missed, such as a copy of a degenerate one, turns up then. A search that stalls, as it does where more eigenvalues
//! lie close to one another than vectors are kept, goes on with twice as many.

use super::chebyshev::Filter;
use super::cost::{APPLICATION, Cycle};
use super::krylov::{Space, overlap, times};
use super::linear_map::{LinearMap, Map};
use super::matrix::made;
use super::ritz::{Extreme, Pairs, Symmetry, columns, eigen, order, orthonormal};
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::memory;
use crate::progress;
use faer::{Mat, MatRef};
use std::cell::Cell;

/// Vectors that a space grows by at a time.
const BLOCK: usize = 4;

/// Most filters of a search.
const FILTERS: u32 = 6;

/// Largest residual, relative to the eigenvalue, at which an eigenvalue counts as known.
const KNOWN: f64 = 1e-3;

/// Restarts after which a search is taken for one that stalls.
const PATIENCE: u64 = 20;

/// Most numbers of a space that has grown: 512 MiB for its basis, and as much for its images.
const LARGEST: usize = 1 << 25;

/// Goal and limits of a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub which: Extreme,
    pub count: usize,
    /// Residual |A v - lambda v| that is small enough.
    pub residual: f64,
    pub max_restarts: u64,
    pub seed: u64,
    /// Multiply-adds after which the search gives up; see [`super::cost`].
    pub most_work: f64,
}

/// D^-1 of each column; adds the iterations of the solves to the counter.
pub(crate) type Inverse<'a> = Box<dyn Fn(MatRef<Complex64>, &Cell<u64>) -> Result<Mat<Complex64>> + 'a>;

/// The operator B of a space.
pub(crate) enum Operator<'a> {
    /// D^dag D.
    Normal(&'a LinearMap),
    /// Chebyshev filters of D^dag D, with an upper bound of its spectrum.
    Filtered(&'a LinearMap, f64),
    /// A itself.
    Same,
    /// The inverse of D.
    Inverse(Inverse<'a>),
}

/// An upper bound of D^dag D, with a margin for what a short Krylov space does not see.
pub(crate) fn bound(normal: &LinearMap, seed: u64) -> Result<f64> {
    const VECTORS: usize = 24;
    let mut space = Space::new(normal.dimension(), VECTORS, seed)?;
    let start = space.random(2)?;
    space.follow_by(start.as_ref())?;
    space.fill(2, &|x| normal.times(x))?;
    let (values, vectors) = eigen(overlap(space.basis(), space.images())?.as_ref(), Symmetry::Hermitian)?;
    let (top, last) = (values[values.len() - 1].re, vectors.as_ref().subcols(values.len() - 1, 1));
    let (image, vector) = (times(space.images(), last)?, times(space.basis(), last)?);
    let rest = made(image.nrows(), 1, |i, _| image[(i, 0)] - vector[(i, 0)] * top)?;
    Ok(1.05 * (top + rest.norm_l2()))
}

/// Vectors that are kept at the first restarts, and the capacity of the space.
pub(crate) fn sizes(count: usize) -> (usize, usize) {
    let kept = count + (count / 2).max(2 * BLOCK);
    (kept, capacity(kept))
}

/// Capacity of a space of which so many vectors are kept.
fn capacity(kept: usize) -> usize {
    2 * kept + 5 * BLOCK
}

/// Progress of a search, as its error reports it.
#[derive(Clone, Copy, Debug)]
struct Reached {
    /// Residuals that are small enough, and the largest one of those that are wanted.
    small: usize,
    largest: f64,
    /// The residual of the eigenvalue that follows, and its distance from the last that is wanted.
    next: f64,
    gap: f64,
}

/// The largest number of values that can be searched for; 0 where the operator is too small for a search.
pub(crate) fn most(dimension: usize) -> usize {
    (1..=dimension / 3).rev().find(|&count| 2 * sizes(count).1 <= dimension).unwrap_or(0)
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
    /// Vectors that are kept at a restart.
    kept: usize,
    /// Multiply-adds so far.
    work: f64,
}

/// Eigenvalues of `target` = A at an end of its spectrum.
pub(crate) fn search(
    target: &LinearMap,
    operator: Operator,
    symmetry: Symmetry,
    wanted: Wanted,
) -> Result<(Pairs, u64)> {
    let (kept, most) = sizes(wanted.count);
    let space = Space::new(target.dimension(), most, wanted.seed)?;
    let mut search = Search { target, operator, symmetry, wanted, space, filter: None, filters: 0, kept, work: 0.0 };
    let start = search.space.random(BLOCK)?;
    search.follow_by(start)?;
    search.run()
}

impl Search<'_> {
    fn run(&mut self) -> Result<(Pairs, u64)> {
        let wanted = self.wanted;
        let mut found: Option<Vec<Complex64>> = None;
        let mut best = Reached { small: 0, largest: f64::INFINITY, next: f64::INFINITY, gap: 0.0 };
        for restart in 0..=wanted.max_restarts {
            if self.work > wanted.most_work {
                return Err(self.missed(best, restart));
            }
            if restart % PATIENCE == PATIENCE - 1 {
                self.widen()?;
            }
            let (end, edge) = self.cycle()?;
            let (mut pairs, coordinates) = self.project()?;
            let following = pairs.split(wanted.count)?;
            let reached = self.reached(&pairs, &following);
            progress::step("spectrum", reached.largest)?;
            if reached.small >= best.small {
                best = reached;
            }
            if reached.small < wanted.count {
                if found.is_none() && self.improve(end, edge) {
                    let start = self.space.mixture(BLOCK)?;
                    self.space.forget();
                    self.follow_by(start)?;
                }
                continue;
            }
            let is_same =
                found.as_ref().is_some_and(|old| distance(wanted.which, old, &pairs.values) <= 2.0 * wanted.residual);
            if is_same && self.is_beyond(&pairs, reached) {
                return Ok((pairs, restart));
            }
            if !is_same {
                found = Some(pairs.values);
                self.space.restart(coordinates.as_ref())?;
                let random = self.space.random(BLOCK)?;
                self.follow_by(random)?;
            }
        }
        Err(self.missed(best, wanted.max_restarts))
    }

    /// Keeps twice as many vectors from now on, where a space may hold them.
    fn widen(&mut self) -> Result<()> {
        let (kept, rows) = (2 * self.kept, self.target.dimension());
        let most = capacity(kept);
        if 2 * most > rows || most.saturating_mul(rows) > LARGEST {
            return Ok(());
        }
        self.space.grow(most)?;
        self.kept = kept;
        // A wider part has a better filter.
        self.filters = 0;
        if let Some((_, width)) = &mut self.filter {
            *width = f64::INFINITY;
        }
        Ok(())
    }

    fn reached(&self, pairs: &Pairs, following: &Pairs) -> Reached {
        let (small, largest) = pairs.reached(self.wanted.residual);
        let which = self.wanted.which;
        let (last, next) = (which.key(pairs.values[self.wanted.count - 1]), which.key(following.values[0]));
        let gap = if which.is_smallest() { next - last } else { last - next };
        Reached { small, largest, next: following.residuals[0], gap }
    }

    /// The error of a search that has not converged.
    fn missed(&self, best: Reached, restarts: u64) -> Error {
        let (count, residual, kept) = (self.wanted.count, self.wanted.residual, self.kept);
        let Reached { small, largest, next, gap } = best;
        let got = if small < count {
            format!("got {small} of {count}, the largest {largest:e},")
        } else {
            format!("got all, but not the value that follows at a distance of {gap:.1e}, its residual {next:e},")
        };
        Error::NotConverged(format!(
            "spectrum: expected {count} residuals of at most {residual:e}, {got} after {restarts} restarts with {kept} \
             vectors kept at each: the values lie too close to one another, or the tolerance too near to rounding"
        ))
    }

    /// Puts a block after the space: vectors x, or x and H x, since spaces of H^2 do not hold these by themselves.
    fn follow_by(&mut self, mut block: Mat<Complex64>) -> Result<()> {
        if self.target.map() == Map::Hermitian && !matches!(self.operator, Operator::Same) {
            let half = BLOCK / 2;
            let images = self.target.times(block.as_ref().subcols(0, half))?;
            block.as_mut().subcols_mut(half, half).copy_from(&images);
        }
        self.space.follow_by(block.as_ref())
    }

    /// Fills the space and keeps its best part: eigenvalues of B at the end of the spectrum and at the edge of that
    /// part.
    fn cycle(&mut self) -> Result<(f64, f64)> {
        let (operator, filter, target) = (&self.operator, &self.filter, self.target);
        let (before, _) = self.space.counts();
        let solves = Cell::new(0);
        self.space.fill(BLOCK, &|x| match (operator, filter) {
            (Operator::Filtered(normal, _), Some((filter, _))) => filter.times(normal, x),
            (Operator::Normal(normal) | Operator::Filtered(normal, _), _) => normal.times(x),
            (Operator::Same, _) => target.times(x),
            (Operator::Inverse(inverse), _) => inverse(x, &solves),
        })?;
        let (filled, _) = self.space.counts();
        let is_normal = matches!(self.operator, Operator::Normal(..) | Operator::Filtered(..));
        let symmetry = match self.operator {
            Operator::Same => self.symmetry,
            _ if is_normal => Symmetry::Hermitian,
            _ => Symmetry::General,
        };
        let applications = match (&self.operator, &self.filter) {
            (Operator::Filtered(..), Some((filter, _))) => 2.0 * filter.degree as f64,
            (Operator::Normal(..) | Operator::Filtered(..), _) => 2.0,
            (Operator::Same, _) => 1.0,
            // Two applications of D for each iteration, in f32, which are as fast as one in f64.
            (Operator::Inverse(..), _) => solves.get() as f64 / (filled - before).max(1) as f64,
        };
        let rows = self.target.dimension();
        let image = applications * APPLICATION * rows as f64;
        self.work += Cycle { rows, kept: before, filled, image, symmetry }.cost();
        let (values, vectors) = eigen(overlap(self.space.basis(), self.space.images())?.as_ref(), symmetry)?;
        let key = |z: &Complex64| match self.operator {
            Operator::Same => self.wanted.which.key(*z),
            _ if is_normal => z.re,
            _ => z.norm(),
        };
        let keys = memory::collected("eigenvalues", values.iter().map(key))?;
        let which = match self.operator {
            Operator::Normal(..) | Operator::Filtered(..) if self.filter.is_none() => self.wanted.which,
            Operator::Same => self.wanted.which,
            _ => Extreme::Largest,
        };
        let mut chosen = order(&keys, which)?;
        chosen.truncate(self.kept);
        let kept = orthonormal(columns(vectors.as_ref(), &chosen)?, symmetry)?;
        self.space.restart(kept.as_ref())?;
        Ok((keys[chosen[0]], keys[chosen[chosen.len() - 1]]))
    }

    /// Switches to a better filter if these eigenvalues give one; the images are then no longer those of B.
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
    fn is_beyond(&self, found: &Pairs, reached: Reached) -> bool {
        let which = self.wanted.which;
        let last = which.key(found.values[self.wanted.count - 1]);
        let next = if which.is_smallest() { last + reached.gap } else { last - reached.gap };
        reached.next <= reached.gap.min(KNOWN * next.abs()) + 2.0 * self.wanted.residual
    }

    /// Projects A on the vectors that are kept: the pairs that are wanted and one more, and the coordinates of the
    /// former.
    fn project(&self) -> Result<(Pairs, Mat<Complex64>)> {
        let basis = self.space.basis();
        let images = self.target.times(basis)?;
        let (_, coordinates) = eigen(overlap(basis, images.as_ref())?.as_ref(), self.symmetry)?;
        let (vectors, images) = (times(basis, coordinates.as_ref())?, times(images.as_ref(), coordinates.as_ref())?);
        let (which, count) = (self.wanted.which, self.wanted.count);
        let pairs = Pairs::new(vectors.as_ref(), images.as_ref(), (which, count + 1))?;
        let coordinates = columns(coordinates.as_ref(), &pairs.chosen[..count])?;
        let coordinates = orthonormal(coordinates, self.symmetry)?;
        Ok((pairs, coordinates))
    }
}

/// The largest change of the magnitudes or real parts that eigenvalues are ordered by.
fn distance(which: Extreme, old: &[Complex64], new: &[Complex64]) -> f64 {
    old.iter().zip(new).map(|(&a, &b)| (which.key(a) - which.key(b)).abs()).fold(0.0, f64::max)
}
