//! Work that is generic in the lanes, run with those of an instruction set.

use super::instructions::Instructions;
use super::lanes::{Lanes, Real, Work};
#[cfg_attr(any(only_avx512, only_avx2), allow(unused_imports))]
use super::portable::Array;
#[cfg(target_arch = "x86_64")]
#[cfg_attr(any(only_avx512, only_avx2, only_portable), allow(unused_imports))]
use super::{
    lanes::Pair,
    x86_256::{F32x8, F64x4},
    x86_512::{F32x16, F64x8},
};

/// A precision with its lanes.
pub(crate) trait Native: Real {
    /// One register of 512 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Lanes<Scalar = Self>;
    /// Two registers of 256 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Lanes<Scalar = Self>;
    /// An array of 512 bits.
    type Portable: Lanes<Scalar = Self>;
    /// Numbers in a line of 64 bytes.
    const WIDTH: usize;
}

macro_rules! native {
    ($scalar:ty, $width:literal, $avx512:ty, $avx2:ty, $portable:ty) => {
        impl Native for $scalar {
            #[cfg(target_arch = "x86_64")]
            type Avx512 = $avx512;
            #[cfg(target_arch = "x86_64")]
            type Avx2 = $avx2;
            type Portable = $portable;
            const WIDTH: usize = $width;
        }
    };
}
#[cfg(not(any(only_avx512, only_avx2, only_portable)))]
native!(f32, 16, F32x16, Pair<F32x8>, Array<f32, 16>);
#[cfg(not(any(only_avx512, only_avx2, only_portable)))]
native!(f64, 8, F64x8, Pair<F64x4>, Array<f64, 8>);

// A build for one instruction set has its lanes in the place of all, so that each kernel is compiled once; the others are
// not in `Instructions::ALL`, and never run.
#[cfg(only_avx512)]
native!(f32, 16, F32x16, F32x16, F32x16);
#[cfg(only_avx512)]
native!(f64, 8, F64x8, F64x8, F64x8);
#[cfg(only_avx2)]
native!(f32, 16, Pair<F32x8>, Pair<F32x8>, Pair<F32x8>);
#[cfg(only_avx2)]
native!(f64, 8, Pair<F64x4>, Pair<F64x4>, Pair<F64x4>);
#[cfg(only_portable)]
native!(f32, 16, Array<f32, 16>, Array<f32, 16>, Array<f32, 16>);
#[cfg(only_portable)]
native!(f64, 8, Array<f64, 8>, Array<f64, 8>, Array<f64, 8>);

/// Work for lanes that are chosen when it runs.
pub(crate) trait Launch<T: Native> {
    /// Does it; to be inlined.
    ///
    /// # Safety
    /// As the implementation says.
    unsafe fn run<L: Lanes<Scalar = T>>(self);
}

/// A launch with the lanes chosen.
struct Chosen<W, L> {
    work: W,
    lanes: std::marker::PhantomData<L>,
}

impl<T: Native, W: Launch<T>, L: Lanes<Scalar = T>> Work for Chosen<W, L> {
    #[inline(always)]
    unsafe fn run(self) {
        // SAFETY: the caller's promise.
        unsafe { self.work.run::<L>() }
    }
}

/// # Safety
/// The processor has the instructions of `L`, and the work's own promise is kept.
unsafe fn enter<T: Native, L: Lanes<Scalar = T>>(work: impl Launch<T>) {
    // SAFETY: the caller's promise.
    unsafe { L::isolate(Chosen::<_, L> { work, lanes: std::marker::PhantomData }) }
}

/// Runs work compiled for an instruction set.
///
/// # Safety
/// As for the work; the processor has the instructions.
pub(crate) unsafe fn launch<T: Native>(instructions: Instructions, work: impl Launch<T>) {
    // SAFETY: the caller's promise.
    unsafe {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => enter::<T, T::Avx512>(work),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => enter::<T, T::Avx2>(work),
            _ => enter::<T, T::Portable>(work),
        }
    }
}
