//! Section `context` of the header: version, devices, and contexts.

use super::arguments::{self, Output, TextOutput};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle};
use crate::context::{Accelerators, Context, Precision};
use crate::error::{Error, Result};
use crate::opencl::{self, Device, Options};
use crate::simd::Instructions;
use crate::spec;
use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

/// Device, threads, seed.
pub type inst_context = Handle<Arc<Context>>;

/// `{device: 'cpu', threads: 0, seed: 1, precision: 'f64', cache: 'user', sources: 'off'}`.
#[derive(serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ContextSpec {
    device: String,
    threads: usize,
    seed: u64,
    precision: Precision,
    cache: String,
    sources: String,
}

/// Value of the keys `cache` and `sources` for no folder.
const OFF: &str = "off";

impl Default for ContextSpec {
    fn default() -> Self {
        Self {
            device: "cpu".into(),
            threads: 0,
            seed: 1,
            precision: Precision::default(),
            cache: "user".into(),
            sources: OFF.into(),
        }
    }
}

/// Version of the library, `"1.2.3"`.
#[unsafe(no_mangle)]
pub extern "C" fn inst_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Makes a context; an empty spec means the CPU with all its cores, seed 1, in f64.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_context_new(spec: *const c_char, out: *mut *mut inst_context) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (text, out) = unsafe { (arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let spec: ContextSpec = spec::parse("context", text)?;
        spec::expect_seed(spec.seed).map_err(|e| e.within("context"))?;
        Instructions::requested()?;
        let devices = chosen(&spec.device, spec.precision)?;
        let accelerators = Accelerators { devices, options: options(&spec)? };
        let context = Context::with_devices(spec.seed, spec.precision, spec.threads, accelerators);
        let context = context.map_err(|e| e.within("context"))?;
        let context = Arc::new(context);
        out.write(handles::new(&context, Arc::clone(&context)));
        Ok(())
    })
}

/// Ends a context; what was made from it lives on.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_context_free(context: *mut inst_context) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("context", context) });
}

/// Writes the devices as JSON text: the CPU with `instructions` and `threads`, then those of OpenCL.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_devices(text: *mut c_char, capacity: i64, needed: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { TextOutput::new(text, capacity, needed)? };
        let instructions = Instructions::best().name();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let cpu = serde_json::json!({ "device": "cpu", "instructions": instructions, "threads": threads });
        // A driver that fails has no devices here; inst_context_new reports its error.
        let others = opencl::devices().unwrap_or_default();
        let others = others.iter().enumerate().map(|(place, device)| described(place, device));
        let devices: Vec<_> = [cpu].into_iter().chain(others).collect();
        output.write(&serde_json::Value::from(devices).to_string());
        Ok(())
    })
}

/// The OpenCL devices that the key `device` asks for: none for the CPU.
fn chosen(device: &str, precision: Precision) -> Result<Vec<Device>> {
    if device == "cpu" {
        return Ok(vec![]);
    }
    if !device.starts_with("opencl") {
        let forms = opencl::FORMS;
        return Err(Error::BadSpec(format!("context: device: expected 'cpu', {forms}, got '{device}'")));
    }
    opencl::select(device, precision == Precision::F64).map_err(|e| e.within("context: device"))
}

/// The folders for built kernels and their sources that a spec names.
fn options(spec: &ContextSpec) -> Result<Options> {
    let folder = |text: &str| (text != OFF).then(|| PathBuf::from(text));
    let cache = if spec.cache == "user" { Options::default().cache } else { folder(&spec.cache) };
    let sources = folder(&spec.sources);
    for (key, folder) in [("cache", &cache), ("sources", &sources)] {
        if folder.as_ref().is_some_and(|folder| folder.as_os_str().is_empty()) {
            return Err(Error::BadSpec(format!("context: {key}: expected a folder or '{OFF}', got ''")));
        }
    }
    if let Some(folder) = sources.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Error::Io(format!("context: sources: expected a folder, got {}", folder.display())));
    }
    Ok(Options { cache, sources })
}

/// An entry of `inst_devices` for the OpenCL device with this number in the list.
fn described(place: usize, device: &Device) -> serde_json::Value {
    serde_json::json!({
        "device": format!("opencl:{place}"),
        "platform": device.platform_name,
        "name": device.name,
        "driver": device.driver,
        "version": device.version,
        "f64": device.has_f64,
        "memory": device.memory,
        "local_memory": device.local_memory,
        "units": device.compute_units,
    })
}
