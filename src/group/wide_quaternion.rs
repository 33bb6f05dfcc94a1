//! SU(2) elements in SIMD lanes, as the quaternions of [`super::quaternion`], and their heat bath.

#![allow(clippy::needless_range_loop)]

use super::quaternion::{CROSSOVER, creutz};
use super::wide::Wide;
use super::wide_exponential::WIDTH;
use crate::random::Streams;
use crate::simd::Lanes;
use crate::simd::functions::{log, sin_cos_of_turns};

/// A quaternion a_0 + i a·σ in each lane.
pub(super) type Quaternions<L> = [L; 4];

/// An element of SU(2) in each of the first `count` lanes, of the density exp(2 k a_0): the numbers of
/// [`Quaternion::draw`](super::quaternion::Quaternion::draw), from the same random numbers.
#[inline(always)]
pub(super) fn drawn<L: Lanes<Scalar = f64>>(k: L, streams: &mut Streams, count: usize) -> Quaternions<L> {
    let (one, zero) = (L::constant(1.0), L::constant(0.0));
    let mut present = [0.0; WIDTH];
    for lane in 0..count.min(WIDTH) {
        present[lane] = 1.0;
    }
    let present = lanes::<L>(&present);
    // Lanes of small α go another way.
    let alpha = k + k;
    let small = (L::constant(CROSSOVER) - alpha).where_positive(present, zero);
    let mut a = kennedy_pendleton(alpha, streams, present - small);
    if small.sum() > 0.0 {
        draw_small(&alpha, streams, &small, &mut a);
    }
    let radius = a.negative_mul_add(a, one).max(zero).sqrt();
    let height = L::uniforms(streams, one);
    let height = one - (height + height);
    let (sine, cosine) = sin_cos_of_turns(L::uniforms(streams, one));
    let width = radius * height.negative_mul_add(height, one).max(zero).sqrt();
    [a, width * cosine, width * sine, radius * height]
}

/// a_0 = 1 − 2 λ² in the lanes where `pending` is 1, drawn until all are accepted; 1 in others.
#[inline(always)]
fn kennedy_pendleton<L: Lanes<Scalar = f64>>(alpha: L, streams: &mut Streams, mut pending: L) -> L {
    let (one, zero) = (L::constant(1.0), L::constant(0.0));
    let (factor, mut a) = (L::constant(-0.5) / alpha, one);
    while pending.sum() > 0.0 {
        let u = one - L::uniforms(streams, pending);
        let v = one - L::uniforms(streams, pending);
        let w = one - L::uniforms(streams, pending);
        let (_, cosine) = sin_cos_of_turns(v);
        let square = (cosine * cosine).mul_add(log(w), log(u)) * factor;
        let r = L::uniforms(streams, pending);
        // Accepted where r² <= 1 − λ².
        let rejected = r.mul_add(r, square - one).where_positive(pending, zero);
        let accepted = pending - rejected;
        a = accepted.where_positive(one - (square + square), a);
        pending = rejected;
    }
    a
}

/// a_0 in the lanes of small α, one by one.
#[inline(never)]
fn draw_small<L: Lanes<Scalar = f64>>(alpha: &L, streams: &mut Streams, small: &L, a: &mut L) {
    let (alpha, small, mut drawn) = (numbers(*alpha), numbers(*small), numbers(*a));
    for lane in 0..WIDTH {
        if small[lane] > 0.0 {
            drawn[lane] = creutz(alpha[lane], || streams.uniform(lane));
        }
    }
    *a = lanes(&drawn);
}

/// The M of rows and columns i, j of W, as [`Quaternion::of_block`](super::quaternion::Quaternion::of_block).
#[inline(always)]
pub(super) fn of_block<L: Lanes<Scalar = f64>, const N: usize>(
    w: &Wide<L, N>,
    (i, j): (usize, usize),
) -> Quaternions<L> {
    let (w, half) = (&w.0, L::constant(0.5));
    [
        half * (w[i][i][0] + w[j][j][0]),
        half * (w[i][j][1] + w[j][i][1]),
        half * (w[i][j][0] - w[j][i][0]),
        half * (w[i][i][1] - w[j][j][1]),
    ]
}

/// Multiplies W from the left by an element of the subgroup of rows i, j.
#[inline(always)]
pub(super) fn turn<L: Lanes<Scalar = f64>, const N: usize>(
    a: &Quaternions<L>,
    w: &mut Wide<L, N>,
    (i, j): (usize, usize),
) {
    let [a, x, y, z] = *a;
    for k in 0..N {
        let ([p, q], [r, s]) = (w.0[i][k], w.0[j][k]);
        // (a + i z)(p + i q) + (y + i x)(r + i s), and (a − i z)(r + i s) − (y − i x)(p + i q).
        w.0[i][k] = [
            x.negative_mul_add(s, y.mul_add(r, z.negative_mul_add(q, a * p))),
            x.mul_add(r, y.mul_add(s, z.mul_add(p, a * q))),
        ];
        w.0[j][k] = [
            x.negative_mul_add(q, y.negative_mul_add(p, z.mul_add(s, a * r))),
            x.mul_add(p, y.negative_mul_add(q, z.negative_mul_add(r, a * s))),
        ];
    }
}

/// a b.
#[inline(always)]
pub(super) fn product<L: Lanes<Scalar = f64>>(a: &Quaternions<L>, b: &Quaternions<L>) -> Quaternions<L> {
    let ([a, x, y, z], [b, u, v, w]) = (*a, *b);
    [
        a * b - x * u - y * v - z * w,
        a * u + x * b - y * w + z * v,
        a * v + y * b - z * u + x * w,
        a * w + z * b - x * v + y * u,
    ]
}

/// The numbers of all lanes.
#[inline(always)]
pub(super) fn numbers<L: Lanes<Scalar = f64>>(lanes: L) -> [f64; WIDTH] {
    let mut numbers = [0.0; WIDTH];
    // SAFETY: lanes are eight doubles.
    unsafe { numbers.as_mut_ptr().cast::<L>().write_unaligned(lanes) };
    numbers
}

/// Lanes of eight numbers.
#[inline(always)]
pub(super) fn lanes<L: Lanes<Scalar = f64>>(numbers: &[f64; WIDTH]) -> L {
    // SAFETY: lanes are eight doubles.
    unsafe { numbers.as_ptr().cast::<L>().read_unaligned() }
}
