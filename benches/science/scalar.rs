//! Exact values of scalar theories by the library's hybrid Monte Carlo, one chain at a time and in lanes.

use super::chains::{Kernel, SEED, mean, series};
use super::figure::{Aim, Figure, Row};
use super::hmc_in_lanes::{HmcInLanes, Trajectory};
use super::models::shipped;
use super::recipe::AFFINE_4;
use super::run::{Form, Run};
use super::theory::{FORM_A_4, FORM_A_6, FORM_KAPPA_4, THEORIES, Theory, exact, phi_squared, susceptibility};
use instanton::error::Result;
use instanton::statistics::autocorrelation_of_replica;
use std::rc::Rc;
use std::sync::Arc;

pub const ROWS: &[Row] = &[
    Row {
        name: "phi4-chi-hmc",
        about: "Susceptibility χ = (1/V)⟨(Σ φ)²⟩ by hybrid Monte Carlo.",
        set_ups: |_| exact(&THEORIES, |theory| theory.susceptibility),
        measure: |run| by_chains(run.form, susceptibility, |theory| theory.susceptibility),
    },
    Row {
        name: "phi4-phi2-hmc",
        about: "⟨φ²⟩ by hybrid Monte Carlo.",
        set_ups: |_| exact(&THEORIES, |theory| theory.phi_squared),
        measure: |run| by_chains(run.form, phi_squared, |theory| theory.phi_squared),
    },
    Row {
        name: "phi4-chi-lanes",
        about: "Susceptibility by hybrid Monte Carlo with many chains in the SIMD lanes.",
        set_ups: |_| exact(&THEORIES, |theory| theory.susceptibility),
        measure: |run| in_lanes(run.form),
    },
    Row {
        name: "phi4-chi-transformed-hmc",
        about: "Susceptibility by hybrid Monte Carlo in the field of affine models.",
        set_ups: |_| exact(&TRANSFORMED, |theory| theory.susceptibility),
        measure: |run| transformed(run, 0, |theory| theory.susceptibility),
    },
    Row {
        name: "phi4-phi2-transformed-hmc",
        about: "⟨φ²⟩ along the same chains.",
        set_ups: |_| exact(&TRANSFORMED, |theory| theory.phi_squared),
        measure: |run| transformed(run, 1, |theory| theory.phi_squared),
    },
    Row {
        name: "phi4-chi-langevin",
        about: "Susceptibility by Metropolis-adjusted Langevin steps.",
        set_ups: |_| exact(&LANGEVIN.map(|(theory, _)| theory), |theory| theory.susceptibility),
        measure: |run| langevin(run.form),
    },
];

/// Seed of the chains in lanes.
const SEED_IN_LANES: u64 = 29;

const HMC: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 5, length: 1}";

fn by_chains(form: Form, of: fn(&[f64]) -> f64, exact: fn(&Theory) -> f64) -> Result<Vec<Figure>> {
    let run = |theory: &&Theory| {
        let series = series(&theory.set_up.build()?, HMC, form.pick(2_000_000, 20_000), of)?;
        mean(theory.set_up.name, &series, exact(theory), theory.source)
    };
    THEORIES.iter().map(run).collect()
}

/// Theories in the field of whose models chains run.
const TRANSFORMED: [&Theory; 2] = [&FORM_A_4, &FORM_A_6];

/// Theories with the step of their Langevin chains.
const LANGEVIN: [(&Theory, f64); 3] = [(&FORM_A_4, 0.02), (&FORM_A_6, 0.015), (&FORM_KAPPA_4, 0.2)];

/// χ and φ² along a chain in the field of a model; once in a run.
fn transformed_chain(theory: &Theory, run: &Run) -> Result<Rc<Vec<[f64; 2]>>> {
    let spec = "{type: 'transformed_hmc', integrator: 'leapfrog', steps: 3, length: 1.5}";
    run.transformed.of(theory.set_up.name, || {
        let length = theory.set_up.length;
        // The repository has no model of 4 x 4 sites.
        let model = if length == 4 { AFFINE_4.flow()? } else { Arc::new(shipped(length)?) };
        let kernel = Kernel { action: &theory.set_up.build()?, model: Some(model), spec, seed: SEED };
        let both = |field: &[f64]| [susceptibility(field), phi_squared(field)];
        Ok(Rc::new(kernel.series(run.form.pick(240_000, 4_000), both)?))
    })
}

/// The mean of one of the two.
fn transformed(run: &Run, which: usize, exact: fn(&Theory) -> f64) -> Result<Vec<Figure>> {
    let of_theory = |theory: &Theory| {
        let series: Vec<f64> = transformed_chain(theory, run)?.iter().map(|both| both[which]).collect();
        mean(theory.set_up.name, &series, exact(theory), theory.source)
    };
    TRANSFORMED.into_iter().map(of_theory).collect()
}

fn langevin(form: Form) -> Result<Vec<Figure>> {
    let run = |(theory, step): (&Theory, f64)| {
        let kernel = format!("{{type: 'langevin', step: {step}}}");
        let series = series(&theory.set_up.build()?, &kernel, form.pick(10_000_000, 100_000), susceptibility)?;
        mean(theory.set_up.name, &series, theory.susceptibility, theory.source)
    };
    LANGEVIN.into_iter().map(run).collect()
}

fn in_lanes(form: Form) -> Result<Vec<Figure>> {
    let run = |theory: &&Theory| {
        let trajectory = Trajectory { steps: 8, length: 1.0 };
        let mut hmc = HmcInLanes::new(theory.set_up.action, &theory.set_up.lattice()?, trajectory, SEED_IN_LANES)?;
        let replica = hmc.susceptibilities(form.pick(200_000, 400), 100);
        let chains: Vec<&[f64]> = replica.iter().map(Vec::as_slice).collect();
        let found = autocorrelation_of_replica(&chains)?;
        Ok(Figure {
            set_up: theory.set_up.name.into(),
            value: found.mean,
            error: found.error,
            reference: theory.susceptibility,
            source: theory.source,
            aim: Aim::Equal,
        })
    };
    THEORIES.iter().map(run).collect()
}
