//! Gauge fields: links, groups, loops, observables, files.

mod algebra;
mod charge;
mod colours;
mod field;
pub mod formats;
mod group;
mod heatbath;
mod instanton;
mod loops;
mod matrix;
pub mod observables;
mod paths;
mod quaternion;
#[cfg(test)]
mod tests;
mod von_mises;

pub use algebra::{draw_momenta, drift};
pub use charge::charge;
pub(crate) use colours::with_colours;
pub use field::Gauge;
pub use group::{Group, exponential, generator, haar};
pub use heatbath::{heat, reflect};
pub use instanton::constant_flux;
pub use loops::Loops;
pub use matrix::{Complex64, Matrix};
pub use paths::{Links, Step};
