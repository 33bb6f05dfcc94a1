//! The C interface: `include/instanton.h`, a file or two for each of its sections.
//!
//! Every export that can fail runs inside [`guard`](guard), in the standard floating-point mode: its error becomes the
//! status and the thread's message, and a panic becomes `INST_INTERNAL`. Objects are [`Handle`]s, which know their kind and whether they are in use.
//! Arguments are checked and borrowed in `arguments.rs`; outputs are written after all else has succeeded.
//!
//! # Safety
//! One contract for all exports, that of the header: a pointer to an object is NULL or came from this library and was
//! not freed since; a pointer to an array is NULL or holds as many numbers as the call says; text ends with NUL.
//! Outputs may overlap inputs, but not each other.

#![allow(non_camel_case_types, reason = "the names of the header")]

mod action;
mod arguments;
mod chain;
mod communicator;
mod context;
mod dirac;
mod gauge;
mod guard;
mod handles;
mod kinds;
mod objects;
mod ladder;
mod lattice;
mod layout;
mod mode;
mod model;
mod proposal;
mod reweighting;
mod spectrum;
mod statistics;
#[cfg(test)]
mod tests;
mod training;
mod watch;

pub use action::*;
pub use chain::*;
pub use communicator::*;
pub use context::*;
pub use dirac::*;
pub use gauge::*;
pub use guard::{inst_last_error, inst_status};
pub use handles::Handle;
pub use ladder::*;
pub use lattice::*;
pub use layout::*;
pub use model::*;
pub use proposal::*;
pub use reweighting::*;
pub use spectrum::*;
pub use statistics::*;
pub use training::*;
pub use watch::*;
