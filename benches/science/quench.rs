//! Annealed paths of φ⁴ theory from one κ to another: the variance of their work, with learned layers and without.
//!
//! A path costs the same time with both: without layers it has as many more changes of κ as layers take time. Both are tuned over the
//! kernels between the changes. The chains that paths start from are left out of the time, since they are the same.

use super::chains::{Kernel, SEED};
use super::figure::{Aim, Figure, Row};
use super::run::{Form, Run};
use super::theory::{QUENCH_8, QUENCH_16, SetUp};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::Model;
use instanton::lattice::Lattice;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::{Estimate, autocorrelation};
use instanton::training::load;
use std::path::Path;
use std::sync::Arc;

pub const ROWS: &[Row] = &[Row {
    name: "snf-work",
    about: "Variance of the work of annealed paths from κ = 0.2, without layers over with layers at equal wall time.",
    set_ups: |form| vec![(set_up(form).name.into(), Some(ASKED))],
    measure: |run| Ok(vec![figure(run)?]),
}];

/// The ratio that is asked for.
const ASKED: f64 = 3.0;
/// Layers of the model.
const LAYERS: usize = 4;
/// Extent of the lattice that the model was trained on.
const TRAINED: usize = 8;

/// Kernels between the changes.
const KERNELS: [&str; 4] = [
    "{type: 'hmc', steps: 3, length: 0.6}",
    "{type: 'hmc', steps: 2, length: 0.5}",
    "{type: 'hmc', steps: 5, length: 1.2}",
    "{type: 'langevin', step: 0.02}",
];

fn set_up(form: Form) -> &'static SetUp {
    form.pick(&QUENCH_16, &QUENCH_8)
}

/// The model of the repository on the lattice of a set-up.
fn model(set_up: &SetUp) -> Result<Arc<dyn Model>> {
    let context = Arc::new(Context::new(1, Precision::F64, 1)?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/stochastic_8.safetensors");
    let own = load(&context, &Lattice::new(&[TRAINED; 2])?, &path)?.0;
    Ok(Arc::new(own.transfer(&context, &set_up.lattice()?)?))
}

/// Paths of some changes, from an equilibrium at another κ, or for the time of a path alone from white noise.
fn text(kernel: &str, steps: usize, from: &str) -> String {
    format!(
        "{{type: 'annealing', population: 64, fields: 64, resample: 0, steps: {steps}, from: {from}, kernel: {kernel}}}"
    )
}

const CHAINS: &str = "{type: 'chain', couplings: {kappa: 0.2}, thermalise: 100}";
const WHITE: &str = "{type: 'white', width: 0.7}";

/// Microseconds of a path.
fn time(run: &Run, model: Option<&Arc<dyn Model>>, (kernel, steps): (&str, usize)) -> Result<f64> {
    let spec = text(kernel, steps, WHITE);
    let kernel = Kernel { action: &set_up(run.form).build()?, model: model.cloned(), spec: &spec, seed: SEED };
    // Whole populations: the first step of each makes 64 paths.
    Ok(kernel.time_of_step(run.clock, 64 * run.form.pick(110, 11))?.value)
}

/// Variance of the work.
fn variance(form: Form, model: Option<&Arc<dyn Model>>, (kernel, steps): (&str, usize)) -> Result<Estimate> {
    let spec: ChainSpec = spec::parse("chain", &text(kernel, steps, CHAINS))?;
    let mut chain = Chain::new(set_up(form).build()?, model.cloned(), &spec, SEED)?;
    let works = (0..form.pick(64 * 300, 64 * 20)).map(|_| Ok(chain.step()?.delta)).collect::<Result<Vec<f64>>>()?;
    let mean = works.iter().sum::<f64>() / works.len() as f64;
    let found = autocorrelation(&works.iter().map(|work| (work - mean).powi(2)).collect::<Vec<f64>>())?;
    Ok(Estimate { value: found.mean, error: found.error })
}

fn figure(run: &Run) -> Result<Figure> {
    let (form, set_up) = (run.form, set_up(run.form));
    let model = model(set_up)?;
    let mut best: Option<(Estimate, &str, f64)> = None;
    let kernels = &KERNELS[..form.pick(KERNELS.len(), 1)];
    for &kernel in kernels {
        let found = variance(form, Some(&model), (kernel, LAYERS))?;
        if best.as_ref().is_none_or(|(known, ..)| found.value < known.value) {
            best = Some((found, kernel, time(run, Some(&model), (kernel, LAYERS))?));
        }
    }
    let (learned, _, each) = best.expect("a kernel");
    // Without layers: the least variance of all kernels with as many changes as fit into the same time.
    let mut plain: Option<Estimate> = None;
    for &kernel in kernels {
        let of_change = time(run, None, (kernel, LAYERS))? / LAYERS as f64;
        let steps = (each / of_change).round().max(1.0) as usize;
        let found = variance(form, None, (kernel, steps))?;
        if plain.as_ref().is_none_or(|known| found.value < known.value) {
            plain = Some(found);
        }
    }
    let plain = plain.expect("a kernel");
    let value = plain.value / learned.value;
    let error = value * (plain.error / plain.value).hypot(learned.error / learned.value);
    Ok(Figure { set_up: set_up.name.into(), value, error, reference: ASKED, source: "asked", aim: Aim::AtLeast })
}
