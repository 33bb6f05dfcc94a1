//! log Z and Kullback-Leibler divergences from both sides: samples of the model q, and fields of a chain of p = e^−S/Z.
//!
//! With log weights l = −S − log q, N of independent samples of q and M of fields of a chain:
//!
//! ```text
//! log Z = log E_q[e^l]                        from the model alone
//! log Z = −log E_p[e^−l]                      from the chain alone
//! Σ_q s(x) = Σ_p s(−x),  x = l − log Z + log(M/N),  s(x) = 1/(1 + e^−x)      from both (Bennett)
//! KL(q‖p) = log Z − E_q[l],    KL(p‖q) = E_p[l] − log Z                       with the last log Z
//! ```
//!
//! Fields that q never makes are in no sum over its own samples, which then look consistent and give a log Z that is
//! too small; they have e^−l ≈ 0 on the chain, whose log Z is right. `disagreement` is the difference of the first two
//! in standard errors of it. It is blind where the chain misses the same fields: the chain has to move by trajectories
//! that reach all of them, and to be started outside of the fields that q makes as well.
//!
//! Errors by the delta method, with D = Σ_q s(x) s(−x) + Σ_p s(x) s(−x): log Z moves by [Σ_q δs(x) − Σ_p δs(−x)]/D, and
//! KL with it. The error of a mean is that of independent numbers for the model, of the Γ method for the chain.
//!
//! C. H. Bennett, J. Comput. Phys. 22, 245 (1976); K. A. Nicoli et al., arXiv:2007.07115.

use super::Estimate;
use super::bins::mean;
use super::chain_weights::{self, ROUNDING, error_on_chain, never_moved};
use super::gamma::are_equal;
use super::reweighting::reweighting;
use super::weights::Weights;
use crate::error::Result;
use crate::memory;

/// Estimates from log weights of a model's samples and of a chain's fields together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoSided {
    /// log Z from the model's samples.
    pub log_z_model: Estimate,
    /// log Z from the chain's fields.
    pub log_z_chain: Estimate,
    /// log Z from both, Bennett's acceptance ratio. The error is +∞ where the two do not overlap.
    pub log_z: Estimate,
    /// KL(q‖p), +∞ where a sample has a weight of zero.
    pub kl_model: Estimate,
    /// KL(p‖q), +∞ where q of a field of the chain is zero.
    pub kl_chain: Estimate,
    /// |log Z from the model − log Z from the chain| in standard errors.
    pub disagreement: f64,
}

/// Both sides from log weights −S − log q: of at least 2 independent samples of the model (−∞: a weight of zero), and
/// of at least 4 fields of a chain in their order (+∞: q is zero there).
pub fn two_sided(model: &[f64], chain: &[f64]) -> Result<TwoSided> {
    let of_model = reweighting(model)?;
    let log_z_model = Estimate { value: of_model.log_z, error: of_model.log_z_error };
    check_chain(model, chain)?;
    let log_z_chain = from_chain(chain)?;
    let bennett = Bennett::new(model, chain)?;
    let floor = ROUNDING * (1.0 + log_z_model.value.abs());
    let scatter = log_z_model.error.hypot(log_z_chain.error).max(floor);
    Ok(TwoSided {
        log_z_model,
        log_z_chain,
        log_z: bennett.estimate()?,
        kl_model: bennett.kl_model(model)?,
        kl_chain: bennett.kl_chain(chain)?,
        disagreement: (log_z_model.value - log_z_chain.value).abs() / scatter,
    })
}

fn check_chain(model: &[f64], chain: &[f64]) -> Result<()> {
    chain_weights::check(chain)?;
    // Equal weights on both sides mean a perfect model; on the chain alone they mean a chain that never moved.
    let same = |l: &f64| (l - chain[0]).abs() <= ROUNDING * (1.0 + chain[0].abs());
    if are_equal(chain) && !model.iter().all(same) {
        return Err(never_moved(chain.len()));
    }
    Ok(())
}

/// −log E_p[e^−l].
fn from_chain(chain: &[f64]) -> Result<Estimate> {
    let weights = Weights::new(&memory::collected("log_weights", chain.iter().map(|l| -l))?)?;
    let mean = weights.mean();
    let error = error_on_chain(&weights.relative)? / mean;
    Ok(Estimate { value: -(weights.largest + mean.ln()), error })
}

/// Standard error of the mean of independent numbers.
fn error_of_independent(numbers: &[f64]) -> f64 {
    let count = numbers.len() as f64;
    let mean = mean(numbers.iter().copied());
    (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count * (count - 1.0))).sqrt()
}

/// s(x) = 1/(1 + e^−x).
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Bennett's log Z, and how it moves with the numbers of each side.
struct Bennett {
    log_z: f64,
    /// s(x) of the model's samples in units of D/N: the change of log Z with their mean.
    model: Vec<f64>,
    /// s(−x) of the chain's fields in units of D/M.
    chain: Vec<f64>,
}

impl Bennett {
    fn new(model: &[f64], chain: &[f64]) -> Result<Self> {
        let (n, m) = (model.len() as f64, chain.len() as f64);
        let shift = (m / n).ln();
        let accepted = |log_z: f64| model.iter().map(move |l| logistic(l - log_z + shift));
        let returned = |log_z: f64| chain.iter().map(move |l| logistic(log_z - l - shift));
        let log_z =
            root(model.iter().chain(chain), &|log_z| accepted(log_z).sum::<f64>() - returned(log_z).sum::<f64>());
        let slope: f64 = accepted(log_z).chain(returned(log_z)).map(|s| s * (1.0 - s)).sum();
        Ok(Self {
            log_z,
            model: memory::collected("influences", accepted(log_z).map(|s| s * (n / slope)))?,
            chain: memory::collected("influences", returned(log_z).map(|s| s * (m / slope)))?,
        })
    }

    fn estimate(&self) -> Result<Estimate> {
        let error = match self.model.iter().chain(&self.chain).all(|s| s.is_finite()) {
            true => error_of_independent(&self.model).hypot(error_on_chain(&self.chain)?),
            false => f64::INFINITY,
        };
        Ok(Estimate { value: self.log_z, error })
    }

    fn kl_model(&self, l: &[f64]) -> Result<Estimate> {
        let influence = memory::collected("influences", self.model.iter().zip(l).map(|(s, l)| s - l))?;
        let value = self.log_z - l.iter().sum::<f64>() / l.len() as f64;
        if !(influence.iter().chain(&self.chain).all(|x| x.is_finite()) && value.is_finite()) {
            return Ok(Estimate { value, error: f64::INFINITY });
        }
        Ok(Estimate { value, error: error_of_independent(&influence).hypot(error_on_chain(&self.chain)?) })
    }

    fn kl_chain(&self, l: &[f64]) -> Result<Estimate> {
        let influence = memory::collected("influences", self.chain.iter().zip(l).map(|(s, l)| l + s))?;
        let value = l.iter().sum::<f64>() / l.len() as f64 - self.log_z;
        if !(influence.iter().chain(&self.model).all(|x| x.is_finite()) && value.is_finite()) {
            return Ok(Estimate { value, error: f64::INFINITY });
        }
        Ok(Estimate { value, error: error_of_independent(&self.model).hypot(error_on_chain(&influence)?) })
    }
}

/// The zero of a falling function, by bisection to rounding: positive where log Z is far below all log weights, and
/// negative where it is far above.
fn root<'a>(log_weights: impl Iterator<Item = &'a f64>, f: &dyn Fn(f64) -> f64) -> f64 {
    let finite = log_weights.filter(|l| l.is_finite());
    let ends = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), l| (low.min(*l), high.max(*l)));
    // Beyond these e^|x| is larger than any ratio of counts.
    let (mut low, mut high) = (ends.0 - 100.0, ends.1 + 100.0);
    loop {
        let middle = 0.5 * low + 0.5 * high;
        if !(low < middle && middle < high) {
            return middle;
        }
        if f(middle) > 0.0 { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_unit_pulls, autoregressive, normals, uniforms};
    use super::*;

    /// Distance of each mode from 0, and log Z of the target.
    const MODE: f64 = 5.0;
    const LOG_Z: f64 = 1.7;

    fn log_normal(x: f64, centre: f64, width: f64) -> f64 {
        -0.5 * ((x - centre) / width).powi(2) - (width * (2.0 * std::f64::consts::PI).sqrt()).ln()
    }

    /// log of (1/2) N(−5, w) + (1/2) N(5, w).
    fn log_modes(x: f64, width: f64) -> f64 {
        let (a, b) = (log_normal(x, MODE, width), log_normal(x, -MODE, width));
        a.max(b) + (-(a - b).abs()).exp().ln_1p() - 2.0f64.ln()
    }

    /// −S of the target, which has two modes of width 1.
    fn minus_action(x: f64) -> f64 {
        LOG_Z + log_modes(x, 1.0)
    }

    /// A stationary chain of the target: it changes its mode at one step in twenty.
    fn chain(count: usize, run: u64) -> Vec<f64> {
        let (noise, chance) = (autoregressive(0.5, count, 2 * run), uniforms(count, 2 * run + 1));
        let mut mode = if chance[0] < 0.5 { MODE } else { -MODE };
        let step = |(noise, chance): (&f64, &f64)| {
            mode = if *chance < 0.05 { -mode } else { mode };
            mode + noise
        };
        noise.iter().zip(&chance).map(step).collect()
    }

    /// Samples of a model of both modes, too wide, or of one mode alone.
    fn samples(both: bool, count: usize, run: u64) -> Vec<f64> {
        let (noise, chance) = (normals(count, 3 * run), uniforms(count, 7 * run + 5));
        let two = |(z, u): (&f64, &f64)| WIDTH * z + if *u < 0.5 { MODE } else { -MODE };
        if both { noise.iter().zip(&chance).map(two).collect() } else { noise.iter().map(|z| MODE + z).collect() }
    }

    const WIDTH: f64 = 1.12;

    fn log_q(both: bool, x: f64) -> f64 {
        if both { log_modes(x, WIDTH) } else { log_normal(x, MODE, 1.0) }
    }

    fn measured(both: bool, run: u64) -> TwoSided {
        let weights = |fields: Vec<f64>| fields.iter().map(|&x| minus_action(x) - log_q(both, x)).collect::<Vec<f64>>();
        two_sided(&weights(samples(both, 4_000, run)), &weights(chain(6_000, 5_000 + run))).unwrap()
    }

    /// ∫ e^a(x) b(x) dx by the trapezium rule.
    fn integral(a: impl Fn(f64) -> f64, b: impl Fn(f64) -> f64) -> f64 {
        (-4000..=4000).map(|i| f64::from(i) * 0.005).map(|x| a(x).exp() * b(x)).sum::<f64>() * 0.005
    }

    #[test]
    fn a_good_model_agrees_and_all_pulls_have_unit_variance() {
        let weight = |x: f64| minus_action(x) - log_q(true, x);
        let kl_model = LOG_Z - integral(|x| log_q(true, x), weight);
        let kl_chain = integral(|x| minus_action(x) - LOG_Z, weight) - LOG_Z;
        assert!(kl_model > 0.005 && kl_chain > 0.005, "{kl_model} {kl_chain}");
        let runs: Vec<TwoSided> = (0..200).map(|run| measured(true, run)).collect();
        let pulls = |what: &str, of: &dyn Fn(&TwoSided) -> Estimate, exact: f64| {
            let pulls: Vec<f64> = runs.iter().map(|run| (of(run).value - exact) / of(run).error).collect();
            assert_unit_pulls(what, &pulls);
        };
        pulls("log Z of the model", &|run| run.log_z_model, LOG_Z);
        pulls("log Z of the chain", &|run| run.log_z_chain, LOG_Z);
        pulls("log Z of both", &|run| run.log_z, LOG_Z);
        pulls("KL(q|p)", &|run| run.kl_model, kl_model);
        pulls("KL(p|q)", &|run| run.kl_chain, kl_chain);
        assert!(runs.iter().all(|run| run.disagreement < 5.0));
        assert!(runs.iter().all(|run| run.log_z.error < 1.2 * run.log_z_model.error.min(run.log_z_chain.error)));
    }

    #[test]
    fn a_model_of_one_mode_is_exposed_though_its_own_weights_are_perfect() {
        for run in 0..20 {
            let weights: Vec<f64> =
                samples(false, 4_000, run).iter().map(|&x| minus_action(x) - log_q(false, x)).collect();
            let alone = reweighting(&weights).unwrap();
            assert!(alone.ess > 0.999 && alone.log_z_error < 1e-6, "{alone:?}");
            let got = measured(false, run);
            // The model alone finds half of Z; the chain, and both together, all of it.
            assert!((got.log_z_model.value - LOG_Z + 2.0f64.ln()).abs() < 1e-3, "{got:?}");
            assert!(got.disagreement > 7.0, "{got:?}");
            assert!((got.log_z_chain.value - LOG_Z).abs() < 5.0 * got.log_z_chain.error, "{got:?}");
            assert!((got.log_z.value - LOG_Z).abs() < 5.0 * got.log_z.error, "{got:?}");
            assert!((got.kl_model.value - 2.0f64.ln()).abs() < 5.0 * got.kl_model.error, "{got:?}");
            assert!(got.kl_chain.value > 5.0, "{got:?}");
        }
    }

    #[test]
    fn a_perfect_model_and_one_that_has_nothing_in_common() {
        let zero = Estimate { value: 0.0, error: 0.0 };
        let got = two_sided(&[-3.5; 20], &[-3.5; 10]).unwrap();
        assert!((got.log_z.value + 3.5).abs() < 1e-12 && got.log_z.error == 0.0, "{got:?}");
        assert!(got.kl_model.value.abs() < 1e-12 && got.kl_chain.value.abs() < 1e-12, "{got:?}");
        assert_eq!((got.kl_model.error, got.kl_chain.error, got.disagreement), (zero.error, zero.error, 0.0));
        // log weights shift log Z alone.
        let (model, fields) = (normals(50, 1), normals(60, 2));
        let plain = two_sided(&model, &fields).unwrap();
        let shift = |l: &[f64]| l.iter().map(|l| l + 1000.0).collect::<Vec<f64>>();
        let shifted = two_sided(&shift(&model), &shift(&fields)).unwrap();
        assert!((shifted.log_z.value - plain.log_z.value - 1000.0).abs() < 1e-9);
        assert!((shifted.disagreement / plain.disagreement - 1.0).abs() < 1e-6);
        // Far apart: Bennett's log Z lies between, and its error says that it is unknown.
        let far: Vec<f64> = fields.iter().map(|l| l + 5000.0).collect();
        let got = two_sided(&model, &far).unwrap();
        assert!(got.log_z.error == f64::INFINITY && got.disagreement > 1e3, "{got:?}");
        assert!(got.log_z.value > 10.0 && got.log_z.value < 4_990.0, "{got:?}");
        // Weights of zero on either side are divergences without bound.
        let got = two_sided(&[&[f64::NEG_INFINITY], &model[..]].concat(), &[&[f64::INFINITY], &fields[..]].concat());
        let got = got.unwrap();
        assert_eq!((got.kl_model.value, got.kl_chain.value), (f64::INFINITY, f64::INFINITY));
        assert!(got.log_z.value.is_finite() && got.log_z.error.is_finite());
    }

    #[test]
    fn bad_log_weights_are_named() {
        let model = [0.0, 0.5, 0.25];
        let message = |chain: &[f64]| two_sided(&model, chain).unwrap_err();
        assert_eq!(message(&[0.0; 3]).to_string(), "chain_log_weights: expected at least 4 numbers, got 3");
        assert!(message(&[0.0, 1.0, f64::NAN, 0.0]).to_string().ends_with("got NaN at index 2"));
        assert!(message(&[0.0, 1.0, f64::NEG_INFINITY, 0.0]).to_string().ends_with("got -inf at index 2"));
        assert!(message(&[f64::INFINITY; 4]).to_string().ends_with("got inf for all"));
        let still = message(&[0.25; 100]);
        assert!(still.status() == 6 && still.to_string().ends_with("got 100 equal ones: a chain that never moved"));
        assert_eq!(two_sided(&[1.0], &[0.0; 4]).unwrap_err().status(), 3);
    }
}
