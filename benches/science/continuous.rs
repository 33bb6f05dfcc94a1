//! Continuous flows of φ⁴ theory: effective sample sizes and acceptances, log Z, both modes of a broken phase, and the time of a
//! training.

use super::balance::{self, HALF};
use super::cost::learned_chain;
use super::figure::{Aim, Figure, Row};
use super::models::Samples;
use super::run::Form;
use super::theory::{BROKEN_16, CRITICAL_8, CRITICAL_32, FORM_A_4, FORM_A_6, SLOW_12, SLOW_20, SLOW_32, SetUp};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::{Flow, ModelSpec};
use instanton::spec;
use instanton::statistics::{Estimate, independence_acceptance, reweighting};
use instanton::training::{TrainSpec, load, train};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// log Z.
pub const EXACT: &[Row] = &[Row {
    name: "ln-z",
    about: "log Z by reweighting of 10⁶ samples of a continuous flow.",
    set_ups: |_| vec![(FORM_A_6.set_up.name.into(), Some(FORM_A_6.log_z))],
    measure: |run| Ok(vec![log_z(run.form)?]),
}];

/// Effective sample sizes and acceptances.
pub const SIZES: &[Row] = &[
    Row {
        name: "cnf-ess",
        about: "Effective sample size of continuous flows from 10⁵ samples; set-ups are L and λ.",
        set_ups: |form| asked(form).iter().map(|(set_up, least)| (set_up.name.into(), Some(*least))).collect(),
        measure: |run| asked(run.form).iter().map(|known| size(run.form, *known)).collect(),
    },
    Row {
        name: "critical-32",
        about: "Acceptance of independent proposals of a continuous flow at the critical point.",
        set_ups: |form| vec![(critical(form).name.into(), Some(CRITICAL_ASKED))],
        measure: |run| Ok(vec![acceptance(run.form, critical(run.form), CRITICAL_ASKED)?]),
    },
    Row {
        name: "broken",
        about: "Acceptance of independent proposals of a continuous flow in a broken phase.",
        set_ups: |_| vec![(BROKEN_16.name.into(), Some(BROKEN_ASKED))],
        measure: |run| Ok(vec![acceptance(run.form, &BROKEN_16, BROKEN_ASKED)?]),
    },
];

/// Modes of a broken phase.
pub const MODES: &[Row] = &[Row {
    name: "broken-modes",
    about: "Share of fields of positive magnetisation along a chain of proposals of a continuous flow, in a broken phase.",
    set_ups: |_| vec![(BROKEN_16.name.into(), Some(HALF))],
    measure: |run| {
        let (flow, action) = (shipped(&BROKEN_16)?, BROKEN_16.build()?);
        let chain = learned_chain(&flow, &*action, run.form.pick(100, 4), run.clock)?;
        balance::figures(&BROKEN_16, &chain.magnetisations)
    },
}];

/// Time of a training.
pub const MINUTES: &[Row] = &[Row {
    name: "cnf-minutes",
    about: "Minutes of training of a continuous flow, from a smaller lattice on, until its effective sample size is 0.9.",
    set_ups: |form| vec![(form.pick(&SLOW_12, &FORM_A_6.set_up).name.into(), Some(MOST_MINUTES))],
    measure: |run| Ok(vec![minutes(run.form)?]),
}];

/// Set-ups with the effective sample sizes that are asked for; the short form has the first.
const ASKED: [(&SetUp, f64); 4] = [(&FORM_A_6.set_up, 0.98), (&SLOW_12, 0.96), (&SLOW_20, 0.94), (&SLOW_32, 0.90)];
/// Acceptances that are asked for.
const CRITICAL_ASKED: f64 = 0.3;
const BROKEN_ASKED: f64 = 0.5;
/// Minutes that are asked for.
const MOST_MINUTES: f64 = 15.0;

fn asked(form: Form) -> &'static [(&'static SetUp, f64)] {
    &ASKED[..form.pick(4, 1)]
}

/// A theory at its critical point; the short form has a lattice on which the model was trained first.
fn critical(form: Form) -> &'static SetUp {
    form.pick(&CRITICAL_32, &CRITICAL_8)
}

/// The continuous flow of the repository for a set-up: named by the lattice for form A, by the set-up otherwise.
fn shipped(set_up: &SetUp) -> Result<Flow> {
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let of_form_a = set_up.name.split_once('-').filter(|(length, _)| length.parse::<usize>().is_ok());
    let name = of_form_a.map_or(set_up.name.replace('-', "_"), |(length, _)| length.into());
    let file = format!("models/continuous_{name}.safetensors");
    Ok(load(&context, &set_up.lattice()?, &Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?.0)
}

fn size(form: Form, (set_up, reference): (&SetUp, f64)) -> Result<Figure> {
    let samples = Samples::new(set_up, &shipped(set_up)?, form.pick(100_000, 4_000))?;
    let found = reweighting(&samples.log_weights)?;
    Ok(quality(set_up, Estimate { value: found.ess, error: found.ess_error }, reference))
}

fn acceptance(form: Form, set_up: &SetUp, reference: f64) -> Result<Figure> {
    let samples = Samples::new(set_up, &shipped(set_up)?, form.pick(50_000, 2_000))?;
    Ok(quality(set_up, independence_acceptance(&samples.log_weights)?.acceptance, reference))
}

fn quality(set_up: &SetUp, Estimate { value, error }: Estimate, reference: f64) -> Figure {
    Figure { set_up: set_up.name.into(), value, error, reference, source: "asked", aim: Aim::AtLeast }
}

fn log_z(form: Form) -> Result<Figure> {
    let theory = &FORM_A_6;
    let samples = Samples::new(&theory.set_up, &shipped(&theory.set_up)?, form.pick(1_000_000, 10_000))?;
    let found = reweighting(&samples.log_weights)?;
    let (set_up, value, error) = (theory.set_up.name.into(), found.log_z, found.log_z_error);
    Ok(Figure { set_up, value, error, reference: theory.log_z, source: theory.source, aim: Aim::Equal })
}

const CONTINUOUS: &str =
    "{type: 'chain', layers: [{type: 'continuous', channels: 6, harmonics: 8, times: 5, steps: 12}]}";

/// Wall time by all threads; the effective sample sizes between the parts of the training are in it.
fn minutes(form: Form) -> Result<Figure> {
    let (small, large, least) = form.pick((&FORM_A_6.set_up, &SLOW_12, 0.9), (&FORM_A_4.set_up, &FORM_A_6.set_up, 0.5));
    let context = Arc::new(Context::new(1, Precision::F32, 0)?);
    let first: ModelSpec = spec::parse("model", CONTINUOUS)?;
    let part = |flow: &mut Flow, set_up: &SetUp, steps: usize, rate: f64| -> Result<()> {
        let text = format!(
            "{{steps: {steps}, batch: 64, learning_rate: {rate}, schedule: 'cosine', warmup: 20, clip: 100, resume: false}}"
        );
        train(flow, &mut None, &*set_up.build()?, &spec::parse::<TrainSpec>("training", &text)?, &mut |_| false)
    };
    let start = Instant::now();
    let mut flow = Flow::new(&context, &small.lattice()?, &first)?;
    part(&mut flow, small, form.pick(400, 60), 0.01)?;
    let mut flow = flow.transfer(&context, &large.lattice()?)?;
    let mut found = 0.0;
    for _ in 0..40 {
        part(&mut flow, large, form.pick(100, 30), 0.007)?;
        found = reweighting(&Samples::new(large, &flow, form.pick(4_000, 1_000))?.log_weights)?.ess;
        if found >= least {
            break;
        }
    }
    // A training that does not arrive takes for ever.
    let value = if found < least { f64::INFINITY } else { start.elapsed().as_secs_f64() / 60.0 };
    let set_up = large.name.into();
    Ok(Figure { set_up, value, error: 0.0, reference: MOST_MINUTES, source: "asked", aim: Aim::AtMost })
}
