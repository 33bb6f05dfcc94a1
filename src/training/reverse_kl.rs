//! The reverse Kullback-Leibler divergence up to a constant, F = E_q[log q(φ) + S(φ)], and its gradient.
//!
//! With φ = φ(z, θ), z from the prior:
//!
//! ```text
//! reparametrised   dF/dθ = E[ d/dθ (log q(φ(z, θ)) + S(φ(z, θ))) ]
//! path             dF/dθ = E[ (dφ/dθ)^T (d log q/dφ + dS/dφ) ],   θ held fixed inside log q
//! ```
//!
//! Vaitl, Nicoli, Nakajima, Kessel, arXiv:2207.08219. An action that records itself is differentiated with the
//! flow. Any other is called for its value and gradient between two programs: a host's callback is then called from
//! the host's own thread alone.
//!
//! A model with conditions is trained at one value of them for each batch, drawn uniformly from their ranges, on the action
//! with these couplings.

use super::fingerprint;
use super::objective::{Objective, Report, Samples, pieces};
use super::spec::Estimator;
use crate::action::Action;
use crate::context::Context;
use crate::error::{Result, expect_finite};
use crate::flow::{Chain, Draw, Flow, Tensor};
use crate::memory;
use crate::program::{Bound, Executable, Feed, Node, Program, Recorder, Shape};
use crate::random::{Purpose, Stream};
use crate::statistics::reweighting;
use std::sync::Arc;

/// The reverse divergence of a flow from an action.
pub struct ReverseKl<'a> {
    context: Arc<Context>,
    chain: Arc<Chain>,
    action: &'a dyn Action,
    tensors: Vec<Tensor>,
    kind: Kind,
}

enum Kind {
    /// One program: log q, S, gradients.
    Recorded(Bound),
    /// A draw, the action's own gradient, and a program that pulls it back; with conditions that are not fixed both are
    /// run at other values for each batch.
    Called { sampling: Bound, pulling: Bound, is_open: bool },
}

/// log q and S of each sample, and the gradient of the sum of the losses.
struct Batch {
    log_q: Vec<f64>,
    action: Vec<f64>,
    gradient: Vec<f64>,
}

impl<'a> ReverseKl<'a> {
    /// The divergence of a flow from an action on the same domain.
    pub fn new(flow: &Flow, action: &'a dyn Action, estimator: Estimator) -> Result<Self> {
        let (chain, context) = (Arc::clone(flow.chain()), Arc::clone(flow.context()));
        chain.domain.expect("action", &action.domain())?;
        // Until the first batch the conditions of an open model are those of the middle of their ranges.
        let middle = vec![0.0; chain.conditions.count()];
        let condition = flow.condition()?;
        let conditions = condition.as_ref().unwrap_or(&middle);
        let bind = |program| Arc::new(Executable::new(program, &context)?).bind_at(flow.parameters(), conditions);
        let is_open = condition.is_none();
        if is_open {
            // Conditions that the action does not know, or not in all of their ranges, are found before the first step.
            for end in [0.0, 1.0] {
                action.at(&chain.conditions.at(&vec![end; middle.len()]).0)?;
            }
        }
        let kind = match recorded(&chain, action, estimator)? {
            Some(program) if !is_open => Kind::Recorded(bind(program)?),
            _ => {
                Kind::Called { sampling: bind(chain.sampling())?, pulling: bind(pulling(&chain, estimator))?, is_open }
            }
        };
        Ok(Self { context, tensors: chain.tensors(), chain, action, kind })
    }

    fn batch(&mut self, parameters: &[f64], samples: &Samples) -> Result<Batch> {
        let &Samples { key, count, .. } = samples;
        let Self { context, chain, tensors, action, kind } = self;
        let zeros = |what: &str, count: usize| memory::filled(what, 0.0, count);
        let mut batch = Batch {
            log_q: zeros("log q", count)?,
            action: zeros("actions", count)?,
            gradient: zeros("gradient of the loss", parameters.len())?,
        };
        let (sampling, pulling, is_open) = match kind {
            Kind::Recorded(bound) => {
                bound.set_parameters(parameters)?;
                let mut outputs: Vec<&mut [f64]> = vec![&mut batch.log_q, &mut batch.action];
                outputs.extend(pieces(tensors, &mut batch.gradient));
                bound.run(context, count, &chain.feeds(key), &mut outputs)?;
                return Ok(batch);
            }
            Kind::Called { sampling, pulling, is_open } => (sampling, pulling, *is_open),
        };
        sampling.set_parameters(parameters)?;
        pulling.set_parameters(parameters)?;
        let mut at = None;
        if is_open {
            let mut stream = Stream::new(key.seed, Purpose::Condition, key.counter);
            let uniforms: Vec<f64> = (0..chain.conditions.count()).map(|_| stream.uniform()).collect();
            let values = chain.conditions.at(&uniforms);
            let scaled = chain.conditions.scaled(&values)?;
            sampling.set_conditions(&scaled)?;
            pulling.set_conditions(&scaled)?;
            at = Some(action.at(&values.0)?);
        }
        let action = at.as_deref().unwrap_or(*action);
        let volume = chain.domain.count();
        let mut fields = zeros("sampled fields", count * volume)?;
        let mut feeds = chain.feeds(key);
        sampling.run(context, count, &feeds, &mut [&mut fields, &mut batch.log_q])?;
        expect_finite("sampled fields", &fields)?;
        let mut forces = zeros("forces on the samples", fields.len())?;
        let samples = fields.chunks(volume).zip(forces.chunks_mut(volume));
        for ((field, force), value) in samples.zip(&mut batch.action) {
            *value = action.gradient(field, force)?;
        }
        feeds.push(Feed::Array(&forces));
        pulling.run(context, count, &feeds, &mut pieces(tensors, &mut batch.gradient))?;
        Ok(batch)
    }
}

impl Objective for ReverseKl<'_> {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        let Batch { log_q, action, mut gradient } = self.batch(parameters, samples)?;
        gradient.iter_mut().for_each(|g| *g /= samples.count as f64);
        let fault = log_q.iter().zip(&action).find(|(q, s)| !(*q + *s).is_finite());
        let fault = fault.map(|(q, s)| format!("log q {q}, action {s}"));
        let weights = memory::collected("log weights", log_q.iter().zip(&action).map(|(q, s)| -s - q))?;
        let loss = -weights.iter().sum::<f64>() / weights.len() as f64;
        let ess = if weights.len() < 2 || fault.is_some() { 1.0 } else { reweighting(&weights)?.ess };
        Ok(Report { loss, ess, gradient, fault })
    }

    fn name(&self) -> &'static str {
        "action"
    }

    /// That of the action; with open conditions in the middle of their ranges, whatever couplings it was given.
    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        match &self.kind {
            Kind::Called { is_open: true, .. } => {
                let conditions = &self.chain.conditions;
                fingerprint::of(&*self.action.at(&conditions.at(&vec![0.5; conditions.count()]).0)?)
            }
            _ => fingerprint::of(self.action),
        }
    }
}

/// Outputs: log q, S, and the gradient of each tensor; None where the action is not recorded.
fn recorded(chain: &Chain, action: &dyn Action, estimator: Estimator) -> Result<Option<Program>> {
    let mut recorder = Recorder::new();
    let draw = chain.draw(&mut recorder);
    let Some(action) = action.record(&mut recorder, draw.field)? else { return Ok(None) };
    let parameters = draw.parameters.all();
    let cotangent = match estimator {
        Estimator::Reparametrised => {
            let one = recorder.constant(1.0, Shape::WIDE);
            (recorder.add(draw.log_density, action), one)
        }
        Estimator::Path => {
            let force = recorder.gradient(action, &[draw.field]);
            along_path(&mut recorder, chain, &draw, force[0])
        }
    };
    Ok(Some(Program::with_gradient(recorder, &[draw.log_density, action], &[cotangent], &parameters)))
}

/// Inputs: z, dS/dφ; outputs: the gradient of each tensor.
fn pulling(chain: &Chain, estimator: Estimator) -> Program {
    let mut recorder = Recorder::new();
    let draw = chain.draw(&mut recorder);
    let force = chain.input(&mut recorder);
    let cotangents = match estimator {
        Estimator::Reparametrised => {
            let one = recorder.constant(1.0, Shape::WIDE);
            vec![(draw.log_density, one), (draw.field, force)]
        }
        Estimator::Path => vec![along_path(&mut recorder, chain, &draw, force)],
    };
    Program::with_gradient(recorder, &[], &cotangents, &draw.parameters.all())
}

/// φ with its cotangent, score + force.
fn along_path(recorder: &mut Recorder, chain: &Chain, draw: &Draw, force: Node) -> (Node, Node) {
    let score = chain.score(recorder, draw);
    (draw.field, recorder.add(score, force))
}
