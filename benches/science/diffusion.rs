//! Diffusion models of φ⁴ theory: how often their proposals are accepted, and the numbers of chains that accept them.
//!
//! Chains of independent paths run side by side from fields that the model gives. Along with χ goes a number whose mean is zero,
//!
//! ```text
//! χ = ⟨M²⟩/V,   c = M Σ_x dS/dφ(x) / V − 1,   ⟨c⟩ = 0,   χ = ⟨M²/V − b c⟩,   b = cov(M²/V, c) / var(c)
//! ```
//!
//! with M = Σ φ, from an integration by parts: it shares most of the scatter of M²/V, so that far fewer fields are needed for the
//! same error. It holds along an exact chain alone. In the symmetric phase ⟨M⟩ = 0, and this χ is the connected one.

use super::chains::{Kernel, SEED};
use super::figure::{Aim, Figure, Row, measured};
use super::hmc_in_lanes::{HmcInLanes, Trajectory};
use super::models::Samples;
use super::run::{Form, Run};
use super::theory::{BROKEN_16, CRITICAL_64, SYMMETRIC_16, SYMMETRIC_32, SetUp, susceptibility};
use instanton::action::Action;
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::{Flow, Model, PathRatioSpec, Paths};
use instanton::lattice::Lattice;
use instanton::markov::{Current, Ingredients, Proposal, ProposalSpec};
use instanton::random::{Purpose, Stream};
use instanton::spec;
use instanton::statistics::{
    Estimate, autocorrelation, autocorrelation_of_replica, independence_acceptance, mode_balance,
};
use instanton::training::load;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Numbers along chains.
pub const EXACT: &[Row] = &[
    Row {
        name: "diffusion-chi",
        about: "Susceptibility along chains of independent paths, with a number of mean zero that takes most of its scatter, beside a long run of hybrid Monte Carlo; the model has learned from 1024 fields.",
        set_ups: |_| measured([SYMMETRIC_32.name]),
        measure: |run| Ok(vec![chi(run)?]),
    },
    Row {
        name: "diffusion-modes",
        about: "Share of fields of positive magnetisation along chains of independent paths.",
        set_ups: |_| vec![(BROKEN_16.name.into(), Some(HALF))],
        measure: |run| Ok(vec![modes(run.form)?]),
    },
];

/// Means over fields that are neither accepted nor rejected.
pub const RAW: &[Row] = &[Row {
    name: "diffusion-bias",
    about: "Susceptibility of the paths' own fields, which nothing corrects, over that of hybrid Monte Carlo.",
    set_ups: |_| vec![(SYMMETRIC_32.name.into(), Some(1.0))],
    measure: |run| Ok(vec![bias(run)?]),
}];

/// Acceptances.
pub const ACCEPTANCES: &[Row] = &[
    Row {
        name: "diffusion-acceptance",
        about: "Acceptance of independent fields by the density of the probability flow, and by the ratio of paths of 100 steps.",
        set_ups: |_| vec![(DENSITY.0.into(), Some(DENSITY.1)), (RATIO.0.into(), Some(RATIO.1))],
        measure: |run| Ok(vec![of_density(run.form)?, of_paths(run.form)?]),
    },
    Row {
        name: "mala-score",
        about: "Acceptance of Metropolis-adjusted Langevin steps of size 0.2/V along a score that was learned on 8 x 8 sites.",
        set_ups: |_| vec![(CRITICAL_64.name.into(), Some(PUBLISHED))],
        measure: |run| Ok(vec![langevin(run.form)?]),
    },
];

/// Set-ups of the acceptances with what is asked for.
const DENSITY: (&str, f64) = ("kappa-16-density", 0.6);
const RATIO: (&str, f64) = ("kappa-16-paths", 0.4);
/// The acceptance that is published for Langevin steps along a learned score.
const PUBLISHED: f64 = 0.8;
/// The share of positive fields.
const HALF: f64 = 0.5;

/// A diffusion model of the repository, on the lattice of a set-up.
fn shipped(name: &str, trained_on: usize, set_up: &SetUp) -> Result<Arc<Flow>> {
    let context = Arc::new(Context::new(1, Precision::F32, 1)?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/diffusion_{name}.safetensors"));
    let flow = load(&context, &Lattice::new(&[trained_on; 2])?, &path)?.0;
    Ok(Arc::new(if trained_on == set_up.length { flow } else { flow.transfer(&context, &set_up.lattice()?)? }))
}

fn proposal(text: &str, flow: &Arc<Flow>) -> Result<Box<dyn Proposal>> {
    let model: Arc<dyn Model> = Arc::clone(flow) as Arc<dyn Model>;
    spec::parse::<ProposalSpec>("proposal", text)?.build(Ingredients { seed: SEED, model: Some(model), action: None })
}

/// Chains side by side, and what they were proposed.
pub struct Chains<T> {
    /// What was measured along each chain.
    series: Vec<Vec<T>>,
    /// The same of all proposals.
    proposals: Vec<T>,
}

/// How many chains, and how many steps of each are measured, after a tenth of them.
#[derive(Clone, Copy)]
struct Size {
    chains: usize,
    steps: usize,
}

/// Runs chains of a proposal whose fields do not depend on the current one, from fields that it gives.
fn chains<T: Copy>(
    action: &dyn Action,
    proposal: &dyn Proposal,
    Size { chains, steps }: Size,
    of: impl Fn(&[f64]) -> Result<T>,
) -> Result<Chains<T>> {
    let volume = action.lattice().volume();
    let (mut proposed, mut log_ratios) = (vec![0.0; chains * volume], vec![0.0; chains]);
    let mut fields = proposed.clone();
    proposal.propose_many(0, &proposed, &mut fields, &mut log_ratios)?;
    let mut values = fields.chunks(volume).map(|field| action.value(field)).collect::<Result<Vec<f64>>>()?;
    let mut chance = Stream::new(SEED, Purpose::Accept, 0);
    let mut found = Chains { series: vec![vec![]; chains], proposals: vec![] };
    for step in 1..=steps + steps / 10 {
        proposal.propose_many((step * chains) as u64, &fields, &mut proposed, &mut log_ratios)?;
        for (chain, new) in proposed.chunks(volume).enumerate() {
            let (field, value) = (&mut fields[chain * volume..][..volume], action.value(new)?);
            if (1.0 - chance.uniform()).ln() < values[chain] - value + log_ratios[chain] {
                field.copy_from_slice(new);
                values[chain] = value;
            }
            if step > steps / 10 {
                found.series[chain].push(of(field)?);
                found.proposals.push(of(new)?);
            }
        }
    }
    Ok(found)
}

/// M²/V and c of a field.
fn with_zero(action: &dyn Action, field: &[f64]) -> Result<[f64; 2]> {
    let mut gradient = vec![0.0; field.len()];
    action.gradient(field, &mut gradient)?;
    let product = field.iter().sum::<f64>() * gradient.iter().sum::<f64>();
    Ok([susceptibility(field), product / field.len() as f64 - 1.0])
}

/// Chains of independent paths of M²/V and c, and χ by hybrid Monte Carlo.
pub struct BesideHmc {
    paths: Chains<[f64; 2]>,
    hmc: Estimate,
}

/// Both, once in a run.
fn of_paths_32(run: &Run) -> Result<Rc<BesideHmc>> {
    run.diffused.of(SYMMETRIC_32.name, || {
        let action = SYMMETRIC_32.build()?;
        let text = format!("{{type: 'path_ratio', steps: {}}}", run.form.pick(400, 100));
        let proposal = proposal(&text, &shipped("32", 32, &SYMMETRIC_32)?)?;
        let size = Size { chains: run.form.pick(32, 16), steps: run.form.pick(140, 24) };
        let paths = chains(&*action, &*proposal, size, |field| with_zero(&*action, field))?;
        Ok(Rc::new(BesideHmc { paths, hmc: reference(run.form)? }))
    })
}

/// χ by hybrid Monte Carlo.
fn reference(form: Form) -> Result<Estimate> {
    let SetUp { action, .. } = SYMMETRIC_32;
    let mut hmc = HmcInLanes::new(action, &SYMMETRIC_32.lattice()?, Trajectory { steps: 8, length: 1.5 }, SEED)?;
    let replica = hmc.susceptibilities(form.pick(40_000, 500), form.pick(400, 50));
    let found = autocorrelation_of_replica(&replica.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    Ok(Estimate { value: found.mean, error: found.error })
}

/// The mean of the first numbers, with the second ones, whose mean is zero, to take away their scatter.
fn regressed(series: &[Vec<[f64; 2]>]) -> Result<Estimate> {
    let count = series.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = |of: &dyn Fn(&[f64; 2]) -> f64| series.iter().flatten().map(of).sum::<f64>() / count;
    let means = [0, 1].map(|i| mean(&|pair| pair[i]));
    let covariance = mean(&|pair| (pair[0] - means[0]) * (pair[1] - means[1]));
    let factor = covariance / mean(&|pair| (pair[1] - means[1]).powi(2));
    let one = |series: &Vec<[f64; 2]>| series.iter().map(|[chi, zero]| chi - factor * zero).collect();
    let replica: Vec<Vec<f64>> = series.iter().map(one).collect();
    let found = autocorrelation_of_replica(&replica.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    Ok(Estimate { value: found.mean, error: found.error })
}

fn chi(run: &Run) -> Result<Figure> {
    let beside = of_paths_32(run)?;
    let (found, hmc) = (regressed(&beside.paths.series)?, beside.hmc);
    let (value, error) = (found.value, found.error.hypot(hmc.error));
    let (set_up, reference) = (SYMMETRIC_32.name.into(), hmc.value);
    Ok(Figure { set_up, value, error, reference, source: "hmc-in-lanes", aim: Aim::Equal })
}

fn bias(run: &Run) -> Result<Figure> {
    let beside = of_paths_32(run)?;
    let raw = autocorrelation(&beside.paths.proposals.iter().map(|pair| pair[0]).collect::<Vec<_>>())?;
    let value = raw.mean / beside.hmc.value;
    let error = value * (raw.error / raw.mean).hypot(beside.hmc.error / beside.hmc.value);
    Ok(Figure { set_up: SYMMETRIC_32.name.into(), value, error, reference: 1.0, source: "no-bias", aim: Aim::Equal })
}

fn modes(form: Form) -> Result<Figure> {
    let action = BROKEN_16.build()?;
    let text = format!("{{type: 'path_ratio', steps: {}}}", form.pick(200, 100));
    let proposal = proposal(&text, &shipped("broken_16", 16, &BROKEN_16)?)?;
    let size = Size { chains: form.pick(64, 16), steps: form.pick(40, 12) };
    let magnetisation = |field: &[f64]| Ok(field.iter().sum::<f64>());
    // One chain after the other: where one ends and the next begins nothing is correlated.
    let labels = chains(&*action, &*proposal, size, magnetisation)?.series.concat();
    let share = mode_balance(&labels, HALF)?.share;
    let (value, error) = (share.value, share.error);
    let set_up = BROKEN_16.name.into();
    Ok(Figure { set_up, value, error, reference: HALF, source: "symmetry", aim: Aim::Equal })
}

/// An acceptance beside what is asked for.
fn figure((set_up, reference): (&str, f64), found: Estimate, source: &'static str) -> Figure {
    let Estimate { value, error } = found;
    Figure { set_up: set_up.into(), value, error, reference, source, aim: Aim::AtLeast }
}

fn of_density(form: Form) -> Result<Figure> {
    let samples = Samples::new(&SYMMETRIC_16, &*shipped("16", 16, &SYMMETRIC_16)?, form.pick(2_000, 64))?;
    Ok(figure(DENSITY, independence_acceptance(&samples.log_weights)?.acceptance, "asked"))
}

fn of_paths(form: Form) -> Result<Figure> {
    let (action, count) = (SYMMETRIC_16.build()?, form.pick(10_000, 256));
    let paths =
        Paths::new(&shipped("16", 16, &SYMMETRIC_16)?.diffused()?, &PathRatioSpec { steps: 100, corrector: None })?;
    let (mut fields, mut weights) = (vec![0.0; count * action.lattice().volume()], vec![0.0; count]);
    paths.denoise(0, &mut fields, &mut weights)?;
    // E exp(−S − W) is Z: W stands in the place of log q.
    let of_path = |(field, w): (&[f64], &f64)| Ok(-action.value(field)? - w);
    let log_weights =
        fields.chunks(action.lattice().volume()).zip(&weights).map(of_path).collect::<Result<Vec<_>>>()?;
    Ok(figure(RATIO, independence_acceptance(&log_weights)?.acceptance, "asked"))
}

/// Sweeps and clusters before the steps of Langevin dynamics.
const EQUILIBRIUM: &str = "{type: 'cluster', start: 'hot'}";

fn langevin(form: Form) -> Result<Figure> {
    let action = CRITICAL_64.build()?;
    let volume = action.lattice().volume();
    let text = format!("{{type: 'learned_langevin', step: {}, time: 0.0001}}", 0.2 / volume as f64);
    let proposal = proposal(&text, &shipped("critical_8", 8, &CRITICAL_64)?)?;
    let kernel = Kernel { action: &action, model: None, spec: EQUILIBRIUM, seed: SEED };
    let mut field = kernel.chain(form.pick(1_000, 50))?.field().to_vec();
    let (mut value, mut proposed, mut chance) =
        (action.value(&field)?, field.clone(), Stream::new(SEED, Purpose::Accept, 0));
    let mut accepted = vec![];
    for step in 0..form.pick(4_000, 200) {
        let current = Current { field: &field, log_density: None };
        let log_ratio = proposal.propose(step, &current, &mut proposed)?.log_ratio;
        let new = action.value(&proposed)?;
        let is_accepted = (1.0 - chance.uniform()).ln() < value - new + log_ratio;
        if is_accepted {
            field.copy_from_slice(&proposed);
            value = new;
        }
        accepted.push(f64::from(u8::from(is_accepted)));
    }
    let found = autocorrelation(&accepted)?;
    Ok(figure((CRITICAL_64.name, PUBLISHED), Estimate { value: found.mean, error: found.error }, "published"))
}
