//! Response of a link to its own change, where it moves by staples that do not: U' = exp(−Q) U, Q = TA(M), M = U A.
//!
//! For dU = X U with X = Σ x_a i T_a, and A held fixed,
//!
//! ```text
//! dU' U'⁻¹ = e^{−ad Q} (1 − K) X,    K = ψ(ad Q) T,   ψ(z) = (e^z − 1) / z,   T X = TA(X M)
//! (ad Q)_ab = f_abc q_c,    T_ab = δ_ab h + d_abc r_c − (ad Q)_ab / 2
//! h = Re tr M / N,    r_c = Re tr T_c M,    q_c = Im tr T_c M / T_F
//! ```
//!
//! so that the Jacobian is det(1 − K) (`wide_jacobian.rs`). The norm of A bounds that of K: below 1 the symmetric part of 1 − K is
//! positive, and elimination needs no pivots. One link in each SIMD lane.

#![allow(clippy::needless_range_loop)]

use super::structure::{MOST, Structure, count};
use super::wide::Wide;
use super::wide_exponential::WIDTH;
use crate::simd::Lanes;

/// A vector of the algebra in each lane.
pub(crate) type Vector<L> = [L; MOST];
/// A matrix on the algebra in each lane.
pub(crate) type Square<L> = [[L; MOST]; MOST];

/// Most terms of ψ, for ad Q of norm 2.
pub(crate) const MOST_TERMS: usize = 24;

/// What the response depends on.
#[derive(Clone, Copy)]
pub(crate) struct Parts<L> {
    /// h.
    pub whole: L,
    /// r_c.
    pub even: Vector<L>,
    /// q_c.
    pub odd: Vector<L>,
}

/// Number of terms of ψ that is exact to rounding for Q of at most this norm.
pub(crate) fn terms_for(norm: f64) -> usize {
    let (argument, mut term) = (2.0 * norm, 1.0);
    for k in 1..MOST_TERMS {
        term *= argument / (k + 1) as f64;
        if term < 1e-18 {
            return k;
        }
    }
    MOST_TERMS
}

/// The coefficient of z^k in ψ.
fn coefficient(k: usize) -> f64 {
    (1..=k + 1).fold(1.0, |product, n| product / n as f64)
}

/// Re tr T_c Z and Im tr T_c Z.
#[inline(always)]
pub(crate) fn traces<L: Lanes<Scalar = f64>, const N: usize>(z: &Wide<L, N>) -> [Vector<L>; 2] {
    let mut result = [[L::constant(0.0); MOST]; 2];
    for &([c, i, j], [re, im]) in &Structure::of::<N>().generators {
        let ([x, y], re, im) = (z.0[j % N][i % N], L::constant(re), L::constant(im));
        result[0][c] = im.negative_mul_add(y, re.mul_add(x, result[0][c]));
        result[1][c] = im.mul_add(x, re.mul_add(y, result[1][c]));
    }
    result
}

/// Σ_c (a_c + i b_c) T_c.
#[inline(always)]
pub(crate) fn combined<L: Lanes<Scalar = f64>, const N: usize>(a: &Vector<L>, b: &Vector<L>) -> Wide<L, N> {
    let mut result = Wide::zero();
    for &([c, i, j], [re, im]) in &Structure::of::<N>().generators {
        let (z, re, im) = (&mut result.0[i % N][j % N], L::constant(re), L::constant(im));
        z[0] = im.negative_mul_add(b[c], re.mul_add(a[c], z[0]));
        z[1] = im.mul_add(a[c], re.mul_add(b[c], z[1]));
    }
    result
}

impl<L: Lanes<Scalar = f64>> Parts<L> {
    /// Those of M.
    #[inline(always)]
    pub fn of<const N: usize>(m: &Wide<L, N>) -> Self {
        let [even, mut odd] = traces(m);
        let norm = L::constant(Structure::of::<N>().norm);
        for c in 0..count(N) {
            odd[c] = odd[c] * norm;
        }
        Self { whole: m.real_trace() * L::constant(1.0 / N as f64), even, odd }
    }

    /// ad Q.
    #[inline(always)]
    pub fn adjoint<const N: usize>(&self) -> Square<L> {
        let mut result = [[L::constant(0.0); MOST]; MOST];
        for &([a, b, c], f) in &Structure::of::<N>().odd {
            result[a][b] = L::constant(f).mul_add(self.odd[c], result[a][b]);
        }
        result
    }

    /// T, with ad Q given.
    #[inline(always)]
    fn turned<const N: usize>(&self, adjoint: &Square<L>) -> Square<L> {
        let (mut result, half) = ([[L::constant(0.0); MOST]; MOST], L::constant(0.5));
        for a in 0..count(N) {
            for b in 0..count(N) {
                result[a][b] = half.negative_mul_add(adjoint[a][b], result[a][b]);
            }
            result[a][a] = result[a][a] + self.whole;
        }
        for &([a, b, c], d) in &Structure::of::<N>().even {
            result[a][b] = L::constant(d).mul_add(self.even[c], result[a][b]);
        }
        result
    }
}

/// result + x y.
#[inline(always)]
fn add_product<L: Lanes<Scalar = f64>, const N: usize>(result: &mut Square<L>, x: &Square<L>, y: &Square<L>) {
    for a in 0..count(N) {
        for c in 0..count(N) {
            for b in 0..count(N) {
                result[a][b] = x[a][c].mul_add(y[c][b], result[a][b]);
            }
        }
    }
}

/// factor x.
#[inline(always)]
fn scaled<L: Lanes<Scalar = f64>, const N: usize>(factor: f64, x: &Square<L>) -> Square<L> {
    let mut result = [[L::constant(0.0); MOST]; MOST];
    for a in 0..count(N) {
        for b in 0..count(N) {
            result[a][b] = L::constant(factor) * x[a][b];
        }
    }
    result
}

/// 1 − K.
#[inline(always)]
fn from_unit<L: Lanes<Scalar = f64>, const N: usize>(k: &Square<L>) -> Square<L> {
    let mut result = scaled::<L, N>(-1.0, k);
    for a in 0..count(N) {
        result[a][a] = result[a][a] + L::constant(1.0);
    }
    result
}

/// The logarithm of the number in each lane.
#[inline(always)]
pub(crate) fn logarithms<L: Lanes<Scalar = f64>>(x: L) -> L {
    let mut lanes = [0.0f64; WIDTH];
    // SAFETY: lanes are eight doubles.
    unsafe { lanes.as_mut_ptr().cast::<L>().write_unaligned(x) };
    for lane in 0..WIDTH {
        lanes[lane] = lanes[lane].ln();
    }
    // SAFETY: lanes are eight doubles.
    unsafe { lanes.as_ptr().cast::<L>().read_unaligned() }
}

/// ψ(ad Q) x, and e^{ad Q} x.
#[inline(always)]
pub(crate) fn turned_back<L: Lanes<Scalar = f64>, const N: usize>(
    parts: &Parts<L>,
    x: &Vector<L>,
    terms: usize,
) -> [Vector<L>; 2] {
    let adjoint = parts.adjoint::<N>();
    let mut sum = [L::constant(0.0); MOST];
    for term in (0..terms).rev() {
        sum = plus_turned::<L, N>((coefficient(term), x), &adjoint, &sum);
    }
    [sum, plus_turned::<L, N>((1.0, x), &adjoint, &sum)]
}

/// c x + (ad Q) y.
#[inline(always)]
fn plus_turned<L: Lanes<Scalar = f64>, const N: usize>(
    (factor, x): (f64, &Vector<L>),
    adjoint: &Square<L>,
    y: &Vector<L>,
) -> Vector<L> {
    let mut result = [L::constant(0.0); MOST];
    for a in 0..count(N) {
        result[a] = L::constant(factor) * x[a];
        for b in 0..count(N) {
            result[a] = adjoint[a][b].mul_add(y[b], result[a]);
        }
    }
    result
}

/// The derivative of log det(1 − K) by the parts.
#[inline(always)]
pub(crate) fn slopes<L: Lanes<Scalar = f64>, const N: usize>(parts: &Parts<L>, terms: usize) -> Parts<L> {
    let (zero, n) = (L::constant(0.0), count(N));
    let adjoint = parts.adjoint::<N>();
    let turned = parts.turned::<N>(&adjoint);
    // Horner's sums R_k = c_k T + (ad Q) R_{k+1}; K = R_0.
    let mut sums = [[[zero; MOST]; MOST]; MOST_TERMS];
    sums[terms - 1] = scaled::<L, N>(coefficient(terms - 1), &turned);
    for k in (0..terms - 1).rev() {
        let mut next = scaled::<L, N>(coefficient(k), &turned);
        add_product::<L, N>(&mut next, &adjoint, &sums[k + 1]);
        sums[k] = next;
    }
    let inverse = inverted::<L, N>(from_unit::<L, N>(&sums[0]));
    // d log det = −tr (1 − K)⁻¹ dK: slopes by R_0, then by the next sums.
    let mut by_sum = [[zero; MOST]; MOST];
    for a in 0..n {
        for b in 0..n {
            by_sum[a][b] = zero - inverse[b][a];
        }
    }
    let (mut by_turned, mut by_adjoint) = ([[zero; MOST]; MOST], [[zero; MOST]; MOST]);
    let minus = scaled::<L, N>(-1.0, &adjoint);
    for k in 0..terms {
        let factor = L::constant(coefficient(k));
        for a in 0..n {
            for b in 0..n {
                by_turned[a][b] = factor.mul_add(by_sum[a][b], by_turned[a][b]);
            }
        }
        if k + 1 < terms {
            add_product_transposed::<L, N>(&mut by_adjoint, &by_sum, &sums[k + 1]);
            let mut next = [[zero; MOST]; MOST];
            add_product::<L, N>(&mut next, &minus, &by_sum);
            by_sum = next;
        }
    }
    gathered::<L, N>(&by_turned, &by_adjoint)
}

/// Slopes by the parts from those by T and by ad Q.
#[inline(always)]
fn gathered<L: Lanes<Scalar = f64>, const N: usize>(by_turned: &Square<L>, by_adjoint: &Square<L>) -> Parts<L> {
    let zero = L::constant(0.0);
    let mut result = Parts { whole: zero, even: [zero; MOST], odd: [zero; MOST] };
    for a in 0..count(N) {
        result.whole = result.whole + by_turned[a][a];
    }
    for &([a, b, c], f) in &Structure::of::<N>().odd {
        // T holds −(ad Q) / 2.
        let slope = L::constant(0.5).negative_mul_add(by_turned[a][b], by_adjoint[a][b]);
        result.odd[c] = L::constant(f).mul_add(slope, result.odd[c]);
    }
    for &([a, b, c], d) in &Structure::of::<N>().even {
        result.even[c] = L::constant(d).mul_add(by_turned[a][b], result.even[c]);
    }
    result
}

/// result + x yᵀ.
#[inline(always)]
fn add_product_transposed<L: Lanes<Scalar = f64>, const N: usize>(
    result: &mut Square<L>,
    x: &Square<L>,
    y: &Square<L>,
) {
    for a in 0..count(N) {
        for b in 0..count(N) {
            for c in 0..count(N) {
                result[a][b] = x[a][c].mul_add(y[b][c], result[a][b]);
            }
        }
    }
}

/// The inverse of a matrix with a positive symmetric part.
#[inline(always)]
fn inverted<L: Lanes<Scalar = f64>, const N: usize>(mut matrix: Square<L>) -> Square<L> {
    let (zero, one) = (L::constant(0.0), L::constant(1.0));
    for i in 0..count(N) {
        // Gauss and Jordan in place: column i becomes that of the inverse.
        let inverse = one / matrix[i][i];
        matrix[i][i] = one;
        for b in 0..count(N) {
            matrix[i][b] = matrix[i][b] * inverse;
        }
        for j in 0..count(N) {
            if j != i {
                let factor = matrix[j][i];
                matrix[j][i] = zero;
                for b in 0..count(N) {
                    matrix[j][b] = factor.negative_mul_add(matrix[i][b], matrix[j][b]);
                }
            }
        }
    }
    matrix
}
