//! Diffusion models: fields from noise along the score of noised fields, which a network learns.
//!
//! ```text
//! dφ/dt = f φ − g² s(φ, t) / 2   from t = 1 to t = 0,   d log q / dt = −div (f φ − g² s / 2)
//! ```
//!
//! This equation, the probability flow, has at each t the density of the noised fields where s is their score; whatever the network,
//! log q is the density of what it gives, up to the error of the integrator, as for continuous flows. It starts from white fields of
//! width (α² w² + σ²)^(1/2) at t = 1. The integration is one Repeat of the engine. Song et al., arXiv:2011.13456.

mod convolutional;
mod matching;
mod model;
mod output;
mod path_spec;
mod paths;
mod probes;
mod process;
mod recorded_path;
mod score;
mod score_network;
mod spec;
mod spectral;
mod unet;

pub use matching::{Noised, Target};
pub use model::Diffused;
pub use path_spec::{CorrectorSpec, PathRatioSpec};
pub use paths::{PathSampler, Paths};
pub use recorded_path::{Derivatives, PathDraw, PathRecording};
pub use score::Score;
pub use spec::DiffusionSpec;

use super::continuous::{Integrator, moved};
use super::layer::{Given, Layer, State};
use super::partition::Partition;
use super::tensor::Tensor;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::program::{Arguments, Node, Recorder, Scan, Shape, Values};
use process::Process;
use score_network::ScoreNetwork;
use std::f64::consts::PI;
use std::sync::Arc;

/// A diffusion model on a lattice: the map of white noise to its fields by the probability flow.
#[derive(Clone, Debug)]
pub struct Diffusion {
    process: Process,
    /// Width w of fields without noise.
    width: f64,
    network: ScoreNetwork,
    steps: usize,
    integrator: Integrator,
    volume: usize,
    partition: Arc<Partition>,
}

/// Which way the flow runs.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// From noise at t = 1 to fields at t = 0.
    Denoising,
    /// From fields to noise.
    Noising,
}

impl Diffusion {
    /// Numbers of a stage: the functions of time, c, and p and q of dφ/dτ = p φ + q N for the time τ = 1 − t of denoising.
    fn stage(&self, t: f64) -> Vec<f64> {
        let c = self.process.level(t).scale(self.width);
        let [f, g_squared] = self.process.rates(t);
        let mut numbers = self.times(t);
        numbers.extend([c, -f - 0.5 * g_squared * c * c, 0.5 * g_squared * c]);
        numbers
    }

    /// The functions of time.
    fn times(&self, t: f64) -> Vec<f64> {
        (0..self.network.times()).map(|d| (d as f64 * PI * t).cos()).collect()
    }

    /// Numbers of all stages, a row for each step.
    fn rows(&self, recorder: &mut Recorder, way: Way) -> Node {
        let mut rows = vec![];
        for step in 0..self.steps {
            for c in self.integrator.tableau().c {
                let passed = (step as f64 + c) / self.steps as f64;
                rows.extend(self.stage(if way == Way::Denoising { 1.0 - passed } else { passed }));
            }
        }
        let shape = Shape::new(rows.len(), 1);
        recorder.table(&rows, shape)
    }

    /// Records dφ/dτ and d log q / dτ.
    fn slope(&self, recorder: &mut Recorder, (field, stage): (Node, Node), fixed: &[Node]) -> Vec<Node> {
        let times = self.network.times();
        let [c, p, q] = [0, 1, 2].map(|i| recorder.channels(stage, times + i, 1));
        let time = recorder.channels(stage, 0, times);
        let [scale, linear, factor] = [c, p, q].map(|number| recorder.spread_sites(number, self.volume));
        let x = recorder.multiply(scale, field);
        let network = self.network.with_divergence(recorder, (x, time), fixed);
        let (own, learned) = (recorder.multiply(linear, field), recorder.multiply(factor, network.value));
        // div (p φ + q N(c φ)) = p V + q c div N.
        let chained = recorder.multiply(q, c);
        let (own_divergence, chained) = (recorder.total(linear), recorder.total(chained));
        let divergence = recorder.multiply(chained, network.divergence);
        let divergence = recorder.add(own_divergence, divergence);
        vec![recorder.add(own, learned), recorder.scale(divergence, -1.0)]
    }

    /// Records the functions of a recorded time: cos(π d t) by its recurrence.
    fn times_of(&self, recorder: &mut Recorder, t: Node) -> Node {
        let angle = recorder.scale(t, PI);
        let cosine = recorder.cos(angle);
        let double = recorder.scale(cosine, 2.0);
        let mut all = vec![recorder.constant(1.0, Shape::new(1, 1)), cosine];
        for d in 2..self.network.times() {
            let next = recorder.multiply(double, all[d - 1]);
            all.push(recorder.subtract(next, all[d - 2]));
        }
        all.truncate(self.network.times());
        recorder.stack(&all)
    }

    /// Records the score at a fixed time of a field that is the next input.
    fn score_at(&self, recorder: &mut Recorder, t: f64, parameters: &[Node]) -> Node {
        let field = recorder.input(Shape::new(1, self.volume));
        let times = self.times(t);
        let time = recorder.table(&times, Shape::new(times.len(), 1));
        let c = self.process.level(t).scale(self.width);
        let x = recorder.scale(field, c);
        let fixed = self.network.fixed(recorder, parameters);
        let learned = self.network.record(recorder, (x, time), &fixed);
        let difference = recorder.subtract(learned, x);
        recorder.scale(difference, c)
    }

    /// Records field and log density at the other end of time.
    fn run(&self, recorder: &mut Recorder, carried: [Node; 2], parameters: &[Node], way: Way) -> [Node; 2] {
        let tableau = self.integrator.tableau();
        let sign = if way == Way::Denoising { 1.0 } else { -1.0 };
        let size = sign / self.steps as f64;
        let fixed = self.network.fixed(recorder, parameters);
        let rows = self.rows(recorder, way);
        let keep = (self.steps as f64).sqrt().round() as usize;
        let scan =
            Scan { count: self.steps, reversed: false, keep, carried: &carried, rows: &[rows], captured: &fixed };
        let numbers = self.network.times() + 3;
        let body = |body: &mut Recorder, of: &Arguments| {
            let mut slopes: Vec<Vec<Node>> = vec![];
            for (stage, row) in tableau.a.iter().enumerate() {
                let at = moved(body, &of.carried, &slopes, row, size);
                let stage = body.channels(of.rows[0], stage * numbers, numbers);
                slopes.push(self.slope(body, (at[0], stage), &of.captured));
            }
            Values { carried: moved(body, &of.carried, &slopes, tableau.b, size), stacked: vec![] }
        };
        let end = recorder.repeat(&scan, body).carried;
        [end[0], end[1]]
    }

    /// Width of the white fields at t = 1.
    fn start_width(&self) -> f64 {
        1.0 / self.process.level(1.0).scale(self.width)
    }
}

impl Layer for Diffusion {
    fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.network.tensors()
    }

    fn is_integrated(&self) -> bool {
        true
    }

    fn expect_density(&self) -> Result<()> {
        self.network.expect_divergence()
    }

    fn transfer(&self, from: &Lattice, tensors: &[Tensor], parameters: &[f64]) -> Result<Vec<f64>> {
        self.network.transfer(from, tensors, parameters)
    }

    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State {
        let width = self.start_width();
        let field = recorder.scale(x.parts[0], width);
        let log_density = recorder.offset(x.log_density, -(self.volume as f64) * width.ln());
        let [field, log_density] = self.run(recorder, [field, log_density], given.parameters, Way::Denoising);
        State { parts: vec![field], log_density }
    }

    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State {
        let width = self.start_width();
        // What the way back adds to the log density is the log determinant of the way forth, with the other sign.
        let zero = recorder.constant(0.0, Shape::WIDE);
        let [field, gained] = self.run(recorder, [y.parts[0], zero], given.parameters, Way::Noising);
        let lost = recorder.offset(gained, self.volume as f64 * width.ln());
        State { parts: vec![recorder.scale(field, 1.0 / width)], log_density: recorder.subtract(y.log_density, lost) }
    }
}
