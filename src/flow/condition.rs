//! Conditions: couplings that a model depends on, each within a range; networks see them scaled to [-1, 1].
//!
//! In a spec: `condition: {lambda: [4, 8]}`. Conditions are in alphabetical order.

use crate::action::Couplings;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Conditions of a model by their names, with the range of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conditions(BTreeMap<String, [f64; 2]>);

/// Values of conditions by their names: `{lambda: 5.5}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(pub Couplings);

impl Conditions {
    /// No conditions.
    pub const NONE: &Self = &Self(BTreeMap::new());

    /// Number of conditions.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// True where a model has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks names and ranges.
    pub fn check(&self) -> Result<()> {
        const MOST: usize = 16;
        if self.count() > MOST {
            return Err(Error::BadSpec(format!("condition: expected at most {MOST} conditions, got {}", self.count())));
        }
        for (name, [low, high]) in &self.0 {
            if !(low.abs() <= 1e100 && high.abs() <= 1e100 && low < high) {
                let got = format!("[{low}, {high}]");
                return Err(Error::BadSpec(format!(
                    "condition: {name}: expected [low, high] with low < high, both within 1e100, got {got}"
                )));
            }
        }
        Ok(())
    }

    /// Values scaled to [-1, 1]; an error for one that is missing, unknown or out of its range.
    pub fn scaled(&self, values: &Values) -> Result<Vec<f64>> {
        let known = || self.0.keys().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        if let Some(name) = values.0.keys().find(|name| !self.0.contains_key(*name)) {
            return Err(Error::BadSpec(format!("condition: expected one of {}, got '{name}'", known())));
        }
        let scale = |(name, &[low, high]): (&String, &[f64; 2])| match values.0.get(name) {
            None => Err(Error::BadSpec(format!("condition: expected a value of '{name}', got none"))),
            Some(value) if (low..=high).contains(value) => Ok((2.0 * value - low - high) / (high - low)),
            Some(value) => Err(Error::BadSpec(format!("{name}: expected a number from {low} to {high}, got {value}"))),
        };
        self.0.iter().map(scale).collect()
    }

    /// Values at uniform numbers in [0, 1], one for each condition.
    pub fn at(&self, uniforms: &[f64]) -> Values {
        let value = |((name, [low, high]), u): ((&String, &[f64; 2]), &f64)| (name.clone(), low + u * (high - low));
        Values(self.0.iter().zip(uniforms).map(value).collect())
    }
}
