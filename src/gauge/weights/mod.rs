//! Weights of loops: a defect of links, and what it changes in sums over loops.

mod defect;
mod factors;
mod loop_sum;
mod patch;

pub use defect::{Cuboid, Defect, DefectSpec};
pub use loop_sum::LoopSum;
pub use patch::{Patch, Slopes};
