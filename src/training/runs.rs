//! Runs of training: what each kind of model is trained on, and by which objective.

use super::adam::TrainingState;
use super::annealed_work::AnnealedWork;
use super::ensemble;
use super::fingerprint;
use super::forward_kl::ForwardKl;
use super::least_squares::LeastSquares;
use super::mean_work::MeanWork;
use super::objective::{Objective, Report, Samples};
use super::path_kl::PathKl;
use super::reverse_kl::ReverseKl;
use super::score_matching::ScoreMatching;
use super::spec::{Optimiser, PathsSpec, ScoreTarget, TrainSpec};
use super::trainer::{Watcher, minimise};
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::{Flow, ModelSpec, Stout, Target};
use std::sync::Arc;

/// Trains a flow for an action on the same lattice.
///
/// A stopped run, given by `state`, goes on where it stopped, bit for bit as if it never had, and with the same action;
/// after a finished run, or where the spec does not resume, a new one begins. `progress` is called after each step and
/// stops the run by returning true: then the error is `Stopped`, and flow and state are those of that step. On any
/// other error, and where that step made a parameter infinite, they are those of the last step with finite loss and
/// gradient.
pub fn train(
    flow: &mut Flow,
    state: &mut Option<TrainingState>,
    action: &dyn Action,
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    spec.check()?;
    expect_parameters(flow)?;
    expect_lattice(flow, action)?;
    expect_density(spec)?;
    expect_keys(spec, &[])?;
    flow.chain().expect_density()?;
    let mut objective = ReverseKl::new(flow, action, spec.gradient.unwrap_or_default())?;
    minimise(flow, state, &mut objective, spec, progress)
}

/// Trains the layers of a flow by the mean work of annealed paths to an action, which the key `annealing` of the spec describes,
/// as [`train`] does a flow by its divergence.
pub fn train_annealed(
    flow: &mut Flow,
    state: &mut Option<TrainingState>,
    action: &Arc<dyn Action>,
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    spec.check()?;
    expect_parameters(flow)?;
    expect_density(spec)?;
    flow.chain().expect_density()?;
    expect_no_estimator(spec, "the work of paths")?;
    expect_keys(spec, &["annealing"])?;
    let Some(annealing) = &spec.annealing else {
        return Err(Error::BadSpec("annealing: expected the path that layers are trained on, got none".into()));
    };
    let mut objective = AnnealedWork::new(flow, action, annealing)?;
    minimise(flow, state, &mut objective, spec, progress)
}

/// Trains a flow on fields of a density (count x numbers of a field), as [`train`] does on an action. A spec with an
/// estimator of the gradient is refused: derivatives of -log q at given fields are exact.
pub fn train_on(
    flow: &mut Flow,
    state: &mut Option<TrainingState>,
    fields: &[f64],
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    spec.check()?;
    expect_parameters(flow)?;
    expect_no_estimator(spec, "training on fields")?;
    expect_density(spec)?;
    if !is_diffusion(flow) {
        expect_keys(spec, &[])?;
        let mut objective = ForwardKl::new(flow, fields)?;
        return minimise(flow, state, &mut objective, spec, progress);
    }
    expect_keys(spec, &["score"])?;
    if let Some(score @ (ScoreTarget::Target | ScoreTarget::Mixed)) = spec.score {
        let got = if score == ScoreTarget::Target { "target" } else { "mixed" };
        return Err(Error::BadSpec(format!("score: expected 'denoising' on fields without an action, got '{got}'")));
    }
    let mut objective = ScoreMatching::new(flow, fields)?;
    minimise(flow, state, &mut objective, spec, progress)
}

/// Trains a flow on fields of a chain for an action, which the key `fields` of the spec describes, as [`train_on`] does on given ones;
/// a diffusion model by the score that the spec names, with the forces of the action where that needs them.
pub fn train_on_chain(
    flow: &mut Flow,
    state: &mut Option<TrainingState>,
    action: &Arc<dyn Action>,
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    spec.check()?;
    expect_parameters(flow)?;
    expect_lattice(flow, &**action)?;
    flow.chain().domain.expect("action", &action.domain())?;
    expect_density(spec)?;
    expect_no_estimator(spec, "training on fields")?;
    let Some(chain) = &spec.fields else {
        return Err(Error::BadSpec("fields: expected the chain that gives them, got none".into()));
    };
    expect_keys(spec, if is_diffusion(flow) { &["fields", "score"] } else { &["fields"] })?;
    let fields = ensemble::draw(action, chain, flow.context().seed())?;
    let score = spec.score.unwrap_or_default();
    let forces = match score {
        ScoreTarget::Denoising => None,
        ScoreTarget::Target | ScoreTarget::Mixed => Some(ensemble::forces(&**action, &fields)?),
    };
    let (forces, square) = forces.as_ref().map_or((None, 1.0), |(forces, square)| (Some(&forces[..]), *square));
    let target = match score {
        ScoreTarget::Denoising => Target::Denoising,
        ScoreTarget::Target => Target::Force { square },
        ScoreTarget::Mixed => Target::Mixed { square },
    };
    let objective: Box<dyn Objective> = match is_diffusion(flow) {
        true => Box::new(ScoreMatching::with_forces(flow, &fields, (forces, target))?),
        false => Box::new(ForwardKl::new(flow, &fields)?),
    };
    minimise(flow, state, &mut OfAction { objective, action: &**action }, spec, progress)
}

/// Trains a diffusion model by the divergence of its paths, which the key `path_ratio` of the spec describes, as [`train`] does a flow
/// by that of its density.
pub fn train_path_ratio(
    flow: &mut Flow,
    state: &mut Option<TrainingState>,
    action: &dyn Action,
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    spec.check()?;
    expect_lattice(flow, action)?;
    expect_density(spec)?;
    expect_keys(spec, &["path_ratio"])?;
    let Some(paths) = &spec.path_ratio else {
        return Err(Error::BadSpec("path_ratio: expected the paths of a diffusion model, got none".into()));
    };
    let mut objective = PathKl::new(flow, action, paths, spec.gradient.unwrap_or_default())?;
    minimise(flow, state, &mut objective, spec, progress)
}

/// Trains a flow for an action by the objective whose key the spec has: `annealing`, `fields` or `path_ratio`, or by its density
/// without any.
pub fn train_for(
    flow: &mut Flow,
    state: &mut Option<TrainingState>,
    action: &Arc<dyn Action>,
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    let mut given = particular(spec).into_iter().filter(|(key, is_given, _)| *is_given && *key != "score");
    let (first, second) = (given.next(), given.next());
    if let (Some((first, ..)), Some((second, ..))) = (first, second) {
        return Err(Error::BadSpec(format!("{second}: expected none beside '{first}', got some")));
    }
    match first {
        None => train(flow, state, &**action, spec, progress),
        Some(("annealing", ..)) => train_annealed(flow, state, action, spec, progress),
        Some(("fields", ..)) => train_on_chain(flow, state, action, spec, progress),
        Some(_) => train_path_ratio(flow, state, &**action, spec, progress),
    }
}

/// Trains layers by the mean work of paths through their defect on the lattice of a gauge action, or by least squares, as
/// [`train`] does a flow on an action.
pub fn train_paths(
    model: &mut Stout,
    state: &mut Option<TrainingState>,
    action: &Arc<dyn Action>,
    spec: &TrainSpec,
    progress: Watcher,
) -> Result<()> {
    spec.check()?;
    expect_no_estimator(spec, "layers of type 'stout'")?;
    expect_keys(spec, &[])?;
    let paths: PathsSpec = spec.paths.clone().unwrap_or_default();
    match spec.optimiser {
        Optimiser::Adam => {
            let mut objective = MeanWork::new(model, action, &paths, spec.batch)?;
            minimise(model, state, &mut objective, spec, progress)
        }
        Optimiser::LeastSquares => {
            let mut objective = LeastSquares::new(model, action, &paths, spec.batch)?;
            minimise(model, state, &mut objective, spec, progress)
        }
    }
}

/// An objective on fields that were made for an action, by which a run that was stopped recognises it.
struct OfAction<'a> {
    objective: Box<dyn Objective + 'a>,
    action: &'a dyn Action,
}

impl Objective for OfAction<'_> {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        self.objective.run(parameters, samples)
    }

    fn name(&self) -> &'static str {
        "action"
    }

    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        fingerprint::of(self.action)
    }
}

fn is_diffusion(flow: &Flow) -> bool {
    matches!(flow.spec(), ModelSpec::Diffusion(_))
}

/// An error where the spec of a run for a density has keys of paths.
fn expect_density(spec: &TrainSpec) -> Result<()> {
    let refused = |text: &str| Err(Error::BadSpec(text.into()));
    match (&spec.paths, spec.optimiser) {
        (None, Optimiser::Adam) => Ok(()),
        (Some(_), _) => refused("paths: expected none for a model with a density, got some"),
        _ => refused("optimiser: expected 'adam' for a model with a density, got 'least_squares'"),
    }
}

/// Keys of specs that belong to one objective alone, whether they are given, and what they are for.
fn particular(spec: &TrainSpec) -> [(&'static str, bool, &'static str); 4] {
    [
        ("annealing", spec.annealing.is_some(), "a flow on an action"),
        ("fields", spec.fields.is_some(), "a model with a density on an action"),
        ("path_ratio", spec.path_ratio.is_some(), "a model of type 'diffusion' on an action"),
        ("score", spec.score.is_some(), "a model of type 'diffusion' on fields"),
    ]
}

/// An error where a spec has keys of other objectives than those with keys of their own.
fn expect_keys(spec: &TrainSpec, own: &[&str]) -> Result<()> {
    match particular(spec).into_iter().find(|(key, is_given, _)| *is_given && !own.contains(key)) {
        None => Ok(()),
        Some((key, _, what)) => Err(Error::BadSpec(format!("{key}: expected none but for {what}, got some"))),
    }
}

/// An error where a spec has an estimator of the gradient.
fn expect_no_estimator(spec: &TrainSpec, what: &str) -> Result<()> {
    match spec.gradient {
        None => Ok(()),
        Some(_) => Err(Error::BadSpec(format!(
            "gradient: expected none for {what}, where there is no estimator to choose, got one"
        ))),
    }
}

/// An error where an action lives on another lattice than a flow.
fn expect_lattice(flow: &Flow, action: &dyn Action) -> Result<()> {
    if *flow.lattice() == *action.lattice() {
        return Ok(());
    }
    let (expected, got) = (flow.lattice().shape(), action.lattice().shape());
    Err(Error::BadShape(format!("action: expected a lattice of {expected}, the model's, got {got}")))
}

/// An error for a flow without parameters, which has nothing to train.
fn expect_parameters(flow: &Flow) -> Result<()> {
    match flow.parameters().len() {
        0 => Err(Error::Unsupported("model: expected one with parameters to train, got one without".into())),
        _ => Ok(()),
    }
}
