//! Normalizing flows: a chain of layers, its parameters, and runs.

use super::chain::Chain;
use super::condition::Values;
use super::identity::Identity;
use super::overflow::reject_overflows;
use super::pulled_back::{Bindings, PulledBack};
use super::spec::ModelSpec;
use super::stages::Stages;
use super::tensor::Tensor;
use super::{Diffused, Model, TOLERANCES};
use crate::action::Action;
use crate::context::{Context, Precision};
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{Bound, Executable, Feed, Key};
use crate::progress;
use crate::random::{Purpose, Stream};
use crate::space::Domain;
use std::sync::Arc;

/// A flow on a lattice with its parameters.
pub struct Flow {
    context: Arc<Context>,
    spec: ModelSpec,
    chain: Arc<Chain>,
    parameters: Vec<f64>,
    /// Values of the conditions; None where they are not fixed, and then the flow can be trained, but not drawn from.
    at: Option<Values>,
    /// None where the density cannot be recorded.
    planned: Option<Planned>,
    programs: Option<Programs>,
}

/// The programs of a flow, shared by its copies.
#[derive(Clone)]
struct Planned {
    sampling: Arc<Executable>,
    inversion: Arc<Executable>,
}

/// The programs with parameters and fixed conditions.
struct Programs {
    sampling: Bound,
    inversion: Bound,
}

impl Flow {
    /// A flow with initial parameters, uniform in each tensor's bound and keyed by the context's seed.
    pub fn new(context: &Arc<Context>, lattice: &Lattice, spec: &ModelSpec) -> Result<Self> {
        let chain = spec.build(lattice)?;
        let parameters = initial(context, &chain)?;
        Self::of_chain(context, spec, Arc::new(chain), parameters)
    }

    /// A flow with given parameters.
    pub fn with_parameters(
        context: &Arc<Context>,
        lattice: &Lattice,
        spec: &ModelSpec,
        parameters: Vec<f64>,
    ) -> Result<Self> {
        Self::of_chain(context, spec, Arc::new(spec.build(lattice)?), parameters)
    }

    fn of_chain(context: &Arc<Context>, spec: &ModelSpec, chain: Arc<Chain>, parameters: Vec<f64>) -> Result<Self> {
        expect_finite("parameters", &parameters)?;
        let expected = chain.tensors().iter().map(Tensor::count).sum();
        expect_length("parameters", expected, parameters.len())?;
        let plan = |program| Ok::<_, Error>(Arc::new(Executable::new(program, context)?));
        let planned = match chain.expect_density() {
            Ok(()) => Some(Planned { sampling: plan(chain.sampling())?, inversion: plan(chain.inversion())? }),
            Err(_) => None,
        };
        let free = planned.as_ref().filter(|_| chain.conditions.is_empty());
        let programs = free.map(|planned| planned.bound(&parameters, &[])).transpose()?;
        Ok(Self { context: Arc::clone(context), spec: spec.clone(), chain, parameters, at: None, planned, programs })
    }

    /// The flow at fixed values of its conditions.
    pub fn at(&self, values: &Values) -> Result<Self> {
        if self.chain.conditions.is_empty() {
            return Err(Error::Unsupported("condition: expected a model with conditions, got one without".into()));
        }
        let scaled = self.chain.conditions.scaled(values)?;
        let programs = self.planned.as_ref().map(|planned| planned.bound(&self.parameters, &scaled)).transpose()?;
        Ok(Self { programs, at: Some(values.clone()), ..self.copied()? })
    }

    /// The flow on a lattice of other extents, with the parameters that stand for it there, and fixed values of conditions as they
    /// are; an error where a tensor fits its own lattice alone.
    pub fn transfer(&self, context: &Arc<Context>, lattice: &Lattice) -> Result<Self> {
        let own = self.lattice();
        if lattice.dimensions() != own.dimensions() {
            let (expected, got) = (own.dimensions(), lattice.dimensions());
            return Err(Error::BadShape(format!("lattice: expected {expected} dimensions, the model's, got {got}")));
        }
        let chain = Arc::new(self.spec.build(lattice)?);
        let parameters = chain.transfer(&self.chain, &self.parameters, &initial(context, &chain)?)?;
        let flow = Self::of_chain(context, &self.spec, chain, parameters)?;
        match &self.at {
            None => Ok(flow),
            Some(values) => flow.at(values),
        }
    }

    /// Values at which its conditions are fixed.
    pub fn fixed_at(&self) -> Option<&Values> {
        self.at.as_ref()
    }

    /// A copy; an error where there is no memory for it.
    pub fn copied(&self) -> Result<Self> {
        let copied = |programs: &Programs| {
            Ok::<_, Error>(Programs { sampling: programs.sampling.copied()?, inversion: programs.inversion.copied()? })
        };
        Ok(Self {
            context: Arc::clone(&self.context),
            spec: self.spec.clone(),
            chain: Arc::clone(&self.chain),
            parameters: memory::cloned("parameters", &self.parameters)?,
            at: self.at.clone(),
            planned: self.planned.clone(),
            programs: self.programs.as_ref().map(copied).transpose()?,
        })
    }

    /// The context it runs in.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The lattice of its domain.
    pub fn lattice(&self) -> &Lattice {
        &self.chain.domain.lattice
    }

    /// Its spec.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Its prior and layers.
    pub fn chain(&self) -> &Arc<Chain> {
        &self.chain
    }

    /// Fixed values of its conditions, scaled, to bind programs of its chain with; None where they are not fixed.
    pub fn condition(&self) -> Result<Option<Vec<f64>>> {
        match &self.at {
            None => Ok(self.chain.conditions.is_empty().then(Vec::new)),
            Some(values) => self.chain.conditions.scaled(values).map(Some),
        }
    }

    /// The same; an error where they are not fixed.
    pub fn expect_condition(&self) -> Result<Vec<f64>> {
        self.condition()?.ok_or_else(missing_values)
    }

    /// Tensors of parameters in the order of [`Flow::parameters`].
    pub fn tensors(&self) -> Vec<Tensor> {
        self.chain.tensors()
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
        if let Some(programs) = &mut self.programs {
            programs.sampling.set_parameters(parameters)?;
            programs.inversion.set_parameters(parameters)?;
        }
        Ok(())
    }

    fn programs(&self) -> Result<&Programs> {
        self.chain.expect_density()?;
        self.programs.as_ref().ok_or_else(missing_values)
    }

    /// The sampling program with its parameters: it maps the prior's noise to the field and log q. An error where
    /// the flow has conditions that are not fixed.
    pub fn sampling(&self) -> Result<&Bound> {
        Ok(&self.programs()?.sampling)
    }

    /// Floating-point operations of the convolutions of one draw.
    pub fn flops(&self) -> usize {
        self.planned.as_ref().map_or(0, |planned| planned.sampling.program().flops())
    }

    /// The prior's numbers z of given fields (batch x count), or its fields where it has no such numbers, and log q. Errors:
    /// links that are not in their group, and a field so large that log q is not a number.
    pub fn invert(&self, batch: usize, fields: &[f64], prior: &mut [f64], log_q: &mut [f64]) -> Result<()> {
        let domain = &self.chain.domain;
        expect_length("fields", batch.saturating_mul(domain.count()), fields.len())?;
        expect_finite("fields", fields)?;
        for (i, field) in fields.chunks_exact(domain.count()).enumerate() {
            let inside = domain.space.expect_inside(&domain.lattice, field);
            inside.map_err(|error| error.within(&format!("field {i}")))?;
        }
        let inversion = &self.programs()?.inversion;
        inversion.run(&self.context, batch, &[Feed::Array(fields)], &mut [prior, &mut *log_q])?;
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
    fn domain(&self) -> &Domain {
        &self.chain.domain
    }

    fn sample(&self, counter: u64, batch: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()> {
        let key = Key { seed: self.context.seed(), purpose: Purpose::Prior, counter, stream: 0 };
        self.sampling()?.run(&self.context, batch, &self.chain.feeds(key), &mut [&mut *fields, log_q])?;
        if self.context.precision() == Precision::F32 {
            // Whole fields for each thread.
            let space = self.chain.domain.space;
            self.context.share_chunks(fields, self.chain.domain.count(), |_, field| space.put_back(field, 0.0));
        }
        reject_overflows(self.chain.domain.count(), fields, log_q)
    }

    fn log_density(&self, batch: usize, fields: &[f64], log_q: &mut [f64]) -> Result<()> {
        let mut prior = memory::filled("numbers of the prior", 0.0, fields.len())?;
        self.invert(batch, fields, &mut prior, log_q)
    }

    fn tolerance(&self) -> f64 {
        let is_integrated = self.chain.layers.iter().any(|layer| layer.is_integrated());
        match self.context.precision() {
            Precision::F64 if !is_integrated => TOLERANCES[1],
            _ => TOLERANCES[0],
        }
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new(&self.spec, self.at.as_ref(), &self.parameters))
    }

    fn diffused(&self) -> Result<Diffused> {
        let Some(diffusion) = self.spec.diffusion(self.lattice())? else {
            return Err(Error::Unsupported("model: expected one of type 'diffusion', got another".into()));
        };
        let parameters = memory::cloned("parameters", &self.parameters)?;
        Ok(Diffused { context: Arc::clone(&self.context), domain: self.chain.domain.clone(), diffusion, parameters })
    }

    fn pulled_back(&self, action: Arc<dyn Action>) -> Result<PulledBack> {
        self.chain.expect_density()?;
        let condition = self.expect_condition()?;
        let bindings = Bindings { parameters: &self.parameters, condition: &condition };
        PulledBack::new(&self.context, &self.chain, &bindings, action)
    }

    fn stages(&self) -> Result<Stages> {
        let condition = self.expect_condition()?;
        Stages::new(&self.context, &self.chain, &Bindings { parameters: &self.parameters, condition: &condition })
    }

    fn window(&self) -> usize {
        // Eight blocks for each thread; a power of two, so that whole windows fill the range of counters.
        let threads = self.context.threads().clamp(1, 16).next_power_of_two();
        self.planned.as_ref().map_or(1, |planned| 8 * threads * planned.sampling.block())
    }
}

/// Initial parameters of a chain, uniform in each tensor's bound and keyed by the context's seed.
fn initial(context: &Context, chain: &Chain) -> Result<Vec<f64>> {
    let count = chain.tensors().iter().map(Tensor::count).sum();
    let mut parameters = memory::reserved("parameters", count)?;
    for (i, tensor) in chain.tensors().iter().enumerate() {
        let mut stream = Stream::new(context.seed(), Purpose::Parameters, i as u64);
        parameters.extend((0..tensor.count()).map(|_| tensor.bound * (2.0 * stream.uniform() - 1.0)));
    }
    Ok(parameters)
}

fn missing_values() -> Error {
    Error::BadInput("condition: expected values of the model's conditions, got none".into())
}

impl Planned {
    fn bound(&self, parameters: &[f64], conditions: &[f64]) -> Result<Programs> {
        let Self { sampling, inversion } = self;
        Ok(Programs {
            sampling: sampling.bind_at(parameters, conditions)?,
            inversion: inversion.bind_at(parameters, conditions)?,
        })
    }
}

/// Numbers in the fields for which log q is computed at a time.
const CHUNK: usize = 1 << 23;

/// Samples and their log q, a few at a time, so that the host can stop in between.
pub(crate) fn write_samples(flow: &Flow, counter: u64, fields: &mut [f64], log_q: &mut [f64]) -> Result<()> {
    let batch = together(flow).min(log_q.len());
    let chunks = fields.chunks_mut(batch * flow.domain().count()).zip(log_q.chunks_mut(batch));
    let _work = progress::begin("samples", chunks.len() as u64);
    for (i, (fields, log_q)) in chunks.enumerate() {
        flow.sample(counter + (i * batch) as u64, log_q.len(), fields, log_q)?;
        progress::step("samples", f64::NAN)?;
    }
    Ok(())
}

/// Count of fields computed together: all of them without a watch, else as many as take a fraction of a second.
fn together(flow: &Flow) -> usize {
    const LEAST: usize = 1 << 10;
    if !progress::is_watched() {
        return usize::MAX;
    }
    let operations = if flow.context().devices().is_empty() { 1 << 30 } else { 1 << 40 };
    (operations / flow.flops().max(1)).next_power_of_two().max(LEAST)
}

/// log q of fields, a few at a time, so that the memory it takes does not grow with the batch.
pub(crate) fn write_log_density(flow: &Flow, fields: &[f64], log_q: &mut [f64]) -> Result<()> {
    let volume = flow.domain().count();
    let batch = (CHUNK / volume).max(1).min(together(flow));
    let chunks = fields.chunks(batch * volume).zip(log_q.chunks_mut(batch));
    let _work = progress::begin("densities", chunks.len() as u64);
    for (fields, log_q) in chunks {
        flow.log_density(log_q.len(), fields, log_q)?;
        progress::step("densities", f64::NAN)?;
    }
    match log_q.iter().position(|x| x.is_nan() || *x == f64::INFINITY) {
        None => Ok(()),
        Some(i) => Err(Error::BadInput(format!("log q: expected a number or -inf, got {} for field {i}", log_q[i]))),
    }
}
