//! Rows of gauge fields: hybrid Monte Carlo and files.

use super::{ROUNDS, median};
use instanton::action::{Action, ActionSpec, Past};
use instanton::context::{Context, Precision};
use instanton::error::{Error, Result};
use instanton::gauge::formats::{self, ReadSpec, WriteSpec};
use instanton::gauge::{Gauge, Group};
use instanton::lattice::Lattice;
use instanton::markov::{Chain, Integrator, IntegratorName, Phase, Steps};
use instanton::random::{Purpose, Stream};
use instanton::simd::Triad;
use instanton::spec;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Doubles in each array of the triad: far beyond the caches.
const TRIAD: usize = 1 << 24;
/// Steps of a trajectory of length one.
const STEPS: u64 = 20;

/// A point in phase space of SU(3) on 16^4 at beta = 6, off its start.
fn phase(context: &Arc<Context>) -> Result<(Box<dyn Action>, Phase)> {
    let spec: ActionSpec = spec::parse("action", "{type: 'wilson', group: 'su3', beta: 6}")?;
    let action = spec.build(context, &Lattice::new(&[16; 4])?)?;
    let (space, count) = (action.space(), action.count());
    let field = space.hot(action.lattice(), &mut Stream::new(1, Purpose::Start, 1))?;
    let mut momentum = vec![0.0; count];
    space.draw_momenta(&mut Stream::new(1, Purpose::Momentum, 1), &mut momentum);
    let (gradient, past) = (vec![0.0; count], Past::default());
    let mut phase = Phase { team: action.team(), space, field, momentum, gradient, past, velocity: None };
    phase.force(&*action)?;
    Ok((action, phase))
}

/// Bytes of a leapfrog step over its time in a trajectory of length one, and the bandwidth of the triad.
///
/// Counted are, for each link of 18 doubles: the force reads the link and is written, the kick reads and writes the
/// momentum, the drift reads and writes the link. Fewer move where a step is one pass; the first force and kick of a
/// trajectory and its last ones are in the time.
pub fn hmc_over_triad() -> Result<f64> {
    const BYTES_PER_SITE: usize = 6 * 4 * 18 * 8;
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let (action, mut phase) = phase(&context)?;
    let leapfrog = Integrator::of(IntegratorName::Leapfrog);
    let mut shares = vec![];
    let mut triad = Triad::new(TRIAD);
    for _ in 0..ROUNDS {
        let bandwidth = (0..3).map(|_| triad.bandwidth(&context)).fold(0.0, f64::max);
        let start = Instant::now();
        leapfrog.trajectory(&*action, &mut phase, Steps { count: STEPS, size: 1.0 / STEPS as f64 })?;
        let seconds = start.elapsed().as_secs_f64() / STEPS as f64;
        let rate = (BYTES_PER_SITE * action.lattice().volume()) as f64 / seconds;
        shares.push(rate / bandwidth);
    }
    Ok(median(shares))
}

/// A chain of SU(3) at beta = 6 with all threads, after a few steps.
fn chain(length: usize, keys: &str, kernel: &str) -> Result<Chain> {
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let spec: ActionSpec = spec::parse("action", &format!("{{type: 'wilson', group: 'su3', beta: 6{keys}}}"))?;
    let action: Arc<dyn Action> = spec.build(&context, &Lattice::new(&[length; 4])?)?.into();
    let mut chain = Chain::new(action, None, &spec::parse("chain", kernel)?, 1)?;
    for _ in 0..3 {
        chain.step()?;
    }
    Ok(chain)
}

/// Seconds of a step.
fn of_step(chain: &mut Chain) -> Result<f64> {
    seconds(|| chain.step().map(drop))
}

/// Nanoseconds a link of a heat bath sweep on 16^4, with all threads; the action of the field is measured at its end.
pub fn heat_bath() -> Result<f64> {
    let mut chain = chain(16, "", "{type: 'heatbath'}")?;
    let times: Vec<f64> = (0..ROUNDS).map(|_| of_step(&mut chain)).collect::<Result<_>>()?;
    Ok(1e9 * median(times) / (4.0 * 65536.0))
}

/// Nanoseconds a link of a sweep of overrelaxation on 16^4: what eight of them add to a heat bath.
pub fn overrelaxation() -> Result<f64> {
    let mut chains = [chain(16, "", "{type: 'heatbath'}")?, chain(16, "", "{type: 'heatbath', overrelaxation: 8}")?];
    let mut times = vec![];
    for _ in 0..ROUNDS {
        let [one, other] = &mut chains;
        times.push((of_step(other)? - of_step(one)?) / 8.0);
    }
    Ok(1e9 * median(times) / (4.0 * 65536.0))
}

/// A defect of 2^3 links, and open boundaries.
const DEFECT: &str = ", defect: {size: [2, 2, 2], strength: 0.3}";
const OPEN: &str = ", boundary: 'open'";
/// A heat bath with four sweeps of overrelaxation, and trajectories of hybrid Monte Carlo.
const SWEEPS: &str = "{type: 'heatbath', overrelaxation: 4}";
const TRAJECTORIES: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 10, length: 1}";

/// Time of a step on 12^4 with further keys of the action over that without.
fn cost_of(keys: &str, kernel: &str) -> Result<f64> {
    let mut chains = [chain(12, keys, kernel)?, chain(12, "", kernel)?];
    let mut ratios = vec![];
    for _ in 0..5 * ROUNDS {
        let [one, other] = &mut chains;
        ratios.push(of_step(one)? / of_step(other)?);
    }
    Ok(median(ratios))
}

/// A defect in sweeps.
pub fn defect_in_sweeps() -> Result<f64> {
    cost_of(DEFECT, SWEEPS)
}

/// A defect in trajectories.
pub fn defect_in_trajectories() -> Result<f64> {
    cost_of(DEFECT, TRAJECTORIES)
}

/// Open boundaries in sweeps.
pub fn open_in_sweeps() -> Result<f64> {
    cost_of(OPEN, SWEEPS)
}

/// Open boundaries in trajectories.
pub fn open_in_trajectories() -> Result<f64> {
    cost_of(OPEN, TRAJECTORIES)
}

/// A folder of this run, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("instanton-rows-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|e| failed(&e))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::Io(format!("bench: {error}"))
}

fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

/// Copies a file as the library writes one: a new file, on the disk when the call returns.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_file(to);
    fs::copy(from, to).and_then(|_| File::open(to)?.sync_all()).map_err(|e| failed(&e))
}

/// SU(3) on 16^3 x 32 in f64 as ILDG, 75 MB, all claims checked: the rate against that of copying the file.
fn ildg_over_copy(measure: impl Fn(&Path, &Gauge) -> Result<f64>, flushed: bool) -> Result<f64> {
    let folder = Folder::new()?;
    let (path, other) = (folder.0.join("field"), folder.0.join("copy"));
    let lattice = Lattice::new(&[16, 16, 16, 32])?;
    let gauge = Gauge::random(&lattice, Group::Su3, &mut Stream::new(1, Purpose::Start, 2))?;
    formats::write(&path, &gauge, &WriteSpec::default())?;
    let mut shares = vec![];
    for _ in 0..ROUNDS {
        let copying = seconds(|| match flushed {
            true => copy(&path, &other),
            false => fs::copy(&path, &other).map(drop).map_err(|e| failed(&e)),
        })?;
        shares.push(copying / measure(&path, &gauge)?);
    }
    Ok(median(shares))
}

/// Reading, against a copy that the system may still hold in memory.
pub fn ildg_read_over_copy() -> Result<f64> {
    let read = |path: &Path, gauge: &Gauge| {
        let mut same = false;
        let time = seconds(|| {
            let (read, _, _) = formats::read(path, gauge.lattice(), gauge.group(), &ReadSpec::default())?;
            same = read.links()[..1000] == gauge.links()[..1000];
            Ok(())
        })?;
        if same { Ok(time) } else { Err(Error::Internal("bench: expected the field that was written".into())) }
    };
    ildg_over_copy(read, false)
}

/// Writing, against a copy that is flushed to the disk, as what is written is.
pub fn ildg_write_over_copy() -> Result<f64> {
    ildg_over_copy(|path, gauge| seconds(|| formats::write(path, gauge, &WriteSpec::default())), true)
}
