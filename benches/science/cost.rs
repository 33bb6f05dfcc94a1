//! Cost of an independent scalar field, 2 τ_int(χ) times the time of an update, on one thread.
//!
//! Learned proposals come in batches and are accepted one after the other. They are compared with hybrid Monte Carlo in
//! lanes, tuned in the same run over steps and length of its trajectories; that with the library's chain, one at a
//! time, with the same trajectories. Measuring χ is in none of them.

use super::chains::{Kernel, ROUNDS, SEED, median};
use super::cheapest::{Purpose, cheapest};
use super::figure::{Aim, Figure, Row, measured};
use super::hmc_in_lanes::{CHAINS, HmcInLanes, Trajectory};
use super::models::shipped;
use super::run::{Clock, Run};
use super::theory::{OF_MODELS, SetUp, susceptibility};
use instanton::action::Action;
use instanton::error::Result;
use instanton::flow::{Flow, Model};
use instanton::random::{self, Stream};
use instanton::statistics::{Estimate, autocorrelation_of_replica};

pub const ROWS: &[Row] = &[
    Row {
        name: "cost-learned",
        about: "Learned proposals of the repository's models, beside tuned hybrid Monte Carlo in lanes.",
        set_ups: |_| measured(OF_MODELS.map(|set_up| set_up.name)),
        measure: learned,
    },
    Row {
        name: "cost-lanes",
        about: "Tuned hybrid Monte Carlo in lanes, beside one chain at a time with the same trajectories.",
        set_ups: |_| measured(OF_MODELS.map(|set_up| set_up.name)),
        measure: lanes,
    },
];

fn learned(run: &Run) -> Result<Vec<Figure>> {
    let of_set_up = |set_up: &SetUp| {
        let (flow, action) = (shipped(set_up.length)?, set_up.build()?);
        let found = learned_chain(&flow, &*action, run.form.pick(400, 20), run.clock)?.cost()?;
        Ok(figure(set_up.name, found, tuned(set_up, run)?.1, "hmc-in-lanes"))
    };
    OF_MODELS.into_iter().map(of_set_up).collect()
}

fn lanes(run: &Run) -> Result<Vec<Figure>> {
    let of_set_up = |set_up: &SetUp| {
        let (trajectory, found) = tuned(set_up, run)?;
        let Trajectory { steps, length } = trajectory;
        let spec = format!("{{type: 'hmc', integrator: 'leapfrog', steps: {steps}, length: {length}}}");
        let (action, count) = (set_up.build()?, run.form.pick(200_000, 5_000));
        let kernel = Kernel { action: &action, model: None, spec: &spec, seed: SEED };
        let alone =
            independent(&[&kernel.series(count, susceptibility)?], kernel.time_of_step(run.clock, count / 10)?)?;
        Ok(figure(set_up.name, found, alone, "hmc-alone"))
    };
    OF_MODELS.into_iter().map(of_set_up).collect()
}

/// A cost beside that of something else, which has an error of its own: it is put to that of the figure.
pub fn figure(set_up: &str, found: Estimate, reference: Estimate, source: &'static str) -> Figure {
    let Estimate { value, error } = found;
    let error = error.hypot(value * reference.error / reference.value);
    Figure { set_up: set_up.into(), value, error, reference: reference.value, source, aim: Aim::AtMost }
}

/// 2 τ_int times the microseconds of an update.
pub fn independent(chains: &[&[f64]], each: Estimate) -> Result<Estimate> {
    let found = autocorrelation_of_replica(chains)?;
    let value = 2.0 * each.value * found.tau;
    Ok(Estimate { value, error: value * (found.tau_error / found.tau).hypot(each.error / each.value) })
}

/// A chain of learned proposals.
pub struct LearnedChain {
    /// Σ φ of its fields.
    pub magnetisations: Vec<f64>,
    microseconds_each: Estimate,
}

impl LearnedChain {
    /// Cost of an independent field.
    pub fn cost(&self) -> Result<Estimate> {
        let squares: Vec<f64> = self.magnetisations.iter().map(|m| m * m).collect();
        independent(&[&squares], self.microseconds_each)
    }
}

/// Samples that are drawn at once.
const BATCH: usize = 1024;

/// Independence Metropolis over so many batches of a model's samples.
pub fn learned_chain(flow: &Flow, action: &dyn Action, batches: usize, clock: Clock) -> Result<LearnedChain> {
    let volume = action.lattice().volume();
    let (mut fields, mut log_q) = (vec![0.0; BATCH * volume], vec![0.0; BATCH]);
    let mut chance = Stream::new(31, random::Purpose::Accept, 0);
    let (mut field, mut log_weight) = (vec![0.0; volume], f64::NEG_INFINITY);
    let (mut magnetisations, mut times) = (Vec::with_capacity(batches * BATCH), Vec::new());
    for batch in 0..batches {
        let start = clock();
        let mut taken = [false; BATCH];
        flow.sample((batch * BATCH) as u64, BATCH, &mut fields, &mut log_q)?;
        for ((proposed, q), taken) in fields.chunks(volume).zip(&log_q).zip(&mut taken) {
            let proposed_weight = -action.value(proposed)? - q;
            if (1.0 - chance.uniform()).ln() < proposed_weight - log_weight {
                field.copy_from_slice(proposed);
                log_weight = proposed_weight;
                *taken = true;
            }
        }
        times.push((clock() - start) / BATCH as f64);
        // Measurements, outside of the time.
        for (proposed, taken) in fields.chunks(volume).zip(taken) {
            let last = magnetisations.last().copied().unwrap_or(0.0);
            magnetisations.push(if taken { proposed.iter().sum() } else { last });
        }
    }
    Ok(LearnedChain { magnetisations, microseconds_each: median(times) })
}

const LENGTHS: [f64; 12] = [0.5, 0.65, 0.8, 1.0, 1.25, 1.6, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0];
const STEPS: [usize; 20] = [2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 26, 32, 40, 52, 64, 80, 100, 130, 180];
/// Steps of the integrator that are tried, in units of the fictitious time.
const SIZES: [f64; 2] = [0.04, 0.45];

/// The trajectory of least cost, and its cost, measured anew; once in a run.
pub fn tuned(set_up: &SetUp, run: &Run) -> Result<(Trajectory, Estimate)> {
    run.in_lanes.of(set_up.name, || {
        let steps = || STEPS.into_iter().skip(run.form.pick(0, 3)).step_by(run.form.pick(1, 4));
        let is_tried = |steps: &usize, length: f64| (SIZES[0]..=SIZES[1]).contains(&(length / *steps as f64));
        let of_length = |length| {
            steps().filter(move |steps| is_tried(steps, length)).map(move |steps| Trajectory { steps, length })
        };
        let trajectories: Vec<Trajectory> = LENGTHS.into_iter().flat_map(of_length).collect();
        let (trajectory, cost) = cheapest(&trajectories, |trajectory, purpose| {
            let count = if purpose == Purpose::Search { run.form.pick(2_000, 200) } else { run.form.pick(40_000, 400) };
            // Trajectories of large lattices take long, and many chains are measured at once.
            let count = (count * 512 / set_up.length.pow(2).max(512)).max(600.min(count));
            let hmc = HmcInLanes::new(set_up.action, &set_up.lattice()?, *trajectory, purpose.seed())?;
            cost_in_lanes(hmc, run.clock, count)
        })?;
        Ok((*trajectory, cost))
    })
}

/// Fewest accepted trajectories of a useful chain.
const LEAST_ACCEPTANCE: f64 = 0.4;

/// Cost of an independent field of new chains in lanes; None where too little is accepted.
fn cost_in_lanes(mut hmc: HmcInLanes, clock: Clock, count: usize) -> Result<Option<Estimate>> {
    (0..100).for_each(|_| hmc.step());
    let (before, each, mut times) = (hmc.accepted(), count.div_ceil(ROUNDS), Vec::new());
    for _ in 0..ROUNDS {
        let start = clock();
        (0..each).for_each(|_| hmc.step());
        times.push((clock() - start) / (each * CHAINS) as f64);
    }
    let acceptance = (hmc.accepted() - before) as f64 / (ROUNDS * each * CHAINS) as f64;
    if acceptance < LEAST_ACCEPTANCE {
        return Ok(None);
    }
    let replica = hmc.susceptibilities(count, 0);
    let chains: Vec<&[f64]> = replica.iter().map(Vec::as_slice).collect();
    independent(&chains, median(times)).map(Some)
}
