//! Any bytes as a model file: read, or refused with a message, and what was read is whole.
#![no_main]

use instanton::ffi::*;
use libfuzzer_sys::fuzz_target;
use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::OnceLock;

fn lattice() -> *const inst_lattice {
    static LATTICE: OnceLock<usize> = OnceLock::new();
    ptr::with_exposed_provenance(*LATTICE.get_or_init(|| unsafe {
        let (mut context, mut lattice) = (ptr::null_mut(), ptr::null_mut());
        assert_eq!(inst_context_new(c"{threads: 1}".as_ptr(), &mut context), 0);
        assert_eq!(inst_lattice_new(context, 2, [2i64, 2].as_ptr(), &mut lattice), 0);
        inst_context_free(context);
        lattice.expose_provenance()
    }))
}

/// Loads a file, looks at what came of it, and returns the message where it was refused.
fn load(bytes: &[u8]) -> Option<String> {
    let path = std::env::temp_dir().join(format!("instanton-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let name = CString::new(path.to_str().unwrap()).unwrap();
    let mut model = ptr::null_mut();
    unsafe {
        let status = inst_model_load(lattice(), name.as_ptr(), &mut model);
        let message = CStr::from_ptr(inst_last_error()).to_str().expect("UTF-8").to_string();
        assert!(status != 99 && (status == 0) != model.is_null() && (status == 0 || !message.is_empty()), "{message}");
        if status != 0 {
            return Some(message);
        }
        // Its numbers may be any; what comes of them is told.
        let (mut fields, mut log_q) = ([0.0; 4], [0.0]);
        assert!(inst_model_sample(model, 0, 1, fields.as_mut_ptr(), log_q.as_mut_ptr()) != 99);
        assert_eq!(inst_model_save(model, name.as_ptr()), 0);
        inst_model_free(model);
    }
    None
}

fuzz_target!(|bytes: &[u8]| {
    let Some(message) = load(bytes) else { return };
    // A checksum hides what lies behind it: the message tells the one that these bytes have.
    let Some((expected, got)) =
        message.split_once("checksum: expected ").and_then(|(_, rest)| rest.split_once(", got "))
    else {
        return;
    };
    let (old, new) = (expected.as_bytes(), got.trim().as_bytes());
    if let Some(at) = bytes.windows(old.len().max(1)).position(|window| window == old)
        && old.len() == new.len()
    {
        let mut mended = bytes.to_vec();
        mended[at..at + new.len()].copy_from_slice(new);
        load(&mended);
    }
});
