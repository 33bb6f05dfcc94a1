//! New links for their staples, eight sites at a time, one in each SIMD lane.

#![allow(clippy::needless_range_loop)]

use super::update::Update;
use super::weights::CODES;
use crate::gauge::observables::Loops;
use crate::gauge::wide_paths::{places, product};
use crate::group::wide::Wide;
use crate::group::wide_heatbath::{heat, reflect};
use crate::lattice::Neighbours;
use crate::random::{Purpose, Streams};
use crate::simd::{Instructions, Lanes, Launch, Places, launch};

/// Lanes of doubles in all instruction sets.
const WIDTH: usize = 8;

/// Weights of the loops through some links.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    /// The row of each link.
    pub rows: &'a [usize],
    /// All rows, with the code of the loop of each staple.
    pub codes: &'a [u8],
    /// Staples of a link.
    pub staples: usize,
    /// The weight of each code.
    pub factors: &'a [f64; CODES],
}

/// Links of one direction.
pub(super) struct Work<'a> {
    /// The first number of the field.
    pub links: *mut f64,
    pub neighbours: &'a Neighbours,
    /// Families of loops, with their coefficients c.
    pub terms: &'a [(f64, Loops)],
    pub mu: usize,
    pub sites: &'a [usize],
    /// Weights of the loops; 1 where there are none.
    pub weights: Option<Weights<'a>>,
    /// β / N.
    pub coupling: f64,
    pub update: Update,
    /// Subgroups in the reverse order.
    pub is_reversed: bool,
}

impl Work<'_> {
    /// Updates the links.
    ///
    /// # Safety
    /// The field has all links of its lattice. No link of `sites` is in a loop with another one or with a link that is
    /// written at the same time.
    pub unsafe fn run<const N: usize>(self) {
        // SAFETY: the caller's promise; the processor was asked.
        unsafe { launch(Instructions::best(), Sweep::<N>(self)) };
    }
}

struct Sweep<'a, const N: usize>(Work<'a>);

impl<const N: usize> Launch<f64> for Sweep<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let work = &self.0;
        let d = work.neighbours.dimensions();
        for first in (0..work.sites.len()).step_by(WIDTH) {
            // Lanes beyond the last link have it once more, and are not stored.
            let last = work.sites.len() - 1;
            let mut sites: Places = [0; WIDTH];
            for lane in 0..WIDTH {
                sites[lane] = work.sites[(first + lane).min(last)];
            }
            let own = places::<N>(&sites, d, work.mu);
            let count = WIDTH.min(work.sites.len() - first);
            // SAFETY: the caller's promise: links of the lattice.
            unsafe {
                let staples = work.staples::<L, N>(&sites, first);
                let link = Wide::<L, N>::load(work.links, &own);
                let new = match work.update {
                    Update::Reflect => reflect(&link, &staples, work.is_reversed),
                    Update::Heat { seed } => {
                        let mut counters = [0; WIDTH];
                        for lane in 0..WIDTH {
                            counters[lane] = (sites[lane] * d + work.mu) as u64;
                        }
                        let mut streams = Streams::new(seed, Purpose::Heatbath, &counters);
                        heat(&link, &staples, (&mut streams, count), work.is_reversed)
                    }
                };
                if count == WIDTH {
                    new.store(work.links, &own);
                } else {
                    new.store_first(work.links, &own, count);
                }
            }
        }
    }
}

impl Work<'_> {
    /// β / N times the weighted sum of the staples of eight links, the first of which has the number `first`.
    ///
    /// # Safety
    /// As for [`Work::run`]; the lanes are eight doubles.
    #[inline(always)]
    unsafe fn staples<L: Lanes<Scalar = f64>, const N: usize>(&self, sites: &Places, first: usize) -> Wide<L, N> {
        let mut ends = *sites;
        for end in &mut ends {
            *end = self.neighbours.next(*end, self.mu);
        }
        let (mut sum, mut number) = (Wide::zero(), 0);
        for (coefficient, loops) in self.terms {
            let factor = self.coupling * coefficient;
            for path in loops.staples(self.mu) {
                // SAFETY: the caller's promise.
                let staple = unsafe { product::<L, N>(self.links, self.neighbours, &ends, path) };
                let weight = match self.weights {
                    None => L::constant(factor),
                    Some(weights) => {
                        let mut lanes = [0.0; WIDTH];
                        for lane in 0..WIDTH {
                            let row = weights.rows[(first + lane).min(weights.rows.len() - 1)];
                            let code = weights.codes[row * weights.staples + number];
                            lanes[lane] = factor * weights.factors[usize::from(code)];
                        }
                        // SAFETY: the lanes are eight doubles.
                        unsafe { lanes.as_ptr().cast::<L>().read_unaligned() }
                    }
                };
                sum = sum.plus_scaled(weight, &staple);
                number += 1;
            }
        }
        sum
    }
}
