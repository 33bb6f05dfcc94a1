//! Chains of U(1) whose topological charge is frozen, and those that thaw through a defect: exact <Q²>, and how many times the cost of an
//! independent Q² falls.
//!
//! Both sides of a ratio are tuned in the same run: hybrid Monte Carlo and the heat bath over their steps, replica exchange and
//! tempered transitions over their defects and sweeps.

use super::chains::{Kernel, SEED, mean};
use super::cheapest::{Purpose, cheapest};
use super::cost::independent;
use super::figure::{Aim, Declared, Figure, Row};
use super::gauge::{SOURCE, name, of_links, wilson};
use super::run::{Clock, Form, Run};
use instanton::error::Result;
use instanton::gauge::{Gauge, Group, charge};
use instanton::statistics::Estimate;

/// Exact charges.
pub const EXACT: &[Row] = &[
    Row {
        name: "u1-charge-tempering",
        about: "Mean of Q² of U(1) by replica exchange; set-ups are L and β.",
        set_ups: |form| exact(form),
        measure: |run| charges(run.form, TEMPERING[0]),
    },
    Row {
        name: "u1-charge-tempered",
        about: "Mean of Q² of U(1) by hybrid Monte Carlo with tempered transitions.",
        set_ups: |form| exact(form),
        measure: |run| charges(run.form, &cycle(TEMPERED[0])),
    },
];

/// Ratios of costs.
pub const RATIOS: &[Row] = &[
    Row {
        name: "u1-thaw",
        about: "Cost of an independent Q² of U(1): hybrid Monte Carlo over replica exchange.",
        set_ups: |form| asked(form, 100.0),
        measure: |run| ratios(run, &TEMPERING.map(String::from), 100.0),
    },
    Row {
        name: "tempered-u1",
        about: "Cost of an independent Q² of U(1): hybrid Monte Carlo alone over that with tempered transitions.",
        set_ups: |form| asked(form, 30.0),
        measure: |run| ratios(run, &TEMPERED.map(cycle), 30.0),
    },
];

/// L, β and <Q²>: plaquette angles are independent but that they sum up to 2πQ.
pub const CHARGES: [(usize, f64, f64); 2] = [(8, 2.0, 1.239299), (16, 7.0, 1.006414)];
/// L and β where chains are slow.
pub const SLOW: [(usize, f64); 1] = [(8, 4.0)];
/// L and β where chains are frozen.
const FROZEN: [(usize, f64); 1] = [(16, 7.0)];

/// Replica exchange.
const TEMPERING: [&str; 3] = [
    "{type: 'tempering', defect: {size: [4]}, replicas: 8, tune: 400, near: [{within: 2, sweeps: 4}], start: 'hot'}",
    "{type: 'tempering', defect: {size: [4]}, replicas: 6, tune: 400, near: [{within: 1, sweeps: 8}], start: 'hot'}",
    "{type: 'tempering', defect: {size: [3]}, replicas: 6, tune: 400, near: [{within: 1, sweeps: 8}], start: 'hot'}",
];

/// Tempered transitions: repeats between trajectories, and the rest of the spec.
const TEMPERED: [&str; 3] = [
    "repeat: 8, defect: {size: [4]}, steps: 24, within: 2, overrelaxation: 1",
    "repeat: 8, defect: {size: [4]}, steps: 16, within: 1, overrelaxation: 1",
    "repeat: 8, defect: {size: [3]}, steps: 16, within: 1, overrelaxation: 0",
];

/// Trajectories, and a tempered transition after each few of them.
fn cycle(tempered: &str) -> String {
    let hmc = "{type: 'hmc', integrator: 'omelyan2', steps: 6, length: 1.5, repeat: 2}";
    format!("{{type: 'cycle', kernels: [{hmc}, {{type: 'tempered', {tempered}}}], start: 'hot'}}")
}

/// The set-ups of a form: short forms have the first one, where charges move anyway.
fn set_ups(form: Form) -> &'static [(usize, f64, f64)] {
    form.pick(&CHARGES[..], &CHARGES[..1])
}

fn exact(form: Form) -> Vec<Declared> {
    set_ups(form).iter().map(|(length, beta, value)| (name(*length, *beta), Some(*value))).collect()
}

fn asked(form: Form, ratio: f64) -> Vec<Declared> {
    frozen(form).iter().map(|(length, beta)| (name(*length, *beta), Some(ratio))).collect()
}

/// The set-up whose chains are frozen; in the short form one whose chains are slow.
fn frozen(form: Form) -> &'static [(usize, f64)] {
    form.pick(&FROZEN, &SLOW)
}

/// Q².
pub fn squared(gauge: &Gauge) -> Result<f64> {
    Ok(charge(gauge)?.powi(2))
}

fn charges(form: Form, spec: &str) -> Result<Vec<Figure>> {
    let of = |(length, beta, value): &(usize, f64, f64)| {
        let action = wilson(*length, Group::U1, *beta)?;
        let kernel = Kernel { action: &action, model: None, spec, seed: SEED };
        mean(&name(*length, *beta), &of_links(&kernel, Group::U1, form.pick(40_000, 4_000), squared)?, *value, SOURCE)
    };
    set_ups(form).iter().map(of).collect()
}

/// Ratios of the costs of tuned hybrid Monte Carlo and of the cheapest of some kernels.
fn ratios(run: &Run, kernels: &[String], asked: f64) -> Result<Vec<Figure>> {
    let of = |(length, beta): &(usize, f64)| {
        let cost = |spec: &String, purpose: Purpose, count: usize| {
            let action = wilson(*length, Group::U1, *beta)?;
            let kernel = Kernel { action: &action, model: None, spec, seed: purpose.seed() };
            cost(&kernel, run.clock, if purpose == Purpose::Search { count / 2 } else { count }).map(Some)
        };
        let trajectories: Vec<String> = [(6, 1.5), (8, 2.0), (12, 3.0)]
            .iter()
            .skip(run.form.pick(0, 2))
            .map(|(steps, length)| format!("{{type: 'hmc', integrator: 'omelyan2', steps: {steps}, length: {length}}}"))
            .collect();
        let kernels = &kernels[run.form.pick(0, kernels.len() - 1)..];
        let (_, plain) = cheapest(&trajectories, |spec, purpose| cost(spec, purpose, run.form.pick(400_000, 4_000)))?;
        let (_, found) = cheapest(kernels, |spec, purpose| cost(spec, purpose, run.form.pick(60_000, 4_000)))?;
        let value = plain.value / found.value;
        let error = value * (plain.error / plain.value).hypot(found.error / found.value);
        Ok(Figure { set_up: name(*length, *beta), value, error, reference: asked, source: "asked", aim: Aim::AtLeast })
    };
    frozen(run.form).iter().map(of).collect()
}

/// 2 τ_int(Q²) times the microseconds of a step.
fn cost(kernel: &Kernel, clock: Clock, count: usize) -> Result<Estimate> {
    let series = of_links(kernel, Group::U1, count, squared)?;
    independent(&[&series], kernel.time_of_step(clock, count / 10)?)
}
