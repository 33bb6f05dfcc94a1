//! The CPU executor: the SIMD lanes hold a block of samples, and a whole program runs for one block, out of the cache.

pub(super) mod angles;
mod block;
pub(super) mod convolve;
pub(super) mod correlate;
mod dispatch;
mod executable;
mod fourier;
pub(super) mod frame;
pub(super) mod logistic;
pub(super) mod noise;
mod passes;
pub(super) mod matrix;
pub(super) mod spectral;
mod tiles;
pub(super) mod transform;
mod transformed_batch;
pub(super) mod winograd;

pub(super) use executable::{Executable, Packed, Work};
pub use transformed_batch::TransformedBatch;
