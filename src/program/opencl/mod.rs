//! The OpenCL executor: a plan becomes one kernel, run for a batch in one launch.

mod arguments;
mod buffers;
mod build;
mod convolutions;
mod cut;
mod executable;
mod kernels;
mod run;
mod source;
mod text;

#[cfg(test)]
pub(super) use build::{build, session};
pub(super) use executable::{Executable, Packed};
#[cfg(test)]
pub(super) use source::{LIBRARY, Layout};
