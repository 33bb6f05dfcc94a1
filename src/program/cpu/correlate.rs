//! The correlation kernel, gradients of convolution weights: W[o][c][k] = sum_s g[o][s] x[c][t(s, k)].

#![allow(clippy::needless_range_loop)]

use super::super::convolution::{Correlation, Group};
use super::frame::{Block, Frame};
use super::tiles::{sweep, tiles, widest};
use crate::simd::{Lanes, Real, Work};

/// Runs a correlation for one block. Where only its sum over the samples is wanted, adds that to the block's sums.
///
/// # Safety
/// The plan's lines lie inside the frame's memory.
#[inline(always)]
pub(in super::super) unsafe fn correlate<L: Lanes>(step: &Correlation, frame: &Frame<L>, block: &mut Block) {
    let geometry = &step.geometry;
    if let &Ok(to) = &step.to {
        for i in 0..geometry.outputs * geometry.inputs * geometry.taps {
            // SAFETY: the result holds that many lines.
            unsafe { *frame.lines.add(to + i) = L::constant(0.0) };
        }
    }
    let mut sink = match &step.to {
        &Ok(to) => Sink::Lines(to),
        Err(sum) => Sink::Sum(&mut block.sums[sum.output][sum.at.at(block.rows)..]),
    };
    for (first, width) in tiles(geometry.outputs, widest(L::REGISTERS)) {
        for group in geometry.groups.iter() {
            let tile = Tile { step, group, frame, first, sink: &mut sink };
            // SAFETY: the caller's promise.
            unsafe { sweep!(L, width, Sweep(tile), [2, 5, 8, 8], [1, 2, 3]) };
        }
    }
}

/// All columns of a group, J at a time, for a tile of O output channels.
struct Sweep<'a, 'b, L: Lanes, const O: usize, const J: usize>(Tile<'a, 'b, L>);

impl<L: Lanes, const O: usize, const J: usize> Work for Sweep<'_, '_, L, O, J> {
    #[inline(always)]
    unsafe fn run(mut self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.sweep::<O, J>() }
    }
}

/// Destination of the results.
enum Sink<'a> {
    Lines(usize),
    Sum(&'a mut [f64]),
}

struct Tile<'a, 'b, L: Lanes> {
    step: &'a Correlation,
    group: &'a Group,
    frame: &'a Frame<L>,
    first: usize,
    sink: &'a mut Sink<'b>,
}

impl<L: Lanes> Tile<'_, '_, L> {
    /// Covers the columns (tap, input channel) with tiles of J, then of fewer.
    ///
    /// # Safety
    /// The tile's pointers lead to the values that its step reads and writes. The processor has the instructions of
    /// `L`.
    #[inline(always)]
    unsafe fn sweep<const O: usize, const J: usize>(&mut self) {
        let columns = self.group.taps.len() * self.step.geometry.inputs;
        let mut column = 0;
        // SAFETY: the columns are those of the group.
        unsafe {
            while column + J <= columns {
                self.columns::<O, J>(column);
                column += J;
            }
            if J > 2 {
                while column + 2 <= columns {
                    self.columns::<O, 2>(column);
                    column += 2;
                }
            }
            while column < columns {
                self.columns::<O, 1>(column);
                column += 1;
            }
        }
    }

    /// # Safety
    /// As in `sweep`, for J columns from `column` on.
    #[inline(always)]
    unsafe fn columns<const O: usize, const J: usize>(&mut self, column: usize) {
        let (geometry, group) = (&self.step.geometry, self.group);
        let sites = group.sites.len();
        let taps = group.taps.len();
        // Columns run over taps fastest.
        let mut pairs = [(0, 0); J];
        for (j, pair) in pairs.iter_mut().enumerate() {
            *pair = ((column + j) % taps, (column + j) / taps);
        }
        let mut sums = [[L::constant(0.0); J]; O];
        // SAFETY: sources are sites of the input, sites are sites of the signal.
        unsafe {
            let signal = self.frame.lines.add(self.step.signal + self.first * geometry.output_sites).cast_const();
            let input = self.frame.lines.add(self.step.from).cast_const();
            let (mut x, mut from) = ([input; J], [group.sources.as_ptr(); J]);
            for j in 0..J {
                x[j] = input.add(pairs[j].1 * geometry.input_sites);
                from[j] = from[j].add(pairs[j].0 * sites);
            }
            for i in 0..sites {
                let mut values = [L::constant(0.0); J];
                for j in 0..J {
                    values[j] = *x[j].add(*from[j].add(i) as usize);
                }
                let g = signal.add(*group.sites.get_unchecked(i) as usize);
                for o in 0..O {
                    let g = *g.add(o * geometry.output_sites);
                    for j in 0..J {
                        sums[o][j] = values[j].mul_add(g, sums[o][j]);
                    }
                }
            }
        }
        for (o, row) in sums.iter().enumerate() {
            for (j, &sum) in row.iter().enumerate() {
                let at = geometry.weight(self.first + o, pairs[j].1, group.taps[pairs[j].0]);
                self.deliver(at, sum);
            }
        }
    }

    #[inline(always)]
    fn deliver(&mut self, at: usize, sum: L) {
        match &mut *self.sink {
            Sink::Lines(to) => {
                // SAFETY: `at` is an index of the weights, which have that many lines.
                unsafe {
                    let line = self.frame.lines.add(*to + at);
                    *line = *line + sum;
                }
            }
            Sink::Sum(sums) => sums[at] += (sum * self.frame.valid).sum().to_f64(),
        }
    }
}
