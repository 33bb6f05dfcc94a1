//! Stochastic paths of a diffusion model: from noise to a field in N steps, with the ratio of the path's probabilities both ways.
//!
//! ```text
//! levels 0 = the field, 1 .. N = noised fields;   φ_(k+1) = a φ_k + b ξ                                    noising
//! φ_k = (φ_(k+1) + b² s(φ_(k+1), t_(k+1))) / a + r η,   r² = b² v_k / v_(k+1),   v = α² w² + σ²           denoising
//! W = log p(φ_N) + sum_k log p(φ_k | φ_(k+1)) − sum_k log p(φ_(k+1) | φ_k)
//! ```
//!
//! with normal ξ and η, which is the Euler-Maruyama method of the reverse process up to terms of higher order in the step; the mean is
//! exact where s is the score of noised fields. E exp(−S − W) over denoising paths is Z whatever the network, and the
//! acceptance of independent paths on the extended space is min(1, exp(S − S' + W − W')). Levels of a process whose variance
//! explodes have σ in geometric progression, those of one that preserves it are at equal times.
//!
//! A corrector makes Langevin steps φ' = φ + ε v s(φ, t) + (2 ε v)^(1/2) η at each noised level, before the step down in denoising and
//! after the step up in noising. W counts the densities of the same step from φ to φ' and from φ' to φ, so that it stays exact
//! without a test of each step. Song et al., arXiv:2011.13456; Sohl-Dickstein et al., arXiv:1503.03585; Wu, Köhler, Noé, arXiv:2002.06707.

use super::model::Diffused;
use super::path_spec::PathRatioSpec;
use super::recorded_path::{Derivatives, PathRecording};
use crate::context::Context;
use crate::error::{Result, expect_finite, expect_length};
use crate::flow::overflow::reject_overflows;
use crate::program::{Bound, Executable, Feed, Key, Output, Program, Recorder};
use crate::progress;
use crate::random::Purpose;
use crate::space::Domain;
use std::sync::Arc;

/// Denoising paths with the parameters of a model.
pub struct PathSampler {
    context: Arc<Context>,
    domain: Domain,
    program: Bound,
}

/// Paths in both directions.
pub struct Paths {
    sampler: PathSampler,
    noising: Bound,
}

/// Paths that are drawn between two looks of the host at its watch.
const TOGETHER: usize = 1 << 8;

impl PathSampler {
    /// Paths of a model.
    pub fn new(model: &Diffused, spec: &PathRatioSpec) -> Result<Self> {
        let Diffused { context, domain, diffusion, parameters } = model;
        let program = denoising(&PathRecording::new(diffusion, spec)?);
        let program = Arc::new(Executable::new(program, context)?).bind(parameters)?;
        Ok(Self { context: Arc::clone(context), domain: domain.clone(), program })
    }

    /// Draws the fields (batch x V) of paths, with W of each; not finite where numbers overflow.
    pub fn denoise(&self, counter: u64, fields: &mut [f64], weights: &mut [f64]) -> Result<()> {
        expect_length("fields", weights.len().saturating_mul(self.domain.count()), fields.len())?;
        let feeds = [0, 1].map(|stream| Feed::Normal(self.key(counter, stream)));
        self.program.run(&self.context, weights.len(), &feeds, &mut [fields, weights]).map(|_| ())
    }

    /// The same, a few at a time, so that the host can stop in between. A path that overflows has W = ∞, a weight of zero, and a
    /// field of zeros.
    pub fn sample(&self, counter: u64, fields: &mut [f64], weights: &mut [f64]) -> Result<()> {
        let batch = if progress::is_watched() { TOGETHER } else { weights.len().max(1) };
        let count = self.domain.count();
        expect_length("fields", weights.len().saturating_mul(count), fields.len())?;
        let chunks = fields.chunks_mut(batch * count).zip(weights.chunks_mut(batch));
        let _work = progress::begin("samples", chunks.len() as u64);
        for (i, (fields, weights)) in chunks.enumerate() {
            self.denoise(counter + (i * batch) as u64, fields, weights)?;
            progress::step("samples", f64::NAN)?;
        }
        reject_overflows(count, fields, weights)
    }

    fn key(&self, counter: u64, stream: u64) -> Key {
        Key { seed: self.context.seed(), purpose: Purpose::Prior, counter, stream }
    }
}

impl Paths {
    /// Paths of a model.
    pub fn new(model: &Diffused, spec: &PathRatioSpec) -> Result<Self> {
        let program = noising(&PathRecording::new(&model.diffusion, spec)?);
        let noising = Arc::new(Executable::new(program, &model.context)?).bind(&model.parameters)?;
        Ok(Self { sampler: PathSampler::new(model, spec)?, noising })
    }

    /// Where the fields live.
    pub fn domain(&self) -> &Domain {
        &self.sampler.domain
    }

    /// Draws the fields (batch x V) of denoising paths, with W of each; not finite where numbers overflow.
    pub fn denoise(&self, counter: u64, fields: &mut [f64], weights: &mut [f64]) -> Result<()> {
        self.sampler.denoise(counter, fields, weights)
    }

    /// W of a noising path from each of given fields.
    pub fn noise(&self, counter: u64, fields: &[f64], weights: &mut [f64]) -> Result<()> {
        let PathSampler { context, domain, .. } = &self.sampler;
        expect_length("fields", weights.len().saturating_mul(domain.count()), fields.len())?;
        expect_finite("fields", fields)?;
        let feeds = [Feed::Array(fields), Feed::Normal(self.sampler.key(counter, 2))];
        self.noising.run(context, weights.len(), &feeds, &mut [weights]).map(|_| ())
    }
}

/// Inputs: numbers of the last level and of all steps; outputs: field and W.
fn denoising(recording: &PathRecording) -> Program {
    let mut recorder = Recorder::new();
    let draw = recording.draw(&mut recorder, Derivatives::Whole);
    Program::new(recorder, [draw.field, draw.weight].map(Output::PerSample).to_vec())
}

/// Inputs: field and numbers of all steps; output: W.
fn noising(recording: &PathRecording) -> Program {
    let mut recorder = Recorder::new();
    let weight = recording.noising(&mut recorder);
    Program::new(recorder, vec![Output::PerSample(weight)])
}
