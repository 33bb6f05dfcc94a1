//! Cost of an independent scalar field of kernels that move one chain at a time, 2 τ_int(χ) times the time of a step, on
//! one thread: trajectories in the field of the repository's models, tuned over steps and length, and Langevin steps, tuned over
//! the step. Both are compared with hybrid Monte Carlo in lanes, tuned likewise, which is what a user would run for φ⁴.

use super::chains::Kernel;
use super::cheapest::{Purpose, cheapest};
use super::cost::{figure, independent, tuned};
use super::figure::{Figure, Row, measured};
use super::models::shipped;
use super::run::{Clock, Form, Run};
use super::theory::{OF_MODELS, SetUp, susceptibility};
use instanton::error::Result;
use instanton::flow::Model;
use instanton::statistics::Estimate;
use std::sync::Arc;

pub const ROWS: &[Row] = &[
    Row {
        name: "cost-transformed-hmc",
        about: "Hybrid Monte Carlo in the field of the repository's models, one chain at a time, beside tuned hybrid Monte Carlo in lanes.",
        set_ups: |form| measured(of_models(form).iter().map(|set_up| set_up.name)),
        measure: |run| {
            let all = [(1, 1.0), (2, 1.5), (3, 1.5), (3, 2.0), (4, 2.0), (5, 2.5)];
            let kernels = all.map(|(steps, length)| {
                format!("{{type: 'transformed_hmc', integrator: 'leapfrog', steps: {steps}, length: {length}}}")
            });
            figures(run, of_models(run.form), &kernels[run.form.pick(0, 3)..run.form.pick(6, 4)], |set_up| {
                Ok(Some(Arc::new(shipped(set_up.length)?)))
            })
        },
    },
    Row {
        name: "cost-langevin",
        about: "Metropolis-adjusted Langevin steps, one chain at a time, beside tuned hybrid Monte Carlo in lanes.",
        set_ups: |form| measured(of_models(form).iter().map(|set_up| set_up.name)),
        measure: |run| {
            let kernels = [0.005, 0.007, 0.01, 0.014, 0.02].map(|step| format!("{{type: 'langevin', step: {step}}}"));
            figures(run, of_models(run.form), &kernels[run.form.pick(0, 2)..run.form.pick(5, 4)], |_| Ok(None))
        },
    },
];

/// Seconds, by the clock of the run, in which the chain of a figure is measured; each one of the search has a quarter.
const SECONDS: f64 = 12.0;
/// The same of short forms.
const QUICK_SECONDS: f64 = 1.5;
/// Steps from whose time the length of a chain is found.
const TRIAL_STEPS: usize = 200;

/// Theories of the repository's models; short forms have the first one.
fn of_models(form: Form) -> &'static [&'static SetUp] {
    &OF_MODELS[..form.pick(OF_MODELS.len(), 1)]
}

/// The model of a theory, where kernels need one.
pub type ModelOf = fn(&SetUp) -> Result<Option<Arc<dyn Model>>>;

/// Costs of theories with the cheapest of several kernels, beside hybrid Monte Carlo in lanes.
pub fn figures(run: &Run, set_ups: &[&SetUp], kernels: &[String], model: ModelOf) -> Result<Vec<Figure>> {
    let of_set_up = |set_up: &&SetUp| {
        let found = cost_of_cheapest(run, set_up, kernels, model(set_up)?)?;
        Ok(figure(set_up.name, found, tuned(set_up, run)?.1, "hmc-in-lanes"))
    };
    set_ups.iter().map(of_set_up).collect()
}

/// Cost of an independent field with the cheapest of several kernels.
pub fn cost_of_cheapest(
    run: &Run,
    set_up: &SetUp,
    kernels: &[String],
    model: Option<Arc<dyn Model>>,
) -> Result<Estimate> {
    let action = set_up.build()?;
    let (_, found) = cheapest(kernels, |spec, purpose| {
        let kernel = Kernel { action: &action, model: model.clone(), spec, seed: purpose.seed() };
        let seconds = run.form.pick(SECONDS, QUICK_SECONDS);
        cost(&kernel, run.clock, if purpose == Purpose::Search { 0.25 * seconds } else { seconds }).map(Some)
    })?;
    Ok(found)
}

/// Cost of an independent field, from a chain that takes about so many seconds.
fn cost(kernel: &Kernel, clock: Clock, seconds: f64) -> Result<Estimate> {
    let steps = (1e6 * seconds / kernel.time_of_step(clock, TRIAL_STEPS)?.value) as usize;
    let series = kernel.series(steps.max(TRIAL_STEPS), susceptibility)?;
    independent(&[&series], kernel.time_of_step(clock, steps.max(TRIAL_STEPS) / 10)?)
}
