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
use crate::action::Action;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::flow::Stout;
use crate::lattice::Neighbours;
use crate::markov::{Surroundings, equidistant};
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use crate::statistics::reweighting;
use std::sync::{Arc, Mutex, PoisonError};

/// The mean work of paths on the lattice of an action.
pub struct MeanWork {
    action: Arc<dyn Action>,
    team: Team,
    seed: u64,
    chain: Surroundings,
    path: Surroundings,
    spec: PathsSpec,
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
        let Some(sum) = action.loop_sum().filter(|sum| sum.patch.is_none()) else {
            let expected = "expected a gauge action without a defect for layers of type 'stout'";
            return Err(Error::Unsupported(format!("action: {expected}, got another")));
        };
        let (lattice, cuboid) = (action.lattice(), &model.spec().defect);
        let patch = sum.around(&Neighbours::new(lattice)?, &cuboid.build(lattice)?)?;
        let of = |within| Surroundings::new(lattice, sum, &patch, (within, spec.overrelaxation));
        let path = of(spec.within)?.with(lattice, cuboid, Some(model))?;
        let start = action.space().cold(lattice)?;
        let walker = |_| Ok(Walker { field: memory::cloned("links of a chain", &start)?, swept: 0 });
        Ok(Self {
            action: Arc::clone(action),
            team: action.team(),
            seed: model.context().seed(),
            chain: of(None)?,
            path,
            spec: spec.clone(),
            strengths: equidistant([0.0, 1.0], spec.steps.unwrap_or(model.spec().steps as u64)),
            parameters: model.parameters().len(),
            walkers: memory::tried("chains of a batch", batch, walker)?,
        })
    }

    /// Brings a walker up to its number of sweeps, and takes a copy of its field along a path.
    fn sample(&self, (number, walker): (usize, &mut Walker), counter: u64, sweeps: u64) -> Result<Outcome> {
        let team = Team::default();
        while walker.swept < sweeps {
            progress::check()?;
            let seed = Stream::numbered(self.seed, Purpose::Training, walker.swept, number as u64).bits();
            self.chain.sweeps(&team, &mut walker.field, 0.0, (seed, false))?;
            walker.swept += 1;
        }
        let mut field = memory::cloned("links of a path", &walker.field)?;
        let mut random = Stream::numbered(self.seed, Purpose::Tempering, counter, number as u64);
        let (mut work, mut gradient) = (0.0, memory::filled("gradient", 0.0, self.parameters)?);
        for pair in self.strengths.windows(2) {
            work += self.path.learn(&mut field, [pair[0], pair[1]], &mut gradient)?;
            if pair[1] < 1.0 {
                self.path.sweeps(&team, &mut field, pair[1], (random.bits(), false))?;
            }
        }
        Ok(Outcome { work, gradient })
    }
}

impl Objective for MeanWork {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        self.path.set_parameters(parameters)?;
        let (counter, count) = (samples.key.counter, samples.count);
        let sweeps = self.spec.thermalise + (counter / count.max(1) as u64 + 1) * self.spec.between;
        let mut walkers = std::mem::take(&mut self.walkers);
        let outcomes = memory::tried("paths of a batch", walkers.len(), |_| Ok(Mutex::new(None)))?;
        self.team.share(walkers.iter_mut().enumerate().collect(), |(number, walker): (usize, &mut Walker)| {
            let outcome = self.sample((number, walker), counter, sweeps);
            *outcomes[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        });
        self.walkers = walkers;
        let zeros = memory::filled("gradient", 0.0, parameters.len())?;
        let mut report = Report { loss: 0.0, ess: f64::NAN, gradient: zeros, fault: None };
        let mut weights = memory::reserved("works of a batch", count)?;
        for outcome in outcomes {
            let outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
            let Outcome { work, gradient } = outcome.ok_or_else(|| Error::Internal("a path of a batch".into()))??;
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
        fingerprint::of_links(&*self.action).map(Some)
    }
}
