//! Metropolis-adjusted Langevin steps along the score that a diffusion model has learned, in place of that of an action.
//!
//! ```text
//! φ' = φ + ε s(φ, t) + √(2ε) η,   log ratio as in `langevin.rs` with G = −s(φ, t)
//! ```
//!
//! No derivative of the action is needed, only its value, and the chain is exact whatever the score.

use super::langevin::{Force, Langevin};
use crate::context::Team;
use crate::error::Result;
use crate::flow::{Model, Score};
use crate::space::Domain;

/// Parameters of the proposal.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedLangevinSpec {
    /// Step ε, above 0.
    pub step: f64,
    /// Time of the score, from 0 to 1.
    #[serde(default)]
    pub time: f64,
}

impl LearnedLangevinSpec {
    /// The proposal for a diffusion model.
    pub fn build(&self, model: &dyn Model, seed: u64) -> Result<Langevin> {
        let score = Score::new(&model.diffused()?, self.time)?;
        Langevin::along(Box::new(score), self.step, seed)
    }
}

impl Force for Score {
    fn domain(&self) -> Domain {
        self.domain().clone()
    }

    fn team(&self) -> Team {
        Team::of(self.context())
    }

    fn write(&self, field: &[f64], gradient: &mut [f64]) -> Result<()> {
        Score::write(self, field, gradient)?;
        gradient.iter_mut().for_each(|g| *g = -*g);
        Ok(())
    }
}
