//! Sweeps of heat baths and reflections over the links, eight at a time, one in each SIMD lane.

mod boxed;
mod colours;
mod lanes;
mod pass;
mod schedule;
mod update;
mod weights;

pub(super) use colours::colours;
pub use schedule::{Schedule, Sweeping};
pub use update::{Sweep, Update};
