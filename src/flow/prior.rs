//! The interface of priors: the distributions that flows start from, and white noise.

use super::tensor::Tensor;
use crate::lattice::Lattice;
use crate::program::{Distribution, Node, Recorder, Shape};
use crate::space::Space;
use std::fmt::Debug;

/// A distribution of whole fields that are functions of random numbers.
///
/// Densities are with respect to dφ for real numbers, dθ for angles, and the Haar measure of total mass 1 for links. Inside
/// a program a field has the shape [numbers of a site, V].
pub trait Prior: Debug + Send + Sync {
    /// Name in specs.
    fn name(&self) -> &'static str;

    /// The kind of its fields.
    fn space(&self) -> Space {
        Space::Scalars
    }

    /// Random numbers that a draw starts from, one input of the program each; by default a normal number for each site.
    fn noise(&self, lattice: &Lattice) -> Vec<Noise> {
        vec![Noise { distribution: Distribution::Normal, shape: Shape::new(1, lattice.volume()) }]
    }

    /// True where the field is an invertible function of normal numbers z, which are then its only noise.
    fn is_map(&self) -> bool {
        true
    }

    /// Tensors of parameters.
    fn tensors(&self) -> Vec<Tensor> {
        vec![]
    }

    /// Records the field of some noise, with its log density.
    fn draw(&self, recorder: &mut Recorder, noise: &[Node], parameters: &[Node]) -> (Node, Node);

    /// Records the numbers z of a field, or the field itself where it is no function of such numbers, with the field's log
    /// density.
    fn invert(&self, recorder: &mut Recorder, field: Node, parameters: &[Node]) -> (Node, Node);

    /// Records the score d log q / dφ of a draw, with the parameters held fixed.
    fn score(&self, recorder: &mut Recorder, start: &Start, parameters: &[Node]) -> Node;
}

/// Random numbers of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    /// Their distribution.
    pub distribution: Distribution,
    /// Shape of the input.
    pub shape: Shape,
}

/// A recorded draw of a prior.
#[derive(Clone, Debug)]
pub struct Start {
    /// The noise.
    pub noise: Vec<Node>,
    /// The field.
    pub field: Node,
    /// Log density of the field.
    pub log_density: Node,
}

/// Independent standard normal numbers.
#[derive(Clone, Copy, Debug)]
pub struct White;

impl Prior for White {
    fn name(&self) -> &'static str {
        "white"
    }

    fn draw(&self, recorder: &mut Recorder, noise: &[Node], _: &[Node]) -> (Node, Node) {
        (noise[0], log_normal(recorder, noise[0]))
    }

    fn invert(&self, recorder: &mut Recorder, field: Node, _: &[Node]) -> (Node, Node) {
        (field, log_normal(recorder, field))
    }

    fn score(&self, recorder: &mut Recorder, start: &Start, _: &[Node]) -> Node {
        recorder.scale(start.field, -1.0)
    }
}

/// log of the standard normal density of V numbers: −z²/2 − V log(2π) / 2.
pub(super) fn log_normal(recorder: &mut Recorder, z: Node) -> Node {
    let square = recorder.multiply(z, z);
    let sum = recorder.total(square);
    let scaled = recorder.scale(sum, -0.5);
    let volume = recorder.shape(z).count() as f64;
    recorder.offset(scaled, -0.5 * volume * (2.0 * std::f64::consts::PI).ln())
}
