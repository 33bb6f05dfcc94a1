//! Learned layers in four dimensions: acceptance of swaps of replicas, and the variance of the work of paths.

use super::chains::{Kernel, SEED};
use super::figure::{Aim, Declared, Figure, Row};
use super::run::{Form, Run};
use super::switches::{acceptance, replicas};
use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::Model;
use instanton::lattice::Lattice;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::{Estimate, autocorrelation};
use instanton::training::{Learned, load_any};
use std::path::Path;
use std::sync::Arc;

pub const ROWS: &[Row] = &[
    Row {
        name: "switch-4",
        about: "Swap acceptance of 4 replicas of SU(3) with 6 switching steps and learned layers.",
        set_ups: |form| asked(form, 0.66),
        measure: |run| Ok(vec![swaps(run.form)?]),
    },
    Row {
        name: "work-ratio",
        about: "Variance of the work from open to periodic in SU(3), without layers over with layers at equal wall time.",
        set_ups: |form| asked(form, 3.0),
        measure: |run| Ok(vec![works(run)?]),
    },
];

/// L and β in four dimensions, of the full and the short form.
pub const SU3: [(usize, f64); 2] = [(8, 6.0), (4, 6.0)];

/// The name of a set-up in four dimensions.
pub fn name(length: usize, beta: f64) -> String {
    format!("4d-{length}-{beta}")
}

fn set_up(form: Form) -> (usize, f64) {
    form.pick(SU3[0], SU3[1])
}

fn asked(form: Form, value: f64) -> Vec<Declared> {
    let (length, beta) = set_up(form);
    vec![(name(length, beta), Some(value))]
}

/// The Wilson action of a set-up.
pub fn action((length, beta): (usize, f64)) -> Result<Arc<dyn Action>> {
    let spec: ActionSpec = spec::parse("action", &format!("{{type: 'wilson', group: 'su3', beta: {beta}}}"))?;
    let context = Arc::new(Context::new(1, Precision::F64, 1)?);
    Ok(spec.build(&context, &Lattice::new(&[length; 4])?)?.into())
}

/// The layers of the repository.
fn layers(file: &str, (length, _): (usize, f64)) -> Result<Arc<dyn Model>> {
    let context = Arc::new(Context::new(1, Precision::F64, 1)?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(file);
    match load_any(&context, &Lattice::new(&[length; 4])?, &path)?.0 {
        Learned::Stout(layers) => Ok(Arc::new(layers)),
        Learned::Flow(flow) => Ok(Arc::new(flow)),
    }
}

/// Swaps with layers in their paths.
fn swaps(form: Form) -> Result<Figure> {
    let (place, model) = (set_up(form), layers("stout_su3.safetensors", set_up(form))?);
    let text = replicas("[1, 0.6666666666666667, 0.3333333333333333, 0]", 6, form.pick(4, 1));
    let found = acceptance(place, Some(model), &text, form.pick([50, 1_000], [10, 150]))?;
    Ok(figure(place, found, 0.66))
}

/// Variances of the work, of paths that take the same time.
fn works(run: &Run) -> Result<Figure> {
    let place = set_up(run.form);
    let (theory, model) = (action(place)?, layers("stout_su3_4.safetensors", place)?);
    let text = |steps: usize| {
        format!("{{type: 'jarzynski', defect: {{size: [4, 4, 4]}}, steps: {steps}, overrelaxation: 1, start: 'hot'}}")
    };
    let steps = 12;
    let time = |model: Option<&Arc<dyn Model>>, steps: usize| {
        let kernel = Kernel { action: &theory, model: model.cloned(), spec: &text(steps), seed: SEED };
        kernel.time_of_step(run.clock, run.form.pick(44, 11))
    };
    let as_long = steps as f64 * time(Some(&model), steps)?.value / time(None, steps)?.value;
    let variance = |model: Option<&Arc<dyn Model>>, steps: usize| -> Result<Estimate> {
        let spec: ChainSpec = spec::parse("chain", &text(steps))?;
        let mut chain = Chain::new(Arc::clone(&theory), model.cloned(), &spec, SEED)?;
        let (count, skipped) = (run.form.pick(1_000, 200), run.form.pick(50, 20));
        let works = (0..count + skipped).map(|_| Ok(chain.step()?.delta)).collect::<Result<Vec<f64>>>()?;
        let mean = works[skipped..].iter().sum::<f64>() / count as f64;
        let squares: Vec<f64> = works[skipped..].iter().map(|work| (work - mean).powi(2)).collect();
        let found = autocorrelation(&squares)?;
        Ok(Estimate { value: found.mean, error: found.error })
    };
    let (plain, learned) = (variance(None, as_long.round().max(1.0) as usize)?, variance(Some(&model), steps)?);
    let value = plain.value / learned.value;
    let error = value * (plain.error / plain.value).hypot(learned.error / learned.value);
    Ok(figure(place, Estimate { value, error }, 3.0))
}

fn figure((length, beta): (usize, f64), found: Estimate, reference: f64) -> Figure {
    let Estimate { value, error } = found;
    Figure { set_up: name(length, beta), value, error, reference, source: "asked", aim: Aim::AtLeast }
}
