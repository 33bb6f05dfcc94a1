//! exp(x) of any square matrix, and its derivatives along matrices e_1 .. e_K.
//!
//! The derivative is the coefficient of ε_1 ... ε_K in exp(x + Σ ε_i e_i) with numbers ε_i² = 0: the same polynomial is
//! evaluated with 2^K matrices, one for each product of different ε, in the place of each matrix. No eigenvalues are
//! needed, so that nothing is lost where some are equal. The polynomial is that of Taylor, with x scaled by a power of two
//! below a norm of 1/2 (f64) or 1 (f32), in blocks of powers up to x⁴ (M. S. Paterson, L. J. Stockmeyer, SIAM J. Comput. 2,
//! 60 (1973)); the result is squared as often as x was halved. Each sample has its own power of two.

use super::multiply::{Factors, multiply};
use super::{Kernel, Site, Square};
use crate::simd::{Lanes, Real};

/// exp(x), or its derivative along the other arguments.
pub struct Exponential;

/// Largest number of halvings.
const HALVINGS: f64 = 30.0;

/// 1 / k!
const INVERSE_FACTORIALS: [f64; 16] = {
    let mut table = [1.0; 16];
    let mut k = 1;
    while k < 16 {
        table[k] = table[k - 1] / k as f64;
        k += 1;
    }
    table
};

/// Blocks of four terms of the series, and the largest squared norm for it.
#[inline(always)]
fn terms<L: Lanes>() -> (usize, f64) {
    if size_of::<L::Scalar>() == 4 { (3, 1.0) } else { (4, 0.25) }
}

/// Matrices with the coefficients of all products of different ε, of `order` numbers ε; bit i of the index stands for ε_i.
#[derive(Clone, Copy)]
struct Algebra {
    square: Square,
    order: usize,
}

impl Algebra {
    /// Lines of an element.
    fn count(self) -> usize {
        self.square.channels() << self.order
    }

    /// c = a b.
    ///
    /// # Safety
    /// All three are elements, c apart from the others.
    #[inline(always)]
    unsafe fn multiply<L: Lanes>(self, a: *const L, b: *const L, c: *mut L) {
        let one = self.square.channels();
        for set in 0..1usize << self.order {
            let mut adds = false;
            for part in 0..=set {
                if part & set != part {
                    continue;
                }
                let (a, b) = (a.wrapping_add(part * one), b.wrapping_add((set ^ part) * one));
                let factors = Factors { a, b, c: c.wrapping_add(set * one), stride: 1, adds };
                // SAFETY: the caller's promise.
                unsafe { multiply::<L, false, false>(self.square, factors) };
                adds = true;
            }
        }
    }

    /// y += Σ_k x^k / (4 block + k)! for k = 0 .. 3, of the powers x, x², x³ one after the other.
    ///
    /// # Safety
    /// There are three powers at `powers`, and an element at y.
    #[inline(always)]
    unsafe fn add_block<L: Lanes>(self, block: usize, powers: *const L, y: *mut L) {
        let term = 4 * block;
        let (one, first) = (L::constant(INVERSE_FACTORIALS[term]), L::constant(INVERSE_FACTORIALS[term + 1]));
        let (second, third) = (L::constant(INVERSE_FACTORIALS[term + 2]), L::constant(INVERSE_FACTORIALS[term + 3]));
        let (count, Square { n, parts }) = (self.count(), self.square);
        // SAFETY: the caller's promise.
        unsafe {
            for i in 0..count {
                let [x, x2, x3] = [*powers.add(i), *powers.add(count + i), *powers.add(2 * count + i)];
                *y.add(i) = x.mul_add(first, x2.mul_add(second, x3.mul_add(third, *y.add(i))));
            }
            for i in 0..n {
                let to = y.add(i * (n + 1) * parts);
                *to = *to + one;
            }
        }
    }
}

impl Algebra {
    /// x + Σ ε_i e_i, halved so often in each lane, at the begin of the scratch memory.
    ///
    /// # Safety
    /// The arguments and the scratch memory are there.
    #[inline(always)]
    unsafe fn load<L: Lanes>(self, site: &Site<L>, halvings: L) {
        let (one, zero) = (self.square.channels(), L::constant(0.0));
        // SAFETY: the caller's promise.
        unsafe {
            for i in 0..self.count() {
                *site.scratch.add(i) = zero;
            }
            for argument in 0..site.arguments {
                let set = if argument == 0 { 0 } else { 1 << (argument - 1) };
                for i in 0..one {
                    let number = *site.x.add(argument * one + i);
                    *site.scratch.add(set * one + i) = number.times_power_of_two(zero - halvings);
                }
            }
        }
    }

    /// The polynomial of the element at the begin of six elements of memory; returns its place, and that of an unused one.
    ///
    /// # Safety
    /// The memory is there.
    #[inline(always)]
    unsafe fn polynomial<L: Lanes>(self, x: *mut L) -> (*mut L, *mut L) {
        let count = self.count();
        let (square, cube, fourth) = (x.wrapping_add(count), x.wrapping_add(2 * count), x.wrapping_add(3 * count));
        let (mut y, mut other) = (x.wrapping_add(4 * count), x.wrapping_add(5 * count));
        let (blocks, _) = terms::<L>();
        // SAFETY: the caller's promise.
        unsafe {
            self.multiply(x, x, square);
            self.multiply(square, x, cube);
            self.multiply(square, square, fourth);
            for i in 0..count {
                *y.add(i) = L::constant(0.0);
            }
            for block in (0..blocks).rev() {
                self.add_block(block, x, y);
                if block > 0 {
                    self.multiply(y, fourth, other);
                    (y, other) = (other, y);
                }
            }
        }
        (y, other)
    }
}

impl Kernel for Exponential {
    fn scratch(square: Square, arguments: usize) -> usize {
        6 * (square.channels() << (arguments - 1))
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let algebra = Algebra { square: site.square, order: site.arguments - 1 };
        let one = site.square.channels();
        // SAFETY: the caller's promise; the scratch memory holds six elements.
        unsafe {
            let halvings = halvings(site.x, one);
            algebra.load(site, halvings);
            let (y, other) = algebra.polynomial(site.scratch);
            square_often(algebra, halvings, y, other);
            for i in 0..one {
                *site.y.add(i) = *y.add(algebra.count() - one + i);
            }
        }
    }
}

/// How often a matrix is halved until its norm is small enough for the series.
///
/// # Safety
/// There are `count` numbers at x.
#[inline(always)]
unsafe fn halvings<L: Lanes>(x: *const L, count: usize) -> L {
    let mut square = L::constant(0.0);
    for i in 0..count {
        // SAFETY: the caller's promise.
        let x = unsafe { *x.add(i) };
        square = x.mul_add(x, square);
    }
    let (_, largest) = terms::<L>();
    let ratio = (square * L::constant(1.0 / largest)).max(L::constant(0.5));
    let (exponent, _) = ratio.exponent_and_mantissa();
    let halvings = exponent.mul_add(L::constant(0.5), L::constant(0.75)).round();
    halvings.min(L::constant(HALVINGS)).max(L::constant(0.0))
}

/// Squares y as often as each lane says.
///
/// # Safety
/// y and `other` are elements.
#[inline(always)]
unsafe fn square_often<L: Lanes>(algebra: Algebra, times: L, y: *mut L, other: *mut L) {
    let (one, zero, mut rest) = (L::constant(1.0), L::constant(0.0), times);
    while rest.where_positive(one, zero).sum() != L::Scalar::from_f64(0.0) {
        // SAFETY: the caller's promise.
        unsafe {
            algebra.multiply(y, y, other);
            for i in 0..algebra.count() {
                *y.add(i) = rest.where_positive(*other.add(i), *y.add(i));
            }
        }
        rest = rest - one;
    }
}
