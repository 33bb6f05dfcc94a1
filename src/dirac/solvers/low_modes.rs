//! Low modes of an operator, and the guess that a solve starts from: x = V (V^dag K V)^-1 V^dag b.
//! `spectra/deflation.rs` finds them.

use super::hermitian::Hermitian;
use crate::dirac::lanes::block_fields::{add, products};
use crate::dirac::lanes::field::Field;
use crate::group::Complex64;
use faer::Mat;

/// Low modes V of S^dag S on the odd sites.
pub(crate) struct LowModes {
    /// Number of modes that were searched for.
    pub modes: usize,
    /// The modes; empty where the search did not find them.
    pub vectors: Vec<Field<f64>>,
    /// (V^dag K V)^-1.
    pub inverse: Mat<Complex64>,
}

impl LowModes {
    /// x = V (V^dag K V)^-1 V^dag b.
    pub fn guess(&self, k: Hermitian<f64>, b: &Field<f64>, x: &mut Field<f64>) {
        x.fill(0.0);
        if !self.vectors.is_empty() {
            let parts = &self.inverse * products(k.context(), &self.vectors, std::slice::from_ref(b));
            add(k.context(), &self.vectors, &parts, std::slice::from_mut(x));
        }
    }
}
