//! The Kullback-Leibler divergence of the denoising paths of a diffusion model from the paths of noising that end in exp(−S)/Z, up to
//! a constant, and its gradient: no fields are needed.
//!
//! ```text
//! F = E[W + S] = KL(path) − log Z ≥ −log Z,   W = log p(denoising path) − log p(noising path from its field)
//! ```
//!
//! Paths and W are those of proposals of type 'path_ratio' (`flow/diffusion/paths.rs`). F is −log Z where the network is the score of
//! noised fields, up to the errors of the steps. Derivatives go through all steps of a path, which the program computes once more on
//! the way back. At a fixed path the mean derivative of log p of denoising is zero; the estimator 'path' leaves it out, as that of
//! the reverse divergence does, so that it has no variance where W + S is the same for all paths. Zhang, Chen, arXiv:2111.15141;
//! Vargas, Grathwohl, Doucet, arXiv:2302.13834; Richter, Berner, arXiv:2307.01198.

use super::fingerprint;
use super::objective::{Objective, Report, Samples, pieces};
use super::spec::Estimator;
use crate::action::Action;
use crate::context::Context;
use crate::error::{Error, Result, expect_finite};
use crate::flow::{Derivatives, Flow, PathDraw, PathRatioSpec, PathRecording, Tensor};
use crate::memory;
use crate::program::{Bound, Executable, Feed, Key, Node, Output, Program, Recorder, Shape};
use crate::statistics::reweighting;
use std::sync::Arc;

/// The divergence of the paths of a diffusion model.
pub struct PathKl<'a> {
    context: Arc<Context>,
    action: &'a dyn Action,
    tensors: Vec<Tensor>,
    kind: Kind,
    /// How many times programs with gradients take all parameters.
    sets: usize,
}

enum Kind {
    /// One program: W, S, gradients.
    Recorded(Bound),
    /// Paths, the action's own gradient, and a program that pulls it back.
    Called { sampling: Bound, pulling: Bound },
}

/// W and S of each path, and the gradient of the sum of the losses.
struct Batch {
    weights: Vec<f64>,
    action: Vec<f64>,
    gradient: Vec<f64>,
}

impl<'a> PathKl<'a> {
    /// The divergence for an action on the same domain.
    pub fn new(flow: &Flow, action: &'a dyn Action, spec: &PathRatioSpec, estimator: Estimator) -> Result<Self> {
        let Some(diffusion) = flow.spec().diffusion(flow.lattice())? else {
            return Err(Error::Unsupported("model: expected one of type 'diffusion', got another".into()));
        };
        let (chain, context) = (flow.chain(), Arc::clone(flow.context()));
        chain.domain.expect("action", &action.domain())?;
        let recording = PathRecording::new(&diffusion, spec)?;
        let derivatives = match estimator {
            Estimator::Path => Derivatives::ThroughPath,
            Estimator::Reparametrised => Derivatives::Whole,
        };
        let mut recorder = Recorder::new();
        let draw = recording.draw(&mut recorder, derivatives);
        let sets = draw.sets;
        let bind =
            |program, sets| Arc::new(Executable::new(program, &context)?).bind(&repeated(flow.parameters(), sets)?);
        let kind = match action.record(&mut recorder, draw.field)? {
            Some(value) => Kind::Recorded(bind(recorded(recorder, &draw, value), sets)?),
            None => Kind::Called {
                sampling: bind(sampling(&recording), 1)?,
                pulling: bind(pulling(recorder, &draw), sets)?,
            },
        };
        Ok(Self { context, action, tensors: chain.tensors(), kind, sets })
    }

    fn batch(&mut self, parameters: &[f64], samples: &Samples) -> Result<Batch> {
        let &Samples { key, count, .. } = samples;
        let zeros = |what: &str, count: usize| memory::filled(what, 0.0, count);
        let mut batch = Batch {
            weights: zeros("weights of paths", count)?,
            action: zeros("actions", count)?,
            gradient: zeros("gradient of the loss", parameters.len())?,
        };
        let twice = repeated(parameters, self.sets)?;
        let mut feeds = vec![Feed::Normal(key), Feed::Normal(Key { stream: key.stream + 1, ..key })];
        let (sampling, pulling) = match &mut self.kind {
            Kind::Recorded(bound) => {
                bound.set_parameters(&twice)?;
                let mut outputs: Vec<&mut [f64]> = vec![&mut batch.weights, &mut batch.action];
                outputs.extend(pieces(&self.tensors, &mut batch.gradient));
                bound.run(&self.context, count, &feeds, &mut outputs)?;
                return Ok(batch);
            }
            Kind::Called { sampling, pulling } => (sampling, pulling),
        };
        sampling.set_parameters(parameters)?;
        pulling.set_parameters(&twice)?;
        let volume = self.action.count();
        let mut fields = zeros("fields of paths", count * volume)?;
        sampling.run(&self.context, count, &feeds, &mut [&mut fields, &mut batch.weights])?;
        expect_finite("fields of paths", &fields)?;
        let mut forces = zeros("forces on the fields", fields.len())?;
        let samples = fields.chunks_exact(volume).zip(forces.chunks_exact_mut(volume));
        for ((field, force), value) in samples.zip(&mut batch.action) {
            *value = self.action.gradient(field, force)?;
        }
        feeds.push(Feed::Array(&forces));
        pulling.run(&self.context, count, &feeds, &mut pieces(&self.tensors, &mut batch.gradient))?;
        Ok(batch)
    }
}

impl Objective for PathKl<'_> {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        let Batch { weights, action, mut gradient } = self.batch(parameters, samples)?;
        gradient.iter_mut().for_each(|g| *g /= samples.count as f64);
        let fault = weights.iter().zip(&action).find(|(w, s)| !(*w + *s).is_finite());
        let fault = fault.map(|(w, s)| format!("log ratio {w} of a path, action {s}"));
        let log_weights = memory::collected("log weights", weights.iter().zip(&action).map(|(w, s)| -s - w))?;
        let loss = -log_weights.iter().sum::<f64>() / log_weights.len() as f64;
        let ess = if log_weights.len() < 2 || fault.is_some() { 1.0 } else { reweighting(&log_weights)?.ess };
        Ok(Report { loss, ess, gradient, fault })
    }

    fn name(&self) -> &'static str {
        "action"
    }

    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        fingerprint::of(self.action)
    }
}

/// All parameters, several times one after the other.
fn repeated(parameters: &[f64], sets: usize) -> Result<Vec<f64>> {
    let mut all = memory::reserved("parameters", sets * parameters.len())?;
    (0..sets).for_each(|_| all.extend_from_slice(parameters));
    Ok(all)
}

/// Outputs: W, S, and the gradient of each tensor.
fn recorded(mut recorder: Recorder, draw: &PathDraw, action: Node) -> Program {
    let loss = recorder.add(draw.weight, action);
    let one = recorder.constant(1.0, Shape::WIDE);
    Program::with_gradient(recorder, &[draw.weight, action], &[(loss, one)], &draw.parameters)
}

/// Outputs: field and W.
fn sampling(recording: &PathRecording) -> Program {
    let mut recorder = Recorder::new();
    let draw = recording.draw(&mut recorder, Derivatives::Whole);
    Program::new(recorder, [draw.field, draw.weight].map(Output::PerSample).to_vec())
}

/// A further input dS/dφ; outputs: the gradient of each tensor.
fn pulling(mut recorder: Recorder, draw: &PathDraw) -> Program {
    let force = recorder.input(recorder.shape(draw.field));
    let one = recorder.constant(1.0, Shape::WIDE);
    let cotangents = [(draw.weight, one), (draw.field, force)];
    Program::with_gradient(recorder, &[], &cotangents, &draw.parameters)
}
