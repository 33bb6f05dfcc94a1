//! Cost of an independent gauge field in two dimensions, 2 τ_int times the time of a step, on one thread: heat bath with
//! overrelaxation, tuned over the number of its sweeps, beside hybrid Monte Carlo, tuned over its steps.
//!
//! τ_int is that of Q² for U(1) and of the plaquette for SU(2).

use super::chains::Kernel;
use super::cheapest::{Purpose, cheapest};
use super::cost::{figure, independent};
use super::figure::{Figure, Row, measured};
use super::gauge::{name, of_links, wilson};
use super::run::{Clock, Form, Run};
use instanton::error::Result;
use instanton::gauge::{Gauge, Group, charge, observables};
use instanton::statistics::Estimate;

pub const ROWS: &[Row] = &[
    Row {
        name: "cost-u1-heatbath",
        about: "Heat bath with overrelaxation of U(1), Q², beside hybrid Monte Carlo; set-ups are L and β.",
        set_ups: |form| measured(first(form, &U1).iter().map(|(length, beta)| name(*length, *beta))),
        measure: |run| figures(run, Group::U1, &U1, |gauge| Ok(charge(gauge)?.powi(2))),
    },
    Row {
        name: "cost-su2-heatbath",
        about: "Heat bath with overrelaxation of SU(2), plaquette, beside hybrid Monte Carlo.",
        set_ups: |form| measured(first(form, &SU2).iter().map(|(length, beta)| name(*length, *beta))),
        measure: |run| figures(run, Group::Su2, &SU2, |gauge| Ok(observables::plaquette(gauge))),
    },
];

/// L and β of the rows.
pub const U1: [(usize, f64); 3] = [(8, 2.0), (16, 2.0), (16, 4.0)];
pub const SU2: [(usize, f64); 2] = [(8, 2.2), (16, 2.7)];

/// Set-ups of a form: short forms have the first one.
fn first(form: Form, set_ups: &[(usize, f64)]) -> &[(usize, f64)] {
    &set_ups[..form.pick(set_ups.len(), 1)]
}

/// An observable whose autocorrelation counts.
type Observable = fn(&Gauge) -> Result<f64>;

fn figures(run: &Run, group: Group, set_ups: &[(usize, f64)], of: Observable) -> Result<Vec<Figure>> {
    let heat_baths: Vec<String> =
        (0..=run.form.pick(4, 1)).map(|sweeps| format!("{{type: 'heatbath', overrelaxation: {sweeps}}}")).collect();
    let trajectories: Vec<String> = [(2, 0.5), (3, 0.8), (4, 1.0), (5, 1.0), (7, 1.5), (10, 2.0)]
        .iter()
        .skip(run.form.pick(0, 4))
        .map(|(steps, length)| format!("{{type: 'hmc', integrator: 'omelyan2', steps: {steps}, length: {length}}}"))
        .collect();
    let of_set_up = |&(length, beta): &(usize, f64)| {
        let action = wilson(length, group, beta)?;
        let count = run.form.pick(100_000, 2_000) * 64 / (length * length);
        let cost = |spec: &String, purpose: Purpose| {
            let kernel = Kernel { action: &action, model: None, spec, seed: purpose.seed() };
            let count = if purpose == Purpose::Search { count / 2 } else { count };
            cost(&kernel, run.clock, group, count, of).map(Some)
        };
        let ((_, found), (_, other)) = (cheapest(&heat_baths, cost)?, cheapest(&trajectories, cost)?);
        Ok(figure(&name(length, beta), found, other, "hmc"))
    };
    first(run.form, set_ups).iter().map(of_set_up).collect()
}

/// Cost of an independent field of one kernel; τ_int from a chain that is measured, the time from one that is not.
fn cost(kernel: &Kernel, clock: Clock, group: Group, count: usize, of: Observable) -> Result<Estimate> {
    let series = of_links(kernel, group, count, of)?;
    independent(&[&series], kernel.time_of_step(clock, count / 10)?)
}
