//! Parameters of the stochastic paths of a diffusion model.

use crate::error::Result;
use crate::spec::expect;
use serde::{Deserialize, Serialize};

/// Steps of a path, and Langevin steps between them: `{steps: 100, corrector: {steps: 1, size: 0.05}}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PathRatioSpec {
    /// Steps of a path.
    #[serde(default = "hundred")]
    pub steps: usize,
    /// Langevin steps at each level of noise; none where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrector: Option<CorrectorSpec>,
}

/// Langevin steps at a fixed level of noise.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectorSpec {
    /// Their number at each level.
    #[serde(default = "one")]
    pub steps: usize,
    /// Their size ε relative to the variance of noised fields.
    #[serde(default = "size")]
    pub size: f64,
}

fn hundred() -> usize {
    100
}

fn one() -> usize {
    1
}

fn size() -> f64 {
    0.05
}

impl Default for PathRatioSpec {
    fn default() -> Self {
        Self { steps: hundred(), corrector: None }
    }
}

impl PathRatioSpec {
    /// Checks all ranges.
    pub fn check(&self) -> Result<()> {
        let steps = self.steps;
        expect((1..=100_000).contains(&steps), "steps", "1 to 100000", steps)?;
        let Some(CorrectorSpec { steps, size }) = &self.corrector else { return Ok(()) };
        expect((1..=1000).contains(steps), "corrector: steps", "1 to 1000", steps)?;
        expect(*size > 0.0 && *size <= 1.0, "corrector: size", "above 0, at most 1", size)
    }
}
