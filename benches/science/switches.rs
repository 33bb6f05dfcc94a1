//! Acceptance of swaps of replicas in four dimensions, beside figures of a public code.
//!
//! SU(3), Wilson action, a defect of 2^3 links, a heat bath and four sweeps of overrelaxation between swaps, equidistant strengths. The
//! public figures are from one run without errors, in conventions that are not known: swaps without paths, whose acceptance no
//! algorithm can change, differ from it by more than a factor of ten for this defect.

use super::chains::SEED;
use super::figure::{Aim, Figure, Row};
use super::layers::{SU3, action, name};
use super::run::Form;
use instanton::error::Result;
use instanton::flow::Model;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::{Estimate, autocorrelation};
use std::sync::Arc;

pub const ROWS: &[Row] = &[Row {
    name: "swap-acceptance",
    about: "Swap acceptance of 4 replicas of SU(3) without layers; set-ups are L, β and the changes of strength in a swap.",
    set_ups: |form| public(form).iter().map(|(switches, value)| (of(form, *switches), Some(*value))).collect(),
    measure: |run| public(run.form).iter().map(|known| figure(run.form, *known)).collect(),
}];

/// Changes of strength, and the public acceptance.
const PUBLIC: [(u64, f64); 4] = [(1, 0.191), (2, 0.245), (4, 0.330), (6, 0.377)];
/// Set-ups of a form; the short one has the first alone, on a smaller lattice.
fn public(form: Form) -> &'static [(u64, f64)] {
    &PUBLIC[..form.pick(4, 1)]
}

fn place(form: Form) -> (usize, f64) {
    form.pick(SU3[0], SU3[1])
}

fn of(form: Form, switches: u64) -> String {
    let (length, beta) = place(form);
    format!("{}-{switches}", name(length, beta))
}

fn figure(form: Form, (switches, reference): (u64, f64)) -> Result<Figure> {
    let spec = replicas("[1, 0.6666666666666667, 0.3333333333333333, 0]", switches, 4);
    let Estimate { value, error } = acceptance(place(form), None, &spec, form.pick([100, 1_000], [20, 400]))?;
    Ok(Figure { set_up: of(form, switches), value, error, reference, source: "public-code", aim: Aim::AtLeast })
}

/// Spec of replica exchange with some sweeps of overrelaxation.
pub fn replicas(strengths: &str, switches: u64, overrelaxation: u64) -> String {
    format!(
        "{{type: 'tempering', defect: {{size: [2, 2, 2]}}, strengths: {strengths}, switches: {switches}, \
         sweep: {{type: 'heatbath', overrelaxation: {overrelaxation}}}, start: 'hot'}}"
    )
}

/// The mean acceptance of all swaps of a step, by the counters of the chain, after some steps.
pub fn acceptance(
    place: (usize, f64),
    model: Option<Arc<dyn Model>>,
    text: &str,
    [skipped, count]: [usize; 2],
) -> Result<Estimate> {
    let spec: ChainSpec = spec::parse("chain", text)?;
    let mut chain = Chain::new(action(place)?, model, &spec, SEED)?;
    let (mut before, mut series) = (0.0, vec![]);
    for step in 1..=skipped + count {
        chain.step()?;
        let told = chain.describe()?;
        let of = told["kernel"]["swap_acceptances"].as_array().map_or(&[][..], Vec::as_slice);
        let accepted = of.iter().filter_map(serde_json::Value::as_f64).sum::<f64>() / of.len() as f64 * step as f64;
        if step > skipped {
            series.push(accepted - before);
        }
        before = accepted;
    }
    let found = autocorrelation(&series)?;
    Ok(Estimate { value: found.mean, error: found.error })
}
