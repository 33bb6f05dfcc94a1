//! Weights of loops: a defect of links, an open boundary, and what they change in sums over loops.

mod boundary;
mod defect;
mod factors;
mod loop_sum;
mod patch;
mod slopes;
mod whole;

pub use boundary::{Boundary, BoundaryKind, Weight};
pub use defect::{Cuboid, Defect, DefectSpec, check_strength};
pub use loop_sum::LoopSum;
pub use patch::Patch;
pub use slopes::Slopes;
