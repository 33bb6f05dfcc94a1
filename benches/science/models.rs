//! Exact values of scalar theories by reweighting of models, and models judged with the exact log Z.

use super::chains::series;
use super::figure::{Aim, Figure, Row, measured};
use super::recipe::{AFFINE_4, AFFINE_KAPPA_4, TUTORIAL_8};
use super::run::Form;
use super::theory::{FORM_A_4, FORM_A_6, FORM_A_8, FORM_KAPPA_4, SetUp, Theory, exact, phi_squared, susceptibility};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::{Flow, Model};
use instanton::lattice::Lattice;
use instanton::statistics::{Estimate, forward, kl_per_site, nested_ess, reweighted, reweighting, two_sided};
use instanton::training::load;
use std::path::Path;
use std::sync::Arc;

pub const ROWS: &[Row] = &[
    Row {
        name: "phi4-log-z-flow",
        about: "log Z by reweighting of the models' samples.",
        set_ups: |form| exact(theories(form), |theory| theory.log_z),
        measure: |run| figures(run.form, &models(run.form)?, log_z),
    },
    Row {
        name: "phi4-chi-flow",
        about: "Susceptibility by reweighting of the models' samples.",
        set_ups: |form| exact(theories(form), |theory| theory.susceptibility),
        measure: |run| figures(run.form, &models(run.form)?, chi),
    },
    Row {
        name: "phi4-phi2-flow",
        about: "⟨φ²⟩ by reweighting of the models' samples.",
        set_ups: |form| exact(theories(form), |theory| theory.phi_squared),
        measure: |run| figures(run.form, &models(run.form)?, phi2),
    },
    Row {
        name: "phi4-kl-flow",
        about: "KL(q‖p)/V with the exact log Z, beside that with log Z from the model's samples and a chain's fields.",
        set_ups: |_| measured([FORM_A_6.set_up.name]),
        measure: |run| divergences(run.form),
    },
    Row {
        name: "phi4-ess-forward",
        about: "Effective sample size of a model from fields of a chain, beside that from its own samples.",
        set_ups: |_| measured([FORM_A_6.set_up.name]),
        measure: |run| forward_sizes(run.form),
    },
    Row {
        name: "phi4-ess-nested",
        about: "Effective sample size of the first n samples, beside that of all: whether it has converged; set-ups end with n.",
        set_ups: |form| measured(first_counts(form).map(nested_name)),
        measure: |run| nested_sizes(run.form),
    },
];

/// Samples of a model with their log weights.
pub struct Samples {
    fields: Vec<f64>,
    volume: usize,
    /// −S − log q.
    pub log_weights: Vec<f64>,
}

impl Samples {
    /// The first samples of a model.
    pub fn new(set_up: &SetUp, flow: &Flow, count: usize) -> Result<Self> {
        let (action, volume) = (set_up.build()?, set_up.length.pow(2));
        let (mut fields, mut log_q) = (vec![0.0; count * volume], vec![0.0; count]);
        flow.sample(1 << 40, count, &mut fields, &mut log_q)?;
        let weights = fields.chunks(volume).zip(&log_q).map(|(field, q)| Ok(-action.value(field)? - q));
        let log_weights = weights.collect::<Result<_>>()?;
        Ok(Self { fields, volume, log_weights })
    }

    /// Field by field.
    pub fn fields(&self) -> impl Iterator<Item = &[f64]> {
        self.fields.chunks(self.volume)
    }

    fn mean(&self, of: fn(&[f64]) -> f64) -> Result<Estimate> {
        let values: Vec<f64> = self.fields().map(of).collect();
        reweighted(&self.log_weights, &values)
    }
}

/// The model of the repository for L x L sites.
pub fn shipped(length: usize) -> Result<Flow> {
    let context = Arc::new(Context::new(1, Precision::F32, 1)?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/phi4_{length}x{length}.safetensors"));
    Ok(load(&context, &Lattice::new(&[length, length])?, &path)?.0)
}

/// Theories of the models; short forms have the first two.
const THEORIES: [&Theory; 4] = [&FORM_A_6, &FORM_A_4, &FORM_KAPPA_4, &FORM_A_8];

fn theories(form: Form) -> &'static [&'static Theory] {
    &THEORIES[..form.pick(4, 2)]
}

fn models(form: Form) -> Result<Vec<(&'static Theory, Arc<Flow>)>> {
    let mut all = vec![(&FORM_A_6, Arc::new(shipped(6)?)), (&FORM_A_4, AFFINE_4.flow()?)];
    if form == Form::Full {
        all.push((&FORM_KAPPA_4, AFFINE_KAPPA_4.flow()?));
        all.push((&FORM_A_8, TUTORIAL_8.flow()?));
    }
    Ok(all)
}

/// A number beside its exact value.
fn figure(set_up: &str, found: Estimate, reference: f64, source: &'static str) -> Figure {
    Figure { set_up: set_up.into(), value: found.value, error: found.error, reference, source, aim: Aim::Equal }
}

/// A number from a model's samples, and its exact value.
pub type Reweighted = fn(&Theory, &Samples) -> Result<(Estimate, f64)>;

/// log Z.
pub fn log_z(theory: &Theory, samples: &Samples) -> Result<(Estimate, f64)> {
    let found = reweighting(&samples.log_weights)?;
    Ok((Estimate { value: found.log_z, error: found.log_z_error }, theory.log_z))
}

/// χ.
pub fn chi(theory: &Theory, samples: &Samples) -> Result<(Estimate, f64)> {
    Ok((samples.mean(susceptibility)?, theory.susceptibility))
}

/// ⟨φ²⟩.
fn phi2(theory: &Theory, samples: &Samples) -> Result<(Estimate, f64)> {
    Ok((samples.mean(phi_squared)?, theory.phi_squared))
}

/// Numbers from samples of several models, each for a theory.
pub fn figures(form: Form, models: &[(&'static Theory, Arc<Flow>)], of: Reweighted) -> Result<Vec<Figure>> {
    let run = |(theory, flow): &(&'static Theory, Arc<Flow>)| {
        let samples = Samples::new(&theory.set_up, flow, form.pick(1_000_000, 20_000))?;
        let (found, exact) = of(theory, &samples)?;
        Ok(figure(theory.set_up.name, found, exact, theory.source))
    };
    models.iter().map(run).collect()
}

const HMC: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 5, length: 1}";

/// log weights of a model on fields of a chain.
fn on_chain(theory: &Theory, flow: &Flow, steps: usize) -> Result<Vec<f64>> {
    let action = theory.set_up.build()?;
    // The density is computed for all fields of the chain at once.
    let (volume, fields) = (theory.set_up.length.pow(2), std::cell::RefCell::new(Vec::new()));
    series(&action, HMC, steps, |field| {
        fields.borrow_mut().extend_from_slice(field);
        0.0
    })?;
    let fields = fields.into_inner();
    let mut log_q = vec![0.0; steps];
    flow.log_density(steps, &fields, &mut log_q)?;
    fields.chunks(volume).zip(&log_q).map(|(field, q)| Ok(-action.value(field)? - q)).collect()
}

fn divergences(form: Form) -> Result<Vec<Figure>> {
    let (theory, flow) = (&FORM_A_6, shipped(6)?);
    let samples = Samples::new(&theory.set_up, &flow, form.pick(500_000, 20_000))?;
    let found = kl_per_site(&samples.log_weights, theory.log_z, 36)?;
    let both = two_sided(&samples.log_weights, &on_chain(theory, &flow, form.pick(500_000, 20_000))?)?;
    // The errors of the two have the samples in common: the difference is that of log Z alone.
    let found = Estimate { value: found.value, error: both.log_z.error / 36.0 };
    Ok(vec![figure(theory.set_up.name, found, both.kl_model.value / 36.0, "two-sided")])
}

fn forward_sizes(form: Form) -> Result<Vec<Figure>> {
    let (theory, flow) = (&FORM_A_6, shipped(6)?);
    let own = reweighting(&Samples::new(&theory.set_up, &flow, form.pick(500_000, 20_000))?.log_weights)?;
    let found = forward(&on_chain(theory, &flow, form.pick(500_000, 20_000))?, Some(theory.log_z))?.ess;
    let found = Estimate { value: found.value, error: found.error.hypot(own.ess_error) };
    Ok(vec![figure(theory.set_up.name, found, own.ess, "model-samples")])
}

/// Samples of the row of nested sizes.
fn all_samples(form: Form) -> usize {
    form.pick(1 << 20, 1 << 14)
}

/// Numbers n of the first samples.
fn first_counts(form: Form) -> [usize; 3] {
    [64, 16, 4].map(|part| all_samples(form) / part)
}

/// The name of the first n samples among the set-ups.
fn nested_name(count: usize) -> String {
    format!("{}-{count}", FORM_A_6.set_up.name)
}

fn nested_sizes(form: Form) -> Result<Vec<Figure>> {
    let all = all_samples(form);
    let log_weights = Samples::new(&FORM_A_6.set_up, &shipped(6)?, all)?.log_weights;
    let [a, b, c] = first_counts(form);
    let sizes = nested_ess(&log_weights, &[a, b, c, all])?;
    let beside_all = |(count, found): (usize, &Estimate)| {
        // All samples include the first ones: variances are proportional to 1/n − 1/N in place of 1/n.
        let error = found.error * (1.0 - count as f64 / all as f64).sqrt();
        figure(&nested_name(count), Estimate { error, ..*found }, sizes[3].value, "all-samples")
    };
    Ok(first_counts(form).into_iter().zip(&sizes).map(beside_all).collect())
}
