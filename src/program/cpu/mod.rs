//! The CPU executor: a block of samples in the SIMD lanes, the whole program for one block out of the cache.

mod block;
mod convolve;
mod correlate;
mod dispatch;
mod executable;
mod fourier;
pub(super) mod functions;
mod prior;
mod spectral;
mod tiles;
mod winograd;

pub(super) use crate::simd::Lanes;
pub(super) use executable::{Executable, Packed};
pub use prior::Key;
