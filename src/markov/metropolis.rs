//! Metropolised independence sampling: φ' ~ q, accepted with min(1, w(φ') / w(φ)), log w = −S − log q.
//!
//! W. K. Hastings, Biometrika 57, 97 (1970); L. Tierney, Ann. Statist. 22, 1701 (1994).

use super::independence::Independence;
use super::kernel::{Info, Kernel, Key, State};
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::Model;
use crate::random::{Purpose, Stream};
use crate::space::Space;
use std::sync::Arc;

/// Metropolised independence sampling for any action and any model.
pub struct Metropolis {
    action: Arc<dyn Action>,
    independence: Independence,
}

impl Metropolis {
    /// A kernel that proposes from `model` and accepts by `action`; both live on the same lattice.
    pub fn new(action: Arc<dyn Action>, model: Arc<dyn Model>) -> Result<Self> {
        let (expected, got) = (action.lattice(), model.lattice());
        if expected != got {
            let message = format!("model: expected one for the action's {}, got {}", expected.shape(), got.shape());
            return Err(Error::BadShape(message));
        }
        if action.space() != Space::Scalars {
            return Err(Error::Unsupported("model: expected an action of scalars, got one of links".into()));
        }
        Ok(Self { action, independence: Independence::new(model) })
    }

    /// The counter of the model's stream: chains with different seeds read the stream at different places.
    fn counter(key: &Key) -> u64 {
        // Far below 2^64, so that it does not wrap; a multiple of 4096, so that windows are filled from their start.
        let base = (Stream::new(key.seed, Purpose::Proposal, 0).bits() >> 1) & !0xfff;
        base.wrapping_add(key.counter)
    }
}

impl Kernel for Metropolis {
    fn step(&self, key: &Key, state: &mut State) -> Result<Info> {
        let log_current = match state.log_density {
            Some(log_q) => log_q,
            None => self.independence.log_density(&state.field)?,
        };
        state.log_density = Some(log_current);
        let mut proposed = vec![0.0; state.field.len()];
        let log_q = self.independence.draw(Self::counter(key), &mut proposed)?;
        let value = self.action.value(&proposed)?;
        if value.is_nan() || value == f64::NEG_INFINITY {
            return Err(Error::BadInput(format!("action of the proposed field: expected a number, got {value}")));
        }
        let log_weight = -value - log_q;
        let accepted = key.accepts(log_weight + state.value + log_current);
        if accepted {
            *state = State { field: proposed, value, gradient: None, log_density: Some(log_q) };
        }
        Ok(Info { accepted, delta: log_weight })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::{Broken, Chain4, Fault, Gaussian, expect_mean, keeps_the_distribution};

    #[test]
    fn metropolised_independence_keeps_the_distribution() {
        keeps_the_distribution(&|action, model| Box::new(Metropolis::new(action, model).unwrap()));
    }

    #[test]
    fn the_mean_of_exp_of_the_log_weight_is_the_partition_function() {
        let action = Arc::new(Chain4::new(2, 0.7, 0.3));
        let kernel = Metropolis::new(action.clone(), Arc::new(Gaussian::new(2, 0.8, 16))).unwrap();
        let mut state = State::new(&*action, &[0.0; 2]).unwrap();
        let weights: Vec<f64> = (0..40_000)
            .map(|counter| kernel.step(&Key { seed: 3, counter }, &mut state).unwrap().delta.exp())
            .collect();
        expect_mean("Z", &weights, action.partition_function_of_two_sites());
    }

    #[test]
    fn lattices_must_agree() {
        let model = Arc::new(Gaussian::new(6, 0.8, 1));
        let error = Metropolis::new(Arc::new(Chain4::new(8, 0.7, 0.3)), model).err().unwrap();
        assert_eq!((error.status(), error.to_string().as_str()), (3, "model: expected one for the action's 8, got 6"));
    }

    #[test]
    fn an_action_that_fails_or_gives_nan_is_an_error_and_the_state_stays() {
        for (fault, status) in [(Fault::Nan, 4), (Fault::Stops, 8)] {
            let action = Arc::new(Broken::new(8, 1, fault));
            let kernel = Metropolis::new(action.clone(), Arc::new(Gaussian::new(8, 0.8, 1))).unwrap();
            let mut state = State::new(&*action, &[0.1; 8]).unwrap();
            let before = state.clone();
            let error = kernel.step(&Key { seed: 2, counter: 0 }, &mut state).unwrap_err();
            assert_eq!(error.status(), status, "{error}");
            assert_eq!((&state.field, state.value), (&before.field, before.value));
        }
    }
}
