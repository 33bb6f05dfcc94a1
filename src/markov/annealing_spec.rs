//! Parameters of annealed sequential Monte Carlo.

use super::annealed_spec::{AnnealedSpec, FirstSpec};
use serde::{Deserialize, Serialize};

/// Parameters of annealing; K is the spec of a kernel.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnnealingSpec<K> {
    /// Number N of fields of a run.
    #[serde(default = "population")]
    pub population: u64,
    /// Number of fields that a run gives, one a step of the chain.
    #[serde(default = "one")]
    pub fields: u64,
    /// Distribution of the first fields; with layers white noise where it is not given, else a free field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<FirstSpec>,
    /// Changes of the strength t of the action, in equal steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Strengths on the way, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strengths: Option<Vec<f64>>,
    /// Effective sample size that the weights of one change leave, as a share: strengths are found for it where neither `steps`
    /// nor `strengths` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ess: Option<f64>,
    /// Resampling where the effective sample size is below this share of the population; 0: never.
    #[serde(default = "half")]
    pub resample: f64,
    /// Kernel of each field after each change, hybrid Monte Carlo where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<K>,
    /// Its steps after each change.
    #[serde(default = "one")]
    pub sweeps: u64,
}

fn population() -> u64 {
    256
}

fn one() -> u64 {
    1
}

fn half() -> f64 {
    0.5
}

impl<K: Clone> AnnealingSpec<K> {
    /// Its paths, whose changes are those that are given.
    pub(super) fn path(&self) -> AnnealedSpec<K> {
        let Self { from, steps, strengths, kernel, sweeps, .. } = self.clone();
        AnnealedSpec { from, steps, strengths, kernel, sweeps }
    }
}
