//! Binned jackknife of any function of means.
//!
//! With n bins of means b_j, overall mean b̄ and b̄_(j) = b̄ + (b̄ − b_j)/(n − 1), the mean without bin j:
//!
//! ```text
//! f_j = f(b̄_(j)),    error² = (n − 1)/n Σ_j (f_j − f̄)²,    bias = (n − 1)(f̄ − f(b̄)),    f̄ = (1/n) Σ_j f_j
//! ```
//!
//! The bins must be many autocorrelation times long. Measurements that fill no whole bin, the first ones, are left out.
//!
//! B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans, SIAM (1982), chapters 2 and 3.

use super::bins::{Bins, mean};
use super::derived::evaluate;
use crate::error::Result;
use crate::memory;

/// Results of the jackknife for a function of means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jackknife {
    /// The function at the means; `value - bias` is free of the bias of order 1/n.
    pub value: f64,
    /// Standard error of the value.
    pub error: f64,
    /// Estimated bias of the value.
    pub bias: f64,
}

/// The jackknife of `function` of the means of `series` (all of one length) over bins of `size` measurements.
pub fn jackknife(function: &dyn Fn(&[f64]) -> f64, series: &[&[f64]], size: usize) -> Result<Jackknife> {
    let bins = Bins::new(series, size)?;
    let value = evaluate(function, &bins.total)?;
    let others = (bins.count - 1) as f64;
    let mut means = memory::cloned("means", &bins.total)?;
    let without = memory::tried("values without a bin", bins.count, |j| {
        let parts = bins.total.iter().zip(bins.bin(j));
        means.iter_mut().zip(parts).for_each(|(mean, (total, bin))| *mean = total + (total - bin) / others);
        evaluate(function, &means)
    })?;
    let average = mean(without.iter().copied());
    let squares: f64 = without.iter().map(|f| (f - average).powi(2)).sum();
    let error = (others / bins.count as f64 * squares).sqrt();
    Ok(Jackknife { value, error, bias: others * (average - value) })
}

#[cfg(test)]
mod tests {
    use super::super::gamma::autocorrelation;
    use super::super::testing::{assert_unit_pulls, autoregressive, mean_and_error, normals};
    use super::*;

    #[test]
    fn white_noise_gives_the_error_of_the_gamma_method() {
        for counter in 0..20 {
            let series = normals(10_000, 300 + counter);
            let gamma = autocorrelation(&series).unwrap();
            let got = jackknife(&|mean| mean[0], &[&series], 1).unwrap();
            assert!((got.error - gamma.error).abs() < 5.0 * gamma.error_error, "{got:?} against {gamma:?}");
            // For the mean itself the jackknife is the usual standard error, and has no bias.
            let (mean, error) = mean_and_error(&series);
            assert!((got.error / error - 1.0).abs() < 1e-9 && (got.value - mean).abs() < 1e-14);
            assert!(got.bias.abs() < 1e-9 * error);
        }
    }

    #[test]
    fn long_bins_give_the_error_of_an_autocorrelated_function() {
        let exact = 0.5 * 1.5 / 0.5;
        let pulls: Vec<f64> = (0..200)
            .map(|run| {
                let series: Vec<f64> = autoregressive(0.5, 10_050, 4_000 + run).iter().map(|x| x + 2.0).collect();
                let got = jackknife(&|mean| mean[0] * mean[0], &[&series], 100).unwrap();
                assert!((got.error / (4.0 * f64::sqrt(2.0 * exact / 10_000.0)) - 1.0).abs() < 0.5, "{got:?}");
                (got.value - got.bias - 4.0) / got.error
            })
            .collect();
        assert_unit_pulls("square", &pulls);
    }

    #[test]
    fn the_bias_of_a_square_is_removed_exactly() {
        // E[mean²] = μ² + σ²/n, and the jackknife's bias of mean² is the unbiased estimate of σ²/n.
        let series = [1.0, 4.0, 2.0, 7.0, 3.0];
        let (_, error) = mean_and_error(&series);
        let got = jackknife(&|mean| mean[0] * mean[0], &[&series], 1).unwrap();
        assert!((got.bias - error * error).abs() < 1e-12, "{got:?}");
    }

    #[test]
    fn bad_input_is_named() {
        let a = [1.0, 2.0, 3.0];
        let run = |series: &[&[f64]], size| jackknife(&|mean| 1.0 / (mean[0] - 2.0), series, size).unwrap_err();
        for (series, size) in [(&a[..], 0), (&a[..], 2), (&a[..1], 1), (&[], 1)] {
            assert!(run(&[series], size).to_string().starts_with("series: expected at least 2 bins"));
        }
        assert!(run(&[], 1).to_string().starts_with("series: expected at least 2 bins"));
        assert_eq!(run(&[&a, &a[..2]], 1).to_string(), "series: expected 3 numbers, got 2");
        assert_eq!(run(&[&[f64::NAN, 1.0]], 1).to_string(), "series: expected finite numbers, got NaN at index 0");
        assert!(run(&[&a], 1).to_string().starts_with("function: expected a finite value, got inf"));
        let still = run(&[&[0.1; 40], &[3.0; 40]], 4);
        let reason = "got 40 equal ones: a chain that never moved tells no error";
        assert_eq!(still.to_string(), format!("series: expected numbers that change, {reason}"));
        assert_eq!(still.status(), 6);
        // A constant beside a series that moves has no part in the error.
        let moving = normals(40, 1);
        let both = jackknife(&|mean| mean[0] + mean[1], &[&moving, &[3.0; 40]], 4).unwrap();
        let alone = jackknife(&|mean| mean[0], &[&moving], 4).unwrap();
        assert!((both.error / alone.error - 1.0).abs() < 1e-12);
    }
}
