//! Numbers of a layer that depend on the conditions of the model, the same ones on all sites:
//!
//! ```text
//! θ = θ_0 + Σ_i (a_i u_i + b_i u_i²),   u_i in [-1, 1] the scaled conditions
//! ```
//!
//! θ_0, a and b are parameters; at a = b = 0, where training begins, the layer does not depend on the conditions.

use super::layer::Given;
use super::tensor::Tensor;
use crate::error::Result;
use crate::program::{Filter, Node, Recorder, Stencil};
use crate::spec::expect;

/// Numbers of a layer, functions of some conditions.
#[derive(Clone, Debug)]
pub struct Conditioned {
    /// Name of their tensor; that of a and b has `_condition` behind it.
    name: &'static str,
    count: usize,
    /// Bound of the initial θ_0.
    bound: f64,
    conditions: usize,
    point: Stencil,
}

impl Conditioned {
    /// Numbers with the key `conditional` in a model with some conditions.
    pub fn new(
        (name, count, bound): (&'static str, usize, f64),
        (conditional, conditions): (bool, usize),
    ) -> Result<Self> {
        let is_known = !conditional || conditions > 0;
        expect(is_known, "conditional", "true in a model with a `condition` alone", "it in another")?;
        let conditions = if conditional { conditions } else { 0 };
        Ok(Self { name, count, bound, conditions, point: Stencil::identity(1)? })
    }

    /// Tensors of parameters.
    pub fn tensors(&self) -> Vec<Tensor> {
        let Self { name, count, bound, conditions, .. } = *self;
        let mut tensors = vec![Tensor { name: name.into(), shape: vec![count], bound }];
        if conditions > 0 {
            let shape = vec![count, 2 * conditions];
            tensors.push(Tensor { name: format!("{name}_condition"), shape, bound: 0.0 });
        }
        tensors
    }

    /// Records θ.
    pub fn record(&self, recorder: &mut Recorder, given: &Given) -> Node {
        let own = given.parameters[0];
        let (Some(&weights), Some(condition)) = (given.parameters.get(1), given.condition) else { return own };
        let square = recorder.multiply(condition, condition);
        let powers = recorder.stack(&[condition, square]);
        let filter = Filter { weights, stencil: &self.point, transposed: false };
        let shift = recorder.convolve(powers, filter, None, self.count);
        recorder.add(own, shift)
    }
}
