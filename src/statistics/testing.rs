//! Random series with known statistics, and the check of pulls, for the tests of this module.

use crate::random::{Purpose, Stream};
use proptest::test_runner::{Config, RngSeed};

/// Property tests with a fixed seed.
pub fn fixed_seed() -> Config {
    Config { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() }
}

/// Standard normal numbers of stream `counter`.
pub fn normals(count: usize, counter: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; count];
    Stream::new(2025, Purpose::Start, counter).normals(&mut numbers);
    numbers
}

/// Uniform numbers in (0, 1] of stream `counter`.
pub fn uniforms(count: usize, counter: u64) -> Vec<f64> {
    let mut stream = Stream::new(2026, Purpose::Start, counter);
    (0..count).map(|_| 1.0 - stream.uniform()).collect()
}

/// A stationary AR(1) series x' = a x + √(1 − a²) z of unit variance: ρ(t) = a^t, τ_int = (1 + a)/(2 (1 − a)).
pub fn autoregressive(a: f64, count: usize, counter: u64) -> Vec<f64> {
    let mut series = normals(count, counter);
    for i in 1..count {
        series[i] = a * series[i - 1] + (1.0 - a * a).sqrt() * series[i];
    }
    series
}

/// Mean and standard error of independent numbers.
pub fn mean_and_error(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (count * (count - 1.0))).sqrt())
}

/// Checks that pulls (estimate − exact)/error have mean zero and unit variance within five standard errors, the latter
/// being √(2/n) for normal numbers.
pub fn assert_unit_pulls(what: &str, pulls: &[f64]) {
    let count = pulls.len() as f64;
    let (mean, _) = mean_and_error(pulls);
    let variance = pulls.iter().map(|p| p * p).sum::<f64>() / count;
    assert!(mean.abs() < 5.0 / count.sqrt(), "{what}: pulls of mean {mean}");
    assert!((variance - 1.0).abs() < 5.0 * (2.0 / count).sqrt(), "{what}: pulls of variance {variance}");
}
