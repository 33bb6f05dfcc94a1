//! A sweep over the links of a field in lanes.

#![allow(clippy::needless_range_loop)]

use super::boxed::{Boxed, Entry, MOST_LINKS, NONE};
use super::update::{Sweep, Update};
use super::weights::{CODES, Rows};
use crate::context::Team;
use crate::error::Result;
use crate::gauge::observables::Loops;
use crate::gauge::paths::Step;
use crate::gauge::plaquettes::boxes::{Neighbour, WIDTH};
use crate::group::wide::Wide;
use crate::group::wide_heatbath::{heat, reflect};
use crate::group::wide_rows::Rows as First;
use crate::group::{Group, with_colours};
use crate::progress;
use crate::random::{Purpose, Streams};
use crate::simd::{Instructions, Lanes, Launch, Line, Lines, launch};
use std::mem::MaybeUninit;

/// Blocks shared out to the threads at a time.
const TOGETHER: usize = 1 << 10;

/// Links between the one in use and the one that is prefetched.
const AHEAD: usize = 12;

/// The density exp(β Σ c w Re tr / N) of the loops.
pub(super) struct Density<'a> {
    pub group: Group,
    /// Families of loops, with their coefficients c.
    pub terms: &'a [(f64, Loops)],
    pub beta: f64,
    /// Weights w.
    pub rows: &'a Rows,
}

/// Updates every link once.
pub(super) fn sweep(boxed: &Boxed, team: &Team, lines: &mut Lines, (density, sweep): (&Density, Sweep)) -> Result<()> {
    let factors = density.rows.factors(sweep.strength);
    let pass = Pass { boxed, density, sweep, factors: &factors, lines: lines.start() };
    for number in 0..boxed.stages.len() {
        let stage = &boxed.stages[if sweep.is_reversed { boxed.stages.len() - 1 - number } else { number }];
        for first in stage.clone().step_by(TOGETHER) {
            progress::check()?;
            team.share_count(TOGETHER.min(stage.end - first), |block| {
                with_colours!(density.group, update(&pass, first + block));
            });
        }
    }
    Ok(())
}

/// A sweep.
struct Pass<'a> {
    boxed: &'a Boxed,
    density: &'a Density<'a>,
    sweep: Sweep,
    factors: &'a [f64; CODES],
    lines: *mut Line,
}

// SAFETY: threads write the links of different blocks, which share no loop.
unsafe impl Sync for Pass<'_> {}

/// Updates the links of a block.
fn update<const N: usize>(pass: &Pass, block: usize) {
    let (boxed, classes) = (pass.boxed, pass.boxed.classes);
    for number in 0..classes {
        let class = if pass.sweep.is_reversed { classes - 1 - number } else { number };
        let piece = &boxed.pieces[block * classes + class];
        let entries = &boxed.entries[piece.entries.clone()];
        if !entries.is_empty() {
            // SAFETY: lines have all links of the lattice; the places of a class share no loop; the processor has the
            // instruction set.
            unsafe { launch(Instructions::best(), UpdatePlaces::<N> { pass, mu: piece.mu, entries }) };
        }
    }
}

struct UpdatePlaces<'a, const N: usize> {
    pass: &'a Pass<'a>,
    mu: usize,
    entries: &'a [Entry],
}

/// The links of eight sites, and the permutation of their lanes.
#[derive(Clone, Copy)]
struct At {
    /// Number of the matrices.
    link: usize,
    order: u32,
}

impl<const N: usize> Launch<f64> for UpdatePlaces<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let Self { pass, mu, entries } = self;
        let boxes = &pass.boxed.boxes;
        let links = pass.lines.cast::<Wide<L, N>>();
        let mut tables = [[At { link: 0, order: 0 }; MOST_LINKS]; 2];
        pass.find((entries[0].place as usize, mu), &mut tables[0]);
        for (number, entry) in entries.iter().enumerate() {
            let place = entry.place as usize;
            // Links of the next place, which are prefetched.
            let next = &entries[(number + 1).min(entries.len() - 1)];
            let [even, odd] = &mut tables;
            let (now, then) = if number % 2 == 0 { (even, odd) } else { (odd, even) };
            pass.find((next.place as usize, mu), then);
            let own = place * boxes.dimensions + mu;
            // SAFETY: the caller's promise: links of the lattice.
            unsafe {
                let staples = pass.staples::<L, N>((mu, entry.rows), now, then);
                let link = &*links.add(own);
                let is_reversed = pass.sweep.is_reversed;
                let new = match pass.sweep.update {
                    Update::Reflect => reflect(link, &staples, is_reversed),
                    Update::Heat { seed } => {
                        let at = boxes.links(1, place / boxes.places, place % boxes.places, mu);
                        let mut counters = [0; WIDTH];
                        for lane in 0..WIDTH {
                            counters[lane] = at[lane] as u64;
                        }
                        let mut streams = Streams::new(seed, Purpose::Heatbath, &counters);
                        heat(link, &staples, (&mut streams, WIDTH), is_reversed)
                    }
                };
                links.add(own).write(new);
            }
        }
    }
}

impl Pass<'_> {
    /// Finds the links of the staples of a place.
    #[inline(always)]
    fn find(&self, (place, mu): (usize, usize), table: &mut [At; MOST_LINKS]) {
        let boxes = &self.boxed.boxes;
        let start =
            Site { slice: place / boxes.places, hop: Neighbour { place: (place % boxes.places) as u32, order: 0 } };
        let start = self.step(start, mu, false);
        let mut number = 0;
        for (_, loops) in self.density.terms {
            for path in loops.staples(mu) {
                let mut site = start;
                for &step in path {
                    let (nu, is_back) = (step.direction(), matches!(step, Step::Backward(_)));
                    let end = self.step(site, nu, is_back);
                    let from = if is_back { end } else { site };
                    let link = (from.slice * boxes.places + from.hop.place as usize) * boxes.dimensions + nu;
                    table[number] = At { link, order: from.hop.order };
                    (site, number) = (end, number + 1);
                }
            }
        }
    }

    #[inline(always)]
    fn step(&self, site: Site, mu: usize, is_back: bool) -> Site {
        let (boxes, slices) = (&self.boxed.boxes, self.boxed.slices);
        if mu + 1 < boxes.dimensions {
            return Site { hop: boxes.hop(site.hop, mu, is_back), ..site };
        }
        let next = site.slice + if is_back { slices - 1 } else { 1 };
        let slice = if next < slices { next } else { next - slices };
        Site { slice, ..site }
    }

    /// β / N times the weighted sum of the staples of a place, with rows of weights unless there are NONE. Links of the next place
    /// are prefetched.
    ///
    /// # Safety
    /// The tables hold links of the lattice. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn staples<L: Lanes<Scalar = f64>, const N: usize>(
        &self,
        (mu, rows): (usize, u32),
        now: &[At; MOST_LINKS],
        then: &[At; MOST_LINKS],
    ) -> Wide<L, N> {
        let links = self.lines.cast::<Wide<L, N>>().cast_const();
        let coupling = self.density.beta / N as f64;
        let total = self.density.terms.iter().flat_map(|(_, loops)| loops.staples(mu)).map(Vec::len).sum::<usize>();
        let ahead = AHEAD.min(total);
        let (mut sum, mut number, mut staple) = (Wide::zero(), 0, 0);
        for (coefficient, loops) in self.density.terms {
            for path in loops.staples(mu) {
                let (mut product, mut permuted) = (First::<L, N>::zero(), MaybeUninit::uninit());
                for (place, step) in path.iter().enumerate() {
                    let at = if number + ahead < total { now[number + ahead] } else { then[number + ahead - total] };
                    let at = links.wrapping_add(at.link).cast::<Line>();
                    for line in 0..2 * N * N {
                        L::prefetch(at.wrapping_add(line));
                    }
                    // SAFETY: the caller's promise.
                    let link = unsafe { self.link(links, now[number], &mut permuted) };
                    product = match (place, matches!(step, Step::Backward(_))) {
                        (0, false) => First::of(link),
                        (0, true) => First::of_adjoint(link),
                        (_, false) => product.times(link),
                        (_, true) => product.times_adjoint(link),
                    };
                    number += 1;
                }
                product.add_to(self.weight(coupling * coefficient, rows, staple), &mut sum);
                staple += 1;
            }
        }
        sum
    }

    /// `factor` times the weights of the loops of a staple.
    #[inline(always)]
    fn weight<L: Lanes<Scalar = f64>>(&self, factor: f64, rows: u32, staple: usize) -> L {
        if rows == NONE {
            return L::constant(factor);
        }
        let (all, mut lanes) = (self.density.rows, [0.0; WIDTH]);
        for lane in 0..WIDTH {
            let row = self.boxed.rows[rows as usize][lane] as usize;
            lanes[lane] = factor * self.factors[usize::from(all.code(row, staple))];
        }
        // SAFETY: the lanes are eight doubles.
        unsafe { lanes.as_ptr().cast::<L>().read_unaligned() }
    }

    /// Some links; written to `permuted` where they lie in the lanes of other boxes.
    ///
    /// # Safety
    /// They are links of the lattice. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn link<'a, L: Lanes<Scalar = f64>, const N: usize>(
        &self,
        links: *const Wide<L, N>,
        at: At,
        permuted: &'a mut MaybeUninit<Wide<L, N>>,
    ) -> &'a Wide<L, N> {
        // SAFETY: the caller's promise.
        let link = unsafe { &*links.add(at.link) };
        if at.order == 0 {
            return link;
        }
        let (moved, order) = (permuted.as_mut_ptr(), &self.boxed.boxes.orders[at.order as usize]);
        for i in 0..N {
            for j in 0..N {
                for part in 0..2 {
                    // SAFETY: all numbers of `permuted` are written.
                    unsafe { (*moved).0[i][j][part] = link.0[i][j][part].permute(order) };
                }
            }
        }
        // SAFETY: as above.
        unsafe { &*moved }
    }
}

/// A place of a slice.
#[derive(Clone, Copy)]
struct Site {
    slice: usize,
    hop: Neighbour,
}
