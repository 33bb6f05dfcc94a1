//! Section `context` of the header: version, devices, and contexts.

use super::arguments::{self, Output, TextOutput};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, Object};
use crate::context::{Context, Precision};
use crate::error::{Error, Result};
use crate::simd::Instructions;
use crate::spec;
use std::ffi::c_char;
use std::sync::Arc;
use std::thread;

/// Device, threads, seed.
pub type inst_context = Handle<Arc<Context>>;

impl Object for Arc<Context> {
    const KIND: usize = 0;
}

/// `{device: 'cpu', threads: 0, seed: 1, precision: 'f64'}`.
#[derive(serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ContextSpec {
    device: String,
    threads: usize,
    seed: u64,
    precision: Precision,
}

impl Default for ContextSpec {
    fn default() -> Self {
        Self { device: "cpu".into(), threads: 0, seed: 1, precision: Precision::default() }
    }
}

/// Version of the library, `"1.2.3"`.
#[unsafe(no_mangle)]
pub extern "C" fn inst_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Makes a context; an empty spec means the CPU with all its cores, seed 1, in f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_context_new(spec: *const c_char, out: *mut *mut inst_context) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (text, out) = unsafe { (arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let spec: ContextSpec = spec::parse("context", text)?;
        expect_device(&spec.device)?;
        let context = Context::new(spec.seed, spec.precision, spec.threads).map_err(|e| e.within("context"))?;
        out.write(handles::new(Arc::new(context)));
        Ok(())
    })
}

/// Ends a context; what was made from it lives on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_context_free(context: *mut inst_context) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("context", context) });
}

/// Writes the devices as JSON text: a list of objects with `device`, `instructions` and `threads`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_devices(text: *mut c_char, capacity: i64, needed: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { TextOutput::new(text, capacity, needed)? };
        let instructions = match Instructions::best() {
            Instructions::Avx512 => "avx512",
            Instructions::Avx2 => "avx2",
            Instructions::Portable => "portable",
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let devices = serde_json::json!([{ "device": "cpu", "instructions": instructions, "threads": threads }]);
        output.write(&devices.to_string());
        Ok(())
    })
}

fn expect_device(device: &str) -> Result<()> {
    let number = device.strip_prefix("opencl").map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    match number {
        _ if device == "cpu" => Ok(()),
        Some(number) if number.bytes().all(|digit| digit.is_ascii_digit()) => Err(Error::NoDevice(format!(
            "context: device: expected 'cpu', got '{device}'; this build has no OpenCL executor"
        ))),
        _ => Err(Error::BadSpec(format!("context: device: expected 'cpu', 'opencl' or 'opencl:N', got '{device}'"))),
    }
}
