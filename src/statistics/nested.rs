//! The effective sample size as a function of the number of samples: whether it has converged.
//!
//! ```text
//! ESS(n) = (Σ_{i ≤ n} w_i)²/(n Σ_{i ≤ n} w_i²),    n = n_1, n_2, … ≤ N
//! ```
//!
//! of the first n of N independent samples. Few samples do not meet the largest weights, so that ESS(n) begins near 1 and
//! falls to its limit; the effective sample size of a model is known where it has stopped to fall within its errors.
//! Where the weights have no variance it falls for ever, like a power of 1/n, and its errors are too small
//! all the way (S. Chatterjee, P. Diaconis, arXiv:1511.01437). Subsets are nested, so the numbers are correlated: the
//! difference of two of them has less than the errors of both.

use super::Estimate;
use super::reweighting::effective_sample_size;
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::memory;

/// The effective sample size of the first n log weights, divided by n, for each n of `counts`, 2 to their number.
pub fn nested_ess(log_weights: &[f64], counts: &[usize]) -> Result<Vec<Estimate>> {
    let all = log_weights.len();
    memory::tried("ess", counts.len(), |k| {
        let count = counts[k];
        if !(2..=all).contains(&count) {
            return Err(Error::BadShape(format!("counts[{k}]: expected 2 to {all}, got {count}")));
        }
        Ok(effective_sample_size(&Weights::new(&log_weights[..count])?))
    })
}

#[cfg(test)]
mod tests {
    use super::super::reweighting::reweighting;
    use super::super::testing::{assert_unit_pulls, normals, uniforms};
    use super::*;

    #[test]
    fn each_is_the_effective_sample_size_of_its_subset() {
        let logs: Vec<f64> = normals(1_000, 3).iter().map(|z| 2.0 * z - 700.0).collect();
        let got = nested_ess(&logs, &[1_000, 2, 64]).unwrap();
        for (estimate, count) in got.iter().zip([1_000, 2, 64]) {
            let expected = reweighting(&logs[..count]).unwrap();
            assert_eq!((estimate.value, estimate.error), (expected.ess, expected.ess_error));
        }
        // A subset far below the largest weight of all is in units of its own largest.
        let far = [&logs[..10], &[1e4]].concat();
        assert_eq!(nested_ess(&far, &[10]).unwrap()[0], nested_ess(&logs, &[10]).unwrap()[0]);
    }

    #[test]
    fn it_converges_for_gaussians_and_falls_without_end_where_weights_have_no_variance() {
        // p of width σ < √2, q of unit width: ESS = σ √(2 − σ²).
        let sigma: f64 = 1.1;
        let exact = sigma * (2.0 - sigma * sigma).sqrt();
        let gaussian =
            |run| -> Vec<f64> { normals(16_384, run).iter().map(|x| 0.5 * x * x * (1.0 - sigma.powi(-2))).collect() };
        let last = |run| nested_ess(&gaussian(run), &[4_096, 16_384]).unwrap()[1];
        let pulls: Vec<f64> = (0..200).map(|run| (last(run).value - exact) / last(run).error).collect();
        assert_unit_pulls("the last effective sample size", &pulls);
        // w = u^−0.8 has a mean and no variance: ESS(n) falls like n^−0.6, by 12 from one count to the next.
        let heavy = |run| -> Vec<f64> { uniforms(16_384, run).iter().map(|u| -0.8 * u.ln()).collect() };
        let average = |k: usize| -> f64 {
            (0..50).map(|run| nested_ess(&heavy(run), &[256, 16_384]).unwrap()[k].value).sum::<f64>() / 50.0
        };
        assert!(average(0) > 3.0 * average(1), "{} {}", average(0), average(1));
    }

    #[test]
    fn bad_counts_are_named() {
        let message = |counts: &[usize]| nested_ess(&[0.0; 8], counts).unwrap_err().to_string();
        assert_eq!(message(&[2, 9]), "counts[1]: expected 2 to 8, got 9");
        assert_eq!(message(&[1]), "counts[0]: expected 2 to 8, got 1");
        assert!(nested_ess(&[0.0, f64::NAN], &[2]).is_err());
        assert_eq!(nested_ess(&[0.0; 8], &[]).unwrap(), []);
    }
}
