//! Products of matrices c = a b, of which each factor may be replaced by its adjoint.
//!
//! Complex matrices of up to three rows are multiplied in registers: all rows of the result at once where the register file
//! holds them, two rows at a time elsewhere. Each number of c is a sum over k of four products, whose order is
//! k, then the real part of a, then its imaginary part.

#![allow(clippy::needless_range_loop)]

use super::{Kernel, Site, Square};
use crate::simd::{Lanes, Work};

/// Two factors and the place of their product; neighbouring numbers of a matrix are `stride` lines apart.
#[derive(Clone, Copy)]
pub struct Factors<L> {
    pub a: *const L,
    pub b: *const L,
    pub c: *mut L,
    pub stride: usize,
    /// The product is added to c.
    pub adds: bool,
}

/// a b, a† b, a b† or a† b†: whether each factor is replaced by its adjoint.
pub struct Product<const A: bool, const B: bool>;

impl<const A: bool, const B: bool> Kernel for Product<A, B> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(site: &Site<L>) {
        let b = site.x.wrapping_add(site.square.channels());
        let factors = Factors { a: site.x, b, c: site.y, stride: 1, adds: false };
        // SAFETY: the caller's promise.
        unsafe { multiply::<L, A, B>(site.square, factors) };
    }
}

/// c = a b, or c += a b, of matrices of any kind.
///
/// # Safety
/// The factors and their product have the lines of such matrices; the product is apart from the factors.
#[inline(always)]
pub unsafe fn multiply<L: Lanes, const A: bool, const B: bool>(square: Square, factors: Factors<L>) {
    let fields = Fields { factors, matrices: 1, sites: 1 };
    // SAFETY: the caller's promise.
    unsafe {
        if !multiply_fields::<L, A, B>(square, fields) {
            L::isolate(AnySize::<L, A, B> { square, factors });
        }
    }
}

/// Matrices on sites: `stride` is the number of sites.
#[derive(Clone, Copy)]
pub struct Fields<L> {
    pub factors: Factors<L>,
    pub matrices: usize,
    pub sites: usize,
}

/// Products on all sites, in registers; false where matrices of this kind do not fit there.
///
/// # Safety
/// As for [`multiply`], for each matrix on each site.
#[inline(always)]
pub unsafe fn multiply_fields<L: Lanes, const A: bool, const B: bool>(square: Square, fields: Fields<L>) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match square {
            Square { n: 1, parts: 2 } => L::isolate(InRegisters::<L, 1, A, B>(fields)),
            Square { n: 2, parts: 2 } => L::isolate(InRegisters::<L, 2, A, B>(fields)),
            Square { n: 3, parts: 2 } => L::isolate(InRegisters::<L, 3, A, B>(fields)),
            _ => return false,
        }
    }
    true
}

/// Complex N x N matrices on all sites.
struct InRegisters<L, const N: usize, const A: bool, const B: bool>(Fields<L>);

impl<L: Lanes, const N: usize, const A: bool, const B: bool> Work for InRegisters<L, N, A, B> {
    #[inline(always)]
    unsafe fn run(self) {
        let Fields { factors, matrices, sites } = self.0;
        // Registers of a vector: each of them is multiplied for itself.
        let count = L::WIDTH / L::Register::WIDTH;
        let Factors { a, b, c, stride, adds } = factors;
        let (a, b, c) = (a.cast::<L::Register>(), b.cast::<L::Register>(), c.cast::<L::Register>());
        for m in 0..matrices {
            for place in 0..sites * count {
                let first = m * 2 * N * N * sites * count + place;
                let (a, b, c) = (a.wrapping_add(first), b.wrapping_add(first), c.wrapping_add(first));
                let one = Factors { a, b, c, stride: stride * count, adds };
                // SAFETY: the caller's promise.
                unsafe { one_matrix::<L::Register, N, A, B>(&one) };
            }
        }
    }
}

/// One product in registers.
///
/// # Safety
/// As for [`multiply`].
#[inline(always)]
unsafe fn one_matrix<L: Lanes, const N: usize, const A: bool, const B: bool>(at: &Factors<L>) {
    // SAFETY: the caller's promise.
    unsafe {
        if L::REGISTERS >= 2 * N * N + 2 * N + 2 {
            rows::<L, N, N, A, B>(at, 0);
            return;
        }
        for pair in 0..N / 2 {
            rows::<L, N, 2, A, B>(at, 2 * pair);
        }
        if N % 2 == 1 {
            rows::<L, N, 1, A, B>(at, N - 1);
        }
    }
}

/// The entry (i, j) of a matrix, or that of the matrix whose adjoint is asked for.
///
/// # Safety
/// The entry is there.
#[inline(always)]
unsafe fn entry<L: Lanes, const N: usize>(
    at: *const L,
    stride: usize,
    adjoint: bool,
    (i, j): (usize, usize),
) -> [L; 2] {
    let entry = 2 * if adjoint { j * N + i } else { i * N + j };
    // SAFETY: the caller's promise.
    unsafe { [*at.add(entry * stride), *at.add((entry + 1) * stride)] }
}

/// Real or imaginary parts of a column's entries in R rows from `first` on.
///
/// # Safety
/// The entries are there.
#[inline(always)]
unsafe fn column<L: Lanes, const N: usize, const R: usize>(
    at: *const L,
    stride: usize,
    adjoint: bool,
    (first, k, part): (usize, usize, usize),
) -> [L; R] {
    let mut numbers = [L::constant(0.0); R];
    for i in 0..R {
        // SAFETY: the caller's promise.
        numbers[i] = unsafe { entry::<L, N>(at, stride, adjoint, (first + i, k)) }[part];
    }
    numbers
}

/// ± x y + z.
#[inline(always)]
fn signed<L: Lanes>(is_negative: bool, x: L, y: L, z: L) -> L {
    if is_negative { x.negative_mul_add(y, z) } else { x.mul_add(y, z) }
}

/// R rows of the product from `first` on.
///
/// # Safety
/// As for [`multiply`].
#[inline(always)]
unsafe fn rows<L: Lanes, const N: usize, const R: usize, const A: bool, const B: bool>(at: &Factors<L>, first: usize) {
    let Factors { a, b, c, stride, adds } = *at;
    let mut z = [[[L::constant(0.0); 2]; N]; R];
    // SAFETY: the caller's promise.
    unsafe {
        if adds {
            for i in 0..R {
                for j in 0..N {
                    z[i][j] = entry::<L, N>(c, stride, false, (first + i, j));
                }
            }
        }
        for k in 0..N {
            // Each entry of b is read once for all rows, the real and imaginary parts of a one after the other: registers
            // hold no more.
            let x: [L; R] = column::<L, N, R>(a, stride, A, (first, k, 0));
            for j in 0..N {
                let y = entry::<L, N>(b, stride, B, (k, j));
                for i in 0..R {
                    z[i][j] = [x[i].mul_add(y[0], z[i][j][0]).in_order(), signed(B, x[i], y[1], z[i][j][1]).in_order()];
                }
            }
            let x: [L; R] = column::<L, N, R>(a, stride, A, (first, k, 1));
            for j in 0..N {
                let y = entry::<L, N>(b, stride, B, (k, j));
                for i in 0..R {
                    let re = signed(A == B, x[i], y[1], z[i][j][0]).in_order();
                    z[i][j] = [re, signed(A, x[i], y[0], z[i][j][1]).in_order()];
                }
            }
        }
        for i in 0..R {
            for j in 0..N {
                let to = c.add(2 * ((first + i) * N + j) * stride);
                *to = z[i][j][0];
                *to.add(stride) = z[i][j][1];
            }
        }
    }
}

/// Matrices of any size, real or complex.
struct AnySize<L, const A: bool, const B: bool> {
    square: Square,
    factors: Factors<L>,
}

impl<L: Lanes, const A: bool, const B: bool> Work for AnySize<L, A, B> {
    #[inline(always)]
    unsafe fn run(self) {
        let Square { n, parts } = self.square;
        let Factors { a, b, c, stride, adds } = self.factors;
        let at = |adjoint: bool, i: usize, j: usize| stride * parts * if adjoint { j * n + i } else { i * n + j };
        let zero = L::constant(0.0);
        for i in 0..n {
            for j in 0..n {
                // SAFETY: the caller's promise; all entries have `parts` numbers.
                unsafe {
                    let to = c.add(at(false, i, j));
                    let mut re = if adds { *to } else { zero };
                    let mut im = if adds && parts == 2 { *to.add(stride) } else { zero };
                    for k in 0..n {
                        let (x, y) = (a.add(at(A, i, k)), b.add(at(B, k, j)));
                        re = (*x).mul_add(*y, re);
                        if parts == 2 {
                            let (x, y) = ([*x, *x.add(stride)], [*y, *y.add(stride)]);
                            re = signed(A == B, x[1], y[1], re);
                            im = signed(A, x[1], y[0], signed(B, x[0], y[1], im));
                        }
                    }
                    *to = re;
                    if parts == 2 {
                        *to.add(stride) = im;
                    }
                }
            }
        }
    }
}
