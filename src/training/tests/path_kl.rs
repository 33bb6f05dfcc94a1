//! Training of diffusion models by the divergence of their paths.

use super::super::objective::{Objective, Samples};
use super::super::path_kl::PathKl;
use super::super::{Estimator, TrainSpec, load, save, train_for};
use super::diffusion::diffusion;
use super::scores::{called, interacting};
use super::{bits, expect_derivative, key};
use crate::context::{Precision, of_tests};
use crate::error::Error;
use crate::flow::{Flow, Model, PathRatioSpec, PathSampler};
use crate::program::Key;
use crate::spec;
use crate::statistics::reweighting;

const NETWORK: &str =
    "{type: 'convolutional', hidden: [3], times: 3, symmetry: 'odd', forces: true, initial_output: 0.3}";
const EXPLODING: &str = "sigma_min: 0.1, sigma_max: 2, width: 0.4";
const PRESERVING: &str = "process: 'variance_preserving', beta_max: 6, width: 0.4";
const CORRECTED: &str = "{steps: 5, corrector: {steps: 2, size: 0.1}}";

fn model(threads: usize, keys: &str) -> Flow {
    diffusion(&of_tests(5, Precision::F64, threads), &[4, 4], &format!("network: {NETWORK}, {keys}"))
}

fn paths(text: &str) -> PathRatioSpec {
    spec::parse("paths", text).unwrap()
}

#[test]
fn the_reparametrised_gradient_is_the_derivative_of_the_loss() {
    for (keys, text) in [(EXPLODING, "{steps: 6}"), (EXPLODING, CORRECTED), (PRESERVING, CORRECTED)] {
        let (flow, action) = (model(1, keys), interacting());
        let mut objective = PathKl::new(&flow, &*action, &paths(text), Estimator::Reparametrised).unwrap();
        let samples = Samples { key: key(), step: 0, count: 5 };
        let found = objective.run(flow.parameters(), &samples).unwrap();
        assert!(found.fault.is_none() && found.ess > 0.0);
        let gradient = &found.gradient[..];
        let places = (0..gradient.len()).step_by(gradient.len() / 11 + 1);
        let mut loss = |parameters: &[f64]| objective.run(parameters, &samples).unwrap().loss;
        expect_derivative(&mut loss, flow.parameters(), (gradient, places), 1e-6, &format!("{keys} {text}"));
    }
}

/// The derivative that the estimator 'path' leaves out has mean zero; the loss is the same.
#[test]
fn both_estimators_have_the_same_mean() {
    const RUNS: u64 = 40;
    for text in ["{steps: 6}", CORRECTED] {
        let (flow, action) = (model(1, EXPLODING), interacting());
        let [mut path, mut whole] = [Estimator::Path, Estimator::Reparametrised]
            .map(|estimator| PathKl::new(&flow, &*action, &paths(text), estimator).unwrap());
        let mut differences = vec![vec![]; flow.parameters().len()];
        for run in 0..RUNS {
            let samples = Samples { key: Key { counter: 64 * run, ..key() }, step: 0, count: 64 };
            let [a, b] = [&mut path, &mut whole].map(|o| o.run(flow.parameters(), &samples).unwrap());
            assert!((a.loss - b.loss).abs() < 1e-10 * (1.0 + a.loss.abs()), "{} {}", a.loss, b.loss);
            let both = a.gradient.iter().zip(&b.gradient);
            differences.iter_mut().zip(both).for_each(|(all, (a, b))| all.push(a - b));
        }
        for (i, all) in differences.iter().enumerate() {
            let n = RUNS as f64;
            let mean = all.iter().sum::<f64>() / n;
            let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * (n - 1.0));
            // Student's distribution with 39 degrees of freedom has wider tails than a normal one.
            assert!(mean.abs() <= 6.5 * variance.sqrt() + 1e-10, "{text} {i}: {mean} +- {}", variance.sqrt());
        }
        assert!(differences.iter().flatten().any(|x| x.abs() > 1e-3), "{text}: estimators that do not differ");
    }
}

#[test]
fn a_called_action_trains_like_a_recorded_one() {
    let (flow, action) = (model(1, PRESERVING), interacting());
    let host = called(interacting());
    for estimator in [Estimator::Path, Estimator::Reparametrised] {
        let [a, b] = [&action, &host].map(|action| {
            let mut objective = PathKl::new(&flow, &**action, &paths(CORRECTED), estimator).unwrap();
            objective.run(flow.parameters(), &Samples { key: key(), step: 0, count: 9 }).unwrap()
        });
        let scale = a.gradient.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        assert!((a.loss - b.loss).abs() < 1e-10 * (1.0 + a.loss.abs()));
        assert!(a.gradient.iter().zip(&b.gradient).all(|(a, b)| (a - b).abs() < 1e-10 * scale), "{estimator:?}");
    }
}

#[test]
fn a_run_goes_on_bit_for_bit() {
    let path = crate::file::of_tests("path_kl");
    let text = format!("{{steps: 8, batch: 12, learning_rate: 0.01, path_ratio: {CORRECTED}, clip: 5}}");
    let training: TrainSpec = spec::parse("training", &text).unwrap();
    let mut straight = model(1, EXPLODING);
    train_for(&mut straight, &mut None, &interacting(), &training, &mut |_| false).unwrap();
    let (mut stopped, mut state) = (model(2, EXPLODING), None);
    let end = train_for(&mut stopped, &mut state, &interacting(), &training, &mut |p| p.step == 3);
    assert!(matches!(end, Err(Error::Stopped(_))));
    save(&path, &stopped, state.as_ref()).unwrap();
    let (mut resumed, mut state) = load(&of_tests(5, Precision::F64, 3), stopped.lattice(), &path).unwrap();
    train_for(&mut resumed, &mut state, &interacting(), &training, &mut |_| false).unwrap();
    assert_eq!(bits(&resumed), bits(&straight));
    std::fs::remove_file(&path).unwrap();
}

/// Without any fields; log Z and <phi^2> are those of a transfer matrix.
#[test]
fn paths_are_trained_from_nothing() {
    const LOG_Z: f64 = 2.40513896;
    const SQUARE: f64 = 0.14774621;
    const COUNT: usize = 8000;
    let network = "{type: 'sum', networks: [{type: 'spectral', channels: 2, harmonics: 2, times: 4}, \
                   {type: 'convolutional', hidden: [6], kernel: 1, times: 4, symmetry: 'odd', forces: true}]}";
    let keys = format!("sigma_min: 0.08, sigma_max: 2, width: 0.4, network: {network}");
    let mut flow = diffusion(&of_tests(5, Precision::F64, 1), &[4, 4], &keys);
    let (action, spec) = (interacting(), paths("{steps: 16}"));
    let weigh = |flow: &Flow| {
        let (mut fields, mut log_path) = (vec![0.0; COUNT * 16], vec![0.0; COUNT]);
        let sampler = PathSampler::new(&flow.diffused().unwrap(), &spec).unwrap();
        sampler.sample(0, &mut fields, &mut log_path).unwrap();
        let values = fields.chunks(16).map(|field| action.value(field).unwrap());
        let weights: Vec<f64> = values.zip(&log_path).map(|(s, w)| -s - w).collect();
        (fields, reweighting(&weights).unwrap(), weights)
    };
    let before = weigh(&flow).1.ess;
    let text = "{steps: 600, batch: 64, learning_rate: 0.01, schedule: 'cosine', average: 0.99, clip: 20, \
                path_ratio: {steps: 16}}";
    let training: TrainSpec = spec::parse("training", text).unwrap();
    let mut losses = vec![];
    train_for(&mut flow, &mut None, &action, &training, &mut |p| {
        losses.push(p.loss);
        false
    })
    .unwrap();
    let (fields, found, weights) = weigh(&flow);
    let late = losses[550..].iter().sum::<f64>() / 50.0;
    eprintln!("effective sample size {before} to {}, loss {} to {late}, log Z {}", found.ess, losses[0], found.log_z);
    assert!(before < 0.1 && found.ess > 0.4, "{before} {}", found.ess);
    assert!(late > -LOG_Z - 0.05 && late < -LOG_Z + 0.6, "{late}");
    // Averages of exp(-S - W) / Z times 1 and times phi^2 less their exact values.
    for which in [0, 1] {
        let miss = |(field, weight): (&[f64], &f64)| {
            let square = field.iter().map(|x| x * x).sum::<f64>() / 16.0;
            (weight - LOG_Z).exp() * if which == 0 { 1.0 } else { square - SQUARE } - if which == 0 { 1.0 } else { 0.0 }
        };
        let misses: Vec<f64> = fields.chunks(16).zip(&weights).map(miss).collect();
        let mean = misses.iter().sum::<f64>() / COUNT as f64;
        let variance = misses.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (COUNT - 1) as f64;
        let error = (variance / COUNT as f64).sqrt();
        eprintln!("weighted less exact: {mean} +- {error}");
        assert!(mean.abs() < 5.0 * error && error < 0.03, "{which}: {mean} +- {error}");
    }
}
