//! Run-time choice of the instruction set.

use super::super::steps::Plan;
use super::block::{Block, run};
use super::portable::Array;
use crate::context::Precision;
use crate::error::{Error, Result};

#[cfg(target_arch = "x86_64")]
use super::{
    lanes::Pair,
    x86::{F32x8, F32x16, F64x4, F64x8},
};

/// An instruction set for which the kernels are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// 512-bit registers: AVX-512 F, DQ, VL, BW.
    Avx512,
    /// 256-bit registers: AVX2 with FMA.
    Avx2,
    /// Whatever the compiler was told to use.
    Portable,
}

impl Instructions {
    /// All of them, the widest first.
    pub const ALL: [Instructions; 3] = [Instructions::Avx512, Instructions::Avx2, Instructions::Portable];

    /// True where this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && Instructions::Avx2.is_available()
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Instructions::Avx512 | Instructions::Avx2 => false,
            Instructions::Portable => true,
        }
    }

    /// The widest that this processor has.
    pub fn best() -> Self {
        Self::ALL.into_iter().find(|i| i.is_available()).unwrap_or(Instructions::Portable)
    }

    /// An error where this processor does not have it.
    pub fn require(self) -> Result<Self> {
        if self.is_available() {
            return Ok(self);
        }
        Err(Error::NoDevice(format!("instructions: expected a processor with {self:?}, got one without")))
    }

    /// How many logical vectors the register file holds.
    pub(super) fn registers(self) -> usize {
        match self {
            Instructions::Avx512 => 32,
            Instructions::Avx2 | Instructions::Portable => 8,
        }
    }
}

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
