//! Rows of the OpenCL executor on the first device, which is the CPU where PoCL alone is installed.

use super::{ROUNDS, median, rate, sampler, training};
use instanton::context::{Accelerators, Context, Precision};
use instanton::error::{Error, Result};
use instanton::flow::{Flow, ModelSpec};
use instanton::lattice::Lattice;
use instanton::opencl::{Options, select};
use instanton::program::{Feed, Key};
use instanton::random::Purpose;
use instanton::spec;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Samples of a batch.
const BATCH: usize = 1024;

/// The tutorial network of arXiv:2101.08176 at L = 8, on the first OpenCL device or on the CPU.
fn flow(device: Option<&str>, cache: Option<PathBuf>) -> Result<Flow> {
    let devices = device.map_or(Ok(vec![]), |device| select(device, false))?;
    let options = Options { cache, sources: None };
    let context = Arc::new(Context::with_devices(1, Precision::F32, 0, Accelerators { devices, options })?);
    let spec = spec::parse::<ModelSpec>("model", "{type: 'affine', layers: 16, hidden: [8, 8]}")?;
    Flow::new(&context, &Lattice::new(&[8, 8])?, &spec)
}

/// Configurations per second over those of the CPU's own executor, in turns.
pub fn sample_over_cpu() -> Result<f64> {
    let (cpu, device) = (flow(None, None)?, flow(Some("opencl"), Options::default().cache)?);
    let (mut on_cpu, mut on_device) = (sampler(&cpu, BATCH), sampler(&device, BATCH));
    let mut ratios = vec![];
    for _ in 0..ROUNDS {
        let own = rate(&mut on_cpu)?;
        ratios.push(rate(&mut on_device)? / own);
    }
    Ok(median(ratios))
}

/// Training steps per second over those of the CPU's own executor.
pub fn training_over_cpu() -> Result<f64> {
    let own = training(flow(None, None)?)?;
    Ok(training(flow(Some("opencl"), Options::default().cache)?)? / own)
}

/// Launches of kernels for a batch.
pub fn launches() -> Result<f64> {
    let flow = flow(Some("opencl"), Options::default().cache)?;
    let (mut fields, mut log_q) = (vec![0.0; BATCH * flow.lattice().volume()], vec![0.0; BATCH]);
    let key = Key { seed: 1, purpose: Purpose::Prior, counter: 0, stream: 0 };
    let outputs = &mut [&mut fields[..], &mut log_q];
    Ok(flow.sampling()?.run(flow.context(), BATCH, &[Feed::Normal(key)], outputs)? as f64)
}

/// The first sample of a process of its own: what [`first_sample`] starts.
pub fn child(cache: &str) -> Result<()> {
    let flow = flow(Some("opencl"), Some(PathBuf::from(cache)))?;
    sampler(&flow, 1)()
}

/// Seconds from the start of a process to its end with one sample drawn between.
fn process(cache: &Path) -> Result<f64> {
    let failed = |e: String| Error::Io(format!("bench: expected a process that draws a sample, got {e}"));
    let start = Instant::now();
    let program = std::env::current_exe().map_err(|e| failed(e.to_string()))?;
    let mut command = Command::new(program);
    // PoCL keeps what it builds as well: what is measured is what this library keeps.
    let driver = cache.join("driver");
    let _ = std::fs::remove_dir_all(&driver);
    command.arg("--first-sample").arg(cache).env("POCL_CACHE_DIR", driver);
    let status = command.status().map_err(|e| failed(e.to_string()))?;
    if status.success() { Ok(start.elapsed().as_secs_f64()) } else { Err(failed(status.to_string())) }
}

/// Times of a first process and of later ones.
fn starts() -> Result<(f64, f64)> {
    let cache = std::env::temp_dir().join(format!("instanton-bench-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&cache);
    let first = process(&cache)?;
    let later = (0..ROUNDS).map(|_| process(&cache)).collect::<Result<Vec<f64>>>()?;
    let _ = std::fs::remove_dir_all(&cache);
    Ok((first, median(later)))
}

/// Seconds to the first sample in a new process where kernels were built before.
pub fn first_sample() -> Result<f64> {
    Ok(starts()?.1)
}

/// The first start of all over later ones.
pub fn start_speedup() -> Result<f64> {
    let (first, later) = starts()?;
    Ok(first / later)
}
