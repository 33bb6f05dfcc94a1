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
//! explodes have σ in geometric progression, those of one that preserves it are at equal times. Song et al., arXiv:2011.13456; Sohl-Dickstein et al., arXiv:1503.03585.

use super::Diffusion;
use super::model::Diffused;
use super::process::{Level, Process};
use crate::context::Context;
use crate::error::{Result, expect_finite, expect_length};
use crate::flow::prior::log_normal;
use crate::program::{Arguments, Bound, Executable, Feed, Key, Node, Output, Program, Recorder, Scan, Shape, Values};
use crate::random::Purpose;
use crate::space::Domain;
use crate::spec::expect;
use std::sync::Arc;

/// Programs of paths with the parameters of a model.
pub struct Paths {
    context: Arc<Context>,
    domain: Domain,
    denoising: Bound,
    noising: Bound,
}

/// Recorded numbers of a step, each on all sites.
struct Step {
    time: Node,
    /// c, a, b, the factors of φ and N in the mean, and r.
    numbers: [Node; 6],
}

/// A path of N steps that is recorded.
struct Recording<'a> {
    diffusion: &'a Diffusion,
    levels: Vec<(f64, Level)>,
}

impl Paths {
    /// Paths of `steps` steps.
    pub fn new(model: &Diffused, steps: usize) -> Result<Self> {
        expect((1..=100_000).contains(&steps), "steps", "1 to 100000", steps)?;
        let Diffused { context, domain, diffusion, parameters } = model;
        let recording = Recording { diffusion, levels: levels(&diffusion.process, steps) };
        let bound = |program| Arc::new(Executable::new(program, context)?).bind(parameters);
        let (denoising, noising) = (bound(recording.denoising())?, bound(recording.noising())?);
        Ok(Self { context: Arc::clone(context), domain: domain.clone(), denoising, noising })
    }

    /// Where the fields live.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Draws the fields (batch x V) of denoising paths, with W of each; not finite where numbers overflow.
    pub fn denoise(&self, counter: u64, fields: &mut [f64], weights: &mut [f64]) -> Result<()> {
        expect_length("fields", weights.len().saturating_mul(self.domain.count()), fields.len())?;
        let feeds = [0, 1].map(|stream| Feed::Normal(self.key(counter, stream)));
        self.denoising.run(&self.context, weights.len(), &feeds, &mut [fields, weights]).map(|_| ())
    }

    /// W of a noising path from each of given fields.
    pub fn noise(&self, counter: u64, fields: &[f64], weights: &mut [f64]) -> Result<()> {
        expect_length("fields", weights.len().saturating_mul(self.domain.count()), fields.len())?;
        expect_finite("fields", fields)?;
        let feeds = [Feed::Array(fields), Feed::Normal(self.key(counter, 2))];
        self.noising.run(&self.context, weights.len(), &feeds, &mut [weights]).map(|_| ())
    }

    fn key(&self, counter: u64, stream: u64) -> Key {
        Key { seed: self.context.seed(), purpose: Purpose::Prior, counter, stream }
    }
}

/// Times and levels of a path, from the field on.
fn levels(process: &Process, steps: usize) -> Vec<(f64, Level)> {
    let time = |k: usize| match process {
        Process::Exploding { .. } if steps > 1 => (k - 1) as f64 / (steps - 1) as f64,
        _ => k as f64 / steps as f64,
    };
    std::iter::once((0.0, Level::DATA)).chain((1..=steps).map(|k| (time(k), process.level(time(k))))).collect()
}

impl Recording<'_> {
    /// Numbers of the step between levels k and k + 1: c, a, b, the factors of the mean, and r.
    fn numbers(&self, k: usize) -> [f64; 6] {
        let (early, late) = (self.levels[k].1, self.levels[k + 1].1);
        let [a, b] = early.step_to(&late);
        let [c, earlier] = [late, early].map(|level| level.scale(self.diffusion.width));
        [c, a, b, (1.0 - b * b * c * c) / a, b * b * c / a, b * c / earlier]
    }

    /// A row of numbers for each step.
    fn rows(&self, recorder: &mut Recorder) -> Node {
        let row = |k: usize| self.diffusion.times(self.levels[k + 1].0).into_iter().chain(self.numbers(k));
        let rows: Vec<f64> = (0..self.steps()).flat_map(row).collect();
        let shape = Shape::new(rows.len(), 1);
        recorder.table(&rows, shape)
    }

    fn steps(&self) -> usize {
        self.levels.len() - 1
    }

    fn step(&self, recorder: &mut Recorder, row: Node) -> Step {
        let times = self.diffusion.network.times();
        let time = recorder.channels(row, 0, times);
        let numbers = [0, 1, 2, 3, 4, 5].map(|i| {
            let number = recorder.channels(row, times + i, 1);
            recorder.spread_sites(number, self.diffusion.volume)
        });
        Step { time, numbers }
    }

    /// Records the mean of φ_k given φ_(k+1).
    fn mean(&self, recorder: &mut Recorder, (later, step): (Node, &Step), fixed: &[Node]) -> Node {
        let [c, _, _, own, learned, _] = step.numbers;
        let x = recorder.multiply(c, later);
        let network = self.diffusion.network.record(recorder, (x, step.time), fixed);
        let (own, learned) = (recorder.multiply(own, later), recorder.multiply(learned, network));
        recorder.add(own, learned)
    }

    /// The program of denoising: inputs are the numbers z of the last level and those of all steps; outputs field and W.
    fn denoising(&self) -> Program {
        let mut recorder = Recorder::new();
        let (volume, steps) = (self.diffusion.volume, self.steps());
        let z = recorder.input(Shape::new(1, volume));
        let noise = recorder.input(Shape::new(steps, volume));
        let field = recorder.scale(z, self.last_width());
        let weight = self.weight_of_last(&mut recorder, z);
        let end = self.record(&mut recorder, [field, weight, noise], true, |body, [later, eta], (step, fixed)| {
            let [_, a, b, _, _, r] = step.numbers;
            let mean = self.mean(body, (later, step), fixed);
            let moved = body.multiply(r, eta);
            let field = body.add(mean, moved);
            let kept = body.multiply(a, field);
            let difference = body.subtract(later, kept);
            [field, eta, body.divide(difference, b)]
        });
        Program::new(recorder, end.map(Output::PerSample).to_vec())
    }

    /// The program of noising: inputs are the field and the numbers of all steps; the output is W.
    fn noising(&self) -> Program {
        let mut recorder = Recorder::new();
        let (volume, steps) = (self.diffusion.volume, self.steps());
        let field = recorder.input(Shape::new(1, volume));
        let noise = recorder.input(Shape::new(steps, volume));
        let zero = recorder.constant(0.0, Shape::WIDE);
        let end = self.record(&mut recorder, [field, zero, noise], false, |body, [field, xi], (step, fixed)| {
            let [_, a, b, _, _, r] = step.numbers;
            let (kept, added) = (body.multiply(a, field), body.multiply(b, xi));
            let later = body.add(kept, added);
            let mean = self.mean(body, (later, step), fixed);
            let difference = body.subtract(field, mean);
            [later, body.divide(difference, r), xi]
        });
        let z = recorder.scale(end[0], 1.0 / self.last_width());
        let last = self.weight_of_last(&mut recorder, z);
        let weight = recorder.add(end[1], last);
        Program::new(recorder, vec![Output::PerSample(weight)])
    }

    /// Records all steps for a field, W so far, and noise; a step gives the next field, η and ξ.
    fn record(
        &self,
        recorder: &mut Recorder,
        [field, weight, noise]: [Node; 3],
        reversed: bool,
        step: impl Fn(&mut Recorder, [Node; 2], (&Step, &[Node])) -> [Node; 3],
    ) -> [Node; 2] {
        let parameters: Vec<Node> =
            self.diffusion.network.tensors().iter().map(|tensor| recorder.parameter(tensor.count())).collect();
        let fixed = self.diffusion.network.fixed(recorder, &parameters);
        let rows = [self.rows(recorder), noise];
        let carried = [field, weight];
        let scan = Scan { count: self.steps(), reversed, keep: 1, carried: &carried, rows: &rows, captured: &fixed };
        let body = |body: &mut Recorder, of: &Arguments| {
            let numbers = self.step(body, of.rows[0]);
            let [field, eta, xi] = step(body, [of.carried[0], of.rows[1]], (&numbers, &of.captured));
            let (eta, xi) = (body.multiply(eta, eta), body.multiply(xi, xi));
            let excess = body.subtract(xi, eta);
            let excess = body.total(excess);
            let excess = body.scale(excess, 0.5);
            Values { carried: vec![field, body.add(of.carried[1], excess)], stacked: vec![] }
        };
        let end = recorder.repeat(&scan, body).carried;
        [end[0], end[1]]
    }

    fn last_width(&self) -> f64 {
        1.0 / self.levels[self.steps()].1.scale(self.diffusion.width)
    }

    /// Records log p(φ_N) at φ_N = width z, with the logarithms of b / r of all steps.
    fn weight_of_last(&self, recorder: &mut Recorder, z: Node) -> Node {
        let log_normal = log_normal(recorder, z);
        let ratio = |k: usize| (self.numbers(k)[2] / self.numbers(k)[5]).ln();
        let ratios = (0..self.steps()).map(ratio).sum::<f64>() - self.last_width().ln();
        recorder.offset(log_normal, self.diffusion.volume as f64 * ratios)
    }
}
