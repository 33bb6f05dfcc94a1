//! The mean work of annealed paths with the layers of a flow, and its gradient by their parameters: stochastic normalizing flows.
//!
//! ```text
//! F = E[W] = Σ_k E[ S_(t_k)(f_k(φ)) − S_(t_(k−1))(φ) − log |det df_k/dφ| ] ≥ −log(Z/Z_0)
//! ```
//!
//! Each layer minimises its own share on the fields that the path brings to it, the reverse divergence from exp(−S_(t_k)):
//! derivatives do not go through the kernel, which needs none. M. Caselle, E. Cellini, A. Nada, M. Panero, arXiv:2201.08862;
//! layer by layer: M. Arbel, A. G. D. G. Matthews, A. Doucet, arXiv:2102.07501.

use super::fingerprint;
use super::objective::{Objective, Report, Samples, pieces};
use crate::action::Action;
use crate::context::Context;
use crate::error::Result;
use crate::flow::{Chain, Flow, Tensor, Way, split};
use crate::markov::{AnnealedPath, AnnealedSpec, KernelSpec, Member, annealing_kernel};
use crate::memory;
use crate::program::{Bound, Executable, Feed, Output, Program, Recorder, Shape};
use crate::random::{Purpose, Stream};
use crate::statistics::reweighting;
use std::ops::Range;
use std::sync::Arc;

/// The mean work of the paths of a flow.
pub struct AnnealedWork {
    context: Arc<Context>,
    action: Arc<dyn Action>,
    path: AnnealedPath,
    strengths: Vec<f64>,
    layers: Vec<Layer>,
    /// Numbers of a field.
    count: usize,
}

/// The programs of one layer, and its parameters among all.
struct Layer {
    tensors: Vec<Tensor>,
    place: Range<usize>,
    /// Input φ; outputs f(φ) and log q − log N(φ).
    forward: Bound,
    /// Inputs φ and dS_t/df; outputs the gradient of S_t(f(φ)) − log |det| by each tensor.
    pulling: Bound,
}

impl AnnealedWork {
    /// For the layers of a flow at fixed conditions.
    pub fn new(flow: &Flow, action: &Arc<dyn Action>, spec: &AnnealedSpec<KernelSpec>) -> Result<Self> {
        let (chain, context, condition) = (flow.chain(), Arc::clone(flow.context()), flow.expect_condition()?);
        chain.domain.expect("action", &action.domain())?;
        let bind = |program, place: &Range<usize>| {
            Arc::new(Executable::new(program, &context)?).bind_at(&flow.parameters()[place.clone()], &condition)
        };
        let mut layers = vec![];
        for (part, place) in split(chain)? {
            let (forward, pulling) = (bind(forward(&part), &place)?, bind(pulling(&part), &place)?);
            layers.push(Layer { tensors: part.tensors(), place, forward, pulling });
        }
        let strengths = spec.strengths(Some(layers.len()))?;
        let builder = annealing_kernel("annealing", spec.kernel.as_ref())?;
        let first = AnnealedSpec { from: Some(spec.first(true)), ..spec.clone() };
        let path = AnnealedPath::new(Arc::clone(action), &first, builder, None)?;
        Ok(Self { context, action: Arc::clone(action), path, strengths, layers, count: chain.domain.count() })
    }

    /// Takes fields through a layer and adds its part to the gradient; the work is taken from their log weights.
    fn learn(&self, number: usize, members: &mut [Member], gradient: &mut [f64]) -> Result<()> {
        let (layer, count) = (&self.layers[number - 1], self.count);
        let [t, next] = [self.strengths[number - 1], self.strengths[number]];
        let mut before = memory::reserved("fields of a batch", members.len() * count)?;
        members.iter().for_each(|member| before.extend_from_slice(&member.field));
        let mut after = memory::filled("fields of a batch", 0.0, before.len())?;
        let mut minus_log_dets = memory::filled("Jacobians of a batch", 0.0, members.len())?;
        let feed = Feed::Array(&before);
        layer.forward.run(&self.context, members.len(), &[feed], &mut [&mut after, &mut minus_log_dets])?;
        let mut forces = memory::filled("forces of a batch", 0.0, before.len())?;
        let action = self.path.at(next)?;
        let fields = after.chunks_exact(count).zip(forces.chunks_exact_mut(count));
        for ((member, (field, force)), minus_log_det) in members.iter_mut().zip(fields).zip(&minus_log_dets) {
            let old = (1.0 - t) * member.values[0] + t * member.values[1];
            member.log_weight -= action.gradient(field, force)? - old + minus_log_det;
            member.field.copy_from_slice(field);
            member.values = self.path.values(field)?;
        }
        let feeds = [Feed::Array(&before), Feed::Array(&forces)];
        layer.pulling.run(&self.context, members.len(), &feeds, &mut pieces(&layer.tensors, gradient))?;
        Ok(())
    }
}

impl Objective for AnnealedWork {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        let (key, count) = (samples.key, samples.count);
        let seeds = |index: usize| {
            let seed = |i: usize| {
                Stream::numbered(key.seed, Purpose::Training, key.counter.wrapping_add(i as u64), index as u64).bits()
            };
            memory::collected("seeds of paths", (0..count).map(seed))
        };
        for layer in &mut self.layers {
            layer.forward.set_parameters(&parameters[layer.place.clone()])?;
            layer.pulling.set_parameters(&parameters[layer.place.clone()])?;
        }
        let zeros = memory::filled("gradient of the loss", 0.0, parameters.len())?;
        let mut report = Report { loss: f64::NAN, ess: 1.0, gradient: zeros, fault: None };
        let mut members = self.path.draw(&seeds(0)?)?;
        for number in 1..self.strengths.len() {
            let place = self.layers[number - 1].place.clone();
            self.learn(number, &mut members, &mut report.gradient[place])?;
            if let Some(member) = members.iter().find(|member| !member.log_weight.is_finite()) {
                report.fault = Some(format!("{} as the work of layer {}", -member.log_weight, number - 1));
                return Ok(report);
            }
            self.path.sweep(&mut members, self.strengths[number], &seeds(number)?, Way::Forward)?;
        }
        report.gradient.iter_mut().for_each(|g| *g /= count as f64);
        let weights = memory::collected("log weights", members.iter().map(|member| member.log_weight))?;
        report.loss = -weights.iter().sum::<f64>() / count as f64 - self.path.log_z();
        report.ess = if count < 2 { 1.0 } else { reweighting(&weights)?.ess };
        Ok(report)
    }

    fn name(&self) -> &'static str {
        "action"
    }

    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        fingerprint::of(&*self.action)
    }
}

/// Outputs: f(φ), and log q − log N(φ) = −log |det|.
fn forward(chain: &Chain) -> Program {
    let mut recorder = Recorder::new();
    let draw = chain.draw(&mut recorder);
    let minus_log_det = recorder.subtract(draw.log_density, draw.start.log_density);
    Program::new(recorder, [draw.field, minus_log_det].map(Output::PerSample).to_vec())
}

/// Inputs: φ, dS/df; outputs: the gradient of each tensor.
fn pulling(chain: &Chain) -> Program {
    let mut recorder = Recorder::new();
    let draw = chain.draw(&mut recorder);
    let force = chain.input(&mut recorder);
    let one = recorder.constant(1.0, Shape::WIDE);
    let cotangents = [(draw.log_density, one), (draw.field, force)];
    Program::with_gradient(recorder, &[], &cotangents, &draw.parameters.all())
}
