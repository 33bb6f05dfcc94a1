//! The sum over all plaquettes and its slope in SIMD lanes: eight sites at a time, one in each lane.
//!
//! ```text
//! P = U_μ(x) U_ν(x+μ),  Q = U_ν(x) U_μ(x+ν),  L = P Q†              the plaquette before x
//! U A = Σ_ν ±L + U_μ Σ_ν [U_μ(x−ν) U_ν(x+μ−ν)]† U_ν(x−ν)             antihermitian part, − for μ > ν
//! ```
//!
//! A plaquette that starts at x serves both of its links there; 46 products of matrices for each site in four dimensions. With an
//! open boundary plaquettes within the first and the last slice have a weight.

#![allow(clippy::needless_range_loop)]

use crate::context::Team;
use crate::group::Group;
use crate::group::wide::{Skew, Wide};
use crate::group::with_colours;
use crate::lattice::Neighbours;
use crate::simd::{Instructions, Lanes, Launch, Places, launch, prefetch};
use std::ops::Range;

/// Sites in each piece of a thread's work: a whole number of vectors.
const PART: usize = 256;
/// Lanes of doubles in all instruction sets.
const WIDTH: usize = 8;
/// Most dimensions of a lattice.
const MOST: usize = 4;

/// Weights of plaquettes in slopes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    /// Slopes are `factor` TA(U A).
    pub factor: f64,
    /// Weight of the plaquettes within the first and the last slice of an open lattice; None where it is 1.
    pub within: Option<f64>,
}

impl Weights {
    /// All plaquettes with the same factor.
    pub fn equal(factor: f64) -> Self {
        Self { factor, within: None }
    }
}

/// Use of the slope of each link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effect {
    pub weights: Weights,
    /// None: the slope is written. Some(time): time x slope is subtracted from the momentum.
    pub time: Option<f64>,
}

impl Effect {
    /// Writes or subtracts the slopes of eight links, given the antihermitian parts of U A, at their places.
    ///
    /// # Safety
    /// There are 2 N² numbers from each place on; the lanes are eight doubles.
    #[inline(always)]
    pub unsafe fn apply<L: Lanes<Scalar = f64>, const N: usize>(
        self,
        slope: &Skew<L, N>,
        to: *mut f64,
        places: &Places,
    ) {
        let mut result = slope.traceless(L::constant(self.weights.factor)).wide();
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(time) = self.time {
                let (momenta, time) = (Wide::<L, N>::load(to, places), L::constant(time));
                for i in 0..N {
                    for j in 0..N {
                        for part in 0..2 {
                            result.0[i][j][part] = momenta.0[i][j][part] - time * result.0[i][j][part];
                        }
                    }
                }
            }
            result.store(to, places);
        }
    }
}

/// Plaquettes of a field.
#[derive(Clone, Copy)]
pub(crate) struct Plaquettes<'a> {
    /// The numbers of the links.
    pub links: &'a [f64],
    /// The neighbours of all sites.
    pub neighbours: &'a Neighbours,
    /// The group of the links.
    pub group: Group,
    /// Sites of a slice of the last direction.
    pub slice: usize,
}

impl Plaquettes<'_> {
    /// Writes or subtracts the slopes of all links, and returns Σ w Re tr of all plaquettes.
    pub fn apply(&self, team: &Team, effect: Effect, to: &mut [f64]) -> f64 {
        let dimensions = self.neighbours.dimensions();
        let part = PART * dimensions * self.group.reals();
        team.sum_chunks(to, part, |i, to| {
            let sites = PART * i..PART * i + to.len() / (dimensions * self.group.reals());
            with_colours!(self.group, part_of_sites(self, (effect, to), sites))
        })
    }
}

fn part_of_sites<const N: usize>(field: &Plaquettes, (effect, to): (Effect, &mut [f64]), sites: Range<usize>) -> f64 {
    let mut sum = 0.0;
    let work = Sweep::<N> { field: *field, effect, to, sites, sum: &mut sum };
    // SAFETY: `to` holds the sites, the field holds all links of its lattice; the processor has the instruction set.
    unsafe { launch(Instructions::best(), work) };
    sum
}

/// The work on a range of sites, whose slopes or momenta are `to`.
struct Sweep<'a, const N: usize> {
    field: Plaquettes<'a>,
    effect: Effect,
    to: &'a mut [f64],
    sites: Range<usize>,
    sum: &'a mut f64,
}

impl<const N: usize> Launch<f64> for Sweep<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let d = self.field.neighbours.dimensions();
        let start = self.sites.start * d * 2 * N * N;
        for first in self.sites.clone().step_by(WIDTH) {
            let count = WIDTH.min(self.sites.end - first);
            // Lanes beyond the last site repeat it.
            let mut sites: Places = [first; WIDTH];
            for lane in 0..WIDTH {
                sites[lane] += lane.min(count - 1);
            }
            let block = Block::<N> { field: &self.field, sites };
            self.prefetch(first + WIDTH);
            let mut slopes = [Skew::<L, N>::zero(); MOST];
            let mut lanes = [1.0; WIDTH];
            let volume = self.field.links.len() / (d * 2 * N * N);
            let within = self.effect.weights.within.map(|weight| {
                for lane in 0..WIDTH {
                    if sites[lane] < self.field.slice || sites[lane] >= volume - self.field.slice {
                        lanes[lane] = weight;
                    }
                }
                // SAFETY: lanes are eight doubles.
                unsafe { lanes.as_ptr().cast::<L>().read_unaligned() }
            });
            // SAFETY: the caller's promise.
            let traces = unsafe { block.slopes(within, &mut slopes[..d]) };
            // SAFETY: lanes are eight doubles.
            unsafe { lanes.as_mut_ptr().cast::<L>().write_unaligned(traces) };
            *self.sum += lanes[..count].iter().sum::<f64>();
            for mu in 0..d {
                let mut places = block.links(&sites, mu);
                for place in &mut places {
                    *place -= start;
                }
                // SAFETY: the caller's promise.
                unsafe { self.effect.apply(&slopes[mu], self.to.as_mut_ptr(), &places) };
            }
        }
    }
}

impl<const N: usize> Sweep<'_, N> {
    /// Prefetch for the vector of sites that begins at `first`: its links, those of its neighbours along the slowest
    /// direction, which are no longer or not yet in the cache, and the lines of the result.
    #[inline(always)]
    fn prefetch(&self, first: usize) {
        if first >= self.sites.end {
            return;
        }
        let (neighbours, d) = (self.field.neighbours, self.field.neighbours.dimensions());
        let (site, links) = (d * 2 * N * N, self.field.links.as_ptr());
        for start in [first, neighbours.next(first, d - 1), neighbours.previous(first, d - 1)] {
            prefetch(links.wrapping_add(start * site), WIDTH * site);
        }
        prefetch(self.to.as_ptr().wrapping_add((first - self.sites.start) * site), WIDTH * site);
    }
}

/// Eight sites.
struct Block<'a, const N: usize> {
    field: &'a Plaquettes<'a>,
    sites: Places,
}

impl<const N: usize> Block<'_, N> {
    /// First numbers of the links of direction mu of eight sites.
    #[inline(always)]
    fn links(&self, sites: &Places, mu: usize) -> Places {
        let (d, mut places) = (self.field.neighbours.dimensions(), *sites);
        for place in &mut places {
            *place = (*place * d + mu) * 2 * N * N;
        }
        places
    }

    /// # Safety
    /// The sites are of the lattice. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn load<L: Lanes<Scalar = f64>>(&self, sites: &Places, mu: usize) -> Wide<L, N> {
        // SAFETY: the caller's promise: sites and directions of the lattice.
        unsafe { Wide::load(self.field.links.as_ptr(), &self.links(sites, mu)) }
    }

    /// Writes the antihermitian parts of U A of all links of the sites to `slopes`, and returns Σ w Re tr L. Plaquettes without the
    /// last direction have a weight `within`, where it is given.
    ///
    /// # Safety
    /// There is a slope for each direction, and the sites are of the lattice. The processor has the instructions of
    /// `L`.
    #[inline(always)]
    unsafe fn slopes<L: Lanes<Scalar = f64>>(&self, within: Option<L>, slopes: &mut [Skew<L, N>]) -> L {
        let (neighbours, d) = (self.field.neighbours, slopes.len());
        let mut traces = L::constant(0.0);
        let (mut here, mut back) = ([Wide::<L, N>::zero(); MOST], [Wide::<L, N>::zero(); MOST]);
        let (mut next, mut previous) = ([self.sites; MOST], [self.sites; MOST]);
        for mu in 0..d {
            for lane in 0..WIDTH {
                next[mu][lane] = neighbours.next(self.sites[lane], mu);
                previous[mu][lane] = neighbours.previous(self.sites[lane], mu);
            }
            // SAFETY: the caller's promise.
            unsafe {
                here[mu] = self.load(&self.sites, mu);
                back[mu] = self.load(&previous[mu], mu);
            }
        }
        for mu in 0..d {
            let mut behind = Wide::zero();
            for nu in 0..d {
                if nu == mu {
                    continue;
                }
                let mut corner = previous[nu];
                for site in &mut corner {
                    *site = neighbours.next(*site, mu);
                }
                // SAFETY: the caller's promise.
                let open = unsafe { self.load::<L>(&previous[nu], mu).times(&self.load(&corner, nu)) };
                if let Some(weight) = within.filter(|_| nu == d - 1) {
                    behind = behind.scaled(weight);
                }
                behind = behind.plus_adjoint_product(&open, &back[nu]);
            }
            slopes[mu] = here[mu].times(&behind).skew();
        }
        for nu in 1..d {
            for mu in 0..nu {
                // SAFETY: the caller's promise.
                let (forward, other) =
                    unsafe { (here[mu].times(&self.load(&next[mu], nu)), here[nu].times(&self.load(&next[nu], mu))) };
                let mut plaquette = forward.times_adjoint(&other);
                if let Some(weight) = within.filter(|_| nu < d - 1) {
                    plaquette = plaquette.scaled(weight);
                }
                traces = traces + plaquette.real_trace();
                let skew = plaquette.skew();
                slopes[mu] = slopes[mu].plus(&skew);
                slopes[nu] = slopes[nu].minus(&skew);
            }
        }
        traces
    }
}
