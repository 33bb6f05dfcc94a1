//! Solves against faer's conjugate gradients, and the memory that they take.
//!
//! A quenched field at beta = 6.0 on 8^3 x 16, thermalised here, and Wilson fermions at kappa = 0.1550, near the critical
//! 0.157; the library's solver works on the even-odd form in both precisions, faer's on the normal equations of the whole
//! operator in f64. Both reach |b - D x| = 1e-10 |b|.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::matrix_free::conjugate_gradient::{CgParams, conjugate_gradient, conjugate_gradient_scratch};
use faer::matrix_free::{IdentityPrecond, LinOp};
use faer::{Mat, Par};
use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::dirac::{Dirac, DiracSpec, Map, SolveSpec, Which};
use instanton::error::{Error, Result};
use instanton::gauge::{Complex64, Gauge, Group};
use instanton::lattice::Lattice;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: usize = 3;
const SWEEPS: usize = 60;
const TOLERANCE: f64 = 1e-10;

/// Wilson fermions on the quenched field, and a point source.
fn system() -> Result<(Dirac, Vec<f64>)> {
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let lattice = Lattice::new(&[8, 8, 8, 16])?;
    let action: ActionSpec = spec::parse("action", "{type: 'wilson', group: 'su3', beta: 6}")?;
    let action: Arc<dyn Action> = action.build(&context, &lattice)?.into();
    let chain: ChainSpec = spec::parse("chain", "{type: 'heatbath', overrelaxation: 2}")?;
    let mut chain = Chain::new(action, None, &chain, 1)?;
    for _ in 0..SWEEPS {
        chain.step()?;
    }
    let gauge = Gauge::new(&lattice, Group::Su3, chain.field().to_vec())?;
    let dirac: DiracSpec = spec::parse("dirac", "{type: 'wilson', kappa: 0.155, boundary: [1, 1, 1, -1]}")?;
    let dirac = Dirac::new(&context, &gauge, &dirac)?;
    let mut source = vec![0.0; dirac.count()];
    source[0] = 1.0;
    Ok((dirac, source))
}

/// Seconds of faer's solve to a tolerance of the normal equations, and |b - D x| / |b|.
fn faer_solve(dirac: &Dirac, source: &[f64], tolerance: f64) -> Result<(f64, f64)> {
    let (plain, normal) = (dirac.linear_map(Map::Dirac)?, dirac.linear_map(Map::Normal)?);
    let n = source.len() / 2;
    let matrix = |numbers: &[f64]| Mat::from_fn(n, 1, |i, _| Complex64::new(numbers[2 * i], numbers[2 * i + 1]));
    let (b, one) = (matrix(source), IdentityPrecond { dim: n });
    let start = Instant::now();
    let mut right = vec![0.0; source.len()];
    dirac.apply(Which::Adjoint, 1, source, &mut right)?;
    let (right, mut x) = (matrix(&right), Mat::<Complex64>::zeros(n, 1));
    let mut memory = MemBuffer::new(conjugate_gradient_scratch(one, &normal, 1, Par::Seq));
    let params = CgParams { rel_tolerance: tolerance, max_iters: 100_000, ..CgParams::default() };
    let stack = MemStack::new(&mut memory);
    conjugate_gradient(x.as_mut(), one, &normal, right.as_ref(), params, |_| {}, Par::Seq, stack)
        .map_err(|e| Error::NotConverged(format!("faer: {e:?}")))?;
    let seconds = start.elapsed().as_secs_f64();
    let mut image = Mat::<Complex64>::zeros(n, 1);
    let mut memory = MemBuffer::new(plain.apply_scratch(1, Par::Seq));
    plain.apply(image.as_mut(), x.as_ref(), Par::Seq, MemStack::new(&mut memory));
    Ok((seconds, (&image - &b).norm_l2() / b.norm_l2()))
}

/// Wall time of faer's solve over that of this library, the median of several rounds in turn.
pub fn speedup() -> Result<f64> {
    let (dirac, source) = system()?;
    let mut solution = vec![0.0; source.len()];
    // The loosest tolerance of the normal equations that meets the true one.
    let mut tolerance = 1e-9;
    while faer_solve(&dirac, &source, tolerance)?.1 > TOLERANCE {
        tolerance *= 0.6;
    }
    let mut ratios = vec![];
    for _ in 0..ROUNDS {
        let report =
            dirac.solve(&SolveSpec { tolerance: TOLERANCE, ..SolveSpec::default() }, 1, &source, &mut solution)?;
        ratios.push(faer_solve(&dirac, &source, tolerance)?.0 / report.seconds);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ROUNDS / 2])
}

/// Bytes of a line of /proc/self/status.
fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    1024.0 * line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
}

/// The most memory that a solve takes beyond source, solution and operator, in spinor fields of f64.
pub fn memory() -> Result<f64> {
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let gauge = Gauge::unit(&Lattice::new(&[16, 16, 16, 32])?, Group::Su3)?;
    let dirac = Dirac::new(&context, &gauge, &spec::parse::<DiracSpec>("dirac", "{type: 'wilson', mass: 0.2}")?)?;
    let mut source = vec![0.0; dirac.count()];
    let mut solution = vec![1.0; dirac.count()];
    source[0] = 1.0;
    // The peak begins anew.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = status("VmRSS:");
    dirac.solve(&SolveSpec::default(), 1, &source, &mut solution)?;
    Ok((status("VmHWM:") - before) / (8.0 * dirac.count() as f64))
}
