//! Functions in lanes that are made of exp and log: log(1 + x), the logistic function, and what networks make of it.
//!
//! Worst errors in units in the last place, measured as in `simd/functions.rs`:
//!
//! ```text
//!            f32    f64    bound that is tested
//! log1p      2.38   2.43   3.0
//! sigmoid    2.31   2.21   3.0
//! softplus   2.87   2.85   3.5
//! silu       2.38   2.01   3.0
//! ```
//!
//! NaN gives NaN; none keeps the sign of a zero.

use super::angles::magnitude;
use crate::simd::Lanes;
use crate::simd::functions::{exp, is_single, log};

/// log(1 + x) without cancellation near zero: -inf at -1, NaN below it, inf at inf.
#[inline(always)]
pub(crate) fn log1p<L: Lanes>(x: L) -> L {
    let one = L::constant(1.0);
    // 1 + x = u + lost without error (Knuth's sum of two), and log(u + lost) = log u + lost / u.
    let u = one + x;
    let back = u - one;
    let lost = (one - (u - back)) + (x - back);
    let zero = L::constant(0.0);
    let most = L::constant(if is_single::<L>() { f64::from(f32::MAX) } else { f64::MAX });
    let correction = (most - u).where_positive(lost / u, zero);
    log(u) + u.where_positive(correction, zero)
}

/// 1 / (1 + exp(-x)).
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(x: L) -> L {
    let one = L::constant(1.0);
    one / (one + exp(L::constant(0.0) - x))
}

/// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)).
#[inline(always)]
pub(crate) fn softplus<L: Lanes>(x: L) -> L {
    let zero = L::constant(0.0);
    zero.max(x) + log1p(exp(zero - magnitude(x)))
}

/// x / (1 + exp(-x)); NaN at -inf.
#[inline(always)]
pub(crate) fn silu<L: Lanes>(x: L) -> L {
    x / (L::constant(1.0) + exp(L::constant(0.0) - x))
}
