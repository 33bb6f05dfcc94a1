//! Continuous flows of φ⁴ theory: effective sample sizes, and log Z.

use super::figure::{Aim, Figure, Row};
use super::models::Samples;
use super::run::Form;
use super::theory::{FORM_A_6, SLOW_12, SetUp};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::Flow;
use instanton::statistics::reweighting;
use instanton::training::load;
use std::path::Path;
use std::sync::Arc;

/// log Z.
pub const EXACT: &[Row] = &[Row {
    name: "ln-z",
    about: "log Z by reweighting of 10⁶ samples of a continuous flow.",
    set_ups: |_| vec![(FORM_A_6.set_up.name.into(), Some(FORM_A_6.log_z))],
    measure: |run| Ok(vec![log_z(run.form)?]),
}];

/// Effective sample sizes.
pub const SIZES: &[Row] = &[Row {
    name: "cnf-ess",
    about: "Effective sample size of continuous flows from 10⁵ samples; set-ups are L and λ.",
    set_ups: |form| asked(form).iter().map(|(set_up, least)| (set_up.name.into(), Some(*least))).collect(),
    measure: |run| asked(run.form).iter().map(|known| size(run.form, *known)).collect(),
}];

/// Set-ups with the effective sample sizes that are asked for; the short form has the first.
const ASKED: [(&SetUp, f64); 2] = [(&FORM_A_6.set_up, 0.98), (&SLOW_12, 0.96)];

fn asked(form: Form) -> &'static [(&'static SetUp, f64)] {
    &ASKED[..form.pick(2, 1)]
}

/// The continuous flow of the repository for a lattice.
fn shipped(set_up: &SetUp) -> Result<Flow> {
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let file = format!("models/continuous_{}.safetensors", set_up.length);
    Ok(load(&context, &set_up.lattice()?, &Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?.0)
}

fn size(form: Form, (set_up, reference): (&SetUp, f64)) -> Result<Figure> {
    let samples = Samples::new(set_up, &shipped(set_up)?, form.pick(100_000, 4_000))?;
    let found = reweighting(&samples.log_weights)?;
    let (value, error) = (found.ess, found.ess_error);
    Ok(Figure { set_up: set_up.name.into(), value, error, reference, source: "asked", aim: Aim::AtLeast })
}

fn log_z(form: Form) -> Result<Figure> {
    let theory = &FORM_A_6;
    let samples = Samples::new(&theory.set_up, &shipped(&theory.set_up)?, form.pick(1_000_000, 10_000))?;
    let found = reweighting(&samples.log_weights)?;
    let (set_up, value, error) = (theory.set_up.name.into(), found.log_z, found.log_z_error);
    Ok(Figure { set_up, value, error, reference: theory.log_z, source: theory.source, aim: Aim::Equal })
}
