//! One sublayer, eight links at a time, one in each SIMD lane.

#![allow(clippy::needless_range_loop)]

use crate::error::{Error, Result};
use crate::gauge::observables::Loops;
use crate::gauge::wide_paths::{first_lanes, places, product};
use crate::group::wide::Wide;
use crate::group::wide_exponential::{WIDTH, drifted};
use crate::group::wide_jacobian::log_determinant;
use crate::group::wide_response::Parts;
use crate::lattice::Neighbours;
use crate::simd::{Instructions, Lanes, Launch, Places, launch};

/// Links of one direction that move.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    /// The first number of the field.
    pub links: *mut f64,
    pub neighbours: &'a Neighbours,
    /// Families of loops.
    pub families: &'a [(f64, Loops)],
    pub mu: usize,
    pub sites: &'a [usize],
    /// The coefficient ρ of each loop: `[link][staple]`.
    pub rho: &'a [f64],
    /// Loops through a link.
    pub staples: usize,
    /// Largest Σ |ρ| over the loops through a link.
    pub bound: f64,
    pub is_inverse: bool,
}

/// What has come of a part of a sublayer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// log of the Jacobian.
    pub logarithm: f64,
    /// Iterations of the inverse that took most, and the last change.
    pub iterations: usize,
    pub residual: f64,
    /// The inverse did not converge.
    pub failed: bool,
}

impl Outcome {
    /// An error where the inverse did not converge.
    pub fn expect_convergence(&self) -> Result<()> {
        let Self { iterations, residual, failed, .. } = self;
        if !failed {
            return Ok(());
        }
        Err(Error::NotConverged(format!(
            "inverse of a layer: expected a residual below 3e-15, got {residual:.1e} after {iterations} iterations"
        )))
    }
}

/// Iterations of the inverse; with Σ |ρ| = 0.9 there are some 320.
const MOST_ITERATIONS: usize = 2000;
/// Square of the change of a link at which one more iteration is the last.
const SMALL: f64 = 1e-29;

impl Work<'_> {
    /// Moves the links.
    ///
    /// # Safety
    /// The field has all links of its lattice. No link of `sites` is in a loop with another one or with a link that is
    /// written at the same time.
    pub unsafe fn run<const N: usize>(self, outcome: &mut Outcome) {
        // SAFETY: the caller's promise; the processor was asked.
        unsafe { launch(Instructions::best(), Move::<N>(self, outcome)) };
    }

    /// Eight sites from the one of number `first` on, the last one once more beyond the end, and how many there are.
    #[inline(always)]
    pub fn lanes(&self, first: usize) -> (Places, usize) {
        let (mut sites, last): (Places, _) = ([0; WIDTH], self.sites.len() - 1);
        for lane in 0..WIDTH {
            sites[lane] = self.sites[(first + lane).min(last)];
        }
        (sites, WIDTH.min(self.sites.len() - first))
    }

    /// The sites where the links end.
    #[inline(always)]
    pub fn ends(&self, sites: &Places) -> Places {
        let mut ends = *sites;
        for end in &mut ends {
            *end = self.neighbours.next(*end, self.mu);
        }
        ends
    }

    /// The coefficients of staple `number` of eight links.
    #[inline(always)]
    pub fn weights<L: Lanes<Scalar = f64>>(&self, first: usize, number: usize) -> L {
        let (mut lanes, last) = ([0.0; WIDTH], self.sites.len() - 1);
        for lane in 0..WIDTH {
            lanes[lane] = self.rho[(first + lane).min(last) * self.staples + number];
        }
        // SAFETY: the lanes are eight doubles.
        unsafe { lanes.as_ptr().cast::<L>().read_unaligned() }
    }

    /// Σ ρ_l A_l of eight links.
    ///
    /// # Safety
    /// As for [`Work::run`].
    #[inline(always)]
    pub unsafe fn sum_of_staples<L: Lanes<Scalar = f64>, const N: usize>(
        &self,
        sites: &Places,
        first: usize,
    ) -> Wide<L, N> {
        let (ends, mut sum, mut number) = (self.ends(sites), Wide::zero(), 0);
        for (_, loops) in self.families {
            for path in loops.staples(self.mu) {
                // SAFETY: the caller's promise.
                let staple = unsafe { product::<L, N>(self.links, self.neighbours, &ends, path) };
                sum = sum.plus_scaled(self.weights(first, number), &staple);
                number += 1;
            }
        }
        sum
    }
}

struct Move<'a, 'b, const N: usize>(Work<'a>, &'b mut Outcome);

impl<const N: usize> Launch<f64> for Move<'_, '_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let Self(work, outcome) = self;
        let d = work.neighbours.dimensions();
        for first in (0..work.sites.len()).step_by(WIDTH) {
            let (sites, count) = work.lanes(first);
            let own = places::<N>(&sites, d, work.mu);
            // SAFETY: the caller's promise: links of the lattice.
            unsafe {
                let staples = work.sum_of_staples::<L, N>(&sites, first);
                let link = Wide::<L, N>::load(work.links, &own);
                let start = if work.is_inverse { inverse(&link, &staples, outcome) } else { link };
                let m = start.times(&staples);
                let new =
                    if work.is_inverse { start } else { drifted(&m.skew().traceless(L::constant(1.0)), &link, -1.0) };
                if count == WIDTH {
                    new.store(work.links, &own);
                } else {
                    new.store_first(work.links, &own, count);
                }
                let logarithm = log_determinant::<L, N>(&Parts::of(&m), work.bound);
                outcome.logarithm += first_lanes(logarithm, count) * if work.is_inverse { -1.0 } else { 1.0 };
            }
        }
    }
}

/// The U of U' = exp(−Q) U, by iteration of exp(Q) U'.
#[inline(always)]
fn inverse<L: Lanes<Scalar = f64>, const N: usize>(
    moved: &Wide<L, N>,
    staples: &Wide<L, N>,
    outcome: &mut Outcome,
) -> Wide<L, N> {
    let (mut link, mut is_last) = (*moved, false);
    for iteration in 1..=MOST_ITERATIONS {
        let q = link.times(staples).skew().traceless(L::constant(1.0));
        let next = drifted(&q, moved, 1.0);
        let change = next.plus_scaled(L::constant(-1.0), &link);
        let mut square = L::constant(0.0);
        for i in 0..N {
            for j in 0..N {
                let [re, im] = change.0[i][j];
                square = re.mul_add(re, im.mul_add(im, square));
            }
        }
        link = next;
        if is_last {
            return link;
        }
        outcome.iterations = iteration.max(outcome.iterations);
        outcome.residual = square.sum().sqrt();
        // One for each lane that has arrived.
        is_last =
            (L::constant(SMALL) - square).where_positive(L::constant(1.0), L::constant(0.0)).sum() == WIDTH as f64;
    }
    outcome.failed = true;
    link
}
