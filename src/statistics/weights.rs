//! Weights in units of the largest, from their logarithms.

use crate::error::{Error, Result};
use crate::memory;

/// exp(l_i − max l): the largest is 1, and log weights of any size are safe.
#[derive(Debug)]
pub(super) struct Weights {
    /// Weights in units of the largest.
    pub relative: Vec<f64>,
    /// max l.
    pub largest: f64,
}

impl Weights {
    /// From log weights as [`check`] has them; −∞ is a weight of zero, but not for all.
    pub fn new(log_weights: &[f64]) -> Result<Self> {
        check(log_weights)?;
        let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return Err(Error::BadInput("log_weights: expected a weight above zero, got -inf for all".into()));
        }
        let relative = memory::collected("weights", log_weights.iter().map(|l| (l - largest).exp()))?;
        Ok(Self { relative, largest })
    }

    /// Mean of the relative weights.
    pub fn mean(&self) -> f64 {
        self.relative.iter().sum::<f64>() / self.relative.len() as f64
    }
}

/// Checks that there are at least 2 log weights, none NaN or +∞.
pub(super) fn check(log_weights: &[f64]) -> Result<()> {
    if log_weights.len() < 2 {
        return Err(Error::BadShape(format!("log_weights: expected at least 2 numbers, got {}", log_weights.len())));
    }
    if let Some(i) = log_weights.iter().position(|l| l.is_nan() || *l == f64::INFINITY) {
        let got = log_weights[i];
        return Err(Error::BadInput(format!(
            "log_weights: expected finite numbers or -inf (a weight of zero), got {got} at index {i}"
        )));
    }
    Ok(())
}

/// Standard error √(Σ ψ_i²/(N(N − 1))) of an estimate whose change with sample i is ψ_i/N (the delta method).
pub(super) fn error_from(influence: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = influence.len() as f64;
    (influence.map(|psi| psi * psi).sum::<f64>() / (count * (count - 1.0))).sqrt()
}
