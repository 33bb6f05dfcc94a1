//! Actions: fields are drawn with weight exp(-S).

mod bose_gas;
mod callback;
#[cfg(test)]
pub(crate) mod check;
mod complex;
mod complex_phi4;
mod convention;
mod free_field;
mod gauge;
mod interpolation;
mod past;
mod phi4;
mod phi4_spec;
mod polynomial;
mod powers;
mod pseudofermion;
mod quantum_mechanics;
mod record;
mod runs;
mod spec;
mod stability;
mod sum;

pub use bose_gas::{BoseGas, BoseGasSpec};
pub use callback::{Callback, HostFunction};
pub use complex::{ComplexAction, ComplexNumber};
pub use complex_phi4::{ComplexPhi4, ComplexPhi4Spec};
pub use free_field::FreeField;
pub use gauge::{GaugeAction, GaugeSpec, ImprovedSpec};
pub use interpolation::interpolated;
pub use past::Past;
pub use phi4::Phi4;
pub use phi4_spec::Phi4Spec;
pub use polynomial::{Coupling, Hop, Polynomial};
pub use powers::Powers;
pub use pseudofermion::{Rational, RationalSpec, TwoFlavour, TwoFlavourSpec};
pub use quantum_mechanics::QuantumMechanicsSpec;
pub use spec::{ActionSpec, SumSpec};
pub use sum::Sum;

use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::{LoopSum, Patch};
use crate::lattice::Lattice;
use crate::program::{Node, Recorder};
use crate::space::{Domain, Space};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Random numbers of one refreshment of an action, distinguished by the index of the term in a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Seed of the chain.
    pub seed: u64,
    /// Number of the step.
    pub counter: u64,
    /// Index of the term in the sum.
    pub term: u64,
}

/// Couplings by their names in specs: `lambda`, `kappa`.
pub type Couplings = BTreeMap<String, f64>;

/// A point of a trajectory: field, momenta and dS/dφ.
pub struct PhasePoint<'a> {
    /// The field.
    pub field: &'a mut [f64],
    /// A momentum for each number of the field.
    pub momenta: &'a mut [f64],
    /// dS/dφ at the field.
    pub gradient: &'a mut [f64],
}

/// Times of kicks, and of the drift after each.
pub type Moves<'a> = &'a mut dyn Iterator<Item = (f64, f64)>;

/// A Euclidean action S of a field of scalars or of links.
pub trait Action: Send + Sync {
    /// The lattice on which the field lives.
    fn lattice(&self) -> &Lattice;

    /// The kind of field on the lattice; by default one real number on each site.
    fn space(&self) -> Space {
        Space::Scalars
    }

    /// Where its fields live.
    fn domain(&self) -> Domain {
        Domain { lattice: self.lattice().clone(), space: self.space() }
    }

    /// Real numbers in a field.
    fn count(&self) -> usize {
        self.space().count(self.lattice())
    }

    /// Names of the couplings that [`Action::at`] replaces.
    fn couplings(&self) -> &[&'static str] {
        &[]
    }

    /// The action with other values of some couplings, as models with conditions are trained on; an error where it has no
    /// couplings of these names.
    fn at(&self, couplings: &Couplings) -> Result<Arc<dyn Action>> {
        let names: Vec<&str> = couplings.keys().map(String::as_str).collect();
        Err(Error::Unsupported(format!("action: expected one with the couplings {}, got another", names.join(", "))))
    }

    /// S of a field of `count` numbers.
    fn value(&self, field: &[f64]) -> Result<f64>;

    /// Writes dS/dφ, or the G of [`crate::space`] for links, to `gradient` (`count` numbers) and returns S.
    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64>;

    /// The gradient at a point of a trajectory: solves may start from earlier solutions of that trajectory, and leave
    /// their own for later ones.
    fn gradient_along(&self, _past: &mut Past, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        self.gradient(field, gradient)
    }

    /// Records the operations of S on the whole lattice, where the action can: learned samplers then differentiate it
    /// together with their own operations, which is faster than calls of the gradient.
    fn record(&self, _recorder: &mut Recorder, _field: Node) -> Result<Option<Node>> {
        Ok(None)
    }

    /// The sum over loops that the action is, where it is nothing else: heat baths then draw links one by one.
    fn loop_sum(&self) -> Option<&LoopSum> {
        None
    }

    /// The local polynomial that the action is, where it is nothing else: clusters, local moves and lines to other actions
    /// read its couplings. Displacements of its hopping terms lie within the extents.
    fn polynomial(&self) -> Option<&Polynomial> {
        None
    }

    /// The sum over loops in the action, beside which it may have other terms.
    fn loops_of_links(&self) -> Option<&LoopSum> {
        self.loop_sum()
    }

    /// The action as one with complex values, where it is one: its fields are complex numbers, `value` is the real part of S, it has
    /// no gradient, and complex Langevin steps alone know what to do with it.
    fn complex(&self) -> Option<&dyn ComplexAction> {
        None
    }

    /// True where its fields have an open boundary in the last direction: absent links are zero.
    fn is_open(&self) -> bool {
        self.loops_of_links().is_some_and(|sum| sum.boundary.is_some())
    }

    /// The action with a defect of links of this strength in its sum over loops; an error where it has no such sum, or a
    /// defect already.
    fn with_defect(&self, _patch: &Arc<Patch>, _strength: f64) -> Result<Arc<dyn Action>> {
        Err(Error::Unsupported("action: expected a gauge action or a sum with one, got another".into()))
    }

    /// True where S is finite only where the field is, and then its gradient is: trajectories then check S alone.
    fn value_shows_divergence(&self) -> bool {
        false
    }

    /// Moves momenta by p ← p − t dS/dφ and returns S; None where this is no faster than to store the gradient first.
    fn kick(&self, _field: &[f64], _momenta: &mut [f64], _time: f64) -> Option<f64> {
        None
    }

    /// A whole trajectory of kicks and drifts with a last kick; None where this is no faster than to make them one by
    /// one. Returns S at the end, or a number that is not finite where the trajectory has diverged; an error where the
    /// host ends it.
    fn trajectory(&self, _phase: &mut PhasePoint, _moves: Moves, _last: f64) -> Result<Option<f64>> {
        Ok(None)
    }

    /// Number of the actions that it is the sum of; 0 where it is no sum.
    fn terms(&self) -> usize {
        0
    }

    /// The sum of some of its terms.
    fn sum_of(&self, _terms: &[usize]) -> Result<Arc<dyn Action>> {
        Err(Error::Internal("terms of an action: expected a sum, got another".into()))
    }

    /// The action with new pseudofermions for this field, drawn with the random numbers of `draw`; None where the
    /// action has no pseudofermions.
    fn refreshed(&self, _draw: Draw, _field: &[f64]) -> Result<Option<Arc<dyn Action>>> {
        Ok(None)
    }

    /// True where [`Action::refreshed`] draws something, without which the action has no value.
    fn has_pseudofermions(&self) -> bool {
        false
    }

    /// The threads that compute on fields of the action outside its own value and gradient.
    fn team(&self) -> Team {
        Team::default()
    }

    /// The threads that share work on many fields, each of which is computed by one thread.
    fn workers(&self) -> Team {
        Team::default()
    }

    /// True where the action may be called from any thread; a host's callback is called from the host's thread alone.
    fn is_threadsafe(&self) -> bool {
        true
    }
}
