//! Sweeps of heat baths and reflections over the links, eight at a time, one in each SIMD lane.

mod lanes;
mod schedule;
mod weights;

pub use lanes::Update;
pub(super) use schedule::colours;
pub use schedule::{Schedule, Sweep};
