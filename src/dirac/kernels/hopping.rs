//! The hopping term of any operator: half-fields, the work of threads, and the site-diagonal term added to it.

use super::clover_kernel::{Clover, Product};
use crate::context::Context;
use crate::dirac::lanes::field::Field;
use crate::dirac::lanes::grid::{Grid, Neighbour};
use crate::dirac::side::Side;
use crate::error::Result;
use crate::simd::{Instructions, Line, Native};
use std::ops::Range;
use std::sync::Arc;

/// Outer sites of one parity in each piece of a thread's work.
const SITES: usize = 16;

/// Fields that are computed together, site by site: each link is read from memory once for all of them, and the spinors
/// that the next slice needs again are still in a cache.
const FIELDS: usize = 4;

/// Lines of results above which they are written past the caches; small in tests, so that both ways are tested.
const LARGE: usize = if cfg!(test) { 1 << 10 } else { 1 << 17 };

/// Lines of results above which the source fields come from memory and are prefetched.
const FAR: usize = LARGE / 2;

/// A hopping term in lanes of a precision.
pub(crate) struct HoppingTerm<T> {
    pub grid: Arc<Grid>,
    pub context: Arc<Context>,
    pub instructions: Instructions,
    /// Hops from each outer site, forward and backward along each direction.
    pub hops: Arc<Vec<Neighbour>>,
    pub links: Field<T>,
    /// Factors that complete links of 12 or 8 numbers, see `links.rs`.
    pub factors: Field<T>,
    /// Lines of a spinor.
    pub spinor: usize,
    /// The kernel: computes a range of outer sites of several fields, all of the same side.
    pub kernel: fn(&Self, &[Job<T>], Range<usize>),
}

/// Coefficients of the result, hopping H psi + (diagonal + i twist g_5) centre.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<T> {
    pub hopping: T,
    pub diagonal: T,
    pub twist: T,
    /// The field of the site-diagonal term, as if it began at outer site 0; None: no such term.
    pub centre: Option<*const Line>,
}

/// One field's share of a kernel call: source, result and coefficients.
///
/// Pointers are those of fields that begin at outer site 0.
pub(crate) struct Job<'a, T> {
    pub from: *const Line,
    pub to: *mut Line,
    pub terms: Terms<T>,
    pub side: Side,
    /// True where results are written past the caches.
    pub streams: bool,
    /// True where the source field comes from memory, and is prefetched.
    pub is_far: bool,
    /// A clover product that is written to the result first.
    product: Option<Product<'a>>,
}

// SAFETY: threads write different sites of `to` and read the rest.
unsafe impl<T: Sync> Sync for Job<'_, T> {}

/// Source, result, and the site-diagonal term of one application.
pub(crate) struct Task<'a, T> {
    pub from: &'a Field<T>,
    pub with: With<'a, T>,
    pub to: &'a mut Field<T>,
}

/// Factor of the hopping term, and the site-diagonal term added to it.
pub(crate) struct With<'a, T> {
    pub hopping: f64,
    pub diagonal: f64,
    pub twist: f64,
    pub centre: Centre<'a, T>,
}

impl<T> With<'_, T> {
    /// The hopping term alone, without a site-diagonal term.
    pub fn hopping() -> Self {
        With { hopping: 1.0, diagonal: 0.0, twist: 0.0, centre: Centre::None }
    }
}

/// The field of the site-diagonal terms.
pub(crate) enum Centre<'a, T> {
    None,
    Field(&'a Field<T>),
    /// A clover term's product with a field.
    Clover(&'a Clover<T>, &'a Field<T>),
}

/// The sites of a field: those of one parity, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sublattice {
    All,
    Even,
    Odd,
}

impl<T: Native> HoppingTerm<T> {
    /// Outer sites of a sublattice.
    pub fn sites(&self, sublattice: Sublattice) -> Range<usize> {
        match sublattice {
            Sublattice::All => 0..self.grid.sites,
            Sublattice::Even => 0..self.grid.even,
            Sublattice::Odd => self.grid.even..self.grid.sites,
        }
    }

    /// A field of zeros on a sublattice.
    pub fn zeros(&self, sublattice: Sublattice) -> Result<Field<T>> {
        Field::zeros(self.sites(sublattice).len() * self.spinor)
    }

    /// to = hopping H from + (diagonal + i twist g_5) centre on the sublattice where `to` and `centre` live; `from` lives on the
    /// other one, or on all. The centre may be left out.
    pub fn hop(&self, at: (Side, Sublattice), from: &Field<T>, with: With<T>, to: &mut Field<T>) {
        self.hop_many(at, vec![Task { from, with, to }]);
    }

    /// The same for several fields, which share each load of a link from memory.
    pub fn hop_many(&self, (side, sublattice): (Side, Sublattice), tasks: Vec<Task<T>>) {
        let mut jobs: Vec<Job<T>> = tasks.into_iter().map(|task| self.job((side, sublattice), task)).collect();
        let (sites, even) = (self.sites(sublattice), self.grid.even);
        let lines = jobs.len() * sites.len() * self.spinor;
        for job in &mut jobs {
            // The clover product has just put these results into a cache.
            job.streams = lines >= LARGE && job.product.is_none();
            job.is_far = lines >= FAR;
        }
        for jobs in jobs.chunks(FIELDS) {
            let run = |sites: Range<usize>| {
                for product in jobs.iter().filter_map(|job| job.product) {
                    product.run::<T>(self.instructions, sites.clone());
                }
                (self.kernel)(self, jobs, sites);
            };
            if sublattice == Sublattice::All && self.grid.is_bipartite() {
                // Even and odd sites of a place alternately: both need the same links.
                self.context.share(even.div_ceil(SITES), |_, i| {
                    let (first, last) = (i * SITES, even.min((i + 1) * SITES));
                    run(first..last);
                    run(even + first..even + last);
                });
            } else {
                self.context.share(sites.len().div_ceil(SITES), |_, i| {
                    let first = sites.start + i * SITES;
                    run(first..sites.end.min(first + SITES));
                });
            }
        }
    }

    fn job<'a>(&self, (side, sublattice): (Side, Sublattice), task: Task<'a, T>) -> Job<'a, T> {
        let Task { from, with, to } = task;
        let source = match sublattice {
            Sublattice::All => Sublattice::All,
            Sublattice::Even => Sublattice::Odd,
            Sublattice::Odd => Sublattice::Even,
        };
        let expect =
            |field: &Field<T>, sublattice| assert_eq!(field.lines().len(), self.sites(sublattice).len() * self.spinor);
        let start = |field: &Field<T>, sublattice| {
            expect(field, sublattice);
            field.lines().as_ptr().wrapping_sub(self.sites(sublattice).start * self.spinor)
        };
        expect(to, sublattice);
        let twist = if side == Side::Plain { with.twist } else { -with.twist };
        let result = to.lines_mut().as_mut_ptr().wrapping_sub(self.sites(sublattice).start * self.spinor);
        let (centre, product) = match with.centre {
            Centre::None => (None, None),
            Centre::Field(field) => (Some(start(field, sublattice)), None),
            Centre::Clover(clover, field) => {
                (Some(result.cast_const()), Some(clover.product(side, start(field, sublattice), result)))
            }
        };
        let number = T::from_f64;
        let terms =
            Terms { hopping: number(with.hopping), diagonal: number(with.diagonal), twist: number(twist), centre };
        Job { from: start(from, source), to: result, terms, side, streams: false, is_far: false, product }
    }

    /// field <- (diagonal + i twist g_5) field.
    pub fn diagonal(&self, field: &mut Field<T>, diagonal: f64, twist: f64) {
        let (width, half, (a, t)) = (T::WIDTH, self.spinor / 2, (T::from_f64(diagonal), twist));
        self.context.share_chunks(field.numbers_mut(), SITES * self.spinor * width, |_, part| {
            for spinor in part.chunks_exact_mut(self.spinor * width) {
                for (i, pair) in spinor.chunks_exact_mut(2 * width).enumerate() {
                    let (re, im) = pair.split_at_mut(width);
                    let t = if 2 * i < half { t } else { -t };
                    let (t, minus) = (T::from_f64(t), T::from_f64(-t));
                    for (x, y) in re.iter_mut().zip(im) {
                        let (u, v) = (*x, *y);
                        let zero = T::from_f64(0.0);
                        (*x, *y) = (u.mul_add(a, v.mul_add(minus, zero)), v.mul_add(a, u.mul_add(t, zero)));
                    }
                }
            }
        });
    }
}
