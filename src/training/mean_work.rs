//! The mean work of paths from an open defect to the theory without it, and its gradient by the coefficients of layers.
//!
//! ```text
//! F = E[W] = Σ_i E[S_{s_i}(g_i(φ)) − S_{s_{i−1}}(φ) − log J_i(φ)] ≥ −log(Z_1 / Z_0)
//! ```
//!
//! Each layer minimises its own increment on the fields that the path brings to it: derivatives do not go through sweeps. Each
//! path of a batch starts from a chain of its own with the open defect, which knows nothing of the layers: a run that goes on
//! makes the sweeps of these chains once more, and has the same numbers as one that never stopped.

use super::fingerprint;
use super::objective::{Objective, Report, Samples};
use super::spec::PathsSpec;
use super::theory::Theory;
use crate::action::Action;
use crate::context::Team;
use crate::error::Result;
use crate::flow::Stout;
use crate::markov::equidistant;
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use crate::statistics::reweighting;
use std::sync::Arc;

/// The mean work of paths on the lattice of an action.
pub struct MeanWork {
    theory: Theory,
    strengths: Vec<f64>,
    /// Number of the layers' parameters.
    parameters: usize,
    walkers: Vec<Walker>,
}

/// A chain with an open defect.
struct Walker {
    field: Vec<f64>,
    /// Sweeps that it has made.
    swept: u64,
}

/// What has come of one path.
struct Outcome {
    work: f64,
    gradient: Vec<f64>,
}

impl MeanWork {
    /// For layers that fit a gauge action.
    pub fn new(model: &Stout, action: &Arc<dyn Action>, spec: &PathsSpec, batch: usize) -> Result<Self> {
        let theory = Theory::new(model, action, spec)?;
        let walker = |_| Ok(Walker { field: memory::cloned("links of a chain", &theory.start)?, swept: 0 });
        Ok(Self {
            strengths: equidistant([0.0, 1.0], spec.steps.unwrap_or(model.spec().steps as u64)),
            parameters: model.parameters().len(),
            walkers: memory::tried("chains of a batch", batch, walker)?,
            theory,
        })
    }

    /// Brings a walker up to its number of sweeps, and takes a copy of its field along a path.
    fn sample(&self, (number, walker): (usize, &mut Walker), counter: u64, sweeps: u64) -> Result<Outcome> {
        let (theory, team) = (&self.theory, Team::default());
        while walker.swept < sweeps {
            progress::check()?;
            let seed = Stream::numbered(theory.seed, Purpose::Training, walker.swept, number as u64).bits();
            theory.chain.sweeps(&team, &mut walker.field, 0.0, (seed, false))?;
            walker.swept += 1;
        }
        let mut field = memory::cloned("links of a path", &walker.field)?;
        let mut random = Stream::numbered(theory.seed, Purpose::Tempering, counter, number as u64);
        let (mut work, mut gradient) = (0.0, memory::filled("gradient", 0.0, self.parameters)?);
        for pair in self.strengths.windows(2) {
            work += theory.path.learn(&mut field, [pair[0], pair[1]], &mut gradient)?;
            if pair[1] < 1.0 {
                theory.path.sweeps(&team, &mut field, pair[1], (random.bits(), false))?;
            }
        }
        Ok(Outcome { work, gradient })
    }
}

impl Objective for MeanWork {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        self.theory.path.set_parameters(parameters)?;
        let (counter, count) = (samples.key.counter, samples.count);
        let sweeps = self.theory.spec.thermalise + (counter / count.max(1) as u64 + 1) * self.theory.spec.between;
        let mut walkers = std::mem::take(&mut self.walkers);
        let work = memory::collected("chains of a batch", walkers.iter_mut())?;
        let outcomes = self.theory.share(work, |walker: (usize, &mut Walker)| self.sample(walker, counter, sweeps));
        self.walkers = walkers;
        let zeros = memory::filled("gradient", 0.0, parameters.len())?;
        let mut report = Report { loss: 0.0, ess: f64::NAN, gradient: zeros, fault: None };
        let mut weights = memory::reserved("works of a batch", count)?;
        for Outcome { work, gradient } in outcomes? {
            report.loss += work / count as f64;
            report.gradient.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += g / count as f64);
            weights.push(-work);
        }
        report.fault = (!report.loss.is_finite()).then(|| format!("{} as the work of paths", report.loss));
        report.ess = if count < 2 || report.fault.is_some() { 1.0 } else { reweighting(&weights)?.ess };
        Ok(report)
    }

    fn name(&self) -> &'static str {
        "action"
    }

    /// S on fixed fields of links.
    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        fingerprint::of_links(&*self.theory.action).map(Some)
    }
}
