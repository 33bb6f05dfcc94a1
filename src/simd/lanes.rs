//! A vector of samples: the one SIMD interface of the kernels, for every instruction set and both precisions.
//!
//! A block of samples sits in one logical vector of 64 bytes of f32 or f64: 16 samples in f32, 8 in f64. With AVX-512
//! it is one register, with AVX2 a [`Pair`] of registers, elsewhere an array. All operations act on each lane alone,
//! and fuse multiply and add wherever the hardware does.

use super::line::Line;
use crate::random::Streams;
use std::ops::{Add, Div, Mul, Sub};

/// f32 or f64, as it lies in memory.
pub(crate) trait Real: Copy + Send + Sync + PartialEq + std::fmt::Debug + 'static {
    /// Rounds a double.
    fn from_f64(x: f64) -> Self;
    /// The number as a double, exactly.
    fn to_f64(self) -> f64;
    /// self * a + b, rounded twice.
    fn mul_add(self, a: Self, b: Self) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn mul_add(self, a: f32, b: f32) -> f32 {
        self * a + b
    }
}

impl Real for f64 {
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn mul_add(self, a: f64, b: f64) -> f64 {
        self * a + b
    }
}

/// Where each 32-bit part of a line comes from: a permutation of lanes, two equal steps for each f64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Order(pub [u32; 16]);

/// Work that is compiled on its own for an instruction set: its loops get the whole register file.
pub(crate) trait Work {
    /// Does it; to be inlined.
    ///
    /// # Safety
    /// As the implementation says.
    unsafe fn run(self);
}

/// A vector of numbers, one for each sample of a block.
pub(crate) trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// The number in one lane.
    type Scalar: Real;
    /// The same samples in f64.
    type Wide: Lanes<Scalar = f64>;
    /// One register: the vector itself, or each of those that a pair holds one after the other.
    type Register: Lanes<Scalar = Self::Scalar>;
    /// Number of lanes.
    const WIDTH: usize;
    /// How many such vectors the register file holds.
    const REGISTERS: usize;

    /// The same number in each lane.
    fn splat(x: Self::Scalar) -> Self;
    /// self * a + b.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// b - self * a.
    fn negative_mul_add(self, a: Self, b: Self) -> Self;
    /// The smaller of two, lane by lane; `other` where either is NaN.
    fn min(self, other: Self) -> Self;
    /// The larger of two, lane by lane; `other` where either is NaN.
    fn max(self, other: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Nearest integer, ties to even.
    fn round(self) -> Self;
    /// self * 2^n for an integral n for which 2^n is a normal number.
    fn times_power_of_two(self, n: Self) -> Self;
    /// (e, m) with self = m 2^e and 1 <= m < 2, for normal positive numbers.
    fn exponent_and_mantissa(self) -> (Self, Self);
    /// `yes` where self > 0, else `no`; `no` where self is NaN.
    fn where_positive(self, yes: Self, no: Self) -> Self;
    /// Converts to f64.
    fn widen(self) -> Self::Wide;
    /// Rounds from f64.
    fn narrow(wide: Self::Wide) -> Self;

    /// Sum over the lanes: lane i and lane i + half first, and so on down; the same tree for all instruction sets.
    fn sum(self) -> Self::Scalar;

    /// Runs work in a function of its own that is compiled for these lanes.
    ///
    /// # Safety
    /// As for the work.
    unsafe fn isolate<W: Work>(work: W);

    /// The same, computed before all that is put in order after it. Compilers like to finish one sum before they begin
    /// the next one, and then each step waits for the one before.
    #[inline(always)]
    fn in_order(self) -> Self {
        self
    }

    /// The same lanes in another order.
    #[inline(always)]
    fn permute(self, order: &Order) -> Self {
        let mut result = self;
        // SAFETY: lanes lie in memory as a line of 64 bytes, and an order holds places in it.
        unsafe {
            let (from, to) = ((&raw const self).cast::<u32>(), (&raw mut result).cast::<u32>());
            for (i, &place) in order.0.iter().enumerate() {
                *to.add(i) = *from.add(place as usize & 15);
            }
        }
        result
    }

    /// Eight vectors of eight numbers, rows for columns.
    #[inline(always)]
    fn transposed(rows: [Self; 8]) -> [Self; 8] {
        debug_assert_eq!(Self::WIDTH, 8);
        let mut columns = rows;
        // SAFETY: both arrays lie in memory as 8 x 8 numbers.
        unsafe {
            let (from, to) = (rows.as_ptr().cast::<Self::Scalar>(), columns.as_mut_ptr().cast::<Self::Scalar>());
            for (row, column) in (0..8).flat_map(|row| (0..8).map(move |column| (row, column))) {
                *to.add(8 * column + row) = *from.add(8 * row + column);
            }
        }
        columns
    }

    /// The next uniform number of each of eight streams; those where `pending` > 0 go on to the number after it, the others
    /// stay where they are.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)]
    fn uniforms(streams: &mut Streams, pending: Self) -> Self {
        debug_assert_eq!((Self::WIDTH, size_of::<Self>()), (8, 64));
        let (before, mut numbers) = (streams.state, Numbers([0.0; 8]));
        // SAFETY: the lanes are eight doubles, and lie in memory as a line of 64 bytes.
        let pending = unsafe { (&raw const pending).cast::<[f64; 8]>().read() };
        for lane in 0..8 {
            numbers.0[lane] = streams.uniform(lane);
            if pending[lane] <= 0.0 {
                (streams.state[0][lane], streams.state[1][lane]) = (before[0][lane], before[1][lane]);
            }
        }
        // SAFETY: as above.
        unsafe { (&raw const numbers).cast::<Self>().read() }
    }

    /// Stores to a line that is not read again soon, past the caches where the processor can; others see it after
    /// [`Lanes::fence`].
    ///
    /// # Safety
    /// `to` may be written.
    #[inline(always)]
    unsafe fn stream(self, to: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe { *to = self }
    }

    /// Ends a run of [`Lanes::stream`].
    #[inline(always)]
    fn fence() {}

    /// Prefetch: one line; any address may be given.
    #[inline(always)]
    fn prefetch(_line: *const Line) {}

    /// The same double, rounded, in each lane.
    #[inline(always)]
    fn constant(x: f64) -> Self {
        Self::splat(Self::Scalar::from_f64(x))
    }
}

/// Eight doubles in a line.
#[repr(C, align(64))]
struct Numbers([f64; 8]);

/// Two vectors that act as one of twice the width.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Pair<T>(pub T, pub T);

macro_rules! pair_operator {
    ($($trait:ident $method:ident),*) => {$(
        impl<T: Lanes> $trait for Pair<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Pair(self.0.$method(other.0), self.1.$method(other.1))
            }
        }
    )*};
}
pair_operator!(Add add, Sub sub, Mul mul, Div div);

impl<T: Lanes> Lanes for Pair<T> {
    type Scalar = T::Scalar;
    type Wide = Pair<T::Wide>;
    type Register = T::Register;
    const WIDTH: usize = 2 * T::WIDTH;
    const REGISTERS: usize = T::REGISTERS / 2;
    #[inline(always)]
    fn splat(x: T::Scalar) -> Self {
        Pair(T::splat(x), T::splat(x))
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Pair(self.0.mul_add(a.0, b.0), self.1.mul_add(a.1, b.1))
    }
    #[inline(always)]
    fn negative_mul_add(self, a: Self, b: Self) -> Self {
        Pair(self.0.negative_mul_add(a.0, b.0), self.1.negative_mul_add(a.1, b.1))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Pair(self.0.min(other.0), self.1.min(other.1))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Pair(self.0.max(other.0), self.1.max(other.1))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Pair(self.0.sqrt(), self.1.sqrt())
    }
    #[inline(always)]
    fn round(self) -> Self {
        Pair(self.0.round(), self.1.round())
    }
    #[inline(always)]
    fn times_power_of_two(self, n: Self) -> Self {
        Pair(self.0.times_power_of_two(n.0), self.1.times_power_of_two(n.1))
    }
    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        let (a, b) = (self.0.exponent_and_mantissa(), self.1.exponent_and_mantissa());
        (Pair(a.0, b.0), Pair(a.1, b.1))
    }
    #[inline(always)]
    fn where_positive(self, yes: Self, no: Self) -> Self {
        Pair(self.0.where_positive(yes.0, no.0), self.1.where_positive(yes.1, no.1))
    }
    #[inline(always)]
    fn widen(self) -> Self::Wide {
        Pair(self.0.widen(), self.1.widen())
    }
    #[inline(always)]
    fn narrow(wide: Self::Wide) -> Self {
        Pair(T::narrow(wide.0), T::narrow(wide.1))
    }
    #[inline(always)]
    fn sum(self) -> T::Scalar {
        (self.0 + self.1).sum()
    }
    #[inline(always)]
    unsafe fn isolate<W: Work>(work: W) {
        // SAFETY: the caller's promise.
        unsafe { T::isolate(work) }
    }
    #[inline(always)]
    unsafe fn stream(self, to: *mut Self) {
        // SAFETY: the caller's promise; a pair is its halves one after the other.
        unsafe {
            self.0.stream(to.cast());
            self.1.stream(to.cast::<T>().add(1));
        }
    }
    #[inline(always)]
    fn fence() {
        T::fence();
    }
    #[inline(always)]
    fn prefetch(line: *const Line) {
        T::prefetch(line);
    }
}
