//! Statistics: errors of autocorrelated series, resampling, reweighting, energies of paths, and observables of scalar fields.

mod bins;
mod bootstrap;
mod chain_weights;
mod chi_squared;
mod derived;
mod energies;
mod forward;
mod gamma;
mod independence;
mod jackknife;
mod kl_per_site;
mod mode_balance;
mod nested;
mod observables;
mod reweighting;
mod tail;
#[cfg(test)]
mod testing;
mod two_sided;
mod weights;

pub use bootstrap::{Bootstrap, bootstrap};
pub use derived::{PrimarySeries, autocorrelation_of};
pub use energies::{Energies, Measurement, Paths, energies};
pub use forward::{Forward, forward};
pub use gamma::{Autocorrelation, WINDOW_PARAMETER, autocorrelation, autocorrelation_of_replica};
pub use independence::{IndependenceEstimate, independence_acceptance};
pub use jackknife::{Jackknife, jackknife};
pub use kl_per_site::kl_per_site;
pub use mode_balance::{ModeBalance, mode_balance, mode_balance_of_independent};
pub use nested::nested_ess;
pub use observables::{Observables, action_density, observables, two_point};
pub use reweighting::{Reweighting, TAIL_SHAPE_LIMIT, reweighted, reweighted_difference, reweighting};
pub use two_sided::{TwoSided, two_sided};

/// A value and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}
