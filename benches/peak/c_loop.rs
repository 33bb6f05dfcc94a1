//! The multiply-add peak by a plain loop in C, compiled by the system's C compiler: what the library's own measure is
//! compared with, on every instruction set that this processor has.

use instanton::context::{Context, Precision};
use instanton::error::{Error, Result};
use instanton::simd::{Clock, Instructions, Peak};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Numbers of chains that the loop is compiled with, one program each.
const CHAINS: [usize; 4] = [8, 12, 14, 32];

/// Alternate measurements, of which the largest of either kind are compared.
const TURNS: usize = 8;

/// Seconds of one measurement, in the time of its thread.
const SECONDS: f64 = 0.01;

/// The loop in C for one instruction set and precision.
pub struct CLoop {
    programs: Vec<PathBuf>,
}

impl CLoop {
    /// Compiles the loop into a folder.
    pub fn compile(instructions: Instructions, precision: Precision, folder: &Path) -> Result<Self> {
        let (bytes, flags): (usize, &[&str]) = match instructions {
            Instructions::Avx512 => (64, &["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"]),
            Instructions::Avx2 => (32, &["-mavx2", "-mfma"]),
            Instructions::Portable => (16, &[]),
        };
        // Kernels without vector instructions multiply, round and add.
        let contract = if instructions == Instructions::Portable { "off" } else { "fast" };
        let number = if precision == Precision::F32 { "float" } else { "double" };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peak/chains.c");
        let mut programs = vec![];
        for count in CHAINS {
            let program = folder.join(format!("chains-{}-{number}-{count}", instructions.name()));
            let mut command = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".into()));
            command.args(["-std=gnu11", "-O3", "-Wall", "-Wextra", "-Werror"]).args(flags);
            command.arg(format!("-ffp-contract={contract}")).arg(format!("-DNUMBER={number}"));
            command.arg(format!("-DBYTES={bytes}")).arg(format!("-DCOUNT={count}"));
            finished(command.arg(&source).arg("-o").arg(&program))?;
            programs.push(program);
        }
        Ok(Self { programs })
    }

    /// Operations per second of as many processes at once as there are threads, with the best number of chains.
    fn rate(&self, threads: usize) -> Result<f64> {
        let mut most: f64 = 0.0;
        for program in &self.programs {
            let start = || Command::new(program).arg(SECONDS.to_string()).stdout(Stdio::piped()).spawn();
            let running = (0..threads).map(|_| start()).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
            let mut sum = 0.0;
            for process in running {
                let output = process.wait_with_output().map_err(failed)?;
                sum += String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0.0);
            }
            most = most.max(sum);
        }
        Ok(most)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::Io(format!("multiply-add loop in C: {error}"))
}

fn finished(command: &mut Command) -> Result<()> {
    let output = command.output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Io(format!("multiply-add loop in C: {command:?}: {}", String::from_utf8_lossy(&output.stderr))))
}

/// The peak that the library measures over that of the loop in C, by one thread or more.
pub fn over_c(instructions: Instructions, precision: Precision, threads: usize) -> Result<f64> {
    let name = format!("build/peak-{}-{}-{precision:?}-{threads}", std::process::id(), instructions.name());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let ratio = CLoop::compile(instructions, precision, &folder).and_then(|c_loop| {
        let context = Context::new(1, precision, threads)?;
        let peak = Peak { instructions, precision, clock: Clock::Thread, seconds: SECONDS };
        let (mut ours, mut theirs): (f64, f64) = (0.0, 0.0);
        for _ in 0..TURNS {
            ours = ours.max(peak.measure(&context)?);
            theirs = theirs.max(c_loop.rate(threads)?);
        }
        Ok(ours / theirs)
    });
    std::fs::remove_dir_all(&folder).map_err(failed)?;
    ratio
}
