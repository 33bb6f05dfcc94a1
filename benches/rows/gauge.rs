//! Rows of gauge fields: hybrid Monte Carlo and files.

use super::{ROUNDS, median};
use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::lattice::Lattice;
use instanton::markov::{Integrator, IntegratorName, Phase};
use instanton::random::{Purpose, Stream};
use instanton::simd::triad_bandwidth;
use instanton::spec;
use std::sync::Arc;
use std::time::Instant;

/// Doubles in each array of the triad: far beyond the caches.
const TRIAD: usize = 1 << 24;
/// Steps of a trajectory.
const STEPS: u64 = 5;

/// A point in phase space of SU(3) on 16^4 at beta = 6, off its start.
fn phase(context: &Arc<Context>) -> Result<(Box<dyn Action>, Phase)> {
    let spec: ActionSpec = spec::parse("action", "{type: 'wilson', group: 'su3', beta: 6}")?;
    let action = spec.build(context, &Lattice::new(&[16; 4])?)?;
    let (space, count) = (action.space(), action.count());
    let field = space.hot(action.lattice(), &mut Stream::new(1, Purpose::Start, 1))?;
    let mut momentum = vec![0.0; count];
    space.draw_momenta(&mut Stream::new(1, Purpose::Momentum, 1), &mut momentum);
    let mut phase = Phase { team: action.team(), space, field, momentum, gradient: vec![0.0; count] };
    phase.force(&*action)?;
    Ok((action, phase))
}

/// Bytes of a leapfrog step over its time and the bandwidth of the triad.
///
/// Counted are, for each link of 18 doubles: the force reads the link and is written, the kick reads and writes the
/// momentum, the drift reads and writes the link. That the kick reads the force, the drift the momentum, and what checks
/// that all numbers are finite reads, is not counted.
pub fn hmc_over_triad() -> Result<f64> {
    const BYTES_PER_SITE: usize = 6 * 4 * 18 * 8;
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let (action, mut phase) = phase(&context)?;
    let leapfrog = Integrator::of(IntegratorName::Leapfrog);
    let mut shares = vec![];
    for _ in 0..ROUNDS {
        let bandwidth = triad_bandwidth(&context, TRIAD, 3);
        let start = Instant::now();
        leapfrog.trajectory(&*action, &mut phase, (STEPS, 0.02))?;
        let seconds = start.elapsed().as_secs_f64() / STEPS as f64;
        let rate = (BYTES_PER_SITE * action.lattice().volume()) as f64 / seconds;
        if std::env::var_os("VERBOSE").is_some() {
            eprintln!("{:.2} ms, triad {:.2} GB/s", 1e3 * seconds, 1e-9 * bandwidth);
        }
        shares.push(rate / bandwidth);
    }
    Ok(median(shares))
}
