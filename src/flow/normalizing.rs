//! Normalizing flows: layers, parameters, and runs.

use super::Model;
use super::network::Tensor;
use super::recording::Layers;
use super::spec::ModelSpec;
use crate::context::Context;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::lattice::Lattice;
use crate::program::{Bound, Executable, Feed, Key};
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// A flow on a lattice with its parameters.
#[derive(Clone)]
pub struct Flow {
    context: Arc<Context>,
    spec: ModelSpec,
    layers: Arc<Layers>,
    parameters: Vec<f64>,
    sampling: Bound,
    inversion: Bound,
}

impl Flow {
    /// A flow with initial parameters, uniform in each tensor's bound and keyed by the context's seed.
    pub fn new(context: &Arc<Context>, lattice: &Lattice, spec: &ModelSpec) -> Result<Self> {
        let layers = Layers::new(spec, lattice)?;
        let mut parameters = vec![];
        for (i, tensor) in layers.tensors().iter().enumerate() {
            let mut stream = Stream::new(context.seed(), Purpose::Parameters, i as u64);
            parameters.extend((0..tensor.count()).map(|_| tensor.bound * (2.0 * stream.uniform() - 1.0)));
        }
        Self::with_parameters(context, lattice, spec, parameters)
    }

    /// A flow with given parameters.
    pub fn with_parameters(
        context: &Arc<Context>,
        lattice: &Lattice,
        spec: &ModelSpec,
        parameters: Vec<f64>,
    ) -> Result<Self> {
        expect_finite("parameters", &parameters)?;
        let layers = Arc::new(Layers::new(spec, lattice)?);
        let bind = |program| Arc::new(Executable::new(program, context)?).bind(&parameters);
        let (sampling, inversion) = (bind(layers.sampling())?, bind(layers.inversion())?);
        Ok(Self { context: Arc::clone(context), spec: spec.clone(), layers, parameters, sampling, inversion })
    }

    /// The context it runs in.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Its spec.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Its layers.
    pub fn layers(&self) -> &Arc<Layers> {
        &self.layers
    }

    /// Tensors of parameters in the order of [`Flow::parameters`].
    pub fn tensors(&self) -> Vec<Tensor> {
        self.layers.tensors()
    }

    /// All parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Replaces all parameters.
    pub fn set_parameters(&mut self, parameters: &[f64]) -> Result<()> {
        expect_length("parameters", self.parameters.len(), parameters.len())?;
        expect_finite("parameters", parameters)?;
        self.parameters.copy_from_slice(parameters);
        self.sampling.set_parameters(parameters)?;
        self.inversion.set_parameters(parameters)
    }

    /// The program of sampling, with the parameters: z to the field and log q.
    pub fn sampling(&self) -> &Bound {
        &self.sampling
    }

    /// Floating-point operations of the convolutions of one draw.
    pub fn flops(&self) -> usize {
        self.sampling.executable().program().flops()
    }

    /// The prior's numbers z of given fields (batch x V), and log q; a field so large that log q is not a number is an
    /// error.
    pub fn invert(&self, batch: usize, fields: &[f64], prior: &mut [f64], log_q: &mut [f64]) -> Result<()> {
        let volume = self.lattice().volume();
        expect_length("fields", batch.saturating_mul(volume), fields.len())?;
        expect_finite("fields", fields)?;
        self.inversion.run(&self.context, batch, &[Feed::Array(fields)], &mut [prior, &mut *log_q])?;
        match log_q.iter().position(|x| x.is_nan()) {
            None => Ok(()),
            Some(i) => {
                let what = "in which numbers of the network overflow";
                Err(Error::BadInput(format!("log q: expected a number, got NaN for field {i}, {what}")))
            }
        }
    }
}

impl Model for Flow {
    fn lattice(&self) -> &Lattice {
        self.layers.lattice()
    }

    fn sample(&self, counter: u64, batch: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()> {
        let key = Key { seed: self.context.seed(), purpose: Purpose::Prior, counter };
        self.sampling.run(&self.context, batch, &[Feed::Normal(key)], &mut [fields, log_q])?;
        match log_q.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(i) => Err(Error::BadInput(format!("model: expected finite log q, got {} for sample {i}", log_q[i]))),
        }
    }

    fn log_density(&self, batch: usize, fields: &[f64], log_q: &mut [f64]) -> Result<()> {
        let mut prior = vec![0.0; fields.len()];
        self.invert(batch, fields, &mut prior, log_q)
    }

    fn window(&self) -> usize {
        // Eight blocks for each thread; a power of two, so that windows fill the range of counters.
        let threads = self.context.threads().clamp(1, 16).next_power_of_two();
        8 * threads * self.sampling.executable().block()
    }
}
