//! Gauge fields: links, groups, observables, files.

mod field;
pub mod formats;
mod group;
mod matrix;
pub mod observables;
#[cfg(test)]
mod tests;

pub use field::Gauge;
pub use group::{Group, exponential, generator, haar};
pub use matrix::{Complex64, Matrix};
