//! Periodic hypercubic lattices: geometry, checkerboards, shifts.

mod geometry;
mod neighbours;

pub use geometry::Lattice;
pub(crate) use geometry::{coordinates, index};
pub use neighbours::Neighbours;
