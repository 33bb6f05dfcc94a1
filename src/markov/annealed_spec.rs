//! Parameters of annealed paths, and of the fields that they begin with.

use super::first_fields::First;
use super::tempered::strengths;
use crate::action::{Action, Couplings, FreeField};
use crate::error::{Error, Result};
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most changes of the strength.
pub(super) const MOST_CHANGES: usize = 10_000;
/// Most steps of the chains of first fields.
const MOST_STEPS: u64 = 1_000_000;

/// Parameters of paths with a given number of changes; K is the spec of a kernel.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnnealedSpec<K> {
    /// Distribution of the first fields; with layers white noise where it is not given, else a free field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<FirstSpec>,
    /// Changes of the strength t of the action, in equal steps; as many as there are layers where neither is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Strengths on the way, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strengths: Option<Vec<f64>>,
    /// Kernel of each field after each change, hybrid Monte Carlo where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<K>,
    /// Its steps after each change.
    #[serde(default = "one")]
    pub sweeps: u64,
}

fn one() -> u64 {
    1
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
    /// The same theory with other couplings, by chains of the kernel from hot starts.
    Chain {
        /// The couplings.
        couplings: Couplings,
        /// Steps of each chain.
        #[serde(default = "hundred")]
        thermalise: u64,
    },
}

fn unit() -> f64 {
    1.0
}

fn hundred() -> u64 {
    100
}

impl Default for FirstSpec {
    fn default() -> Self {
        FirstSpec::Free { mass_squared: unit(), kinetic: None }
    }
}

impl<K> AnnealedSpec<K> {
    /// The first fields, those that are given or the usual ones.
    pub fn first(&self, has_layers: bool) -> FirstSpec {
        let usual = || if has_layers { FirstSpec::White { width: unit() } } else { FirstSpec::default() };
        self.from.clone().unwrap_or_else(usual)
    }

    /// The strengths from 0 to 1, one change for each layer where there are layers.
    pub fn strengths(&self, layers: Option<usize>) -> Result<Vec<f64>> {
        let steps = match (self.steps, &self.strengths, layers) {
            (None, None, Some(layers)) => Some(layers as u64),
            (steps, _, _) => steps,
        };
        let strengths = strengths(steps, self.strengths.as_ref(), [0.0, 1.0])?;
        let changes = strengths.len() - 1;
        expect(changes <= MOST_CHANGES, "strengths", &format!("at most {MOST_CHANGES} changes"), changes)?;
        if let Some(layers) = layers {
            let expected = format!("{layers} changes, as many as the model has layers");
            expect(changes == layers, "strengths", &expected, changes)?;
        }
        Ok(strengths)
    }
}

impl FirstSpec {
    /// The first fields of paths to an action.
    pub(super) fn build(&self, action: &Arc<dyn Action>) -> Result<First> {
        let (kinetic, mass_squared) = match self {
            FirstSpec::White { width } => {
                expect(width.is_finite() && *width > 0.0, "width", "a finite number above 0", width)?;
                (0.0, 1.0 / (width * width))
            }
            FirstSpec::Free { mass_squared, kinetic } => (kinetic.unwrap_or_else(|| hopping(&**action)), *mass_squared),
            FirstSpec::Chain { couplings, thermalise } => {
                if couplings.is_empty() {
                    return Err(Error::BadSpec("couplings: expected at least one, got none".into()));
                }
                let range = format!("1 to {MOST_STEPS}");
                expect((1..=MOST_STEPS).contains(thermalise), "thermalise", &range, thermalise)?;
                return Ok(First::Chains { action: action.at(couplings)?, thermalise: *thermalise });
            }
        };
        FreeField::new(action.lattice(), kinetic, mass_squared).map(First::Free)
    }
}

/// Strength of the hop along x: that of − h φ(x) φ(x+1), and so of (h/2) (φ(x+1) − φ(x))²; 1 where the action is no polynomial.
fn hopping(action: &dyn Action) -> f64 {
    let Some(polynomial) = action.polynomial() else { return 1.0 };
    let is_along_x = |displacement: &[i64]| displacement.iter().enumerate().all(|(mu, &r)| r == i64::from(mu == 0));
    let hops = polynomial.hops.iter().filter(|hop| is_along_x(&hop.displacement));
    hops.map(|hop| hop.strength).sum::<f64>().max(0.0)
}
