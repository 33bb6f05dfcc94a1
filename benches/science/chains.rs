//! Series measured along the library's own chains, and the time of their steps.

use super::figure::{Aim, Figure};
use super::run::Clock;
use instanton::action::Action;
use instanton::error::Result;
use instanton::flow::Model;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::{Estimate, autocorrelation};
use std::sync::Arc;

/// A kernel for an action, with the model of kernels that need one.
pub struct Kernel<'a> {
    /// The action that it samples.
    pub action: &'a Arc<dyn Action>,
    /// Its model.
    pub model: Option<Arc<dyn Model>>,
    /// Spec of a chain.
    pub spec: &'a str,
    /// Seed of the chain; chains whose numbers are combined have different ones.
    pub seed: u64,
}

impl Kernel<'_> {
    /// A chain after so many steps.
    pub fn chain(&self, skipped: usize) -> Result<Chain> {
        let spec: ChainSpec = spec::parse("chain", self.spec)?;
        let mut chain = Chain::new(Arc::clone(self.action), self.model.clone(), &spec, self.seed)?;
        for _ in 0..skipped {
            chain.step()?;
        }
        Ok(chain)
    }

    /// Measures `of` on each field of a chain, a tenth of the steps being left out before.
    pub fn series<T>(&self, steps: usize, of: impl Fn(&[f64]) -> T) -> Result<Vec<T>> {
        let mut chain = self.chain(steps / 10)?;
        let mut all = Vec::with_capacity(steps);
        for _ in 0..steps {
            chain.step()?;
            all.push(of(chain.field()));
        }
        Ok(all)
    }

    /// Microseconds of a step of a chain that is not measured, over `count` steps after a tenth of them.
    pub fn time_of_step(&self, clock: Clock, count: usize) -> Result<Estimate> {
        let (mut chain, each) = (self.chain(count / 10)?, count.div_ceil(ROUNDS));
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let start = clock();
            for _ in 0..each {
                chain.step()?;
            }
            times.push((clock() - start) / each as f64);
        }
        Ok(median(times))
    }
}

/// Seed of single chains.
pub const SEED: u64 = 23;

/// The series of a kernel that needs no model.
pub fn series(action: &Arc<dyn Action>, spec: &str, steps: usize, of: impl Fn(&[f64]) -> f64) -> Result<Vec<f64>> {
    Kernel { action, model: None, spec, seed: SEED }.series(steps, of)
}

/// The mean of a series, by the Γ method, beside the exact one.
pub fn mean(set_up: &str, series: &[f64], reference: f64, source: &'static str) -> Result<Figure> {
    let found = autocorrelation(series)?;
    Ok(Figure { set_up: set_up.into(), value: found.mean, error: found.error, reference, source, aim: Aim::Equal })
}

/// Rounds in which a time is measured.
pub const ROUNDS: usize = 11;

/// The middle of several measured times, which a disturbance of a few of them does not move, with the standard error of the median
/// of normal numbers; their width is that of the middle of their distances from it.
pub fn median(times: Vec<f64>) -> Estimate {
    let middle = |mut numbers: Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        numbers[numbers.len() / 2]
    };
    let count = times.len() as f64;
    let value = middle(times.clone());
    let width = 1.4826 * middle(times.iter().map(|time| (time - value).abs()).collect());
    Estimate { value, error: width * (std::f64::consts::PI / (2.0 * count)).sqrt() }
}
