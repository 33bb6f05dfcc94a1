//! The share of fields in a mode, say of those with positive magnetisation, and the test against the share that is known.
//!
//! A field with a label above 0 is in the mode. Of N fields K are in it, f = K/N; f₀ is the stated share, 1/2 where the
//! action is even and the label odd.
//!
//! ```text
//! independent:   error² = f (1 − f)/(N − 1),    probability = min(1, 2 min(P(k ≤ K), P(k ≥ K))), k binomial with f₀
//! a chain:       error by the Γ method (with τ_int),
//!                probability = P(|z| ≥ |f − f₀|/σ₀),  σ₀² = error² f₀ (1 − f₀)/(f (1 − f)), z normal
//! ```
//!
//! `probability` is that of a share at least as far from f₀ by chance: below 10⁻⁶ the fields do not have
//! the stated share. The error of a chain is put to that of the stated share (σ₀), since a share
//! near 0 or 1 has an error that is too small. A chain that never changed its mode tells no error and is refused: it
//! may have had no time to change, or no way.
//!
//! U. Wolff, Comput. Phys. Commun. 156, 143 (2004); C. J. Clopper, E. S. Pearson, Biometrika 26, 404 (1934).

use super::Estimate;
use super::chi_squared;
use super::gamma::autocorrelation;
use crate::error::{Error, Result, expect_finite};
use crate::memory;

/// Share of fields in a mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModeBalance {
    /// K/N. The error of independent fields is 0 where all or none are in the mode; the probability stays exact.
    pub share: Estimate,
    /// Probability of a share at least as far from the stated one.
    pub probability: f64,
}

/// The balance of a chain, from the labels of at least 4 of its fields in their order.
pub fn mode_balance(labels: &[f64], stated: f64) -> Result<ModeBalance> {
    check(labels, stated)?;
    let inside = memory::collected("labels", labels.iter().map(|label| f64::from(u8::from(*label > 0.0))))?;
    let found = autocorrelation(&inside).map_err(|e| e.within("labels"))?;
    let scale = stated * (1.0 - stated) / (found.mean * (1.0 - found.mean));
    let pull = (found.mean - stated) / (found.error * scale.sqrt());
    let probability = chi_squared::exceeding(pull * pull, 1);
    Ok(ModeBalance { share: Estimate { value: found.mean, error: found.error }, probability })
}

/// The balance of independent fields, from the labels of at least 2.
pub fn mode_balance_of_independent(labels: &[f64], stated: f64) -> Result<ModeBalance> {
    check(labels, stated)?;
    let count = labels.len();
    if count < 2 {
        return Err(Error::BadShape(format!("labels: expected at least 2 numbers, got {count}")));
    }
    let inside = labels.iter().filter(|label| **label > 0.0).count();
    let value = inside as f64 / count as f64;
    let error = (value * (1.0 - value) / (count - 1) as f64).sqrt();
    Ok(ModeBalance { share: Estimate { value, error }, probability: two_sided_binomial(inside, count, stated) })
}

fn check(labels: &[f64], stated: f64) -> Result<()> {
    expect_finite("labels", labels)?;
    if !(stated > 0.0 && stated < 1.0) {
        return Err(Error::BadInput(format!("expected_share: expected a number between 0 and 1, got {stated}")));
    }
    Ok(())
}

/// min(1, 2 min(P(k ≤ K), P(k ≥ K))) for a binomial k of n draws with probability p.
fn two_sided_binomial(inside: usize, n: usize, p: f64) -> f64 {
    // The tail away from the mean is the smaller one; that of few draws is that of many draws of the other kind.
    let is_upper = inside as f64 > n as f64 * p;
    let (k, p) = if is_upper { (inside, p) } else { (n - inside, 1.0 - p) };
    (2.0 * upper_tail(k, n, p)).min(1.0)
}

/// P(k ≥ K) for K of at least n p: terms fall from the first one on, C(n, K) p^K (1 − p)^(n − K).
fn upper_tail(inside: usize, n: usize, p: f64) -> f64 {
    let (k, all) = (inside as f64, n as f64);
    let log_first = log_choose(inside, n) + k * p.ln() + (all - k) * (-p).ln_1p();
    let (mut term, mut sum) = (1.0, 1.0);
    for j in inside..n {
        term *= (n - j) as f64 / (j + 1) as f64 * (p / (1.0 - p));
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    (log_first + sum.ln()).exp()
}

/// log C(n, k) = Σ_{j ≤ m} log((n − m + j)/j), m = min(k, n − k).
fn log_choose(k: usize, n: usize) -> f64 {
    let m = k.min(n - k);
    (1..=m).map(|j| ((n - m + j) as f64 / j as f64).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_unit_pulls, uniforms};
    use super::*;

    /// A stationary chain in its mode for the share `f` of the time: it draws its mode anew at one step in `steps`.
    fn chain(f: f64, steps: f64, count: usize, run: u64) -> Vec<f64> {
        let chance = uniforms(2 * count + 1, run);
        let mut mode = chance[2 * count] <= f;
        let step = |pair: &[f64]| {
            mode = if pair[0] <= 1.0 / steps { pair[1] <= f } else { mode };
            if mode { 0.3 } else { -2.0 }
        };
        chance[..2 * count].chunks(2).map(step).collect()
    }

    #[test]
    fn shares_of_chains_have_unit_pulls_and_probabilities_that_are_uniform() {
        let runs: Vec<ModeBalance> =
            (0..200).map(|run| mode_balance(&chain(0.4, 10.0, 20_000, run), 0.4).unwrap()).collect();
        let pulls: Vec<f64> = runs.iter().map(|run| (run.share.value - 0.4) / run.share.error).collect();
        assert_unit_pulls("share of a chain", &pulls);
        expect_uniform(&runs.iter().map(|run| run.probability).collect::<Vec<f64>>());
        // Another share is refused.
        assert!(mode_balance(&chain(0.4, 10.0, 20_000, 1), 0.5).unwrap().probability < 1e-6);
    }

    #[test]
    fn shares_of_independent_fields_have_unit_pulls_and_probabilities_that_are_uniform() {
        let run = |run| mode_balance_of_independent(&chain(0.3, 1.0, 5_000, run), 0.3).unwrap();
        let runs: Vec<ModeBalance> = (0..200).map(run).collect();
        let pulls: Vec<f64> = runs.iter().map(|run| (run.share.value - 0.3) / run.share.error).collect();
        assert_unit_pulls("share of independent fields", &pulls);
        expect_uniform(&runs.iter().map(|run| run.probability).collect::<Vec<f64>>());
    }

    /// The mean of uniform numbers is 1/2, with variance 1/12.
    fn expect_uniform(probabilities: &[f64]) {
        let count = probabilities.len() as f64;
        let mean = probabilities.iter().sum::<f64>() / count;
        assert!((mean - 0.5).abs() < 5.0 / (12.0 * count).sqrt(), "{mean}");
    }

    #[test]
    fn the_binomial_tail_is_that_of_its_definition() {
        for (n, p) in [(10, 0.5), (17, 0.2), (40, 0.9f64)] {
            let term = |k: usize| {
                let choose = (0..k).map(|j| (n - j) as f64 / (k - j) as f64).product::<f64>();
                choose * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
            };
            for inside in 0..=n {
                let (below, above) = ((0..=inside).map(term).sum::<f64>(), (inside..=n).map(term).sum::<f64>());
                let expected = (2.0 * below.min(above)).min(1.0);
                let got = two_sided_binomial(inside, n, p);
                assert!((got - expected).abs() < 1e-12 + 1e-9 * expected, "{inside} of {n}: {got} against {expected}");
            }
        }
        // A model of one mode of two: all of a hundred samples have one sign.
        let got = mode_balance_of_independent(&[0.7; 100], 0.5).unwrap();
        assert_eq!((got.share.value, got.share.error), (1.0, 0.0));
        assert!((got.probability / 2.0f64.powi(-99) - 1.0).abs() < 1e-9, "{got:?}");
        // A million fields: the tail of the normal distribution, at three standard deviations.
        let (n, inside) = (1_000_000, 501_500);
        let got = two_sided_binomial(inside, n, 0.5);
        assert!((got / 0.0027 - 1.0).abs() < 0.01, "{got}");
    }

    #[test]
    fn labels_of_zero_are_outside_and_bad_ones_are_named() {
        let got = mode_balance_of_independent(&[0.0, 1.0, 0.0, 1.0], 0.5).unwrap();
        assert_eq!((got.share.value, got.probability), (0.5, 1.0));
        let message = |labels: &[f64], stated| mode_balance(labels, stated).unwrap_err().to_string();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let expected = format!("labels: expected finite numbers, got {bad} at index 1");
            assert_eq!(message(&[0.0, bad, 1.0, -1.0], 0.5), expected);
            let independent = mode_balance_of_independent(&[0.0, bad, 1.0, -1.0], 0.5).unwrap_err();
            assert_eq!((independent.status(), independent.to_string()), (4, expected));
        }
        for stated in [0.0, 1.0, f64::NAN] {
            assert!(message(&[0.0; 4], stated).ends_with(&format!("between 0 and 1, got {stated}")));
        }
        let still = mode_balance(&[0.7; 100], 0.5).unwrap_err();
        assert!(still.status() == 6 && still.to_string().contains("a chain that never moved"), "{still}");
        assert!(mode_balance_of_independent(&[1.0], 0.5).is_err() && mode_balance(&[1.0, 0.0, 1.0], 0.5).is_err());
    }
}
