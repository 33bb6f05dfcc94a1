//! Time for one independent M², 2 τ_int(χ) times the time of an update on one thread, where hybrid Monte Carlo slows down: that of
//! tuned hybrid Monte Carlo in lanes over chains of proposals of continuous flows. The row all-samplers has other samplers beside them.
//!
//! The flows are small, with few steps of the integrator, since each costs more time than it gains acceptance. A ratio above one is
//! in favour of the flow. Training is in none of them: docs/models.md has its times.

use super::chains::SEED;
use super::cost::{learned_chain, tuned};
use super::figure::{Aim, Figure, Row, measured};
use super::hmc_in_lanes::HmcInLanes;
use super::run::{Form, Run};
use super::theory::{FORM_A_6, SLOW_16, SLOW_32, SLOW_64, SetUp};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::Flow;
use instanton::statistics::{Estimate, autocorrelation, autocorrelation_of_replica};
use instanton::training::load;
use std::path::Path;
use std::sync::Arc;

pub const ROWS: &[Row] = &[Row {
    name: "time-to-independent",
    about: "Tuned hybrid Monte Carlo in lanes over independent proposals of continuous flows, in time for one independent M².",
    set_ups: |form| set_ups(form).iter().map(|(set_up, asked)| (set_up.name.into(), Some(*asked))).collect(),
    measure: ratios,
}];

/// Set-ups with the ratios that are asked for; the short form has the last.
const ASKED: [(&SetUp, f64); 4] = [(&SLOW_16, 1.5), (&SLOW_32, 3.0), (&SLOW_64, 5.0), (&FORM_A_6.set_up, 0.01)];

/// Set-ups of a form with the ratios that are asked for.
pub fn set_ups(form: Form) -> &'static [(&'static SetUp, f64)] {
    form.pick(&ASKED[..3], &ASKED[3..])
}

/// What is known of a chain of proposals.
#[derive(Clone, Copy)]
pub struct OfChain {
    /// Microseconds for an independent field.
    pub cost: Estimate,
    susceptibility: Estimate,
}

/// The flow of the repository for a set-up, on one thread.
fn flow(set_up: &SetUp) -> Result<Flow> {
    let context = Arc::new(Context::new(1, Precision::F32, 1)?);
    let file = format!("models/fast_{}.safetensors", set_up.length);
    Ok(load(&context, &set_up.lattice()?, &Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?.0)
}

/// A chain of the flow's proposals: the cost of an independent field, and χ; once in a run.
pub fn learned(run: &Run, set_up: &SetUp) -> Result<OfChain> {
    run.learned.of(set_up.name, || {
        let batches = run.form.pick(60_000_000 / (1024 * set_up.length.pow(2)), 10).clamp(10, 200);
        let chain = learned_chain(&flow(set_up)?, &*set_up.build()?, batches, run.clock)?;
        let volume = set_up.length.pow(2) as f64;
        let squares: Vec<f64> = chain.magnetisations.iter().map(|m| m * m / volume).collect();
        let found = autocorrelation(&squares)?;
        let susceptibility = Estimate { value: found.mean, error: found.error };
        Ok(OfChain { cost: chain.cost()?, susceptibility })
    })
}

/// χ along the chains of the flows beside that of hybrid Monte Carlo, whose errors are combined.
pub const EXACT: &[Row] = &[Row {
    name: "time-to-independent-chi",
    about: "Susceptibility by the chains of proposals of the row time-to-independent, beside that of hybrid Monte Carlo in lanes.",
    set_ups: |form| measured(set_ups(form).iter().map(|(set_up, _)| set_up.name)),
    measure: |run| set_ups(run.form).iter().map(|(set_up, _)| susceptibilities(run, set_up)).collect(),
}];

fn susceptibilities(run: &Run, set_up: &'static SetUp) -> Result<Figure> {
    let own = learned(run, set_up)?.susceptibility;
    let mut hmc = HmcInLanes::new(set_up.action, &set_up.lattice()?, tuned(set_up, run)?.0, SEED)?;
    let chains = hmc.susceptibilities(run.form.pick(4_000, 400), 200);
    let chains: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
    let other = autocorrelation_of_replica(&chains)?;
    let (value, reference, error) = (own.value, other.mean, own.error.hypot(other.error));
    Ok(Figure { set_up: set_up.name.into(), value, error, reference, source: "hmc-in-lanes", aim: Aim::Equal })
}

fn ratios(run: &Run) -> Result<Vec<Figure>> {
    let of_set_up = |(set_up, reference): &(&'static SetUp, f64)| {
        let (other, own) = (tuned(set_up, run)?.1, learned(run, set_up)?.cost);
        let value = other.value / own.value;
        let error = value * (other.error / other.value).hypot(own.error / own.value);
        let (set_up, reference) = (set_up.name.into(), *reference);
        Ok(Figure { set_up, value, error, reference, source: "asked", aim: Aim::AtLeast })
    };
    set_ups(run.form).iter().map(of_set_up).collect()
}
