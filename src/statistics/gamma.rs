//! The Γ method: mean, error and integrated autocorrelation time of a Markov chain's series.
//!
//! R replica (chains that know nothing of each other) of N_r numbers a_i^r, N = Σ_r N_r in all, mean ā over all:
//!
//! ```text
//! Γ(t) = 1/(N − R t) Σ_r Σ_{i ≤ N_r − t} (a_i^r − ā)(a_{i+t}^r − ā)
//! C(W) = Γ(0) + 2 Σ_{t=1}^W Γ(t)
//! ```
//!
//! The window W is the first, up to half the shortest chain, at which the sum of the systematic error (cut off at W)
//! and the statistical one stops to fall. With ρ = Γ/Γ(0), G(W) = Σ_{t=1}^W ρ(t) and S = 1.5:
//!
//! ```text
//! τ(W) = S / log((G + 1)/G)    (tiny where G ≤ 0),    exp(−W/τ) − τ/√(W N) < 0
//! ```
//!
//! ā is subtracted instead of the exact mean, which lowers each Γ(t) by C/N; so Γ(t) ← Γ(t) + C(W)/N, and then
//!
//! ```text
//! error² = C(W)/N,                            error of the error = error √((W + 1/2)/N)
//! τ_int = C(W)/(2 Γ(0))  (1/2: white noise),  error of τ_int = 2 τ_int √((W + 1/2 − τ_int)/N)
//! ```
//!
//! Three cases go beyond the paper. A constant series has error 0, τ_int 1/2 with error 0, and window 0. Where
//! ρ(1) < −5/√N the series is anticorrelated: Γ alternates and a window of one would cut it off, so that G sums |ρ|
//! in the search for W; the errors of the error and of τ_int, made for slow decay, are then too small (1.4 times at
//! ρ(t) = (−0.6)^t). Where C(W) ≤ 0 all the same, the mean of C(0) … C(W) stands for it, and if that is not positive
//! either the method fails. Time: O(N W); only lags up to W are ever computed.
//!
//! U. Wolff, Comput. Phys. Commun. 156, 143 (2004), hep-lat/0306017.

use crate::error::{Error, Result, expect_finite};

/// S of the automatic window: the ratio assumed between the exponential and the integrated autocorrelation time.
pub const WINDOW_PARAMETER: f64 = 1.5;
/// Fewest numbers of a chain.
const FEWEST: usize = 4;
/// Standard errors 1/√N by which ρ(1) must lie below zero for a series to count as anticorrelated.
const SIGNIFICANCE: f64 = 5.0;

/// What the Γ method says of a series or of a derived quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Autocorrelation {
    /// Mean of the series, or the derived quantity at the means.
    pub mean: f64,
    /// Standard error of the mean, autocorrelations included.
    pub error: f64,
    /// Standard error of `error`.
    pub error_error: f64,
    /// Integrated autocorrelation time τ_int, 1/2 for white noise.
    pub tau: f64,
    /// Standard error of `tau`.
    pub tau_error: f64,
    /// The summation window W that was chosen.
    pub window: usize,
}

/// The Γ method for one chain of at least 4 finite numbers.
pub fn autocorrelation(series: &[f64]) -> Result<Autocorrelation> {
    autocorrelation_of_replica(&[series])
}

/// The Γ method for several independent chains of the same quantity, each of at least 4 finite numbers.
pub fn autocorrelation_of_replica(replica: &[&[f64]]) -> Result<Autocorrelation> {
    check_replica(replica)?;
    let mean = mean_of(replica);
    let fluctuations = replica.iter().map(|chain| chain.iter().map(|a| a - mean).collect()).collect();
    analyse(mean, fluctuations)
}

/// Checks that there are chains, each long enough and finite.
pub(super) fn check_replica(replica: &[&[f64]]) -> Result<()> {
    if replica.is_empty() {
        return Err(Error::BadShape("replica: expected at least 1 chain, got 0".into()));
    }
    for chain in replica {
        if chain.len() < FEWEST {
            return Err(Error::BadShape(format!("series: expected at least {FEWEST} numbers, got {}", chain.len())));
        }
        expect_finite("series", chain)?;
    }
    Ok(())
}

/// Mean over all chains; that of a constant is exact, since only differences from the first number are summed.
pub(super) fn mean_of(replica: &[&[f64]]) -> f64 {
    let first = replica[0][0];
    let count: usize = replica.iter().map(|chain| chain.len()).sum();
    let sum: f64 = replica.iter().map(|chain| chain.iter().map(|a| a - first).sum::<f64>()).sum();
    first + sum / count as f64
}

/// The Γ method for the fluctuations about the `mean` of each chain's numbers.
pub(super) fn analyse(mean: f64, mut fluctuations: Vec<Vec<f64>>) -> Result<Autocorrelation> {
    // In units of the largest fluctuation no square overflows or vanishes.
    let scale = fluctuations.iter().flatten().fold(0.0f64, |largest, a| largest.max(a.abs()));
    if !mean.is_finite() || !scale.is_finite() || fluctuations.iter().flatten().any(|a| a.is_nan()) {
        return Err(Error::BadInput(format!("series: expected numbers of a range below 1e308, got {scale:e}")));
    }
    if scale == 0.0 {
        return Ok(Autocorrelation { mean, error: 0.0, error_error: 0.0, tau: 0.5, tau_error: 0.0, window: 0 });
    }
    fluctuations.iter_mut().flatten().for_each(|a| *a /= scale);

    let count = fluctuations.iter().map(Vec::len).sum::<usize>() as f64;
    let gamma = summed_range(&fluctuations)?;
    let window = gamma.len() - 1;
    let raw = positive_sum(&gamma);
    if raw <= 0.0 {
        return Err(Error::NotConverged(format!(
            "series: expected a positive sum of autocorrelations, got {} Γ(0) at window {window} of {count} numbers",
            raw / gamma[0]
        )));
    }
    let half_width = window as f64 + 0.5;
    let sum = raw * (1.0 + 2.0 * half_width / count);
    let tau = sum / (2.0 * (gamma[0] + raw / count));
    let error = scale * (sum / count).sqrt();
    let tau_error = 2.0 * tau * ((half_width - tau).max(0.0) / count).sqrt();
    Ok(Autocorrelation { mean, error, error_error: error * (half_width / count).sqrt(), tau, tau_error, window })
}

/// C(W), or where noise makes it negative the Cesàro mean of C(0) … C(W).
fn positive_sum(gamma: &[f64]) -> f64 {
    let sum = gamma[0] + 2.0 * gamma[1..].iter().sum::<f64>();
    if sum > 0.0 {
        return sum;
    }
    let weight = |t: usize| 1.0 - t as f64 / gamma.len() as f64;
    gamma[0] + 2.0 * (1..gamma.len()).map(|t| weight(t) * gamma[t]).sum::<f64>()
}

/// Γ(0) to Γ(W), with W the automatic window.
fn summed_range(fluctuations: &[Vec<f64>]) -> Result<Vec<f64>> {
    let count = fluctuations.iter().map(Vec::len).sum::<usize>() as f64;
    let limit = fluctuations.iter().map(Vec::len).min().unwrap_or(0) / 2;
    let mut gamma = vec![gamma_at(fluctuations, 0), gamma_at(fluctuations, 1)];
    let anticorrelated = gamma[1] / gamma[0] < -SIGNIFICANCE / count.sqrt();
    let mut summed = 0.0;
    for window in 1..=limit {
        if window > 1 {
            gamma.push(gamma_at(fluctuations, window));
        }
        let rho = gamma[window] / gamma[0];
        summed += if anticorrelated { rho.abs() } else { rho };
        let tau = if summed > 0.0 { WINDOW_PARAMETER / (1.0 + 1.0 / summed).ln() } else { 0.0 }.max(f64::MIN_POSITIVE);
        let w = window as f64;
        if (-w / tau).exp() < tau / (w * count).sqrt() {
            return Ok(gamma);
        }
    }
    Err(Error::NotConverged(format!(
        "series: expected a summation window of at most half the shortest chain, {limit}, got none; τ_int is about {}",
        0.5 + summed
    )))
}

/// Γ(t).
fn gamma_at(fluctuations: &[Vec<f64>], lag: usize) -> f64 {
    let count: usize = fluctuations.iter().map(|chain| chain.len() - lag).sum();
    fluctuations.iter().map(|chain| dot(&chain[lag..], chain)).sum::<f64>() / count as f64
}

/// Σ a_i b_i over the shorter length, in eight partial sums that the compiler can keep in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let length = a.len().min(b.len());
    let (a_blocks, a_rest) = a[..length].as_chunks::<8>();
    let (b_blocks, b_rest) = b[..length].as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_unit_pulls, autoregressive, fixed_seed, mean_and_error, normals};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pulls_of_short_autocorrelated_runs_have_unit_variance() {
        for (case, a) in [0.0, 0.5, 0.8, -0.6].into_iter().enumerate() {
            let tau = 0.5 * (1.0 + a) / (1.0 - a);
            let count = 3_000;
            let runs: Vec<Autocorrelation> = (0..200)
                .map(|run| autocorrelation(&autoregressive(a, count, 1000 * case as u64 + run)).unwrap())
                .collect();
            let pulls = |f: &dyn Fn(&Autocorrelation) -> f64| -> Vec<f64> { runs.iter().map(f).collect() };
            assert_unit_pulls("mean", &pulls(&|r| r.mean / r.error));
            if a >= 0.0 {
                let exact = (2.0 * tau / count as f64).sqrt();
                assert_unit_pulls("tau", &pulls(&|r| (r.tau - tau) / r.tau_error));
                assert_unit_pulls("error", &pulls(&|r| (r.error - exact) / r.error_error));
            }
        }
    }

    #[test]
    fn the_window_of_white_noise_is_short_and_of_a_slow_series_long() {
        assert!(autocorrelation(&normals(10_000, 1)).unwrap().window < 5);
        let slow = autocorrelation(&autoregressive(0.95, 100_000, 2)).unwrap();
        assert!((60..240).contains(&slow.window), "{slow:?}");
    }

    /// Γ(t) by its definition and the bias, on a series small enough for the sums to be written out.
    #[test]
    fn a_short_series_by_hand() {
        // Fluctuations -3, -1, 1, 3: Γ(0) = 5, Γ(1) = (3 - 1 + 3)/3 = 5/3, so that ρ(1) = 1/3, τ = 1.5/log 4 and
        // exp(-1/τ) - τ/2 < 0 stops at W = 1; C = 25/3, corrected 25/3 (1 + 3/4), Γ(0) corrected 5 + 25/12.
        let got = autocorrelation(&[7.0, 9.0, 11.0, 13.0]).unwrap();
        let (sum, zero) = (25.0 / 3.0 * 1.75, 5.0 + 25.0 / 12.0);
        let (tau, error) = (sum / (2.0 * zero), f64::sqrt(sum / 4.0));
        assert_eq!((got.mean, got.window), (10.0, 1));
        assert!((got.error - error).abs() < 1e-14 && (got.tau - tau).abs() < 1e-14, "{got:?}");
        assert!((got.error_error - error * f64::sqrt(1.5 / 4.0)).abs() < 1e-14, "{got:?}");
        assert!((got.tau_error - 2.0 * tau * f64::sqrt((1.5 - tau) / 4.0)).abs() < 1e-14, "{got:?}");
    }

    #[test]
    fn replica_are_not_correlated_across_their_ends() {
        // Two chains about different means: joined end to end, or cut into four, these are other series.
        let chains: Vec<Vec<f64>> = (0..4).map(|r| autoregressive(0.6, 2_000, 90 + r)).collect();
        let parts: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        let got = autocorrelation_of_replica(&parts).unwrap();
        let mean = chains.iter().flatten().sum::<f64>() / 8_000.0;
        let fluctuations: Vec<Vec<f64>> = chains.iter().map(|c| c.iter().map(|x| x - mean).collect()).collect();
        let gamma: Vec<f64> = (0..=got.window)
            .map(|t| {
                let pairs = fluctuations.iter().flat_map(|c| (t..c.len()).map(|i| c[i] * c[i - t]));
                pairs.sum::<f64>() / (8_000 - 4 * t) as f64
            })
            .collect();
        let sum = gamma[0] + 2.0 * gamma[1..].iter().sum::<f64>();
        let expected = (sum * (1.0 + (2 * got.window + 1) as f64 / 8_000.0) / 8_000.0).sqrt();
        assert!((got.error / expected - 1.0).abs() < 1e-12, "{got:?} against {expected}");
    }

    #[test]
    fn pulls_of_replica_have_unit_variance() {
        let (mut means, mut taus) = (Vec::new(), Vec::new());
        for run in 0..200 {
            let chains: Vec<Vec<f64>> = (0..5).map(|r| autoregressive(0.5, 2_000, 20_000 + 5 * run + r)).collect();
            let parts: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
            let got = autocorrelation_of_replica(&parts).unwrap();
            means.push(got.mean / got.error);
            taus.push((got.tau - 1.5) / got.tau_error);
        }
        assert_unit_pulls("mean", &means);
        assert_unit_pulls("tau", &taus);
    }

    #[test]
    fn strongly_anticorrelated_series_are_summed_until_they_decay() {
        let taus: Vec<f64> =
            (0..100).map(|run| autocorrelation(&autoregressive(-0.9, 20_000, 500 + run)).unwrap().tau).collect();
        let (mean, error) = mean_and_error(&taus);
        let exact = 0.5 * 0.1 / 1.9;
        assert!((mean - exact).abs() < 0.1 * exact + 5.0 * error, "{mean} +- {error} against {exact}");
        assert!(error < 0.1 * exact, "{error}");
        for run in 0..200 {
            autocorrelation(&autoregressive(-0.6, 300, 3_000 + run)).unwrap();
        }
    }

    #[test]
    fn a_constant_series_has_no_error() {
        let got = autocorrelation(&[0.1; 1000]).unwrap();
        assert_eq!((got.mean, got.error, got.error_error), (0.1, 0.0, 0.0));
        assert_eq!((got.tau, got.tau_error, got.window), (0.5, 0.0, 0));
    }

    #[test]
    fn bad_series_are_named() {
        let message = |series: &[f64]| autocorrelation(series).unwrap_err().to_string();
        assert_eq!(message(&[]), "series: expected at least 4 numbers, got 0");
        assert_eq!(message(&[1.0, 2.0, 3.0]), "series: expected at least 4 numbers, got 3");
        assert_eq!(message(&[1.0, 2.0, f64::NAN, 4.0]), "series: expected finite numbers, got NaN at index 2");
        assert!(message(&[f64::MAX, -f64::MAX, 0.0, f64::MAX]).starts_with("series: expected numbers of a range"));
        assert_eq!(
            autocorrelation_of_replica(&[]).unwrap_err().to_string(),
            "replica: expected at least 1 chain, got 0"
        );
        // Ten chains that never move: no window can be found inside one.
        let stuck: Vec<Vec<f64>> = (0..10).map(|r| vec![f64::from(r); 20]).collect();
        let parts: Vec<&[f64]> = stuck.iter().map(Vec::as_slice).collect();
        assert_eq!(autocorrelation_of_replica(&parts).unwrap_err().status(), 6);
    }

    proptest! {
        #![proptest_config(fixed_seed())]

        #[test]
        fn shift_and_scale_of_the_series(
            series in prop::collection::vec(-10.0..10.0, 20..200), shift in -100.0f64..100.0, power in -900..900,
        ) {
            let scale = 2.0f64.powi(power);
            let scaled: Vec<f64> = series.iter().map(|x| x * scale).collect();
            let shifted: Vec<f64> = series.iter().map(|x| x + shift).collect();
            match autocorrelation(&series) {
                Ok(plain) => {
                    let got = autocorrelation(&scaled).unwrap();
                    prop_assert_eq!((got.tau, got.tau_error, got.window), (plain.tau, plain.tau_error, plain.window));
                    prop_assert_eq!((got.mean, got.error), (plain.mean * scale, plain.error * scale));
                    let got = autocorrelation(&shifted).unwrap();
                    prop_assert!((got.mean - plain.mean - shift).abs() < 1e-11);
                    prop_assert!((got.error / plain.error - 1.0).abs() < 1e-9);
                    prop_assert!((got.tau / plain.tau - 1.0).abs() < 1e-9);
                }
                Err(error) => prop_assert_eq!(error.status(), autocorrelation(&shifted).unwrap_err().status()),
            }
        }

        #[test]
        fn any_numbers_give_finite_statistics_or_an_error(
            series in prop::collection::vec(prop_oneof![any::<f64>(), -1.0..1.0, Just(0.0)], 0..40),
        ) {
            if let Ok(got) = autocorrelation(&series) {
                prop_assert!(got.mean.is_finite() && got.error.is_finite() && got.error_error.is_finite());
                prop_assert!(got.tau.is_finite() && got.tau > 0.0 && got.tau_error >= 0.0);
            }
        }
    }
}
