//! Section `proposal` of the header.

use super::action::inst_action;
use super::arguments::{self, Output, expect_lattice, fields, zeros};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, Object, shared};
use super::model::inst_model;
use crate::error::Error;
use crate::flow::Model;
use crate::markov::{Independence, Proposal};
use crate::space::Space;
use crate::spec;
use serde::Deserialize;
use std::ffi::c_char;
use std::sync::Arc;

/// Proposals for fields of so many numbers.
pub struct ProposalObject {
    proposal: Box<dyn Proposal>,
    volume: usize,
}

impl Object for ProposalObject {
    const KIND: usize = 4;
}

/// Proposals for a host's own Markov chain.
pub type inst_proposal = Handle<ProposalObject>;

/// The registry of proposals.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum ProposalSpec {
    /// Fields drawn from the model whatever the current one is.
    Independence {},
}

/// A proposal's spec, in which `type` is 'independence' where it is not given.
#[derive(Deserialize)]
#[serde(transparent)]
struct AnyProposalSpec {
    #[serde(deserialize_with = "independence_by_default")]
    spec: ProposalSpec,
}

fn independence_by_default<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<ProposalSpec, D::Error> {
    spec::with_default_tag(deserializer, "type", "independence")
}

/// Makes a proposal from the model as it is now: training the model later does not change the proposal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_proposal_new(
    model: *const inst_model,
    action: *const inst_action,
    spec: *const c_char,
    out: *mut *mut inst_proposal,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (model, text, out) =
            unsafe { (shared("model", model)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let lattice = model.flow.lattice();
        if !action.is_null() {
            // SAFETY: the caller keeps the contract of the header.
            let action = unsafe { shared("action", action)? };
            expect_lattice("action", lattice, action.action.lattice())?;
            if action.action.space() != Space::Scalars {
                return Err(Error::Unsupported("action: expected one of scalars, got one of links".into()));
            }
        }
        let AnyProposalSpec { spec } = spec::parse("proposal", text)?;
        let proposal = match spec {
            ProposalSpec::Independence {} => Box::new(Independence::new(Arc::new(model.flow.clone()))),
        };
        out.write(handles::new(ProposalObject { proposal, volume: lattice.volume() }));
        Ok(())
    })
}

/// Ends a proposal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_proposal_free(proposal: *mut inst_proposal) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("proposal", proposal) });
}

/// Writes the field that `counter` proposes, and log q(current | proposed) - log q(proposed | current).
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
        // SAFETY: the caller keeps the contract of the header.
        let (current, proposed, log_ratio) = unsafe {
            (
                fields("current", current, object.volume)?,
                Output::array("proposed", proposed, object.volume)?,
                Output::one("log_ratio", log_ratio)?,
            )
        };
        let mut field = zeros("proposed", object.volume)?;
        let ratio = object.proposal.propose(counter, current, &mut field)?;
        proposed.write_all(&field);
        log_ratio.write(ratio);
        Ok(())
    })
}
