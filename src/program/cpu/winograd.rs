//! Convolutions of width 3 along a row by Winograd's short algorithm F(4, 3): six products give four results of three
//! taps, where the sum has twelve.
//!
//! With inputs d_0 .. d_5 and weights g_0 .. g_2, y_i = sum_j g_j d_(i+j), i = 0 .. 3, is
//!
//! ```text
//! y = A^T [ (G g) * (B^T d) ]      (* number by number),      a^2 = 1/2, b^2 = 2
//!
//!         1    0  -5/2   0   1  0
//!         0  -2a   -2    a   1  0              1   0   0
//!         0   2a   -2   -a   1  0            -2/3 (1  a a^2)            1   1   1   1   1   0
//! B^T =   0  -b/2 -1/2   b   1  0     G =    -2/3 (1 -a a^2)    A^T =   0   a  -a   b  -b   0
//!         0   b/2 -1/2  -b   1  0             1/6 (1  b b^2)            0  a^2 a^2 b^2 b^2  0
//!         0    1    0  -5/2  0  1             1/6 (1 -b b^2)            0  a^3 -a^3 b^3 -b^3 1
//!                                              0   0   1
//! ```
//!
//! These are the polynomials through the points 0, +-a, +-b and infinity; with these points rounding grows less than
//! with the integers 0, +-1, +-2.
//! The sums over channels and over the other taps are taken between the two transforms, which are paid once for each
//! channel. S. Winograd, Arithmetic Complexity of Computations (1980); Lavin and Gray, arXiv:1509.09308.

#![allow(clippy::needless_range_loop)]

use super::super::convolution::{Convolution, Geometry, Weights};
use super::super::rows::{PRODUCTS, RESULTS, Rows, TOGETHER};
use super::super::stencil::NONE;
use super::frame::Frame;
use super::tiles::{sweep, tiles, widest};
use crate::simd::{Lanes, Real, Work};
use std::mem::MaybeUninit;

/// The points +-A and +-B.
const A: f64 = std::f64::consts::FRAC_1_SQRT_2;
const B: f64 = std::f64::consts::SQRT_2;

/// G g.
fn transform_weights(g: [f64; 3]) -> [f64; PRODUCTS] {
    let (inner, outer) = (-2.0 / 3.0 * (g[0] + g[2] / 2.0), (g[0] + 2.0 * g[2]) / 6.0);
    let (odd_inner, odd_outer) = (-2.0 / 3.0 * A * g[1], B * g[1] / 6.0);
    [g[0], inner + odd_inner, inner - odd_inner, outer + odd_outer, outer - odd_outer, g[2]]
}

/// Packs transformed parameters: for each tile of output channels `[product][input][row of taps][output in tile]`.
pub(super) fn pack<T: Real>(geometry: &Geometry, parameters: &[f64], registers: usize, to: &mut [T]) {
    let mut next = to.iter_mut();
    for (first, width) in tiles(geometry.outputs, widest(registers)) {
        for product in 0..PRODUCTS {
            for c in 0..geometry.inputs {
                for row in 0..geometry.taps / 3 {
                    for o in first..first + width {
                        let g = [0, 1, 2].map(|k| parameters[geometry.weight(o, c, 3 * row + k)]);
                        if let Some(slot) = next.next() {
                            *slot = T::from_f64(transform_weights(g)[product]);
                        }
                    }
                }
            }
        }
    }
}

/// Runs a convolution for one block; `scratch` is the line where the transformed inputs go.
///
/// # Safety
/// The plan's lines and packs lie inside the frame's memory.
#[inline(always)]
pub(in super::super) unsafe fn convolve<L: Lanes>(step: &Convolution, rows: &Rows, scratch: usize, frame: &Frame<L>) {
    // SAFETY: the caller's promise.
    unsafe {
        let together = if L::REGISTERS < 32 { 1 } else { TOGETHER };
        let (mut tile, mut ready) = (0, 0);
        while tile < rows.tiles.len() {
            let count = together.min(rows.tiles.len() - tile);
            let due = rows.due[tile + count - 1];
            L::isolate(Prepare { step, rows, scratch, frame, windows: ready..due });
            ready = due;
            for (first, width) in tiles(step.geometry.outputs, widest(L::REGISTERS)) {
                let part = Tile { step, rows, scratch, frame, first, tile };
                match count {
                    3 => sweep!(L, width, Sweep(part), [3, 3, 3, 3], [1, 1, 1]),
                    2 => sweep!(L, width, Sweep(part), [2, 2, 2, 2], [1, 1, 1]),
                    _ => sweep!(L, width, Sweep(part), [1, 1, 1, 1], [1, 1, 1]),
                }
            }
            tile += count;
        }
    }
}

/// The results of S tiles for O output channels.
struct Sweep<'a, L: Lanes, const O: usize, const S: usize>(Tile<'a, L>);

impl<L: Lanes, const O: usize, const S: usize> Work for Sweep<'_, L, O, S> {
    #[inline(always)]
    unsafe fn run(self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.results::<O, S>(self.0.tile) }
    }
}

/// The transforms of some windows.
struct Prepare<'a, L: Lanes> {
    step: &'a Convolution,
    rows: &'a Rows,
    scratch: usize,
    frame: &'a Frame<L>,
    windows: std::ops::Range<usize>,
}

/// One tile of output channels.
struct Tile<'a, L: Lanes> {
    step: &'a Convolution,
    rows: &'a Rows,
    scratch: usize,
    frame: &'a Frame<L>,
    first: usize,
    tile: usize,
}

impl<L: Lanes> Work for Prepare<'_, L> {
    /// B^T d for every channel: `[slot][channel][product]`.
    #[inline(always)]
    unsafe fn run(self) {
        let Geometry { inputs, input_sites, .. } = self.step.geometry;
        let (a, minus_a, b, minus_b) = (L::constant(A), L::constant(-A), L::constant(B), L::constant(-B));
        let (half, two, five) = (L::constant(-0.5), L::constant(-2.0), L::constant(-2.5));
        for window in self.windows {
            let (sites, slot) = self.rows.windows[window];
            let mut at = [0; PRODUCTS];
            for i in 0..PRODUCTS {
                at[i] = sites[i] as usize;
            }
            // SAFETY: windows are sites of the input, the scratch holds all windows.
            unsafe {
                let mut to = self.frame.lines.add(self.scratch + slot as usize * inputs * PRODUCTS);
                let mut from = self.frame.lines.add(self.step.ends.from).cast_const();
                for _ in 0..inputs {
                    let (d0, d1, d2) = (*from.add(at[0]), *from.add(at[1]), *from.add(at[2]));
                    let (d3, d4, d5) = (*from.add(at[3]), *from.add(at[4]), *from.add(at[5]));
                    let (even, odd) = (d2.mul_add(two, d4), d1.mul_add(two, d3));
                    *to = d2.mul_add(five, d0 + d4);
                    *to.add(1) = odd.mul_add(a, even);
                    *to.add(2) = odd.mul_add(minus_a, even);
                    let (even, odd) = (d2.mul_add(half, d4), d1.mul_add(half, d3));
                    *to.add(3) = odd.mul_add(b, even);
                    *to.add(4) = odd.mul_add(minus_b, even);
                    *to.add(5) = d3.mul_add(five, d1 + d5);
                    to = to.add(PRODUCTS);
                    from = from.add(input_sites);
                }
            }
        }
    }
}

impl<L: Lanes> Tile<'_, L> {
    /// The results of S tiles of sites.
    ///
    /// # Safety
    /// The tile's pointers lead to the values that its step reads and writes; there are S tiles of sites from `tile`
    /// on. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn results<const O: usize, const S: usize>(&self, tile: usize) {
        let mut products = MaybeUninit::<[[[L; S]; O]; PRODUCTS]>::uninit();
        let products: *mut [[L; S]; O] = products.as_mut_ptr().cast();
        let follow = S > 1 && self.rows.follow(tile, S);
        // SAFETY: all products are written before they are read; the caller's promise.
        unsafe {
            for product in 0..PRODUCTS {
                let sums =
                    if follow { self.following::<O, S>(tile, product) } else { self.sums::<O, S>(tile, product) };
                for o in 0..O {
                    for s in 0..S {
                        (*products.add(product))[o][s] = sums[o][s];
                    }
                }
            }
            for o in 0..O {
                for s in 0..S {
                    let mut m = [L::constant(0.0); PRODUCTS];
                    for product in 0..PRODUCTS {
                        m[product] = (*products.add(product))[o][s];
                    }
                    self.finish(self.first + o, &self.rows.tiles[tile + s], m);
                }
            }
        }
    }

    /// The start of the weights and of the transformed inputs for a product.
    ///
    /// # Safety
    /// As in `results`, for a product below their number.
    #[inline(always)]
    unsafe fn operands<const O: usize>(&self, product: usize) -> (*const L::Scalar, *const L) {
        let Geometry { inputs, taps, .. } = self.step.geometry;
        let Weights::Parameter { pack, .. } = self.step.weights else { unreachable!("planned for broadcast weights") };
        let start = pack + 2 * taps * inputs * self.first + product * (taps / 3) * inputs * O;
        // SAFETY: weights hold products x inputs x taps / 3 x O numbers for each tile of channels.
        unsafe { (self.frame.packed.add(start), self.frame.lines.add(self.scratch + product).cast_const()) }
    }

    /// The hot loop: each transformed input serves O channels, each broadcast weight S tiles.
    ///
    /// # Safety
    /// As in `results`, for a product below their number.
    #[inline(always)]
    unsafe fn sums<const O: usize, const S: usize>(&self, tile: usize, product: usize) -> [[L; S]; O] {
        let Geometry { inputs, taps, .. } = self.step.geometry;
        let mut sums = [[L::constant(0.0); S]; O];
        // SAFETY: sources are slots of the scratch.
        unsafe {
            let (weights, scratch) = self.operands::<O>(product);
            for row in 0..taps / 3 {
                let sources = self.rows.sources.as_ptr().add(row * self.rows.tiles.len() + tile);
                let mut x = [scratch; S];
                for s in 0..S {
                    x[s] = scratch.add(*sources.add(s) as usize * inputs * PRODUCTS);
                }
                let mut w = weights.add(row * O);
                for _ in 0..inputs {
                    let mut values = [L::constant(0.0); S];
                    for s in 0..S {
                        values[s] = *x[s];
                        x[s] = x[s].wrapping_add(PRODUCTS);
                    }
                    for o in 0..O {
                        let weight = L::splat(*w.add(o));
                        for s in 0..S {
                            sums[o][s] = values[s].mul_add(weight, sums[o][s]);
                        }
                    }
                    w = w.wrapping_add(taps / 3 * O);
                }
            }
        }
        sums
    }

    /// As `sums`, for consecutive tiles: row r of tile s reads window r + s, which is loaded once.
    ///
    /// # Safety
    /// As in `results`, where these tiles follow each other.
    #[inline(always)]
    unsafe fn following<const O: usize, const S: usize>(&self, tile: usize, product: usize) -> [[L; S]; O] {
        const { assert!(S <= TOGETHER) };
        let inputs = self.step.geometry.inputs;
        let mut sums = [[L::constant(0.0); S]; O];
        // SAFETY: sources are slots of the scratch.
        unsafe {
            let (mut w, scratch) = self.operands::<O>(product);
            let mut x = [scratch; TOGETHER + 2];
            for i in 0..S + 2 {
                let (row, s) = if i < S { (0, i) } else { (i + 1 - S, S - 1) };
                let slot = *self.rows.sources.get_unchecked(row * self.rows.tiles.len() + tile + s);
                x[i] = scratch.add(slot as usize * inputs * PRODUCTS);
            }
            for _ in 0..inputs {
                let mut values = [L::constant(0.0); TOGETHER + 2];
                for i in 0..S + 2 {
                    values[i] = *x[i];
                }
                for row in 0..3 {
                    for o in 0..O {
                        let weight = L::splat(*w.add(row * O + o));
                        for s in 0..S {
                            sums[o][s] = values[row + s].mul_add(weight, sums[o][s]);
                        }
                    }
                }
                w = w.wrapping_add(3 * O);
                for i in 0..S + 2 {
                    x[i] = x[i].wrapping_add(PRODUCTS);
                }
            }
        }
        sums
    }

    /// A^T m with bias and rectifier, stored.
    ///
    /// # Safety
    /// As in `results`, for sites of the result.
    #[inline(always)]
    unsafe fn finish(&self, channel: usize, tile: &[u32; RESULTS], m: [L; PRODUCTS]) {
        let step = self.step;
        // SAFETY: biases lie inside the frame.
        let bias = unsafe {
            match step.bias {
                None => L::constant(0.0),
                Some(Weights::Parameter { pack, .. }) => L::splat(*self.frame.packed.add(pack + channel)),
                Some(Weights::Lines(line)) => *self.frame.lines.add(line + channel),
            }
        };
        let (p, q, r, s) = (m[1] + m[2], m[1] - m[2], m[3] + m[4], m[3] - m[4]);
        let y = [
            (m[0] + bias) + (p + r),
            s.mul_add(L::constant(B), q.mul_add(L::constant(A), bias)),
            r.mul_add(L::constant(2.0), p.mul_add(L::constant(0.5), bias)),
            s.mul_add(L::constant(2.0 * B), q.mul_add(L::constant(0.5 * A), m[5] + bias)),
        ];
        // SAFETY: the tile's sites are sites of the output.
        unsafe {
            let to = self.frame.lines.add(step.ends.to + channel * step.geometry.output_sites);
            for i in 0..RESULTS {
                if tile[i] != NONE {
                    *to.add(tile[i] as usize) = match step.rectifier {
                        Some(slope) => y[i].max(y[i] * L::constant(slope)),
                        None => y[i],
                    };
                }
            }
        }
    }
}
