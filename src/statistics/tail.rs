//! Shape k̂ of the tail of importance weights: are enough moments finite for the central limit theorem?
//!
//! The M = ⌈min(N/5, 3 √N)⌉ largest weights, less the next smaller one, follow a generalised Pareto distribution
//! with density (1/σ)(1 + k x/σ)^(−1/k − 1). With θ = −k/σ the best k is k(θ) = (1/n) Σ_i log(1 − θ x_i), and θ is
//! its mean under the profile likelihood on a grid of m = 30 + ⌊√n⌋ points:
//!
//! ```text
//! θ_j = 1/x_max + (1 − √(m/(j − 1/2)))/(3 x*),    L(θ) = n [log(−θ/k(θ)) − k(θ) − 1],    x* = lower quartile
//! ```
//!
//! and, as in Pareto smoothed importance sampling, ten pseudo-observations of 1/2 steady it: k̂ = (n k + 5)/(n + 10).
//!
//! J. Zhang, M. A. Stephens, Technometrics 51, 316 (2009); A. Vehtari et al., arXiv:1507.02646.

use crate::error::Result;
use crate::memory;

/// Fewest numbers of a tail.
const FEWEST: usize = 5;
/// A tail that rises by less than this, relative to the largest weight, is flat.
const FLAT: f64 = 1e-10;

/// k̂ of weights in units of the largest: +∞ where fewer than five weights form the tail (as for N ≤ 20, or where a
/// few weights are all there is), too few for an estimate; 0 where the tail is flat, as for equal weights.
pub(super) fn shape(weights: &[f64]) -> Result<f64> {
    let count = weights.len() as f64;
    let size = (count / 5.0).min(3.0 * count.sqrt()).ceil() as usize;
    if size < FEWEST {
        return Ok(f64::INFINITY);
    }
    let mut sorted = memory::cloned("sorted weights", weights)?;
    let (_, cutoff, tail) = sorted.select_nth_unstable_by(weights.len() - size - 1, f64::total_cmp);
    // Weights that vanish beside the largest do not constrain the shape.
    let cutoff = cutoff.max(f64::MIN_POSITIVE);
    if 1.0 - cutoff < FLAT {
        return Ok(0.0);
    }
    let mut excess = memory::reserved("weights of the tail", tail.len())?;
    excess.extend(tail.iter().filter(|w| **w > cutoff).map(|w| w - cutoff));
    if excess.len() < FEWEST {
        return Ok(f64::INFINITY);
    }
    excess.sort_unstable_by(f64::total_cmp);
    generalised_pareto(&excess)
}

/// k̂ of at least 5 positive numbers in ascending order.
fn generalised_pareto(x: &[f64]) -> Result<f64> {
    let n = x.len() as f64;
    let (quartile, largest) = (x[(n / 4.0 + 0.5) as usize - 1], x[x.len() - 1]);
    let k_of = |theta: f64| x.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / n;
    let points = (30.0 + n.sqrt().floor()) as usize;
    let at = |j: usize| {
        let theta = 1.0 / largest + (1.0 - (points as f64 / (j as f64 + 0.5)).sqrt()) / (3.0 * quartile);
        let k = k_of(theta);
        // θ → 0 is the exponential distribution, of rate 1/mean.
        let rate = if k == 0.0 { n / x.iter().sum::<f64>() } else { -theta / k };
        (theta, n * (rate.ln() - k - 1.0))
    };
    let grid = memory::collected("points of the tail's fit", (0..points).map(at))?;
    let best = grid.iter().fold(f64::NEG_INFINITY, |best, (_, likelihood)| best.max(*likelihood));
    let (mut sum, mut total) = (0.0, 0.0);
    for (theta, likelihood) in grid {
        let weight = (likelihood - best).exp();
        sum += weight * theta;
        total += weight;
    }
    Ok((n * k_of(sum / total) + 5.0) / (n + 10.0))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mean_and_error, uniforms};
    use super::*;

    fn relative(weights: impl Iterator<Item = f64>) -> Vec<f64> {
        let weights: Vec<f64> = weights.collect();
        let largest = weights.iter().copied().fold(0.0, f64::max);
        weights.iter().map(|w| w / largest).collect()
    }

    #[test]
    fn shapes_of_known_tails() {
        // u^-k has exactly the generalised Pareto tail of shape k; -log u that of k = 0, 1 - u^0.3 that of -0.3.
        let cases: [(f64, &dyn Fn(f64) -> f64); 6] = [
            (0.9, &|u| u.powf(-0.9)),
            (0.7, &|u| u.powf(-0.7)),
            (0.5, &|u| u.powf(-0.5)),
            (0.2, &|u| u.powf(-0.2)),
            (0.0, &|u| 1.0 - u.ln()),
            (-0.3, &|u| 1.0 - u.powf(0.3)),
        ];
        for (case, (k, weight)) in cases.into_iter().enumerate() {
            let count = 100_000;
            let shapes: Vec<f64> = (0..40)
                .map(|run| {
                    let numbers = uniforms(count, 100 * case as u64 + run);
                    shape(&relative(numbers.into_iter().map(weight))).unwrap()
                })
                .collect();
            let (mean, error) = mean_and_error(&shapes);
            let tail = (3.0 * f64::sqrt(count as f64)).ceil();
            let expected = (tail * k + 5.0) / (tail + 10.0);
            // The fit itself is biased by less than 1/n.
            assert!((mean - expected).abs() < 5.0 * error + 2.0 / tail, "{mean} +- {error} against {expected}");
            // The scatter is that of the best fit: (1 + k)/√n for k > -1/2.
            let scatter = error * f64::sqrt(40.0) / ((1.0 + k) / tail.sqrt());
            assert!((scatter - 1.0).abs() < 5.0 / f64::sqrt(80.0), "{k}: {scatter}");
        }
    }

    #[test]
    fn power_laws_agree_with_another_implementation() {
        // Weights (i + 1/2)^-p, i < N; the shapes are those of `psislw` in ArviZ 0.22.
        for (count, power, expected) in [
            (1000, 0.6, 0.583_865_196_125_464_4),
            (100, 0.3, 0.377_269_868_165_796_4),
            (40, 1.2, 0.723_798_789_681_028_7),
        ] {
            let got = shape(&relative((0..count).map(|i| (f64::from(i) + 0.5).powf(-power)))).unwrap();
            assert!((got - expected).abs() < 1e-9, "{got} against {expected}");
        }
    }

    #[test]
    fn tails_that_cannot_be_fitted() {
        assert_eq!(shape(&[1.0; 20]).unwrap(), f64::INFINITY);
        assert_eq!(shape(&[1.0; 21]).unwrap(), 0.0);
        let few: Vec<f64> = (0..1000).map(|i| if i < 3 { 1.0 } else { 0.0 }).collect();
        assert_eq!(shape(&few).unwrap(), f64::INFINITY);
        let many: Vec<f64> = (0..1000).map(|i| if i < 500 { 1.0 } else { 0.0 }).collect();
        assert_eq!(shape(&many).unwrap(), 0.0);
        // Weights over hundreds of orders of magnitude: a few of them are all there is.
        let spread: Vec<f64> = (0..1000).map(|i| (-3.0 * f64::from(i)).exp()).collect();
        assert!(shape(&spread).unwrap() > 5.0, "{}", shape(&spread).unwrap());
    }
}
