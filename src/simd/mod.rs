//! Vectors of numbers in SIMD lanes, for every instruction set and both precisions.

pub(crate) mod functions;
mod instructions;
mod lanes;
mod line;
mod memory;
mod native;
mod peak;
mod portable;
mod records;
#[cfg(target_arch = "x86_64")]
mod transpose;
mod triad;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_256;
#[cfg(target_arch = "x86_64")]
mod x86_512;

pub use instructions::Instructions;
pub(crate) use lanes::{Lanes, Order, Real, Work};
pub(crate) use line::{Line, Lines};
pub(crate) use memory::{prefetch, write_past_caches};
pub(crate) use native::{Launch, Native, launch};
pub use peak::{Clock, Peak, multiply_add_peak};
#[cfg(test)]
pub(crate) use portable::Array;
pub(crate) use records::{Places, gather, scatter};
pub use triad::Triad;
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) use {
    lanes::Pair,
    x86_256::{F32x8, F64x4},
    x86_512::{F32x16, F64x8},
};
