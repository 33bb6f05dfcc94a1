//! Score matching: the loss of a diffusion model on given fields, and its gradient.
//!
//! The loss is the mean of that in `flow/diffusion/matching.rs` over fields φ, normal noise ε and uniform times t. It is smallest where
//! s is the score of the noised fields, but not zero there. Fields are drawn as for the forward divergence, each with its force.

use super::forward_kl::fingerprint_of;
use super::objective::{Objective, Report, Samples, pieces};
use crate::context::Context;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::flow::{Flow, Noised, Target, Tensor};
use crate::memory;
use crate::program::{Bound, Executable, Feed, Key, Program, Recorder, Shape};
use crate::random::Purpose;
use std::sync::Arc;

/// Score matching on given fields.
pub struct ScoreMatching<'a> {
    context: Arc<Context>,
    fields: &'a [f64],
    /// dS/dφ of each field, where the target needs them.
    forces: Option<&'a [f64]>,
    volume: usize,
    tensors: Vec<Tensor>,
    program: Bound,
}

impl<'a> ScoreMatching<'a> {
    /// The loss of denoising of a diffusion model on fields (count x V), at least one.
    pub fn new(flow: &Flow, fields: &'a [f64]) -> Result<Self> {
        Self::with_forces(flow, fields, (None, Target::Denoising))
    }

    /// The loss with a target, and the forces that it needs.
    pub fn with_forces(flow: &Flow, fields: &'a [f64], (forces, target): (Option<&'a [f64]>, Target)) -> Result<Self> {
        let Some(diffusion) = flow.spec().diffusion(flow.lattice())? else {
            return Err(Error::Unsupported("model: expected one of type 'diffusion', got another".into()));
        };
        let (chain, context) = (flow.chain(), Arc::clone(flow.context()));
        let volume = chain.domain.count();
        if fields.is_empty() {
            return Err(Error::BadShape("fields: expected at least 1 field, got none".into()));
        }
        expect_length("fields", fields.len().next_multiple_of(volume), fields.len())?;
        expect_finite("fields", fields)?;
        let mut recorder = Recorder::new();
        let (field, noise) = (chain.input(&mut recorder), chain.input(&mut recorder));
        let time = recorder.input(Shape::new(1, 1));
        if let Some(forces) = forces {
            expect_length("forces", fields.len(), forces.len())?;
        }
        let force = forces.map(|_| chain.input(&mut recorder));
        let parameters = chain.parameters(&mut recorder);
        let noised = Noised { field, noise, time, force };
        let loss = diffusion.matching_loss(&mut recorder, &noised, target, &parameters.all());
        let one = recorder.constant(1.0, Shape::WIDE);
        let program = Program::with_gradient(recorder, &[loss], &[(loss, one)], &parameters.all());
        let program = Arc::new(Executable::new(program, &context)?).bind(flow.parameters())?;
        Ok(Self { context, fields, forces, volume, tensors: chain.tensors(), program })
    }
}

impl Objective for ScoreMatching<'_> {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        let &Samples { key, count, .. } = samples;
        let mut losses = memory::filled("losses", 0.0, count)?;
        let mut gradient = memory::filled("gradient of the loss", 0.0, parameters.len())?;
        self.program.set_parameters(parameters)?;
        let mut outputs: Vec<&mut [f64]> = vec![&mut losses];
        outputs.extend(pieces(&self.tensors, &mut gradient));
        let rows = Key { purpose: Purpose::Data, ..key };
        let mut feeds = vec![
            Feed::Rows(self.fields, rows),
            Feed::Normal(key),
            Feed::Uniform(Key { stream: key.stream + 1, ..key }),
        ];
        feeds.extend(self.forces.map(|forces| Feed::Rows(forces, rows)));
        self.program.run(&self.context, count, &feeds, &mut outputs)?;
        gradient.iter_mut().for_each(|g| *g /= count as f64);
        let fault = losses.iter().find(|loss| !loss.is_finite()).map(|loss| format!("score matching {loss}"));
        let loss = losses.iter().sum::<f64>() / count as f64;
        Ok(Report { loss, ess: f64::NAN, gradient, fault })
    }

    fn name(&self) -> &'static str {
        "fields"
    }

    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        Ok(Some(fingerprint_of(self.fields, self.volume)))
    }
}
