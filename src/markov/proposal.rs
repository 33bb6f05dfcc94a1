//! The interface of proposals: a field φ', drawn given the current one φ, with the ratio that makes a chain exact.
//!
//! ```text
//! log ratio = log q(φ | φ') − log q(φ' | φ),   accepted with min(1, exp(S(φ) − S(φ') + log ratio))
//! ```

use crate::error::{Result, expect_length};
use crate::space::Domain;

/// The field that is proposed from.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a> {
    /// The field.
    pub field: &'a [f64],
    /// log q of the field, where it is known from the proposal that gave it.
    pub log_density: Option<f64>,
}

/// Outcome of a proposal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposed {
    /// log q(current | proposed) − log q(proposed | current); −∞ is a rejection.
    pub log_ratio: f64,
    /// log q of the current and of the proposed field, where they are drawn from a density q whatever the current one is.
    pub log_densities: Option<[f64; 2]>,
}

/// A proposal for a Markov chain, of a kernel or of a host.
pub trait Proposal: Send + Sync {
    /// Where its fields live.
    fn domain(&self) -> &Domain;

    /// Writes a field to `proposed`, a pure function of the counter and the current field.
    ///
    /// Where the log ratio is −∞ because numbers overflow, `proposed` is `current`. It must not overlap `current`, and is not
    /// written on an error.
    fn propose(&self, counter: u64, current: &Current, proposed: &mut [f64]) -> Result<Proposed>;

    /// The same for several chains: fields one after the other, with counters one after the other.
    fn propose_many(&self, counter: u64, current: &[f64], proposed: &mut [f64], log_ratios: &mut [f64]) -> Result<()> {
        let count = self.domain().count();
        expect_length("current", count.saturating_mul(log_ratios.len()), current.len())?;
        expect_length("proposed", current.len(), proposed.len())?;
        let fields = current.chunks_exact(count).zip(proposed.chunks_exact_mut(count));
        for (i, ((field, proposed), log_ratio)) in fields.zip(log_ratios).enumerate() {
            let current = Current { field, log_density: None };
            *log_ratio = self.propose(counter.wrapping_add(i as u64), &current, proposed)?.log_ratio;
        }
        Ok(())
    }
}
