//! Instanton: exact learned proposals for lattice field theory.
//!
//! Rooms in dependency order; a room uses only the rooms above it (`tests/layering.rs`).

pub mod action;
pub mod context;
pub mod dirac;
pub mod error;
pub mod ffi;
pub mod file;
pub mod flow;
pub mod gauge;
pub mod lattice;
pub mod layout;
pub mod markov;
pub mod memory;
pub mod opencl;
pub mod program;
pub mod random;
pub mod simd;
pub mod space;
pub mod spec;
pub mod statistics;
pub mod training;
