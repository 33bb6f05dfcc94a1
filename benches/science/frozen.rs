//! Chains that do not move at all: how many times the cost of an independent Q² falls at least.
//!
//! Where the charge hardly moves in a run, τ_int of Q² cannot be measured, but it has a lower bound: for a reversible chain, as
//! hybrid Monte Carlo is,
//!
//! ```text
//! τ_int ≥ ½ (1 + ρ(1)) / (1 − ρ(1)),    1 − ρ(1) = <(Q²_{t+1} − Q²_t)²> / (2 Var Q²)
//! ```
//!
//! since τ_int is the mean of ½ (1 + λ) / (1 − λ), a convex function, over the spectrum of the chain. Var Q² is taken from the chain
//! that thaws. N steps without any change bound the rate of changes by 3/N with a confidence of 95 %.

use super::chains::Kernel;
use super::cheapest::{Purpose, cheapest};
use super::cost::independent;
use super::figure::{Aim, Figure, Row};
use super::gauge::{name, of_links, wilson};
use super::run::{Form, Run};
use super::thaw::squared;
use instanton::error::Result;
use instanton::gauge::Group;
use instanton::statistics::Estimate;

pub const ROWS: &[Row] = &[Row {
    name: "u1-thaw-64",
    about: "Cost of an independent Q² of U(1) on a large lattice: hybrid Monte Carlo, by its lower bound, over replica exchange.",
    set_ups: |form| vec![(name(set_up(form).0, set_up(form).1), Some(ASKED))],
    measure: |run| large(run),
}];

/// L and β, for full figures and in the short form.
pub const LARGE: [(usize, f64); 2] = [(64, 16.0), (16, 8.0)];
/// The ratio of costs that is asked for.
const ASKED: f64 = 1000.0;

fn set_up(form: Form) -> (usize, f64) {
    form.pick(LARGE[0], LARGE[1])
}

/// Replica exchange: sweeps near the defect make charge, sweeps of the whole lattice spread it.
const TEMPERING: [&str; 3] = [
    "{type: 'tempering', defect: {size: [6]}, replicas: 12, tune: 400, near: [{within: 2, sweeps: 16}], start: 'hot'}",
    "{type: 'tempering', defect: {size: [4]}, replicas: 12, tune: 400, near: [{within: 2, sweeps: 32}], start: 'hot'}",
    "{type: 'tempering', defect: {size: [6]}, replicas: 10, tune: 400, near: [{within: 1, sweeps: 32}], start: 'hot'}",
];

/// Trajectories of about the length that is best where the charge still moves.
const TRAJECTORY: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 12, length: 2, start: 'hot'}";

fn large(run: &Run) -> Result<Vec<Figure>> {
    let (length, beta) = set_up(run.form);
    let action = wilson(length, Group::U1, beta)?;
    let moving = |spec: &&str, purpose: Purpose| {
        let kernel = Kernel { action: &action, model: None, spec, seed: purpose.seed() };
        let count = run.form.pick(6_000, 600) / if purpose == Purpose::Search { 3 } else { 1 };
        let series = of_links(&kernel, Group::U1, count, squared)?;
        let cost = independent(&[&series], kernel.time_of_step(run.clock, count / 10)?)?;
        Ok(Some(cost))
    };
    let tempering = &TEMPERING[run.form.pick(0, TEMPERING.len() - 1)..];
    let (spec, found) = cheapest(tempering, moving)?;
    let kernel = Kernel { action: &action, model: None, spec, seed: Purpose::Search.seed() };
    let charges = of_links(&kernel, Group::U1, run.form.pick(2_000, 600), squared)?;
    let frozen = Kernel { action: &action, model: None, spec: TRAJECTORY, seed: Purpose::Figure.seed() };
    let count = run.form.pick(200_000, 4_000);
    let still = of_links(&frozen, Group::U1, count, squared)?;
    let each = frozen.time_of_step(run.clock, count / 40)?;
    let least = 2.0 * each.value * least_time(&still, &charges);
    let value = least / found.value;
    let error = value * (found.error / found.value).hypot(each.error / each.value);
    let set_up = name(length, beta);
    Ok(vec![Figure { set_up, value, error, reference: ASKED, source: "asked", aim: Aim::AtLeast }])
}

/// Lower bound of τ_int of Q² in steps of a reversible chain, from its series and one of a chain that moves.
fn least_time(still: &[f64], moving: &[f64]) -> f64 {
    let Estimate { value: mean, error: spread } = moments(moving);
    let changes: Vec<f64> = still.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).collect();
    let found = moments(&changes);
    let count = changes.len() as f64;
    // A change of Q by one moves Q² by 2|Q| + 1: of mean square 4 <Q²> + 1.
    let none = 3.0 / count * (4.0 * mean + 1.0);
    let moved = (found.value + 2.0 * found.error / count.sqrt()).max(none);
    let rest = moved / (2.0 * spread * spread);
    (1.0 / rest - 0.5).max(0.5)
}

/// Mean and standard deviation of a series.
fn moments(series: &[f64]) -> Estimate {
    let count = series.len() as f64;
    let value = series.iter().sum::<f64>() / count;
    let variance = series.iter().map(|x| (x - value).powi(2)).sum::<f64>() / count;
    Estimate { value, error: variance.sqrt() }
}
