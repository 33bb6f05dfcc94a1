//! Log weights l = −S − log q on fields of a chain: checks, and errors of means along the chain.

use super::gamma::{are_equal, autocorrelation};
use crate::error::{Error, Result};

/// Fewest fields of a chain.
const FEWEST: usize = 4;
/// Largest difference of log weights that count as equal, relative to their size: rounding of S and log q.
pub(super) const ROUNDING: f64 = 1e-12;

/// Checks that there are enough log weights, none NaN or −∞, and not all +∞ (q is zero there).
pub(super) fn check(chain: &[f64]) -> Result<()> {
    if chain.len() < FEWEST {
        let got = chain.len();
        return Err(Error::BadShape(format!("chain_log_weights: expected at least {FEWEST} numbers, got {got}")));
    }
    if let Some(i) = chain.iter().position(|l| l.is_nan() || *l == f64::NEG_INFINITY) {
        let got = chain[i];
        return Err(Error::BadInput(format!(
            "chain_log_weights: expected finite numbers or inf (q of zero), got {got} at index {i}"
        )));
    }
    if chain.iter().all(|l| *l == f64::INFINITY) {
        return Err(Error::BadInput("chain_log_weights: expected a finite number, got inf for all".into()));
    }
    Ok(())
}

/// The error of `count` equal log weights: no perfect model gives them, so the chain never moved.
pub(super) fn never_moved(count: usize) -> Error {
    Error::NotConverged(format!(
        "chain_log_weights: expected numbers that change, got {count} equal ones: a chain that never moved"
    ))
}

/// Standard error of the mean of numbers along the chain by the Γ method; 0 where all are equal.
pub(super) fn error_on_chain(numbers: &[f64]) -> Result<f64> {
    if are_equal(numbers) {
        return Ok(0.0);
    }
    Ok(autocorrelation(numbers).map_err(|e| e.within("chain_log_weights"))?.error)
}
