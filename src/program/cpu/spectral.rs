//! Convolutions on a torus by Fourier transforms: each channel is transformed by rows and columns in registers, the
//! channels are summed momentum by momentum, and each result is transformed back. See `program/torus.rs`.

#![allow(clippy::needless_range_loop)]

use super::super::convolution::{Convolution, Geometry, Weights};
use super::super::torus::Torus;
use super::fourier::{Length, Transform};
use super::frame::Frame;
use super::tiles::{sweep, tiles, widest};
use crate::simd::{Lanes, Real, Work};

/// Packs transformed parameters: for each tile of output channels `[pair][input][output in tile][2]`.
pub(super) fn pack<T: Real>(geometry: &Geometry, torus: &Torus, parameters: &[f64], registers: usize, to: &mut [T]) {
    let (volume, inputs) = (torus.volume(), geometry.inputs);
    let mut numbers = vec![0.0; volume];
    for (first, width) in tiles(geometry.outputs, widest(registers)) {
        for (c, o) in (0..inputs).flat_map(|c| (0..width).map(move |o| (c, o))) {
            torus.transform(&parameters[geometry.weight(first + o, c, 0)..][..geometry.taps], &mut numbers);
            let start = volume * inputs * first + 2 * (c * width + o);
            for (pair, both) in numbers.as_chunks::<2>().0.iter().enumerate() {
                for (slot, &number) in to[start + 2 * pair * inputs * width..].iter_mut().zip(both) {
                    *slot = T::from_f64(number);
                }
            }
        }
    }
}

/// Runs a pass over rows or columns of one of the extents that have a transform.
macro_rules! by_extent {
    ($lanes:ident, $extent:expr, $pass:ident, $back:literal, $lines:expr) => {
        match $extent {
            4 => $lanes::isolate($pass::<$lanes, 4, $back>($lines)),
            6 => $lanes::isolate($pass::<$lanes, 6, $back>($lines)),
            8 => $lanes::isolate($pass::<$lanes, 8, $back>($lines)),
            10 => $lanes::isolate($pass::<$lanes, 10, $back>($lines)),
            12 => $lanes::isolate($pass::<$lanes, 12, $back>($lines)),
            16 => $lanes::isolate($pass::<$lanes, 16, $back>($lines)),
            other => unreachable!("no torus has rows of {other}"),
        }
    };
}

/// Runs a convolution for one block; `scratch` is the first line of the scratch memory.
///
/// # Safety
/// The plan's lines and packs lie inside the frame's memory.
#[inline(always)]
pub(in super::super) unsafe fn convolve<L: Lanes>(step: &Convolution, torus: &Torus, scratch: usize, frame: &Frame<L>) {
    let Geometry { inputs, outputs, input_sites, output_sites, .. } = step.geometry;
    let ([x, y], pairs) = (torus.extents, torus.volume() / 2);
    let stride = Torus::stride(inputs, outputs);
    // SAFETY: scratch memory holds what `scratch` says; the caller's promise for the rest.
    unsafe {
        let from = frame.lines.add(scratch);
        let rows = from.add(2 * pairs * stride);
        // A single tile reads all numbers of a pair before it writes its results, which may overwrite them.
        let in_place = tiles(outputs, widest(L::REGISTERS)).count() == 1;
        let to = if in_place { from } else { from.add(pairs * stride) };
        for channel in 0..inputs {
            let field = frame.lines.add(step.ends.from + channel * input_sites);
            by_extent!(L, x, Rows, false, Lines { from: field, to: rows, count: y, stride, rectifier: None });
            let to = from.add(2 * channel);
            by_extent!(L, y, Columns, false, Lines { from: rows, to, count: x, stride, rectifier: None });
        }
        for (first, width) in tiles(outputs, widest(L::REGISTERS)) {
            let products = Products { step, torus, frame, first, from, to, stride };
            sweep!(L, width, Sweep(products), [1, 1, 1, 1], [1, 1, 1]);
        }
        for channel in 0..outputs {
            let from = to.add(2 * channel);
            by_extent!(L, y, Columns, true, Lines { from, to: rows, count: x, stride, rectifier: None });
            let field = frame.lines.add(step.ends.to + channel * output_sites);
            let rectifier = step.rectifier;
            by_extent!(L, x, Rows, true, Lines { from: rows, to: field, count: y, stride, rectifier });
        }
    }
}

/// Memory that a pass reads and writes: `count` rows or columns.
struct Lines<L> {
    from: *const L,
    to: *mut L,
    count: usize,
    stride: usize,
    rectifier: Option<f64>,
}

/// Transforms rows of N sites; BACK: computes the rows from their transforms, and applies the rectifier.
struct Rows<L, const N: usize, const BACK: bool>(Lines<L>);

impl<L: Lanes, const N: usize, const BACK: bool> Work for Rows<L, N, BACK>
where
    Length<N>: Transform<N>,
{
    #[inline(always)]
    unsafe fn run(self) {
        let Lines { from, to, count, rectifier, .. } = self.0;
        // SAFETY: the caller's promise.
        unsafe {
            for row in 0..count {
                let numbers = read::<L, N>(from.add(row * N), 1);
                let mut numbers = if BACK { Length::<N>::backward(numbers) } else { Length::<N>::forward(numbers) };
                if let Some(slope) = rectifier {
                    for i in 0..N {
                        numbers[i] = numbers[i].max(numbers[i] * L::constant(slope));
                    }
                }
                write(numbers, to.add(row * N), 1);
            }
        }
    }
}

/// Transforms columns of N numbers of transformed rows, and joins them to pairs; BACK: the transposed map.
struct Columns<L, const N: usize, const BACK: bool>(Lines<L>);

impl<L: Lanes, const N: usize> Work for Columns<L, N, false>
where
    Length<N>: Transform<N>,
{
    #[inline(always)]
    unsafe fn run(self) {
        let Lines { from, to, count, stride, .. } = self.0;
        // SAFETY: the caller's promise.
        unsafe {
            let write = |pair: usize, re: L, im: L| {
                let to = to.add(pair * stride);
                *to = re;
                *to.add(1) = im;
            };
            for (column, pair) in [(0, 0), (count - 1, N / 2)] {
                let y = Length::<N>::forward(read::<L, N>(from.add(column), count));
                write(pair, y[0], y[N - 1]);
                for k in 1..N / 2 {
                    write(pair + k, y[2 * k - 1], y[2 * k]);
                }
            }
            for first in 1..count / 2 {
                let cosines = Length::<N>::forward(read::<L, N>(from.add(2 * first - 1), count));
                let sines = Length::<N>::forward(read::<L, N>(from.add(2 * first), count));
                write(first * N, cosines[0], sines[0]);
                write(first * N + 1, cosines[N - 1], sines[N - 1]);
                for k in 1..N / 2 {
                    let (cc, cs, sc, ss) = (cosines[2 * k - 1], cosines[2 * k], sines[2 * k - 1], sines[2 * k]);
                    write(first * N + 2 * k, cc - ss, sc + cs);
                    write(first * N + 2 * k + 1, cc + ss, sc - cs);
                }
            }
        }
    }
}

impl<L: Lanes, const N: usize> Work for Columns<L, N, true>
where
    Length<N>: Transform<N>,
{
    #[inline(always)]
    unsafe fn run(self) {
        let Lines { from, to, count, stride, .. } = self.0;
        // SAFETY: the caller's promise.
        unsafe {
            let pair = |pair: usize| (*from.add(pair * stride), *from.add(pair * stride + 1));
            for (column, start) in [(0, 0), (count - 1, N / 2)] {
                let mut numbers = [pair(start).0; N];
                numbers[N - 1] = pair(start).1;
                for k in 1..N / 2 {
                    (numbers[2 * k - 1], numbers[2 * k]) = pair(start + k);
                }
                write(Length::<N>::backward(numbers), to.add(column), count);
            }
            for first in 1..count / 2 {
                let mut cosines = [pair(first * N).0; N];
                let mut sines = [pair(first * N).1; N];
                (cosines[N - 1], sines[N - 1]) = pair(first * N + 1);
                for k in 1..N / 2 {
                    let (sum, difference) = (pair(first * N + 2 * k), pair(first * N + 2 * k + 1));
                    cosines[2 * k - 1] = sum.0 + difference.0;
                    cosines[2 * k] = sum.1 - difference.1;
                    sines[2 * k - 1] = sum.1 + difference.1;
                    sines[2 * k] = difference.0 - sum.0;
                }
                write(Length::<N>::backward(cosines), to.add(2 * first - 1), count);
                write(Length::<N>::backward(sines), to.add(2 * first), count);
            }
        }
    }
}

/// # Safety
/// `from` leads to N vectors, `stride` apart. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn read<L: Lanes, const N: usize>(from: *const L, stride: usize) -> [L; N] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut numbers = [*from; N];
        for j in 1..N {
            numbers[j] = *from.add(j * stride);
        }
        numbers
    }
}

/// # Safety
/// `to` leads to places for N vectors, `stride` apart. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn write<L: Lanes, const N: usize>(numbers: [L; N], to: *mut L, stride: usize) {
    for j in 0..N {
        // SAFETY: the caller's promise.
        unsafe { *to.add(j * stride) = numbers[j] }
    }
}

/// Sums over the input channels for one tile of output channels.
struct Products<'a, L: Lanes> {
    step: &'a Convolution,
    torus: &'a Torus,
    frame: &'a Frame<L>,
    first: usize,
    from: *const L,
    to: *mut L,
    stride: usize,
}

/// The products of O output channels; S is not used.
struct Sweep<'a, L: Lanes, const O: usize, const S: usize>(Products<'a, L>);

impl<L: Lanes, const O: usize, const S: usize> Work for Sweep<'_, L, O, S> {
    #[inline(always)]
    unsafe fn run(self) {
        let Products { step, torus, frame, first, mut from, to, stride } = self.0;
        let Weights::Parameter { pack, .. } = step.weights else { unreachable!("planned for broadcast weights") };
        let inputs = step.geometry.inputs;
        // SAFETY: the caller's promise.
        unsafe {
            let mut weights = frame.packed.add(pack + torus.volume() * inputs * first);
            let mut to = to.add(2 * first);
            for pair in 0..torus.volume() / 2 {
                let (mut re, mut im) = ([L::constant(0.0); O], [L::constant(0.0); O]);
                // The bias is a field of momentum zero.
                if let (0, Some(bias)) = (pair, step.bias) {
                    for o in 0..O {
                        re[o] = match bias {
                            Weights::Parameter { pack, .. } => L::splat(*frame.packed.add(pack + first + o)),
                            Weights::Lines(line) => *frame.lines.add(line + first + o),
                        };
                    }
                }
                let is_real = torus.is_real(pair);
                for c in 0..inputs {
                    let (x, y) = (*from.add(2 * c), *from.add(2 * c + 1));
                    for o in 0..O {
                        let (a, b) = (L::splat(*weights.add(2 * o)), L::splat(*weights.add(2 * o + 1)));
                        if is_real {
                            re[o] = x.mul_add(a, re[o]);
                            im[o] = y.mul_add(b, im[o]);
                        } else {
                            re[o] = y.negative_mul_add(b, x.mul_add(a, re[o]));
                            im[o] = y.mul_add(a, x.mul_add(b, im[o]));
                        }
                    }
                    weights = weights.add(2 * O);
                }
                for o in 0..O {
                    *to.add(2 * o) = re[o];
                    *to.add(2 * o + 1) = im[o];
                }
                (from, to) = (from.add(stride), to.add(stride));
            }
        }
    }
}
