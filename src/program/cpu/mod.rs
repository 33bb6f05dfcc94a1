//! The CPU executor: a block of samples in the SIMD lanes, the whole program for one block out of the cache.

mod block;
mod convolve;
mod correlate;
mod dispatch;
mod executable;
pub(super) mod functions;
pub(super) mod lanes;
mod memory;
mod peak;
pub(super) mod portable;
mod prior;
mod tiles;
mod winograd;
#[cfg(target_arch = "x86_64")]
pub(super) mod x86;

pub use dispatch::Instructions;
pub use executable::{Bound, Executable, Feed};
pub(super) use lanes::Lanes;
pub use peak::multiply_add_peak;
pub use prior::Key;
