//! The slope of the sum over plaquettes along the links, and trajectories in it, in SIMD lanes.

pub(in crate::gauge) mod boxes;
mod drift;
mod gathered;
mod slices;
mod slope;
mod trajectory;

pub use drift::drift;
pub(crate) use gathered::Weights;
pub use slope::Slope;
pub(crate) use trajectory::{Canonical, WidePhase};
