//! Run-time choice of the instruction set.

use crate::error::{Error, Result};
use std::sync::OnceLock;

/// The environment variable that names the instruction set of all kernels of a process.
const VARIABLE: &str = "INSTANTON_INSTRUCTIONS";

/// An instruction set for which the kernels are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// 512-bit registers: AVX-512 F, DQ, VL, BW.
    Avx512,
    /// 256-bit registers: AVX2 with FMA.
    Avx2,
    /// The baseline that the compiler targets.
    Portable,
}

impl Instructions {
    /// Those that kernels were compiled for, the widest first: all of them, but in a build for one machine (`build.rs`).
    pub const ALL: &[Instructions] = if cfg!(only_avx512) {
        &[Instructions::Avx512]
    } else if cfg!(only_avx2) {
        &[Instructions::Avx2]
    } else if cfg!(only_portable) {
        &[Instructions::Portable]
    } else {
        &[Instructions::Avx512, Instructions::Avx2, Instructions::Portable]
    };

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

    /// Its name in lists of devices and in the environment variable.
    pub fn name(self) -> &'static str {
        match self {
            Instructions::Avx512 => "avx512",
            Instructions::Avx2 => "avx2",
            Instructions::Portable => "portable",
        }
    }

    /// The instruction set of all kernels: the one that the environment variable `INSTANTON_INSTRUCTIONS` names, else the
    /// widest that this processor has. The variable is read once in a process.
    pub fn best() -> Self {
        static CHOICE: OnceLock<Instructions> = OnceLock::new();
        *CHOICE.get_or_init(|| Self::requested().unwrap_or_else(|_| Self::widest()))
    }

    /// The instruction set that the variable names, or an error where it names no instruction set that this processor has.
    pub fn requested() -> Result<Self> {
        std::env::var_os(VARIABLE).map_or(Ok(Self::widest()), |name| Self::named(&name.to_string_lossy()))
    }

    /// The widest of `ALL` that this processor has; a build for one machine has kernels of no other set and stops elsewhere.
    fn widest() -> Self {
        match Self::ALL.iter().find(|instructions| instructions.is_available()) {
            Some(widest) => *widest,
            None => panic!("instructions: expected the processor that this build is for, got another one"),
        }
    }

    fn named(name: &str) -> Result<Self> {
        let available = || Self::ALL.iter().copied().filter(|i| i.is_available());
        available().find(|i| i.name() == name).ok_or_else(|| {
            let names: Vec<_> = available().map(Self::name).collect();
            Error::NoDevice(format!(
                "{VARIABLE}: expected one that this processor has ({}), got '{name}'",
                names.join(", ")
            ))
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_one_instruction_set() {
        for instructions in Instructions::ALL.iter().copied() {
            let found = Instructions::named(instructions.name());
            assert_eq!(found.is_ok(), instructions.is_available(), "{instructions:?}");
            assert!(found.is_err() || found.unwrap() == instructions, "{instructions:?}");
        }
    }

    #[test]
    fn another_name_is_refused_with_those_that_there_are() {
        for name in ["", "AVX2", "avx", "sse2"] {
            let message = Instructions::named(name).unwrap_err().to_string();
            assert!(message.contains("INSTANTON_INSTRUCTIONS: expected one that this processor has ("), "{message}");
            assert!(message.contains(&format!("), got '{name}'")), "{message}");
        }
    }
}
