//! What lanes in the registers of x86-64 are made with, of 512 and of 256 bits.
//!
//! The functions are inlined into kernels that are compiled for the instruction set; `dispatch.rs` enters those only
//! where the processor has it.

use std::arch::x86_64::{_MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT};

macro_rules! register {
    ($(#[$doc:meta])* $name:ident, $register:ty, $($trait:ident $method:ident $intrinsic:ident),*) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name(pub(super) $register);
        $(impl $trait for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: values of this type exist only inside kernels entered after the instruction set was found on this processor.
                unsafe { Self($intrinsic(self.0, other.0)) }
            }
        })*
    };
}

macro_rules! common {
    ($isolate:ident, $scalar:ty, $width:expr, $registers:expr, $set:ident, $fma:ident, $fnma:ident, $min:ident, $max:ident, $sqrt:ident, $stream:ident) => {
        type Scalar = $scalar;
        type Register = Self;
        const WIDTH: usize = $width;
        const REGISTERS: usize = $registers;
        #[inline(always)]
        unsafe fn isolate<W: Work>(work: W) {
            // SAFETY: the caller's promise, and as for splat.
            unsafe { $isolate(work) }
        }
        #[inline(always)]
        fn splat(x: $scalar) -> Self {
            // SAFETY: called only inside kernels entered after the instruction set was found on this processor.
            unsafe { Self($set(x)) }
        }
        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($fma(self.0, a.0, b.0)) }
        }
        #[inline(always)]
        fn negative_mul_add(self, a: Self, b: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($fnma(self.0, a.0, b.0)) }
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($min(self.0, other.0)) }
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($max(self.0, other.0)) }
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($sqrt(self.0)) }
        }
        #[inline(always)]
        unsafe fn stream(self, to: *mut Self) {
            // SAFETY: the caller's promise, and as for splat.
            unsafe { $stream(to.cast(), self.0) }
        }
        #[inline(always)]
        fn fence() {
            // SAFETY: as for splat.
            unsafe { _mm_sfence() }
        }
        #[inline(always)]
        fn prefetch(line: *const Line) {
            // SAFETY: a prefetch of any address is allowed.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
        }
    };
}

pub(super) use {common, register};

pub(super) const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
