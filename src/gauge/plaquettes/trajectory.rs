//! Links and momenta of a trajectory in SIMD lanes: eight boxes of a slice of the lattice, one in each lane, as in
//! [`super::slices`].
//!
//! ```text
//! links    [slice][place][μ][row][column][re, im]      each number a line of lanes; before and after a move
//! momenta  [slice][place][μ][number]                   the N² numbers of an antihermitian matrix
//! ```
//!
//! A trajectory is turned into lanes once, with its first kick and drift, and back once, with its last force and kick. Each
//! move between them is one pass over memory: the force of a link, its momentum's kick and its drift. Moved links are
//! written elsewhere, so that threads never wait for each other. All numbers are those of [`super::slices`] and
//! [`super::drift`], bit for bit. With an open boundary plaquettes within the first and the last slice have a weight.

#![allow(clippy::needless_range_loop)]

use super::boxes::WIDTH;
use super::gathered::Weights;
use super::slices::{Ahead, Around, MOST, Slices, Workspace};
use crate::context::Team;
use crate::group::wide::{Antihermitian, Skew, Wide};
use crate::group::wide_exponential::drifted;
use crate::group::{Matrix, with_colours};
use crate::memory;
use crate::simd::{Instructions, Lanes, Launch, Line, Lines, launch, prefetch};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Most slices in each piece of a thread's work.
const SLICES: usize = 8;
/// Lines of links above which they are written past the caches; small in tests, so that both ways are tested.
const LARGE: usize = if cfg!(test) { 1 << 12 } else { 1 << 18 };

/// A point in phase space, in lanes.
pub(crate) struct WidePhase<'a> {
    slices: &'a Slices,
    team: &'a Team,
    weights: Weights,
    /// Scratch memory; goes back to `slices` when this is dropped.
    workspace: Option<Workspace>,
}

/// Links, momenta and forces in the order of the lattice.
pub(crate) struct Canonical<'a> {
    pub links: &'a mut [f64],
    pub momenta: &'a mut [f64],
    pub forces: &'a mut [f64],
}

impl<'a> WidePhase<'a> {
    /// A field with its momenta after a kick by known forces and a drift; None where there is no memory for it.
    pub(crate) fn new(
        (slices, team, weights): (&'a Slices, &'a Team, Weights),
        phase: &mut Canonical,
        (kick, drift): (f64, f64),
    ) -> Option<Self> {
        let workspace = match slices.workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            Some(workspace) => workspace,
            None => Self::workspace(slices, team)?,
        };
        let mut wide = Self { slices, team, weights, workspace: Some(workspace) };
        wide.pass(&Move::Begin(Numbers::of(phase)), (kick, drift));
        Some(wide)
    }

    /// Moves momenta along their forces and then links along their momenta; Σ w Re tr of all plaquettes before.
    pub fn kick_and_drift(&mut self, kick: f64, drift: f64) -> f64 {
        self.pass(&Move::Step, (kick, drift))
    }

    /// Writes the field with its forces, and the momenta after a kick by them; Σ w Re tr of all plaquettes.
    pub fn end(mut self, kick: f64, phase: &mut Canonical) -> f64 {
        self.pass(&Move::End(Numbers::of(phase)), (kick, 0.0))
    }

    /// The number of a link, and its lane.
    fn place(&self, site: usize, mu: usize) -> (usize, usize) {
        let boxes = &self.slices.boxes;
        let (place, lane) = boxes.place(site % boxes.volume());
        ((site / boxes.volume() * boxes.places + place) * boxes.dimensions + mu, lane)
    }

    /// U_μ(x).
    pub fn link<const N: usize>(&mut self, site: usize, mu: usize) -> Matrix<N> {
        let (number, lane) = self.place(site, mu);
        let links = self.workspace.as_mut().expect("scratch memory until the trajectory ends").links[0].start();
        let mut numbers = [0.0; 18];
        for (k, number_of_link) in numbers[..2 * N * N].iter_mut().enumerate() {
            // SAFETY: the line of number k of a link of the lattice.
            *number_of_link = unsafe { links.cast::<f64>().add((number * 2 * N * N + k) * WIDTH + lane).read() };
        }
        Matrix::from_reals(&numbers[..2 * N * N])
    }

    /// Moves the momentum of a link by −`time` times an antihermitian matrix.
    pub fn kick_link<const N: usize>(&mut self, site: usize, mu: usize, time: f64, force: &Matrix<N>) {
        let (number, lane) = self.place(site, mu);
        let momenta = self.workspace.as_mut().expect("scratch memory until the trajectory ends").momenta.start();
        for i in 0..N {
            for j in 0..N {
                // Im at i, i; for j < i Re of i, j at i, j and its Im at j, i.
                let part = if j < i { force.0[i][j].re } else { force.0[j][i].im };
                // SAFETY: the line of one of the N² numbers of a momentum of the lattice.
                unsafe { *momenta.cast::<f64>().add((number * N * N + i * N + j) * WIDTH + lane) -= time * part };
            }
        }
    }

    fn workspace(slices: &Slices, team: &Team) -> Option<Workspace> {
        let (boxes, colours) = (&slices.boxes, slices.group.colours());
        let links = slices.slices * boxes.places * boxes.dimensions;
        let kept = (boxes.places + slices.starts[boxes.dimensions - 1]) * boxes.dimensions * slices.group.reals();
        let lines = |count: usize| Lines::new(count).ok();
        Some(Workspace {
            links: [lines(links * slices.group.reals())?, lines(links * slices.group.reals())?],
            momenta: lines(links * colours * colours)?,
            kept: (0..team.threads()).map(|_| lines(kept)).collect::<Option<_>>()?,
            sums: memory::filled("sums of planes", 0.0, slices.slices * slices.planes).ok()?,
        })
    }

    /// One pass over all links; the sum of the traces.
    fn pass(&mut self, action: &Move, times: (f64, f64)) -> f64 {
        let (cut, workspace) =
            (self.slices, self.workspace.as_mut().expect("scratch memory until the trajectory ends"));
        let sharing = if cut.is_shared { self.team.threads().min(cut.planes) } else { 1 };
        let planes = cut.planes.div_ceil(sharing);
        let slices = SLICES.min(cut.slices.div_ceil(self.team.threads().div_ceil(sharing)));
        let mut shares = vec![];
        // Threads that share slices go through them side by side.
        for first in (0..cut.planes).step_by(planes) {
            for slice in (0..cut.slices).step_by(slices) {
                shares.push(Share {
                    slices: slice..cut.slices.min(slice + slices),
                    planes: first..cut.planes.min(first + planes),
                });
            }
        }
        let mut sums = std::mem::take(&mut workspace.sums);
        let [from, to] = workspace.links.each_mut().map(Lines::start);
        let lines = cut.slices * cut.boxes.places * cut.boxes.dimensions * cut.group.reals();
        let work = Work {
            slices: cut,
            weights: self.weights,
            action,
            times,
            from,
            to,
            momenta: workspace.momenta.start(),
            streams: lines >= LARGE,
            sums: sums.as_mut_ptr(),
            kept: Mutex::new(workspace.kept.iter_mut().map(Lines::start).collect()),
        };
        self.team.share(shares, |share: Share| with_colours!(cut.group, share_of_slices(&work, &share)));
        workspace.links.swap(0, 1);
        workspace.sums = sums;
        workspace.sums.iter().sum()
    }
}

impl Drop for WidePhase<'_> {
    fn drop(&mut self) {
        self.slices.workspaces.lock().unwrap_or_else(PoisonError::into_inner).extend(self.workspace.take());
    }
}

/// Start addresses of links, momenta and forces.
struct Numbers {
    links: *mut f64,
    momenta: *mut f64,
    forces: *mut f64,
}

impl Numbers {
    fn of(phase: &mut Canonical) -> Self {
        Self { links: phase.links.as_mut_ptr(), momenta: phase.momenta.as_mut_ptr(), forces: phase.forces.as_mut_ptr() }
    }
}

/// The kind of pass over all links.
enum Move {
    /// Links and momenta come from their arrays, and forces too: a kick, and a drift.
    Begin(Numbers),
    /// A kick by forces of now, and a drift.
    Step,
    /// Links and forces are written to their arrays, and momenta after a kick.
    End(Numbers),
}

/// Fields, tables and scratch memory that all threads work on.
struct Work<'a> {
    slices: &'a Slices,
    weights: Weights,
    action: &'a Move,
    /// Of the kick and the drift.
    times: (f64, f64),
    /// Links as they are, and as they will be.
    from: *const Line,
    to: *mut Line,
    momenta: *mut Line,
    /// Whether links go past the caches.
    streams: bool,
    /// One for each plane of each slice.
    sums: *mut f64,
    /// Memory of threads that do not work now.
    kept: Mutex<Vec<*mut Line>>,
}

// SAFETY: threads write the links, momenta, forces and sums of their own slices and planes alone, and keep products in
// memory that no other thread has.
unsafe impl Sync for Work<'_> {}

/// The work of a thread at a time: some planes of some slices.
struct Share {
    slices: Range<usize>,
    planes: Range<usize>,
}

fn share_of_slices<const N: usize>(work: &Work, share: &Share) {
    let own = work.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
    // At most as many shares are worked on at once as there are threads.
    let Some(own) = own else { unreachable!("more threads at work than the team has") };
    // SAFETY: the memory has the size of the lattice; the processor has the instruction set.
    unsafe {
        match work.action {
            Move::Begin(numbers) => launch(Instructions::best(), Begin::<N> { work, numbers, share }),
            _ => launch(Instructions::best(), Step::<N> { work, share, own }),
        }
    }
    work.kept.lock().unwrap_or_else(PoisonError::into_inner).push(own);
}

impl Work<'_> {
    /// Moves a link along its momentum.
    ///
    /// # Safety
    /// `number` is that of a link, which no other thread moves. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn drift<L: Lanes<Scalar = f64>, const N: usize>(
        &self,
        momentum: &Antihermitian<L, N>,
        link: &Wide<L, N>,
        number: usize,
    ) {
        let to = self.to.cast::<Wide<L, N>>().wrapping_add(number);
        // SAFETY: the caller's promise: a link of the lattice.
        unsafe {
            self.momenta.cast::<Antihermitian<L, N>>().add(number).write(*momentum);
            let moved = drifted(momentum, link, self.times.1);
            if self.streams {
                for i in 0..N {
                    for j in 0..N {
                        for part in 0..2 {
                            moved.0[i][j][part].stream(&raw mut (*to).0[i][j][part]);
                        }
                    }
                }
            } else {
                to.write(moved);
            }
        }
    }

    /// Asks for the numbers of a place in an array.
    #[inline(always)]
    fn prefetch<const N: usize>(&self, numbers: *const f64, slice: usize, place: usize) {
        let boxes = &self.slices.boxes;
        if place < boxes.places {
            for at in boxes.links(2 * N * N, slice, place, 0) {
                prefetch(numbers.wrapping_add(at), boxes.dimensions * 2 * N * N);
            }
        }
    }
}

/// The first pass of a share.
struct Begin<'a, const N: usize> {
    work: &'a Work<'a>,
    numbers: &'a Numbers,
    share: &'a Share,
}

impl<const N: usize> Launch<f64> for Begin<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let (work, numbers, boxes) = (self.work, self.numbers, &self.work.slices.boxes);
        let (d, kick) = (boxes.dimensions, L::constant(work.times.0));
        let plane = work.slices.strides[d - 2];
        for slice in self.share.slices.clone() {
            for place in plane * self.share.planes.start..plane * self.share.planes.end {
                for numbers in [numbers.links, numbers.momenta, numbers.forces] {
                    work.prefetch::<N>(numbers, slice, place + 1);
                }
                for mu in 0..d {
                    let places = boxes.links(2 * N * N, slice, place, mu);
                    // SAFETY: the caller's promise: arrays of the whole lattice.
                    unsafe {
                        let force = Antihermitian::of(&Wide::<L, N>::load(numbers.forces, &places));
                        let momentum = Antihermitian::of(&Wide::load(numbers.momenta, &places)).kicked(kick, &force);
                        let link = Wide::load(numbers.links, &places);
                        work.drift(&momentum, &link, (slice * boxes.places + place) * d + mu);
                    }
                }
            }
        }
        if work.streams {
            L::fence();
        }
    }
}

/// A later pass of a share.
struct Step<'a, const N: usize> {
    work: &'a Work<'a>,
    share: &'a Share,
    own: *mut Line,
}

impl<const N: usize> Launch<f64> for Step<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let (work, cut, share) = (self.work, self.work.slices, self.share);
        let boxes = &cut.boxes;
        let (d, volume, plane) = (boxes.dimensions, cut.slices, cut.strides[boxes.dimensions - 2]);
        let (factor, kick) = (L::constant(work.weights.factor), L::constant(work.times.0));
        let links = work.from.cast::<Wide<L, N>>();
        // Products for the places of the next slice, and for the next ones in it.
        let before = self.own.cast::<Wide<L, N>>();
        let products = before.wrapping_add((share.planes.len() * plane) * d);
        let mut slopes = [Skew::<L, N>::zero(); MOST];
        for slice in share.slices.clone() {
            let at = |n: usize| links.wrapping_add((slice + n) % volume * boxes.places * d);
            let around = Around { boxes, slices: [at(volume - 1), at(0), at(1)] };
            let within = work.weights.within.filter(|_| slice == 0 || slice == volume - 1).map(|w| L::constant(w));
            for z in share.planes.clone() {
                let mut traces = L::constant(0.0);
                let firsts =
                    u32::from(slice == share.slices.start) << (d - 1) | u32::from(z == share.planes.start) << (d - 2);
                for place in plane * z..plane * (z + 1) {
                    let mut kept = [before.wrapping_add((place - plane * share.planes.start) * d); MOST];
                    for nu in 0..d - 1 {
                        kept[nu] = products.wrapping_add((cut.starts[nu] + place % cut.strides[nu]) * d);
                    }
                    let is_first = boxes.firsts(place) | firsts;
                    // Prefetch for the next place: links of the next slice, products kept from the previous one, links of its own.
                    let next = (slice * boxes.places + place + 1) * d;
                    let share = |matrices: usize, lines: usize| (matrices * lines).div_ceil(d * (d - 1) / 2);
                    let behind = around.slices[2].wrapping_add((place + 1) * d).cast();
                    let ahead = [
                        Ahead { from: behind, lines: share(d - 1, 2 * N * N) },
                        Ahead { from: kept[d - 1].wrapping_add(d).cast(), lines: share(d - 1, 2 * N * N) },
                        Ahead { from: work.momenta.wrapping_add(next * N * N), lines: share(d, N * N) },
                    ];
                    // SAFETY: the caller's promise: links of a whole lattice, and lines for the products.
                    unsafe {
                        traces = traces + around.slopes(place, (is_first, &kept), (within, &mut slopes[..d]), &ahead);
                        for mu in 0..d {
                            let number = (slice * boxes.places + place) * d + mu;
                            let force = slopes[mu].traceless(factor);
                            let momentum = work.momenta.cast::<Antihermitian<L, N>>().add(number);
                            let (momentum, link) = ((*momentum).kicked(kick, &force), &*links.add(number));
                            if let Move::End(numbers) = work.action {
                                let places = boxes.links(2 * N * N, slice, place, mu);
                                force.wide().store(numbers.forces, &places);
                                momentum.wide().store(numbers.momenta, &places);
                                link.store(numbers.links, &places);
                            } else {
                                work.drift(&momentum, link, number);
                            }
                        }
                    }
                }
                // SAFETY: a sum for each plane.
                unsafe { work.sums.add(slice * cut.planes + z).write(traces.sum()) };
            }
        }
        if work.streams {
            L::fence();
        }
    }
}
