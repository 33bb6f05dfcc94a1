//! Inverse and determinant by elimination of Gauss and Jordan with the largest pivot of each column, lane by lane.
//!
//! Rows are exchanged by selection in each lane, so that all lanes take the same steps. Complex pivots are compared by
//! |Re| + |Im|, and divided by after a division by the larger of the two, so that squares neither overflow nor vanish.

use super::super::angles::{atan2, magnitude};
use super::{Complex, Kernel, Site, Square, norm, times};
use crate::simd::Lanes;
use crate::simd::functions::log;

/// x⁻¹.
pub struct Inverse;

/// log |det x|, and for complex matrices the phase of the determinant in (−π, π].
pub struct LogDeterminant;

impl Kernel for Inverse {
    fn scratch(square: Square, _: usize) -> usize {
        2 * square.channels()
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let n = site.square.n;
        let system = System { square: site.square, columns: 2 * n, rows: site.scratch };
        // SAFETY: the caller's promise.
        unsafe {
            system.fill(site.x);
            for k in 0..n {
                system.choose_pivot(k);
                let reciprocal = Pivot::of(system.at(k, k)).reciprocal();
                for j in k..2 * n {
                    system.set(k, j, times(system.at(k, j), reciprocal));
                }
                for i in 0..n {
                    if i != k {
                        system.subtract(i, k, system.at(i, k));
                    }
                }
            }
            for i in 0..n {
                for j in 0..n {
                    let number = system.at(i, n + j);
                    for (part, &x) in number.iter().enumerate().take(site.square.parts) {
                        *site.y.add((i * n + j) * site.square.parts + part) = x;
                    }
                }
            }
        }
    }
}

impl Kernel for LogDeterminant {
    fn scratch(square: Square, _: usize) -> usize {
        square.channels()
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let n = site.square.n;
        let system = System { square: site.square, columns: n, rows: site.scratch };
        let (mut sum, mut phase) = (L::constant(0.0), [L::constant(1.0), L::constant(0.0)]);
        // SAFETY: the caller's promise.
        unsafe {
            system.fill(site.x);
            for k in 0..n {
                let sign = system.choose_pivot(k);
                let pivot = Pivot::of(system.at(k, k));
                sum = sum + log(pivot.size) + log(pivot.length);
                phase = times(phase, [pivot.direction[0] * sign, pivot.direction[1] * sign]);
                let reciprocal = pivot.reciprocal();
                for i in k + 1..n {
                    system.subtract(i, k, times(system.at(i, k), reciprocal));
                }
            }
            *site.y = sum;
            if site.square.parts == 2 {
                *site.y.add(1) = atan2(phase[1], phase[0]);
            }
        }
    }
}

/// A number z = size length direction: the larger of |Re z| and |Im z|, |z| over that, and the phase.
struct Pivot<L> {
    size: L,
    length: L,
    direction: Complex<L>,
}

impl<L: Lanes> Pivot<L> {
    #[inline(always)]
    fn of(z: Complex<L>) -> Self {
        let size = magnitude(z[0]).max(magnitude(z[1]));
        let scaled = [z[0] / size, z[1] / size];
        let length = norm(scaled).sqrt();
        Self { size, length, direction: [scaled[0] / length, scaled[1] / length] }
    }

    /// 1 / z.
    #[inline(always)]
    fn reciprocal(&self) -> Complex<L> {
        let factor = L::constant(1.0) / self.length;
        let [re, im] = self.direction;
        [re * factor / self.size, (L::constant(0.0) - im) * factor / self.size]
    }
}

/// Rows of numbers that are eliminated; numbers of real matrices are read with an imaginary part of zero.
struct System<L> {
    square: Square,
    columns: usize,
    rows: *mut L,
}

impl<L: Lanes> System<L> {
    #[inline(always)]
    fn place(&self, i: usize, j: usize) -> *mut L {
        self.rows.wrapping_add((i * self.columns + j) * self.square.parts)
    }

    /// # Safety
    /// The number is there.
    #[inline(always)]
    unsafe fn at(&self, i: usize, j: usize) -> Complex<L> {
        let place = self.place(i, j);
        // SAFETY: the caller's promise.
        unsafe { [*place, if self.square.parts == 2 { *place.add(1) } else { L::constant(0.0) }] }
    }

    /// # Safety
    /// The number is there.
    #[inline(always)]
    unsafe fn set(&self, i: usize, j: usize, number: Complex<L>) {
        let place = self.place(i, j);
        // SAFETY: the caller's promise.
        unsafe {
            *place = number[0];
            if self.square.parts == 2 {
                *place.add(1) = number[1];
            }
        }
    }

    /// The matrix x, and the unit matrix behind it where there are twice as many columns.
    ///
    /// # Safety
    /// The matrix and the rows are there.
    #[inline(always)]
    unsafe fn fill(&self, x: *const L) {
        let Square { n, parts } = self.square;
        for i in 0..n {
            for j in 0..self.columns {
                for part in 0..parts {
                    // SAFETY: the caller's promise.
                    unsafe {
                        *self.place(i, j).add(part) = match j.checked_sub(n) {
                            None => *x.add((i * n + j) * parts + part),
                            Some(j) => L::constant(if i == j && part == 0 { 1.0 } else { 0.0 }),
                        };
                    }
                }
            }
        }
    }

    /// Exchanges rows so that the largest number of column k, of those not above the diagonal, is on it; returns the sign
    /// of the exchanges.
    ///
    /// # Safety
    /// As for [`System::at`].
    #[inline(always)]
    unsafe fn choose_pivot(&self, k: usize) -> L {
        let mut sign = L::constant(1.0);
        for i in k + 1..self.square.n {
            // SAFETY: the caller's promise.
            unsafe {
                let (one, other) = (self.at(k, k), self.at(i, k));
                let larger = magnitude(other[0]) + magnitude(other[1]) - (magnitude(one[0]) + magnitude(one[1]));
                sign = larger.where_positive(L::constant(0.0) - sign, sign);
                for line in 0..(self.columns - k) * self.square.parts {
                    let (one, other) = (self.place(k, k).add(line), self.place(i, k).add(line));
                    let (a, b) = (*one, *other);
                    *one = larger.where_positive(b, a);
                    *other = larger.where_positive(a, b);
                }
            }
        }
        sign
    }

    /// Row i minus a factor times row k, from column k on.
    ///
    /// # Safety
    /// As for [`System::at`].
    #[inline(always)]
    unsafe fn subtract(&self, i: usize, k: usize, factor: Complex<L>) {
        for j in k..self.columns {
            // SAFETY: the caller's promise.
            unsafe {
                let (from, to) = (self.place(k, j), self.place(i, j));
                let re = factor[0].negative_mul_add(*from, *to);
                if self.square.parts == 2 {
                    let (x, y) = (*from.add(1), *to.add(1));
                    let im = factor[1].negative_mul_add(*from, factor[0].negative_mul_add(x, y));
                    *to = factor[1].mul_add(x, re);
                    *to.add(1) = im;
                } else {
                    *to = re;
                }
            }
        }
    }
}
