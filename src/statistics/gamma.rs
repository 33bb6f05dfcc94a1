//! The Γ method: mean, error and integrated autocorrelation time of a Markov chain's series.
//!
//! R replica (independent chains) of N_r numbers a_i^r, N = Σ_r N_r in all, mean ā over all:
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
//! Replica of one distribution scatter about ā like
//!
//! ```text
//! χ² = Σ_r N_r (ā^r − ā)²/C,    R − 1 degrees of freedom
//! ```
//!
//! and `quality` is the probability of a χ² at least as large. C is that of the fluctuations of each replicum about its
//! own mean, with the correction C ← C (1 + R (2 W + 1)/N), so that it does not grow with the differences it is to
//! judge.
//!
//! Three cases go beyond the paper. A chain of equal numbers, as of a chain that never moved, is an error: it gives
//! neither its error nor τ_int. Where
//! ρ(1) < −5/√N the series is anticorrelated: Γ alternates and a window of one would cut it off, so that G sums |ρ|
//! in the search for W; the errors of the error and of τ_int, made for slow decay, are then too small (1.4 times at
//! ρ(t) = (−0.6)^t). Where C(W) ≤ 0 all the same, the mean of C(0) … C(W) stands for it, and if that is not positive
//! either the method fails. Time: O(N W); only lags up to W are ever computed.
//!
//! U. Wolff, Comput. Phys. Commun. 156, 143 (2004), hep-lat/0306017.

use super::chi_squared;
use crate::error::{Error, Result, expect_finite};
use crate::memory;

/// S of the automatic window: the ratio assumed between the exponential and the integrated autocorrelation time.
pub const WINDOW_PARAMETER: f64 = 1.5;
/// Fewest numbers of a chain.
const FEWEST: usize = 4;
/// Standard errors 1/√N by which ρ(1) must lie below zero for a series to count as anticorrelated.
const SIGNIFICANCE: f64 = 5.0;

/// Results of the Γ method for a series or a derived quantity.
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
    /// Probability that replica of one distribution scatter as much as these or more; 1 for a single chain.
    pub quality: f64,
}

/// The Γ method for one chain of at least 4 finite numbers.
pub fn autocorrelation(series: &[f64]) -> Result<Autocorrelation> {
    autocorrelation_of_replica(&[series])
}

/// The Γ method for several independent chains of the same quantity, each of at least 4 finite numbers.
pub fn autocorrelation_of_replica(replica: &[&[f64]]) -> Result<Autocorrelation> {
    check_replica(replica)?;
    let mean = mean_of(replica);
    let fluctuations = |chain: &&[f64]| memory::collected("fluctuations", chain.iter().map(|a| a - mean));
    analyse(mean, replica.iter().map(fluctuations).collect::<Result<_>>()?)
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
    expect_moving(&fluctuations)?;
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
    let error_error = error * (half_width / count).sqrt();
    let quality = quality(fluctuations, sum)?;
    Ok(Autocorrelation { mean, error, error_error, tau, tau_error, window, quality })
}

/// Checks that no chain is of equal numbers.
fn expect_moving(fluctuations: &[Vec<f64>]) -> Result<()> {
    let Some(still) = fluctuations.iter().position(|chain| are_equal(chain)) else { return Ok(()) };
    let what = if fluctuations.len() == 1 { "series".into() } else { format!("replica[{still}]") };
    let count = fluctuations[still].len();
    Err(Error::NotConverged(format!(
        "{what}: expected numbers that change, got {count} equal ones: a chain that never moved tells no error and no τ_int"
    )))
}

/// True where all numbers are the same.
pub(super) fn are_equal(numbers: &[f64]) -> bool {
    numbers.windows(2).all(|pair| pair[0] == pair[1])
}

/// Q of χ² = Σ_r N_r (ā^r − ā)²/C, with `sum` for C where the fluctuations about the own means have none.
fn quality(mut fluctuations: Vec<Vec<f64>>, sum: f64) -> Result<f64> {
    let replica = fluctuations.len();
    if replica == 1 {
        return Ok(1.0);
    }
    let mut scatter = 0.0;
    for chain in &mut fluctuations {
        let own = chain.iter().sum::<f64>() / chain.len() as f64;
        scatter += own * own * chain.len() as f64;
        chain.iter_mut().for_each(|a| *a -= own);
    }
    let count = fluctuations.iter().map(Vec::len).sum::<usize>() as f64;
    let corrected = |gamma: Vec<f64>| positive_sum(&gamma) * (1.0 + (replica * (2 * gamma.len() - 1)) as f64 / count);
    let own_sum = match summed_range(&fluctuations) {
        Ok(gamma) => Some(corrected(gamma)).filter(|sum| *sum > 0.0),
        Err(Error::NotConverged(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(chi_squared::exceeding(scatter / own_sum.unwrap_or(sum), replica - 1))
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
            memory::push("autocorrelations", &mut gamma, gamma_at(fluctuations, window))?;
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
mod tests;
