//! Effective sample size, log Z and expectation values from independent samples of another density.
//!
//! Samples x_i drawn from q with log weights l_i = −S(x_i) − log q(x_i), w_i = exp(l_i), m_k = (1/N) Σ w_i^k:
//!
//! ```text
//! ESS = (Σ w)²/(N Σ w²) = m_1²/m_2    (between 1/N and 1)
//! log Z = log m_1                     (biased by −(1/ESS − 1)/(2N))
//! ⟨O⟩ = Σ w O/Σ w
//! ```
//!
//! Errors by the delta method, error² = Σ ψ_i²/(N(N − 1)), with the influence of sample i on each:
//!
//! ```text
//! ψ(ESS) = ESS [2 (w/m_1 − 1) − (w²/m_2 − 1)],    ψ(log Z) = w/m_1 − 1,    ψ(⟨O⟩) = w (O − ⟨O⟩)/m_1
//! ```
//!
//! A flow from coarse to fine whose coarse sites are samples of a coarser model has weights w of the fine field and v of its coarse sites
//! for each sample: the difference ⟨O⟩ − ⟨P⟩ of an observable of the fine theory and one of the coarse theory has
//!
//! ```text
//! ψ = w (O − ⟨O⟩)/m_1 − v (P − ⟨P⟩)/m_1'
//! ```
//!
//! whose variance is small where both are correlated. Differences of all levels, each from samples of its own, add up to the average on the
//! finest lattice (M. B. Giles, Oper. Res. 56, 607 (2008); arXiv:2604.10209 for flows).
//!
//! All sums are of weights in units of the largest, so that log weights of any size are safe. A log weight of −∞ is a
//! weight of zero; NaN, +∞, and −∞ for all are errors. The estimates and their errors mean little where the weights
//! have no variance: `tail_shape` warns (see `tail.rs`).
//!
//! A. Kong, J. S. Liu, W. H. Wong, J. Amer. Statist. Assoc. 89, 278 (1994); K. A. Nicoli et al., arXiv:2007.07115.

use super::Estimate;
use super::tail::shape;
use super::weights::{Weights, error_from};
use crate::error::{Error, Result, expect_finite, expect_length};

/// Tail shapes k̂ of at least this warn: estimates from the weights converge too slowly to be used
/// (Vehtari et al., arXiv:1507.02646).
pub const TAIL_SHAPE_LIMIT: f64 = 0.7;

/// Quality of a sampler from its log weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reweighting {
    /// Effective sample size divided by the number of samples: 1 for a perfect sampler.
    pub ess: f64,
    /// Standard error of `ess`.
    pub ess_error: f64,
    /// log Z, the logarithm of the mean weight.
    pub log_z: f64,
    /// Standard error of `log_z`.
    pub log_z_error: f64,
    /// Shape k̂ of the tail of the weights: moments of order below 1/k̂ exist. +∞ where too few weights form the tail.
    pub tail_shape: f64,
}

impl Reweighting {
    /// True where the tail of the weights is so heavy, or so little known, that the other numbers are unreliable.
    pub fn is_heavy_tailed(&self) -> bool {
        self.tail_shape >= TAIL_SHAPE_LIMIT
    }
}

/// Effective sample size, log Z, their errors and the tail shape from at least 2 independent log weights.
pub fn reweighting(log_weights: &[f64]) -> Result<Reweighting> {
    let weights = Weights::new(log_weights)?;
    let ess = effective_sample_size(&weights);
    let w = &weights.relative;
    let mean = weights.mean();
    Ok(Reweighting {
        ess: ess.value,
        ess_error: ess.error,
        log_z: weights.largest + mean.ln(),
        log_z_error: error_from(w.iter().map(|w| w / mean - 1.0)),
        tail_shape: shape(w)?,
    })
}

/// (Σ w)²/(N Σ w²) and its error.
pub(super) fn effective_sample_size(weights: &Weights) -> Estimate {
    let w = &weights.relative;
    let mean = weights.mean();
    let mean_square = w.iter().map(|w| w * w).sum::<f64>() / w.len() as f64;
    let value = (mean * mean / mean_square).min(1.0);
    let influence = w.iter().map(|w| value * (2.0 * (w / mean - 1.0) - (w * w / mean_square - 1.0)));
    Estimate { value, error: error_from(influence) }
}

/// The expectation value of an observable under exp(−S)/Z from its values on samples with the given log weights.
pub fn reweighted(log_weights: &[f64], observable: &[f64]) -> Result<Estimate> {
    let fine = Mean::new(log_weights, observable)?;
    fine.estimate(log_weights.len(), |i| fine.influence(i))
}

/// The difference of two expectation values from the same samples: of an observable under the density of the fine weights, and of
/// another one under that of the coarse weights. Log weights and values of each, one of both for a sample.
pub fn reweighted_difference(fine: (&[f64], &[f64]), coarse: (&[f64], &[f64])) -> Result<Estimate> {
    let own = Mean::new(fine.0, fine.1)?;
    expect_length("coarse_log_weights", fine.0.len(), coarse.0.len())?;
    let other = Mean::new(coarse.0, coarse.1).map_err(|error| error.within("coarse"))?;
    let both = own.estimate(fine.0.len(), |i| own.influence(i) - other.influence(i))?;
    Ok(Estimate { value: own.value - other.value, error: both.error })
}

/// ⟨O⟩ of weighted samples.
struct Mean<'a> {
    weights: Weights,
    observable: &'a [f64],
    /// m_1, in units of the largest weight.
    mean: f64,
    value: f64,
}

impl<'a> Mean<'a> {
    fn new(log_weights: &[f64], observable: &'a [f64]) -> Result<Self> {
        expect_length("observable", log_weights.len(), observable.len())?;
        expect_finite("observable", observable)?;
        let weights = Weights::new(log_weights)?;
        let mean = weights.mean();
        // Differences from the first number alone: a constant observable is met exactly.
        let first = observable[0];
        let sum: f64 = weights.relative.iter().zip(observable).map(|(w, o)| w * (o - first)).sum();
        let value = first + sum / (mean * observable.len() as f64);
        Ok(Self { weights, observable, mean, value })
    }

    /// ψ of a sample.
    fn influence(&self, i: usize) -> f64 {
        self.weights.relative[i] * (self.observable[i] - self.value) / self.mean
    }

    /// The mean with the error of the influence of all samples.
    fn estimate(&self, count: usize, influence: impl Fn(usize) -> f64) -> Result<Estimate> {
        let error = error_from((0..count).map(influence));
        if !error.is_finite() {
            return Err(Error::BadInput("observable: expected numbers below 1e150 in size, got larger ones".into()));
        }
        Ok(Estimate { value: self.value, error })
    }
}

#[cfg(test)]
mod tests {
    use super::super::jackknife::jackknife;
    use super::super::testing::{assert_unit_pulls, fixed_seed, normals};
    use super::*;
    use proptest::prelude::*;

    /// Width of the target exp(-x²/(2 σ²)) that is sampled by a normal distribution q of unit width.
    const SIGMA: f64 = 0.7;

    fn gaussian_toy(count: usize, counter: u64) -> (Vec<f64>, Vec<f64>) {
        let x = normals(count, counter);
        let log_norm = 0.5 * (2.0 * std::f64::consts::PI).ln();
        let weights = x.iter().map(|x| 0.5 * x * x * (1.0 - SIGMA.powi(-2)) + log_norm).collect();
        (x, weights)
    }

    #[test]
    fn pulls_of_a_gaussian_toy_have_unit_variance() {
        // Z = √(2π) σ, ESS = σ √(2 − σ²), ⟨x²⟩ = σ².
        let exact_ess = SIGMA * (2.0 - SIGMA * SIGMA).sqrt();
        let exact_log_z = 0.5 * (2.0 * std::f64::consts::PI).ln() + SIGMA.ln();
        let (mut ess, mut log_z, mut square) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..200 {
            let (x, weights) = gaussian_toy(5_000, 6_000 + run);
            let got = reweighting(&weights).unwrap();
            ess.push((got.ess - exact_ess) / got.ess_error);
            log_z.push((got.log_z - exact_log_z) / got.log_z_error);
            let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
            let mean = reweighted(&weights, &squares).unwrap();
            square.push((mean.value - SIGMA * SIGMA) / mean.error);
            assert!(!got.is_heavy_tailed(), "{got:?}");
        }
        assert_unit_pulls("ess", &ess);
        assert_unit_pulls("log Z", &log_z);
        assert_unit_pulls("<x²>", &square);
    }

    #[test]
    fn errors_agree_with_the_jackknife() {
        let (x, log_weights) = gaussian_toy(20_000, 1);
        let w: Vec<f64> = log_weights.iter().map(|l| l.exp()).collect();
        let squares: Vec<f64> = w.iter().map(|w| w * w).collect();
        let products: Vec<f64> = w.iter().zip(&x).map(|(w, x)| w * x * x).collect();
        let primary: [&[f64]; 3] = [&w, &squares, &products];
        let agrees = |value: f64, error: f64, function: &dyn Fn(&[f64]) -> f64| {
            let expected = jackknife(function, &primary, 1).unwrap();
            assert!((value - expected.value).abs() < 1e-12, "{value} against {expected:?}");
            assert!((error / expected.error - 1.0).abs() < 1e-3, "{error} against {expected:?}");
        };
        let got = reweighting(&log_weights).unwrap();
        agrees(got.ess, got.ess_error, &|m| m[0] * m[0] / m[1]);
        agrees(got.log_z, got.log_z_error, &|m| m[0].ln());
        let x2: Vec<f64> = x.iter().map(|x| x * x).collect();
        let mean = reweighted(&log_weights, &x2).unwrap();
        agrees(mean.value, mean.error, &|m| m[2] / m[0]);
    }

    #[test]
    fn pulls_of_a_difference_have_unit_variance_and_its_error_is_small() {
        // Coarse site x and fine site y: q and p are Gaussian, of p the coarse density alone is narrower by another factor.
        let (mut pulls, mut errors, mut apart) = (vec![], vec![], vec![]);
        for run in 0..200 {
            let (x, y) = (normals(4_000, 60_000 + run), normals(4_000, 70_000 + run));
            let narrower = |width: f64, x: &f64| 0.5 * x * x * (1.0 - width.powi(-2));
            let coarse: Vec<f64> = x.iter().map(|x| narrower(0.8, x)).collect();
            let fine: Vec<f64> = x.iter().zip(&y).map(|(x, y)| narrower(SIGMA, x) + narrower(0.95, y)).collect();
            let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
            let found = reweighted_difference((&fine, &squares), (&coarse, &squares)).unwrap();
            pulls.push((found.value - (SIGMA * SIGMA - 0.64)) / found.error);
            let (one, other) = (reweighted(&fine, &squares).unwrap(), reweighted(&coarse, &squares).unwrap());
            assert!((found.value - (one.value - other.value)).abs() < 1e-15);
            errors.push(found.error);
            apart.push(one.error.hypot(other.error));
        }
        assert_unit_pulls("difference", &pulls);
        assert!(errors.iter().zip(&apart).all(|(together, apart)| *together < 0.8 * apart));
        let x = normals(100, 5);
        let nothing = reweighted_difference((&x, &x), (&x, &x)).unwrap();
        assert_eq!(nothing, Estimate { value: 0.0, error: 0.0 });
    }

    #[test]
    fn bad_weights_of_a_coarse_model_are_named() {
        let fine: (&[f64], &[f64]) = (&[0.0, 0.5], &[1.0, 2.0]);
        let message = |coarse: (&[f64], &[f64])| reweighted_difference(fine, coarse).unwrap_err().to_string();
        assert_eq!(message((&[0.0], &[0.0])), "coarse_log_weights: expected 2 numbers, got 1");
        assert_eq!(message((&[0.0; 2], &[0.0])), "coarse: observable: expected 2 numbers, got 1");
        assert!(message((&[f64::NAN, 0.0], &[0.0; 2])).starts_with("coarse: log_weights: expected finite numbers"));
    }

    #[test]
    fn extreme_log_weights_are_safe() {
        let ln2 = 2.0f64.ln();
        for shift in [-1e5, 1e5, -1e300, 0.0] {
            let got = reweighting(&[shift, shift, f64::NEG_INFINITY, f64::NEG_INFINITY]).unwrap();
            assert_eq!((got.ess, got.log_z), (0.5, shift - ln2));
        }
        let got = reweighting(&[-1e5, 1e5]).unwrap();
        assert_eq!((got.ess, got.log_z), (0.5, 1e5 - ln2));
        let equal = reweighting(&[-3.5; 100]).unwrap();
        assert_eq!((equal.ess, equal.ess_error, equal.log_z, equal.log_z_error), (1.0, 0.0, -3.5, 0.0));
        assert_eq!(equal.tail_shape, 0.0);
        assert_eq!(reweighted(&[-1e5, 1e5, 1e5], &[7.0, 1.0, 3.0]).unwrap().value, 2.0);
        assert_eq!(reweighted(&[0.0, 1.0, 2.0], &[0.1; 3]).unwrap(), Estimate { value: 0.1, error: 0.0 });
    }

    #[test]
    fn bad_weights_are_named() {
        let message = |weights: &[f64]| reweighting(weights).unwrap_err().to_string();
        assert_eq!(message(&[0.0]), "log_weights: expected at least 2 numbers, got 1");
        assert!(message(&[0.0, f64::NAN]).ends_with("got NaN at index 1"));
        assert!(message(&[f64::INFINITY, 0.0]).ends_with("got inf at index 0"));
        assert!(message(&[f64::NEG_INFINITY; 3]).ends_with("got -inf for all"));
        let message = |values: &[f64]| reweighted(&[0.0, 0.5], values).unwrap_err().to_string();
        assert_eq!(message(&[1.0]), "observable: expected 2 numbers, got 1");
        assert_eq!(message(&[1.0, f64::NAN]), "observable: expected finite numbers, got NaN at index 1");
        assert!(message(&[f64::MAX, -f64::MAX]).starts_with("observable: expected numbers below"));
    }

    proptest! {
        #![proptest_config(fixed_seed())]

        #[test]
        fn a_constant_shifts_log_z_alone(
            weights in prop::collection::vec(-30.0..30.0, 30..200), shift in -1000..1000,
        ) {
            // Multiples of 2^-20 are shifted without rounding.
            let grid = |l: &f64| (l * 1048576.0).round() / 1048576.0;
            let weights: Vec<f64> = weights.iter().map(grid).collect();
            let shifted: Vec<f64> = weights.iter().map(|l| l + f64::from(shift)).collect();
            let (plain, got) = (reweighting(&weights).unwrap(), reweighting(&shifted).unwrap());
            prop_assert_eq!((got.ess, got.ess_error), (plain.ess, plain.ess_error));
            prop_assert_eq!((got.log_z_error, got.tail_shape), (plain.log_z_error, plain.tail_shape));
            prop_assert!((got.log_z - plain.log_z - f64::from(shift)).abs() < 1e-12);
        }

        #[test]
        fn any_weights_give_an_effective_sample_size_between_its_bounds(
            weights in prop::collection::vec(prop_oneof![any::<f64>(), -9.0..9.0, Just(f64::NEG_INFINITY)], 0..60),
        ) {
            if let Ok(got) = reweighting(&weights) {
                prop_assert!(got.ess > 0.999 / weights.len() as f64 && got.ess <= 1.0);
                prop_assert!(got.ess_error.is_finite() && got.log_z.is_finite() && got.log_z_error.is_finite());
                prop_assert!(!got.tail_shape.is_nan());
            }
        }
    }
}
