//! Proposals by trajectories in the field z that a flow maps to φ = f(z): φ' = f(z'), z' the end of a trajectory from z.
//!
//! Trajectories are reversible and keep the volume of phase space, so that with H = K + S(f(z)) − log |det df/dz|
//!
//! ```text
//! log ratio = H − H' + S(φ') − S(φ),   accepted with min(1, exp(S(φ) − S(φ') + log ratio))
//! ```
//!
//! keeps exp(−S) for the host's S, which may have terms that the forces here do not know: exp(H − H') is then no longer the
//! acceptance, but detailed balance holds. Lüscher, arXiv:0907.5491.

use super::hmc::{Hmc, HmcSpec};
use super::kernel::{ChainState, Key};
use super::proposal::{Current, Proposal, Proposed};
use super::transformed::TransformedHmcSpec;
use crate::action::Action;
use crate::error::{Result, expect_finite, expect_length};
use crate::flow::PulledBack;
use crate::space::Domain;
use std::sync::Arc;

/// Trajectories in the field of a flow as proposals.
pub struct TransformedProposal {
    action: Arc<dyn Action>,
    pulled: Arc<PulledBack>,
    hmc: Hmc,
    seed: u64,
    domain: Domain,
}

impl TransformedProposal {
    /// Proposals for `action` with the trajectories of a spec.
    pub fn new(action: Arc<dyn Action>, pulled: PulledBack, spec: &TransformedHmcSpec, seed: u64) -> Result<Self> {
        let &TransformedHmcSpec { integrator, steps, length } = spec;
        let (pulled, spec) = (Arc::new(pulled), HmcSpec { integrator, steps, length, ..HmcSpec::default() });
        let hmc = Hmc::new(Arc::clone(&pulled) as Arc<dyn Action>, &spec)?;
        Ok(Self { hmc, domain: action.domain(), action, pulled, seed })
    }
}

impl Proposal for TransformedProposal {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn propose(&self, counter: u64, current: &Current, proposed: &mut [f64]) -> Result<Proposed> {
        let field = current.field;
        expect_length("current", self.domain.count(), field.len())?;
        expect_length("proposed", field.len(), proposed.len())?;
        expect_finite("current", field)?;
        let start = ChainState::new(&*self.pulled, &self.pulled.latent(field)?)?;
        let rejected = Proposed { log_ratio: f64::NEG_INFINITY, log_densities: None };
        if let Some((end, delta)) = self.hmc.end(&Key { seed: self.seed, counter }, &start)? {
            let end = self.pulled.field(&end)?;
            if end.iter().all(|phi| phi.is_finite()) {
                let log_ratio = self.action.value(&end)? - self.action.value(field)? - delta;
                if log_ratio.is_finite() {
                    proposed.copy_from_slice(&end);
                    return Ok(Proposed { log_ratio, ..rejected });
                }
            }
        }
        proposed.copy_from_slice(field);
        Ok(rejected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Precision, of_tests};
    use crate::flow::{Flow, Model};
    use crate::lattice::Lattice;
    use crate::markov::Metropolis;
    use crate::markov::check::keeps_the_distribution;
    use crate::spec::parse;

    fn pulled(sites: usize, action: &Arc<dyn Action>) -> PulledBack {
        let spec = parse("model", "{type: 'affine', layers: 3, hidden: [3], activation: 'tanh', initial_output: 0.5}");
        let lattice = Lattice::new(&[sites]).unwrap();
        let flow = Flow::new(&of_tests(3, Precision::F32, 1), &lattice, &spec.unwrap()).unwrap();
        flow.pulled_back(Arc::clone(action)).unwrap()
    }

    /// With trajectories of the action itself, and with those of another one, as where a host has further terms.
    #[test]
    fn trajectories_of_any_action_keep_the_distribution() {
        let spec = TransformedHmcSpec { steps: 2, length: 1.2, ..TransformedHmcSpec::default() };
        let other: Arc<dyn Action> = Arc::new(crate::markov::check::Chain4::new(2, 1.1, 0.2));
        for own in [true, false] {
            keeps_the_distribution(&|action, _| {
                let moving = if own { Arc::clone(&action) } else { Arc::clone(&other) };
                let proposal = TransformedProposal::new(Arc::clone(&moving), pulled(2, &moving), &spec, 5).unwrap();
                Box::new(Metropolis::new(action, Box::new(proposal)))
            });
        }
    }
}
