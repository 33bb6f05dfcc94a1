//! Multiplication of all Fourier modes by a learned positive function of the lattice momentum, y(k) = λ(k) φ(k):
//!
//! ```text
//! λ(k) = exp a(k),   a = 4 tanh(θ / 4),   θ(k) = Σ_n c_n T_n(u),   u = 2 log(1 + k̂²/μ²) / log(1 + 4d/μ²) − 1
//! log |det| = Σ_k a(k),   k̂² = Σ_ν 4 sin²(k_ν/2)
//! ```
//!
//! with μ² = 1/16 and Chebyshev polynomials T_n. As λ is a function of the momentum, one set of coefficients stands for all extents;
//! at c = 0 the layer is the identity. On request c depends on the conditions (`conditioned.rs`). The prior `spectrum` has a number for each momentum in its place (`spectrum.rs`).

use super::conditioned::Conditioned;
use super::layer::{At, Given, Layer, State};
use super::partition::Partition;
use super::spectrum::bounded_exponents;
use super::tensor::Tensor;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Filter, Fourier, Node, Recorder, Shape, Stencil};
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::sync::Arc;

/// Spec of a layer: `{type: 'spectrum', terms: 8}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpectralSpec {
    /// Number of polynomials.
    #[serde(default = "terms")]
    terms: usize,
    /// c depends on the conditions of the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    conditional: bool,
}

fn terms() -> usize {
    8
}

impl SpectralSpec {
    /// The layer on a lattice whose extents have factors 2, 3 and 5 alone, in a model with some conditions.
    pub fn build(&self, lattice: &Lattice, conditions: usize) -> Result<Arc<dyn Layer>> {
        expect((1..=64).contains(&self.terms), "terms", "1 to 64", self.terms)?;
        let coefficients = Conditioned::new(("log_spectrum", self.terms, 0.0), (self.conditional, conditions))?;
        Ok(Arc::new(Spectral::new(lattice, self.terms, coefficients)?))
    }
}

/// The layer.
#[derive(Clone, Debug)]
struct Spectral {
    fourier: Fourier,
    terms: usize,
    /// c.
    coefficients: Conditioned,
    /// T_n at each mode of the half spectrum: `[n][mode]`.
    polynomials: Vec<f64>,
    /// How many modes of the whole spectrum each one stands for.
    multiplicity: Vec<f64>,
    /// One tap on each mode: products of matrices with columns.
    point: Stencil,
    partition: Arc<Partition>,
}

/// Momenta well below μ are taken as one by the function.
const LOWEST_SQUARED: f64 = 1.0 / 16.0;

/// λ, or 1/λ.
#[derive(Clone, Copy, PartialEq)]
enum Power {
    One,
    Inverse,
}

impl Spectral {
    fn new(lattice: &Lattice, terms: usize, coefficients: Conditioned) -> Result<Self> {
        let fourier = Fourier::new(lattice.extent())?;
        let (modes, dimensions) = (fourier.modes(), lattice.dimensions() as f64);
        let mut polynomials = memory::filled("polynomials of momenta", 0.0, terms * modes)?;
        for mode in 0..modes {
            let component = |(p, &length): (usize, &usize)| 4.0 * (PI * p as f64 / length as f64).sin().powi(2);
            let squared: f64 = fourier.momentum(mode).into_iter().zip(lattice.extent()).map(component).sum();
            let [part, whole] = [squared, 4.0 * dimensions].map(|k| (k / LOWEST_SQUARED).ln_1p());
            let angle = (2.0 * part / whole - 1.0).clamp(-1.0, 1.0).acos();
            (0..terms).for_each(|n| polynomials[n * modes + mode] = (n as f64 * angle).cos());
        }
        let multiplicity = memory::collected("modes", (0..modes).map(|mode| fourier.multiplicity(mode) as f64))?;
        let (point, partition) = (Stencil::identity(modes)?, Arc::new(Partition::whole()));
        Ok(Self { fourier, terms, coefficients, polynomials, multiplicity, point, partition })
    }

    /// a on each mode.
    fn exponents(&self, recorder: &mut Recorder, given: &Given) -> Node {
        let table = recorder.table(&self.polynomials, Shape::new(self.terms, self.multiplicity.len()));
        let weights = self.coefficients.record(recorder, given);
        let filter = Filter { weights, stencil: &self.point, transposed: false };
        let sum = recorder.convolve(table, filter, None, 1);
        bounded_exponents(recorder, sum)
    }

    /// A field times a power of λ.
    fn multiplied(&self, recorder: &mut Recorder, field: Node, given: &Given, power: Power) -> Node {
        let exponents = self.exponents(recorder, given);
        let exponents = recorder.scale(exponents, if power == Power::One { 1.0 } else { -1.0 });
        let factors = recorder.exp(exponents);
        let factors = recorder.stack(&[factors, factors]);
        let modes = recorder.fourier(field, &self.fourier);
        let product = recorder.multiply(modes, factors);
        recorder.inverse_fourier(product, &self.fourier)
    }

    /// The state of another field, whose log density is smaller by the log determinant.
    fn moved(&self, recorder: &mut Recorder, field: Node, log_density: Node, given: &Given) -> State {
        let exponents = self.exponents(recorder, given);
        let table = recorder.table(&self.multiplicity, Shape::new(1, self.multiplicity.len()));
        let terms = recorder.multiply(exponents, table);
        let log_det = recorder.total(terms);
        State { parts: vec![field], log_density: recorder.subtract(log_density, log_det) }
    }
}

impl Layer for Spectral {
    fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.coefficients.tensors()
    }

    fn forward(&self, recorder: &mut Recorder, x: &State, given: &Given) -> State {
        let field = self.multiplied(recorder, x.parts[0], given, Power::One);
        self.moved(recorder, field, x.log_density, given)
    }

    fn inverse(&self, recorder: &mut Recorder, y: &State, given: &Given) -> State {
        let field = self.multiplied(recorder, y.parts[0], given, Power::Inverse);
        self.moved(recorder, field, y.log_density, given)
    }

    /// The map is symmetric, and its determinant a constant.
    fn score(&self, recorder: &mut Recorder, _: &At, score: &[Node], given: &Given) -> Vec<Node> {
        vec![self.multiplied(recorder, score[0], given, Power::Inverse)]
    }
}
