//! Hybrid Monte Carlo in the field z that a flow maps to φ = f(z): momenta and trajectories belong to z, and the action
//! is S(f(z)) − log |det df/dz| ([`crate::flow::PulledBack`]). Lüscher, arXiv:0907.5491.
//!
//! Each step begins with z of the chain's field, so that a step is a function of the key and the field alone.

use super::hmc::{Hmc, HmcSpec};
use super::integrators::IntegratorName;
use super::kernel::{ChainState, Info, Kernel, Key};
use super::reversal::Reversal;
use crate::action::Action;
use crate::error::Result;
use crate::flow::PulledBack;
use std::sync::Arc;

/// Parameters of hybrid Monte Carlo in the field of a flow: those of [`HmcSpec`] without levels, since S(f(z)) is one term,
/// and with masses of one.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransformedHmcSpec {
    /// Integrator of the trajectory.
    pub integrator: IntegratorName,
    /// Number of steps of a trajectory, at least 1.
    pub steps: u64,
    /// Length of a trajectory in units of the fictitious time τ, above 0.
    pub length: f64,
}

impl Default for TransformedHmcSpec {
    fn default() -> Self {
        let HmcSpec { integrator, steps, length, .. } = HmcSpec::default();
        Self { integrator, steps, length }
    }
}

/// Hybrid Monte Carlo in the field of a flow.
pub struct TransformedHmc {
    action: Arc<dyn Action>,
    pulled: Arc<PulledBack>,
    hmc: Hmc,
}

impl TransformedHmc {
    /// A kernel for `action` with the trajectories of a spec.
    pub fn new(action: Arc<dyn Action>, pulled: PulledBack, spec: &TransformedHmcSpec) -> Result<Self> {
        let &TransformedHmcSpec { integrator, steps, length } = spec;
        let (pulled, spec) = (Arc::new(pulled), HmcSpec { integrator, steps, length, ..HmcSpec::default() });
        Ok(Self { hmc: Hmc::new(Arc::clone(&pulled) as Arc<dyn Action>, &spec)?, action, pulled })
    }

    /// The state of z.
    fn latent(&self, state: &ChainState) -> Result<ChainState> {
        ChainState::new(&*self.pulled, &self.pulled.latent(&state.field)?)
    }
}

impl Kernel for TransformedHmc {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let mut latent = self.latent(state)?;
        let info = self.hmc.step(key, &mut latent)?;
        if info.accepted {
            let field = self.pulled.field(&latent.field)?;
            let value = self.action.value(&field)?;
            state.go_to(field, value);
        }
        Ok(info)
    }

    fn reversal(&self, key: &Key, state: &ChainState) -> Result<Option<Reversal>> {
        self.hmc.reversal(key, &self.latent(state)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Precision, of_tests};
    use crate::flow::{Flow, Model};
    use crate::lattice::Lattice;
    use crate::markov::check::{Chain4, keeps_the_distribution};
    use crate::markov::{Chain, ChainSpec};
    use crate::spec::parse;

    fn flow(sites: usize) -> Flow {
        let spec = parse("model", "{type: 'affine', layers: 3, hidden: [3], activation: 'tanh', initial_output: 0.5}");
        Flow::new(&of_tests(3, Precision::F32, 1), &Lattice::new(&[sites]).unwrap(), &spec.unwrap()).unwrap()
    }

    #[test]
    fn trajectories_in_the_field_of_a_flow_keep_the_distribution() {
        let spec = TransformedHmcSpec { steps: 2, length: 1.2, ..TransformedHmcSpec::default() };
        keeps_the_distribution(&|action, _| {
            let pulled = flow(2).pulled_back(action.clone()).unwrap();
            Box::new(TransformedHmc::new(action, pulled, &spec).unwrap())
        });
    }

    #[test]
    fn trajectories_come_back_and_a_spec_builds_the_kernel() {
        let action: Arc<dyn Action> = Arc::new(Chain4::new(8, 0.7, 0.3));
        let spec: ChainSpec = parse("chain", "{type: 'transformed_hmc', steps: 8, length: 1}").unwrap();
        let error = Chain::new(action.clone(), None, &spec, 7).err().unwrap().to_string();
        assert_eq!(error, "type 'transformed_hmc': expected a model, got none");
        let mut chain = Chain::new(action, Some(Arc::new(flow(8))), &spec, 7).unwrap();
        let accepted = (0..40).filter(|_| chain.step().unwrap().accepted).count();
        assert!(accepted > 20, "{accepted} of 40");
        let reversal = chain.reversibility().unwrap();
        assert!(reversal.distance < 1e-12 && reversal.energy < 1e-11, "{reversal:?}");
    }
}
