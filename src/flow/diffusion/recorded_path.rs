//! Stochastic paths of a diffusion model as recorded operations; the formulas are in `paths.rs`.
//!
//! In units x = c φ a Langevin step is x' = x + ε (N(x) − x) + √(2ε) η. That from x' back to x has the normal number
//! η' = (x − x' − ε (N(x') − x')) / √(2ε), so that the ratio of the two densities is exp((η'² − η²) / 2).

use super::Diffusion;
use super::path_spec::{CorrectorSpec, PathRatioSpec};
use super::process::{Level, Process};
use crate::error::Result;
use crate::flow::prior::log_normal;
use crate::program::{Arguments, Node, Recorder, Scan, Shape, Values};

/// Derivatives of W by the parameters that a recorded path has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivatives {
    /// All of them.
    Whole,
    /// All but that of log p of denoising at a fixed path, whose mean over paths is zero. These have no variance where W + S is the same
    /// for all paths.
    ThroughPath,
}

/// A recorded denoising path.
pub struct PathDraw {
    /// Its field.
    pub field: Node,
    /// W.
    pub weight: Node,
    /// The model's parameters.
    pub parameters: Vec<Node>,
    /// How many times the program takes all parameters, one after the other.
    pub sets: usize,
}

/// Paths of N steps, to be recorded.
pub struct PathRecording<'a> {
    diffusion: &'a Diffusion,
    levels: Vec<(f64, Level)>,
    corrector: CorrectorSpec,
    /// Derivatives keep the fields of every k-th step.
    keep: usize,
}

/// Recorded numbers of a step, each on all sites.
struct Step {
    time: Node,
    /// c, a, b, the factors of φ and N in the mean, and r.
    numbers: [Node; 6],
}

/// A noised field with the network at it.
#[derive(Clone, Copy)]
struct Point {
    field: Node,
    /// c φ.
    x: Node,
    /// N(c φ; t).
    network: Node,
}

/// Values of the network that do not depend on field and time.
struct Fixed<'a> {
    /// Those that fields move by.
    moving: &'a [Node],
    /// Those of log p of denoising, where its derivatives by the parameters are left out.
    density: Option<&'a [Node]>,
}

/// Normal numbers of a move: those of denoising, and those of noising.
type Moved = [Node; 2];

impl<'a> PathRecording<'a> {
    /// Paths of a model.
    pub fn new(diffusion: &'a Diffusion, spec: &PathRatioSpec) -> Result<Self> {
        spec.check()?;
        let levels = levels(&diffusion.process, spec.steps);
        let corrector = spec.corrector.clone().unwrap_or(CorrectorSpec { steps: 0, size: 1.0 });
        let keep = (spec.steps as f64).sqrt().round() as usize;
        Ok(Self { diffusion, levels, corrector, keep })
    }

    fn steps(&self) -> usize {
        self.levels.len() - 1
    }

    /// Shape of the normal numbers of all steps.
    fn noise(&self) -> Shape {
        Shape::new(self.steps() * (1 + self.corrector.steps), self.diffusion.volume)
    }

    /// Records denoising: inputs are the numbers z of the last level and those of all steps.
    pub fn draw(&self, recorder: &mut Recorder, derivatives: Derivatives) -> PathDraw {
        let z = recorder.input(Shape::new(1, self.diffusion.volume));
        let noise = recorder.input(self.noise());
        let field = recorder.scale(z, self.last_width());
        let weight = self.weight_of_last(recorder, z);
        let (parameters, mut fixed) = self.parameters(recorder);
        let (own, mut sets) = (fixed.len(), 1);
        if derivatives == Derivatives::ThroughPath {
            fixed.extend(self.parameters(recorder).1);
            sets = 2;
        }
        let body = |body: &mut Recorder, [later, noise]: [Node; 2], (step, fixed): (&Step, &[Node])| {
            let (moving, density) = fixed.split_at(own);
            let fixed = Fixed { moving, density: (sets == 2).then_some(density) };
            self.denoise(body, [later, noise], step, &fixed)
        };
        let [field, weight] = self.record(recorder, [field, weight, noise], (&fixed, true), body);
        PathDraw { field, weight, parameters, sets }
    }

    /// Records noising: inputs are the field and the numbers of all steps. W.
    pub fn noising(&self, recorder: &mut Recorder) -> Node {
        let field = recorder.input(Shape::new(1, self.diffusion.volume));
        let noise = recorder.input(self.noise());
        let zero = recorder.constant(0.0, Shape::WIDE);
        let (_, fixed) = self.parameters(recorder);
        let body = |body: &mut Recorder, given: [Node; 2], (step, fixed): (&Step, &[Node])| {
            self.add_noise(body, given, step, fixed)
        };
        let end = self.record(recorder, [field, zero, noise], (&fixed, false), body);
        let z = recorder.scale(end[0], 1.0 / self.last_width());
        let last = self.weight_of_last(recorder, z);
        recorder.add(end[1], last)
    }

    /// Records parameters, and what of the network depends on them alone.
    fn parameters(&self, recorder: &mut Recorder) -> (Vec<Node>, Vec<Node>) {
        let network = &self.diffusion.network;
        let parameters: Vec<Node> = network.tensors().iter().map(|t| recorder.parameter(t.count())).collect();
        let fixed = network.fixed(recorder, &parameters);
        (parameters, fixed)
    }

    /// Records Langevin steps at level k + 1, and a step down to level k.
    fn denoise(
        &self,
        body: &mut Recorder,
        [later, noise]: [Node; 2],
        step: &Step,
        fixed: &Fixed,
    ) -> (Node, Vec<Moved>) {
        let mut at = self.point(body, later, step, fixed.moving);
        let mut moves = vec![];
        for j in 0..self.corrector.steps {
            let eta = body.channels(noise, 1 + j, 1);
            let next = self.langevin(body, &at, eta, (step, fixed.moving));
            let undone = self.langevin_noise(body, &next, at.x);
            let forward = match self.again(body, &at, step, fixed) {
                None => eta,
                Some(same) => self.langevin_noise(body, &same, next.x),
            };
            moves.push([forward, undone]);
            at = next;
        }
        let [_, a, b, _, _, r] = step.numbers;
        let eta = body.channels(noise, 0, 1);
        let (mean, moved) = (self.mean(body, &at, step), body.multiply(r, eta));
        let field = body.add(mean, moved);
        let forward = match self.again(body, &at, step, fixed) {
            None => eta,
            Some(same) => {
                let mean = self.mean(body, &same, step);
                let difference = body.subtract(field, mean);
                body.divide(difference, r)
            }
        };
        let kept = body.multiply(a, field);
        let difference = body.subtract(at.field, kept);
        moves.push([forward, body.divide(difference, b)]);
        (field, moves)
    }

    /// Records a step from level k up to level k + 1, and Langevin steps there.
    fn add_noise(
        &self,
        body: &mut Recorder,
        [field, noise]: [Node; 2],
        step: &Step,
        fixed: &[Node],
    ) -> (Node, Vec<Moved>) {
        let [_, a, b, _, _, r] = step.numbers;
        let xi = body.channels(noise, 0, 1);
        let (kept, added) = (body.multiply(a, field), body.multiply(b, xi));
        let later = body.add(kept, added);
        let mut at = self.point(body, later, step, fixed);
        let mean = self.mean(body, &at, step);
        let difference = body.subtract(field, mean);
        let mut moves = vec![[body.divide(difference, r), xi]];
        for j in 0..self.corrector.steps {
            let eta = body.channels(noise, 1 + j, 1);
            let next = self.langevin(body, &at, eta, (step, fixed));
            moves.push([self.langevin_noise(body, &next, at.x), eta]);
            at = next;
        }
        (at.field, moves)
    }

    fn point(&self, body: &mut Recorder, field: Node, step: &Step, fixed: &[Node]) -> Point {
        let x = body.multiply(step.numbers[0], field);
        Point { field, x, network: self.diffusion.network.record(body, (x, step.time), fixed) }
    }

    /// The same field with the network of log p of denoising, where that is recorded on its own.
    fn again(&self, body: &mut Recorder, at: &Point, step: &Step, fixed: &Fixed) -> Option<Point> {
        let network = self.diffusion.network.record(body, (at.x, step.time), fixed.density?);
        Some(Point { network, ..*at })
    }

    /// Records the mean of φ_k given φ_(k+1).
    fn mean(&self, body: &mut Recorder, at: &Point, step: &Step) -> Node {
        let [_, _, _, own, learned, _] = step.numbers;
        let (own, learned) = (body.multiply(own, at.field), body.multiply(learned, at.network));
        body.add(own, learned)
    }

    /// Records the mean of x' given x.
    fn langevin_mean(&self, body: &mut Recorder, at: &Point) -> Node {
        let pull = body.subtract(at.network, at.x);
        let drift = body.scale(pull, self.corrector.size);
        body.add(at.x, drift)
    }

    fn langevin(&self, body: &mut Recorder, at: &Point, eta: Node, (step, fixed): (&Step, &[Node])) -> Point {
        let mean = self.langevin_mean(body, at);
        let moved = body.scale(eta, self.langevin_width());
        let x = body.add(mean, moved);
        let field = body.divide(x, step.numbers[0]);
        Point { field, x, network: self.diffusion.network.record(body, (x, step.time), fixed) }
    }

    /// Records the normal number of a Langevin step from one field to another.
    fn langevin_noise(&self, body: &mut Recorder, from: &Point, to: Node) -> Node {
        let mean = self.langevin_mean(body, from);
        let difference = body.subtract(to, mean);
        body.scale(difference, 1.0 / self.langevin_width())
    }

    fn langevin_width(&self) -> f64 {
        (2.0 * self.corrector.size).sqrt()
    }

    /// Records all steps for a field, W so far, and noise.
    fn record(
        &self,
        recorder: &mut Recorder,
        [field, weight, noise]: [Node; 3],
        (fixed, reversed): (&[Node], bool),
        step: impl Fn(&mut Recorder, [Node; 2], (&Step, &[Node])) -> (Node, Vec<Moved>),
    ) -> [Node; 2] {
        let rows = [self.rows(recorder), noise];
        let carried = [field, weight];
        let scan =
            Scan { count: self.steps(), reversed, keep: self.keep, carried: &carried, rows: &rows, captured: fixed };
        let body = |body: &mut Recorder, of: &Arguments| {
            let numbers = self.step(body, of.rows[0]);
            let (field, moves) = step(body, [of.carried[0], of.rows[1]], (&numbers, &of.captured));
            let mut weight = of.carried[1];
            for [forward, backward] in moves {
                let [forward, backward] = [forward, backward].map(|number| body.multiply(number, number));
                let excess = body.subtract(backward, forward);
                let excess = body.total(excess);
                let excess = body.scale(excess, 0.5);
                weight = body.add(weight, excess);
            }
            Values { carried: vec![field, weight], stacked: vec![] }
        };
        let end = recorder.repeat(&scan, body).carried;
        [end[0], end[1]]
    }

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

    fn step(&self, recorder: &mut Recorder, row: Node) -> Step {
        let times = self.diffusion.network.times();
        let time = recorder.channels(row, 0, times);
        let numbers = [0, 1, 2, 3, 4, 5].map(|i| {
            let number = recorder.channels(row, times + i, 1);
            recorder.spread_sites(number, self.diffusion.volume)
        });
        Step { time, numbers }
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

/// Times and levels of a path, from the field on.
fn levels(process: &Process, steps: usize) -> Vec<(f64, Level)> {
    let time = |k: usize| match process {
        Process::Exploding { .. } if steps > 1 => (k - 1) as f64 / (steps - 1) as f64,
        _ => k as f64 / steps as f64,
    };
    std::iter::once((0.0, Level::DATA)).chain((1..=steps).map(|k| (time(k), process.level(time(k))))).collect()
}
