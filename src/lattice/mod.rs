//! Periodic hypercubic lattices: geometry, checkerboards, shifts, boxes.

mod cut;
mod geometry;
mod neighbours;

pub(crate) use cut::Cut;
pub use geometry::Lattice;
pub(crate) use geometry::{coordinates, index};
pub use neighbours::Neighbours;
