//! Spec of a training run.

use crate::error::Result;
use crate::flow::PathRatioSpec;
use crate::markov::{AnnealedSpec, ChainSpec, KernelSpec};
use crate::spec::expect;
use serde::{Deserialize, Deserializer, Serialize};

/// How long, on what, and how fast to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSpec {
    /// Steps of the whole run; a run that was stopped goes on up to this number.
    pub steps: u64,
    /// Samples in each step.
    pub batch: usize,
    /// How parameters are found.
    pub optimiser: Optimiser,
    /// Learning rate at its highest.
    pub learning_rate: f64,
    /// How the learning rate changes during the run.
    pub schedule: Schedule,
    /// Steps during which the learning rate rises linearly from zero.
    pub warmup: u64,
    /// Learning rate at the end, relative to the highest; for `cosine` and `exponential`.
    pub final_rate: f64,
    /// Estimator of the gradient of the reverse divergence, [`Estimator::Path`] where it is not given; the forward
    /// divergence has none to choose.
    #[serde(deserialize_with = "given")]
    pub gradient: Option<Estimator>,
    /// Largest norm of the gradient, beyond which it is scaled down; 0: no limit.
    pub clip: f64,
    /// Decay of the mean gradient in Adam.
    pub beta1: f64,
    /// Decay of the mean squared gradient in Adam.
    pub beta2: f64,
    /// Number that keeps Adam's denominator from zero.
    pub epsilon: f64,
    /// Decay of the average of the parameters, which the model has then (`average.rs`); 0: it has the last ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub average: f64,
    /// Paths on which layers of type 'stout' are trained; None for all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<PathsSpec>,
    /// Annealed paths by whose mean work the layers of a flow are trained; None for its divergence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annealing: Option<AnnealedSpec<KernelSpec>>,
    /// Fields on which a model is trained, of a chain for the action; None where it is trained without any, or on given ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldsSpec>,
    /// What the score of a diffusion model is matched to on fields, [`ScoreTarget::Denoising`] where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreTarget>,
    /// Paths of a diffusion model whose divergence from the paths of noising is minimised; None for its density.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_ratio: Option<PathRatioSpec>,
    /// Tensors that stay as they are: names in a file of the model, or what they begin with, `layers.0`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
    /// A run that was stopped goes on; where false it is given up, and a new one begins from its parameters.
    pub resume: bool,
}

impl Default for TrainSpec {
    fn default() -> Self {
        Self {
            steps: 2500,
            batch: 64,
            optimiser: Optimiser::Adam,
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            warmup: 0,
            final_rate: 0.01,
            gradient: None,
            clip: 0.0,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            average: 0.0,
            paths: None,
            annealing: None,
            fields: None,
            score: None,
            path_ratio: None,
            freeze: vec![],
            resume: true,
        }
    }
}

/// Paths on which layers are trained: from strength 0 to 1 in equal steps. In least squares their sweeps are those of chains in
/// equilibrium alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathsSpec {
    /// Changes of the strength; as many as the model has steps where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Sweeps of overrelaxation beside each heat bath, in paths and in the chains that they start from.
    pub overrelaxation: u64,
    /// Largest distance from the defect of links that the sweeps of paths move; all links where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<u64>,
    /// Sweeps of each chain before its first path.
    pub thermalise: u64,
    /// Sweeps of each chain between paths.
    pub between: u64,
}

impl Default for PathsSpec {
    fn default() -> Self {
        Self { steps: None, overrelaxation: 0, within: None, thermalise: 100, between: 1 }
    }
}

/// Fields of a chain for the action that a model is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldsSpec {
    /// The chain.
    pub chain: ChainSpec,
    /// Its steps before the first field.
    pub thermalise: u64,
    /// Its steps from field to field.
    pub between: u64,
    /// Number of the fields.
    pub count: usize,
}

impl Default for FieldsSpec {
    fn default() -> Self {
        Self { chain: ChainSpec::default(), thermalise: 100, between: 1, count: 4096 }
    }
}

/// What the score of a diffusion model is matched to; `flow/diffusion/matching.rs` has the formulas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreTarget {
    /// The noise that was added.
    #[default]
    Denoising,
    /// The force on the field without noise.
    Target,
    /// The combination of both that varies least.
    Mixed,
}

/// How parameters are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimiser {
    /// Adam, with the gradient of the loss of each batch.
    #[default]
    Adam,
    /// Least squares for layers of paths, one of their steps after the other: learning rates and decays have no meaning.
    LeastSquares,
}

/// Learning rate as a function of the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// One learning rate throughout.
    #[default]
    Constant,
    /// Half a period of a cosine, down to the final rate.
    Cosine,
    /// Exponential decay down to the final rate.
    Exponential,
}

/// Estimator of the gradient of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// The derivative of log q + S through the sample and the parameters.
    Reparametrised,
    /// The derivative through the sample alone: the rest has mean zero and only adds noise (arXiv:2207.08219).
    #[default]
    Path,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// Reads a value that is given, which null is not.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Estimator>, D::Error> {
    Estimator::deserialize(deserializer).map(Some)
}

impl TrainSpec {
    /// Checks all ranges.
    pub fn check(&self) -> Result<()> {
        const MOST_SAMPLES: usize = 1 << 24;
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let decay = |x: f64| (0.0..1.0).contains(&x);
        expect(self.steps > 0, "steps", "at least 1", self.steps)?;
        expect((1..=MOST_SAMPLES).contains(&self.batch), "batch", "1 to 16777216", self.batch)?;
        expect(positive(self.learning_rate), "learning_rate", "a finite number above 0", self.learning_rate)?;
        expect(self.warmup <= self.steps, "warmup", "at most the steps", self.warmup)?;
        expect(
            positive(self.final_rate) && self.final_rate <= 1.0,
            "final_rate",
            "above 0, at most 1",
            self.final_rate,
        )?;
        expect(self.clip.is_finite() && self.clip >= 0.0, "clip", "a finite number of at least 0", self.clip)?;
        if let Some(paths) = &self.paths {
            const MOST: u64 = 1_000_000;
            for (key, value) in [
                ("paths: overrelaxation", paths.overrelaxation),
                ("paths: thermalise", paths.thermalise),
                ("paths: between", paths.between),
            ] {
                expect(value <= MOST, key, &format!("0 to {MOST}"), value)?;
            }
            let steps = paths.steps.unwrap_or(1);
            expect((1..=MOST).contains(&steps), "paths: steps", &format!("1 to {MOST}"), steps)?;
        }
        if let Some(fields) = &self.fields {
            const MOST: u64 = 1_000_000;
            const MOST_FIELDS: usize = 1 << 24;
            expect(fields.thermalise <= MOST, "fields: thermalise", &format!("0 to {MOST}"), fields.thermalise)?;
            let is_between = (1..=MOST).contains(&fields.between);
            expect(is_between, "fields: between", &format!("1 to {MOST}"), fields.between)?;
            expect((1..=MOST_FIELDS).contains(&fields.count), "fields: count", "1 to 16777216", fields.count)?;
        }
        if let Some(paths) = &self.path_ratio {
            paths.check().map_err(|error| error.within("path_ratio"))?;
        }
        expect(decay(self.beta1), "beta1", "at least 0, below 1", self.beta1)?;
        expect(decay(self.average), "average", "at least 0, below 1", self.average)?;
        expect(decay(self.beta2), "beta2", "at least 0, below 1", self.beta2)?;
        expect(positive(self.epsilon), "epsilon", "a finite number above 0", self.epsilon)
    }

    /// Learning rate of a step, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.learning_rate * (step + 1) as f64 / self.warmup as f64;
        }
        let progress = (step - self.warmup) as f64 / (self.steps - self.warmup).max(1) as f64;
        let relative = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Cosine => {
                let falling = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
                self.final_rate + (1.0 - self.final_rate) * falling
            }
            Schedule::Exponential => self.final_rate.powf(progress),
        };
        self.learning_rate * relative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_then_falls_to_its_final_value() {
        let spec = TrainSpec { steps: 110, warmup: 10, schedule: Schedule::Cosine, ..TrainSpec::default() };
        assert!((spec.rate(0) - 1e-4).abs() < 1e-12);
        assert!((spec.rate(10) - 1e-3).abs() < 1e-12);
        assert!((spec.rate(60) - 0.505e-3).abs() < 1e-9);
        assert!((spec.rate(110) - 1e-5).abs() < 1e-12);
        let spec = TrainSpec { schedule: Schedule::Exponential, ..spec };
        assert!((spec.rate(60) - 1e-4).abs() < 1e-12);
    }

    #[test]
    fn values_out_of_range_are_named() {
        let message = |spec: TrainSpec| spec.check().unwrap_err().to_string();
        assert_eq!(message(TrainSpec { steps: 0, ..Default::default() }), "steps: expected at least 1, got 0");
        assert!(message(TrainSpec { batch: 0, ..Default::default() }).starts_with("batch: "));
        assert!(message(TrainSpec { learning_rate: f64::NAN, ..Default::default() }).starts_with("learning_rate: "));
        assert!(message(TrainSpec { beta2: 1.0, ..Default::default() }).starts_with("beta2: "));
    }
}
