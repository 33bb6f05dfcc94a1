//! Section `proposal` of the header.

use super::action::inst_action;
use super::arguments::{self, Output, expect_lattice, fields, zeros};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, shared};
use super::model::inst_model;
use crate::error::Error;
use crate::markov::{Current, Ingredients, Proposal, ProposalSpec};
use crate::spec;
use std::ffi::c_char;
use std::sync::Arc;

/// Proposals for a host's own Markov chain.
pub type inst_proposal = Handle<ProposalObject>;

/// The object behind a handle.
pub type ProposalObject = Box<dyn Proposal>;

/// Makes a proposal from the model as it is now: training the model later does not change the proposal.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_proposal_new(
    model: *const inst_model,
    action: *const inst_action,
    spec: *const c_char,
    out: *mut *mut inst_proposal,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (text, out) = unsafe { (arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let spec: ProposalSpec = spec::parse("proposal", text)?;
        if model.is_null() && spec.needs_model() {
            return Err(Error::NullArgument("model".into()));
        }
        if action.is_null() && spec.needs_action() {
            return Err(Error::NullArgument("action".into()));
        }
        // SAFETY: the caller keeps the contract of the header.
        let model = if model.is_null() { None } else { Some(unsafe { shared("model", model)? }) };
        // SAFETY: the caller keeps the contract of the header.
        let action = if action.is_null() { None } else { Some(unsafe { shared("action", action)? }) };
        let domain = model.as_ref().and_then(|model| model.fixed_domain());
        if let (Some(domain), Some(action)) = (domain, &action) {
            expect_lattice("action", &domain.lattice, action.action.lattice())?;
            domain.space.expect("action", action.action.space())?;
        }
        let context = match (&model, &action) {
            (Some(model), _) => Arc::clone(model.context()),
            (None, Some(action)) => Arc::clone(&action.context),
            (None, None) => return Err(Error::NullArgument("action".into())),
        };
        let model = model.map(|model| model.copied()).transpose()?;
        let action = action.map(|action| Arc::clone(&action.action));
        let proposal = spec.build(Ingredients { seed: context.seed(), model, action })?;
        out.write(handles::new(&context, proposal));
        Ok(())
    })
}

/// Ends a proposal.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_proposal_free(proposal: *mut inst_proposal) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("proposal", proposal) });
}

/// Writes the field proposed at `counter`, and log q(current | proposed) - log q(proposed | current).
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_propose(
    proposal: *const inst_proposal,
    counter: u64,
    current: *const f64,
    proposed: *mut f64,
    log_ratio: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("proposal", proposal)? };
        let count = object.domain().count();
        // SAFETY: the caller keeps the contract of the header.
        let (current, proposed, log_ratio) = unsafe {
            (
                fields("current", current, count)?,
                Output::array("proposed", proposed, count)?,
                Output::one("log_ratio", log_ratio)?,
            )
        };
        let counter = arguments::counters(counter, 1)?;
        let mut field = zeros("proposed", count)?;
        let current = Current { field: current, log_density: None };
        let outcome = object.propose(counter, &current, &mut field)?;
        proposed.write_all(&field);
        log_ratio.write(outcome.log_ratio);
        Ok(())
    })
}
