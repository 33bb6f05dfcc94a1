//! Section `model` of the header.

use super::action::inst_action;
use super::arguments::{self, Output, TextOutput, batch as fields_of, expect_lattice, fields as fields_at, zeros};
use super::guard::{guard, inst_status, outside};
use super::handles::{self, Handle, Object, exclusive, shared};
use super::lattice::inst_lattice;
use crate::error::{Error, Result, expect_finite};
use crate::flow::{Flow, Model, ModelSpec};
use crate::spec;
use crate::training;
use serde::Deserialize;
use std::ffi::{c_char, c_void};

/// A flow, and the state of the optimizer where it has been trained.
pub struct ModelObject {
    pub(super) flow: Flow,
    state: Option<training::State>,
}

impl Object for ModelObject {
    const KIND: usize = 3;
}

/// A learned density q.
pub type inst_model = Handle<ModelObject>;

/// Progress of training: step, steps, loss, effective sample size. Non-zero return stops and keeps the model.
pub type inst_progress_fn =
    Option<unsafe extern "C" fn(step: i64, steps: i64, loss: f64, ess: f64, user: *mut c_void) -> i32>;

/// A model's spec, in which `type` is 'affine' where it is not given.
#[derive(Deserialize)]
#[serde(transparent)]
struct AnyModelSpec {
    #[serde(deserialize_with = "affine_by_default")]
    spec: ModelSpec,
}

fn affine_by_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<ModelSpec, D::Error> {
    spec::with_default_tag(deserializer, "type", "affine")
}

/// Numbers that log q of many fields is worked out for at a time.
const CHUNK: usize = 1 << 23;

/// Makes a model with initial parameters; an empty spec means {type: 'affine'}.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_new(
    lattice: *const inst_lattice,
    spec: *const c_char,
    out: *mut *mut inst_model,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (lattice, text, out) =
            unsafe { (shared("lattice", lattice)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let AnyModelSpec { spec } = spec::parse("model", text)?;
        let flow = Flow::new(&lattice.context, &lattice.lattice, &spec).map_err(|e| e.within("model"))?;
        out.write(handles::new(ModelObject { flow, state: None }));
        Ok(())
    })
}

/// Makes a model from a file; the lattice must be the one that it was saved for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_load(
    lattice: *const inst_lattice,
    path: *const c_char,
    out: *mut *mut inst_model,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (lattice, path, out) =
            unsafe { (shared("lattice", lattice)?, arguments::path("path", path)?, Output::one("out", out)?) };
        let (flow, state) = training::load(&lattice.context, &lattice.lattice, path)?;
        out.write(handles::new(ModelObject { flow, state }));
        Ok(())
    })
}

/// Writes a model to a file, with the state of its training; the file is whole, or what it was before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_save(model: *const inst_model, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, path) = unsafe { (shared("model", model)?, arguments::path("path", path)?) };
        training::save(path, &model.flow, model.state.as_ref())
    })
}

/// Ends a model; what was made from it lives on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_free(model: *mut inst_model) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("model", model) });
}

/// Describes a model as JSON text: an object with `spec`, `extent` and the number of `parameters`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_describe(
    model: *const inst_model,
    text: *mut c_char,
    capacity: i64,
    needed: *mut i64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, output) = unsafe { (shared("model", model)?, TextOutput::new(text, capacity, needed)?) };
        let description = serde_json::json!({
            "spec": model.flow.spec(),
            "extent": model.flow.lattice().extent(),
            "parameters": model.flow.parameters().len(),
        });
        output.write(&description.to_string());
        Ok(())
    })
}

/// Trains a model on an action, going on from where it was; `progress` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_train(
    model: *mut inst_model,
    action: *const inst_action,
    spec: *const c_char,
    progress: inst_progress_fn,
    user: *mut c_void,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut model, action, text) =
            unsafe { (exclusive("model", model)?, shared("action", action)?, arguments::spec("spec", spec)?) };
        let spec: training::TrainSpec = spec::parse("training", text)?;
        let ModelObject { flow, state } = &mut *model;
        expect_lattice("action", flow.lattice(), action.action.lattice())?;
        let mut code = 0;
        let mut report = |at: &training::Progress| {
            let Some(function) = progress else { return false };
            // SAFETY: the host's function keeps to the header.
            code = outside(|| unsafe { function(at.step as i64, at.steps as i64, at.loss, at.ess, user) });
            code != 0
        };
        let trained = training::train(flow, state, &*action.action, &spec, &mut report);
        match trained {
            Err(Error::Stopped(_)) if code != 0 => {
                Err(Error::Stopped(format!("progress callback: expected 0, got {code}")))
            }
            other => other,
        }
    })
}

/// Draws `counter .. counter + batch - 1` of the model's stream: fields and log q of each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_sample(
    model: *const inst_model,
    counter: u64,
    batch: i64,
    fields: *mut f64,
    log_q: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let model = unsafe { shared("model", model)? };
        let (count, numbers) = fields_of(batch, model.flow.lattice())?;
        // SAFETY: the caller keeps the contract of the header.
        let (fields_output, log_q_output) =
            unsafe { (Output::array("fields", fields, numbers)?, Output::array("log_q", log_q, count)?) };
        if counter.checked_add(count as u64).is_none() {
            let most = u64::MAX - count as u64;
            return Err(Error::BadInput(format!("counter: expected at most {most}, got {counter}")));
        }
        let (mut fields, mut log_q) = (zeros("fields", numbers)?, zeros("log_q", count)?);
        model.flow.sample(counter, count, &mut fields, &mut log_q)?;
        expect_finite("fields of the model", &fields)?;
        fields_output.write_all(&fields);
        log_q_output.write_all(&log_q);
        Ok(())
    })
}

/// Writes log q of each of `batch` fields; -infinity where it is below all numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_log_density(
    model: *const inst_model,
    batch: i64,
    fields: *const f64,
    log_q: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let model = unsafe { shared("model", model)? };
        let (count, numbers) = fields_of(batch, model.flow.lattice())?;
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { Output::array("log_q", log_q, count)? };
        let mut log_q = zeros("log_q", count)?;
        // SAFETY: the caller keeps the contract of the header.
        let fields = unsafe { fields_at("fields", fields, numbers)? };
        write_log_density(&model.flow, fields, &mut log_q)?;
        output.write_all(&log_q);
        Ok(())
    })
}

/// log q of fields, a few at a time, so that the memory it takes does not grow with the batch.
fn write_log_density(flow: &Flow, fields: &[f64], log_q: &mut [f64]) -> Result<()> {
    let volume = flow.lattice().volume();
    let batch = (CHUNK / volume).max(1);
    for (fields, log_q) in fields.chunks(batch * volume).zip(log_q.chunks_mut(batch)) {
        flow.log_density(log_q.len(), fields, log_q)?;
    }
    match log_q.iter().position(|x| x.is_nan() || *x == f64::INFINITY) {
        None => Ok(()),
        Some(i) => Err(Error::BadInput(format!("log q: expected a number or -inf, got {} for field {i}", log_q[i]))),
    }
}
