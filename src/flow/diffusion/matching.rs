//! The loss of score matching for one field, one noise and one time.
//!
//! ```text
//! φ_t = α φ + σ ε,   loss = λ |s(φ_t, t) − T|² / V,   λ = 1 / <T²>
//!
//! denoising   T = D = −ε / σ                  <D²> = 1 / σ²
//! target      T = F = −(dS/dφ)(φ) / α         <F²> = J / α²,   J = <|dS/dφ|²> / V over the fields φ
//! mixed       T = κ F + (1 − κ) D             κ = α² / (α² + J σ²),   <T²> = J / (α² + J σ²)
//! ```
//!
//! Each target has the mean s at given φ_t where fields φ are those of exp(−S)/Z, so that the best network is the score. D and F are
//! uncorrelated, since noise and field are, and κ is the weight of the least mean square: that in the inverse ratio of their own. D varies
//! without bound as σ goes to zero, F as α does, the mixed target in neither limit. Denoising: Vincent, Neural Computation 23, 1661
//! (2011); target-score identity: De Bortoli et al., arXiv:2402.08665.

use super::Diffusion;
use crate::program::{Node, Recorder};

/// What a network regresses on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The noise.
    Denoising,
    /// The force on the field without noise.
    Force {
        /// J, the mean square of its numbers.
        square: f64,
    },
    /// The convex combination of both that varies least.
    Mixed {
        /// J, the mean square of the numbers of a force.
        square: f64,
    },
}

/// What the loss is a function of.
#[derive(Clone, Copy, Debug)]
pub struct Noised {
    /// The field φ.
    pub field: Node,
    /// Normal numbers ε.
    pub noise: Node,
    /// The time t.
    pub time: Node,
    /// dS/dφ at φ, for targets that need it.
    pub force: Option<Node>,
}

impl Diffusion {
    /// Records the loss.
    pub fn matching_loss(&self, recorder: &mut Recorder, of: &Noised, target: Target, parameters: &[Node]) -> Node {
        let [alpha, sigma] = self.process.record(recorder, of.time);
        let scale = self.recorded_scale(recorder, [alpha, sigma]);
        let weights = target.weights(recorder, [alpha, sigma]);
        let relative = recorder.multiply(weights.score, scale);
        let spread = |recorder: &mut Recorder, number| recorder.spread_sites(number, self.volume);
        let [alpha, sigma, scale, relative] = [alpha, sigma, scale, relative].map(|number| spread(recorder, number));
        let (kept, added) = (recorder.multiply(alpha, of.field), recorder.multiply(sigma, of.noise));
        let noised = recorder.add(kept, added);
        let x = recorder.multiply(scale, noised);
        let time = self.times_of(recorder, of.time);
        let fixed = self.network.fixed(recorder, parameters);
        let learned = self.network.record(recorder, (x, time), &fixed);
        // s = c (N − x).
        let difference = recorder.subtract(learned, x);
        let mut error = recorder.multiply(relative, difference);
        for (weight, part) in [(weights.noise, Some(of.noise)), (weights.force, of.force)] {
            if let (Some(weight), Some(part)) = (weight, part) {
                let weight = spread(recorder, weight);
                let aim = recorder.multiply(weight, part);
                error = recorder.add(error, aim);
            }
        }
        let square = recorder.multiply(error, error);
        let sum = recorder.total(square);
        recorder.scale(sum, 1.0 / self.volume as f64)
    }

    /// Records c = (α² w² + σ²)^(−1/2).
    fn recorded_scale(&self, recorder: &mut Recorder, [alpha, sigma]: [Node; 2]) -> Node {
        let widths = [recorder.scale(alpha, self.width), sigma];
        let squares = widths.map(|width| recorder.multiply(width, width));
        let variance = recorder.add(squares[0], squares[1]);
        let width = recorder.sqrt(variance);
        recorder.reciprocal(width)
    }
}

/// Recorded factors in √λ (s − T) of the score s, the noise ε and the force dS/dφ.
struct Weights {
    score: Node,
    noise: Option<Node>,
    force: Option<Node>,
}

impl Target {
    fn weights(&self, recorder: &mut Recorder, [alpha, sigma]: [Node; 2]) -> Weights {
        match *self {
            Target::Denoising => {
                let one = recorder.constant(1.0, recorder.shape(sigma));
                Weights { score: sigma, noise: Some(one), force: None }
            }
            Target::Force { square } => {
                let factor = 1.0 / square.sqrt();
                let force = recorder.constant(factor, recorder.shape(alpha));
                Weights { score: recorder.scale(alpha, factor), noise: None, force: Some(force) }
            }
            Target::Mixed { square } => {
                // √λ = (σ² + α²/J)^(1/2), √λ κ / α = (α / J) / √λ, √λ (1 − κ) / σ = σ / √λ.
                let own = [recorder.multiply(alpha, alpha), recorder.multiply(sigma, sigma)];
                let part = recorder.scale(own[0], 1.0 / square);
                let lambda = recorder.add(part, own[1]);
                let score = recorder.sqrt(lambda);
                let alpha = recorder.scale(alpha, 1.0 / square);
                let (noise, force) = (recorder.divide(sigma, score), recorder.divide(alpha, score));
                Weights { score, noise: Some(noise), force: Some(force) }
            }
        }
    }
}
