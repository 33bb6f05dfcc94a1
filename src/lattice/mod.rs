//! Periodic hypercubic lattices: geometry, checkerboards, shifts.

mod geometry;
mod neighbours;

pub use geometry::Lattice;
pub use neighbours::Neighbours;
