//! Any text as the spec of any object: a status, and a message where it is not 0.

#![allow(clippy::missing_safety_doc, reason = "functions of a host: the contract of the header")]
#![no_main]

use instanton::ffi::*;
use libfuzzer_sys::fuzz_target;
use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::OnceLock;

/// One object of each kind that others are made from, on 2 x 2 x 2 x 2 sites; addresses, which all threads may use.
struct World {
    square: usize,
    lattice: usize,
    action: usize,
    model: usize,
    gauge: usize,
    dirac: usize,
}

fn made<T>(call: impl FnOnce(*mut *mut T) -> i32) -> usize {
    let mut object = ptr::null_mut();
    assert_eq!(call(&mut object), 0, "{:?}", unsafe { CStr::from_ptr(inst_last_error()) });
    object.expose_provenance()
}

fn at<T>(address: usize) -> *mut T {
    ptr::with_exposed_provenance_mut(address)
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| unsafe {
        let context = made(|out| inst_context_new(c"{threads: 1}".as_ptr(), out));
        let square = made(|out| inst_lattice_new(at(context), 2, [2i64, 2].as_ptr(), out));
        let lattice = made(|out| inst_lattice_new(at(context), 4, [2i64; 4].as_ptr(), out));
        let phi4 = c"{type: 'phi4', mass_squared: 1, lambda: 1}".as_ptr();
        let action = made(|out| inst_action_new(at(square), phi4, out));
        let model = made(|out| inst_model_new(at(square), c"{layers: 2, hidden: [2]}".as_ptr(), out));
        let gauge = made(|out| inst_gauge_new(at(lattice), ptr::null(), out));
        let dirac = made(|out| inst_dirac_new(at(gauge), c"{type: 'wilson', kappa: 0.1}".as_ptr(), out));
        inst_context_free(at(context));
        World { square, lattice, action, model, gauge, dirac }
    })
}

/// Frees what a call made; a failed one made nothing and says why.
fn end<T>(call: impl FnOnce(*mut *mut T) -> i32, free: unsafe extern "C" fn(*mut T)) {
    let mut object = ptr::null_mut();
    check(call(&mut object), !object.is_null());
    unsafe { free(object) };
}

fn check(status: i32, written: bool) {
    let message = unsafe { CStr::from_ptr(inst_last_error()) }.to_str().expect("UTF-8");
    assert!(status != 99, "a defect: {message}");
    assert!((status == 0) == written && (status == 0 || !message.is_empty()), "{status}: {message}");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, text)) = bytes.split_first() else { return };
    let Ok(spec) = CString::new(text) else { return };
    let (spec, w) = (spec.as_ptr(), world());
    unsafe {
        match kind % 10 {
            // What starts threads for each input, or reads devices, is asked for one thread at most by the text itself.
            0 if text.len() < 60
                && !text.contains(&b'\\')
                && !text.windows(6).any(|word| word == b"opencl" || word == b"thread") =>
            {
                end(|out| inst_context_new(spec, out), inst_context_free);
            }
            1 => end(|out| inst_action_new(at(w.square), spec, out), inst_action_free),
            2 => end(|out| inst_action_new(at(w.lattice), spec, out), inst_action_free),
            3 => end(|out| inst_model_new(at(w.square), spec, out), inst_model_free),
            4 => end(|out| inst_proposal_new(at(w.model), at(w.action), spec, out), inst_proposal_free),
            5 => end(|out| inst_chain_new(at(w.action), at(w.model), spec, out), inst_chain_free),
            6 => end(|out| inst_dirac_new(at(w.gauge), spec, out), inst_dirac_free),
            9 => end(|out| inst_ladder_new(at(w.square), spec, out), inst_ladder_free),
            7 => {
                let (mut values, mut count) = ([0.0; 64], -1);
                // The scales need a flow as long as the text says; an escape may spell them.
                if !text.windows(6).any(|word| word == b"scales") && !text.contains(&b'\\') {
                    let status = inst_gauge_observe(at(w.gauge), spec, 64, values.as_mut_ptr(), &mut count);
                    check(status, count >= 0);
                }
            }
            _ => {
                let (source, mut solution) = ([0.5; 16 * 24], [7.0; 16 * 24]);
                // Iterations and modes are as many as the text says: of free fields, which converge at once.
                let report = ptr::null_mut();
                let status = inst_dirac_solve(at(w.dirac), spec, 1, source.as_ptr(), solution.as_mut_ptr(), report);
                check(status, solution != [7.0; 16 * 24]);
            }
        }
    }
});
