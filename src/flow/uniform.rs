//! Uniform angles on sites or links: θ = π (1 − 2u) with uniform u in [0, 1), so that θ lies in (−π, π].
//!
//! ```text
//! log q(θ) = −n log(2π) with respect to dθ for a field of n angles
//! ```
//!
//! Angles on links are those of U(1) links exp(iθ), whose Haar measure of total mass 1 is dθ / 2π: log Z with respect to dθ
//! is n log(2π) above that of a gauge action, which is with respect to the Haar measure.

use super::prior::{Noise, Prior, Start};
use crate::lattice::Lattice;
use crate::program::{Distribution, Node, Recorder, Shape};
use crate::space::{Carrier, Space};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Parameters of uniform angles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniformSpec {
    /// What carries the angles.
    #[serde(default)]
    pub on: Carrier,
}

/// Independent uniform angles.
#[derive(Clone, Copy, Debug)]
pub struct Uniform {
    on: Carrier,
}

impl Uniform {
    /// The prior of a spec.
    pub fn new(spec: &UniformSpec) -> Self {
        Self { on: spec.on }
    }

    fn log_density(self, recorder: &mut Recorder, field: Node) -> Node {
        let count = recorder.shape(field).count() as f64;
        recorder.constant(-count * (2.0 * PI).ln(), Shape::WIDE)
    }
}

impl Prior for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }

    fn space(&self) -> Space {
        Space::Angles(self.on)
    }

    fn noise(&self, lattice: &Lattice) -> Vec<Noise> {
        let shape = Shape::new(self.space().numbers(lattice), lattice.volume());
        vec![Noise { distribution: Distribution::Uniform, shape }]
    }

    fn is_map(&self) -> bool {
        false
    }

    fn draw(&self, recorder: &mut Recorder, noise: &[Node], _: &[Node]) -> (Node, Node) {
        let doubled = recorder.scale(noise[0], -2.0);
        let centred = recorder.offset(doubled, 1.0);
        let field = recorder.scale(centred, PI);
        (field, self.log_density(recorder, field))
    }

    fn invert(&self, recorder: &mut Recorder, field: Node, _: &[Node]) -> (Node, Node) {
        (field, self.log_density(recorder, field))
    }

    fn score(&self, recorder: &mut Recorder, start: &Start, _: &[Node]) -> Node {
        recorder.constant(0.0, recorder.shape(start.field))
    }
}
