//! Metropolis-Hastings: a proposal φ' from φ, accepted with min(1, exp(S(φ) − S(φ') + log ratio)).
//!
//! With a model's samples this is metropolised independence sampling, accepted with min(1, w(φ') / w(φ)), log w = −S − log q.
//! W. K. Hastings, Biometrika 57, 97 (1970); L. Tierney, Ann. Statist. 22, 1701 (1994).

use super::independence::Independence;
use super::kernel::{ChainState, Info, Kernel, Key};
use super::proposal::{Current, Proposal};
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::{Model, REJECTED};
use crate::memory;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// Metropolis-Hastings for any action and any proposal.
pub struct Metropolis {
    action: Arc<dyn Action>,
    proposal: Box<dyn Proposal>,
}

impl Metropolis {
    /// A kernel that accepts the fields of a proposal by `action`; both are for the same domain.
    pub fn new(action: Arc<dyn Action>, proposal: Box<dyn Proposal>) -> Self {
        Self { action, proposal }
    }

    /// A kernel that proposes from `model` and accepts by `action`; both are for the same domain.
    pub fn independent(action: Arc<dyn Action>, model: Arc<dyn Model>) -> Result<Self> {
        let (expected, got) = (action.lattice(), &model.domain().lattice);
        if expected != got {
            let message = format!("model: expected one for the action's {}, got {}", expected.shape(), got.shape());
            return Err(Error::BadShape(message));
        }
        action.space().expect("model", model.domain().space)?;
        Ok(Self::new(action, Box::new(Independence::new(model)?)))
    }

    /// The counter of the proposal's stream: chains with different seeds read the stream at different places.
    fn counter(key: &Key) -> u64 {
        // Far below 2^64, so that it does not wrap; a multiple of 4096, so that chains begin at the start of a window
        // of samples.
        let base = (Stream::new(key.seed, Purpose::Proposal, 0).bits() >> 1) & !0xfff;
        base.wrapping_add(key.counter)
    }
}

impl Kernel for Metropolis {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let mut field = memory::filled("proposed field", 0.0, state.field.len())?;
        let current = Current { field: &state.field, log_density: state.log_density };
        let proposed = self.proposal.propose(Self::counter(key), &current, &mut field)?;
        if let Some([log_current, _]) = proposed.log_densities {
            state.log_density = Some(log_current);
        }
        let has_overflown = proposed.log_densities.is_some_and(|[_, log_q]| log_q == REJECTED);
        if has_overflown || (proposed.log_densities.is_none() && proposed.log_ratio == f64::NEG_INFINITY) {
            return Ok(Info { accepted: false, delta: f64::NEG_INFINITY });
        }
        let value = self.action.value(&field)?;
        if value.is_nan() || value == f64::NEG_INFINITY {
            return Err(Error::BadInput(format!("action of the proposed field: expected a number, got {value}")));
        }
        let (delta, log_ratio) = match proposed.log_densities {
            Some([log_current, log_q]) => {
                let log_weight = -value - log_q;
                (log_weight, log_weight + state.value + log_current)
            }
            None => {
                let log_ratio = state.value - value + proposed.log_ratio;
                (log_ratio, log_ratio)
            }
        };
        let accepted = key.accepts(log_ratio);
        if accepted {
            let log_density = proposed.log_densities.map(|[_, log_q]| log_q);
            state.go_to(field, value);
            state.log_density = log_density;
        }
        Ok(Info { accepted, delta })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::{Broken, Chain4, Fault, Gaussian, Nan, expect_mean, keeps_the_distribution};

    #[test]
    fn metropolised_independence_keeps_the_distribution() {
        keeps_the_distribution(&|action, model| Box::new(Metropolis::independent(action, model).unwrap()));
    }

    #[test]
    fn samples_that_overflow_are_rejected_and_the_distribution_is_kept() {
        let with_overflows =
            |action: Arc<dyn Action>| Metropolis::independent(action, Arc::new(Nan::new(2, 16))).unwrap();
        keeps_the_distribution(&|action, _| Box::new(with_overflows(action)));
        let action = Arc::new(Chain4::new(2, 0.7, 0.3));
        let kernel = with_overflows(action.clone());
        let mut state = ChainState::new(&*action, &[0.3, -0.2]).unwrap();
        for counter in 0..64 {
            let (field, info) = (state.field.clone(), kernel.step(&Key { seed: 3, counter }, &mut state).unwrap());
            let is_rejected = counter % 4 == 0;
            assert_eq!(info.delta == f64::NEG_INFINITY, is_rejected);
            assert!(!is_rejected || (!info.accepted && state.field == field));
        }
    }

    #[test]
    fn the_mean_of_exp_of_the_log_weight_is_the_partition_function() {
        let action = Arc::new(Chain4::new(2, 0.7, 0.3));
        let kernel = Metropolis::independent(action.clone(), Arc::new(Gaussian::new(2, 0.8, 16))).unwrap();
        let mut state = ChainState::new(&*action, &[0.0; 2]).unwrap();
        let weights: Vec<f64> = (0..40_000)
            .map(|counter| kernel.step(&Key { seed: 3, counter }, &mut state).unwrap().delta.exp())
            .collect();
        expect_mean("Z", &weights, action.partition_function_of_two_sites());
    }

    #[test]
    fn lattices_must_agree() {
        let model = Arc::new(Gaussian::new(6, 0.8, 1));
        let error = Metropolis::independent(Arc::new(Chain4::new(8, 0.7, 0.3)), model).err().unwrap();
        assert_eq!((error.status(), error.to_string().as_str()), (3, "model: expected one for the action's 8, got 6"));
    }

    #[test]
    fn an_action_that_fails_or_gives_nan_is_an_error_and_the_state_stays() {
        for (fault, status) in [(Fault::Nan, 4), (Fault::Stops, 8)] {
            let action = Arc::new(Broken::new(8, 1, fault));
            let kernel = Metropolis::independent(action.clone(), Arc::new(Gaussian::new(8, 0.8, 1))).unwrap();
            let mut state = ChainState::new(&*action, &[0.1; 8]).unwrap();
            let before = state.clone();
            let error = kernel.step(&Key { seed: 2, counter: 0 }, &mut state).unwrap_err();
            assert_eq!(error.status(), status, "{error}");
            assert_eq!((&state.field, state.value), (&before.field, before.value));
        }
    }
}
