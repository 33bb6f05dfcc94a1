//! Actions: fields are drawn with weight exp(-S).

mod callback;
#[cfg(test)]
pub(crate) mod check;
mod convention;
mod phi4;
mod phi4_spec;
mod polynomial;
mod runs;
mod spec;
mod stability;

pub use callback::{Callback, HostFunction};
pub use phi4::Phi4;
pub use phi4_spec::Phi4Spec;
pub use polynomial::{Coupling, Hop, Polynomial};
pub use spec::ActionSpec;

use crate::error::Result;
use crate::lattice::Lattice;

/// A Euclidean action S of a field with one real number on each site.
pub trait Action: Send + Sync {
    /// The lattice on which the field lives.
    fn lattice(&self) -> &Lattice;

    /// S of a field of V numbers.
    fn value(&self, field: &[f64]) -> Result<f64>;

    /// Writes dS/dφ to `gradient` (V numbers) and returns S.
    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64>;

    /// The action as a polynomial, where it is one: learned samplers then differentiate it themselves, and faster.
    fn polynomial(&self) -> Option<&Polynomial> {
        None
    }

    /// True where the action may be called from any thread; a host's callback is called from the host's thread alone.
    fn is_threadsafe(&self) -> bool {
        true
    }
}
