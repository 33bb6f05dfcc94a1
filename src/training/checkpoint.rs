//! A model on disk: safetensors, readable by any program that knows the format.
//!
//! Tensors: one f64 tensor for each of the flow's, by its name; where a training run is unfinished, `adam.first` and
//! `adam.second` as well. The metadata hold one entry, `instanton`: JSON text of the [`Header`].

use super::adam::State;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::file;
use crate::flow::{Flow, Model, ModelSpec};
use crate::lattice::Lattice;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// What a file of a model tells about itself.
#[derive(Deserialize, Serialize)]
struct Header {
    /// `model`.
    kind: String,
    /// Version of the library that wrote it.
    version: String,
    /// Extents of the lattice, x first.
    extent: Vec<usize>,
    /// Spec of the model.
    spec: ModelSpec,
    /// Where its training stands.
    training: Option<Standing>,
    /// FNV-1a of this header with an empty checksum, then of the numbers in the order of the flow's tensors and Adam's.
    checksum: String,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Standing {
    step: u64,
    steps: u64,
    samples: u64,
}

/// Largest file: 16 million parameters with Adam's moments.
const LARGEST: u64 = 400 << 20;

type Tensors = Vec<(String, Vec<usize>, Vec<f64>)>;

/// Writes a model; on an error the file that was there before is untouched.
pub fn save(path: &Path, flow: &Flow, state: Option<&State>) -> Result<()> {
    let mut tensors: Tensors = vec![];
    let mut rest = flow.parameters();
    for tensor in flow.tensors() {
        let (numbers, others) = rest.split_at(tensor.count());
        tensors.push((tensor.name, tensor.shape, numbers.to_vec()));
        rest = others;
    }
    if let Some(state) = state.filter(|s| !s.is_finished()) {
        tensors.push(("adam.first".into(), vec![state.first.len()], state.first.clone()));
        tensors.push(("adam.second".into(), vec![state.second.len()], state.second.clone()));
    }
    let mut header = Header {
        kind: "model".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        extent: flow.lattice().extent().to_vec(),
        spec: flow.spec().clone(),
        training: state.map(|s| Standing { step: s.step, steps: s.steps, samples: s.samples }),
        checksum: String::new(),
    };
    header.checksum = checksum(&header, tensors.iter().flat_map(|t| &t.2))?;
    let header = serde_json::to_string(&header).map_err(|e| Error::Internal(format!("header: {e}")))?;
    let bytes = |numbers: &[f64]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let laid: Vec<_> = tensors.iter().map(|(name, shape, numbers)| (name, shape, bytes(numbers))).collect();
    let views = laid.iter().map(|(name, shape, b)| TensorView::new(Dtype::F64, shape.to_vec(), b).map(|v| (*name, v)));
    let bytes = views
        .collect::<std::result::Result<Vec<_>, _>>()
        .and_then(|views| safetensors::serialize(views, Some(HashMap::from([("instanton".into(), header)]))))
        .map_err(|e| Error::Internal(format!("model: could not be laid out: {e}")))?;
    file::write_atomic(path, &bytes)
}

/// Reads a model for a lattice, and where its training stands.
pub fn load(context: &Arc<Context>, lattice: &Lattice, path: &Path) -> Result<(Flow, Option<State>)> {
    let bytes = file::read(path, LARGEST)?;
    parse(context, lattice, &bytes).map_err(|error| error.within(&path.display().to_string()))
}

fn parse(context: &Arc<Context>, lattice: &Lattice, bytes: &[u8]) -> Result<(Flow, Option<State>)> {
    let (file, mut header): (_, Header) = file::parse(bytes, "model")?;
    if header.extent != lattice.extent() {
        let (expected, got) = (lattice.extent(), &header.extent);
        return Err(Error::BadShape(format!("lattice: expected {expected:?}, got a model for {got:?}")));
    }
    // The spec tells the tensors; their sizes must be those of the file before anything is allocated for them.
    let tensors = crate::flow::Layers::new(&header.spec, lattice)?.tensors();
    let mut parameters = vec![];
    for t in &tensors {
        parameters.extend(numbers(&file, &t.name, &t.shape)?);
    }
    let state = match header.training {
        None => None,
        Some(standing) => Some(state(&file, standing, parameters.len())?),
    };
    let moments = state.iter().filter(|s| !s.is_finished()).flat_map(|s| s.first.iter().chain(&s.second));
    let expected = std::mem::take(&mut header.checksum);
    let got = checksum(&header, parameters.iter().chain(moments))?;
    if got != expected {
        return Err(Error::BadInput(format!("checksum: expected {expected}, got {got}")));
    }
    Ok((Flow::with_parameters(context, lattice, &header.spec, parameters)?, state))
}

fn state(file: &SafeTensors, standing: Standing, count: usize) -> Result<State> {
    let Standing { step, steps, samples } = standing;
    let mut state = State { step, steps, samples, first: vec![], second: vec![] };
    if !state.is_finished() {
        state.first = numbers(file, "adam.first", &[count])?;
        state.second = numbers(file, "adam.second", &[count])?;
    }
    let sound = state.first.iter().all(|m| m.is_finite()) && state.second.iter().all(|v| v.is_finite() && *v >= 0.0);
    if !sound || samples > 1 << 62 || step > steps {
        return Err(Error::BadInput("training: expected finite moments and steps in order, got others".into()));
    }
    Ok(state)
}

fn numbers(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
    let view = file.tensor(name).map_err(|_| Error::BadInput(format!("{name}: expected a tensor, got none")))?;
    if view.dtype() != Dtype::F64 || view.shape() != shape {
        let (got, found) = (view.dtype(), view.shape());
        return Err(Error::BadShape(format!("{name}: expected F64 {shape:?}, got {got:?} {found:?}")));
    }
    Ok(view.data().as_chunks().0.iter().map(|&word| f64::from_le_bytes(word)).collect())
}

/// The checksum of a header, whose own is still empty, and of the numbers.
fn checksum<'a>(header: &Header, numbers: impl Iterator<Item = &'a f64>) -> Result<String> {
    let text = serde_json::to_string(header).map_err(|e| Error::Internal(format!("header: {e}")))?;
    let bytes: Vec<u8> = text.into_bytes().into_iter().chain(numbers.flat_map(|x| x.to_le_bytes())).collect();
    Ok(format!("{:016x}", file::checksum(&bytes)))
}
