//! Binned bootstrap of any function of means.
//!
//! Each resample k draws n of the n bins with replacement, f_k is the function of the means over these:
//!
//! ```text
//! error² = 1/(K − 1) Σ_k (f_k − f̄)²
//! ```
//!
//! The bins must be many autocorrelation times long. Resample k uses the stream (seed, resampling, k), so that any
//! subset of the resamples can be made again.
//!
//! B. Efron, Ann. Statist. 7, 1 (1979).

use super::Estimate;
use super::bins::{Bins, mean};
use super::derived::evaluate;
use crate::error::{Error, Result};
use crate::memory;
use crate::random::{Purpose, Stream};

/// Settings of the bootstrap: bins, resamples, seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// Measurements in a bin.
    pub size: usize,
    /// Number of resamples K, 2 to 1,000,000.
    pub resamples: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { size: 1, resamples: 1000, seed: 1 }
    }
}

/// Most resamples.
const MOST: usize = 1_000_000;

/// The bootstrap of `function` of the means of `series` (all of one length): its value at the means, and its error.
pub fn bootstrap(function: &dyn Fn(&[f64]) -> f64, series: &[&[f64]], settings: &Bootstrap) -> Result<Estimate> {
    if !(2..=MOST).contains(&settings.resamples) {
        return Err(Error::BadSpec(format!("resamples: expected 2 to {MOST}, got {}", settings.resamples)));
    }
    let bins = Bins::new(series, settings.size)?;
    let value = evaluate(function, &bins.total)?;
    let mut means = memory::cloned("means", &bins.total)?;
    let drawn = memory::tried("values of resamples", settings.resamples, |k| {
        resample(&bins, Stream::new(settings.seed, Purpose::Resampling, k as u64), &mut means);
        evaluate(function, &means)
    })?;
    let average = mean(drawn.iter().copied());
    let squares: f64 = drawn.iter().map(|f| (f - average).powi(2)).sum();
    Ok(Estimate { value, error: (squares / (settings.resamples - 1) as f64).sqrt() })
}

/// Writes the means over n bins drawn with replacement.
fn resample(bins: &Bins, mut stream: Stream, means: &mut [f64]) {
    means.fill(0.0);
    for _ in 0..bins.count {
        let index = ((u128::from(stream.bits()) * bins.count as u128) >> 64) as usize;
        let terms = bins.bin(index).iter().zip(&bins.total);
        means.iter_mut().zip(terms).for_each(|(sum, (bin, total))| *sum += bin - total);
    }
    means.iter_mut().zip(&bins.total).for_each(|(sum, total)| *sum = total + *sum / bins.count as f64);
}

#[cfg(test)]
mod tests {
    use super::super::jackknife::jackknife;
    use super::super::testing::{autoregressive, mean_and_error};
    use super::*;

    fn ratio(mean: &[f64]) -> f64 {
        mean[0] / mean[1]
    }

    #[test]
    fn the_error_of_a_ratio_agrees_with_the_jackknife() {
        let a: Vec<f64> = autoregressive(0.5, 10_000, 1).iter().map(|x| 3.0 + x).collect();
        let b: Vec<f64> = a.iter().zip(autoregressive(0.3, 10_000, 2)).map(|(a, x)| 2.0 + a + x).collect();
        let settings = Bootstrap { size: 50, resamples: 2_000, seed: 7 };
        let got = bootstrap(&ratio, &[&a, &b], &settings).unwrap();
        let expected = jackknife(&ratio, &[&a, &b], 50).unwrap();
        assert_eq!(got.value, expected.value);
        // The error of K resamples scatters by 1/√(2 K).
        let tolerance = 5.0 / f64::sqrt(4_000.0);
        assert!((got.error / expected.error - 1.0).abs() < tolerance, "{got:?} against {expected:?}");
    }

    #[test]
    fn resamples_are_keyed_and_draw_every_bin_alike() {
        let series: Vec<f64> = (0..10).map(f64::from).collect();
        let bins = Bins::new(&[&series], 1).unwrap();
        let drawn = |seed: u64, k: u64| {
            let mut means = [f64::NAN];
            resample(&bins, Stream::new(seed, Purpose::Resampling, k), &mut means);
            means[0]
        };
        assert_eq!(drawn(3, 5), drawn(3, 5));
        assert_ne!(drawn(3, 5), drawn(3, 6));
        assert_ne!(drawn(3, 5), drawn(4, 5));
        let drawn: Vec<f64> = (0..5_000).map(|k| drawn(1, k)).collect();
        let (mean, error) = mean_and_error(&drawn);
        assert!((mean - 4.5).abs() < 5.0 * error, "{mean} +- {error}");
        // The variance of a resampled mean is (1/n) times that of the n numbers: 8.25/10.
        let variance = error * error * 5_000.0;
        assert!((variance / 0.825 - 1.0).abs() < 5.0 * f64::sqrt(2.0 / 5_000.0), "{variance}");
    }

    #[test]
    fn bad_settings_are_named() {
        let run = |settings: Bootstrap| bootstrap(&ratio, &[&[1.0, 2.0], &[1.0, 2.0]], &settings).unwrap_err();
        for resamples in [0, 1, MOST + 1] {
            let message = run(Bootstrap { resamples, ..Bootstrap::default() }).to_string();
            assert_eq!(message, format!("resamples: expected 2 to 1000000, got {resamples}"));
        }
        assert!(run(Bootstrap { size: 0, ..Bootstrap::default() }).to_string().contains("bins of 0"));
        let still = bootstrap(&|mean| mean[0], &[&[0.1; 40]], &Bootstrap::default()).unwrap_err();
        assert!(still.status() == 6 && still.to_string().contains("a chain that never moved"), "{still}");
    }
}
