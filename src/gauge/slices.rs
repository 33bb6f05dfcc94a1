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
//! takes, which are the same ones in the same order: slopes agree bit for bit with those of [`super::plaquettes`].
//!
//! Where slices are large, the threads of a group share them, each with planes of its own, and wait for each other before
//! and after each slice is turned: what they have in the caches together is then what one of them would have.

#![allow(clippy::needless_range_loop)]

use super::boxes::{Boxes, Hop, WIDTH};
use super::colours::with_colours;
use super::group::Group;
use super::plaquettes::Effect;
use super::wide::{Skew, Wide};
use super::wide_phase::Rooms;
use crate::context::Team;
use crate::lattice::Lattice;
use crate::simd::{Instructions, Lanes, Launch, Line, Lines, launch, prefetch};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Most dimensions of a lattice.
pub(super) const MOST: usize = 4;
/// Most bytes of a thread's own.
const LARGEST: usize = 1 << 25;

/// Slices of so many bytes are shared; few enough in tests that they meet both cases.
const SHARED: usize = if cfg!(test) { 1 << 16 } else { 1 << 20 };

/// A lattice in boxes, and what threads compute in.
pub(super) struct Slices {
    pub group: Group,
    pub boxes: Boxes,
    /// How many slices there are.
    pub slices: usize,
    /// Places between a place and the next one in each direction, and where the products for it begin.
    pub strides: [usize; MOST],
    pub starts: [usize; MOST + 1],
    /// Planes of a slice, in the box.
    pub planes: usize,
    /// True where the threads of a group share slices.
    pub is_shared: bool,
    /// Memory of trajectories, while there is none.
    pub rooms: Mutex<Vec<Rooms>>,
    /// Lines that a group needs.
    lines: usize,
    idle: Mutex<Vec<Lines>>,
}

impl Slices {
    /// Cuts a lattice of 2 to 4 dimensions; none where it cannot be cut, or a slice is too large.
    pub fn new(lattice: &Lattice, group: Group) -> Option<Self> {
        let d = lattice.dimensions();
        let slices = lattice.extent()[d - 1];
        // Three slices, and the products of one and of what is smaller.
        let lines = |places: usize| 3 * places * d * group.reals();
        if lines(lattice.volume() / slices / WIDTH) > LARGEST / size_of::<Line>() {
            return None;
        }
        let boxes = Boxes::new(lattice)?;
        let (mut strides, mut starts) = ([1; MOST], [0; MOST + 1]);
        for nu in 0..d {
            strides[nu] = boxes.local[..nu].iter().product();
            starts[nu + 1] = starts[nu] + strides[nu];
        }
        let planes = boxes.local[d - 2];
        let is_shared = boxes.places * d * group.reals() * size_of::<Line>() >= SHARED;
        let lines = lines(boxes.places) + (boxes.places + planes * starts[d - 1]) * d * group.reals();
        let (rooms, idle) = (Mutex::default(), Mutex::default());
        Some(Self { group, boxes, slices, strides, starts, planes, is_shared, rooms, lines, idle })
    }

    /// As [`super::plaquettes::Plaquettes::apply`]; None where there is no memory for it.
    pub fn apply(&self, team: &Team, links: &[f64], effect: Effect, to: &mut [f64]) -> Option<f64> {
        let sharing = if self.is_shared { team.threads().min(self.planes) } else { 1 };
        let (slices, planes) = (self.slices.div_ceil(team.threads().div_ceil(sharing)), self.planes.div_ceil(sharing));
        let mut own: Vec<Lines> = vec![];
        for _ in 0..self.slices.div_ceil(slices) {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            own.push(idle.or_else(|| Lines::new(self.lines).ok())?);
        }
        // Sums are taken plane by plane, so that they do not depend on who works.
        let mut sums = vec![0.0; self.slices * self.planes];
        let work = Work { slices: self, links, effect, to: to.as_mut_ptr(), sums: sums.as_mut_ptr() };
        let mut parts = vec![];
        for (i, own) in own.iter_mut().enumerate() {
            let own = own.start();
            for part in 0..self.planes.div_ceil(planes) {
                parts.push(Part {
                    own,
                    part,
                    slices: slices * i..self.slices.min(slices * (i + 1)),
                    planes: planes * part..self.planes.min(planes * (part + 1)),
                });
            }
        }
        // Threads that share slices wait for each other after each stage.
        let count = 2 * slices;
        let at_once = if sharing > 1 { 1 } else { count };
        for stage in (0..count).step_by(at_once) {
            team.share(parts.iter().collect(), |part: &Part| {
                with_colours!(self.group, stages_of_part(&work, part, stage..stage + at_once));
            });
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
        Some(sums.iter().sum())
    }
}

/// What all threads work on.
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

/// What a thread is given: some slices, which it shares with its group, and some planes of them.
struct Part {
    /// Memory of the group.
    own: *mut Line,
    /// Its number in the group.
    part: usize,
    slices: Range<usize>,
    planes: Range<usize>,
}

// SAFETY: of the lines of a group threads write those of their own planes alone, and read those of others when they have
// waited for them.
unsafe impl Sync for Part {}

fn stages_of_part<const N: usize>(work: &Work, part: &Part, stages: Range<usize>) {
    for stage in stages.start..stages.end.min(2 * part.slices.len()) {
        // SAFETY: the lengths are those of the lattice, the lines as many as are needed; the processor was asked.
        unsafe { launch(Instructions::best(), Pass::<N> { work, part, stage }) };
    }
}

/// One stage of a part: for each of its slices, the one behind is turned, for the first one itself and the one before, too;
/// then its slopes are taken.
struct Pass<'a, const N: usize> {
    work: &'a Work<'a>,
    part: &'a Part,
    stage: usize,
}

impl<const N: usize> Launch<f64> for Pass<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let (work, cut, part) = (self.work, self.work.slices, self.part);
        let boxes = &cut.boxes;
        let (d, volume, plane) = (boxes.dimensions, cut.slices, cut.strides[boxes.dimensions - 2]);
        let links = part.own.cast::<Wide<L, N>>();
        let slot = |n: usize| links.wrapping_add(n % 3 * boxes.places * d);
        let before = slot(2).wrapping_add(boxes.places * d);
        let products = before.wrapping_add((boxes.places + part.part * cut.starts[d - 1]) * d);
        // SAFETY: the caller's promise: links of a whole lattice, and lines for three slices and the products.
        unsafe {
            let (n, slice) = (self.stage / 2, part.slices.start + self.stage / 2);
            if self.stage.is_multiple_of(2) {
                for ahead in if n == 0 { 0 } else { 2 }..3 {
                    self.turn((slice + volume - 1 + ahead) % volume, slot(n + ahead));
                }
                return;
            }
            let around = Around { boxes, slices: [slot(n), slot(n + 1), slot(n + 2)].map(<*mut _>::cast_const) };
            let mut slopes = [Skew::<L, N>::zero(); MOST];
            for z in part.planes.clone() {
                let mut traces = L::constant(0.0);
                let firsts = u32::from(n == 0) << (d - 1) | u32::from(z == part.planes.start) << (d - 2);
                for place in plane * z..plane * (z + 1) {
                    self.prefetch(slice, place + 1);
                    let mut kept = [before.wrapping_add(place * d); MOST];
                    for nu in 0..d - 1 {
                        kept[nu] = products.wrapping_add((cut.starts[nu] + place % cut.strides[nu]) * d);
                    }
                    let is_first = boxes.firsts(place) | firsts;
                    traces = traces + around.slopes(place, (is_first, &kept), &mut slopes[..d], &[]);
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
    /// Turns the links of the part's planes of a slice into lines.
    #[inline(always)]
    unsafe fn turn<L: Lanes<Scalar = f64>>(&self, slice: usize, to: *mut Wide<L, N>) {
        let (cut, planes) = (self.work.slices, &self.part.planes);
        let (boxes, plane) = (&cut.boxes, cut.strides[cut.boxes.dimensions - 2]);
        for place in plane * planes.start..plane * planes.end {
            for mu in 0..boxes.dimensions {
                let places = boxes.links(2 * N * N, slice, place, mu);
                // SAFETY: the caller's promise: links of a whole lattice, and room for those of a slice.
                unsafe { to.add(place * boxes.dimensions + mu).write(Wide::load(self.work.links.as_ptr(), &places)) };
            }
        }
    }

    /// Asks for the room of a place's results.
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
    hop: Hop,
}

/// The slices before a slice, itself and the one behind.
pub(super) struct Around<'a, L, const N: usize> {
    pub boxes: &'a Boxes,
    pub slices: [*const Wide<L, N>; 3],
}

/// Lines that will be needed next: where they begin, and how many of them to ask for beside each plaquette.
pub(super) struct Ahead {
    pub from: *const Line,
    pub lines: usize,
}

/// The slice itself among three.
const HERE: usize = 1;

impl<L: Lanes<Scalar = f64>, const N: usize> Around<'_, L, N> {
    #[inline(always)]
    fn step(&self, at: At, mu: usize, is_back: bool) -> At {
        if mu == self.boxes.dimensions - 1 {
            return At { slice: if is_back { at.slice - 1 } else { at.slice + 1 }, ..at };
        }
        At { hop: self.boxes.hop(at.hop, mu, is_back), ..at }
    }

    /// The links of direction mu there, which are moved to `room` where they have to.
    #[inline(always)]
    unsafe fn link<'a>(&'a self, at: At, mu: usize, room: &'a mut MaybeUninit<Wide<L, N>>) -> &'a Wide<L, N> {
        // SAFETY: the caller's promise: a place of the three slices.
        let link = unsafe { &*self.slices[at.slice].add(at.hop.place as usize * self.boxes.dimensions + mu) };
        if at.hop.order == 0 {
            return link;
        }
        let (moved, order) = (room.as_mut_ptr(), &self.boxes.orders[at.hop.order as usize]);
        for i in 0..N {
            for j in 0..N {
                for part in 0..2 {
                    // SAFETY: all numbers of the room are written.
                    unsafe { (*moved).0[i][j][part] = link.0[i][j][part].permute(order) };
                }
            }
        }
        // SAFETY: as above.
        unsafe { &*moved }
    }

    /// U_mu U_nu from there on.
    #[inline(always)]
    unsafe fn product(&self, at: At, (mu, nu): (usize, usize)) -> Wide<L, N> {
        let (mut one, mut two) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: the caller's promise.
        unsafe { self.link(at, mu, &mut one).times(self.link(self.step(at, mu, false), nu, &mut two)) }
    }

    /// Writes the antihermitian parts of U A of all links of a place to `slopes`, and returns Σ Re tr of its plaquettes.
    ///
    /// `kept[nu][mu]` is U_mu U_nu from the place before in direction nu on, but where the place `is_first` in that
    /// direction, and that from this place on afterwards. Lines `ahead` are asked for between the plaquettes.
    ///
    /// # Safety
    /// All places of the three slices hold links, and what is kept lies apart from them.
    #[inline(always)]
    pub unsafe fn slopes(
        &self,
        place: usize,
        (is_first, kept): (u32, &[*mut Wide<L, N>; MOST]),
        slopes: &mut [Skew<L, N>],
        ahead: &[Ahead],
    ) -> L {
        let mut plane = 0;
        let d = slopes.len();
        let here = At { slice: HERE, hop: Hop { place: place as u32, order: 0 } };
        let mut rooms = [const { MaybeUninit::uninit() }; MOST];
        let (mut backs, mut room) = ([std::ptr::null(); MOST], MaybeUninit::uninit());
        let mut traces = L::constant(0.0);
        // SAFETY: the caller's promise; what is kept lies apart from the links.
        unsafe {
            for nu in 0..d {
                let previous = self.step(here, nu, true);
                backs[nu] = &raw const *self.link(previous, nu, &mut rooms[nu]);
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
                        behind = behind.plus_adjoint_product(&*kept[nu].add(mu), &*backs[nu]);
                    }
                }
                slopes[mu] = self.link(here, mu, &mut room).times(&behind).skew();
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
                    let plaquette = (*before).times_adjoint(&*after);
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
mod tests {
    use super::super::plaquettes::Plaquettes;
    use super::*;
    use crate::context::{Context, Precision};
    use crate::gauge::Gauge;
    use crate::lattice::Neighbours;
    use crate::random::{Purpose, Stream};
    use std::sync::Arc;

    #[test]
    fn slopes_are_those_of_gathered_sites_bit_for_bit() {
        for extent in [&[8, 3][..], &[16, 2], &[4, 4, 3], &[8, 3, 2], &[4, 4, 4, 5], &[2, 12, 2, 3], &[8, 2, 2, 2]] {
            let lattice = Lattice::new(extent).unwrap();
            let neighbours = Neighbours::new(&lattice).unwrap();
            for group in [Group::U1, Group::Su2, Group::Su3] {
                let gauge = Gauge::random(&lattice, group, &mut Stream::new(1, Purpose::Start, 5)).unwrap();
                let mut slices = Slices::new(&lattice, group).unwrap();
                let plaquettes = Plaquettes { links: gauge.links(), neighbours: &neighbours, group };
                let start = |number: f64| vec![number; gauge.links().len()];
                for effect in [Effect { factor: -0.7, time: None }, Effect { factor: 1.3, time: Some(0.1) }] {
                    let mut expected = start(0.3);
                    let traces = plaquettes.apply(&Team::default(), effect, &mut expected);
                    let mut first = None;
                    for (threads, is_shared) in [1, 2, 3, 5].into_iter().flat_map(|n| [(n, false), (n, true)]) {
                        let team = Team::of(&Arc::new(Context::new(1, Precision::F64, threads).unwrap()));
                        let mut got = start(0.3);
                        slices.is_shared = is_shared;
                        let sum = slices.apply(&team, gauge.links(), effect, &mut got).unwrap();
                        assert!(got == expected, "{group:?}, {extent:?}, {threads}, {is_shared}");
                        assert!((sum - traces).abs() < 1e-12 * traces.abs().max(1.0), "{group:?}: {sum} {traces}");
                        assert_eq!(*first.get_or_insert(sum), sum, "{group:?}, {extent:?}, {threads}, {is_shared}");
                    }
                }
            }
        }
    }

    #[test]
    fn lattices_that_cannot_be_cut_or_are_too_large_are_not() {
        for extent in [&[3, 8][..], &[4, 8], &[6, 6, 4], &[2, 2, 6], &[128, 128, 128, 2]] {
            assert!(Slices::new(&Lattice::new(extent).unwrap(), Group::Su3).is_none(), "{extent:?}");
        }
    }
}
