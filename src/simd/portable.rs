//! Lanes without SIMD instructions: arrays, which the compiler vectorises as far as the target allows.

use super::lanes::{Lanes, Work};
use std::ops::{Add, Div, Mul, Sub};

/// N numbers in an array.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Array<T, const N: usize>([T; N]);

macro_rules! array_operator {
    ($scalar:ty, $($trait:ident $method:ident),*) => {$(
        impl<const N: usize> $trait for Array<$scalar, N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Array(std::array::from_fn(|i| self.0[i].$method(other.0[i])))
            }
        }
    )*};
}

macro_rules! array_lanes {
    ($scalar:ty, $bits:ty, $mantissa:expr, $bias:expr) => {
        array_operator!($scalar, Add add, Sub sub, Mul mul, Div div);
        impl<const N: usize> Lanes for Array<$scalar, N> {
            type Scalar = $scalar;
            type Wide = Array<f64, N>;
            type Register = Self;
            const WIDTH: usize = N;
            const REGISTERS: usize = 8;
            #[inline(always)]
            fn splat(x: $scalar) -> Self {
                Array([x; N])
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                Array(std::array::from_fn(|i| self.0[i] * a.0[i] + b.0[i]))
            }
            #[inline(always)]
            fn negative_mul_add(self, a: Self, b: Self) -> Self {
                Array(std::array::from_fn(|i| b.0[i] - self.0[i] * a.0[i]))
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Array(std::array::from_fn(|i| if self.0[i] < other.0[i] { self.0[i] } else { other.0[i] }))
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Array(std::array::from_fn(|i| if self.0[i] > other.0[i] { self.0[i] } else { other.0[i] }))
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Array(self.0.map(<$scalar>::sqrt))
            }
            #[inline(always)]
            fn round(self) -> Self {
                Array(self.0.map(<$scalar>::round_ties_even))
            }
            #[inline(always)]
            fn times_power_of_two(self, n: Self) -> Self {
                let power = |n: $scalar| <$scalar>::from_bits((((n as i32) + $bias) as $bits) << $mantissa);
                Array(std::array::from_fn(|i| self.0[i] * power(n.0[i])))
            }
            #[inline(always)]
            fn exponent_and_mantissa(self) -> (Self, Self) {
                let one = (1.0 as $scalar).to_bits();
                let fraction: $bits = (1 << $mantissa) - 1;
                let exponent = |x: $scalar| ((x.to_bits() >> $mantissa) as i32 - $bias) as $scalar;
                let mantissa = |x: $scalar| <$scalar>::from_bits((x.to_bits() & fraction) | one);
                (Array(self.0.map(exponent)), Array(self.0.map(mantissa)))
            }
            #[inline(always)]
            fn where_positive(self, yes: Self, no: Self) -> Self {
                Array(std::array::from_fn(|i| if self.0[i] > 0.0 { yes.0[i] } else { no.0[i] }))
            }
            #[inline(always)]
            fn widen(self) -> Self::Wide {
                Array(self.0.map(|x| x as f64))
            }
            #[inline(always)]
            fn narrow(wide: Self::Wide) -> Self {
                Array(wide.0.map(|x| x as $scalar))
            }
            #[inline(always)]
            fn sum(self) -> $scalar {
                let mut rest = self.0;
                let mut half = N / 2;
                while half > 0 {
                    for i in 0..half {
                        rest[i] += rest[i + half];
                    }
                    half /= 2;
                }
                rest[0]
            }
            #[inline(never)]
            unsafe fn isolate<W: Work>(work: W) {
                // SAFETY: the caller's promise.
                unsafe { work.run() }
            }
        }
    };
}

array_lanes!(f32, u32, 23, 127);
array_lanes!(f64, u64, 52, 1023);
