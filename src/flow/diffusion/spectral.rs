//! A network of a score whose kernels reach over the whole lattice, with a divergence of O(V).
//!
//! ```text
//! N_x(φ; t) = sum_b sum_y W_b(x − y; t) G_b(φ_y),   W_b(r; t) = sum_d w[b, d, orbit(r)] cos(π d t)
//! ```
//!
//! This is the velocity of continuous flows (`flow/continuous/velocity.rs`), odd under φ -> −φ. It is linear in functions of single
//! sites: it has the score of any free field, at any correlation length, and the local part of −dS/dφ, but not the rest of a score.

use super::output::Output;
use crate::error::Result;
use crate::flow::continuous::{Sizes, Velocity};
use crate::flow::tensor::Tensor;
use crate::lattice::Lattice;
use crate::program::{Node, Recorder};

/// The network on a lattice.
#[derive(Clone, Debug)]
pub struct Spectral {
    velocity: Velocity,
    times: usize,
}

impl Spectral {
    /// The network on a lattice whose extents have factors 2, 3 and 5 alone.
    pub fn new(lattice: &Lattice, sizes: Sizes) -> Result<Self> {
        Ok(Self { velocity: Velocity::new(lattice, sizes)?, times: sizes.times })
    }

    /// Functions of time.
    pub fn times(&self) -> usize {
        self.times
    }

    /// Tensors of parameters.
    pub fn tensors(&self) -> Vec<Tensor> {
        self.velocity.tensors()
    }

    /// Records what does not depend on field and time.
    pub fn fixed(&self, recorder: &mut Recorder, parameters: &[Node]) -> Vec<Node> {
        self.velocity.fixed(recorder, parameters, None).captured()
    }

    /// Number of values of [`Spectral::fixed`].
    pub fn fixed_count(&self) -> usize {
        self.velocity.fixed_count()
    }

    /// Records N(x; t) with its divergence.
    pub fn record(&self, recorder: &mut Recorder, (x, time): (Node, Node), fixed: &[Node]) -> Output {
        let flux = self.velocity.record(recorder, x, time, &self.velocity.unconditional(fixed));
        Output { value: flux.velocity, divergence: flux.divergence }
    }

    /// Parameters from those on another lattice.
    pub fn transfer(&self, from: &Lattice, tensors: &[Tensor], parameters: &[f64]) -> Result<Vec<f64>> {
        self.velocity.transfer(from, tensors, parameters)
    }
}
