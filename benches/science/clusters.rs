//! Embedded clusters, and hybrid Monte Carlo with Fourier acceleration: exact values of scalar theories, both modes of a broken
//! phase, and the cost of an independent field beside tuned hybrid Monte Carlo in lanes.

use super::balance::{self, HALF};
use super::chains::{mean, series};
use super::figure::{Figure, Row, measured};
use super::moves_cost::figures;
use super::run::{Form, Run};
use super::theory::{BROKEN_16, FORM_A_6, SLOW_16, SLOW_32, SetUp, THEORIES, Theory, exact, susceptibility};
use instanton::error::Result;

pub const EXACT: &[Row] = &[
    Row {
        name: "cluster-chi",
        about: "Susceptibility by embedded clusters with local moves.",
        set_ups: |_| exact(&THEORIES, |theory| theory.susceptibility),
        measure: |run| chi(run, "{type: 'cluster', sweeps: 2, clusters: 2}"),
    },
    Row {
        name: "cluster-chi-fourier",
        about: "Susceptibility by hybrid Monte Carlo with Fourier acceleration.",
        set_ups: |_| exact(&THEORIES, |theory| theory.susceptibility),
        measure: |run| chi(run, "{type: 'hmc', steps: 5, length: 1.2, mass: {type: 'fourier', mass_squared: 1.25}}"),
    },
    Row {
        name: "cluster-modes",
        about: "Share of fields of positive magnetisation along embedded clusters, in a broken phase.",
        set_ups: |_| vec![(BROKEN_16.name.into(), Some(HALF))],
        measure: |run| {
            let kernel = "{type: 'cluster', sweeps: 1, clusters: 3}";
            let magnetisation = |field: &[f64]| field.iter().sum::<f64>();
            let series = series(&BROKEN_16.build()?, kernel, run.form.pick(200_000, 4_000), magnetisation)?;
            balance::figures(&BROKEN_16, &series)
        },
    },
];

pub const COSTS: &[Row] = &[
    Row {
        name: "cluster-cost",
        about: "Embedded clusters with local moves, one chain at a time, beside tuned hybrid Monte Carlo in lanes.",
        set_ups: |form| measured(slow(form).iter().map(|set_up| set_up.name)),
        measure: |run| {
            let all = [(1, 1), (1, 2), (1, 4), (1, 8), (2, 2), (2, 4), (2, 8), (4, 4)];
            let kernels =
                all.map(|(sweeps, clusters)| format!("{{type: 'cluster', sweeps: {sweeps}, clusters: {clusters}}}"));
            figures(run, slow(run.form), &kernels[run.form.pick(0, 2)..run.form.pick(8, 3)], |_| Ok(None))
        },
    },
    Row {
        name: "cluster-cost-fourier",
        about: "Hybrid Monte Carlo with Fourier acceleration, one chain at a time, beside tuned hybrid Monte Carlo in lanes.",
        set_ups: |form| measured(slow(form).iter().map(|set_up| set_up.name)),
        measure: |run| {
            let all = [(2, 0.7), (3, 1.0), (4, 1.2), (5, 1.5), (7, 2.0)];
            let kernels: Vec<String> = [0.1, 0.3, 1.0]
                .into_iter()
                .flat_map(|mass_squared| all.map(|(steps, length)| accelerated(steps, length, mass_squared)))
                .collect();
            figures(run, slow(run.form), &kernels[run.form.pick(0, 6)..run.form.pick(15, 8)], |_| Ok(None))
        },
    },
];

/// Spec of hybrid Monte Carlo with masses of modes.
pub fn accelerated(steps: u64, length: f64, mass_squared: f64) -> String {
    let mass = format!("{{type: 'fourier', mass_squared: {mass_squared}}}");
    format!("{{type: 'hmc', integrator: 'omelyan2', steps: {steps}, length: {length}, mass: {mass}}}")
}

/// Theories in which hybrid Monte Carlo slows down; short forms have a fast one.
fn slow(form: Form) -> &'static [&'static SetUp] {
    form.pick(&[&SLOW_16, &SLOW_32][..], &[&FORM_A_6.set_up][..])
}

fn chi(run: &Run, kernel: &str) -> Result<Vec<Figure>> {
    let of_theory = |theory: &&Theory| {
        let series = series(&theory.set_up.build()?, kernel, run.form.pick(2_000_000, 20_000), susceptibility)?;
        mean(theory.set_up.name, &series, theory.susceptibility, theory.source)
    };
    THEORIES.iter().map(of_theory).collect()
}
