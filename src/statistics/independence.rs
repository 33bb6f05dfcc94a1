//! Acceptance and autocorrelation time of independence Metropolis, from the log weights of the proposals alone.
//!
//! In equilibrium the chain stands at x with density p = w q/Z and accepts y, drawn from q, with min(1, w_y/w_x). With
//! h(w) = E_q[min(w, w′)] and A(w) = h(w)/w, the acceptance in state x:
//!
//! ```text
//! acceptance = E_p[A] = E_q[h(w)]/E_q[w]
//! τ_int = 1/2 + Σ_{t ≥ 1} E_p[(1 − A)^t] = E_p[1/A] − 1/2
//! ```
//!
//! The second holds for every observable that is on average the same at all weights, for example any odd one where
//! S and q are even: it is correlated only as long as nothing is accepted. Over N samples h is the mean over the
//! other N − 1, and all of them together take O(N log N) by sorting:
//!
//! ```text
//! h_k = [Σ_{i < k} w_i + (N − 1 − k) w_k]/(N − 1),    w_0 ≤ w_1 ≤ … ≤ w_{N−1}
//! ```
//!
//! Errors by the delta method (for h that of a U-statistic), error² = Σ ψ_k²/(N(N − 1)):
//!
//! ```text
//! ψ(acceptance) = [2 (h − E h) − acceptance (w − E w)]/E w
//! ψ(τ_int) = [w (1/A − 1/2 − τ_int) − (B − E B)]/E w,    B_k = E_i[min(w_i, w_k)/A_i²]
//! ```
//!
//! J. S. Liu, Stat. Comput. 6, 113 (1996); M. S. Albergo et al., arXiv:1904.12072.

use super::Estimate;
use super::weights::{Weights, error_from};
use crate::error::Result;
use crate::memory;

/// Results for the independence Metropolis chain that uses the sampler as its proposals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndependenceEstimate {
    /// Expected share of accepted proposals.
    pub acceptance: Estimate,
    /// Integrated autocorrelation time (1/2 where all is accepted). Value and error +∞ where all weights but one
    /// vanish; the error alone is +∞ where it is beyond the range of numbers.
    pub tau: Estimate,
}

/// Acceptance and τ_int of independence Metropolis from at least 2 independent log weights (−∞: a weight of zero).
pub fn independence_acceptance(log_weights: &[f64]) -> Result<IndependenceEstimate> {
    let weights = Weights::new(log_weights)?;
    let mean = weights.mean();
    let mut w = weights.relative;
    w.sort_unstable_by(f64::total_cmp);
    let others = (w.len() - 1) as f64;
    let mut below = 0.0;
    let mut h = memory::reserved("acceptances", w.len())?;
    for (k, &weight) in w.iter().enumerate() {
        h.push((below + weight * (others - k as f64)) / others);
        below += weight;
    }
    let mean_h = h.iter().sum::<f64>() / h.len() as f64;
    let value = mean_h / mean;
    let influence = h.iter().zip(&w).map(|(h, w)| (2.0 * (h - mean_h) - value * (w - mean)) / mean);
    let acceptance = Estimate { value, error: error_from(influence) };
    Ok(IndependenceEstimate { acceptance, tau: tau(&w, &h, mean)? })
}

/// τ_int from ascending weights and their h.
fn tau(w: &[f64], h: &[f64], mean: f64) -> Result<Estimate> {
    let count = w.len() as f64;
    // A field of weight zero accepts every proposal.
    let inverse = w.iter().zip(h).map(|(&w, h)| if w > 0.0 { w / h } else { 1.0 });
    let inverse = memory::collected("inverse acceptances", inverse)?;
    let value = w.iter().zip(&inverse).map(|(w, inverse)| w * inverse).sum::<f64>() / (count * mean) - 0.5;
    let response = response(w, &inverse)?;
    let mean_response = response.iter().sum::<f64>() / count;
    let influence = w.iter().zip(&inverse).zip(&response);
    let error =
        error_from(influence.map(|((w, inverse), b)| (w * (inverse - 0.5 - value) - (b - mean_response)) / mean));
    Ok(Estimate { value, error: if error.is_finite() { error } else { f64::INFINITY } })
}

/// B_k = (1/N) Σ_i min(w_i, w_k)/A_i² from ascending weights and 1/A.
fn response(w: &[f64], inverse: &[f64]) -> Result<Vec<f64>> {
    let count = w.len() as f64;
    let mut above: f64 = inverse.iter().rev().map(|inverse| inverse * inverse).sum();
    let mut below = 0.0;
    let response = w.iter().zip(inverse).map(|(w, inverse)| {
        above -= inverse * inverse;
        below += w * inverse * inverse;
        (below + w * above) / count
    });
    memory::collected("responses", response)
}

#[cfg(test)]
mod tests {
    use super::super::gamma::autocorrelation;
    use super::super::testing::{assert_unit_pulls, fixed_seed, mean_and_error, normals, uniforms};
    use super::*;
    use proptest::prelude::*;

    /// log w = s z with normal z: the acceptance is erfc(s/2).
    fn log_normal(spread: f64, count: usize, counter: u64) -> Vec<f64> {
        normals(count, counter).iter().map(|z| spread * z).collect()
    }

    /// h_k and its uses by their definitions, in O(N²).
    fn by_definition(w: &[f64]) -> (f64, f64) {
        let others = (w.len() - 1) as f64;
        let total: f64 = w.iter().sum();
        let accept = |i: usize| -> f64 {
            let terms = (0..w.len()).filter(|j| *j != i).map(|j| (w[j] / w[i]).min(1.0));
            terms.sum::<f64>() / others
        };
        let inside = |f: &dyn Fn(f64) -> f64| -> f64 {
            (0..w.len()).filter(|i| w[*i] > 0.0).map(|i| w[i] * f(accept(i))).sum::<f64>() / total
        };
        (inside(&|a| a), inside(&|a| 1.0 / a - 0.5))
    }

    #[test]
    fn pulls_of_log_normal_weights_have_unit_variance() {
        let spread: f64 = 0.5;
        let acceptance = 0.723_673_609_831_763_1; // erfc(1/4)
        let tau = exact_tau(spread);
        let (mut acceptances, mut taus) = (Vec::new(), Vec::new());
        for run in 0..200 {
            let got = independence_acceptance(&log_normal(spread, 4_000, 8_000 + run)).unwrap();
            acceptances.push((got.acceptance.value - acceptance) / got.acceptance.error);
            taus.push((got.tau.value - tau) / got.tau.error);
        }
        assert_unit_pulls("acceptance", &acceptances);
        assert_unit_pulls("tau", &taus);
    }

    /// E_p[1/A] − 1/2 for log-normal weights by the midpoint rule in z, with A by partial sums over the same points.
    fn exact_tau(spread: f64) -> f64 {
        let (points, range) = (4_000, 9.0);
        let step = 2.0 * range / f64::from(points);
        let z: Vec<f64> = (0..points).map(|i| -range + (f64::from(i) + 0.5) * step).collect();
        let q: Vec<f64> = z.iter().map(|z| (-0.5 * z * z).exp() * step / (2.0 * std::f64::consts::PI).sqrt()).collect();
        let w: Vec<f64> = z.iter().map(|z| (spread * z).exp()).collect();
        let (mut below, mut above) = (0.0, q.iter().sum::<f64>());
        let (mut sum, mut total) = (0.0, 0.0);
        for (q, w) in q.iter().zip(&w) {
            // Half of the own cell counts as lower: the midpoint rule to second order.
            let h = below + 0.5 * w * q + w * (above - 0.5 * q);
            sum += q * w * w / h;
            total += q * w;
            below += w * q;
            above -= q;
        }
        sum / total - 0.5
    }

    #[test]
    fn a_simulated_chain_accepts_and_remembers_as_predicted() {
        // Proposals x = (sign, log weight): the sign is an observable that does not depend on the weight.
        let steps = 200_000;
        let weights = log_normal(1.0, steps, 1);
        let chance = uniforms(2 * steps, 2);
        let (mut here, mut sign, mut accepted) = (0.0, 1.0, 0);
        let mut signs = Vec::with_capacity(steps);
        for i in 0..steps {
            if chance[2 * i] < (weights[i] - here).exp() {
                here = weights[i];
                sign = if chance[2 * i + 1] < 0.5 { 1.0 } else { -1.0 };
                accepted += 1;
            }
            signs.push(sign);
        }
        let predicted = independence_acceptance(&weights[..20_000]).unwrap();
        let measured = autocorrelation(&signs).unwrap();
        let share = f64::from(accepted) / steps as f64;
        // erfc(1/2); the chain's own error is below 1/√(steps) times √(2 τ) ~ 2.
        assert!((share - 0.479_500_122_186_953_5).abs() < 5.0 * 2.0 / (steps as f64).sqrt(), "{share}");
        let acceptance = predicted.acceptance;
        assert!((acceptance.value - 0.479_500_122_186_953_5).abs() < 5.0 * acceptance.error, "{acceptance:?}");
        let error = measured.tau_error.hypot(predicted.tau.error);
        assert!((measured.tau - predicted.tau.value).abs() < 5.0 * error, "{measured:?} against {predicted:?}");
        assert!((measured.tau - exact_tau(1.0)).abs() < 5.0 * measured.tau_error, "{measured:?}");
    }

    #[test]
    fn errors_agree_with_the_jackknife() {
        let logs = log_normal(0.8, 1_000, 11);
        let got = independence_acceptance(&logs).unwrap();
        let without: Vec<IndependenceEstimate> =
            (0..logs.len()).map(|i| independence_acceptance(&[&logs[..i], &logs[i + 1..]].concat()).unwrap()).collect();
        let agrees = |error: f64, of: &dyn Fn(&IndependenceEstimate) -> f64| {
            let values: Vec<f64> = without.iter().map(of).collect();
            // √((n − 1)/n Σ (f − f̄)²) is n − 1 times the standard error of the mean.
            let expected = mean_and_error(&values).1 * (logs.len() - 1) as f64;
            assert!((error / expected - 1.0).abs() < 0.02, "{error} against {expected}");
        };
        agrees(got.acceptance.error, &|r| r.acceptance.value);
        agrees(got.tau.error, &|r| r.tau.value);
    }

    #[test]
    fn extreme_weights() {
        let equal = independence_acceptance(&[1e5; 10]).unwrap();
        let sure = Estimate { value: 1.0, error: 0.0 };
        assert_eq!((equal.acceptance, equal.tau), (sure, Estimate { value: 0.5, error: 0.0 }));
        let single = independence_acceptance(&[0.0, f64::NEG_INFINITY, -1e5]).unwrap();
        assert_eq!((single.acceptance.value, single.tau.value), (0.0, f64::INFINITY));
        assert_eq!(single.tau.error, f64::INFINITY);
        assert!(independence_acceptance(&[f64::NAN, 0.0]).is_err());
    }

    proptest! {
        #![proptest_config(fixed_seed())]

        #[test]
        fn sorting_gives_the_double_sum(weights in prop::collection::vec(0.01..9.0, 2..40), zeros in 0usize..5) {
            let mut w: Vec<f64> = weights;
            w.extend(std::iter::repeat_n(0.0, zeros));
            let logs: Vec<f64> = w.iter().map(|w: &f64| w.ln()).collect();
            let got = independence_acceptance(&logs).unwrap();
            let (acceptance, tau) = by_definition(&w);
            prop_assert!((got.acceptance.value / acceptance - 1.0).abs() < 1e-10);
            prop_assert!((got.tau.value / tau - 1.0).abs() < 1e-10);
        }
    }
}
