//! A mixture of Gaussians of whole fields, for theories with several vacua:
//!
//! ```text
//! q(φ) = Σ_k w_k Π_x N(φ_x; m_k, σ²),   Σ_k w_k = 1
//! ```
//!
//! The component of a sample is chosen by a uniform number u: the last one whose cumulated weight C_k = Σ_{j<k} w_j is below
//! u. Means, weights and σ are those of the spec and are not trained: a choice has no derivative. A flow behind a mixture
//! is no map of the numbers z, which are those of the nearest component where a field is inverted.

use super::prior::{Noise, Prior, Start};
use crate::error::Result;
use crate::lattice::Lattice;
use crate::program::{Distribution, Node, Recorder, Shape};
use crate::spec::expect;
use serde::{Deserialize, Serialize};

/// Parameters of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixtureSpec {
    /// Means m_k, the same on all sites.
    pub means: Vec<f64>,
    /// Width σ of each component.
    #[serde(default = "one")]
    pub width: f64,
    /// Weights of the components, up to a factor; by default they are equal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
}

fn one() -> f64 {
    1.0
}

/// A mixture of Gaussians.
#[derive(Clone, Debug)]
pub struct Mixture {
    means: Vec<f64>,
    width: f64,
    weights: Vec<f64>,
}

impl Mixture {
    /// The mixture of a spec.
    pub fn new(spec: &MixtureSpec) -> Result<Self> {
        let MixtureSpec { means, width, weights } = spec.clone();
        expect((1..=64).contains(&means.len()), "prior: means", "1 to 64 numbers", means.len())?;
        let largest = means.iter().fold(0.0f64, |most, m| if m.is_nan() { f64::NAN } else { most.max(m.abs()) });
        expect(largest <= 1e6, "prior: means", "numbers of at most 1e6", format!("{means:?}"))?;
        // The rounding of the means in single precision would be wider than narrower components.
        let least = 1e-6f64.max(1e-4 * largest);
        expect((least..=1e6).contains(&width), "prior: width", &format!("a number from {least} to 1e6"), width)?;
        let weights = if weights.is_empty() { vec![1.0; means.len()] } else { weights };
        let are_weights = weights.len() == means.len() && weights.iter().all(|w| (1e-6..=1e6).contains(w));
        expect(are_weights, "prior: weights", "a number from 1e-6 to 1e6 for each mean", format!("{weights:?}"))?;
        let sum: f64 = weights.iter().sum();
        Ok(Self { means, width, weights: weights.iter().map(|w| w / sum).collect() })
    }

    /// log q of a field, from the logarithms of all components relative to that of the largest.
    fn log_density(&self, recorder: &mut Recorder, field: Node) -> Node {
        let count = recorder.shape(field).count() as f64;
        let norm = -0.5 * count * (2.0 * std::f64::consts::PI * self.width * self.width).ln();
        let log_component = |(&mean, &weight): (&f64, &f64)| {
            let shifted = recorder.offset(field, -mean);
            let square = recorder.multiply(shifted, shifted);
            let total = recorder.total(square);
            let scaled = recorder.scale(total, -0.5 / (self.width * self.width));
            recorder.offset(scaled, norm + weight.ln())
        };
        let logs: Vec<Node> = self.means.iter().zip(&self.weights).map(log_component).collect();
        let largest = logs[1..].iter().fold(logs[0], |most, &log| recorder.max(most, log));
        // Finite also where all components underflow.
        let lowest = recorder.constant(-1e300, Shape::WIDE);
        let largest = recorder.max(largest, lowest);
        let mut sum: Option<Node> = None;
        for log in logs {
            let relative = recorder.subtract(log, largest);
            let term = recorder.exp(relative);
            sum = Some(sum.map_or(term, |sum| recorder.add(sum, term)));
        }
        let sum = sum.expect("a mixture has a component");
        let log_sum = recorder.log(sum);
        recorder.add(largest, log_sum)
    }
}

impl Prior for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn noise(&self, lattice: &Lattice) -> Vec<Noise> {
        let noise = |distribution, sites| Noise { distribution, shape: Shape::new(1, sites) };
        vec![noise(Distribution::Normal, lattice.volume()), noise(Distribution::Uniform, 1)]
    }

    fn is_map(&self) -> bool {
        false
    }

    fn draw(&self, recorder: &mut Recorder, noise: &[Node], _: &[Node]) -> (Node, Node) {
        let (z, u) = (noise[0], noise[1]);
        let shape = recorder.shape(z);
        let mut mean = recorder.constant(self.means[0], Shape::new(1, 1));
        let mut cumulated = 0.0;
        for (k, &next) in self.means.iter().enumerate().skip(1) {
            cumulated += self.weights[k - 1];
            let beyond = recorder.offset(u, -cumulated);
            let next = recorder.constant(next, Shape::new(1, 1));
            mean = recorder.select(beyond, next, mean);
        }
        let means = recorder.spread_sites(mean, shape.sites);
        let scaled = recorder.scale(z, self.width);
        let field = recorder.add(scaled, means);
        (field, self.log_density(recorder, field))
    }

    fn invert(&self, recorder: &mut Recorder, field: Node, _: &[Node]) -> (Node, Node) {
        let shape = recorder.shape(field);
        let total = recorder.sum_sites(field);
        let average = recorder.scale(total, 1.0 / shape.sites as f64);
        let mut means = self.means.clone();
        means.sort_by(f64::total_cmp);
        let mut nearest = recorder.constant(means[0], Shape::new(1, 1));
        for pair in means.windows(2) {
            let beyond = recorder.offset(average, -0.5 * (pair[0] + pair[1]));
            let next = recorder.constant(pair[1], Shape::new(1, 1));
            nearest = recorder.select(beyond, next, nearest);
        }
        let nearest = recorder.spread_sites(nearest, shape.sites);
        let shifted = recorder.subtract(field, nearest);
        (recorder.scale(shifted, 1.0 / self.width), self.log_density(recorder, field))
    }

    fn score(&self, recorder: &mut Recorder, start: &Start, _: &[Node]) -> Node {
        let log_density = self.log_density(recorder, start.field);
        recorder.gradient(log_density, &[start.field])[0]
    }
}
