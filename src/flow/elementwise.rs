//! One monotonic spline for the numbers on all sites: y_x = g(φ_x; θ), log |det| = Σ_x log g'(φ_x).
//!
//! θ are parameters of the layer, so that it fits lattices of all extents; with symmetry `odd` g is an odd function. The spline is
//! that of couplings (`spline.rs`), identity beyond its range.

use super::coupling::{Image, Transform};
use super::layer::{Given, Layer, State};
use super::network::Symmetry;
use super::partition::Partition;
use super::spline::{Spline, SplineSpec};
use super::tensor::Tensor;
use crate::error::Result;
use crate::program::{Node, Recorder};
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of a layer: `{type: 'elementwise_spline', bins: 8, range: 4, symmetry: 'odd'}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElementwiseSpec {
    /// Bins of the spline.
    #[serde(default = "bins")]
    bins: usize,
    /// The spline acts on [-range, range].
    #[serde(default = "range")]
    range: f64,
    /// Symmetry under φ -> −φ.
    #[serde(default)]
    symmetry: Symmetry,
    /// Initial numbers of the spline are uniform in (-initial_output, initial_output); 0: it begins as the identity.
    #[serde(default)]
    initial_output: f64,
}

fn bins() -> usize {
    8
}

fn range() -> f64 {
    4.0
}

impl ElementwiseSpec {
    /// The layer.
    pub fn build(&self) -> Result<Arc<dyn Layer>> {
        let Self { bins, range, symmetry, initial_output } = *self;
        let spec = SplineSpec { bins, range, symmetry };
        let outputs: usize = spec.heads()?.iter().map(|head| head.channels).sum();
        let is_size = initial_output.is_finite() && initial_output >= 0.0;
        expect(is_size, "initial_output", "a finite number of at least 0", initial_output)?;
        let numbers = if symmetry == Symmetry::Odd { spec.evens() } else { outputs };
        let (spline, partition) = (Spline::new(spec), Arc::new(Partition::whole()));
        Ok(Arc::new(Elementwise { spline, numbers, initial_output, partition }))
    }
}

/// The layer.
#[derive(Clone, Debug)]
struct Elementwise {
    spline: Spline,
    /// Number of parameters.
    numbers: usize,
    initial_output: f64,
    partition: Arc<Partition>,
}

/// The state of an image.
fn moved(recorder: &mut Recorder, image: Image, log_density: Node) -> State {
    let log_det = recorder.total(image.log_slope);
    State { parts: vec![image.value], log_density: recorder.subtract(log_density, log_det) }
}

impl Layer for Elementwise {
    fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    fn tensors(&self) -> Vec<Tensor> {
        vec![Tensor { name: "spline".into(), shape: vec![self.numbers], bound: self.initial_output }]
    }

    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State {
        let image = self.spline.forward(recorder, x.parts[0], given.parameters);
        moved(recorder, image, x.log_density)
    }

    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State {
        let image = self.spline.inverse(recorder, y.parts[0], given.parameters);
        moved(recorder, image, y.log_density)
    }
}
