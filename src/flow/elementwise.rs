//! One monotonic spline for the numbers on all sites: y_x = g(φ_x; θ), log |det| = Σ_x log g'(φ_x).
//!
//! θ are parameters of the layer, on request with those of a function of the conditions (`conditioned.rs`), so that it fits lattices of all
//! extents; with symmetry `odd` g is an odd function. The spline is
//! that of couplings (`spline.rs`), identity beyond its range.

use super::conditioned::Conditioned;
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
    /// θ depends on the conditions of the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    conditional: bool,
}

fn bins() -> usize {
    8
}

fn range() -> f64 {
    4.0
}

impl ElementwiseSpec {
    /// The layer, in a model with some conditions.
    pub fn build(&self, conditions: usize) -> Result<Arc<dyn Layer>> {
        let Self { bins, range, symmetry, initial_output, conditional } = *self;
        let spec = SplineSpec { bins, range, symmetry };
        let outputs: usize = spec.heads()?.iter().map(|head| head.channels).sum();
        let is_size = initial_output.is_finite() && initial_output >= 0.0;
        expect(is_size, "initial_output", "a finite number of at least 0", initial_output)?;
        let numbers = if symmetry == Symmetry::Odd { spec.evens() } else { outputs };
        let numbers = Conditioned::new(("spline", numbers, initial_output), (conditional, conditions))?;
        let (spline, partition) = (Spline::new(spec), Arc::new(Partition::whole()));
        Ok(Arc::new(Elementwise { spline, numbers, partition }))
    }
}

/// The layer.
#[derive(Clone, Debug)]
struct Elementwise {
    spline: Spline,
    /// θ.
    numbers: Conditioned,
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
        self.numbers.tensors()
    }

    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State {
        let numbers = self.numbers.record(recorder, given);
        let image = self.spline.forward(recorder, x.parts[0], &[numbers]);
        moved(recorder, image, x.log_density)
    }

    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State {
        let numbers = self.numbers.record(recorder, given);
        let image = self.spline.inverse(recorder, y.parts[0], &[numbers]);
        moved(recorder, image, y.log_density)
    }
}
