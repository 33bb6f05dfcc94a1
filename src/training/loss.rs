//! The reverse Kullback-Leibler divergence up to a constant, F = E_q[log q(φ) + S(φ)], and its gradient.
//!
//! With φ = φ(z, θ), z from the prior:
//!
//! ```text
//! reparametrised   dF/dθ = E[ d/dθ (log q(φ(z, θ)) + S(φ(z, θ))) ]
//! path             dF/dθ = E[ (dφ/dθ)^T (d log q/dφ + dS/dφ) ],   θ held fixed inside log q
//! ```
//!
//! Vaitl, Nicoli, Nakajima, Kessel, arXiv:2207.08219. A polynomial action is recorded and differentiated with the
//! flow. Any other is called for its value and gradient between two programs: a host's callback is then called from
//! the host's own thread alone.

use super::spec::Estimator;
use crate::action::{Action, Coupling, Polynomial};
use crate::context::Context;
use crate::error::{Error, Result, expect_finite};
use crate::flow::{Draw, Flow, Layers};
use crate::program::{Bound, Executable, Feed, Key, Node, Output, Program, Recorder, Shape, Stencil};
use crate::space::Space;
use std::sync::Arc;

/// Loss and gradient, ready to run.
pub struct Loss {
    context: Arc<Context>,
    volume: usize,
    offsets: Vec<usize>,
    kind: Kind,
}

enum Kind {
    /// One program: log q, S, gradients.
    Recorded(Bound),
    /// A draw, the action's own gradient, and a program that pulls it back.
    Called { sampling: Bound, pulling: Bound },
}

/// What one batch gives.
pub struct Batch {
    /// log q of each sample.
    pub log_q: Vec<f64>,
    /// S of each sample.
    pub action: Vec<f64>,
    /// Gradient of the mean loss with respect to each parameter.
    pub gradient: Vec<f64>,
}

impl Loss {
    /// The loss of a flow for an action on the same lattice.
    pub fn new(flow: &Flow, action: &dyn Action, estimator: Estimator) -> Result<Self> {
        if action.space() != Space::Scalars {
            return Err(Error::Unsupported("flow: expected an action of scalars, got one of links".into()));
        }
        let bind = |program| Arc::new(Executable::new(program, flow.context())?).bind(flow.parameters());
        let kind = match action.polynomial() {
            Some(polynomial) => Kind::Recorded(bind(recorded(flow.layers(), polynomial, estimator)?)?),
            None => Kind::Called {
                sampling: bind(flow.layers().sampling())?,
                pulling: bind(pulling(flow.layers(), estimator))?,
            },
        };
        let counts = flow.tensors().iter().map(|t| t.count()).collect::<Vec<_>>();
        let offsets = std::iter::once(0)
            .chain(counts.iter().scan(0, |sum, n| {
                *sum += n;
                Some(*sum)
            }))
            .collect();
        Ok(Self { context: Arc::clone(flow.context()), volume: action.lattice().volume(), offsets, kind })
    }

    /// Loss and gradient at given parameters on the samples of a key.
    pub fn run(&mut self, action: &dyn Action, parameters: &[f64], (key, batch): (Key, usize)) -> Result<Batch> {
        let (mut log_q, mut values) = (vec![0.0; batch], vec![0.0; batch]);
        let mut gradient = vec![0.0; parameters.len()];
        match &mut self.kind {
            Kind::Recorded(bound) => {
                bound.set_parameters(parameters)?;
                let mut outputs: Vec<&mut [f64]> = vec![&mut log_q, &mut values];
                outputs.extend(pieces(&self.offsets, &mut gradient));
                bound.run(&self.context, batch, &[Feed::Normal(key)], &mut outputs)?;
            }
            Kind::Called { sampling, pulling } => {
                sampling.set_parameters(parameters)?;
                pulling.set_parameters(parameters)?;
                let mut fields = vec![0.0; batch * self.volume];
                sampling.run(&self.context, batch, &[Feed::Normal(key)], &mut [&mut fields, &mut log_q])?;
                expect_finite("sampled fields", &fields)?;
                let mut forces = vec![0.0; fields.len()];
                let samples = fields.chunks(self.volume).zip(forces.chunks_mut(self.volume));
                for ((field, force), value) in samples.zip(&mut values) {
                    *value = action.gradient(field, force)?;
                }
                let feeds = [Feed::Normal(key), Feed::Array(&forces)];
                let mut outputs: Vec<&mut [f64]> = pieces(&self.offsets, &mut gradient);
                pulling.run(&self.context, batch, &feeds, &mut outputs)?;
            }
        }
        gradient.iter_mut().for_each(|g| *g /= batch as f64);
        Ok(Batch { log_q, action: values, gradient })
    }
}

/// One slice for each tensor.
fn pieces<'a>(offsets: &[usize], mut all: &'a mut [f64]) -> Vec<&'a mut [f64]> {
    let mut pieces = vec![];
    for ends in offsets.windows(2) {
        let (piece, rest) = std::mem::take(&mut all).split_at_mut(ends[1] - ends[0]);
        pieces.push(piece);
        all = rest;
    }
    pieces
}

fn recorded(layers: &Layers, polynomial: &Polynomial, estimator: Estimator) -> Result<Program> {
    let mut recorder = Recorder::new();
    let draw = layers.draw(&mut recorder);
    let result = draw.result();
    let field = layers.join(&mut recorder, result.halves);
    let action = record_action(&mut recorder, layers, polynomial, field)?;
    let parameters: Vec<Node> = draw.parameters.concat();
    let gradients = match estimator {
        Estimator::Reparametrised => {
            let loss = recorder.add(result.log_density, action);
            recorder.gradient(loss, &parameters)
        }
        Estimator::Path => {
            let force = recorder.gradient(action, &result.halves);
            along_path(&mut recorder, layers, &draw, [force[0], force[1]])
        }
    };
    let values = [result.log_density, action].map(Output::PerSample);
    Ok(Program::new(recorder, values.into_iter().chain(gradients.into_iter().map(Output::Summed)).collect()))
}

/// Inputs: z, dS/dφ; outputs: the gradient of each tensor.
fn pulling(layers: &Layers, estimator: Estimator) -> Program {
    let mut recorder = Recorder::new();
    let draw = layers.draw(&mut recorder);
    let force = recorder.input(Shape::new(1, layers.lattice().volume()));
    let force = layers.split(&mut recorder, force);
    let gradients = match estimator {
        Estimator::Reparametrised => {
            let result = draw.result();
            let one = recorder.constant(1.0, Shape::WIDE);
            let halves = result.halves;
            let cotangents = [(result.log_density, one), (halves[0], force[0]), (halves[1], force[1])];
            recorder.pull_back(&cotangents, &draw.parameters.concat())
        }
        Estimator::Path => along_path(&mut recorder, layers, &draw, force),
    };
    Program::new(recorder, gradients.into_iter().map(Output::Summed).collect())
}

/// (dφ/dθ)^T (score + force).
fn along_path(recorder: &mut Recorder, layers: &Layers, draw: &Draw, force: [Node; 2]) -> Vec<Node> {
    let score = layers.score(recorder, draw);
    let halves = draw.result().halves;
    let cotangents = [0, 1].map(|i| (halves[i], recorder.add(score[i], force[i])));
    recorder.pull_back(&cotangents, &draw.parameters.concat())
}

/// S = sum_x [ q φ² + u φ⁴ − j φ ] − sum_r h_r sum_x φ(x) φ(x+r) of a field on the whole lattice.
fn record_action(recorder: &mut Recorder, layers: &Layers, polynomial: &Polynomial, field: Node) -> Result<Node> {
    let square = recorder.multiply(field, field);
    let fourth = recorder.multiply(square, square);
    let mut density = coupled(recorder, &polynomial.quadratic, square);
    let quartic = coupled(recorder, &polynomial.quartic, fourth);
    density = recorder.add(density, quartic);
    if polynomial.source != Coupling::Uniform(0.0) {
        let source = coupled(recorder, &polynomial.source, field);
        density = recorder.subtract(density, source);
    }
    // One product with the sum of all neighbours, weighted.
    let mut neighbours: Option<Node> = None;
    for hop in &polynomial.hops {
        let shifted = recorder.map(field, &Stencil::shift(layers.lattice(), &hop.displacement)?);
        let weighted = recorder.scale(shifted, hop.strength);
        neighbours = Some(neighbours.map_or(weighted, |sum| recorder.add(sum, weighted)));
    }
    if let Some(neighbours) = neighbours {
        let product = recorder.multiply(field, neighbours);
        density = recorder.subtract(density, product);
    }
    Ok(recorder.total(density))
}

fn coupled(recorder: &mut Recorder, coupling: &Coupling, value: Node) -> Node {
    match coupling {
        Coupling::Uniform(c) => recorder.scale(value, *c),
        Coupling::PerSite(c) => {
            let table = recorder.table(c, recorder.shape(value));
            recorder.multiply(value, table)
        }
    }
}
