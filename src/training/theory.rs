//! What layers are trained on: a gauge theory with their defect, chains in equilibrium, and paths with the layers in them.

use super::spec::PathsSpec;
use crate::action::Action;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::flow::Stout;
use crate::lattice::Neighbours;
use crate::markov::Surroundings;
use crate::memory;
use std::sync::{Arc, Mutex, PoisonError};

/// The lattice of an action, with the defect of some layers.
pub(super) struct Theory {
    pub action: Arc<dyn Action>,
    pub team: Team,
    pub seed: u64,
    /// All links, without layers: what chains in equilibrium sweep.
    pub chain: Surroundings,
    /// The links that paths sweep, with the layers.
    pub path: Surroundings,
    pub spec: PathsSpec,
    /// The field that chains begin from.
    pub start: Vec<f64>,
}

impl Theory {
    /// For layers that fit a gauge action.
    pub fn new(model: &Stout, action: &Arc<dyn Action>, spec: &PathsSpec) -> Result<Self> {
        let Some(sum) = action.loop_sum().filter(|sum| sum.patch.is_none()) else {
            let expected = "expected a gauge action without a defect for layers of type 'stout'";
            return Err(Error::Unsupported(format!("action: {expected}, got another")));
        };
        let (lattice, cuboid) = (action.lattice(), &model.spec().defect);
        let patch = sum.around(&Neighbours::new(lattice)?, &cuboid.build(lattice)?)?;
        let of = |within| Surroundings::new(lattice, sum, &patch, (within, spec.overrelaxation));
        Ok(Self {
            action: Arc::clone(action),
            team: action.team(),
            seed: model.context().seed(),
            chain: of(None)?,
            path: of(spec.within)?.with(lattice, cuboid, Some(model))?,
            spec: spec.clone(),
            start: action.space().cold(lattice)?,
        })
    }

    /// Shares work among the threads; the results in the order of the work, or its first error.
    pub fn share<T: Send, R: Send>(
        &self,
        work: Vec<T>,
        run: impl Fn((usize, T)) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let results = memory::tried("results of chains", work.len(), |_| Ok(Mutex::new(None)))?;
        let work = memory::collected("work of chains", work.into_iter().enumerate())?;
        self.team.share(work, |(number, work): (usize, T)| {
            let result = run((number, work));
            *results[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        });
        let result = |slot: Mutex<Option<Result<R>>>| {
            let result = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            result.ok_or_else(|| Error::Internal("the work of a chain".into()))?
        };
        let mut found = memory::reserved("results of chains", results.len())?;
        for slot in results {
            found.push(result(slot)?);
        }
        Ok(found)
    }
}
