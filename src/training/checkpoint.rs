//! A model on disk: safetensors, readable by any program that knows the format ([`crate::saved`]).
//!
//! Tensors: one f64 tensor for each of the flow's, by its name; where a training run is unfinished, `adam.first` and
//! `adam.second` as well, and `action.values`, S on fixed fields, where it is known (`fingerprint.rs`), and
//! `adam.parameters` where the flow's are their average (`average.rs`).

use super::adam::TrainingState;
use super::fingerprint;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::file;
use crate::flow::{self, Chain, Flow, MOST_PARAMETERS, Model, ModelSpec, Stout, Values};
use crate::lattice::Lattice;
use crate::memory;
use crate::saved::{self, Opened, Tensors};
use crate::space::{Domain, SavedDomain};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Header of a model's file: where the model lives, its spec, and its training.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    domain: SavedDomain,
    spec: ModelSpec,
    /// Values at which the conditions are fixed.
    at: Option<Values>,
    /// State of its training.
    training: Option<Standing>,
}

/// Header of a file of format 1.
#[derive(Deserialize, Serialize)]
struct First {
    kind: String,
    version: String,
    /// Extents of the lattice, x first.
    extent: Vec<usize>,
    spec: ModelSpec,
    training: Option<FirstStanding>,
    /// FNV-1a hash of this header with an empty checksum, then of the numbers in the order of the flow's tensors,
    /// Adam's and those of the action.
    checksum: String,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
struct FirstStanding {
    step: u64,
    steps: u64,
    samples: u64,
}

/// Optimiser of a training run, steps done and samples drawn.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    optimiser: Optimiser,
    step: u64,
    steps: u64,
    samples: u64,
}

/// The optimiser of a run, whose tensors begin with its name.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Optimiser {
    Adam,
}

/// Largest file: as many parameters as a model may have, with Adam's moments and averages.
const LARGEST: u64 = (4 << 3) * (MOST_PARAMETERS as u64) + (64 << 20);

/// Name of the tensor that identifies the action of an unfinished run.
const ACTION: &str = "action.values";

/// Name of the tensor of parameters that the optimiser changes, where the model has their average.
const OWN: &str = "adam.parameters";

/// A model of a file.
#[allow(clippy::large_enum_variant, reason = "a program has few models")]
pub enum Learned {
    /// A density.
    Flow(Flow),
    /// Layers for paths.
    Stout(Stout),
}

/// Writes a flow; on an error the file that was there before is untouched.
pub fn save(path: &Path, flow: &Flow, state: Option<&TrainingState>) -> Result<()> {
    let spec = (flow.spec().clone(), flow.fixed_at().cloned());
    write(path, (&flow.chain().domain, spec), (&flow.tensors(), flow.parameters()), state)
}

/// Writes layers; on an error the file that was there before is untouched.
pub fn save_layers(path: &Path, model: &Stout, state: Option<&TrainingState>) -> Result<()> {
    let spec = (ModelSpec::Stout(model.spec().clone()), None);
    write(path, (model.domain(), spec), (&model.spec().tensors(), model.parameters()), state)
}

fn write(
    path: &Path,
    (domain, (spec, at)): (&Domain, (ModelSpec, Option<Values>)),
    (all, mut rest): (&[flow::Tensor], &[f64]),
    state: Option<&TrainingState>,
) -> Result<()> {
    let mut tensors = vec![];
    for tensor in all {
        let (numbers, others) = rest.split_at(tensor.count());
        tensors.push(saved::Tensor::reals(&tensor.name, &tensor.shape, numbers)?);
        rest = others;
    }
    if let Some(state) = state.filter(|s| !s.is_finished()) {
        tensors.push(saved::Tensor::reals("adam.first", &[state.first.len()], &state.first)?);
        tensors.push(saved::Tensor::reals("adam.second", &[state.second.len()], &state.second)?);
        if let Some(values) = &state.action {
            tensors.push(saved::Tensor::reals(ACTION, &[values.len()], values)?);
        }
        if let Some(values) = &state.parameters {
            tensors.push(saved::Tensor::reals(OWN, &[values.len()], values)?);
        }
    }
    let standing =
        |s: &TrainingState| Standing { optimiser: Optimiser::Adam, step: s.step, steps: s.steps, samples: s.samples };
    let content = Content { domain: SavedDomain::of(domain), spec, at, training: state.map(standing) };
    saved::write(path, "model", content, &tensors)
}

/// Reads a flow for a lattice, and the state of its training.
pub fn load(context: &Arc<Context>, lattice: &Lattice, path: &Path) -> Result<(Flow, Option<TrainingState>)> {
    match load_any(context, lattice, path)? {
        (Learned::Flow(flow), state) => Ok((flow, state)),
        (Learned::Stout(_), _) => {
            let expected = "expected a model with a density, got type 'stout'";
            Err(Error::Unsupported(format!("{}: {expected}", path.display())))
        }
    }
}

/// Reads a model of any type, and the state of its training. Layers fit any extents.
pub fn load_any(context: &Arc<Context>, lattice: &Lattice, path: &Path) -> Result<(Learned, Option<TrainingState>)> {
    let bytes = file::read(path, LARGEST)?;
    parse(context, lattice, &bytes).map_err(|error| error.within(&path.display().to_string()))
}

fn parse(context: &Arc<Context>, lattice: &Lattice, bytes: &[u8]) -> Result<(Learned, Option<TrainingState>)> {
    let (content, tensors) = match saved::open::<Content>(bytes, "model")? {
        Opened::Present(content, tensors) => (content, tensors),
        Opened::First(tensors) => (first(lattice, bytes, &tensors)?, tensors),
    };
    if let ModelSpec::Stout(spec) = &content.spec {
        spec.check(lattice.dimensions())?;
        let numbers = numbers(&spec.tensors(), &tensors)?;
        let state = content.training.map(|standing| state(&tensors, standing, numbers.len())).transpose()?;
        return Ok((Learned::Stout(Stout::with_parameters(context, lattice, spec, numbers)?), state));
    }
    content.domain.expect_lattice(lattice)?;
    let chain = content.spec.build(lattice)?;
    content.domain.expect(&chain.domain)?;
    let parameters = parameters(&chain, &tensors)?;
    let state = content.training.map(|standing| state(&tensors, standing, parameters.len())).transpose()?;
    let flow = Flow::with_parameters(context, lattice, &content.spec, parameters)?;
    match content.at {
        None => Ok((Learned::Flow(flow), state)),
        Some(values) => Ok((Learned::Flow(flow.at(&values)?), state)),
    }
}

/// The spec determines the tensors; their sizes must be those of the file before anything is allocated for them.
fn parameters(chain: &Chain, file: &Tensors) -> Result<Vec<f64>> {
    numbers(&chain.tensors(), file)
}

/// The numbers of all tensors, one after the other.
fn numbers(tensors: &[flow::Tensor], file: &Tensors) -> Result<Vec<f64>> {
    let mut parameters = memory::reserved("parameters", tensors.iter().map(|t| t.count()).sum())?;
    for t in tensors {
        parameters.extend(file.reals(&t.name, &t.shape)?);
    }
    Ok(parameters)
}

/// The content of a file of format 1, whose checksum is right.
fn first(lattice: &Lattice, bytes: &[u8], tensors: &Tensors) -> Result<Content> {
    let (_, mut header): (_, First) = file::parse(bytes, "model")?;
    let domain = SavedDomain { extent: header.extent.clone(), ..SavedDomain::of(&Domain::scalars(lattice)) };
    domain.expect(&Domain::scalars(lattice))?;
    let standing = header.training.map(|FirstStanding { step, steps, samples }| Standing {
        optimiser: Optimiser::Adam,
        step,
        steps,
        samples,
    });
    let numbers = parameters(&header.spec.build(lattice)?, tensors)?;
    let state = standing.map(|standing| state(tensors, standing, numbers.len())).transpose()?;
    let moments = state.iter().filter(|s| !s.is_finished());
    let moments = moments.flat_map(|s| s.first.iter().chain(&s.second).chain(s.action.iter().flatten()));
    let expected = std::mem::take(&mut header.checksum);
    let text = serde_json::to_string(&header).map_err(|e| Error::Internal(format!("header: {e}")))?;
    file::expect_checksum((bytes, "model"), (&expected, text), |text| {
        let words = numbers.iter().chain(moments.clone()).flat_map(|x| x.to_le_bytes());
        format!("{:016x}", file::checksum_of(text.bytes().chain(words)))
    })?;
    Ok(Content { domain, spec: header.spec, at: None, training: standing })
}

fn state(file: &Tensors, standing: Standing, count: usize) -> Result<TrainingState> {
    let Standing { optimiser: Optimiser::Adam, step, steps, samples } = standing;
    let mut state = TrainingState { step, steps, samples, ..TrainingState::default() };
    if !state.is_finished() {
        state.first = file.reals("adam.first", &[count])?;
        state.second = file.reals("adam.second", &[count])?;
        // Files of earlier versions have no such tensor.
        state.parameters = if file.has(OWN) { Some(file.reals(OWN, &[count])?) } else { None };
        state.action = if file.has(ACTION) { Some(file.reals(ACTION, &[fingerprint::COUNT])?) } else { None };
    }
    let means = state.first.iter().chain(state.action.iter().flatten()).chain(state.parameters.iter().flatten());
    let sound = means.copied().all(f64::is_finite) && state.second.iter().all(|v| v.is_finite() && *v >= 0.0);
    if !sound || samples > 1 << 62 || step > steps {
        return Err(Error::BadInput("training: expected finite moments and steps in order, got others".into()));
    }
    Ok(state)
}
