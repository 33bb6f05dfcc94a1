//! Continuous flows: φ at time 1 of dφ/dt = v(φ, t) from φ at time 0, with d log q / dt = −div v.
//!
//! The equation is integrated by a Runge-Kutta method with a fixed number of steps, as one Repeat of the engine. log q is that of the
//! differential equation, integrated with φ: it differs from the density of the discrete map by the error of the method,
//! which falls with the number of steps to the power of its order. So does the inverse, which is the integration backward.

mod collective;
mod flux;
mod orbits;
mod spec;
mod tableau;
mod velocity;

pub use spec::ContinuousSpec;

use super::layer::{At, Given, Layer, State};
use super::partition::Partition;
use super::tensor::Tensor;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::program::{Arguments, Node, Recorder, Scan, Shape, Values};
use flux::Flux;
use std::sync::Arc;
pub(in crate::flow) use tableau::{Integrator, moved};
pub(in crate::flow) use velocity::{Fixed, Sizes, Velocity};

/// A continuous flow of real fields.
#[derive(Clone, Debug)]
pub struct Continuous {
    velocity: Velocity,
    steps: usize,
    integrator: Integrator,
    partition: Arc<Partition>,
}

/// Which way time runs.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Forward,
    Backward,
}

impl Continuous {
    /// The flow on a lattice, in `steps` steps.
    pub fn new(lattice: &Lattice, sizes: Sizes, steps: usize, integrator: Integrator) -> Result<Self> {
        let velocity = Velocity::new(lattice, sizes)?;
        Ok(Self { velocity, steps, integrator, partition: Arc::new(Partition::whole()) })
    }

    /// Numbers of the times of all stages, a row for each step.
    fn times(&self, recorder: &mut Recorder, way: Way) -> Node {
        let count = self.steps as f64;
        let mut rows = vec![];
        for step in 0..self.steps {
            for c in self.integrator.tableau().c {
                let t = if way == Way::Forward { step as f64 + c } else { step as f64 + 1.0 - c };
                rows.extend(self.velocity.times(t / count));
            }
        }
        let shape = Shape::new(rows.len(), 1);
        recorder.table(&rows, shape)
    }

    /// Records all steps for carried values, of which `slope` gives the derivatives at their values in a stage.
    fn integrate(
        &self,
        recorder: &mut Recorder,
        (way, carried): (Way, &[Node]),
        given: &Given,
        slope: impl Fn(&mut Recorder, &[Node], Node, &Fixed) -> Vec<Node>,
    ) -> Vec<Node> {
        let tableau = self.integrator.tableau();
        let size = if way == Way::Forward { 1.0 } else { -1.0 } / self.steps as f64;
        let fixed = self.velocity.fixed(recorder, given.parameters, given.condition);
        let (times, captured) = (self.times(recorder, way), fixed.captured());
        let scan = Scan {
            count: self.steps,
            reversed: way == Way::Backward,
            keep: (self.steps as f64).sqrt().round() as usize,
            carried,
            rows: &[times],
            captured: &captured,
        };
        let body = |body: &mut Recorder, of: &Arguments| {
            let (fixed, numbers) = (fixed.within(&of.captured), self.velocity.numbers_of_time());
            let mut slopes: Vec<Vec<Node>> = vec![];
            for (stage, row) in tableau.a.iter().enumerate() {
                let at = moved(body, &of.carried, &slopes, row, size);
                let time = body.channels(of.rows[0], stage * numbers, numbers);
                slopes.push(slope(body, &at, time, &fixed));
            }
            Values { carried: moved(body, &of.carried, &slopes, tableau.b, size), stacked: vec![] }
        };
        recorder.repeat(&scan, body).carried
    }

    /// Records field and log density at the other end of time.
    fn run(&self, recorder: &mut Recorder, state: &State, given: &Given, way: Way) -> State {
        let carried = [state.parts[0], state.log_density];
        // The logarithm of the Jacobian, the integral of div v over time, is taken away both ways.
        let sign = if way == Way::Forward { -1.0 } else { 1.0 };
        let end = self.integrate(recorder, (way, &carried), given, |body, at, time, fixed| {
            let Flux { velocity, divergence } = self.velocity.record(body, at[0], time, fixed);
            vec![velocity, body.scale(divergence, sign)]
        });
        State { parts: vec![end[0]], log_density: end[1] }
    }
}

impl Layer for Continuous {
    fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.velocity.tensors()
    }

    fn is_integrated(&self) -> bool {
        true
    }

    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State {
        self.run(recorder, x, given, Way::Forward)
    }

    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State {
        self.run(recorder, y, given, Way::Backward)
    }

    /// The score s moves along the flow by ds/dt = −(dv/dφ)^T s − d div v / dφ.
    fn score(&self, recorder: &mut Recorder, at: &At, score: &[Node], given: &Given) -> Vec<Node> {
        let carried = [at.x.parts[0], score[0]];
        let end = self.integrate(recorder, (Way::Forward, &carried), given, |body, at, time, fixed| {
            let Flux { velocity, divergence } = self.velocity.record(body, at[0], time, fixed);
            let one = body.constant(1.0, Shape::WIDE);
            let pulled = body.pull_back(&[(velocity, at[1]), (divergence, one)], &[at[0]])[0];
            vec![velocity, body.scale(pulled, -1.0)]
        });
        vec![end[1]]
    }

    /// Kernels are padded with zeros about r = 0 on a larger lattice, and wound around a smaller one.
    fn transfer(&self, from: &Lattice, tensors: &[Tensor], parameters: &[f64]) -> Result<Vec<f64>> {
        self.velocity.transfer(from, tensors, parameters)
    }
}
