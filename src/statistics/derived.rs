//! The Γ method for a function f(A¹, …, A^p) of the means of several series of the same chains.
//!
//! To first order f fluctuates like the projected series a_f = Σ_α f_α (a^α − ā^α), which the Γ method then analyses:
//!
//! ```text
//! f_α ≈ [f(ā + h_α) − f(ā − h_α)]/(2 h_α),    h_α = √(Γ_αα(0)/N)
//! ```
//!
//! One chain gives the value f(ā). With R ≥ 2 replica, F̄ = Σ_r (N_r/N) f(ā^r) is R times as biased as f(ā) to first
//! order in 1/N (equal lengths), and the value is (R f(ā) − F̄)/(R − 1).
//!
//! U. Wolff, Comput. Phys. Commun. 156, 143 (2004), hep-lat/0306017.

use super::gamma::{Autocorrelation, analyse, check_replica, mean_of};
use crate::error::{Error, Result, expect_length};
use crate::memory;

/// The series of one chain, one for each primary observable, of equal length.
pub type PrimarySeries<'a> = Vec<&'a [f64]>;

/// The Γ method for `function` of the means of the primary observables, measured on one or more independent chains.
pub fn autocorrelation_of(function: &dyn Fn(&[f64]) -> f64, replica: &[PrimarySeries]) -> Result<Autocorrelation> {
    let primaries = transposed(replica)?;
    let means = memory::collected("means", primaries.iter().map(|chains| mean_of(chains)))?;
    let steps = primaries.iter().zip(&means).map(|(chains, mean)| standard_error(chains, *mean));
    let steps = memory::collected("steps", steps)?;
    let gradient = gradient(function, &means, &steps)?;
    let value = value(function, replica, &means)?;
    let projected = memory::tried("projected series", replica.len(), |r| {
        let series = &replica[r];
        let mut sum = memory::filled("projected series", 0.0, series[0].len())?;
        for (alpha, numbers) in series.iter().enumerate() {
            let terms = numbers.iter().map(|a| gradient[alpha] * (a - means[alpha]));
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        Ok(sum)
    })?;
    analyse(value, projected)
}

/// The chains of each primary observable, checked.
fn transposed<'a>(replica: &[PrimarySeries<'a>]) -> Result<Vec<Vec<&'a [f64]>>> {
    let observables = replica.first().map_or(0, Vec::len);
    if observables == 0 {
        return Err(Error::BadShape("replica: expected at least 1 chain of at least 1 series, got none".into()));
    }
    for (r, series) in replica.iter().enumerate() {
        if series.len() != observables {
            let got = series.len();
            return Err(Error::BadShape(format!("replica[{r}]: expected {observables} series, got {got}")));
        }
        for numbers in series {
            expect_length(&format!("replica[{r}]"), series[0].len(), numbers.len())?;
        }
        check_replica(series)?;
    }
    let chains = |alpha: usize| memory::collected("series", replica.iter().map(|series| series[alpha]));
    memory::tried("series", observables, chains)
}

/// √(Γ(0)/N), computed in units of the largest fluctuation so that no square overflows or vanishes.
fn standard_error(chains: &[&[f64]], mean: f64) -> f64 {
    let fluctuations = || chains.iter().flat_map(|chain| chain.iter().map(|a| a - mean));
    let scale = fluctuations().fold(0.0f64, |largest, a| largest.max(a.abs()));
    if scale == 0.0 {
        return 0.0;
    }
    let count = chains.iter().map(|chain| chain.len()).sum::<usize>() as f64;
    scale * fluctuations().map(|a| (a / scale).powi(2)).sum::<f64>().sqrt() / count
}

/// The function at a point, where it is finite.
pub(super) fn evaluate(function: &dyn Fn(&[f64]) -> f64, point: &[f64]) -> Result<f64> {
    let value = function(point);
    if value.is_finite() {
        return Ok(value);
    }
    let shown = &point[..point.len().min(4)];
    Err(Error::BadInput(format!("function: expected a finite value, got {value} at means {shown:?}")))
}

/// Central differences; an observable that does not fluctuate gets 0.
fn gradient(function: &dyn Fn(&[f64]) -> f64, means: &[f64], steps: &[f64]) -> Result<Vec<f64>> {
    let mut point = memory::cloned("means", means)?;
    let mut gradient = memory::filled("gradient", 0.0, means.len())?;
    for alpha in 0..means.len() {
        // The step between the two points as rounded, not the one requested.
        let (above, below) = (means[alpha] + steps[alpha], means[alpha] - steps[alpha]);
        if above > below {
            point[alpha] = above;
            let f_above = evaluate(function, &point)?;
            point[alpha] = below;
            gradient[alpha] = (f_above - evaluate(function, &point)?) / (above - below);
            point[alpha] = means[alpha];
        }
    }
    Ok(gradient)
}

/// f(ā) for one chain; for several, without its bias of order 1/N.
fn value(function: &dyn Fn(&[f64]) -> f64, replica: &[PrimarySeries], means: &[f64]) -> Result<f64> {
    let at_means = evaluate(function, means)?;
    let chains = replica.len() as f64;
    if replica.len() == 1 {
        return Ok(at_means);
    }
    let count = replica.iter().map(|series| series[0].len()).sum::<usize>() as f64;
    let mut average = 0.0;
    for series in replica {
        let own = memory::collected("means", series.iter().map(|numbers| mean_of(&[numbers])))?;
        average += series[0].len() as f64 / count * evaluate(function, &own)?;
    }
    Ok((chains * at_means - average) / (chains - 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::gamma::{autocorrelation, autocorrelation_of_replica};
    use super::super::testing::{assert_unit_pulls, autoregressive, mean_and_error, normals};
    use super::*;

    #[test]
    fn the_identity_agrees_with_the_plain_method() {
        let chains: Vec<Vec<f64>> = (0..3).map(|r| autoregressive(0.7, 3_000, r)).collect();
        let parts: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        let plain = autocorrelation_of_replica(&parts).unwrap();
        let primary: Vec<PrimarySeries> = parts.iter().map(|chain| vec![*chain]).collect();
        let got = autocorrelation_of(&|mean| 3.0 * mean[0] - 1.0, &primary).unwrap();
        assert_eq!(got.window, plain.window);
        assert!((got.mean - 3.0 * plain.mean + 1.0).abs() < 1e-12);
        assert!((got.error / plain.error - 3.0).abs() < 1e-9 && (got.tau / plain.tau - 1.0).abs() < 1e-9);
    }

    #[test]
    fn pulls_of_a_ratio_have_unit_variance() {
        let mut pulls = Vec::new();
        for run in 0..200 {
            let shared = autoregressive(0.5, 5_000, 3 * run);
            let own = autoregressive(0.8, 5_000, 3 * run + 1);
            let a: Vec<f64> = shared.iter().zip(&own).map(|(s, o)| 3.0 + s + 0.3 * o).collect();
            let b: Vec<f64> = shared.iter().map(|s| 5.0 + s).collect();
            let got = autocorrelation_of(&|mean| mean[0] / mean[1], &[vec![&a, &b]]).unwrap();
            pulls.push((got.mean - 0.6) / got.error);
        }
        assert_unit_pulls("ratio", &pulls);
    }

    #[test]
    fn replica_remove_the_bias_of_a_square() {
        let (mut plain, mut corrected) = (Vec::new(), Vec::new());
        for run in 0..8_000 {
            let numbers: Vec<f64> = normals(40, 70_000 + run).iter().map(|z| 1.0 + z).collect();
            let replica: Vec<PrimarySeries> = numbers.chunks(20).map(|chain| vec![chain]).collect();
            plain.push(mean_of(&[&numbers]).powi(2));
            // A short window may fail to be found; the value does not depend on it.
            let means = [mean_of(&[&numbers])];
            corrected.push(value(&|mean| mean[0] * mean[0], &replica, &means).unwrap());
        }
        let (mean, error) = mean_and_error(&plain);
        assert!((mean - 1.0 - 1.0 / 40.0).abs() < 5.0 * error && (mean - 1.0).abs() > 5.0 * error, "{mean} +- {error}");
        let (mean, error) = mean_and_error(&corrected);
        assert!((mean - 1.0).abs() < 5.0 * error, "{mean} +- {error}");
    }

    #[test]
    fn a_constant_primary_observable_adds_nothing() {
        let a = autoregressive(0.5, 1_000, 5);
        let constant = vec![0.1; 1_000];
        let got = autocorrelation_of(&|mean| mean[0] + mean[1].ln(), &[vec![&a, &constant]]).unwrap();
        let plain = autocorrelation(&a).unwrap();
        assert!((got.error / plain.error - 1.0).abs() < 1e-9);
        for function in [|mean: &[f64]| mean[0], |mean: &[f64]| 3.0 * mean[0] - 1.0] {
            let error = autocorrelation_of(&function, &[vec![&constant[..]]]).unwrap_err();
            assert!(error.status() == 6 && error.to_string().contains("a chain that never moved"), "{error}");
        }
    }

    #[test]
    fn bad_shapes_and_functions_are_named() {
        let a = [1.0, 2.0, 3.0, 4.0];
        let message = |replica: &[PrimarySeries]| autocorrelation_of(&|mean| mean[0], replica).unwrap_err().to_string();
        assert!(message(&[]).starts_with("replica: expected at least 1 chain"));
        assert!(message(&[vec![]]).starts_with("replica: expected at least 1 chain"));
        assert_eq!(message(&[vec![&a, &a[..3]]]), "replica[0]: expected 4 numbers, got 3");
        assert_eq!(message(&[vec![&a], vec![&a, &a]]), "replica[1]: expected 1 series, got 2");
        assert_eq!(message(&[vec![&[1.0; 3]]]), "series: expected at least 4 numbers, got 3");
        let error = autocorrelation_of(&|mean| (mean[0] - 9.0).ln(), &[vec![&a]]).unwrap_err();
        assert!(error.to_string().starts_with("function: expected a finite value, got NaN"), "{error}");
    }
}
