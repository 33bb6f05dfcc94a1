//! The action in the field z that a flow maps to φ = f(z): S(f(z)) − log |det df/dz|.
//!
//! exp(−S) of φ and exp of minus this of z are the same distribution, so that hybrid Monte Carlo in z with this action
//! samples φ exactly, whatever the flow is; a flow that maps nearly white noise to φ leaves an action that is easy to move in:
//! Lüscher, arXiv:0907.5491. The programs run in f64, so that trajectories are reversible to its rounding.

use super::chain::Chain;
use crate::action::Action;
use crate::context::{Context, Precision};
use crate::error::{Error, Result, expect_length};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Bound, Executable, Feed, Output, Program, Recorder, Shape};
use std::sync::Arc;

/// An action of the field z.
pub struct PulledBack {
    context: Arc<Context>,
    action: Arc<dyn Action>,
    count: usize,
    /// Input z; outputs φ and −log |det|.
    forward: Bound,
    /// Inputs z and dS/dφ; output the gradient.
    backward: Bound,
    /// Input φ; outputs z and log q.
    inverse: Bound,
}

/// Numbers that programs of a chain are bound with.
#[derive(Clone, Copy, Debug)]
pub struct Bindings<'a> {
    /// All parameters.
    pub parameters: &'a [f64],
    /// Values of the conditions, scaled.
    pub condition: &'a [f64],
}

impl PulledBack {
    /// The action of z for an action of the field of a chain, whose programs are bound with some numbers.
    pub fn new(own: &Context, chain: &Chain, bindings: &Bindings, action: Arc<dyn Action>) -> Result<Self> {
        chain.domain.expect("model", &action.domain())?;
        if !chain.prior.is_map() {
            let got = chain.prior.name();
            let message = format!("model: expected a prior that is a map of normal numbers, got '{got}'");
            return Err(Error::Unsupported(message));
        }
        let context = Arc::new(Context::new(own.seed(), Precision::F64, own.threads())?);
        let Bindings { parameters, condition } = bindings;
        let bind = |program| Arc::new(Executable::new(program, &context)?).bind_at(parameters, condition);
        let (forward, backward) = (bind(forward(chain))?, bind(backward(chain))?);
        let inverse = bind(chain.inversion())?;
        Ok(Self { count: chain.domain.count(), context, action, forward, backward, inverse })
    }

    /// The field f(z).
    pub fn field(&self, z: &[f64]) -> Result<Vec<f64>> {
        Ok(self.mapped(z)?.0)
    }

    /// z of a field; an error where the flow's numbers overflow.
    pub fn latent(&self, field: &[f64]) -> Result<Vec<f64>> {
        expect_length("field", self.count, field.len())?;
        let (mut z, mut log_q) = (memory::filled("numbers of the prior", 0.0, self.count)?, [0.0]);
        self.inverse.run(&self.context, 1, &[Feed::Array(field)], &mut [&mut z, &mut log_q])?;
        match z.iter().all(|z| z.is_finite()) {
            true => Ok(z),
            false => Err(Error::BadInput("field: expected one that the model inverts, got one that overflows".into())),
        }
    }

    /// f(z), and −log |det df/dz|.
    fn mapped(&self, z: &[f64]) -> Result<(Vec<f64>, f64)> {
        expect_length("field", self.count, z.len())?;
        let (mut field, mut minus_log_det) = (memory::filled("field", 0.0, self.count)?, [0.0]);
        self.forward.run(&self.context, 1, &[Feed::Array(z)], &mut [&mut field, &mut minus_log_det])?;
        Ok((field, minus_log_det[0]))
    }
}

/// f(z), and log q − log N(z) = −log |det df/dz|, prior included.
pub(super) fn forward(chain: &Chain) -> Program {
    let mut recorder = Recorder::new();
    let draw = chain.draw(&mut recorder);
    let log_normal = super::prior::log_normal(&mut recorder, draw.z());
    let minus_log_det = recorder.subtract(draw.log_density, log_normal);
    Program::new(recorder, [draw.field, minus_log_det].map(Output::PerSample).to_vec())
}

fn backward(chain: &Chain) -> Program {
    let mut recorder = Recorder::new();
    let draw = chain.draw(&mut recorder);
    let force = chain.input(&mut recorder);
    let log_normal = super::prior::log_normal(&mut recorder, draw.z());
    let minus_log_det = recorder.subtract(draw.log_density, log_normal);
    let one = recorder.constant(1.0, Shape::WIDE);
    let gradient = recorder.pull_back(&[(draw.field, force), (minus_log_det, one)], &[draw.z()]);
    Program::new(recorder, vec![Output::PerSample(gradient[0])])
}

impl Action for PulledBack {
    fn lattice(&self) -> &Lattice {
        self.action.lattice()
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        let (field, minus_log_det) = self.mapped(field)?;
        Ok(self.action.value(&field)? + minus_log_det)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        expect_length("gradient", self.count, gradient.len())?;
        let (image, minus_log_det) = self.mapped(field)?;
        let mut force = memory::filled("force", 0.0, self.count)?;
        let value = self.action.gradient(&image, &mut force)?;
        self.backward.run(&self.context, 1, &[Feed::Array(field), Feed::Array(&force)], &mut [gradient])?;
        Ok(value + minus_log_det)
    }

    fn is_threadsafe(&self) -> bool {
        self.action.is_threadsafe()
    }
}
