//! The convolution kernel: multiply-adds alone, with a tile of output channels x sites held in registers.
//!
//! Plain loops throughout: closures handed to library functions are compiled without the kernel's instruction set.

#![allow(clippy::needless_range_loop)]

use super::super::convolution::{Convolution, Ends, Geometry, Group, Weights};
use super::frame::Frame;
use super::tiles::{sweep, tiles, widest};
use crate::simd::{Lanes, Real, Work};

/// Packs parameters for the kernel: for each tile of output channels `[tap][input][output in tile]`.
pub(super) fn pack<T: Real>(geometry: &Geometry, parameters: &[f64], registers: usize, to: &mut [T]) {
    let mut next = to.iter_mut();
    for (first, width) in tiles(geometry.outputs, widest(registers)) {
        for k in 0..geometry.taps {
            for c in 0..geometry.inputs {
                for o in first..first + width {
                    if let Some(slot) = next.next() {
                        *slot = T::from_f64(parameters[geometry.weight(o, c, k)]);
                    }
                }
            }
        }
    }
}

/// Runs a convolution between its ends for one block.
///
/// # Safety
/// The plan's lines and packs lie inside the frame's memory.
#[inline(always)]
pub(in super::super) unsafe fn convolve<L: Lanes>(step: &Convolution, frame: &Frame<L>, ends: Ends) {
    if let Weights::Lines(line) = step.weights {
        // SAFETY: the caller's promise.
        unsafe { L::isolate(Varying { step, frame, ends, line }) };
        return;
    }
    for (first, width) in tiles(step.geometry.outputs, widest(L::REGISTERS)) {
        for group in step.geometry.groups.iter() {
            let tile = Tile { step, group, frame, ends, first };
            // SAFETY: the caller's promise.
            unsafe { sweep!(L, width, Sweep(tile), [3, 6, 8, 12], [1, 2, 4]) };
        }
    }
}

/// The whole convolution where weights differ between the samples, as in derivatives of gradients.
struct Varying<'a, L: Lanes> {
    step: &'a Convolution,
    frame: &'a Frame<L>,
    ends: Ends,
    line: usize,
}

impl<L: Lanes> Work for Varying<'_, L> {
    #[inline(always)]
    unsafe fn run(self) {
        let (step, frame, ends) = (self.step, self.frame, self.ends);
        for first in 0..step.geometry.outputs {
            for group in step.geometry.groups.iter() {
                let tile = Tile { step, group, frame, ends, first };
                let mut site = 0;
                // SAFETY: the caller's promise.
                unsafe {
                    while site + 6 <= group.sites.len() {
                        tile.finish(site, tile.varying::<6>(site, self.line));
                        site += 6;
                    }
                    while site < group.sites.len() {
                        tile.finish(site, tile.varying::<1>(site, self.line));
                        site += 1;
                    }
                }
            }
        }
    }
}

/// All sites of a group, S at a time, for a tile of O output channels.
struct Sweep<'a, L: Lanes, const O: usize, const S: usize>(Tile<'a, L>);

impl<L: Lanes, const O: usize, const S: usize> Work for Sweep<'_, L, O, S> {
    #[inline(always)]
    unsafe fn run(self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.sweep::<O, S>() }
    }
}

/// One tile of output channels on one group of sites.
struct Tile<'a, L: Lanes> {
    step: &'a Convolution,
    group: &'a Group,
    frame: &'a Frame<L>,
    ends: Ends,
    first: usize,
}

impl<L: Lanes> Tile<'_, L> {
    /// Covers the sites with tiles of S, then of fewer.
    ///
    /// # Safety
    /// The tile's pointers lead to the values that its step reads and writes. The processor has the instructions of
    /// `L`.
    #[inline(always)]
    unsafe fn sweep<const O: usize, const S: usize>(&self) {
        let sites = self.group.sites.len();
        let mut site = 0;
        // SAFETY: the sites are those of the group.
        unsafe {
            while site + S <= sites {
                self.choose::<O, S>(site);
                site += S;
            }
            if S > 4 {
                while site + 4 <= sites {
                    self.choose::<O, 4>(site);
                    site += 4;
                }
            }
            if S > 2 {
                while site + 2 <= sites {
                    self.choose::<O, 2>(site);
                    site += 2;
                }
            }
            while site < sites {
                self.choose::<O, 1>(site);
                site += 1;
            }
        }
    }

    /// # Safety
    /// As in `sweep`, for S sites from `site` on.
    #[inline(always)]
    unsafe fn choose<const O: usize, const S: usize>(&self, site: usize) {
        // SAFETY: as for sweep.
        unsafe {
            let Weights::Parameter { pack, .. } = self.step.weights else { return };
            let width = self.step.geometry.taps * self.step.geometry.inputs;
            let weights = self.frame.packed.add(pack + width * self.first);
            let sums = self.broadcast::<O, S>(site, weights);
            self.finish(site, sums);
        }
    }

    /// # Safety
    /// As in `sweep`.
    #[inline(always)]
    unsafe fn start<const O: usize, const S: usize>(&self) -> [[L; S]; O] {
        let mut sums = [[L::constant(0.0); S]; O];
        for o in 0..O {
            // SAFETY: biases lie inside the frame.
            let bias = unsafe {
                match self.step.bias {
                    None => continue,
                    Some(Weights::Parameter { pack, .. }) => L::splat(*self.frame.packed.add(pack + self.first + o)),
                    Some(Weights::Lines(line)) => *self.frame.lines.add(line + self.first + o),
                }
            };
            for s in 0..S {
                sums[o][s] = bias;
            }
        }
        sums
    }

    /// The hot loop: each input vector serves O channels, each broadcast weight S sites.
    ///
    /// # Safety
    /// As in `sweep`, for S sites from `site` on and the weights of O channels.
    #[inline(always)]
    unsafe fn broadcast<const O: usize, const S: usize>(&self, site: usize, weights: *const L::Scalar) -> [[L; S]; O] {
        let (step, group) = (self.step, self.group);
        let sites = group.sites.len();
        let stride = step.geometry.input_sites;
        // SAFETY: sources are sites of the input, weights hold taps x inputs x O numbers.
        unsafe {
            let input = self.frame.lines.add(self.ends.from).cast_const();
            let mut sums = self.start::<O, S>();
            for (index, &k) in group.taps.iter().enumerate() {
                let from = group.sources.as_ptr().add(index * sites + site);
                let mut x = [input; S];
                for s in 0..S {
                    x[s] = input.add(*from.add(s) as usize);
                }
                let mut w = weights.add(k * step.geometry.inputs * O);
                for _ in 0..step.geometry.inputs {
                    let mut values = [L::constant(0.0); S];
                    for s in 0..S {
                        values[s] = *x[s];
                    }
                    for o in 0..O {
                        let weight = L::splat(*w.add(o));
                        for s in 0..S {
                            sums[o][s] = values[s].mul_add(weight, sums[o][s]);
                        }
                    }
                    w = w.add(O);
                    for pointer in &mut x {
                        *pointer = pointer.wrapping_add(stride);
                    }
                }
            }
            sums
        }
    }

    /// One channel on S sites with weights that differ between the samples.
    ///
    /// # Safety
    /// As in `sweep`, for S sites from `site` on.
    #[inline(always)]
    unsafe fn varying<const S: usize>(&self, site: usize, line: usize) -> [[L; S]; 1] {
        let (geometry, group) = (&self.step.geometry, self.group);
        // SAFETY: sources are sites of the input, weights are [o][c][k] lines.
        unsafe {
            let mut sums = self.start::<1, S>();
            for (index, &k) in group.taps.iter().enumerate() {
                let sources = group.sources.as_ptr().add(index * group.sites.len() + site);
                for c in 0..geometry.inputs {
                    let weight = *self.frame.lines.add(line + geometry.weight(self.first, c, k));
                    let input = self.frame.lines.add(self.ends.from + c * geometry.input_sites);
                    for s in 0..S {
                        let value = *input.add(*sources.add(s) as usize);
                        sums[0][s] = value.mul_add(weight, sums[0][s]);
                    }
                }
            }
            sums
        }
    }

    /// Applies the rectifier and stores the tile.
    ///
    /// # Safety
    /// As in `sweep`, for S sites from `site` on.
    #[inline(always)]
    unsafe fn finish<const O: usize, const S: usize>(&self, site: usize, mut sums: [[L; S]; O]) {
        let step = self.step;
        if let Some(slope) = step.rectifier {
            let slope = L::constant(slope);
            for o in 0..O {
                for s in 0..S {
                    sums[o][s] = sums[o][s].max(sums[o][s] * slope);
                }
            }
        }
        // SAFETY: sites are sites of the output.
        unsafe {
            let to = self.frame.lines.add(self.ends.to + self.first * step.geometry.output_sites);
            for s in 0..S {
                let at = *self.group.sites.get_unchecked(site + s) as usize;
                for o in 0..O {
                    *to.add(o * step.geometry.output_sites + at) = sums[o][s];
                }
            }
        }
    }
}
