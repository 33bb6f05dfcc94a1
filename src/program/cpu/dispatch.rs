//! Entry of the kernels for each instruction set.

use super::super::steps::Plan;
use super::block::{Block, run};
use crate::context::Precision;
use crate::simd::{Array, Instructions};

#[cfg(target_arch = "x86_64")]
use crate::simd::{F32x8, F32x16, F64x4, F64x8, Pair};

/// Samples in a block.
pub(super) fn width(precision: Precision) -> usize {
    match precision {
        Precision::F32 => 16,
        Precision::F64 => 8,
    }
}

/// Runs one block with the kernels of an instruction set.
///
/// # Safety
/// As for [`run`]; the processor has the instructions, and the packed weights have the precision.
pub(super) unsafe fn run_block(instructions: Instructions, precision: Precision, plan: &Plan, block: &mut Block) {
    // SAFETY: the caller's promise.
    unsafe {
        match (instructions, precision) {
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx512, Precision::F32) => avx512_f32(plan, block),
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx512, Precision::F64) => avx512_f64(plan, block),
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx2, Precision::F32) => avx2_f32(plan, block),
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx2, Precision::F64) => avx2_f64(plan, block),
            (_, Precision::F32) => run::<Array<f32, 16>>(plan, block),
            (_, Precision::F64) => run::<Array<f64, 8>>(plan, block),
        }
    }
}

macro_rules! compiled_for {
    ($($name:ident, $features:literal, $lanes:ty;)+) => {$(
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        unsafe fn $name(plan: &Plan, block: &mut Block) {
            // SAFETY: the caller's promise.
            unsafe { run::<$lanes>(plan, block) }
        }
    )+};
}

compiled_for! {
    avx512_f32, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma", F32x16;
    avx512_f64, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma", F64x8;
    avx2_f32, "avx2,fma", Pair<F32x8>;
    avx2_f64, "avx2,fma", Pair<F64x4>;
}
