//! Numbers of about 104 bits, as sums of two f64: the reference for functions in f64.
//!
//! Dekker, Numer. Math. 18, 224 (1971); elementary functions by Taylor series after reduction to small arguments.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// high + low, with |low| at most half a unit in the last place of high.
#[derive(Clone, Copy, Debug)]
pub struct DoubleDouble {
    pub high: f64,
    pub low: f64,
}

const LN_2: DoubleDouble = DoubleDouble { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };
const TWO_PI: DoubleDouble = DoubleDouble { high: 2.0 * std::f64::consts::PI, low: 2.449_293_598_294_706_4e-16 };
const ONE: DoubleDouble = DoubleDouble { high: 1.0, low: 0.0 };

impl From<f64> for DoubleDouble {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Add for DoubleDouble {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let high = self.high + other.high;
        let back = high - self.high;
        let lost = (self.high - (high - back)) + (other.high - back);
        normalised(high, lost + self.low + other.low)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let high = self.high * other.high;
        let lost = self.high.mul_add(other.high, -high);
        normalised(high, lost + self.high * other.low + self.low * other.high)
    }
}

impl Div for DoubleDouble {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = Self::from(self.high / other.high);
        let rest = self - first * other;
        first + Self::from(rest.high / other.high)
    }
}

fn normalised(high: f64, low: f64) -> DoubleDouble {
    let sum = high + low;
    DoubleDouble { high: sum, low: low - (sum - high) }
}

impl DoubleDouble {
    fn times_power_of_two(self, n: i32) -> Self {
        // Two steps: neither power alone leaves the range of normal numbers.
        let (a, b) = (2f64.powi(n / 2), 2f64.powi(n - n / 2));
        Self { high: self.high * a * b, low: self.low * a * b }
    }

    /// (exp(r) - 1, n) with self = n ln 2 + r.
    fn reduced_exponential(self) -> (Self, i32) {
        let n = (self.high / LN_2.high).round();
        let r = (self - LN_2 * n.into()).times_power_of_two(-10);
        let mut e = r;
        let mut term = r;
        for k in 2..10 {
            term = term * r / f64::from(k).into();
            e = e + term;
        }
        for _ in 0..10 {
            e = e * e + e + e;
        }
        (e, n as i32)
    }

    pub fn exp(self) -> Self {
        let (e, n) = self.reduced_exponential();
        (e + ONE).times_power_of_two(n)
    }

    pub fn tanh(self) -> Self {
        let (e, n) = (self + self).reduced_exponential();
        let e = e.times_power_of_two(n) + (ONE.times_power_of_two(n) - ONE);
        e / (e + 2.0.into())
    }

    /// One Newton step from the logarithm of the standard library, to third order.
    pub fn log(self) -> Self {
        let start = Self::from(self.high.ln());
        let e = self * (-start).exp() - ONE;
        start + e - e * e / 2.0.into()
    }

    /// (sin 2 pi self, cos 2 pi self) for |self| <= 1/8.
    pub fn sin_cos_of_turns(self) -> (Self, Self) {
        (self * TWO_PI).sin_cos_of_small()
    }

    /// (sin self, cos self) for |self| below an eighth of a turn.
    fn sin_cos_of_small(self) -> (Self, Self) {
        let (mut sine, mut cosine) = (Self::from(0.0), Self::from(0.0));
        let mut term = ONE;
        for k in 0..28 {
            let signed = if k % 4 < 2 { term } else { -term };
            if k % 2 == 0 {
                cosine = cosine + signed;
            } else {
                sine = sine + signed;
            }
            term = term * self / f64::from(k + 1).into();
        }
        (sine, cosine)
    }

    /// (sin self, cos self), to relative accuracy for |self| < 2^20.
    pub fn sin_cos(self) -> (Self, Self) {
        let quarter = (self.high / QUARTER[0]).round_ties_even();
        let r = QUARTER.into_iter().fold(self, |r, part| r - Self::from(quarter) * part.into());
        let (sine, cosine) = r.sin_cos_of_small();
        match quarter.rem_euclid(4.0) {
            0.0 => (sine, cosine),
            1.0 => (cosine, -sine),
            2.0 => (-sine, -cosine),
            _ => (-cosine, sine),
        }
    }

    /// The angle of the point (x, self): one Newton step from that of the standard library, to third order.
    pub fn atan2(self, x: Self) -> Self {
        let start = Self::from(self.high.atan2(x.high));
        let (sine, cosine) = start.sin_cos();
        start + (self * cosine - x * sine) / (x * cosine + self * sine)
    }

    /// log(1 + self), by its series where that is small.
    pub fn log1p(self) -> Self {
        if self.high.abs() > 1e-8 {
            return (ONE + self).log();
        }
        let cube = self * self * self / 3.0.into();
        self - self * self / 2.0.into() + cube
    }

    /// 1 / (1 + exp(-self)).
    pub fn sigmoid(self) -> Self {
        ONE / (ONE + (-self).exp())
    }

    /// log(1 + exp(self)).
    pub fn softplus(self) -> Self {
        let (positive, negative) = if self.high > 0.0 { (self, -self) } else { (Self::from(0.0), self) };
        positive + negative.exp().log1p()
    }
}

/// pi / 2 to 160 bits.
const QUARTER: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

#[test]
fn the_reference_is_right_to_a_hundred_bits() {
    // e and log 10 in two doubles: their decimal expansions, rounded twice.
    let near = |x: DoubleDouble, high: f64, low: f64| {
        let difference = (x - DoubleDouble { high, low }).high.abs();
        assert!(difference < 1e-30 * high.abs(), "{x:?} against {high} + {low}: {difference}");
    };
    near(DoubleDouble::from(1.0).exp(), std::f64::consts::E, 1.445_646_891_729_250_2e-16);
    near(DoubleDouble::from(10.0).log(), std::f64::consts::LN_10, -2.170_756_223_382_249_4e-16);
    near(DoubleDouble::from(-3.5).exp() * DoubleDouble::from(3.5).exp(), 1.0, 0.0);
    let (sine, cosine) = DoubleDouble::from(0.11).sin_cos_of_turns();
    near(sine * sine + cosine * cosine, 1.0, 0.0);
    let (sine, cosine) = DoubleDouble::from(0.125).sin_cos_of_turns();
    near(sine, cosine.high, cosine.low);
    let (plus, minus) = (DoubleDouble::from(0.3).exp(), DoubleDouble::from(-0.3).exp());
    let tanh = (plus - minus) / (plus + minus);
    near(DoubleDouble::from(0.3).tanh(), tanh.high, tanh.low);
    // sin 1 and atan 2 in two doubles: their decimal expansions, rounded twice.
    near(DoubleDouble::from(1.0).sin_cos().0, 0.841_470_984_807_896_5, 1.776_845_092_935_536e-18);
    near(DoubleDouble::from(2.0).atan2(1.0.into()), 1.107_148_717_794_090_4, 9.404_471_373_566_38e-17);
    near(DoubleDouble::from(0.3).log1p(), 0.262_364_264_467_491_06, -1.606_725_720_902_845_4e-17);
    let (sine, cosine) = DoubleDouble::from(1e5).sin_cos();
    near(sine * sine + cosine * cosine, 1.0, 0.0);
}
