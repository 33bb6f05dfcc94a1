//! Training of models, in section `model` of the header.

use super::action::inst_action;
use super::arguments::{self, batch as fields_of, expect_lattice, fields as fields_at};
use super::guard::{guard, inst_status, outside};
use super::handles::{exclusive, shared};
use super::model::{ModelObject, inst_model, no_density};
use crate::error::{Error, Result};
use crate::flow::Model;
use crate::spec;
use crate::training::{self, Learned};
use std::ffi::{c_char, c_void};

/// Progress of training: step, steps, loss, effective sample size. Non-zero return stops and keeps the model.
pub type inst_progress_fn =
    Option<unsafe extern "C" fn(step: i64, steps: i64, loss: f64, ess: f64, user: *mut c_void) -> i32>;

/// Trains a model on an action, going on from where it was; `progress` may be NULL.
///
/// # Safety
/// As in [`super`].
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
        let ModelObject { learned, state } = &mut *model;
        match learned {
            Learned::Flow(flow) => {
                expect_lattice("action", flow.lattice(), action.action.lattice())?;
                reporting(Host { progress, user }, |report| {
                    training::train_for(flow, state, &action.action, &spec, report)
                })
            }
            Learned::Stout(layers) => reporting(Host { progress, user }, |report| {
                training::train_paths(layers, state, &action.action, &spec, report)
            }),
        }
    })
}

/// Trains a model on `count` fields of the host by maximum likelihood, going on from where it was; `progress` may be NULL.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_train_on(
    model: *mut inst_model,
    count: i64,
    fields: *const f64,
    spec: *const c_char,
    progress: inst_progress_fn,
    user: *mut c_void,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut model, text) = unsafe { (exclusive("model", model)?, arguments::spec("spec", spec)?) };
        let spec: training::TrainSpec = spec::parse("training", text)?;
        let ModelObject { learned, state } = &mut *model;
        let Learned::Flow(flow) = learned else { return Err(no_density()) };
        let (_, numbers) = fields_of("count", count, flow.domain())?;
        // SAFETY: the caller keeps the contract of the header.
        let fields = unsafe { fields_at("fields", fields, numbers)? };
        reporting(Host { progress, user }, |report| training::train_on(flow, state, fields, &spec, report))
    })
}

/// The host's function that hears of progress.
struct Host {
    progress: inst_progress_fn,
    user: *mut c_void,
}

/// Runs a training that reports to the host; the host's request to stop is an error that names its number.
fn reporting(host: Host, run: impl FnOnce(training::Watcher) -> Result<()>) -> Result<()> {
    let mut code = 0;
    let trained = run(&mut |at: &training::Progress| {
        let Some(function) = host.progress else { return false };
        // SAFETY: the host's function keeps to the header.
        code = outside(|| unsafe { function(at.step as i64, at.steps as i64, at.loss, at.ess, host.user) });
        code != 0
    });
    match trained {
        Err(Error::Stopped(_)) if code != 0 => {
            Err(Error::Stopped(format!("progress callback: expected 0, got {code}")))
        }
        other => other,
    }
}
