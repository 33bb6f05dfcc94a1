//! Section `chain` of the header.

use super::action::inst_action;
use super::arguments::{self, Output, TextOutput, fields};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, exclusive, shared};
use super::model::inst_model;
use crate::error::Result;
use crate::markov::{Chain, ChainSpec};
use crate::spec;
use serde::Deserialize;
use std::ffi::c_char;
use std::sync::Arc;

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

/// Most fields that a chain holds at a time: field, gradient, momenta, and those of the step before.
const MOST_FIELDS: usize = 8;

/// Makes a chain at its start field, from the model as it is now; `model` may be NULL where no kernel needs it.
///
/// # Safety
/// As in [`super`].
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
        let model = model.map(|model| model.copied()).transpose()?;
        let AnyChainSpec { spec } = spec::parse("chain", text)?;
        expect_memory(object.action.count())?;
        let chain = Chain::new(Arc::clone(&object.action), model, &spec, object.context.seed());
        out.write(handles::new(&object.context, chain.map_err(|e| e.within("chain"))?));
        Ok(())
    })
}

/// Writes the chain as JSON text.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_describe(
    chain: *const inst_chain,
    text: *mut c_char,
    capacity: i64,
    needed: *mut i64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (chain, output) = unsafe { (shared("chain", chain)?, TextOutput::new(text, capacity, needed)?) };
        output.write(&chain.describe()?.to_string());
        Ok(())
    })
}

/// Ends a chain.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_free(chain: *mut inst_chain) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("chain", chain) });
}

/// Replaces the current field; the number of the next step stays.
///
/// # Safety
/// As in [`super`].
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

/// Writes the current field of the chain.
///
/// # Safety
/// As in [`super`].
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

/// Makes one step; writes whether it was accepted (1 or 0), S of the field now, and delta H or the log weight.
///
/// # Safety
/// As in [`super`].
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

/// Runs the next trajectory forward and back; writes the largest distance of a number of the field from its start, and
/// that of H. The chain stays as it is.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_reversibility(
    chain: *const inst_chain,
    distance: *mut f64,
    energy: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (chain, distance, energy) =
            unsafe { (shared("chain", chain)?, Output::one("distance", distance)?, Output::one("energy", energy)?) };
        let reversal = chain.reversibility()?;
        distance.write(reversal.distance);
        energy.write(reversal.energy);
        Ok(())
    })
}

/// Writes the chain to a file; after an error the file is as it was before.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_save(chain: *const inst_chain, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (chain, path) = unsafe { (shared("chain", chain)?, arguments::path("path", path)?) };
        chain.save(path)
    })
}

/// Goes on from a saved chain of the same lattice, spec, action and model.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_chain_load(chain: *mut inst_chain, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut chain, path) = unsafe { (exclusive("chain", chain)?, arguments::path("path", path)?) };
        chain.load(path)
    })
}

/// Checks that there is memory for the fields of a chain: where the host computes the action, none of that size was
/// made yet.
fn expect_memory(count: usize) -> Result<()> {
    arguments::reserve("chain", count.saturating_mul(MOST_FIELDS)).map(drop)
}
