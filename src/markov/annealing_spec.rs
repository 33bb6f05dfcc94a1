//! Parameters of annealed sequential Monte Carlo, and the free field that it begins with.

use crate::action::{Action, FreeField};
use crate::error::Result;
use crate::spec::expect;
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
    /// Distribution of the first fields.
    #[serde(default)]
    pub from: FirstSpec,
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

/// Distribution of the first fields.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum FirstSpec {
    /// Independent normal numbers.
    White {
        /// Their standard deviation.
        #[serde(default = "unit")]
        width: f64,
    },
    /// A free field.
    Free {
        /// Its mass m².
        #[serde(default = "unit")]
        mass_squared: f64,
        /// The coefficient c of its kinetic term; that of the action where it is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kinetic: Option<f64>,
    },
}

fn unit() -> f64 {
    1.0
}

impl Default for FirstSpec {
    fn default() -> Self {
        FirstSpec::Free { mass_squared: unit(), kinetic: None }
    }
}

impl FirstSpec {
    /// The free field from which the fields of an action begin.
    pub(super) fn build(&self, action: &dyn Action) -> Result<FreeField> {
        let (kinetic, mass_squared) = match *self {
            FirstSpec::White { width } => {
                expect(width.is_finite() && width > 0.0, "width", "a finite number above 0", width)?;
                (0.0, 1.0 / (width * width))
            }
            FirstSpec::Free { mass_squared, kinetic } => (kinetic.unwrap_or_else(|| hopping(action)), mass_squared),
        };
        FreeField::new(action.lattice(), kinetic, mass_squared)
    }
}

/// Strength of the hop along x: that of − h φ(x) φ(x+1), and so of (h/2) (φ(x+1) − φ(x))²; 1 where the action is no polynomial.
fn hopping(action: &dyn Action) -> f64 {
    let Some(polynomial) = action.polynomial() else { return 1.0 };
    let is_along_x = |displacement: &[i64]| displacement.iter().enumerate().all(|(mu, &r)| r == i64::from(mu == 0));
    let hops = polynomial.hops.iter().filter(|hop| is_along_x(&hop.displacement));
    hops.map(|hop| hop.strength).sum::<f64>().max(0.0)
}
