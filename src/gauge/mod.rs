//! Gauge fields: links, groups, loops, observables, files.

mod algebra;
mod boxes;
mod charge;
mod clover;
mod colours;
mod deviation;
mod differential;
mod drift;
mod field;
mod flow;
pub mod formats;
mod group;
mod heatbath;
mod instanton;
#[cfg(test)]
mod laws;
mod loops;
mod matrix;
pub mod observables;
mod paths;
mod plaquettes;
mod polar;
mod quaternion;
mod slices;
mod slope;
mod smear;
mod smearing;
#[cfg(test)]
mod tests;
mod von_mises;
mod wide;
mod wide_phase;

pub use algebra::draw_momenta;
pub use charge::charge;
pub(crate) use clover::leaves;
pub use clover::{clover_charge, energy_density};
pub(crate) use colours::with_colours;
pub(crate) use deviation::farther_than;
pub use differential::Differential;
pub use drift::drift;
pub use field::Gauge;
pub use flow::{FlowSpec, Scales, WilsonFlow, scales};
pub use group::{Group, exponential, generator, haar};
pub use heatbath::{heat, reflect};
pub use instanton::constant_flux;
pub use loops::Loops;
pub use matrix::{Complex64, Matrix};
pub use paths::{Links, Step};
pub use slope::Slope;
pub use smear::SmearSpec;
pub use smearing::{ape, stout};
pub(crate) use wide_phase::{Canonical, WidePhase};
