//! Gauge fields: links on a lattice, observables, smearing and the Wilson flow, forces of plaquettes, files.

mod absent;
mod constant_flux;
mod field;
pub mod formats;
#[cfg(test)]
mod laws;
mod layers;
pub mod observables;
#[cfg(test)]
mod open_tests;
mod paths;
mod plaquettes;
mod smear;
#[cfg(test)]
mod tests;
mod sweep;
mod weights;
mod wide_paths;

// Groups live in `crate::group`; hosts in Rust find them here too.
pub use crate::group::{
    Complex64, Differential, Group, Matrix, draw_momenta, exponential, generator, haar, heat, reflect,
};
pub(crate) use crate::group::{farther_than, with_colours};
pub(crate) use absent::{clear_absent, farther_present, is_absent, is_open, is_zero};
pub use constant_flux::constant_flux;
pub use field::Gauge;
pub(crate) use field::project;
pub(crate) use layers::MOST_STAPLES;
pub use layers::{Layers, Passage, Region, Rule, Table, Trail};
pub(crate) use observables::leaves;
pub use observables::{Loops, ObservableSpec, charge, clover_charge, energy_density, energy_density_by};
pub use paths::{Links, Step, links_along};
pub(crate) use plaquettes::{Canonical, Weights, WidePhase};
pub use plaquettes::{Slope, drift};
pub use smear::{FlowSpec, Scales, SmearSpec, WilsonFlow, ape, scales, stout};
pub use sweep::{Schedule, Sweep, Sweeping, Update};
pub use weights::{Boundary, BoundaryKind, Cuboid, Defect, DefectSpec, LoopSum, Patch, Slopes, Weight, check_strength};
