//! The OpenCL executor: a plan becomes one kernel, run for a batch in one launch.

mod arguments;
mod batch;
mod buffers;
mod build;
mod convolutions;
mod cut;
mod executable;
mod fourier;
mod kernels;
pub(super) mod matrices;
mod run;
mod source;
mod target;
mod text;
pub(super) mod writer;

#[cfg(test)]
pub(super) use build::{build, session};
pub(super) use executable::{Executable, Packed};
#[cfg(test)]
pub(super) use source::LIBRARY;
#[cfg(test)]
pub(super) use target::Target;
