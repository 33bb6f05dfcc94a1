//! Kullback-Leibler divergence of a model q from p = e^−S/Z for each site, where log Z is known.
//!
//! N independent samples x_i of q with log weights l_i = −S(x_i) − log q(x_i) on a lattice of V sites:
//!
//! ```text
//! KL(q‖p)/V = (log Z + E_q[log q + S])/V = (log Z − E_q[l])/V
//! error² = Σ (l_i − l̄)²/(N (N − 1) V²)
//! ```
//!
//! It is at least 0, up to its error, and 0 where q = p alone. Divided by V it does not grow with the lattice where
//! the model is as good everywhere, so that models on different lattices can be compared; the effective sample size
//! falls like e^(−c V). An exact log Z makes it absolute: with log Z from the same samples, a model that misses fields
//! looks as good as one that does not (K. A. Nicoli et al., arXiv:2007.07115).
//!
//! S. Kullback, R. A. Leibler, Ann. Math. Stat. 22, 79 (1951).

use super::Estimate;
use super::bins::mean;
use super::weights::{check, error_from};
use crate::error::{Error, Result};

/// KL(q‖p)/V from at least 2 log weights of independent samples, the exact log Z and the number of sites V. Value and
/// error are +∞ where a sample has a weight of zero (−∞).
pub fn kl_per_site(log_weights: &[f64], log_z: f64, sites: usize) -> Result<Estimate> {
    check(log_weights)?;
    if !log_z.is_finite() {
        return Err(Error::BadInput(format!("log_z: expected a finite number, got {log_z}")));
    }
    if sites == 0 {
        return Err(Error::BadShape("sites: expected at least 1, got 0".into()));
    }
    let average = mean(log_weights.iter().copied());
    if !average.is_finite() {
        return Ok(Estimate { value: f64::INFINITY, error: f64::INFINITY });
    }
    let error = error_from(log_weights.iter().map(|l| l - average));
    Ok(Estimate { value: (log_z - average) / sites as f64, error: error / sites as f64 })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_unit_pulls, normals};
    use super::*;

    /// Each of V sites of q is normal of unit width, of p = e^(−x²/(2 σ²))/Z of width σ.
    const SIGMA: f64 = 0.8;
    const SITES: usize = 16;

    fn log_weights(count: usize, run: u64) -> Vec<f64> {
        let log_norm = 0.5 * (2.0 * std::f64::consts::PI).ln();
        let x = normals(count * SITES, run);
        let weight = |x: &f64| 0.5 * x * x * (1.0 - SIGMA.powi(-2)) + log_norm;
        x.chunks(SITES).map(|field| field.iter().map(weight).sum()).collect()
    }

    fn exact_log_z() -> f64 {
        SITES as f64 * (0.5 * (2.0 * std::f64::consts::PI).ln() + SIGMA.ln())
    }

    #[test]
    fn pulls_of_two_gaussians_have_unit_variance() {
        let exact = SIGMA.ln() + 0.5 * (SIGMA.powi(-2) - 1.0);
        let pulls = |log_z: f64| -> Vec<f64> {
            let measured = (0..200).map(|run| kl_per_site(&log_weights(2_000, run), log_z, SITES).unwrap());
            measured.map(|kl| (kl.value - exact) / kl.error).collect()
        };
        assert_unit_pulls("KL for each site", &pulls(exact_log_z()));
        // A log Z that is wrong by a hundredth for each site is seen.
        let wrong = pulls(exact_log_z() + 0.01 * SITES as f64);
        assert!(wrong.iter().sum::<f64>() / 200.0 > 3.0);
    }

    #[test]
    fn extreme_weights_and_bad_ones() {
        assert_eq!(kl_per_site(&[-3.5; 9], -3.5, 4).unwrap(), Estimate { value: 0.0, error: 0.0 });
        assert_eq!(kl_per_site(&[1e9, 1e9], 1e9 + 8.0, 4).unwrap().value, 2.0);
        let zero = kl_per_site(&[0.0, f64::NEG_INFINITY, 1.0], 0.0, 4).unwrap();
        assert_eq!((zero.value, zero.error), (f64::INFINITY, f64::INFINITY));
        let zero = kl_per_site(&[f64::NEG_INFINITY, 0.0, 1.0], 0.0, 4).unwrap();
        assert_eq!((zero.value, zero.error), (f64::INFINITY, f64::INFINITY));
        let message = |weights: &[f64], log_z, sites| kl_per_site(weights, log_z, sites).unwrap_err().to_string();
        assert_eq!(message(&[0.0], 0.0, 1), "log_weights: expected at least 2 numbers, got 1");
        assert_eq!(message(&[0.0; 2], f64::NAN, 1), "log_z: expected a finite number, got NaN");
        assert_eq!(message(&[0.0; 2], 0.0, 0), "sites: expected at least 1, got 0");
    }
}
