//! A whole exact Markov chain: a kernel, its state, and a counter from which all its random numbers follow.

use super::kernel::{ChainState, Kernel, Key};
use super::reversal::Reversal;
use super::spec::{ChainSpec, KernelSpec, Start};
use super::start::hot;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::Model;
use crate::random::{Purpose, Stream};
use crate::spec::expect_seed;
use std::sync::Arc;

/// Outcome of a step of a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepInfo {
    /// The proposed field was taken.
    pub accepted: bool,
    /// S of the field now.
    pub value: f64,
    /// ΔH (+∞ where the trajectory diverged), or the log weight −S − log q of the field that a model proposed.
    pub delta: f64,
}

/// A Markov chain that samples exp(−S). For a cycle, one step is one turn of one of its kernels.
pub struct Chain {
    pub(super) action: Arc<dyn Action>,
    pub(super) model: Option<Arc<dyn Model>>,
    pub(super) spec: KernelSpec,
    pub(super) seed: u64,
    pub(super) counter: u64,
    pub(super) state: ChainState,
    pub(super) kernel: Box<dyn Kernel>,
}

impl Chain {
    /// A chain at its start field. `seed` is used where the spec has none; `model` may be None where no kernel needs
    /// it.
    pub fn new(action: Arc<dyn Action>, model: Option<Arc<dyn Model>>, spec: &ChainSpec, seed: u64) -> Result<Self> {
        let kernel = spec.kernel.build(action.clone(), model.clone())?;
        spec.seed.map_or(Ok(()), expect_seed)?;
        let seed = spec.seed.unwrap_or(seed);
        let (space, lattice) = (action.space(), action.lattice());
        let mut field = match spec.start {
            Start::Cold => space.cold(lattice)?,
            Start::Hot => hot(&*action, &mut Stream::new(seed, Purpose::Start, 0))?,
        };
        if action.is_open() {
            space.open(lattice, &mut field);
        }
        let state = ChainState::new(&*action, &field)?;
        Ok(Self { action, model, spec: spec.kernel.clone(), seed, counter: 0, state, kernel })
    }

    /// Goes on from another field of finite numbers (links: of their group); the counter stays.
    pub fn set_field(&mut self, field: &[f64]) -> Result<()> {
        self.state = ChainState::new(&*self.action, field)?;
        Ok(())
    }

    /// True where its fields come with weights.
    pub fn is_weighted(&self) -> bool {
        self.kernel.is_weighted()
    }

    /// The field, as many numbers as the action counts.
    pub fn field(&self) -> &[f64] {
        self.state.field()
    }

    /// S of the field.
    pub fn value(&self) -> f64 {
        self.state.value()
    }

    /// Number of steps made.
    pub fn counter(&self) -> u64 {
        self.counter
    }

    /// Makes one step; on an error field and counter stay, so that the same step can be tried again.
    pub fn step(&mut self) -> Result<StepInfo> {
        let key = Key { seed: self.seed, counter: self.counter };
        let info = self.kernel.step(&key, &mut self.state)?;
        self.counter = self.counter.wrapping_add(1);
        Ok(StepInfo { accepted: info.accepted, value: self.state.value, delta: info.delta })
    }

    /// The chain as JSON: its kernel's spec, counter and seed, and what the kernel has counted.
    pub fn describe(&self) -> Result<serde_json::Value> {
        let spec = serde_json::to_value(&self.spec).map_err(|e| Error::Internal(format!("spec: {e}")))?;
        let kernel = self.kernel.describe(&self.state).unwrap_or_else(|| serde_json::json!({}));
        Ok(serde_json::json!({"spec": spec, "counter": self.counter, "seed": self.seed, "kernel": kernel}))
    }

    /// Deviation of the next trajectory from its start after it is run back with all momenta reversed. The chain stays
    /// as it is.
    pub fn reversibility(&self) -> Result<Reversal> {
        let key = Key { seed: self.seed, counter: self.counter };
        let none = || {
            let kinds = "type 'hmc' or 'transformed_hmc'";
            Error::Unsupported(format!("chain: expected a kernel with trajectories, {kinds}, got none"))
        };
        self.kernel.reversal(&key, &self.state)?.ok_or_else(none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::{Broken, Chain4, Fault, Gaussian};

    fn chain(text: &str, seed: u64) -> Chain {
        let model = Arc::new(Gaussian::new(8, 0.8, 4));
        Chain::new(Arc::new(Chain4::new(8, 0.7, 0.3)), Some(model), &json5::from_str(text).unwrap(), seed).unwrap()
    }

    #[test]
    fn a_chain_starts_cold_or_hot_and_its_seed_makes_its_numbers() {
        assert_eq!(chain("{type: 'hmc'}", 1).field(), [0.0; 8]);
        let hot = |seed| chain("{type: 'hmc', start: 'hot'}", seed);
        assert_eq!(hot(1).field(), hot(1).field());
        assert_ne!(hot(1).field(), hot(2).field());
        assert_eq!(chain("{type: 'hmc', start: 'hot', seed: 2}", 1).field(), hot(2).field());
        let mut chains = [hot(1), hot(1), hot(2)];
        chains[2].set_field(hot(1).field()).unwrap();
        let infos = chains.each_mut().map(|chain| chain.step().unwrap());
        assert_eq!(infos[0], infos[1]);
        assert_ne!(infos[0], infos[2]);
        assert_ne!(chains[0].field(), chains[2].field());
    }

    #[test]
    fn a_step_reports_the_action_of_the_field_now() {
        let action = Chain4::new(8, 0.7, 0.3);
        let mut chain = chain("{type: 'cycle', kernels: [{type: 'hmc', steps: 2}, {type: 'independence'}]}", 1);
        let (mut accepted, mut rejected) = (0, 0);
        for _ in 0..200 {
            let info = chain.step().unwrap();
            assert!((info.value - action.value(chain.field()).unwrap()).abs() < 1e-12);
            if info.accepted { accepted += 1 } else { rejected += 1 }
        }
        assert!(accepted > 50 && rejected > 10, "{accepted} {rejected}");
        assert_eq!(chain.counter(), 200);
    }

    #[test]
    fn a_field_that_does_not_fit_is_refused_and_the_chain_stays() {
        let mut chain = chain("{type: 'hmc'}", 1);
        chain.step().unwrap();
        let before = chain.field().to_vec();
        assert_eq!(chain.set_field(&[0.0; 7]).unwrap_err().status(), 3);
        assert_eq!(chain.set_field(&[f64::NAN; 8]).unwrap_err().status(), 4);
        assert_eq!(chain.set_field(&[1e200; 8]).unwrap_err().status(), 4);
        assert_eq!(chain.field(), before);
    }

    #[test]
    fn a_step_that_fails_is_not_counted() {
        let action = Arc::new(Broken::new(8, 5, Fault::Stops));
        let mut chain = Chain::new(action, None, &ChainSpec::default(), 1).unwrap();
        assert_eq!(chain.step().unwrap_err().status(), 8);
        assert_eq!((chain.counter(), chain.field()), (0, &[0.0; 8][..]));
    }
}
