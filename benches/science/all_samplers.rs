//! All samplers of scalar fields in one table, each tuned over a few kernels: the cost of one independent M² on one thread, 2 τ_int(χ)
//! times the time of an update, at set-ups where hybrid Monte Carlo slows down.
//!
//! Fields of an annealed population are not independent of each other: their number is taken as that of independent fields whose mean
//! has the error of the population's mean, by the jackknife over populations.

use super::chains::{Kernel, SEED};
use super::cheapest::{Purpose, cheapest};
use super::clusters::accelerated;
use super::cost::{figure, tuned};
use super::figure::{Figure, Row, measured};
use super::independent_time::{learned, set_ups};
use super::moves_cost::cost_of_cheapest;
use super::run::Run;
use super::theory::{SetUp, susceptibility};
use instanton::error::Result;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::{Estimate, jackknife};

pub const ROWS: &[Row] = &[Row {
    name: "all-samplers",
    about: "All samplers beside hybrid Monte Carlo in lanes; set-ups end with the sampler: one chain of hybrid Monte Carlo with Fourier acceleration, embedded clusters, annealed populations, independent proposals of a continuous flow.",
    set_ups: |form| measured(set_ups(form).iter().flat_map(|(set_up, _)| names(set_up))),
    measure: |run| {
        let of = |(set_up, _): &(&'static SetUp, f64)| figures(run, set_up);
        Ok(set_ups(run.form).iter().map(of).collect::<Result<Vec<_>>>()?.concat())
    },
}];

type CostOf = fn(&Run, &SetUp) -> Result<Estimate>;

/// The samplers by the ends of the names of their figures.
const SAMPLERS: [(&str, CostOf); 4] = [
    ("fourier", fourier),
    ("cluster", clusters),
    ("annealing", annealing),
    ("flow", |run, set_up| Ok(learned(run, set_up)?.cost)),
];

fn names(set_up: &SetUp) -> [String; SAMPLERS.len()] {
    SAMPLERS.map(|(name, _)| format!("{}-{name}", set_up.name))
}

fn figures(run: &Run, set_up: &SetUp) -> Result<Vec<Figure>> {
    let reference = tuned(set_up, run)?.1;
    let of =
        |(name, (_, cost)): (String, (&str, CostOf))| Ok(figure(&name, cost(run, set_up)?, reference, "hmc-in-lanes"));
    names(set_up).into_iter().zip(SAMPLERS).map(of).collect()
}

/// Hybrid Monte Carlo with masses of modes.
fn fourier(run: &Run, set_up: &SetUp) -> Result<Estimate> {
    let all = [(4, 1.2), (5, 1.5), (7, 2.0), (10, 2.0), (16, 2.5)];
    let of_mass = |mass| all.map(|(steps, length)| accelerated(steps, length, mass));
    let kernels = [0.03, 0.1, 0.3].map(of_mass).concat();
    cost_of_cheapest(run, set_up, &kernels[run.form.pick(0, 12)..], None)
}

/// Embedded clusters with local moves.
fn clusters(run: &Run, set_up: &SetUp) -> Result<Estimate> {
    let all = [(1, 1), (1, 2), (1, 4), (1, 8), (2, 2), (2, 4), (2, 8)];
    let kernels = all.map(|(sweeps, clusters)| format!("{{type: 'cluster', sweeps: {sweeps}, clusters: {clusters}}}"));
    cost_of_cheapest(run, set_up, &kernels[run.form.pick(0, 1)..run.form.pick(7, 2)], None)
}

/// Fields of a population.
const POPULATION: usize = 64;

/// Annealed populations, with copies of fields of much weight.
fn annealing(run: &Run, set_up: &SetUp) -> Result<Estimate> {
    let of = |(steps, length): (u64, f64)| {
        let kernel = format!("{{type: 'hmc', integrator: 'omelyan2', steps: {steps}, length: {length}}}");
        format!("{{type: 'annealing', population: {POPULATION}, fields: {POPULATION}, kernel: {kernel}}}")
    };
    let kernels = [(3, 0.8), (5, 1.5), (9, 3.0)].map(of);
    let (_, found) = cheapest(&kernels[run.form.pick(0, 1)..run.form.pick(3, 2)], |spec, purpose| {
        let populations = if purpose == Purpose::Search { run.form.pick(30, 10) } else { run.form.pick(150, 20) };
        cost_of_populations(run, set_up, spec, populations).map(Some)
    })?;
    Ok(found)
}

fn cost_of_populations(run: &Run, set_up: &SetUp, text: &str, populations: usize) -> Result<Estimate> {
    let spec: ChainSpec = spec::parse("chain", text)?;
    let mut chain = Chain::new(set_up.build()?, None, &spec, SEED)?;
    // Of each population: Z and the mean of χ and of χ² times Z.
    let (mut logs, mut means) = (vec![], vec![]);
    for _ in 0..populations {
        let mut sums = [0.0; 2];
        let mut log_weight = 0.0;
        for _ in 0..POPULATION {
            log_weight = chain.step()?.delta;
            let chi = susceptibility(chain.field());
            sums[0] += chi / POPULATION as f64;
            sums[1] += chi * chi / POPULATION as f64;
        }
        logs.push(log_weight);
        means.push(sums);
    }
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| (log - largest).exp()).collect();
    let weighted =
        |i: usize| -> Vec<f64> { weights.iter().zip(&means).map(|(weight, sums)| weight * sums[i]).collect() };
    let (chi, square) = (weighted(0), weighted(1));
    let mean = jackknife(&|means| means[1] / means[0], &[&weights, &chi], 1)?;
    let mean_square = square.iter().sum::<f64>() / weights.iter().sum::<f64>();
    // The error of an error from n populations is 1/sqrt(2 n) of it, that of its square twice as much.
    let independent = (mean_square - mean.value.powi(2)) / mean.error.powi(2) / populations as f64;
    let kernel = Kernel { action: &set_up.build()?, model: None, spec: text, seed: SEED };
    // Whole populations: the first step of each makes all of its fields.
    let each = kernel.time_of_step(run.clock, POPULATION * 11)?;
    let value = each.value * POPULATION as f64 / independent;
    Ok(Estimate { value, error: value * (2.0 / populations as f64).sqrt().hypot(each.error / each.value) })
}
