//! The registry of kernels: a new kernel is its file, one line in [`KernelSpec`] and one in [`KernelSpec::build`].

use super::annealed::Annealed;
use super::annealed_spec::AnnealedSpec;
use super::annealing::Annealing;
use super::annealing_spec::AnnealingSpec;
use super::cluster::{Cluster, ClusterSpec};
use super::complex_langevin::{ComplexLangevin, ComplexLangevinSpec};
use super::cycle::Cycle;
use super::heatbath::{Heatbath, HeatbathSpec};
use super::hmc::{Hmc, HmcSpec};
use super::jarzynski::{Jarzynski, JarzynskiSpec};
use super::kernel::Kernel;
use super::langevin::{Langevin, LangevinSpec};
use super::metropolis::Metropolis;
use super::plain_langevin::PlainLangevin;
use super::tempered::{Tempered, TemperedSpec};
use super::tempering::{Builder, Sweeps, Tempering, TemperingSpec};
use super::transformed::{TransformedHmc, TransformedHmcSpec};
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::{Model, Stages, Stout};
use crate::spec::{self, Value};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;

/// A kernel and its parameters: `{type: 'hmc', steps: 10}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum KernelSpec {
    /// Hybrid Monte Carlo.
    Hmc(HmcSpec),
    /// Hybrid Monte Carlo in the field that the chain's model maps to the action's.
    #[serde(rename = "transformed_hmc")]
    TransformedHmc(TransformedHmcSpec),
    /// Heat bath with overrelaxation, for links.
    Heatbath(HeatbathSpec),
    /// Replica exchange in the strength of a defect, for links.
    Tempering(TemperingSpec<Box<KernelSpec>>),
    /// Tempered transitions through a defect, for links.
    Tempered(TemperedSpec),
    /// Non-equilibrium paths from a chain with an open defect, for links.
    Jarzynski(JarzynskiSpec),
    /// Annealed sequential Monte Carlo, for scalars.
    Annealing(AnnealingSpec<Box<KernelSpec>>),
    /// Annealed paths as proposals, for scalars.
    Annealed(AnnealedSpec<Box<KernelSpec>>),
    /// Langevin steps, Metropolis-adjusted or plain.
    Langevin(LangevinSpec),
    /// Complex Langevin dynamics, for actions with complex values.
    #[serde(rename = "complex_langevin")]
    ComplexLangevin(ComplexLangevinSpec),
    /// Embedded clusters with local moves, for scalars.
    Cluster(ClusterSpec),
    /// Metropolised independence sampling from the chain's model.
    Independence(IndependenceSpec),
    /// Kernels that take turns, one turn a step.
    Cycle(CycleSpec),
}

/// Independence sampling has no parameters.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IndependenceSpec {}

/// Parameters of a cycle.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CycleSpec {
    /// Its kernels, in their order.
    pub kernels: Vec<Turn>,
}

/// A kernel in a cycle, with how many turns it takes in a row: `{type: 'hmc', repeat: 2}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// Number of turns in a row, 1 where it is not given.
    pub repeat: u64,
    /// The kernel.
    #[serde(flatten)]
    pub kernel: KernelSpec,
}

/// Field that a chain starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// Zero everywhere, or unit links.
    #[default]
    Cold,
    /// Independent normal numbers of the width at which the virial theorem holds, or links from the Haar measure.
    Hot,
}

/// A chain: the keys of its kernel, and beside them `start` and `seed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChainSpec {
    /// Field that the chain starts from.
    pub start: Start,
    /// Seed in place of the context's: chains of one context are independent only with different seeds.
    pub seed: Option<u64>,
    /// The kernel.
    #[serde(flatten)]
    pub kernel: KernelSpec,
}

impl Default for KernelSpec {
    fn default() -> Self {
        KernelSpec::Hmc(HmcSpec::default())
    }
}

/// Deepest nesting of cycles.
const DEEPEST: usize = 8;

impl KernelSpec {
    /// Builds the kernel for an action and, where it needs one, a model on the same lattice.
    pub fn build(&self, action: Arc<dyn Action>, model: Option<Arc<dyn Model>>) -> Result<Box<dyn Kernel>> {
        let is_other = model.as_ref().is_some_and(|model| model.stout().is_none());
        if is_other && self.takes_layers() && !self.needs_model() {
            return Err(Error::Unsupported("model: expected one of learned layers, got another".into()));
        }
        self.build_at(0, action, model)
    }

    /// True where it, or a kernel of its cycle, is made from a model.
    pub fn needs_model(&self) -> bool {
        match self {
            KernelSpec::TransformedHmc(_) | KernelSpec::Independence(_) => true,
            KernelSpec::Cycle(spec) => spec.kernels.iter().any(|turn| turn.kernel.needs_model()),
            KernelSpec::Hmc(_)
            | KernelSpec::Heatbath(_)
            | KernelSpec::Tempering(_)
            | KernelSpec::Tempered(_)
            | KernelSpec::Jarzynski(_)
            | KernelSpec::Annealing(_)
            | KernelSpec::Annealed(_)
            | KernelSpec::Langevin(_)
            | KernelSpec::ComplexLangevin(_)
            | KernelSpec::Cluster(_) => false,
        }
    }

    /// True where it keeps the density of any action of scalars, so that it can move fields at each stage of annealing.
    fn can_anneal(&self) -> bool {
        match self {
            KernelSpec::Hmc(_) => true,
            KernelSpec::Langevin(spec) => spec.adjusted,
            KernelSpec::Cycle(spec) => spec.kernels.iter().all(|turn| turn.kernel.can_anneal()),
            _ => false,
        }
    }

    /// True where it, or a kernel of its cycle, has paths that take learned layers.
    pub fn takes_layers(&self) -> bool {
        match self {
            KernelSpec::Tempering(_) | KernelSpec::Tempered(_) | KernelSpec::Jarzynski(_) => true,
            KernelSpec::Cycle(spec) => spec.kernels.iter().any(|turn| turn.kernel.takes_layers()),
            _ => false,
        }
    }

    /// An error where an action has complex values that this kernel does not know.
    fn expect_values(&self, action: &dyn Action) -> Result<()> {
        let takes_complex = matches!(self, KernelSpec::ComplexLangevin(_) | KernelSpec::Cycle(_));
        if action.complex().is_none() || takes_complex {
            return Ok(());
        }
        let expected = "expected one with real values, got one with complex values";
        Err(Error::Unsupported(format!("action: {expected}, which type 'complex_langevin' alone takes")))
    }

    fn build_at(
        &self,
        depth: usize,
        action: Arc<dyn Action>,
        model: Option<Arc<dyn Model>>,
    ) -> Result<Box<dyn Kernel>> {
        self.expect_values(&*action)?;
        match self {
            KernelSpec::Hmc(spec) => Ok(Box::new(Hmc::new(action, spec)?)),
            KernelSpec::TransformedHmc(spec) => {
                let pulled = expect_model("transformed_hmc", model)?.pulled_back(Arc::clone(&action))?;
                Ok(Box::new(TransformedHmc::new(action, pulled, spec)?))
            }
            KernelSpec::Heatbath(spec) => Ok(Box::new(Heatbath::new(action, spec)?)),
            KernelSpec::Tempering(spec) => {
                let sweeps = match spec.sweep.as_deref() {
                    None => Sweeps::Heatbath(HeatbathSpec { overrelaxation: 1 }),
                    Some(KernelSpec::Heatbath(heatbath)) => Sweeps::Heatbath(heatbath.clone()),
                    Some(KernelSpec::Hmc(hmc)) => {
                        let hmc = hmc.clone();
                        Sweeps::Kernel(Box::new(move |action| Ok(Box::new(Hmc::new(action, &hmc)?))))
                    }
                    Some(_) => {
                        let expected = "sweep: expected type 'heatbath' or 'hmc', got another";
                        return Err(Error::BadSpec(format!("type 'tempering': {expected}")));
                    }
                };
                Ok(Box::new(Tempering::new(action, spec, sweeps, layers(&model))?))
            }
            KernelSpec::Tempered(spec) => {
                let proposal = Tempered::new(&action, spec, 0, layers(&model))?;
                Ok(Box::new(Metropolis::new(action, Box::new(proposal))))
            }
            KernelSpec::Jarzynski(spec) => Ok(Box::new(Jarzynski::new(action, spec, layers(&model))?)),
            KernelSpec::Annealing(_) if depth > 0 => Err(alone("type 'annealing'")),
            KernelSpec::ComplexLangevin(_) if depth > 0 => Err(alone("type 'complex_langevin'")),
            KernelSpec::Langevin(spec) if depth > 0 && !spec.adjusted => Err(alone("type 'langevin', adjusted false")),
            KernelSpec::ComplexLangevin(spec) => Ok(Box::new(ComplexLangevin::new(action, spec)?)),
            KernelSpec::Langevin(spec) if !spec.adjusted => Ok(Box::new(PlainLangevin::new(action, spec)?)),
            KernelSpec::Annealing(spec) => {
                let builder = annealing_kernel("annealing", spec.kernel.as_deref())?;
                Ok(Box::new(Annealing::new(action, spec, builder, stages(model)?)?))
            }
            KernelSpec::Annealed(spec) => {
                let parts = (annealing_kernel("annealed", spec.kernel.as_deref())?, stages(model)?);
                // The seed of the chain is in the counters of its kernel.
                let proposal = Annealed::new(Arc::clone(&action), spec, parts, 0)?;
                Ok(Box::new(Metropolis::new(action, Box::new(proposal))))
            }
            KernelSpec::Langevin(spec) => {
                // The seed of the chain is in the counters of its kernel.
                let proposal = Langevin::new(Arc::clone(&action), spec, 0)?;
                Ok(Box::new(Metropolis::new(action, Box::new(proposal))))
            }
            KernelSpec::Cluster(spec) => Ok(Box::new(Cluster::new(action, spec)?)),
            KernelSpec::Independence(_) => {
                Ok(Box::new(Metropolis::independent(action, expect_model("independence", model)?)?))
            }
            KernelSpec::Cycle(_) if depth == DEEPEST => Err(Error::BadSpec(format!(
                "type 'cycle': expected at most {DEEPEST} cycles inside each other, got more"
            ))),
            KernelSpec::Cycle(spec) => {
                let build = |turn: &Turn| {
                    let kernel = turn.kernel.build_at(depth + 1, action.clone(), model.clone())?;
                    Ok((turn.repeat, kernel))
                };
                Ok(Box::new(Cycle::new(spec.kernels.iter().map(build).collect::<Result<_>>()?)?))
            }
        }
    }
}

/// The kernel of annealed paths for the action at each strength, from its spec.
pub(crate) fn annealing_kernel(kind: &str, spec: Option<&KernelSpec>) -> Result<Builder> {
    let kernel = spec.cloned().unwrap_or_default();
    if !kernel.can_anneal() {
        let expected = "kernel: expected type 'hmc', 'langevin' or a cycle of these, got another";
        return Err(Error::BadSpec(format!("type '{kind}': {expected}")));
    }
    Ok(Box::new(move |action| kernel.build(action, None)))
}

/// The layers of a model for annealed paths, where there is a model.
fn stages(model: Option<Arc<dyn Model>>) -> Result<Option<Stages>> {
    model.map(|model| model.stages()).transpose()
}

/// The error of a kernel that is a chain alone.
fn alone(kind: &str) -> Error {
    Error::Unsupported(format!("{kind}: expected a chain of its own, got one in a cycle"))
}

/// The learned layers of a model.
fn layers(model: &Option<Arc<dyn Model>>) -> Option<&Stout> {
    model.as_deref().and_then(Model::stout)
}

fn expect_model(kind: &str, model: Option<Arc<dyn Model>>) -> Result<Arc<dyn Model>> {
    model.ok_or_else(|| Error::BadSpec(format!("type '{kind}': expected a model, got none")))
}

impl<'de> Deserialize<'de> for Turn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let repeat = take(&mut value, "repeat").map_err(D::Error::custom)?;
        let kernel = kernel(&value, "repeat").map_err(D::Error::custom)?;
        Ok(Self { repeat: repeat.unwrap_or(1), kernel })
    }
}

impl<'de> Deserialize<'de> for ChainSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let start = take(&mut value, "start").map_err(D::Error::custom)?;
        let seed = take(&mut value, "seed").map_err(D::Error::custom)?;
        let kernel = kernel(&value, "seed, start").map_err(D::Error::custom)?;
        Ok(Self { start: start.unwrap_or_default(), seed, kernel })
    }
}

/// Takes a key out of an object.
fn take<T: DeserializeOwned>(value: &mut Value, key: &str) -> std::result::Result<Option<T>, String> {
    let Value::Map(entries) = value else { return Ok(None) };
    let Some(place) = entries.iter().position(|(known, _)| known == key) else { return Ok(None) };
    spec::read(&entries.remove(place).1).map(Some).map_err(|message| format!("{key}: {message}"))
}

/// Reads a kernel; an error message also lists the keys that are known beside the kernel's own.
fn kernel(value: &Value, beside: &str) -> std::result::Result<KernelSpec, String> {
    spec::read(value).map_err(|message| match message.contains("unknown key") {
        true => format!("{message} (beside {beside})"),
        false => message,
    })
}

#[cfg(test)]
mod tests;
