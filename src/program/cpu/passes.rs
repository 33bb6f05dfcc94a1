//! Passes of Fourier transforms in registers: butterflies of all rows of complex or real numbers, with roots of unity.
//! See `program/transform.rs` for their formulas.

#![allow(clippy::needless_range_loop)]

use super::super::transform::{Pass, RealAxis};
use super::fourier::{Length, Transform as Butterfly};
use crate::simd::{Lanes, Work};

/// Complex numbers in memory: the first real part and the first imaginary part.
pub(super) struct Complex<L> {
    pub re: *mut L,
    pub im: *mut L,
}

impl<L> Clone for Complex<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Complex<L> {}

impl<L: Lanes> Complex<L> {
    /// The numbers from one on.
    #[inline(always)]
    pub fn at(self, place: usize) -> Self {
        Self { re: self.re.wrapping_add(place), im: self.im.wrapping_add(place) }
    }

    /// Real and imaginary parts exchanged.
    #[inline(always)]
    pub fn exchanged(self) -> Self {
        Self { re: self.im, im: self.re }
    }

    /// Rows of numbers `step` apart, which begin `next` apart.
    #[inline(always)]
    pub fn rows(self, step: usize, next: usize) -> Rows<L> {
        Rows { start: self, step, next }
    }
}

/// Rows of complex numbers.
pub(super) struct Rows<L> {
    pub start: Complex<L>,
    /// Lines from one number of a row to the next.
    pub step: usize,
    /// Lines from one row to the next.
    pub next: usize,
}

impl<L> Clone for Rows<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Rows<L> {}

/// A mode times its factor, which depends on its multiplicity.
#[inline(always)]
pub(super) fn scaled<L: Lanes>((re, im): (L, L), factors: Option<[f64; 2]>, is_single: bool) -> (L, L) {
    let Some([single, double]) = factors else { return (re, im) };
    let factor = L::constant(if is_single { single } else { double });
    (re * factor, im * factor)
}

/// Rows that one pass reads and writes, and the pass.
pub(super) struct Run<'a, L> {
    pub pass: &'a Pass,
    pub from: Rows<L>,
    pub to: Rows<L>,
    pub count: usize,
}

/// One pass with butterflies of R numbers.
pub(super) struct Complexes<'a, L, const R: usize>(pub Run<'a, L>);

impl<L: Lanes, const R: usize> Work for Complexes<'_, L, R>
where
    Length<R>: Butterfly<R>,
{
    #[inline(always)]
    unsafe fn run(self) {
        let Run { pass, from, to, count } = self.0;
        let (m, s) = (pass.rest, pass.done);
        let roots = pass.roots.start::<L::Scalar>();
        let (step, next) = (s * m * from.step, s * to.step);
        for row in 0..count {
            for p in 0..m {
                for q in 0..s {
                    let x = from.start.at(row * from.next + (q + s * p) * from.step);
                    let y = to.start.at(row * to.next + (q + s * R * p) * to.step);
                    // SAFETY: the caller's promise.
                    unsafe {
                        let (re, im) = (gather::<L, R>(x.re, step), gather::<L, R>(x.im, step));
                        let (mut re, mut im) = butterfly(re, im);
                        if p > 0 {
                            for k in 1..R {
                                (re[k], im[k]) = times((re[k], im[k]), *roots.add(p * (R - 1) + k - 1));
                            }
                        }
                        for k in 0..R {
                            (*y.re.add(k * next), *y.im.add(k * next)) = (re[k], im[k]);
                        }
                    }
                }
            }
        }
    }
}

/// R numbers, `step` apart.
///
/// # Safety
/// The numbers are there. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn gather<L: Lanes, const R: usize>(from: *const L, step: usize) -> [L; R] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut numbers = [*from; R];
        for j in 1..R {
            numbers[j] = *from.add(j * step);
        }
        numbers
    }
}

/// A number times a root of unity.
#[inline(always)]
fn times<L: Lanes>((re, im): (L, L), root: [L::Scalar; 2]) -> (L, L) {
    let (c, s) = (L::splat(root[0]), L::splat(root[1]));
    (im.negative_mul_add(s, re * c), im.mul_add(c, re * s))
}

/// A number times the conjugate of a root of unity.
#[inline(always)]
fn times_conjugate<L: Lanes>((re, im): (L, L), root: [L::Scalar; 2]) -> (L, L) {
    let (c, s) = (L::splat(root[0]), L::splat(root[1]));
    (im.mul_add(s, re * c), re.negative_mul_add(s, im * c))
}

/// The transform of R complex numbers: those of their real and of their imaginary parts, joined.
#[inline(always)]
fn butterfly<L: Lanes, const R: usize>(re: [L; R], im: [L; R]) -> ([L; R], [L; R])
where
    Length<R>: Butterfly<R>,
{
    let (a, b) = (Length::<R>::forward(re), Length::<R>::forward(im));
    let (mut x, mut y) = (a, b);
    for k in 1..R.div_ceil(2) {
        let (cosine, sine) = ((a[2 * k - 1], b[2 * k - 1]), (a[2 * k], b[2 * k]));
        (x[k], x[R - k]) = (cosine.0 + sine.1, cosine.0 - sine.1);
        (y[k], y[R - k]) = (cosine.1 - sine.0, cosine.1 + sine.0);
    }
    if R.is_multiple_of(2) {
        (x[R / 2], y[R / 2]) = (a[R - 1], b[R - 1]);
    }
    (x, y)
}

/// Real rows, and their half spectra or, where m > 1, the numbers `[k][p]` of the classes of one row.
pub(super) struct RealRun<'a, L> {
    pub axis: &'a RealAxis,
    pub real: *mut L,
    pub half: Complex<L>,
    pub count: usize,
    pub factors: Option<[f64; 2]>,
}

/// The first pass of real rows, with butterflies of R numbers.
pub(super) struct RealForward<'a, L, const R: usize>(pub RealRun<'a, L>);

impl<L: Lanes, const R: usize> Work for RealForward<'_, L, R>
where
    Length<R>: Butterfly<R>,
{
    #[inline(always)]
    unsafe fn run(self) {
        let RealRun { axis, real, half, count, factors } = self.0;
        let m = axis.rest();
        let roots = axis.roots.start::<L::Scalar>();
        for row in 0..count {
            for p in 0..m {
                let from = real.wrapping_add(row * R * m + p);
                let to = half.at(row * axis.half() + p);
                // SAFETY: the caller's promise.
                unsafe {
                    // Sines of the reversed row have the sign of imaginary parts.
                    let mut x = [*from; R];
                    for j in 1..R {
                        x[j] = *from.add((R - j) * m);
                    }
                    let y = Length::<R>::forward(x);
                    for k in 0..=R / 2 {
                        let is_single = k == 0 || 2 * k == R;
                        let zero = L::constant(0.0);
                        let mut mode = (y[(2 * k).saturating_sub(1)], if is_single { zero } else { y[2 * k % R] });
                        if p > 0 && k > 0 {
                            mode = times(mode, *roots.add(p * (R - 1) + k - 1));
                        }
                        (*to.re.add(k * m), *to.im.add(k * m)) = scaled(mode, factors, is_single);
                    }
                }
            }
        }
    }
}

/// The transposed map of [`RealForward`].
pub(super) struct RealBackward<'a, L, const R: usize>(pub RealRun<'a, L>);

impl<L: Lanes, const R: usize> Work for RealBackward<'_, L, R>
where
    Length<R>: Butterfly<R>,
{
    #[inline(always)]
    unsafe fn run(self) {
        let RealRun { axis, real, half, count, factors } = self.0;
        let m = axis.rest();
        let roots = axis.roots.start::<L::Scalar>();
        for row in 0..count {
            for p in 0..m {
                let to = real.wrapping_add(row * R * m + p);
                let from = half.at(row * axis.half() + p);
                // SAFETY: the caller's promise.
                unsafe {
                    let mut y = [*from.re; R];
                    for k in 0..=R / 2 {
                        let is_single = k == 0 || 2 * k == R;
                        let mut mode = (*from.re.add(k * m), *from.im.add(k * m));
                        if p > 0 && k > 0 {
                            mode = times_conjugate(mode, *roots.add(p * (R - 1) + k - 1));
                        }
                        let (re, im) = scaled(mode, factors, is_single);
                        y[(2 * k).saturating_sub(1)] = re;
                        if !is_single {
                            y[2 * k % R] = im;
                        }
                    }
                    let x = Length::<R>::backward(y);
                    for j in 0..R {
                        *to.add((R - j) % R * m) = x[j];
                    }
                }
            }
        }
    }
}
