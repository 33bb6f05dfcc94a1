//! Proposals by annealed paths: φ' is the end of a path from first fields, whatever the current field φ is.
//!
//! The state of the chain is thought of as a field with a path that leads to it. A path backward from φ is drawn anew, of weight
//! exp(−W), then a path forward, of weight exp(−W'): with
//!
//! ```text
//! log ratio = W − W' + S(φ') − S(φ)
//! ```
//!
//! the decision accepts with min(1, exp(W − W')), Metropolis with independent proposals for fields and paths together, whose
//! distribution of φ is exp(−S). With layers of a model: M. Caselle et al., arXiv:2201.08862; without: C. Andrieu, A. Doucet,
//! R. Holenstein, J. R. Stat. Soc. B 72, 269 (2010), section 4.3, for annealed paths of R. M. Neal, Stat. Comput. 11, 125 (2001).
//!
//! Paths forward are a pure function of the counter, and those of neighbouring counters are made together, so that their fields fill
//! the lanes of the layers.

use super::annealed_path::{AnnealedPath, Change};
use super::annealed_spec::AnnealedSpec;
use super::population::Member;
use super::proposal::{Current, Proposal, Proposed};
use super::tempering::Builder;
use crate::action::Action;
use crate::error::{Result, expect_finite, expect_length};
use crate::flow::{Stages, Way};
use crate::memory;
use crate::random::{Purpose, Stream};
use crate::space::Domain;
use std::sync::{Arc, Mutex, PoisonError};

/// Paths that are made together where a model has layers; a power of two.
const WINDOW: u64 = 32;
/// Index of the first stream of a path backward, above those of paths forward.
const BACKWARD: u64 = 1 << 32;

/// Annealed paths as proposals.
pub struct Annealed {
    path: AnnealedPath,
    strengths: Vec<f64>,
    seed: u64,
    domain: Domain,
    /// Paths of the last window, with its first counter.
    window: Mutex<Option<(u64, Vec<Member>)>>,
}

impl Annealed {
    /// Proposals for an action of scalars, with a kernel for the action at each strength, and the layers of a model where there is one.
    pub fn new<K>(
        action: Arc<dyn Action>,
        spec: &AnnealedSpec<K>,
        (builder, layers): (Builder, Option<Stages>),
        seed: u64,
    ) -> Result<Self> {
        let domain = action.domain();
        let path = AnnealedPath::new(action, spec, builder, layers)?;
        let strengths = spec.strengths(path.layers())?;
        Ok(Self { path, strengths, seed, domain, window: Mutex::new(None) })
    }

    /// The seeds of some paths for one of their changes.
    fn seeds(&self, counter: u64, count: usize, index: u64) -> Result<Vec<u64>> {
        let seed = |i: usize| {
            let counter = counter.wrapping_add(i as u64);
            Stream::numbered(self.seed, Purpose::Annealing, counter, index).bits()
        };
        memory::collected("seeds of paths", (0..count).map(seed))
    }

    /// The change with this number, counted from 1.
    fn change(&self, number: usize) -> Change {
        Change { number, strengths: [self.strengths[number - 1], self.strengths[number]] }
    }

    /// Paths forward of neighbouring counters; their log weights are −W.
    fn forward(&self, counter: u64, count: usize) -> Result<Vec<Member>> {
        let mut members = self.path.draw(&self.seeds(counter, count, 0)?)?;
        for number in 1..self.strengths.len() {
            self.path.change(&mut members, self.change(number), Way::Forward)?;
            let seeds = self.seeds(counter, count, number as u64)?;
            self.path.sweep(&mut members, self.strengths[number], &seeds, Way::Forward)?;
        }
        Ok(members)
    }

    /// −W of a path backward from a field.
    fn backward(&self, counter: u64, from: Member) -> Result<f64> {
        let mut member = [from];
        for number in (1..self.strengths.len()).rev() {
            let seeds = self.seeds(counter, 1, BACKWARD + number as u64)?;
            self.path.sweep(&mut member, self.strengths[number], &seeds, Way::Backward)?;
            self.path.change(&mut member, self.change(number), Way::Backward)?;
        }
        Ok(member[0].log_weight)
    }

    /// Writes the end of the path forward with a counter, and gives its log weight and S.
    fn end(&self, counter: u64, field: &mut [f64]) -> Result<(f64, f64)> {
        let length = if self.path.layers().is_some() { WINDOW } else { 1 };
        let first = counter - counter % length;
        let lock = || self.window.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is locked while paths are made: an action may call its host, which may propose as well.
        let kept = lock().take().filter(|(known, _)| *known == first);
        let window = match kept {
            Some(window) => window,
            None => (first, self.forward(first, length as usize)?),
        };
        let Member { field: end, values, log_weight, .. } = &window.1[(counter - first) as usize];
        field.copy_from_slice(end);
        let outcome = (*log_weight, values[1]);
        *lock() = Some(window);
        Ok(outcome)
    }
}

impl Proposal for Annealed {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn propose(&self, counter: u64, current: &Current, proposed: &mut [f64]) -> Result<Proposed> {
        let field = current.field;
        expect_length("current", self.domain.count(), field.len())?;
        expect_length("proposed", self.domain.count(), proposed.len())?;
        expect_finite("current", field)?;
        let start = self.path.member(field)?;
        let value = start.values[1];
        let log_current = self.backward(counter, start)?;
        let mut end = memory::filled("end of a path", 0.0, field.len())?;
        let (log_end, end_value) = self.end(counter, &mut end)?;
        let rejected = log_end == f64::NEG_INFINITY;
        proposed.copy_from_slice(if rejected { field } else { &end });
        let log_ratio = if rejected { log_end } else { log_end - log_current + end_value - value };
        Ok(Proposed { log_ratio, log_densities: None })
    }
}

#[cfg(test)]
mod tests;
