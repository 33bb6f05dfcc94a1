//! A Gaussian prior with a power spectrum: x = C z, where C is the symmetric circulant matrix with eigenvalues
//! λ(k) = exp a(k) at the momenta k.
//!
//! ```text
//! C(x, y) = c(x - y),   c(x) = 1/V sum_k λ(k) prod_μ cos(k_μ x_μ),   k_μ = 2π n_μ / L_μ
//! log q(x) = log N(z) - sum_k a(k),   <x x>(k) = λ(k)²
//! ```
//!
//! The parameters are θ(k), one for each orbit of momenta under k_μ -> -k_μ, with a = 4 tanh(θ / 4): the eigenvalues
//! stay between exp(-4) and exp(4), so that C can be inverted in f32. At θ = 0 the prior is white. Couplings
//! that follow need not build the long wavelengths: Komijani and Marinkovic, arXiv:2301.01504.

use super::prior::{Prior, Start, log_normal};
use super::tensor::Tensor;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Filter, Node, Recorder, Shape, Stencil};
use std::collections::BTreeMap;

/// The prior of fields with a power spectrum.
#[derive(Clone, Debug)]
pub struct Spectrum {
    volume: usize,
    /// The stencil of all displacements, in the order of the sites.
    all: Stencil,
    /// The stencil of one tap on one site.
    point: Stencil,
    /// Number of momenta in each orbit.
    multiplicity: Vec<f64>,
    /// 1/V sum over the orbit of prod cos(k x): `[displacement][orbit]`.
    cosines: Vec<f64>,
}

impl Spectrum {
    /// The prior on a lattice of at most 1024 sites.
    pub fn new(lattice: &Lattice) -> Result<Self> {
        const MOST: usize = 1024;
        let volume = lattice.volume();
        if volume > MOST {
            return Err(Error::BadSpec(format!("prior: expected at most {MOST} sites for a spectrum, got {volume}")));
        }
        let mut orbits: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        for n in (0..volume).map(|k| lattice.coordinates(k)) {
            let folded = n.iter().zip(lattice.extent()).map(|(&n, &length)| n.min(length - n)).collect();
            *orbits.entry(folded).or_default() += 1.0;
        }
        let mut cosines = memory::reserved("cosines of the spectrum", volume * orbits.len())?;
        for x in (0..volume).map(|x| lattice.coordinates(x)) {
            for (n, multiplicity) in &orbits {
                let factor = |((&n, &x), &length): ((&usize, &usize), &usize)| {
                    (2.0 * std::f64::consts::PI * ((n * x) % length) as f64 / length as f64).cos()
                };
                let product: f64 = n.iter().zip(&x).zip(lattice.extent()).map(factor).product();
                cosines.push(product * multiplicity / volume as f64);
            }
        }
        let displacement = |x: usize| lattice.coordinates(x).iter().map(|&x| x as i64).collect();
        let all: Vec<Vec<i64>> = (0..volume).map(displacement).collect();
        Ok(Self {
            volume,
            all: Stencil::on_torus(lattice, &all)?,
            point: Stencil::new(1, 1, vec![0])?,
            multiplicity: orbits.into_values().collect(),
            cosines,
        })
    }

    /// C x, or its inverse.
    fn apply(&self, recorder: &mut Recorder, x: Node, parameters: Node, inverse: bool) -> Node {
        let exponents = bounded_exponents(recorder, parameters);
        let exponent = recorder.scale(exponents, if inverse { -1.0 } else { 1.0 });
        let eigenvalues = recorder.exp(exponent);
        let table = recorder.table(&self.cosines, Shape::new(self.cosines.len(), 1));
        let transform = Filter { weights: table, stencil: &self.point, transposed: false };
        let weights = recorder.convolve(eigenvalues, transform, None, self.volume);
        recorder.convolve(x, Filter { weights, stencil: &self.all, transposed: false }, None, 1)
    }

    /// log det C.
    fn log_det(&self, recorder: &mut Recorder, parameters: Node) -> Node {
        let table = recorder.table(&self.multiplicity, Shape::new(self.multiplicity.len(), 1));
        let exponents = bounded_exponents(recorder, parameters);
        let terms = recorder.multiply(exponents, table);
        recorder.total(terms)
    }
}

/// Logarithms of eigenvalues, a = 4 tanh(θ / 4).
pub(super) fn bounded_exponents(recorder: &mut Recorder, parameters: Node) -> Node {
    const LARGEST: f64 = 4.0;
    let reduced = recorder.scale(parameters, 1.0 / LARGEST);
    let bounded = recorder.tanh(reduced);
    recorder.scale(bounded, LARGEST)
}

impl Prior for Spectrum {
    fn name(&self) -> &'static str {
        "spectrum"
    }

    fn tensors(&self) -> Vec<Tensor> {
        vec![Tensor { name: "prior.log_spectrum".into(), shape: vec![self.multiplicity.len()], bound: 0.0 }]
    }

    fn draw(&self, recorder: &mut Recorder, noise: &[Node], parameters: &[Node]) -> (Node, Node) {
        let z = noise[0];
        let log_normal = log_normal(recorder, z);
        let field = self.apply(recorder, z, parameters[0], false);
        let log_det = self.log_det(recorder, parameters[0]);
        (field, recorder.subtract(log_normal, log_det))
    }

    fn invert(&self, recorder: &mut Recorder, field: Node, parameters: &[Node]) -> (Node, Node) {
        let z = self.apply(recorder, field, parameters[0], true);
        let log_det = self.log_det(recorder, parameters[0]);
        let log_normal = log_normal(recorder, z);
        (z, recorder.subtract(log_normal, log_det))
    }

    /// With x = C z for a symmetric C: d log q(x) / dx = −C⁻¹ z.
    fn score(&self, recorder: &mut Recorder, start: &Start, parameters: &[Node]) -> Node {
        let minus = recorder.scale(start.noise[0], -1.0);
        self.apply(recorder, minus, parameters[0], true)
    }
}
