//! The exports, called as C calls them.

#![allow(clippy::missing_safety_doc, reason = "functions of a host: the contract of the header")]

mod callbacks;
mod complex;
mod defects;
mod gauge;
mod journey;
mod layers;
mod light_fermions;
mod links;
mod nulls;
mod refusals;

use super::*;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::PathBuf;
use std::ptr;

thread_local! {
    /// Place of the next artificial defect: the name of an object that is lent to a call, or "call" for any call.
    static STRIKE: Cell<&'static str> = const { Cell::new("") };
}

/// Called where an object has been lent, and at the start of each call.
pub(super) fn strike(what: &str) {
    if STRIKE.try_with(Cell::get).is_ok_and(|next| next == what) {
        STRIKE.set("");
        panic!("provoked in {what}");
    }
}

/// Value of all results before a call.
const UNTOUCHED: f64 = -77.5;

/// One object of each kind on a 4 x 4 lattice.
struct Objects {
    context: *mut inst_context,
    lattice: *mut inst_lattice,
    action: *mut inst_action,
    model: *mut inst_model,
    proposal: *mut inst_proposal,
    chain: *mut inst_chain,
}

const VOLUME: usize = 16;
const ACTION: &CStr = c"{type: 'phi4', mass_squared: -4, lambda: 8}";
const MODEL: &CStr = c"{layers: 2, hidden: [3]}";

impl Objects {
    fn new() -> Self {
        let context = made(|out| unsafe { inst_context_new(c"{threads: 2, seed: 5}".as_ptr(), out) });
        let lattice = lattice(context, &[4, 4]);
        let action = made(|out| unsafe { inst_action_new(lattice, ACTION.as_ptr(), out) });
        let model = made(|out| unsafe { inst_model_new(lattice, MODEL.as_ptr(), out) });
        let proposal = made(|out| unsafe { inst_proposal_new(model, action, ptr::null(), out) });
        let chain = made(|out| unsafe { inst_chain_new(action, model, c"{type: 'independence'}".as_ptr(), out) });
        Self { context, lattice, action, model, proposal, chain }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // Objects that others were made from are freed first: the others have to live on.
        unsafe {
            inst_context_free(self.context);
            inst_lattice_free(self.lattice);
            inst_action_free(self.action);
            inst_model_free(self.model);
            inst_proposal_free(self.proposal);
            inst_chain_free(self.chain);
        }
    }
}

fn lattice(context: *const inst_context, extent: &[i64]) -> *mut inst_lattice {
    made(|out| unsafe { inst_lattice_new(context, extent.len() as i32, extent.as_ptr(), out) })
}

/// The object made by a call that has to succeed.
fn made<T>(call: impl FnOnce(*mut *mut T) -> inst_status) -> *mut T {
    let mut object = ptr::null_mut();
    let status = call(&mut object);
    assert_eq!(status, 0, "{}", message());
    assert!(!object.is_null());
    object
}

/// Value of an object's pointer before a call.
fn mark<T>() -> *mut T {
    ptr::without_provenance_mut(64)
}

/// The message of a call that makes no object.
fn unmade<T>(status: inst_status, call: impl FnOnce(*mut *mut T) -> inst_status) -> String {
    let mut object = mark();
    assert_eq!(call(&mut object), status, "{}", message());
    assert_eq!(object, mark());
    message()
}

/// A report of the right size, in which nothing is written.
fn two_sided_report() -> inst_two_sided_report {
    inst_two_sided_report {
        struct_size: size_of::<inst_two_sided_report>() as i64,
        log_z_model: UNTOUCHED,
        log_z_model_error: UNTOUCHED,
        log_z_chain: UNTOUCHED,
        log_z_chain_error: UNTOUCHED,
        log_z: UNTOUCHED,
        log_z_error: UNTOUCHED,
        kl_model: UNTOUCHED,
        kl_model_error: UNTOUCHED,
        kl_chain: UNTOUCHED,
        kl_chain_error: UNTOUCHED,
        disagreement: UNTOUCHED,
    }
}

fn message() -> String {
    unsafe { CStr::from_ptr(inst_last_error()) }.to_str().unwrap().to_string()
}

fn expect_ok(status: inst_status) {
    assert_eq!(status, 0, "{}", message());
}

/// Checks the status of a call, and returns its message.
fn expect_error(expected: inst_status, got: inst_status) -> String {
    assert_eq!(got, expected, "{}", message());
    message()
}

/// A text that a call writes, after a first call for its size.
fn text(call: impl Fn(*mut c_char, i64, *mut i64) -> inst_status) -> String {
    let mut needed = -1;
    expect_ok(call(ptr::null_mut(), 0, &mut needed));
    let mut bytes = vec![b'?'; needed as usize + 3];
    expect_ok(call(bytes.as_mut_ptr().cast(), needed, &mut needed));
    assert_eq!(bytes[needed as usize - 1..], *b"\0???");
    // Cut to nothing, and to a part.
    for capacity in [1, needed / 2] {
        let mut part = vec![b'?'; needed as usize];
        expect_ok(call(part.as_mut_ptr().cast(), capacity, &mut needed));
        let kept = capacity as usize - 1;
        assert_eq!((&part[..kept], part[kept], part[kept + 1]), (&bytes[..kept], 0, b'?'));
    }
    String::from_utf8(bytes[..needed as usize - 1].to_vec()).unwrap()
}

/// A name for a file of a test, which is removed with the folder.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = crate::file::of_tests(&format!("ffi-{name}"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> CString {
        CString::new(self.0.join(name).to_str().unwrap()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
