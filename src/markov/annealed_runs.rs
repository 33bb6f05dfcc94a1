//! What a chain of annealed runs keeps from step to step: the fields of the last run that no step has given yet, with their log
//! weights, the strengths of the stages, and sums over all runs for log Z and its error.
//!
//! ```text
//! log Z = log (1/R) Σ_r Z_r,    error² = [<Z_r²>/<Z_r>² − 1]/(R − 1)
//! ```
//!
//! As numbers of a chain: log weights, largest log Z_r, Σ Z_r and Σ Z_r² in its units, log Z_r and its error of the last run,
//! strengths, effective sample sizes and acceptances of its stages. As counts: runs, and fields given of the last one.

use super::kernel::Companions;
use super::path::expect_path;
use crate::error::{Error, Result};
use crate::memory;

/// Outcome of one run beside its fields.
#[derive(Clone)]
pub(super) struct Outcome {
    /// log of the estimate Z_r, and its standard error from this run alone.
    pub log_z: [f64; 2],
    /// The strength t of each stage, from 0 to 1: one more than there are changes.
    pub strengths: Vec<f64>,
    /// Effective sample size after each change, before resampling, as a share of the population.
    pub ess: Vec<f64>,
    /// Share of steps of the kernel that were accepted after each change.
    pub accepted: Vec<f64>,
}

/// Numbers beside log weights and those of stages: three sums, and log Z of the last run with its error.
const OTHERS: usize = 5;

/// A view of the numbers of a chain whose runs give so many fields.
pub(super) struct AnnealedRuns<'a> {
    fields: usize,
    companions: &'a Companions,
}

impl<'a> AnnealedRuns<'a> {
    /// The view; an error where the numbers are not those of such a chain.
    pub fn new(companions: &'a Companions, fields: usize) -> Result<Self> {
        let (numbers, counts) = (companions.numbers.len(), &companions.counts);
        // n + 1 strengths, and two numbers for each of n changes.
        let is_whole = numbers > fields + OTHERS + 1 && (numbers - fields - OTHERS - 1).is_multiple_of(3);
        let is_counted = matches!(counts[..], [runs, given] if runs > 0 && (1..=fields as u64).contains(&given));
        if !is_whole || !is_counted || companions.fields.len() + 1 != fields {
            let expected = format!("expected those of annealed runs with {fields} fields");
            return Err(Error::BadInput(format!("numbers: {expected}, got {numbers} numbers and counts {counts:?}")));
        }
        let runs = Self { fields, companions };
        expect_path(runs.strengths(), [0.0, 1.0])?;
        Ok(runs)
    }

    /// The numbers after one more run, which gives fields with these log weights, the first of them now.
    pub fn after(before: Option<&Self>, outcome: &Outcome, log_weights: &[f64]) -> Result<(Vec<f64>, Vec<u64>)> {
        let log_z = outcome.log_z[0];
        let (largest, sums, count) = match before {
            Some(before) => {
                let [largest, first, second] = before.sums();
                let (all, old) = (largest.max(log_z), largest - largest.max(log_z));
                (all, [first * old.exp(), second * (2.0 * old).exp()], before.companions.counts[0])
            }
            None => (log_z, [0.0; 2], 0),
        };
        let new = log_z - largest;
        let others = [largest, sums[0] + new.exp(), sums[1] + (2.0 * new).exp(), log_z, outcome.log_z[1]];
        let parts = [log_weights, &others, &outcome.strengths, &outcome.ess, &outcome.accepted];
        let mut numbers = memory::reserved("numbers of a chain", parts.iter().map(|part| part.len()).sum())?;
        parts.iter().for_each(|part| numbers.extend_from_slice(part));
        Ok((numbers, vec![count + 1, 1]))
    }

    /// The place of the next field among those of the last run, and its log weight; None where all were given.
    pub fn next(&self) -> Option<(usize, f64)> {
        let place = self.companions.counts[1] as usize;
        (place < self.fields).then(|| (place, self.companions.numbers[place]))
    }

    /// Strengths of the stages.
    pub fn strengths(&self) -> &'a [f64] {
        let numbers = &self.companions.numbers[self.fields + OTHERS..];
        &numbers[..(numbers.len() - 1) / 3 + 1]
    }

    fn sums(&self) -> [f64; 3] {
        let numbers = &self.companions.numbers[self.fields..];
        [numbers[0], numbers[1], numbers[2]]
    }

    /// log Z from all runs, and its error from their scatter; None for one run.
    pub fn log_z(&self) -> (f64, Option<f64>) {
        let ([largest, first, second], runs) = (self.sums(), self.companions.counts[0] as f64);
        let square = (runs * second / (first * first) - 1.0).max(0.0) / (runs - 1.0);
        (largest + (first / runs).ln(), (runs > 1.0).then(|| square.sqrt()))
    }

    /// All this as JSON.
    pub fn describe(&self) -> serde_json::Value {
        let (log_z, log_z_error) = self.log_z();
        let last = &self.companions.numbers[self.fields + 3..self.fields + OTHERS];
        let stages = self.strengths().len() - 1;
        let of_stages = &self.companions.numbers[self.fields + OTHERS + stages + 1..];
        serde_json::json!({
            "type": "annealing", "runs": self.companions.counts[0], "log_z": log_z, "log_z_error": log_z_error,
            "strengths": self.strengths(),
            "last_run": {
                "log_z": last[0], "log_z_error": last[1], "ess": &of_stages[..stages], "accepted": &of_stages[stages..],
            },
        })
    }
}
