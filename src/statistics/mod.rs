//! Statistics: errors of autocorrelated series, resampling, reweighting, and observables of scalar fields.

mod bins;
mod bootstrap;
mod derived;
mod gamma;
mod independence;
mod jackknife;
mod observables;
mod reweighting;
mod tail;
#[cfg(test)]
mod testing;
mod weights;

pub use bootstrap::{Bootstrap, bootstrap};
pub use derived::{PrimarySeries, autocorrelation_of};
pub use gamma::{Autocorrelation, WINDOW_PARAMETER, autocorrelation, autocorrelation_of_replica};
pub use independence::{Independence, independence_acceptance};
pub use jackknife::{Jackknife, jackknife};
pub use observables::{Observables, action_density, observables, two_point};
pub use reweighting::{Reweighting, TAIL_SHAPE_LIMIT, reweighted, reweighting};

/// A value and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}
