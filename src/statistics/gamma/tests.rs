//! Tests of the Gamma method.

use super::super::testing::{assert_unit_pulls, autoregressive, fixed_seed, mean_and_error, normals};
use super::*;
use proptest::prelude::*;

#[test]
fn pulls_of_short_autocorrelated_runs_have_unit_variance() {
    for (case, a) in [0.0, 0.5, 0.8, -0.6].into_iter().enumerate() {
        let tau = 0.5 * (1.0 + a) / (1.0 - a);
        let count = 3_000;
        let runs: Vec<Autocorrelation> =
            (0..200).map(|run| autocorrelation(&autoregressive(a, count, 1000 * case as u64 + run)).unwrap()).collect();
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
fn a_chain_that_never_moved_is_an_error_with_the_reason() {
    for value in [0.1, 0.0, -1e300, f64::MIN_POSITIVE] {
        let error = autocorrelation(&[value; 1000]).unwrap_err();
        let reason = "got 1000 equal ones: a chain that never moved tells no error and no τ_int";
        assert_eq!(error.to_string(), format!("series: expected numbers that change, {reason}"));
        assert_eq!(error.status(), 6);
    }
    // One chain among others that move, at their mean or far from it.
    let moving = autoregressive(0.5, 1_000, 1);
    for value in [0.0, 7.0] {
        let still = [value; 500];
        let error = autocorrelation_of_replica(&[&moving, &moving, &still]).unwrap_err();
        assert!(error.to_string().starts_with("replica[2]: expected numbers that change, got 500 equal"), "{error}");
    }
}

#[test]
fn the_quality_of_replica_of_one_distribution_is_uniform_and_that_of_two_vanishes() {
    let run = |run: u64, shift: f64| {
        let chains: Vec<Vec<f64>> = (0..4u64)
            .map(|r| {
                let series = autoregressive(0.5, 1_500 + 200 * r as usize, 40_000 + 4 * run + r);
                series.iter().map(|x| if r == 2 { x + shift } else { *x }).collect()
            })
            .collect();
        let parts: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        autocorrelation_of_replica(&parts).unwrap().quality
    };
    let qualities: Vec<f64> = (0..400).map(|k| run(k, 0.0)).collect();
    let (mean, _) = mean_and_error(&qualities);
    let squares: Vec<f64> = qualities.iter().map(|q| q * q).collect();
    // Mean 1/2 and mean square 1/3, of variances 1/12 and 4/45.
    assert!((mean - 0.5).abs() < 5.0 / f64::sqrt(12.0 * 400.0), "{mean}");
    let (square, _) = mean_and_error(&squares);
    assert!((square - 1.0 / 3.0).abs() < 5.0 * f64::sqrt(4.0 / 45.0 / 400.0), "{square}");
    // A shift of ten standard errors of its chain, √(3/1900) = 0.04, and one that is beyond all doubt.
    assert!((0..20).all(|k| run(k, 0.4) < 1e-6 && run(k, 1.0) < 1e-40));
    assert_eq!(autocorrelation(&normals(100, 3)).unwrap().quality, 1.0);
}

#[test]
fn bad_series_are_named() {
    let message = |series: &[f64]| autocorrelation(series).unwrap_err().to_string();
    assert_eq!(message(&[]), "series: expected at least 4 numbers, got 0");
    assert_eq!(message(&[1.0, 2.0, 3.0]), "series: expected at least 4 numbers, got 3");
    assert_eq!(message(&[1.0, 2.0, f64::NAN, 4.0]), "series: expected finite numbers, got NaN at index 2");
    assert!(message(&[f64::MAX, -f64::MAX, 0.0, f64::MAX]).starts_with("series: expected numbers of a range"));
    assert_eq!(autocorrelation_of_replica(&[]).unwrap_err().to_string(), "replica: expected at least 1 chain, got 0");
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
            prop_assert!((0.0..=1.0).contains(&got.quality));
        }
    }
}
