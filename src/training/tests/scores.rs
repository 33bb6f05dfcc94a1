//! Score matching on fields of a chain, to the noise, to the forces, and to both.

use super::super::objective::{Objective, Samples};
use super::super::score_matching::ScoreMatching;
use super::super::{FieldsSpec, TrainSpec, ensemble, load, save, train, train_for, train_on};
use super::diffusion::diffusion;
use super::{bits, expect_derivative, flow_of, key};
use crate::action::{Action, ActionSpec, Callback};
use crate::context::{Precision, of_tests, serial};
use crate::error::Error;
use crate::flow::{Flow, Model, Score, Target};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::spec;
use std::sync::Arc;

const NETWORK: &str =
    "{type: 'convolutional', hidden: [3], times: 3, symmetry: 'odd', forces: true, initial_output: 0.3}";
const PRESERVING: &str = "process: 'variance_preserving', beta_max: 8";

pub(super) fn action(text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = spec::parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(&[4, 4]).unwrap()).unwrap().into()
}

pub(super) fn interacting() -> Arc<dyn Action> {
    action("{type: 'phi4', mass_squared: -4, lambda: 8}")
}

/// The same action as a function of the host.
pub(super) fn called(inner: Arc<dyn Action>) -> Arc<dyn Action> {
    let lattice = inner.lattice().clone();
    Arc::new(Callback::new(&lattice, move |field: &[f64], gradient: Option<&mut [f64]>| match gradient {
        Some(gradient) => inner.gradient(field, gradient),
        None => inner.value(field),
    }))
}

fn model(threads: usize, keys: &str) -> Flow {
    diffusion(&of_tests(5, Precision::F64, threads), &[4, 4], &format!("network: {NETWORK}, {keys}"))
}

fn normals(count: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; count];
    Stream::new(3, Purpose::Start, 0).normals(&mut numbers);
    numbers
}

fn training(keys: &str) -> TrainSpec {
    spec::parse("training", &format!("{{steps: 12, batch: 20, learning_rate: 0.01, {keys}}}")).unwrap()
}

const CHAIN: &str = "fields: {chain: {type: 'hmc', steps: 3, length: 1}, thermalise: 5, between: 2, count: 30}";

#[test]
fn the_gradient_is_the_derivative_of_the_loss_for_all_targets() {
    for keys in ["sigma_min: 0.1", PRESERVING] {
        let flow = model(1, keys);
        let (fields, forces) = (normals(7 * 16), normals(14 * 16)[7 * 16..].to_vec());
        for target in [Target::Force { square: 1.3 }, Target::Mixed { square: 1.3 }] {
            let mut objective = ScoreMatching::with_forces(&flow, &fields, (Some(&forces), target)).unwrap();
            let samples = Samples { key: key(), step: 0, count: 5 };
            let found = objective.run(flow.parameters(), &samples).unwrap();
            let gradient = &found.gradient[..];
            let places = (0..gradient.len()).step_by(gradient.len() / 11 + 1);
            let mut loss = |parameters: &[f64]| objective.run(parameters, &samples).unwrap().loss;
            expect_derivative(&mut loss, flow.parameters(), (gradient, places), 1e-7, &format!("{keys} {target:?}"));
        }
    }
}

/// White fields of the model's width have the score of a model without a network. The mixed target is then that score itself, sample by
/// sample; the losses of the other two are σ²/v and α² w²/v on average, whose sum is 1 at each time.
#[test]
fn targets_of_white_fields_are_known() {
    const WIDTH: f64 = 0.7;
    const COUNT: usize = 4000;
    let fields: Vec<f64> = normals(COUNT * 16).iter().map(|x| WIDTH * x).collect();
    let forces: Vec<f64> = fields.iter().map(|x| x / (WIDTH * WIDTH)).collect();
    let square = 1.0 / (WIDTH * WIDTH);
    for keys in ["sigma_min: 0.05, sigma_max: 5", PRESERVING] {
        let mut flow = model(1, &format!("width: {WIDTH}, {keys}"));
        flow.set_parameters(&vec![0.0; flow.parameters().len()]).unwrap();
        let loss = |forces, target| {
            let mut objective = ScoreMatching::with_forces(&flow, &fields, (forces, target)).unwrap();
            objective.run(flow.parameters(), &Samples { key: key(), step: 0, count: COUNT }).unwrap().loss
        };
        let mixed = loss(Some(&forces[..]), Target::Mixed { square });
        assert!(mixed < 1e-20, "{keys}: {mixed}");
        let parts = [loss(None, Target::Denoising), loss(Some(&forces[..]), Target::Force { square })];
        // Each is a mean of about 64000 squares of numbers of at most unit variance.
        let bound = 5.0 * (4.0 / (COUNT * 16) as f64).sqrt();
        assert!((parts[0] + parts[1] - 1.0).abs() < bound, "{keys}: {parts:?}");
        assert!(parts.iter().all(|&part| part > 0.05), "{keys}: {parts:?}");
    }
}

/// The key `fields` is a chain, then training on its fields; a host's action is trained on like one of the library.
#[test]
fn fields_of_a_chain_are_given_fields() {
    let of_chain = |action: &Arc<dyn Action>, keys: &str| {
        let mut flow = model(1, "");
        train_for(&mut flow, &mut None, action, &training(&format!("{CHAIN}, {keys}")), &mut |_| false).unwrap();
        bits(&flow)
    };
    let denoised = of_chain(&interacting(), "score: 'denoising'");
    assert_eq!(denoised, of_chain(&interacting(), ""));
    let fields: FieldsSpec = training(CHAIN).fields.unwrap();
    let fields = ensemble::draw(&interacting(), &fields, 5).unwrap();
    assert_eq!(fields.len(), 30 * 16);
    let mut flow = model(1, "");
    train_on(&mut flow, &mut None, &fields, &training("score: 'denoising'"), &mut |_| false).unwrap();
    assert_eq!(bits(&flow), denoised);
    let mixed = of_chain(&interacting(), "score: 'mixed'");
    assert_eq!(mixed, of_chain(&called(interacting()), "score: 'mixed'"));
    let target = of_chain(&interacting(), "score: 'target'");
    assert!(mixed != denoised && mixed != target && target != denoised);
    // A flow learns by maximum likelihood on the same fields.
    let lattice = Lattice::new(&[4, 2]).unwrap();
    let small: Arc<dyn Action> = super::action(&lattice);
    let affine = || flow_of("{type: 'affine', layers: 2, hidden: [2]}", 1, Precision::F64);
    let mut flow = affine();
    train_for(&mut flow, &mut None, &small, &training(CHAIN), &mut |p| !p.ess.is_nan()).unwrap();
    let (fields, mut given) = (ensemble::draw(&small, &training(CHAIN).fields.unwrap(), 5).unwrap(), affine());
    train_on(&mut given, &mut None, &fields, &training(""), &mut |_| false).unwrap();
    assert_eq!(bits(&flow), bits(&given));
}

#[test]
fn a_run_on_fields_of_a_chain_goes_on_bit_for_bit() {
    let path = crate::file::of_tests("of_chain");
    let spec = training(&format!("{CHAIN}, score: 'mixed', average: 0.9"));
    let mut straight = model(1, "");
    train_for(&mut straight, &mut None, &interacting(), &spec, &mut |_| false).unwrap();
    let (mut stopped, mut state) = (model(2, ""), None);
    let end = train_for(&mut stopped, &mut state, &interacting(), &spec, &mut |p| p.step == 5);
    assert!(matches!(end, Err(Error::Stopped(_))));
    save(&path, &stopped, state.as_ref()).unwrap();
    let (mut resumed, mut state) = load(&of_tests(5, Precision::F64, 3), stopped.lattice(), &path).unwrap();
    let other = action("{type: 'phi4', mass_squared: -4, lambda: 7}");
    let error = train_for(&mut resumed, &mut state, &other, &spec, &mut |_| false).unwrap_err();
    assert!(error.to_string().starts_with("action: expected that of the run that was stopped"), "{error}");
    train_for(&mut resumed, &mut state, &interacting(), &spec, &mut |_| false).unwrap();
    assert_eq!(bits(&resumed), bits(&straight));
    std::fs::remove_file(&path).unwrap();
}

/// As the noise goes to zero the score is -dS/dphi, of which little is seen in the noise that was added.
#[test]
fn forces_teach_the_score_of_little_noise() {
    let network = "{type: 'convolutional', hidden: [], times: 4, symmetry: 'odd', forces: true, initial_output: 0.1}";
    let action = interacting();
    let keys = "fields: {chain: {type: 'hmc', steps: 4, length: 1}, between: 2, count: 1500}, schedule: 'cosine'";
    let fields = ensemble::draw(&action, &training(keys).fields.unwrap(), 77).unwrap();
    let error = |score: &str| {
        let keys = format!("{keys}, score: '{score}'");
        let spec = TrainSpec { steps: 1200, batch: 64, learning_rate: 0.02, ..training(&keys) };
        let model = format!("sigma_min: 0.02, sigma_max: 3, width: 0.38, network: {network}");
        let mut flow = diffusion(&of_tests(5, Precision::F64, 1), &[4, 4], &model);
        train_for(&mut flow, &mut None, &action, &spec, &mut |_| false).unwrap();
        let mut found = vec![0.0; 100 * 16];
        Score::new(&flow.diffused().unwrap(), 0.0).unwrap().write(&fields[..100 * 16], &mut found).unwrap();
        let (forces, square) = ensemble::forces(&*action, &fields[..100 * 16]).unwrap();
        let miss = found.iter().zip(&forces).map(|(s, f)| (s + f).powi(2)).sum::<f64>() / forces.len() as f64;
        (miss / square).sqrt()
    };
    let [denoising, target, mixed] = ["denoising", "target", "mixed"].map(error);
    eprintln!("relative error of the score: denoising {denoising}, target {target}, mixed {mixed}");
    assert!(mixed < 0.5 * denoising && target < 0.5 * denoising, "{denoising} {target} {mixed}");
    assert!(mixed < 0.2, "{mixed}");
}

#[test]
fn faults_are_named() {
    let message = |keys: &str| {
        let spec: TrainSpec = spec::parse("training", &format!("{{steps: 1, {keys}}}")).unwrap();
        train_for(&mut model(1, ""), &mut None, &interacting(), &spec, &mut |_| false).unwrap_err().to_string()
    };
    for (keys, expected) in [
        ("fields: {count: 0}", "fields: count: expected 1 to 16777216, got 0"),
        ("fields: {between: 0}", "fields: between: expected 1 to 1000000, got 0"),
        ("fields: {chain: {type: 'independence'}}", "fields: chain: type 'independence': expected a model, got none"),
        (
            "fields: {chain: {type: 'annealing', population: 4}}",
            "fields: chain: expected one whose fields have equal weights, got one of paths with weights",
        ),
        ("score: 'mixed'", "score: expected none but for a model of type 'diffusion' on fields, got some"),
        ("fields: {}, annealing: {}", "fields: expected none beside 'annealing', got some"),
        ("fields: {}, path_ratio: {}", "path_ratio: expected none beside 'fields', got some"),
        (
            "path_ratio: {}, score: 'target'",
            "score: expected none but for a model of type 'diffusion' on fields, got some",
        ),
        ("path_ratio: {steps: 0}", "path_ratio: steps: expected 1 to 100000, got 0"),
        ("path_ratio: {corrector: {size: 0}}", "path_ratio: corrector: size: expected above 0, at most 1, got 0"),
        ("fields: {}, gradient: 'path'", "gradient: expected none for training on fields, where there is no estimator"),
        ("fields: {}, paths: {}", "paths: expected none for a model with a density, got some"),
    ] {
        assert!(message(keys).starts_with(expected), "{keys}: {}", message(keys));
    }
    let on = |keys: &str| {
        let spec: TrainSpec = spec::parse("training", &format!("{{steps: 1, {keys}}}")).unwrap();
        train_on(&mut model(1, ""), &mut None, &normals(32), &spec, &mut |_| false).unwrap_err().to_string()
    };
    assert_eq!(on("score: 'target'"), "score: expected 'denoising' on fields without an action, got 'target'");
    assert_eq!(on("fields: {}"), "fields: expected none but for a model with a density on an action, got some");
    // A model that is none of diffusion, by each function.
    let mut affine = flow_of("{type: 'affine', layers: 2, hidden: [2]}", 1, Precision::F64);
    let small = super::action(&affine.lattice().clone());
    let mut refused = |keys: &str| {
        let spec: TrainSpec = spec::parse("training", &format!("{{steps: 1, {keys}}}")).unwrap();
        train_for(&mut affine, &mut None, &small, &spec, &mut |_| false).unwrap_err().to_string()
    };
    assert_eq!(refused("path_ratio: {}"), "model: expected one of type 'diffusion', got another");
    assert!(refused("fields: {}, score: 'denoising'").starts_with("score: expected none but for"));
    let spec: TrainSpec = spec::parse("training", "{fields: {}}").unwrap();
    assert!(train(&mut affine, &mut None, &*small, &spec, &mut |_| false).is_err());
}
