//! Observables of gauge fields: traces of loops, the field strength and its charge.

mod charge;
mod field_strength;
mod loops;
mod spec;
mod traces;

pub use charge::charge;
pub(crate) use field_strength::leaves;
pub use field_strength::{clover_charge, energy_density, energy_density_by};
pub use loops::Loops;
pub use spec::ObservableSpec;
pub use traces::*;
