//! Plaquettes of a lattice that is cut into eight boxes, one in each SIMD lane: lines hold a number of the same place in
//! all boxes, so that a neighbour is read as it lies, or with its lanes moved where it is in the next box.
//!
//! The last direction is not cut. A group of threads takes some slices of it one after the other: the links of the slice
//! before, of this one and of the one behind lie turned into lines in memory of its own, with the products
//!
//! ```text
//! U_μ(x) U_ν(x+μ)     for all μ ≠ ν, which x+ν needs for its plaquettes behind
//! ```
//!
//! of the sites that are met again: the last row, plane and slice. That leaves 35 of the 46 products that a site alone
//! takes, which are the same ones in the same order: slopes agree bit for bit with those of [`super::gathered`].
//!
//! Where slices are large, the threads of a group share them, each with planes of its own, and wait for each other before
//! and after each slice is turned: together they then fill the caches as one thread would.

#![allow(clippy::needless_range_loop)]

use super::boxes::{Boxes, Neighbour, WIDTH};
use super::gathered::Effect;
use crate::context::Team;
use crate::error::Result;
use crate::group::Group;
use crate::group::wide::{Skew, Wide};
use crate::group::with_colours;
use crate::lattice::Lattice;
use crate::memory;
use crate::simd::{Instructions, Lanes, Launch, Line, Lines, launch, prefetch};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Most dimensions of a lattice.
pub(crate) const MOST: usize = 4;
/// Largest scratch memory of a group of threads, in bytes.
const LARGEST: usize = 1 << 25;

/// Bytes of a slice from which threads share it; small in tests, so that both ways are tested.
const SHARED: usize = if cfg!(test) { 1 << 16 } else { 1 << 20 };

/// Scratch memory of a trajectory, kept for the next one.
pub(crate) struct Workspace {
    /// Links now, and those after the next move.
    pub links: [Lines; 2],
    pub momenta: Lines,
    /// Products of links that each thread keeps for the sites that need them next.
    pub kept: Vec<Lines>,
    /// A sum for each plane of each slice.
    pub sums: Vec<f64>,
}

/// A lattice cut into boxes, with the scratch memory of its threads.
pub(crate) struct Slices {
    pub group: Group,
    pub boxes: Boxes,
    /// Number of slices.
    pub slices: usize,
    /// Places between a place and the next one in each direction, and where the products for it begin.
    pub strides: [usize; MOST],
    pub starts: [usize; MOST + 1],
    /// Planes of a slice, in the box.
    pub planes: usize,
    /// True where the threads of a group share slices.
    pub is_shared: bool,
    /// Workspaces that no trajectory uses now.
    pub workspaces: Mutex<Vec<Workspace>>,
    /// Lines of scratch memory of a group.
    lines: usize,
    idle: Mutex<Vec<Lines>>,
}

impl Slices {
    /// Cuts a lattice of 2 to 4 dimensions; None where it cannot be cut, or a slice is too large.
    pub fn new(lattice: &Lattice, group: Group) -> Result<Option<Self>> {
        let d = lattice.dimensions();
        let slices = lattice.extent()[d - 1];
        // Three slices of links, and the products kept for one slice, plane and row.
        let lines = |places: usize| 3 * places * d * group.reals();
        if lines(lattice.volume() / slices / WIDTH) > LARGEST / size_of::<Line>() {
            return Ok(None);
        }
        let Some(boxes) = Boxes::new(lattice)? else { return Ok(None) };
        let (mut strides, mut starts) = ([1; MOST], [0; MOST + 1]);
        for nu in 0..d {
            strides[nu] = boxes.local[..nu].iter().product();
            starts[nu + 1] = starts[nu] + strides[nu];
        }
        let planes = boxes.local[d - 2];
        let is_shared = boxes.places * d * group.reals() * size_of::<Line>() >= SHARED;
        let lines = lines(boxes.places) + (boxes.places + planes * starts[d - 1]) * d * group.reals();
        let (workspaces, idle) = (Mutex::default(), Mutex::default());
        Ok(Some(Self { group, boxes, slices, strides, starts, planes, is_shared, workspaces, lines, idle }))
    }

    /// As [`super::gathered::Plaquettes::apply`]; None where there is no memory for it.
    pub fn apply(&self, team: &Team, links: &[f64], effect: Effect, to: &mut [f64]) -> Option<f64> {
        let sharing = if self.is_shared { team.threads().min(self.planes) } else { 1 };
        let (slices, planes) = (self.slices.div_ceil(team.threads().div_ceil(sharing)), self.planes.div_ceil(sharing));
        let mut own: Vec<Lines> = vec![];
        for _ in 0..self.slices.div_ceil(slices) {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            own.push(idle.or_else(|| Lines::new(self.lines).ok())?);
        }
        // Sums are taken plane by plane, so that they do not depend on the number of threads.
        let mut sums = memory::filled("sums of planes", 0.0, self.slices * self.planes).ok()?;
        let work = Work { slices: self, links, effect, to: to.as_mut_ptr(), sums: sums.as_mut_ptr() };
        let mut shares = vec![];
        for (i, own) in own.iter_mut().enumerate() {
            let own = own.start();
            for number in 0..self.planes.div_ceil(planes) {
                shares.push(Share {
                    own,
                    number,
                    slices: slices * i..self.slices.min(slices * (i + 1)),
                    planes: planes * number..self.planes.min(planes * (number + 1)),
                });
            }
        }
        // Threads that share slices wait for each other after each stage.
        let count = 2 * slices;
        let at_once = if sharing > 1 { 1 } else { count };
        for stage in (0..count).step_by(at_once) {
            team.share(shares.iter().collect(), |share: &Share| {
                with_colours!(self.group, stages_of_share(&work, share, stage..stage + at_once));
            });
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
        Some(sums.iter().sum())
    }
}

/// Arrays that all threads read and write.
struct Work<'a> {
    slices: &'a Slices,
    links: &'a [f64],
    effect: Effect,
    to: *mut f64,
    /// One for each plane of each slice.
    sums: *mut f64,
}

// SAFETY: threads write the numbers and sums of their own planes and slices alone.
unsafe impl Sync for Work<'_> {}

/// The work of a thread: a range of slices, shared with its group, and its planes of them.
struct Share {
    /// Memory of the group.
    own: *mut Line,
    /// Number of the thread in its group.
    number: usize,
    slices: Range<usize>,
    planes: Range<usize>,
}

// SAFETY: of the lines of a group threads write those of their own planes alone, and read those of others when they have
// waited for them.
unsafe impl Sync for Share {}

fn stages_of_share<const N: usize>(work: &Work, share: &Share, stages: Range<usize>) {
    for stage in stages.start..stages.end.min(2 * share.slices.len()) {
        // SAFETY: arrays and scratch memory have the sizes of the lattice; the processor has the instruction set.
        unsafe { launch(Instructions::best(), Pass::<N> { work, share, stage }) };
    }
}

/// One stage of a share: for each of its slices, the one behind is turned, for the first one itself and the one before, too;
/// then its slopes are taken.
struct Pass<'a, const N: usize> {
    work: &'a Work<'a>,
    share: &'a Share,
    stage: usize,
}

impl<const N: usize> Launch<f64> for Pass<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let (work, cut, share) = (self.work, self.work.slices, self.share);
        let boxes = &cut.boxes;
        let (d, volume, plane) = (boxes.dimensions, cut.slices, cut.strides[boxes.dimensions - 2]);
        let links = share.own.cast::<Wide<L, N>>();
        let slot = |n: usize| links.wrapping_add(n % 3 * boxes.places * d);
        let before = slot(2).wrapping_add(boxes.places * d);
        let products = before.wrapping_add((boxes.places + share.number * cut.starts[d - 1]) * d);
        // SAFETY: the caller's promise: links of a whole lattice, and lines for three slices and the products.
        unsafe {
            let (n, slice) = (self.stage / 2, share.slices.start + self.stage / 2);
            if self.stage.is_multiple_of(2) {
                for ahead in if n == 0 { 0 } else { 2 }..3 {
                    self.turn((slice + volume - 1 + ahead) % volume, slot(n + ahead));
                }
                return;
            }
            let around = Around { boxes, slices: [slot(n), slot(n + 1), slot(n + 2)].map(<*mut _>::cast_const) };
            let is_end = slice == 0 || slice == volume - 1;
            let within = work.effect.weights.within.filter(|_| is_end).map(|weight| L::constant(weight));
            let mut slopes = [Skew::<L, N>::zero(); MOST];
            for z in share.planes.clone() {
                let mut traces = L::constant(0.0);
                let firsts = u32::from(n == 0) << (d - 1) | u32::from(z == share.planes.start) << (d - 2);
                for place in plane * z..plane * (z + 1) {
                    self.prefetch(slice, place + 1);
                    let mut kept = [before.wrapping_add(place * d); MOST];
                    for nu in 0..d - 1 {
                        kept[nu] = products.wrapping_add((cut.starts[nu] + place % cut.strides[nu]) * d);
                    }
                    let is_first = boxes.firsts(place) | firsts;
                    traces = traces + around.slopes(place, (is_first, &kept), (within, &mut slopes[..d]), &[]);
                    for mu in 0..d {
                        let places = boxes.links(2 * N * N, slice, place, mu);
                        work.effect.apply(&slopes[mu], work.to, &places);
                    }
                }
                work.sums.add(slice * cut.planes + z).write(traces.sum());
            }
        }
    }
}

impl<const N: usize> Pass<'_, N> {
    /// Turns the links of the share's planes of a slice into lines.
    ///
    /// # Safety
    /// `to` has memory for the links of a slice, of which no other thread writes these planes. The processor has the
    /// instructions of `L`.
    #[inline(always)]
    unsafe fn turn<L: Lanes<Scalar = f64>>(&self, slice: usize, to: *mut Wide<L, N>) {
        let (cut, planes) = (self.work.slices, &self.share.planes);
        let (boxes, plane) = (&cut.boxes, cut.strides[cut.boxes.dimensions - 2]);
        for place in plane * planes.start..plane * planes.end {
            for mu in 0..boxes.dimensions {
                let places = boxes.links(2 * N * N, slice, place, mu);
                // SAFETY: the caller's promise: links of a whole lattice, and lines for those of a slice.
                unsafe { to.add(place * boxes.dimensions + mu).write(Wide::load(self.work.links.as_ptr(), &places)) };
            }
        }
    }

    /// Prefetch: the lines that the results of a place are written to.
    #[inline(always)]
    fn prefetch(&self, slice: usize, place: usize) {
        let boxes = &self.work.slices.boxes;
        if place < boxes.places {
            for at in boxes.links(2 * N * N, slice, place, 0) {
                prefetch(self.work.to.wrapping_add(at), boxes.dimensions * 2 * N * N);
            }
        }
    }
}

/// A place in one of three slices.
#[derive(Clone, Copy)]
struct At {
    slice: usize,
    hop: Neighbour,
}

/// The slices before a slice, itself and the one behind.
pub(crate) struct Around<'a, L, const N: usize> {
    pub boxes: &'a Boxes,
    pub slices: [*const Wide<L, N>; 3],
}

/// Prefetch: start address of the lines to come, and how many of them to request beside each plaquette.
pub(crate) struct Ahead {
    pub from: *const Line,
    pub lines: usize,
}

/// Index of the middle one of three slices.
const HERE: usize = 1;

impl<L: Lanes<Scalar = f64>, const N: usize> Around<'_, L, N> {
    #[inline(always)]
    fn step(&self, at: At, mu: usize, is_back: bool) -> At {
        if mu == self.boxes.dimensions - 1 {
            return At { slice: if is_back { at.slice - 1 } else { at.slice + 1 }, ..at };
        }
        At { hop: self.boxes.hop(at.hop, mu, is_back), ..at }
    }

    /// The links of direction mu at a place; written to `permuted` with their lanes permuted where the place is in another box.
    ///
    /// # Safety
    /// The place is one of the slice, and its links were turned into lines. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn link<'a>(&'a self, at: At, mu: usize, permuted: &'a mut MaybeUninit<Wide<L, N>>) -> &'a Wide<L, N> {
        // SAFETY: the caller's promise: a place of the three slices.
        let link = unsafe { &*self.slices[at.slice].add(at.hop.place as usize * self.boxes.dimensions + mu) };
        if at.hop.order == 0 {
            return link;
        }
        let (moved, order) = (permuted.as_mut_ptr(), &self.boxes.orders[at.hop.order as usize]);
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

    /// The product U_mu U_nu along the path that starts at a place.
    ///
    /// # Safety
    /// As in `link`.
    #[inline(always)]
    unsafe fn product(&self, at: At, (mu, nu): (usize, usize)) -> Wide<L, N> {
        let (mut one, mut two) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: the caller's promise.
        unsafe { self.link(at, mu, &mut one).times(self.link(self.step(at, mu, false), nu, &mut two)) }
    }

    /// Writes the antihermitian parts of U A of all links of a place to `slopes`, and returns Σ Re tr of its plaquettes.
    ///
    /// `kept[nu][mu]` holds the product U_mu U_nu that starts at the previous place in direction nu (unless the place
    /// `is_first` in that direction), and afterwards the one that starts at this place. Lines `ahead` are prefetched between
    /// the plaquettes. Plaquettes within the slice have a weight `within`, where it is given.
    ///
    /// # Safety
    /// All places of the three slices hold links, and `kept` does not overlap them.
    #[inline(always)]
    pub unsafe fn slopes(
        &self,
        place: usize,
        (is_first, kept): (u32, &[*mut Wide<L, N>; MOST]),
        (within, slopes): (Option<L>, &mut [Skew<L, N>]),
        ahead: &[Ahead],
    ) -> L {
        let mut plane = 0;
        let d = slopes.len();
        let here = At { slice: HERE, hop: Neighbour { place: place as u32, order: 0 } };
        let mut products = [const { MaybeUninit::uninit() }; MOST];
        let (mut backs, mut permuted) = ([std::ptr::null(); MOST], MaybeUninit::uninit());
        let mut traces = L::constant(0.0);
        // SAFETY: the caller's promise; `kept` does not overlap the links.
        unsafe {
            for nu in 0..d {
                let previous = self.step(here, nu, true);
                backs[nu] = &raw const *self.link(previous, nu, &mut products[nu]);
                if is_first >> nu & 1 == 1 {
                    for mu in 0..d {
                        if mu != nu {
                            kept[nu].add(mu).write(self.product(previous, (mu, nu)));
                        }
                    }
                }
            }
            for mu in 0..d {
                let first = usize::from(mu == 0);
                let mut behind = (*kept[first].add(mu)).adjoint_times(&*backs[first]);
                for nu in first + 1..d {
                    if nu != mu {
                        // Plaquettes with the last direction come last, and have the weight 1.
                        if let Some(weight) = within.filter(|_| nu == d - 1) {
                            behind = behind.scaled(weight);
                        }
                        behind = behind.plus_adjoint_product(&*kept[nu].add(mu), &*backs[nu]);
                    }
                }
                slopes[mu] = self.link(here, mu, &mut permuted).times(&behind).skew();
            }
            for nu in 1..d {
                for mu in 0..nu {
                    for Ahead { from, lines } in ahead {
                        for line in 0..*lines {
                            L::prefetch(from.wrapping_add(plane * lines + line));
                        }
                    }
                    plane += 1;
                    let (before, after) = (kept[nu].add(mu), kept[mu].add(nu));
                    before.write(self.product(here, (mu, nu)));
                    after.write(self.product(here, (nu, mu)));
                    let mut plaquette = (*before).times_adjoint(&*after);
                    if let Some(weight) = within.filter(|_| nu < d - 1) {
                        plaquette = plaquette.scaled(weight);
                    }
                    traces = traces + plaquette.real_trace();
                    let skew = plaquette.skew();
                    slopes[mu] = slopes[mu].plus(&skew);
                    slopes[nu] = slopes[nu].minus(&skew);
                }
            }
        }
        traces
    }
}

#[cfg(test)]
mod tests;
