//! Σ c (1 − Re tr / N) over all loops of a lattice with weight 1, eight sites at a time, one in each SIMD lane.

use super::loop_sum::LoopSum;
use crate::context::Team;
use crate::gauge::paths::Links;
use crate::gauge::wide_paths::{first_lanes, product};
use crate::group::wide_exponential::WIDTH;
use crate::group::with_colours;
use crate::simd::{Instructions, Lanes, Launch, Places, launch};
use std::ops::Range;

/// Sites in each part of a thread's work: a whole number of vectors.
const PART: usize = 256;

impl LoopSum {
    /// S without weights of loops, on all `volume` sites of a lattice, whose numbers of links these are.
    pub fn whole(&self, team: &Team, links: &Links, volume: usize) -> f64 {
        assert_eq!(links.numbers.len(), volume * links.neighbours.dimensions() * self.group.reals());
        let of_part = |i: usize| {
            let sites = PART * i..volume.min(PART * (i + 1));
            with_colours!(self.group, of_sites(self, links, sites))
        };
        self.beta * team.sum_parts(volume.div_ceil(PART), of_part)
    }
}

fn of_sites<const N: usize>(sum: &LoopSum, links: &Links, sites: Range<usize>) -> f64 {
    let mut total = 0.0;
    // SAFETY: sites of the lattice, whose links were counted; the processor has the instruction set.
    unsafe { launch(Instructions::best(), Loops::<N> { sum, links, sites, total: &mut total }) };
    total / N as f64
}

/// The loops that start at some sites; adds Σ c (N − Re tr) to `total`.
struct Loops<'a, const N: usize> {
    sum: &'a LoopSum,
    links: &'a Links<'a>,
    sites: Range<usize>,
    total: &'a mut f64,
}

impl<const N: usize> Launch<f64> for Loops<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let Self { sum, links, sites, total } = self;
        for first in sites.clone().step_by(WIDTH) {
            // Lanes beyond the last site repeat it.
            let mut starts: Places = [first; WIDTH];
            for (lane, start) in starts.iter_mut().enumerate() {
                *start = (first + lane).min(sites.end - 1);
            }
            let mut defects = L::constant(0.0);
            for (coefficient, loops) in &*sum.terms {
                let mut shape = L::constant(0.0);
                for path in loops.closed() {
                    // SAFETY: the caller's promise: all links of the lattice.
                    let closed = unsafe { product::<L, N>(links.numbers.as_ptr(), links.neighbours, &starts, path) };
                    shape = shape + (L::constant(N as f64) - closed.real_trace());
                }
                defects = L::constant(*coefficient).mul_add(shape, defects);
            }
            *total += first_lanes(defects, WIDTH.min(sites.end - first));
        }
    }
}
