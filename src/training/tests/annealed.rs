//! Training of layers by the mean work of annealed paths.

use crate::action::{Action, ActionSpec};
use crate::context::{Context, Precision};
use crate::flow::{Flow, ModelSpec};
use crate::lattice::Lattice;
use crate::markov::{Chain, ChainSpec};
use crate::program::Key;
use crate::random::Purpose;
use crate::spec::parse;
use crate::training::annealed_work::AnnealedWork;
use crate::training::objective::{Objective, Samples};
use crate::training::{TrainSpec, TrainingState, train, train_annealed};
use std::sync::Arc;

const ACTION: &str = "{type: 'phi4', mass_squared: -4, lambda: 8}";
const PATH: &str =
    "annealing: {from: {type: 'white', width: 0.45}, sweeps: 2, kernel: {type: 'hmc', steps: 3, length: 0.4}}";

fn context(threads: usize) -> Arc<Context> {
    Arc::new(Context::new(3, Precision::F64, threads).unwrap())
}

fn action(threads: usize) -> Arc<dyn Action> {
    let spec: ActionSpec = parse("action", ACTION).unwrap();
    spec.build(&context(threads), &Lattice::new(&[4, 4]).unwrap()).unwrap().into()
}

fn flow(threads: usize, layers: &str) -> Flow {
    let spec: ModelSpec = parse("model", &format!("{{type: 'chain', layers: [{layers}]}}")).unwrap();
    Flow::new(&context(threads), &Lattice::new(&[4, 4]).unwrap(), &spec).unwrap()
}

const LAYERS: &str = "{type: 'affine', repeat: 2, hidden: [4], initial_output: 0.2}, {type: 'spline', repeat: 2, hidden: [4], initial_output: 0.2}, {type: 'affine', repeat: 2, hidden: [4], initial_output: 0.2, activation: 'tanh'}";

fn spec(keys: &str) -> TrainSpec {
    parse("training", &format!("{{{keys}, {PATH}}}")).unwrap()
}

/// Fields of the last layer do not depend on its parameters, so that its share of the gradient is the whole one.
#[test]
fn the_gradient_of_the_last_layer_is_that_of_the_mean_work() {
    let (flow, a) = (flow(1, LAYERS), action(1));
    let mut objective = AnnealedWork::new(&flow, &a, spec("steps: 1").annealing.as_ref().unwrap()).unwrap();
    let key = Key { seed: 7, purpose: Purpose::Training, counter: 100, stream: 0 };
    let samples = Samples { key, step: 0, count: 12 };
    let mut parameters = flow.parameters().to_vec();
    let report = objective.run(&parameters, &samples).unwrap();
    assert!(report.fault.is_none() && report.loss.is_finite() && report.ess > 0.0, "{report:?}");
    let count = parameters.len();
    for place in (count - 60..count).step_by(7) {
        let mut value = |shift: f64| {
            parameters[place] += shift;
            let loss = objective.run(&parameters, &samples).unwrap().loss;
            parameters[place] -= shift;
            loss
        };
        let expected = (value(1e-5) - value(-1e-5)) / 2e-5;
        let got = report.gradient[place];
        assert!((got - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{place}: {got} {expected}");
    }
}

/// The variance of the work of paths falls, and they are what chains of type 'annealing' make of the model.
#[test]
fn training_makes_the_work_of_paths_smaller() {
    let (mut flow, a) = (flow(2, LAYERS), action(2));
    let text = "{type: 'annealing', population: 256, fields: 256, resample: 0, from: {type: 'white', width: 0.45}, sweeps: 2, kernel: {type: 'hmc', steps: 3, length: 0.4}}";
    let chain: ChainSpec = parse("chain", text).unwrap();
    let variance = |flow: &Flow| {
        let mut chain = Chain::new(Arc::clone(&a), Some(Arc::new(flow.copied().unwrap())), &chain, 5).unwrap();
        let works: Vec<f64> = (0..256).map(|_| chain.step().unwrap().delta).collect();
        let mean = works.iter().sum::<f64>() / 256.0;
        works.iter().map(|work| (work - mean).powi(2)).sum::<f64>() / 256.0
    };
    let before = variance(&flow);
    let mut losses = vec![];
    let spec = spec("steps: 250, batch: 48, learning_rate: 0.02, schedule: 'cosine', clip: 20");
    train_annealed(&mut flow, &mut None, &a, &spec, &mut |at| {
        losses.push(at.loss);
        false
    })
    .unwrap();
    let after = variance(&flow);
    assert!(after < 0.2 * before && after < 1.5, "{before} {after}");
    // An upper bound of -log Z, up to the scatter of the last batches.
    let late = losses[200..].iter().sum::<f64>() / 50.0;
    assert!(late > -2.42 && late < -1.6, "{late}");
}

#[test]
fn a_run_goes_on_bit_for_bit_and_knows_no_threads() {
    let run = |threads: usize, stops: &[u64]| {
        let (mut flow, a, mut state) = (flow(threads, LAYERS), action(threads), None::<TrainingState>);
        for &stop in stops {
            let ended =
                train_annealed(&mut flow, &mut state, &a, &spec("steps: 4, batch: 10"), &mut |at| at.step == stop);
            assert_eq!(ended.is_err(), stop < 4);
        }
        flow.parameters().to_vec()
    };
    let whole = run(1, &[9]);
    assert_eq!(whole, run(1, &[1, 3, 9]));
    assert_eq!(whole, run(3, &[2, 9]));
}

#[test]
fn faults_are_named() {
    let message = |layers: &str, keys: &str| {
        let mut flow = flow(1, layers);
        let spec: TrainSpec = parse("training", &format!("{{{keys}}}")).unwrap();
        train_annealed(&mut flow, &mut None, &action(1), &spec, &mut |_| false).unwrap_err().to_string()
    };
    let steps = message(LAYERS, "annealing: {steps: 2}");
    assert_eq!(steps, "strengths: expected 3 changes, as many as the model has layers, got 2");
    let gradient = message(LAYERS, "gradient: 'path', annealing: {}");
    assert!(gradient.starts_with("gradient: expected none for the work of paths"), "{gradient}");
    let paths = message(LAYERS, "paths: {}, annealing: {}");
    assert_eq!(paths, "paths: expected none for a model with a density, got some");
    let kernel = message(LAYERS, "annealing: {kernel: {type: 'heatbath'}}");
    assert!(kernel.contains("expected type 'hmc', 'langevin' or a cycle of these"), "{kernel}");
    let mut other = flow(1, LAYERS);
    let refused = train(&mut other, &mut None, &*action(1), &spec("steps: 1"), &mut |_| false).unwrap_err();
    assert_eq!(refused.to_string(), "annealing: expected none but for a flow on an action, got some");
}
