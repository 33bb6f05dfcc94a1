//! The first ⌈N/2⌉ rows of matrices of the group in SIMD lanes: the others follow from them, so that a product takes two thirds
//! of the work for N = 3, and half for N = 2.

#![allow(clippy::needless_range_loop)]

use super::wide::{Number, Wide, add_product};
use crate::simd::Lanes;

/// Most rows.
const MOST: usize = 2;

/// Rows of a matrix of the group in each lane, or of one of zeros.
#[derive(Clone, Copy)]
pub(crate) struct Rows<L, const N: usize>([[Number<L>; N]; MOST]);

/// Rows that the others follow from.
const fn count(colours: usize) -> usize {
    colours.div_ceil(2)
}

impl<L: Lanes<Scalar = f64>, const N: usize> Rows<L, N> {
    /// All numbers zero.
    #[inline(always)]
    pub fn zero() -> Self {
        Self([[[L::constant(0.0); 2]; N]; MOST])
    }

    /// Those of a.
    #[inline(always)]
    pub fn of(a: &Wide<L, N>) -> Self {
        let mut result = Self::zero();
        for i in 0..count(N) {
            result.0[i] = a.0[i];
        }
        result
    }

    /// Those of a†.
    #[inline(always)]
    pub fn of_adjoint(a: &Wide<L, N>) -> Self {
        let mut result = Self::zero();
        for i in 0..count(N) {
            for j in 0..N {
                result.0[i][j] = [a.0[j][i][0], L::constant(0.0) - a.0[j][i][1]];
            }
        }
        result
    }

    /// Those of a b. Products of the real parts of numbers of a come first, so that no step waits for the one before it.
    #[inline(always)]
    pub fn times(&self, b: &Wide<L, N>) -> Self {
        let mut result = Self::zero();
        for k in 0..N {
            for j in 0..N {
                let y = b.0[k][j];
                for i in 0..count(N) {
                    let (x, z) = (self.0[i][k][0], result.0[i][j]);
                    result.0[i][j] = if k == 0 {
                        [(x * y[0]).in_order(), (x * y[1]).in_order()]
                    } else {
                        [x.mul_add(y[0], z[0]).in_order(), x.mul_add(y[1], z[1]).in_order()]
                    };
                }
            }
            for j in 0..N {
                let y = b.0[k][j];
                for i in 0..count(N) {
                    let (x, z) = (self.0[i][k][1], result.0[i][j]);
                    result.0[i][j] = [x.negative_mul_add(y[1], z[0]).in_order(), x.mul_add(y[0], z[1]).in_order()];
                }
            }
        }
        result
    }

    /// Those of a b†. Products with the real parts of numbers of b come first.
    #[inline(always)]
    pub fn times_adjoint(&self, b: &Wide<L, N>) -> Self {
        let mut result = Self::zero();
        for k in 0..N {
            for j in 0..N {
                let y = b.0[j][k][0];
                for i in 0..count(N) {
                    let (x, z) = (self.0[i][k], result.0[i][j]);
                    result.0[i][j] = if k == 0 {
                        [(x[0] * y).in_order(), (x[1] * y).in_order()]
                    } else {
                        [x[0].mul_add(y, z[0]).in_order(), x[1].mul_add(y, z[1]).in_order()]
                    };
                }
            }
            for j in 0..N {
                let y = b.0[j][k][1];
                for i in 0..count(N) {
                    let (x, z) = (self.0[i][k], result.0[i][j]);
                    result.0[i][j] = [x[1].mul_add(y, z[0]).in_order(), x[0].negative_mul_add(y, z[1]).in_order()];
                }
            }
        }
        result
    }

    /// sum + factor a, a the whole matrix.
    #[inline(always)]
    pub fn add_to(&self, factor: L, sum: &mut Wide<L, N>) {
        let rows = &self.0;
        for i in 0..count(N) {
            for j in 0..N {
                for part in 0..2 {
                    sum.0[i][j][part] = factor.mul_add(rows[i][j][part], sum.0[i][j][part]);
                }
            }
        }
        // Indices stay in bounds for all N.
        let (one, two) = (1 % N, 2 % N);
        if N == 2 {
            let [a, b] = [rows[0][0], rows[0][one]];
            sum.0[one][0] = [factor.negative_mul_add(b[0], sum.0[one][0][0]), factor.mul_add(b[1], sum.0[one][0][1])];
            sum.0[one][one] =
                [factor.mul_add(a[0], sum.0[one][one][0]), factor.negative_mul_add(a[1], sum.0[one][one][1])];
        }
        if N == 3 {
            // The conjugate of the cross product of the first two rows.
            for i in 0..N {
                let (j, k) = ((i + 1) % N, (i + 2) % N);
                let [a, b, c, d] = [rows[0][j], rows[1][k], rows[0][k], rows[1][j]];
                let cross = add_product([L::constant(0.0); 2], a, b);
                let cross = [
                    c[1].mul_add(d[1], c[0].negative_mul_add(d[0], cross[0])),
                    c[1].negative_mul_add(d[0], c[0].negative_mul_add(d[1], cross[1])),
                ];
                let z = &mut sum.0[two][i];
                *z = [factor.mul_add(cross[0], z[0]), factor.negative_mul_add(cross[1], z[1])];
            }
        }
    }
}
