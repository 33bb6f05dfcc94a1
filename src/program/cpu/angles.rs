//! Functions of angles in lanes: sin and cos of an angle in radians, and the angle of a point in the plane.
//!
//! Angles are reduced in f64 to a quarter turn, pi / 2 being a sum of three numbers: in f64 to relative accuracy wherever the
//! number of quarter turns has at most 20 bits. Worst errors in units in the last place, measured as in `simd/functions.rs`:
//!
//! ```text
//!           f32    f64    bound that is tested
//! sin       1.49   2.37   2.5
//! cos       1.48   2.22   2.5
//! atan2     1.96   2.08   2.5
//! ```
//!
//! NaN gives NaN; none keeps the sign of a zero.

use crate::simd::Lanes;
use crate::simd::functions::{is_single, polynomial, sin_cos_of_reduced};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI};

/// pi / 2 as a sum: the first two have 33 bits, so that products with 20 bits are exact.
const QUARTER: [f64; 3] = [
    f64::from_bits(0x3ff9_21fb_5440_0000),
    f64::from_bits(0x3dd0_b461_1a60_0000),
    f64::from_bits(0x3ba3_198a_2e03_7073),
];

/// The largest magnitude of an angle: 2^20 quarter turns.
const LARGEST: f64 = 1_048_576.0 * FRAC_PI_2;

/// (sin x, cos x) for |x| below 2^19 pi, NaN beyond: there the numbers of f32 are a large part of a turn apart.
#[inline(always)]
fn sin_cos<L: Lanes>(x: L) -> (L, L) {
    let wide = x.widen();
    let quarter = (wide * L::Wide::constant(FRAC_2_PI)).round();
    let mut r = wide;
    for part in QUARTER {
        r = quarter.mul_add(L::Wide::constant(-part), r);
    }
    let (sine, cosine) = sin_cos_of_reduced(L::narrow(quarter), L::narrow(r));
    let inside = L::constant(LARGEST) - magnitude(x);
    let outside = L::constant(f64::NAN);
    (inside.where_positive(sine, outside), inside.where_positive(cosine, outside))
}

/// sin x for |x| below 2^19 pi, NaN beyond.
#[inline(always)]
pub(crate) fn sin<L: Lanes>(x: L) -> L {
    sin_cos(x).0
}

/// cos x for |x| below 2^19 pi, NaN beyond.
#[inline(always)]
pub(crate) fn cos<L: Lanes>(x: L) -> L {
    sin_cos(x).1
}

/// |x|; NaN where x is NaN, since max gives its second operand then.
#[inline(always)]
pub(crate) fn magnitude<L: Lanes>(x: L) -> L {
    x.max(L::constant(0.0) - x)
}

/// The angle of the point (x, y) in (-pi, pi]; 0 at the origin, and the diagonals where both are infinite.
#[inline(always)]
pub(crate) fn atan2<L: Lanes>(y: L, x: L) -> L {
    let zero = L::constant(0.0);
    let (a, b) = (magnitude(x), magnitude(y));
    let steep = b - a;
    let (small, large) = (steep.where_positive(a, b), steep.where_positive(b, a));
    let quotient = small / large;
    // Where both are infinite or both are zero: 1 or 0 instead of a quotient that is NaN.
    let most = L::constant(if is_single::<L>() { f64::from(f32::MAX) } else { f64::MAX });
    let quotient = (small - most).where_positive(L::constant(1.0), quotient);
    let quotient = (small + large).where_positive(quotient, small + large);
    let angle = atan_of_unit(quotient);
    let angle = steep.where_positive(L::constant(FRAC_PI_2) - angle, angle);
    let angle = (zero - x).where_positive(L::constant(PI) - angle, angle);
    (zero - y).where_positive(zero - angle, angle)
}

/// atan t for 0 <= t <= 1: atan t = atan c + atan((t - c) / (1 + t c)) with c = 0, 1/2 or 1, the nearest.
#[inline(always)]
fn atan_of_unit<L: Lanes>(t: L) -> L {
    // The sum below is in the binade of atan c or above, so that the latter's rounding counts once.
    const BOUNDARIES: [f64; 2] = [0.256, 0.77];
    const ATAN_OF_HALF: f64 = 0.463_647_609_000_806_1;
    let [first, second] = BOUNDARIES.map(|boundary| t - L::constant(boundary));
    let pick = |values: [f64; 3]| {
        let [a, b, c] = values.map(L::constant);
        second.where_positive(c, first.where_positive(b, a))
    };
    let c = pick([0.0, 0.5, 1.0]);
    let u = (t - c) / t.mul_add(c, L::constant(1.0));
    let square = u * u;
    let terms: &[f64] = &ATAN[..if is_single::<L>() { 5 } else { 12 }];
    let rest = (u * square).mul_add(polynomial(square, terms), u);
    pick([0.0, ATAN_OF_HALF, std::f64::consts::FRAC_PI_4]) + rest
}

/// -1/3, 1/5, -1/7, ...
const ATAN: [f64; 12] = {
    let mut table = crate::simd::functions::ODD_RECIPROCALS;
    let mut k = 0;
    while k < 12 {
        table[k] = -table[k];
        k += 2;
    }
    table
};
