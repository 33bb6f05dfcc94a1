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

use super::network::Tensor;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::program::{Kernel, Node, Recorder, Shape, Stencil};
use std::collections::BTreeMap;

/// The layer that turns white noise into a field with a power spectrum.
#[derive(Clone, Debug)]
pub struct Spectrum {
    volume: usize,
    /// All displacements, in the order of the sites.
    all: Stencil,
    /// One tap on one site.
    point: Stencil,
    /// How many momenta are in each orbit.
    multiplicity: Vec<f64>,
    /// 1/V sum over the orbit of prod cos(k x): `[displacement][orbit]`.
    cosines: Vec<f64>,
}

impl Spectrum {
    /// The layer on a lattice of at most 1024 sites.
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
        let mut table = Vec::with_capacity(volume * volume);
        let mut cosines = Vec::with_capacity(volume * orbits.len());
        for x in (0..volume).map(|x| lattice.coordinates(x)) {
            for (n, multiplicity) in &orbits {
                let factor = |((&n, &x), &length): ((&usize, &usize), &usize)| {
                    (2.0 * std::f64::consts::PI * ((n * x) % length) as f64 / length as f64).cos()
                };
                let product: f64 = n.iter().zip(&x).zip(lattice.extent()).map(factor).product();
                cosines.push(product * multiplicity / volume as f64);
            }
        }
        for site in 0..volume {
            for x in (0..volume).map(|x| lattice.coordinates(x)) {
                let displacement: Vec<i64> = x.iter().map(|&x| x as i64).collect();
                table.push(lattice.shifted(site, &displacement) as u32);
            }
        }
        Ok(Self {
            volume,
            all: Stencil::new(volume, volume, table)?,
            point: Stencil::new(1, 1, vec![0])?,
            multiplicity: orbits.into_values().collect(),
            cosines,
        })
    }

    /// Its parameters.
    pub fn tensor(&self) -> Tensor {
        Tensor { name: "prior.log_spectrum".into(), shape: vec![self.multiplicity.len()], bound: 0.0 }
    }

    /// a = log λ of each orbit.
    fn exponents(&self, recorder: &mut Recorder, parameters: Node) -> Node {
        const LARGEST: f64 = 4.0;
        let reduced = recorder.scale(parameters, 1.0 / LARGEST);
        let bounded = recorder.tanh(reduced);
        recorder.scale(bounded, LARGEST)
    }

    /// C x, or its inverse.
    pub fn apply(&self, recorder: &mut Recorder, x: Node, parameters: Node, inverse: bool) -> Node {
        let exponents = self.exponents(recorder, parameters);
        let exponent = recorder.scale(exponents, if inverse { -1.0 } else { 1.0 });
        let eigenvalues = recorder.exp(exponent);
        let table = recorder.table(&self.cosines, Shape::new(self.cosines.len(), 1));
        let transform = Kernel { weights: table, stencil: &self.point, transposed: false };
        let weights = recorder.convolve(eigenvalues, transform, None, self.volume);
        recorder.convolve(x, Kernel { weights, stencil: &self.all, transposed: false }, None, 1)
    }

    /// log det C.
    pub fn log_det(&self, recorder: &mut Recorder, parameters: Node) -> Node {
        let table = recorder.table(&self.multiplicity, Shape::new(self.multiplicity.len(), 1));
        let exponents = self.exponents(recorder, parameters);
        let terms = recorder.multiply(exponents, table);
        recorder.total(terms)
    }
}
