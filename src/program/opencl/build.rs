//! Contexts of devices, and kernels built for them: from source, or from the cache of an earlier process.

use super::super::operations::Step;
use super::super::steps::Plan;
use super::target::{Target, words};
use crate::context::Precision;
use crate::error::{Error, Result};
use crate::file;
use crate::opencl::{Device, Options, unknown_status};
use ocl::core::{self, CommandQueue, ProgramBuildInfo, ProgramBuildInfoResult, ProgramInfo, ProgramInfoResult};
use ocl::ffi;
use once_cell::sync::Lazy;
use std::collections::{BTreeSet, HashMap};
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A device with its OpenCL context.
pub(in super::super) struct Session {
    device: Device,
    context: core::Context,
    turn: Arc<Mutex<()>>,
    is_lost: AtomicBool,
}

impl Session {
    pub fn device(&self) -> &Device {
        &self.device
    }

    pub fn context(&self) -> &core::Context {
        &self.context
    }

    /// Lock that a thread holds while it computes on a device that serves one thread at a time.
    pub fn turn(&self) -> &Mutex<()> {
        &self.turn
    }

    /// To be called when the device has failed: programs that are planned from now on use a new context.
    pub fn give_up(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }

    /// A new queue.
    pub fn queue(&self) -> Result<CommandQueue> {
        core::create_command_queue(&self.context, self.device.ocl(), None)
            .map_err(|e| failed(&self.device, "queue", &e))
    }
}

/// The error of a failed call on a device.
pub(super) fn failed(device: &Device, what: &str, error: &core::Error) -> Error {
    let text = error.to_string();
    let reason = match (unknown_status(), error.api_status()) {
        // `loader.c` replaces statuses that OpenCL does not define by this one.
        (Some(number), Some(core::Status::CL_OUT_OF_RESOURCES)) => format!("status {number}"),
        (_, Some(status)) => format!("{status:?}"),
        (_, None) => text.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    Error::NoDevice(format!("opencl: {}: expected {what}, got {reason}", device.name))
}

/// The session of a device, which all programs share.
pub(in super::super) fn session(device: &Device) -> Result<Arc<Session>> {
    static SESSIONS: Lazy<Mutex<HashMap<usize, Arc<Session>>>> = Lazy::new(Mutex::default);
    let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = device.ocl().as_raw() as usize;
    let known = sessions.get(&key);
    if let Some(known) = known.filter(|known| !known.is_lost.load(Ordering::Relaxed)) {
        return Ok(Arc::clone(known));
    }
    let turn = known.map_or_else(Arc::default, |known| Arc::clone(&known.turn));
    let context = core::create_context(None, &[device.ocl()], None, None).map_err(|e| failed(device, "context", &e))?;
    let session = Arc::new(Session { device: device.clone(), context, turn, is_lost: AtomicBool::default() });
    sessions.insert(key, Arc::clone(&session));
    Ok(session)
}

/// Samples of a vector on a device: as many as its registers hold, or one.
pub(super) fn lanes(device: &Device, precision: Precision) -> usize {
    let width = match precision {
        Precision::F32 => device.width_f32,
        Precision::F64 => device.width_f64,
    };
    // Without doubles a wide number is two floats of one vector, which has 16 at most.
    let most = if device.has_f64 { 16 } else { 8 };
    if device.is_cpu { width.clamp(1, most) } else { 1 }
}

/// The layout of a plan on a device, in vectors of `lanes` samples.
pub(super) fn target(device: &Device, plan: &Plan, precision: Precision, lanes: usize) -> Result<Target> {
    if let Some(fault) = device.fault(precision == Precision::F64) {
        let name = &device.name;
        return Err(Error::NoDevice(format!(
            "opencl: {name}: expected a device that runs programs, got one that {fault}"
        )));
    }
    let widest = plan.steps.iter().map(|step| match step {
        Step::Convolve(step) => step.geometry.output_sites,
        Step::Fourier(step) => step.volume(),
        _ => 1,
    });
    let most = device.max_group.clamp(1, 256);
    let workers =
        if device.is_cpu { 1 } else { widest.max().unwrap_or(1).next_power_of_two().clamp(32.min(most), most) };
    let wide_lines: BTreeSet<(usize, usize)> = plan.steps.iter().flat_map(Step::wide_lines).collect();
    let wide_numbers: usize = wide_lines.iter().map(|(_, count)| count).sum();
    // Bytes of wide numbers, of the work-items' own numbers, and of the driver's own needs.
    let beside = 8 * lanes * (workers + wide_numbers) + 1024;
    let is_local = 4 * words(precision) * lanes * plan.lines + beside <= device.local_memory as usize;
    Ok(Target { lanes, workers, is_local, has_double: device.has_f64 })
}

/// A built program, and the cache file that is still to be written.
pub(in super::super) struct Kernels {
    pub program: core::Program,
    place: Mutex<Option<(PathBuf, String)>>,
}

impl Kernels {
    /// Writes the program to the cache, once. Called after its first run: drivers such as PoCL may finish it then.
    pub fn keep(&self) {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(((path, identity), binary)) = place.and_then(|place| Some((place, binary(&self.program)?))) {
            // A cache that cannot be written is no error of the program.
            let _ = keep(&path, &identity, &binary);
        }
    }
}

/// Builds a source for the device of a session.
pub(in super::super) fn build(session: &Session, source: &str, options: &Options) -> Result<Kernels> {
    let device = session.device();
    if let Some(folder) = &options.sources {
        let name = format!("{:016x}.cl", digest(source.as_bytes(), 0));
        file::write_atomic(&folder.join(name), source.as_bytes())?;
    }
    let flags = CString::new("-cl-std=CL1.2").unwrap_or_default();
    let identity = identity(device, source);
    let kept = options.cache.as_ref().map(|folder| place(folder, &identity));
    if let Some(program) = kept.as_ref().and_then(|path| load(session, path, &identity)) {
        return Ok(Kernels { program, place: Mutex::default() });
    }
    let text = CString::new(source).map_err(|_| Error::Internal("opencl: a source with a zero in it".into()))?;
    let program =
        core::create_program_with_source(session.context(), &[text]).map_err(|e| failed(device, "program", &e))?;
    if let Err(error) = core::build_program(&program, Some(&[device.ocl()]), &flags, None, None) {
        return Err(refused(session, &program, source, &error));
    }
    Ok(Kernels { program, place: Mutex::new(kept.map(|path| (path, identity))) })
}

/// The error of a failed build: the device's log and the source with its lines numbered.
fn refused(session: &Session, program: &core::Program, source: &str, error: &core::Error) -> Error {
    let device = session.device();
    let log = match core::get_program_build_info(program, device.ocl(), ProgramBuildInfo::BuildLog) {
        Ok(ProgramBuildInfoResult::BuildLog(log)) => log,
        _ => return failed(device, "a kernel that builds", error),
    };
    let numbered: Vec<String> = source.lines().enumerate().map(|(i, line)| format!("{:4} {line}", i + 1)).collect();
    Error::NoDevice(format!(
        "opencl: {}: expected a kernel that builds, got:\n{}\n{}",
        device.name,
        log.trim_end_matches(['\0', '\n']),
        numbered.join("\n")
    ))
}

/// The largest file that is read as a cached program, in bytes.
const LARGEST: u64 = 1 << 30;

/// Text of everything that a binary depends on.
fn identity(device: &Device, source: &str) -> String {
    let library = env!("CARGO_PKG_VERSION");
    let Device { platform_name, name, driver, version, .. } = device;
    format!("{library}\n{platform_name}\n{name}\n{driver}\n{version}\n{source}")
}

/// FNV-1a hash, continued from `start`.
fn digest(bytes: &[u8], start: u64) -> u64 {
    let next = |sum: u64, &b: &u8| (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325 ^ start, next)
}

fn place(folder: &Path, identity: &str) -> PathBuf {
    let bytes = identity.as_bytes();
    folder.join(format!("{:016x}{:016x}.bin", digest(bytes, 0), digest(bytes, 0x9e37_79b9)))
}

/// Writes a cache file: length of the identity, the identity, the binary, and a digest of both.
fn keep(path: &Path, identity: &str, binary: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::Io(format!("{}: {e}", folder.display())))?;
    }
    let mut bytes = (identity.len() as u64).to_le_bytes().to_vec();
    bytes.extend(identity.as_bytes());
    bytes.extend(binary);
    bytes.extend(digest(&bytes, 1).to_le_bytes());
    file::write_atomic(path, &bytes)
}

/// The program of a cache file; None where the file is missing or invalid.
fn load(session: &Session, path: &Path, identity: &str) -> Option<core::Program> {
    // Only regular files of limited size: a pipe or device may have no end.
    std::fs::metadata(path).ok().filter(|file| file.is_file() && file.len() <= LARGEST)?;
    let bytes = std::fs::read(path).ok()?;
    let (rest, sum) = bytes.split_last_chunk::<8>()?;
    if u64::from_le_bytes(*sum) != digest(rest, 1) {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (own, binary) = rest.split_at_checked(length)?;
    if own != identity.as_bytes() {
        return None;
    }
    let device = session.device().ocl();
    let (mut status, lengths, binaries) = (0, [binary.len()], [binary.as_ptr()]);
    // The crate `ocl` is not used here: it also reads the status of each device, and panics at an unknown one.
    // SAFETY: lists of one device and its binary.
    let program = unsafe {
        let list = [device.as_raw()];
        let (context, none) = (session.context().as_ptr(), std::ptr::null_mut());
        ffi::clCreateProgramWithBinary(
            context,
            1,
            list.as_ptr(),
            lengths.as_ptr(),
            binaries.as_ptr(),
            none,
            &mut status,
        )
    };
    // SAFETY: a program that was made above, and is owned here.
    let program = (status == 0).then(|| unsafe { core::Program::from_raw_create_ptr(program) });
    let built = program
        .filter(|program| core::build_program(program, Some(&[device]), &CString::default(), None, None).is_ok());
    // A failure is no error here: its status is cleared, so that no later call reports it.
    let _ = unknown_status();
    built
}

fn binary(program: &core::Program) -> Option<Vec<u8>> {
    match core::get_program_info(program, ProgramInfo::Binaries) {
        Ok(ProgramInfoResult::Binaries(mut all)) => all.pop().filter(|binary| !binary.is_empty()),
        _ => None,
    }
}
