//! Markov kernels as pure functions: step(key, state) changes the state and returns the outcome.
//!
//! A kernel leaves the density exp(-S) invariant. All its random numbers follow from the key, so that any step can
//! be repeated from its counter and the state before it.

use super::reversal::Reversal;
use crate::action::{Action, Draw};
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};

/// Key of the random numbers of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Seed of the chain.
    pub seed: u64,
    /// Number of the step, from 0.
    pub counter: u64,
}

impl Key {
    /// The stream of random numbers of this step for one purpose.
    pub fn stream(&self, purpose: Purpose) -> Stream {
        Stream::new(self.seed, purpose, self.counter)
    }

    /// Key of the random numbers for the pseudofermions of this step.
    pub fn draw(&self) -> Draw {
        Draw { seed: self.seed, counter: self.counter, term: 0 }
    }

    /// True with probability min(1, exp(log_ratio)).
    pub fn accepts(&self, log_ratio: f64) -> bool {
        self.stream(Purpose::Accept).uniform() < log_ratio.exp()
    }
}

/// Outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Info {
    /// The proposed field was taken.
    pub accepted: bool,
    /// ΔH of a trajectory (+∞ where it diverged), the log weight −S − log q of a field proposed by a model, or the logarithm
    /// of the acceptance ratio of a field proposed from the current one.
    pub delta: f64,
}

/// A field with its action, and what kernels have computed for this field.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainState {
    pub(super) field: Vec<f64>,
    pub(super) value: f64,
    /// dS/dφ, left by a kernel that moves along forces.
    pub(super) gradient: Option<Vec<f64>>,
    /// log q, left by a kernel that proposes from a model.
    pub(super) log_density: Option<f64>,
    /// What a kernel with further fields keeps from step to step.
    pub(super) companions: Option<Companions>,
}

/// Further fields of a kernel, and its own numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Companions {
    /// Fields as that of the chain.
    pub fields: Vec<Vec<f64>>,
    /// Real numbers.
    pub numbers: Vec<f64>,
    /// Counts.
    pub counts: Vec<u64>,
}

impl ChainState {
    /// The state of a field of finite numbers with a finite action; links are in their group.
    pub fn new(action: &dyn Action, field: &[f64]) -> Result<Self> {
        let field = action.space().admit(action.lattice(), field)?;
        // Before the first step S has pseudofermions with a counter that no step has.
        let before = Draw { seed: 0, counter: u64::MAX, term: 0 };
        let value = match action.refreshed(before, &field)? {
            Some(refreshed) => refreshed.value(&field)?,
            None => action.value(&field)?,
        };
        if !value.is_finite() {
            return Err(Error::BadInput(format!("action of the field: expected a finite number, got {value}")));
        }
        Ok(Self { field, value, gradient: None, log_density: None, companions: None })
    }

    /// Goes to another field with its action; what further fields there are stay.
    pub(super) fn go_to(&mut self, field: Vec<f64>, value: f64) {
        (self.field, self.value, self.gradient, self.log_density) = (field, value, None, None);
    }

    /// The field, as many numbers as the action counts.
    pub fn field(&self) -> &[f64] {
        &self.field
    }

    /// S of the field.
    pub fn value(&self) -> f64 {
        self.value
    }
}

/// A Markov kernel that leaves exp(-S) invariant.
pub trait Kernel: Send + Sync {
    /// Makes one step; on an error the state is what it was before.
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info>;

    /// True where fields come with weights: then it does not leave exp(−S) as it is.
    fn is_weighted(&self) -> bool {
        false
    }

    /// Number of further fields that it keeps.
    fn companions(&self) -> usize {
        0
    }

    /// Checks further fields and numbers from a file.
    fn check(&self, _companions: &Companions) -> Result<()> {
        Ok(())
    }

    /// What the kernel does and has counted, as JSON; None where there is nothing to tell.
    fn describe(&self, _state: &ChainState) -> Option<serde_json::Value> {
        None
    }

    /// Deviation of the trajectory of this step, run back, from its start; None where the kernel has no trajectories.
    fn reversal(&self, _key: &Key, _state: &ChainState) -> Result<Option<Reversal>> {
        Ok(None)
    }
}
