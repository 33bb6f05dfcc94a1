//! Processes that turn fields into noise, φ_t = α(t) φ + σ(t) ε with normal ε, for t from 0 to 1.
//!
//! ```text
//! variance_exploding:    α = 1,   σ = sigma_min (sigma_max / sigma_min)^t
//! variance_preserving:   α = exp(−(beta_min t + (beta_max − beta_min) t² / 2) / 2),   σ² = 1 − α²
//!
//! dφ = f(t) φ dt + g(t) dW,   f = d log α / dt,   g² = dσ²/dt − 2 f σ²
//! ```
//!
//! Song et al., arXiv:2011.13456; the linear schedule is that of Ho, Jain, Abbeel, arXiv:2006.11239.

use crate::error::{Error, Result};
use crate::program::{Node, Recorder};
use serde::{Deserialize, Serialize};

/// Name of a process in specs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessName {
    /// Noise is added to the field.
    VarianceExploding,
    /// The field shrinks while noise is added.
    VariancePreserving,
}

/// A process with its schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Process {
    /// σ grows exponentially from `low` to `high`.
    Exploding {
        /// σ at time 0.
        low: f64,
        /// σ at time 1.
        high: f64,
    },
    /// β grows linearly from `low` to `high`.
    Preserving {
        /// β at time 0.
        low: f64,
        /// β at time 1.
        high: f64,
    },
}

/// α and σ at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Factor of the field.
    pub alpha: f64,
    /// Width of the noise.
    pub sigma: f64,
}

impl Level {
    /// The field without noise.
    pub const DATA: Self = Self { alpha: 1.0, sigma: 0.0 };

    /// c = (α² w² + σ²)^(−1/2): the inverse width of noised fields, of which those without noise have width w.
    pub fn scale(&self, width: f64) -> f64 {
        1.0 / (self.alpha * width).hypot(self.sigma)
    }

    /// The step of the process to a later level: its factor a and the width b of its noise, φ' = a φ + b ξ.
    pub fn step_to(&self, later: &Self) -> [f64; 2] {
        let a = later.alpha / self.alpha;
        [a, (later.sigma * later.sigma - (a * self.sigma).powi(2)).max(0.0).sqrt()]
    }
}

impl Process {
    /// A process by its name, with the schedule's two numbers where they are given.
    pub fn new(name: ProcessName, sigma: [Option<f64>; 2], beta: [Option<f64>; 2]) -> Result<Self> {
        let (own, other, keys, others) = match name {
            ProcessName::VarianceExploding => (sigma, beta, ["sigma_min", "sigma_max"], ["beta_min", "beta_max"]),
            ProcessName::VariancePreserving => (beta, sigma, ["beta_min", "beta_max"], ["sigma_min", "sigma_max"]),
        };
        if let Some((key, value)) = others.iter().zip(other).find_map(|(key, value)| Some((key, value?))) {
            let expected = format!("expected {} and {} for this process", keys[0], keys[1]);
            return Err(Error::BadSpec(format!("{key}: {expected}, got {value}")));
        }
        let defaults = match name {
            ProcessName::VarianceExploding => [0.01, 10.0],
            ProcessName::VariancePreserving => [0.1, 20.0],
        };
        let [low, high] = [0, 1].map(|i| own[i].unwrap_or(defaults[i]));
        if !((1e-6..=1e6).contains(&low) && low < high && high <= 1e6) {
            let expected = format!("{} < {}, both from 1e-6 to 1e6", keys[0], keys[1]);
            return Err(Error::BadSpec(format!("{}: expected {expected}, got {low} and {high}", keys[0])));
        }
        Ok(match name {
            ProcessName::VarianceExploding => Process::Exploding { low, high },
            ProcessName::VariancePreserving => Process::Preserving { low, high },
        })
    }

    /// α and σ at a time.
    pub fn level(&self, t: f64) -> Level {
        match *self {
            Process::Exploding { low, high } => Level { alpha: 1.0, sigma: low * (high / low).powf(t) },
            Process::Preserving { low, high } => {
                let exponent = low * t + 0.5 * (high - low) * t * t;
                Level { alpha: (-0.5 * exponent).exp(), sigma: (-(-exponent).exp_m1()).sqrt() }
            }
        }
    }

    /// f and g² at a time.
    pub fn rates(&self, t: f64) -> [f64; 2] {
        match *self {
            Process::Exploding { low, high } => [0.0, 2.0 * (high / low).ln() * self.level(t).sigma.powi(2)],
            Process::Preserving { low, high } => {
                let beta = low + t * (high - low);
                [-0.5 * beta, beta]
            }
        }
    }

    /// Records α and σ at a recorded time.
    pub fn record(&self, recorder: &mut Recorder, t: Node) -> [Node; 2] {
        match *self {
            Process::Exploding { low, high } => {
                let one = recorder.constant(1.0, recorder.shape(t));
                let growth = recorder.scale(t, (high / low).ln());
                let exponent = recorder.offset(growth, low.ln());
                [one, recorder.exp(exponent)]
            }
            Process::Preserving { low, high } => {
                let slope = recorder.scale(t, 0.5 * (high - low));
                let mean = recorder.offset(slope, low);
                let exponent = recorder.multiply(mean, t);
                let half = recorder.scale(exponent, -0.5);
                let alpha = recorder.exp(half);
                // 1 − exp(−x) = 2 tanh(x/2) / (1 + tanh(x/2)), without cancellation at small x.
                let half = recorder.scale(exponent, 0.5);
                let tanh = recorder.tanh(half);
                let (above, below) = (recorder.scale(tanh, 2.0), recorder.offset(tanh, 1.0));
                let variance = recorder.divide(above, below);
                [alpha, recorder.sqrt(variance)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_derivatives_of_the_levels() {
        for process in [Process::Exploding { low: 0.05, high: 8.0 }, Process::Preserving { low: 0.1, high: 20.0 }] {
            for t in [0.1, 0.5, 0.9] {
                const H: f64 = 1e-5;
                let [before, at, after] = [t - H, t, t + H].map(|t| process.level(t));
                let f = (after.alpha.ln() - before.alpha.ln()) / (2.0 * H);
                let slope = (after.sigma.powi(2) - before.sigma.powi(2)) / (2.0 * H);
                let [drift, diffusion] = process.rates(t);
                assert!((f - drift).abs() < 1e-7 * (1.0 + f.abs()), "{process:?} {t}: {f} {drift}");
                let expected = slope - 2.0 * f * at.sigma.powi(2);
                assert!((diffusion - expected).abs() < 1e-6 * expected, "{process:?} {t}: {diffusion} {expected}");
                // Two steps of the process are one.
                let [[a, b], [c, d], [e, f]] = [before.step_to(&at), at.step_to(&after), before.step_to(&after)];
                assert!((a * c - e).abs() < 1e-14 && ((b * c).hypot(d) - f).abs() < 1e-7, "{process:?} {t}");
            }
        }
    }
}
