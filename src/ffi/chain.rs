//! Section `chain` of the header.

use super::action::inst_action;
use super::arguments::{self, Output, fields};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, Object, exclusive, shared};
use super::model::inst_model;
use crate::error::Result;
use crate::flow::Model;
use crate::markov::{Chain, ChainSpec};
use crate::spec;
use serde::Deserialize;
use std::ffi::c_char;
use std::sync::Arc;

impl Object for Chain {
    const KIND: usize = 5;
}

/// A whole exact Markov chain.
pub type inst_chain = Handle<Chain>;

/// A chain's spec, in which `type` is 'hmc' where it is not given.
#[derive(Deserialize)]
#[serde(transparent)]
struct AnyChainSpec {
    #[serde(deserialize_with = "hmc_by_default")]
    spec: ChainSpec,
}

fn hmc_by_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<ChainSpec, D::Error> {
    spec::with_default_tag(deserializer, "type", "hmc")
}

/// Fields that a chain keeps at most at a time: field, gradient, momenta, and those of the step before.
const MOST_FIELDS: usize = 8;

/// Makes a chain at its start field, from the model as it is now; `model` may be NULL where no kernel needs it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_new(
    action: *const inst_action,
    model: *const inst_model,
    spec: *const c_char,
    out: *mut *mut inst_chain,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, text, out) =
            unsafe { (shared("action", action)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
        // SAFETY: the caller keeps the contract of the header.
        let model = if model.is_null() { None } else { Some(unsafe { shared("model", model)? }) };
        let model = model.map(|model| Arc::new(model.flow.clone()) as Arc<dyn Model>);
        let AnyChainSpec { spec } = spec::parse("chain", text)?;
        expect_memory(object.action.count())?;
        let chain = Chain::new(Arc::clone(&object.action), model, &spec, object.context.seed());
        out.write(handles::new(chain.map_err(|e| e.within("chain"))?));
        Ok(())
    })
}

/// Ends a chain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_free(chain: *mut inst_chain) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("chain", chain) });
}

/// Goes on from another field; the number of the next step stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_set_field(chain: *mut inst_chain, field: *const f64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let mut chain = unsafe { exclusive("chain", chain)? };
        // SAFETY: the caller keeps the contract of the header.
        let field = unsafe { fields("field", field, chain.field().len())? };
        chain.set_field(field)
    })
}

/// Writes the field that the chain is at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_field(chain: *const inst_chain, field: *mut f64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let chain = unsafe { shared("chain", chain)? };
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { Output::array("field", field, chain.field().len())? };
        output.write_all(chain.field());
        Ok(())
    })
}

/// Makes one step: whether it was accepted (1 or 0), S of the field now, and delta H or the log weight.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_step(
    chain: *mut inst_chain,
    accepted: *mut i32,
    value: *mut f64,
    delta: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut chain, accepted, value, delta) = unsafe {
            (
                exclusive("chain", chain)?,
                Output::one("accepted", accepted)?,
                Output::one("value", value)?,
                Output::one("delta", delta)?,
            )
        };
        let info = chain.step()?;
        accepted.write(info.accepted.into());
        value.write(info.value);
        delta.write(info.delta);
        Ok(())
    })
}

/// Writes the chain to a file; the file is whole, or what it was before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_save(chain: *const inst_chain, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (chain, path) = unsafe { (shared("chain", chain)?, arguments::path("path", path)?) };
        chain.save(path)
    })
}

/// Goes on from a saved chain of the same lattice, spec, action and model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_load(chain: *mut inst_chain, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut chain, path) = unsafe { (exclusive("chain", chain)?, arguments::path("path", path)?) };
        chain.load(path)
    })
}

/// A lattice may be larger than memory, and nothing of its size has been made where the host computes the action.
fn expect_memory(count: usize) -> Result<()> {
    arguments::reserve("chain", count.saturating_mul(MOST_FIELDS)).map(drop)
}
