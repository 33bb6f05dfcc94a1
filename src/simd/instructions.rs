//! Run-time choice of the instruction set.

use crate::error::{Error, Result};

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
    pub(crate) fn registers(self) -> usize {
        match self {
            Instructions::Avx512 => 32,
            Instructions::Avx2 | Instructions::Portable => 8,
        }
    }
}
