//! Section `model` of the header; its functions that train are in `training.rs`.

use super::arguments::{self, Output, TextOutput, batch as fields_of, fields as fields_at, zeros};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, shared};
use super::lattice::inst_lattice;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::{
    Flow, Model, ModelSpec, PathRatioSpec, PathSampler, Stout, Values, write_log_density, write_samples,
};
use crate::space::Domain;
use crate::spec;
use crate::training::{self, Learned};
use serde::Deserialize;
use std::ffi::c_char;
use std::sync::Arc;

/// A model, and the state of the optimizer where it has been trained.
pub struct ModelObject {
    pub(super) learned: Learned,
    pub(super) state: Option<training::TrainingState>,
}

impl ModelObject {
    /// A copy that can be used as it is now; an error where conditions are not fixed.
    pub(super) fn copied(&self) -> Result<Arc<dyn Model>> {
        match &self.learned {
            Learned::Flow(flow) => {
                flow.expect_condition()?;
                Ok(Arc::new(flow.copied()?))
            }
            Learned::Stout(layers) => Ok(Arc::new(layers.clone())),
        }
    }

    /// The density; an error where the model is none.
    pub(super) fn flow(&self) -> Result<&Flow> {
        match &self.learned {
            Learned::Flow(flow) => Ok(flow),
            Learned::Stout(_) => Err(no_density()),
        }
    }

    /// The domain of its fields; None where it fits lattices of any extents.
    pub(super) fn fixed_domain(&self) -> Option<&Domain> {
        match &self.learned {
            Learned::Flow(flow) => Some(flow.domain()),
            Learned::Stout(_) => None,
        }
    }

    pub(super) fn context(&self) -> &Arc<Context> {
        match &self.learned {
            Learned::Flow(flow) => flow.context(),
            Learned::Stout(layers) => layers.context(),
        }
    }
}

pub(super) fn no_density() -> Error {
    Error::Unsupported("model: expected one with a density, got type 'stout', which has layers alone".into())
}

/// A learned density q.
pub type inst_model = Handle<ModelObject>;

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

/// Makes a model with initial parameters; an empty spec means {type: 'affine'}.
///
/// # Safety
/// As in [`super`].
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
        let (context, place) = (&lattice.context, &lattice.lattice);
        let learned = match &spec {
            ModelSpec::Stout(spec) => Stout::new(context, place, spec).map(Learned::Stout),
            _ => Flow::new(context, place, &spec).map(Learned::Flow),
        };
        let learned = learned.map_err(|e| e.within("model"))?;
        out.write(handles::new(context, ModelObject { learned, state: None }));
        Ok(())
    })
}

/// Makes a model from a file; the lattice must be the one that it was saved for.
///
/// # Safety
/// As in [`super`].
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
        let (learned, state) = training::load_any(&lattice.context, &lattice.lattice, path)?;
        out.write(handles::new(&lattice.context, ModelObject { learned, state }));
        Ok(())
    })
}

/// Writes a model to a file, with the state of its training; after an error the file is as it was before.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_save(model: *const inst_model, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, path) = unsafe { (shared("model", model)?, arguments::path("path", path)?) };
        match &model.learned {
            Learned::Flow(flow) => training::save(path, flow, model.state.as_ref()),
            Learned::Stout(layers) => training::save_layers(path, layers, model.state.as_ref()),
        }
    })
}

/// Ends a model; what was made from it lives on.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_free(model: *mut inst_model) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("model", model) });
}

/// Makes a model at fixed values of its conditions, from its parameters as they are now.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_at(
    model: *const inst_model,
    condition: *const c_char,
    out: *mut *mut inst_model,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, text, out) =
            unsafe { (shared("model", model)?, arguments::spec("condition", condition)?, Output::one("out", out)?) };
        let values: Values = spec::parse("condition", text)?;
        let flow = model.flow()?.at(&values)?;
        let context = Arc::clone(flow.context());
        out.write(handles::new(&context, ModelObject { state: None, learned: Learned::Flow(flow) }));
        Ok(())
    })
}

/// Makes the same model on a lattice of other extents.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_transfer(
    model: *const inst_model,
    lattice: *const inst_lattice,
    out: *mut *mut inst_model,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, lattice, out) =
            unsafe { (shared("model", model)?, shared("lattice", lattice)?, Output::one("out", out)?) };
        let (context, place) = (&lattice.context, &lattice.lattice);
        let learned = match &model.learned {
            Learned::Flow(flow) => flow.transfer(context, place).map(Learned::Flow),
            Learned::Stout(layers) => layers.transfer(context, place).map(Learned::Stout),
        };
        let learned = learned.map_err(|e| e.within("model"))?;
        out.write(handles::new(context, ModelObject { state: None, learned }));
        Ok(())
    })
}

/// Writes how many numbers a field of the model has.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_count(model: *const inst_model, count: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, count) = unsafe { (shared("model", model)?, Output::one("count", count)?) };
        let fields = match &model.learned {
            Learned::Flow(flow) => flow.domain().count(),
            Learned::Stout(layers) => layers.domain().count(),
        };
        count.write(fields as i64);
        Ok(())
    })
}

/// Describes a model as JSON text: an object with `spec`, `extent`, the kind of `fields` and the number of `parameters`.
///
/// # Safety
/// As in [`super`].
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
        let (spec, domain, parameters, at) = match &model.learned {
            Learned::Flow(flow) => (flow.spec().clone(), flow.domain(), flow.parameters().len(), flow.fixed_at()),
            Learned::Stout(layers) => {
                (ModelSpec::Stout(layers.spec().clone()), layers.domain(), layers.parameters().len(), None)
            }
        };
        let mut description = serde_json::json!({
            "spec": spec,
            "extent": domain.lattice.extent(),
            "fields": domain.space.name(),
            "parameters": parameters,
        });
        if let Some(values) = at {
            description["at"] = serde_json::json!(values);
        }
        output.write(&description.to_string());
        Ok(())
    })
}

/// Draws samples `counter .. counter + batch - 1` of the model's stream; writes fields and log q of each.
///
/// # Safety
/// As in [`super`].
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
        let (count, numbers) = fields_of("batch", batch, model.flow()?.domain())?;
        // SAFETY: the caller keeps the contract of the header.
        let (fields_output, log_q_output) =
            unsafe { (Output::array("fields", fields, numbers)?, Output::array("log_q", log_q, count)?) };
        let counter = arguments::counters(counter, count as u64)?;
        let (mut fields, mut log_q) = (zeros("fields", numbers)?, zeros("log_q", count)?);
        write_samples(model.flow()?, counter, &mut fields, &mut log_q)?;
        fields_output.write_all(&fields);
        log_q_output.write_all(&log_q);
        Ok(())
    })
}

/// Draws the fields of paths `counter .. counter + batch - 1` of a diffusion model; writes fields and W of each.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_model_sample_paths(
    model: *const inst_model,
    spec: *const c_char,
    counter: u64,
    batch: i64,
    fields: *mut f64,
    log_path: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, text) = unsafe { (shared("model", model)?, arguments::spec("spec", spec)?) };
        let (count, numbers) = fields_of("batch", batch, model.flow()?.domain())?;
        // SAFETY: the caller keeps the contract of the header.
        let (fields_output, log_path_output) =
            unsafe { (Output::array("fields", fields, numbers)?, Output::array("log_path", log_path, count)?) };
        let counter = arguments::counters(counter, count as u64)?;
        let spec: PathRatioSpec = spec::parse("paths", text)?;
        let paths = PathSampler::new(&model.flow()?.diffused()?, &spec).map_err(|error| error.within("paths"))?;
        let (mut fields, mut log_path) = (zeros("fields", numbers)?, zeros("log_path", count)?);
        paths.sample(counter, &mut fields, &mut log_path)?;
        fields_output.write_all(&fields);
        log_path_output.write_all(&log_path);
        Ok(())
    })
}

/// Writes log q of each of `batch` fields; -infinity where it is below all numbers.
///
/// # Safety
/// As in [`super`].
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
        let (count, numbers) = fields_of("batch", batch, model.flow()?.domain())?;
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { Output::array("log_q", log_q, count)? };
        let mut log_q = zeros("log_q", count)?;
        // SAFETY: the caller keeps the contract of the header.
        let fields = unsafe { fields_at("fields", fields, numbers)? };
        write_log_density(model.flow()?, fields, &mut log_q)?;
        output.write_all(&log_q);
        Ok(())
    })
}
