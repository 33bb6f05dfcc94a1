//! The share of fields of positive magnetisation: 1/2 where the action is even.

use super::chains::series;
use super::cost::learned_chain;
use super::figure::{Aim, Figure, Row};
use super::models::shipped;
use super::theory::{FORM_A_6, SetUp};
use instanton::error::Result;
use instanton::statistics::mode_balance;

pub const ROWS: &[Row] = &[
    Row {
        name: "phi4-modes-hmc",
        about: "Share of fields of positive magnetisation along hybrid Monte Carlo.",
        set_ups: |_| vec![(FORM_A_6.set_up.name.into(), Some(HALF))],
        measure: |run| {
            let magnetisation = |field: &[f64]| field.iter().sum::<f64>();
            let series = series(&FORM_A_6.set_up.build()?, HMC, run.form.pick(1_000_000, 20_000), magnetisation)?;
            figures(&FORM_A_6.set_up, &series)
        },
    },
    Row {
        name: "phi4-modes-flow",
        about: "The same along a chain of learned proposals.",
        set_ups: |_| vec![(FORM_A_6.set_up.name.into(), Some(HALF))],
        measure: |run| {
            let (flow, action) = (shipped(6)?, FORM_A_6.set_up.build()?);
            figures(
                &FORM_A_6.set_up,
                &learned_chain(&flow, &*action, run.form.pick(500, 20), run.clock)?.magnetisations,
            )
        },
    },
];

/// The share.
pub const HALF: f64 = 0.5;

const HMC: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 5, length: 1}";

/// The share of positive ones beside 1/2.
pub fn figures(set_up: &SetUp, magnetisations: &[f64]) -> Result<Vec<Figure>> {
    let share = mode_balance(magnetisations, 0.5)?.share;
    Ok(vec![Figure {
        set_up: set_up.name.into(),
        value: share.value,
        error: share.error,
        reference: HALF,
        source: "symmetry",
        aim: Aim::Equal,
    }])
}
