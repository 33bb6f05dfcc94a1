//! Velocities of collective modes: the mean of a field, and its lowest shell of momenta.
//!
//! Near a phase transition these modes have the longest wavelengths and the least Gaussian distribution. A velocity that acts on
//! one of them alone has an exact divergence.
//!
//! ```text
//! mean:   v_x = sum_j q_j(t) f_j(μ),   μ = 1/V sum_x φ_x,   f_0 = μ,   f_j = sin(j ν μ) / (j ν),     div = sum_j q_j f_j'(μ)
//! shell:  v_x = g(R, t) sum_i c_i e_i(x),   c_i = sum_x φ_x e_i(x),   R = sum_i c_i² / n,
//!         g = sum_j q_j(t) u^j,   u = 1 / (1 + s R),                                                  div = n g + 2 R dg/dR
//! ```
//!
//! with e_i = sqrt(2 / V) cos(2π x_μ / L), sqrt(2 / V) sin(2π x_μ / L) for all axes of the largest extent L, n functions in all; it
//! commutes with the point group. Parameters are log ν or log s, and q as `[time][j]`.

use super::flux::Flux;
use crate::error::Result;
use crate::flow::tensor::Tensor;
use crate::lattice::Lattice;
use crate::program::{Filter, Node, Recorder, Shape, Stencil};
use std::f64::consts::PI;

/// The velocity of one kind of modes.
#[derive(Clone, Debug)]
pub struct Collective {
    kind: Kind,
    /// Numbers q_j of each function of time.
    terms: usize,
    /// Functions of time.
    basis: usize,
    volume: usize,
    on_sites: Stencil,
    on_one: Stencil,
}

#[derive(Clone, Debug)]
enum Kind {
    Mean,
    /// e_i(x): `[i][x]`.
    Shell(Vec<f64>),
}

impl Collective {
    /// The mean, with q_0 and `sines` further terms.
    pub fn mean(lattice: &Lattice, sines: usize, basis: usize) -> Result<Self> {
        Self::new(Kind::Mean, lattice, sines + 1, basis)
    }

    /// The lowest shell, with powers of u below `terms`; it needs an extent of at least 3.
    pub fn shell(lattice: &Lattice, terms: usize, basis: usize) -> Result<Self> {
        let longest = *lattice.extent().iter().max().expect("an extent");
        let norm = (2.0 / lattice.volume() as f64).sqrt();
        let mut waves = vec![];
        for mu in (0..lattice.dimensions()).filter(|&mu| lattice.extent()[mu] == longest) {
            for wave in [f64::cos, f64::sin] {
                let at = |site: usize| wave(2.0 * PI * lattice.coordinates(site)[mu] as f64 / longest as f64);
                waves.extend((0..lattice.volume()).map(|site| norm * at(site)));
            }
        }
        Self::new(Kind::Shell(waves), lattice, terms, basis)
    }

    fn new(kind: Kind, lattice: &Lattice, terms: usize, basis: usize) -> Result<Self> {
        let volume = lattice.volume();
        let (on_sites, on_one) = (Stencil::identity(volume)?, Stencil::identity(1)?);
        Ok(Self { kind, terms, basis, volume, on_sites, on_one })
    }

    /// Tensors of parameters: the scale, and q.
    pub fn tensors(&self) -> Vec<Tensor> {
        let name = match self.kind {
            Kind::Mean => "mean",
            Kind::Shell(_) => "shell",
        };
        let tensor = |part: &str, shape| Tensor { name: format!("{name}.{part}"), shape, bound: 0.0 };
        vec![tensor("scale", vec![1]), tensor("weight", vec![self.basis, self.terms])]
    }

    /// Records the velocity of a field, with the numbers of its time, and the divergence on one site.
    pub fn record(&self, recorder: &mut Recorder, field: Node, time: Node, parameters: &[Node]) -> Flux {
        let filter = Filter { weights: parameters[1], stencil: &self.on_one, transposed: true };
        let q = recorder.convolve(time, filter, None, self.terms);
        let scale = recorder.exp(parameters[0]);
        match &self.kind {
            Kind::Mean => self.record_mean(recorder, field, q, scale),
            Kind::Shell(waves) => self.record_shell(recorder, (field, waves), q, scale),
        }
    }

    fn record_mean(&self, recorder: &mut Recorder, field: Node, q: Node, nu: Node) -> Flux {
        let sum = recorder.sum_sites(field);
        let mean = recorder.scale(sum, 1.0 / self.volume as f64);
        let first = recorder.channels(q, 0, 1);
        let (mut velocity, mut slope) = (recorder.multiply(first, mean), first);
        for j in 1..self.terms {
            let factor = recorder.scale(nu, j as f64);
            let angle = recorder.multiply(factor, mean);
            let sine = recorder.sin(angle);
            let (own, cosine) = (recorder.channels(q, j, 1), recorder.cos(angle));
            let function = recorder.divide(sine, factor);
            let (term, bent) = (recorder.multiply(own, function), recorder.multiply(own, cosine));
            (velocity, slope) = (recorder.add(velocity, term), recorder.add(slope, bent));
        }
        Flux { velocity: recorder.spread_sites(velocity, self.volume), divergence: recorder.total(slope) }
    }

    fn record_shell(&self, recorder: &mut Recorder, (field, waves): (Node, &[f64]), q: Node, s: Node) -> Flux {
        let n = waves.len() / self.volume;
        let waves = recorder.table(waves, Shape::new(n, self.volume));
        let ones = recorder.constant(1.0, Shape::new(n, 1));
        let filter = Filter { weights: ones, stencil: &self.on_sites, transposed: false };
        let copies = recorder.convolve(field, filter, None, n);
        let products = recorder.multiply(copies, waves);
        let c = recorder.sum_sites(products);
        let squares = recorder.multiply(c, c);
        let sum_of = Filter { weights: ones, stencil: &self.on_one, transposed: false };
        let sum = recorder.convolve(squares, sum_of, None, 1);
        let r = recorder.scale(sum, 1.0 / n as f64);
        let scaled = recorder.multiply(s, r);
        let above = recorder.offset(scaled, 1.0);
        let u = recorder.reciprocal(above);
        // g by Horner's rule, and dg/du beside it.
        let (mut g, mut bent): (Option<Node>, Option<Node>) = (None, None);
        for j in (0..self.terms).rev() {
            let own = recorder.channels(q, j, 1);
            bent = g.map(|g| {
                let rest = bent.map(|bent| recorder.multiply(bent, u));
                rest.map_or(g, |rest| recorder.add(rest, g))
            });
            g = Some(g.map_or(own, |g| {
                let product = recorder.multiply(g, u);
                recorder.add(product, own)
            }));
        }
        let g = g.expect("a term");
        let mut divergence = recorder.scale(g, n as f64);
        if let Some(bent) = bent {
            // dg/dR = −s u² dg/du.
            let square = recorder.multiply(u, u);
            let factor = recorder.multiply(scaled, square);
            let product = recorder.multiply(factor, bent);
            let fall = recorder.scale(product, -2.0);
            divergence = recorder.add(divergence, fall);
        }
        let copies = Filter { weights: ones, stencil: &self.on_one, transposed: false };
        let factors = recorder.convolve(g, copies, None, n);
        let moved = recorder.multiply(factors, c);
        let moved = recorder.spread_sites(moved, self.volume);
        let parts = recorder.multiply(moved, waves);
        let total = Filter { weights: ones, stencil: &self.on_sites, transposed: false };
        let velocity = recorder.convolve(parts, total, None, 1);
        Flux { velocity, divergence: recorder.total(divergence) }
    }
}
