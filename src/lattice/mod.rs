//! Periodic hypercubic lattices: geometry, checkerboards, shifts.

mod geometry;

pub use geometry::Lattice;
