//! Actions: fields are drawn with weight exp(-S).

mod callback;
#[cfg(test)]
pub(crate) mod check;
mod convention;
mod gauge;
mod phi4;
mod phi4_spec;
mod polynomial;
mod pseudofermion;
mod runs;
mod spec;
mod stability;
mod sum;

pub use callback::{Callback, HostFunction};
pub use gauge::{GaugeAction, GaugeSpec};
pub use phi4::Phi4;
pub use phi4_spec::Phi4Spec;
pub use polynomial::{Coupling, Hop, Polynomial};
pub use pseudofermion::{Rational, RationalSpec, TwoFlavour, TwoFlavourSpec};
pub use spec::ActionSpec;
pub use sum::{Sum, SumSpec};

use crate::context::Team;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::space::Space;
use std::sync::Arc;

/// Random numbers of one refreshment of an action, told apart by the place of a term in a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Seed of the chain.
    pub seed: u64,
    /// Number of the step.
    pub counter: u64,
    /// Place of the term.
    pub term: u64,
}

/// A Euclidean action S of a field of scalars or of links.
pub trait Action: Send + Sync {
    /// The lattice on which the field lives.
    fn lattice(&self) -> &Lattice;

    /// What lives on the lattice; one real number on each site where an action says nothing else.
    fn space(&self) -> Space {
        Space::Scalars
    }

    /// Real numbers in a field.
    fn count(&self) -> usize {
        self.space().count(self.lattice())
    }

    /// S of a field of `count` numbers.
    fn value(&self, field: &[f64]) -> Result<f64>;

    /// Writes dS/dφ, or the G of [`crate::space`] for links, to `gradient` (`count` numbers) and returns S.
    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64>;

    /// The action as a polynomial, where it is one: learned samplers then differentiate it themselves, and faster.
    fn polynomial(&self) -> Option<&Polynomial> {
        None
    }

    /// The action as a sum over loops of links, where it is one: heat baths then draw its links one by one.
    fn gauge(&self) -> Option<&GaugeAction> {
        None
    }

    /// The actions that it is the sum of; none where it is no sum.
    fn terms(&self) -> &[Arc<dyn Action>] {
        &[]
    }

    /// Draws what the action holds beside the field, with the random numbers of `draw`: the action with new
    /// pseudofermions for this field. None where it holds nothing.
    fn refreshed(&self, _draw: Draw, _field: &[f64]) -> Result<Option<Arc<dyn Action>>> {
        Ok(None)
    }

    /// True where [`Action::refreshed`] draws something, without which the action has no value.
    fn has_pseudofermions(&self) -> bool {
        false
    }

    /// Who works on fields of the action beside its own value and gradient.
    fn team(&self) -> Team {
        Team::default()
    }

    /// True where the action may be called from any thread; a host's callback is called from the host's thread alone.
    fn is_threadsafe(&self) -> bool {
        true
    }
}
