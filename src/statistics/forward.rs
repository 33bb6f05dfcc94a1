//! Effective sample size and Kullback-Leibler divergence of a model from fields of a chain: the forward ones.
//!
//! Fields x_i of a chain of p = e^−S/Z with log weights l_i = −S(x_i) − log q(x_i), w = e^l:
//!
//! ```text
//! ESS = (E_q[w])²/E_q[w²] = Z/E_p[w],    KL(p‖q) = E_p[l] − log Z,    1/Z = E_p[1/w]
//! ```
//!
//! with the log Z that is given, or with that of the last equation, from the same fields. The effective sample size of
//! the model's own samples is the same number where q reaches all fields of p; where it misses some, its own
//! samples do not show it, while fields of the chain there have weights without bound: the forward ESS then falls
//! to 0 and KL(p‖q) grows. Both hold for the fields that the chain comes to.
//!
//! Errors by the delta method and the Γ method along the chain, with u = 1/w and the changes
//!
//! ```text
//! δ log ESS = −(w/E_p[w] − 1) − (u/E_p[u] − 1),    δ KL = l − E_p[l] + (u/E_p[u] − 1)
//! ```
//!
//! without the terms of u where log Z is given. K. A. Nicoli et al., arXiv:2302.14082.

use super::Estimate;
use super::bins::mean;
use super::chain_weights::{self, ROUNDING, error_on_chain, never_moved};
use super::gamma::are_equal;
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::memory;

/// Forward effective sample size and divergence of a model, from fields of a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward {
    /// Effective sample size of the model divided by the number of its samples, Z/E_p[w]; 0 where q of a field is zero.
    /// With a given log Z it may exceed 1 within its error.
    pub ess: Estimate,
    /// KL(p‖q); +∞ with error +∞ where q of a field is zero.
    pub kl: Estimate,
}

/// Forward effective sample size and divergence from log weights of at least 4 fields of a chain, in their order (+∞: q
/// is zero there), with the exact log Z or, where it is None, that of the fields.
pub fn forward(chain: &[f64], log_z: Option<f64>) -> Result<Forward> {
    chain_weights::check(chain)?;
    if let Some(log_z) = log_z.filter(|log_z| !log_z.is_finite()) {
        return Err(Error::BadInput(format!("log_z: expected a finite number, got {log_z}")));
    }
    if are_equal(chain) {
        let is_perfect = log_z.is_some_and(|log_z| (log_z - chain[0]).abs() <= ROUNDING * (1.0 + chain[0].abs()));
        if !is_perfect {
            return Err(never_moved(chain.len()));
        }
    }
    if chain.contains(&f64::INFINITY) {
        let infinite = Estimate { value: f64::INFINITY, error: f64::INFINITY };
        return Ok(Forward { ess: Estimate { value: 0.0, error: 0.0 }, kl: infinite });
    }
    let weights = Weights::new(chain)?;
    let inverse = Weights::new(&memory::collected("log weights", chain.iter().map(|l| -l))?)?;
    let log_mean_weight = weights.largest + weights.mean().ln();
    let log_z_chain = -(inverse.largest + inverse.mean().ln());
    // The change of log Z with each field, none where it is given.
    let share = if log_z.is_some() { 0.0 } else { 1.0 };
    let log_z = log_z.unwrap_or(log_z_chain);
    let (mean_w, mean_u, mean_l) = (weights.mean(), inverse.mean(), mean(chain.iter().copied()));
    let pairs = || weights.relative.iter().zip(&inverse.relative);
    let of_ess = memory::collected("changes", pairs().map(|(w, u)| -(w / mean_w - 1.0) - share * (u / mean_u - 1.0)))?;
    let of_kl = memory::collected(
        "changes",
        chain.iter().zip(&inverse.relative).map(|(l, u)| l - mean_l + share * (u / mean_u - 1.0)),
    )?;
    let ess = (log_z - log_mean_weight).exp();
    Ok(Forward {
        ess: Estimate { value: ess, error: ess * error_on_chain(&of_ess)? },
        kl: Estimate { value: mean_l - log_z, error: error_on_chain(&of_kl)? },
    })
}

#[cfg(test)]
mod tests {
    use super::super::reweighting::reweighting;
    use super::super::testing::{assert_unit_pulls, autoregressive, normals};
    use super::*;

    /// p of unit width times e^LOG_Z, q of width SIGMA, which is wider: all moments exist.
    const SIGMA: f64 = 1.15;
    const LOG_Z: f64 = 3.2;

    fn log_weight(x: f64) -> f64 {
        LOG_Z - 0.5 * x * x * (1.0 - SIGMA.powi(-2)) + SIGMA.ln()
    }

    /// ∫ q w²/Z² dx = σ²/√(2 σ² − 1).
    fn exact_ess() -> f64 {
        (2.0 * SIGMA * SIGMA - 1.0).sqrt() / (SIGMA * SIGMA)
    }

    fn exact_kl() -> f64 {
        SIGMA.ln() + 0.5 * (SIGMA.powi(-2) - 1.0)
    }

    fn chain(count: usize, run: u64) -> Vec<f64> {
        autoregressive(0.6, count, run).into_iter().map(log_weight).collect()
    }

    #[test]
    fn pulls_of_two_gaussians_have_unit_variance() {
        for log_z in [Some(LOG_Z), None] {
            let runs: Vec<Forward> = (0..200).map(|run| forward(&chain(8_000, run), log_z).unwrap()).collect();
            let pulls = |of: &dyn Fn(&Forward) -> Estimate, exact: f64| -> Vec<f64> {
                runs.iter().map(|run| (of(run).value - exact) / of(run).error).collect()
            };
            assert_unit_pulls("ESS", &pulls(&|run| run.ess, exact_ess()));
            assert_unit_pulls("KL", &pulls(&|run| run.kl, exact_kl()));
        }
        // The model's own samples give the same effective sample size.
        let own: Vec<f64> = normals(100_000, 1).iter().map(|z| log_weight(SIGMA * z)).collect();
        let own = reweighting(&own).unwrap();
        assert!((own.ess - exact_ess()).abs() < 5.0 * own.ess_error, "{own:?}");
    }

    #[test]
    fn a_model_of_one_mode_is_exposed() {
        // p has modes at ±6, q that at 6 alone: fields at −6 have log weights near 72.
        let fields = autoregressive(0.5, 4_000, 9);
        let weight = |(i, x): (usize, &f64)| {
            let x = if i / 50 % 2 == 0 { x + 6.0 } else { x - 6.0 };
            let (near, far) = (-0.5 * (x - 6.0).powi(2), -0.5 * (x + 6.0).powi(2));
            near.max(far) - near - 2.0f64.ln()
        };
        let chain: Vec<f64> = fields.iter().enumerate().map(weight).collect();
        let got = forward(&chain, Some(0.0)).unwrap();
        assert!(got.ess.value < 1e-20 && (got.kl.value - 36.0 + 2.0f64.ln()).abs() < 5.0 * got.kl.error, "{got:?}");
    }

    #[test]
    fn extreme_weights_and_bad_ones() {
        let got = forward(&[-3.5; 8], Some(-3.5)).unwrap();
        assert_eq!((got.ess, got.kl), (Estimate { value: 1.0, error: 0.0 }, Estimate { value: 0.0, error: 0.0 }));
        let shifted: Vec<f64> = chain(100, 1).iter().map(|l| l + 1e5).collect();
        let (plain, got) = (forward(&chain(100, 1), None).unwrap(), forward(&shifted, None).unwrap());
        assert!((got.ess.value / plain.ess.value - 1.0).abs() < 1e-9 && (got.kl.value - plain.kl.value).abs() < 1e-9);
        let outside = forward(&[&chain(100, 1)[..], &[f64::INFINITY]].concat(), None).unwrap();
        assert_eq!((outside.ess.value, outside.ess.error, outside.kl.value), (0.0, 0.0, f64::INFINITY));
        let message = |chain: &[f64], log_z| forward(chain, log_z).unwrap_err().to_string();
        assert_eq!(message(&[0.0; 3], None), "chain_log_weights: expected at least 4 numbers, got 3");
        assert_eq!(message(&[0.0, 1.0, 0.0, 1.0], Some(f64::NAN)), "log_z: expected a finite number, got NaN");
        for log_z in [None, Some(1.0)] {
            assert!(message(&[0.25; 100], log_z).ends_with("got 100 equal ones: a chain that never moved"));
        }
    }
}
