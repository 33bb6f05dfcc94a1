//! Instanton: exact learned proposals for lattice field theory.
//!
//! Rooms in dependency order; a room uses only the rooms above it (`tests/layering.rs`).

pub mod error;
pub mod progress;
pub mod memory;
pub mod file;
pub mod saved;
pub mod spec;
pub mod random;
pub mod opencl;
pub mod context;
pub mod simd;
pub mod lattice;
pub mod group;
pub mod gauge;
pub mod dirac;
pub mod layout;
pub mod space;
pub mod program;
pub mod action;
pub mod flow;
pub mod markov;
pub mod statistics;
pub mod training;
pub mod ffi;
