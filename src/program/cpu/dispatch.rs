//! Entry of the kernels for each instruction set.

use super::super::steps::Plan;
use super::block::run;
use super::frame::Block;
use crate::context::Precision;
use crate::simd::{Instructions, Native};

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
            (_, Precision::F32) => run::<<f32 as Native>::Portable>(plan, block),
            (_, Precision::F64) => run::<<f64 as Native>::Portable>(plan, block),
        }
    }
}

macro_rules! compiled_for {
    ($($name:ident, $features:literal, $lanes:ty;)+) => {$(
        /// # Safety
        /// The processor has these features.
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        unsafe fn $name(plan: &Plan, block: &mut Block) {
            // SAFETY: the caller's promise.
            unsafe { run::<$lanes>(plan, block) }
        }
    )+};
}

compiled_for! {
    avx512_f32, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma", <f32 as Native>::Avx512;
    avx512_f64, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma", <f64 as Native>::Avx512;
    avx2_f32, "avx2,fma", <f32 as Native>::Avx2;
    avx2_f64, "avx2,fma", <f64 as Native>::Avx2;
}
