//! Transcendental functions of lanes, in the precision of the lane.
//!
//! Range reduction and Taylor polynomials only, so that each coefficient is a fraction that can be checked by hand.
//! Worst errors in units in the last place, rounded up, measured over some ten million arguments in all of each range, and for
//! all instruction sets:
//!
//! ```text
//!                      f32    f64    bound that is tested
//! exp                  1.01   0.98   1.05
//! tanh                 2.49   2.50   2.5
//! log                  1.92   1.97   2.0
//! sin_cos_of_turns     1.93   1.79   2.0
//! ```
//!
//! NaN gives NaN. exp of what is too large is infinite, exp of what is too small ends above zero, tanh ends at ±1; none keeps
//! the sign of a zero. Programs have further functions of angles, and those made of exp and log.

use super::lanes::Lanes;

const LN_2: f64 = std::f64::consts::LN_2;

/// ln 2 as the sum of a high part, whose product with an exponent is exact, and a remainder: for f32 and f64.
const LN_2_PARTS: [(f64, f64); 2] =
    [(0.693_359_375, LN_2 - 0.693_359_375), (f64::from_bits(0x3fe6_2e42_fee0_0000), 1.908_214_929_270_587_7e-10)];

/// c0 + x (c1 + x (c2 + ...)).
#[inline(always)]
pub(crate) fn polynomial<L: Lanes>(x: L, coefficients: &[f64]) -> L {
    let mut sum = L::constant(coefficients[coefficients.len() - 1]);
    let mut k = coefficients.len() - 1;
    while k > 0 {
        k -= 1;
        sum = sum.mul_add(x, L::constant(coefficients[k]));
    }
    sum
}

/// 1/k! for k = 2, 3, ...
const INVERSE_FACTORIALS: [f64; 15] = {
    let mut table = [0.0; 15];
    let (mut k, mut factorial) = (0, 1.0);
    while k < 15 {
        factorial *= (k + 2) as f64;
        table[k] = 1.0 / factorial;
        k += 1;
    }
    table
};

/// x between two bounds. The bounds are the first operands: where x is NaN, min and max give the second.
#[inline(always)]
fn clamped<L: Lanes>(x: L, low: f64, high: f64) -> L {
    L::constant(low).max(L::constant(high).min(x))
}

#[inline(always)]
pub(crate) fn is_single<L: Lanes>() -> bool {
    size_of::<L::Scalar>() == 4
}

/// (exp(r) - 1, n) with x = n ln 2 + r, |r| <= ln 2 / 2; x is clamped to where 2^n is a normal number, or the first power
/// that is infinite.
#[inline(always)]
fn reduced_exponential<L: Lanes>(x: L) -> (L, L) {
    let (low, high) = if is_single::<L>() { (-87.0, 89.0) } else { (-708.0, 710.0) };
    let x = clamped(x, low, high);
    let n = (x * L::constant(std::f64::consts::LOG2_E)).round();
    let (high, low) = LN_2_PARTS[usize::from(!is_single::<L>())];
    let r = n.mul_add(L::constant(-high), x);
    let r = n.mul_add(L::constant(-low), r);
    let tail = if is_single::<L>() {
        polynomial(r, &INVERSE_FACTORIALS[..6])
    } else {
        polynomial(r, &INVERSE_FACTORIALS[..12])
    };
    ((r * r).mul_add(tail, r), n)
}

/// exp(x); infinite for x above 88.37 in f32 and 709.43 in f64, and never below exp(-87) and exp(-708).
#[inline(always)]
pub(crate) fn exp<L: Lanes>(x: L) -> L {
    let (p, n) = reduced_exponential(x);
    // The power is made alone, so that it is infinite for the same x whatever the instruction set.
    (p + L::constant(1.0)) * L::constant(1.0).times_power_of_two(n)
}

/// tanh(x) = e / (e + 2), e = exp(2x) - 1, with no cancellation near zero.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    let limit = if is_single::<L>() { 10.0 } else { 20.0 };
    let x = clamped(x, -limit, limit);
    let (p, n) = reduced_exponential(x + x);
    let power = L::constant(1.0).times_power_of_two(n);
    let e = power.mul_add(p, power - L::constant(1.0));
    e / (e + L::constant(2.0))
}

/// log(x): -inf at zero, NaN below it, inf at inf; subnormal numbers count as such.
#[inline(always)]
pub(crate) fn log<L: Lanes>(x: L) -> L {
    let (bits, least, most) = if is_single::<L>() {
        (24, f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX))
    } else {
        (53, f64::MIN_POSITIVE, f64::MAX)
    };
    let subnormal = L::constant(least) - x;
    let raised = x * L::constant((1u64 << bits) as f64);
    let normal = log_of_normal(subnormal.where_positive(raised, x));
    let finite = subnormal.where_positive(normal - L::constant(f64::from(bits) * LN_2), normal);
    let positive = (x - L::constant(most)).where_positive(x, finite);
    let zero = L::constant(0.0);
    // Not positive: -inf at zero and NaN below; NaN - inf is NaN.
    let others = (zero - x).where_positive(L::constant(f64::NAN), x - L::constant(f64::INFINITY));
    x.where_positive(positive, others)
}

/// log(x) of normal positive numbers: x = 2^e m, log m = 2 artanh((m - 1) / (m + 1)).
#[inline(always)]
pub(crate) fn log_of_normal<L: Lanes>(x: L) -> L {
    let (e, m) = x.exponent_and_mantissa();
    let large = m - L::constant(std::f64::consts::SQRT_2);
    let m = large.where_positive(m * L::constant(0.5), m);
    let e = large.where_positive(e + L::constant(1.0), e);
    let s = (m - L::constant(1.0)) / (m + L::constant(1.0));
    let terms: &[f64] = &ODD_RECIPROCALS[..if is_single::<L>() { 4 } else { 10 }];
    let square = s * s;
    let tail = polynomial(square, terms) * square;
    let twice = s + s;
    let log_m = twice.mul_add(tail, twice);
    let (high, low) = LN_2_PARTS[1];
    if is_single::<L>() {
        e.mul_add(L::constant(LN_2), log_m)
    } else {
        e.mul_add(L::constant(high), e.mul_add(L::constant(low), log_m))
    }
}

/// 1/3, 1/5, 1/7, ...
pub(crate) const ODD_RECIPROCALS: [f64; 12] = {
    let mut table = [0.0; 12];
    let mut k = 0;
    while k < 12 {
        table[k] = 1.0 / (2 * k + 3) as f64;
        k += 1;
    }
    table
};

/// (sin 2 pi u, cos 2 pi u) for |u| < 2^20.
#[inline(always)]
pub(crate) fn sin_cos_of_turns<L: Lanes>(u: L) -> (L, L) {
    let quarter = (u * L::constant(4.0)).round();
    let r = quarter.mul_add(L::constant(-0.25), u) * L::constant(2.0 * std::f64::consts::PI);
    sin_cos_of_reduced(quarter, r)
}

/// (sin, cos) of `quarter` quarter turns and the angle r, |r| <= pi / 4.
#[inline(always)]
pub(crate) fn sin_cos_of_reduced<L: Lanes>(quarter: L, r: L) -> (L, L) {
    let square = r * r;
    let terms = if is_single::<L>() { 5 } else { 8 };
    let sine = (r * square).mul_add(polynomial(square, &SINE[1..terms]), r);
    let cosine = square.mul_add(polynomial(square, &COSINE[1..terms + 1]), L::constant(1.0));
    // quarter mod 4 as -1 .. 2: the quadrant.
    let quadrant = (quarter * L::constant(0.25)).round().mul_add(L::constant(-4.0), quarter);
    let odd = (quadrant * quadrant - L::constant(0.5)) * (L::constant(3.0) - quadrant * quadrant);
    let (s, c) = (odd.where_positive(cosine, sine), odd.where_positive(sine, cosine));
    let zero = L::constant(0.0);
    // Quadrants -1, 0, 1, 2: the sine is negative in -1 and +-2, the cosine in 1 and +-2.
    let half_turn = quadrant * quadrant - L::constant(3.0);
    let s = half_turn.where_positive(zero - s, (zero - quadrant).where_positive(zero - s, s));
    let c = half_turn.where_positive(zero - c, quadrant.where_positive(zero - c, c));
    (s, c)
}

/// (-1)^k / (2k + 1)!
const SINE: [f64; 10] = alternating(1);
/// (-1)^k / (2k)!
const COSINE: [f64; 10] = alternating(0);

const fn alternating(offset: usize) -> [f64; 10] {
    let mut table = [0.0; 10];
    let mut term = 1.0;
    let mut k = 0;
    while k < 10 {
        table[k] = term;
        let n = (2 * k + offset) as f64;
        term = -term / ((n + 1.0) * (n + 2.0));
        k += 1;
    }
    table
}
