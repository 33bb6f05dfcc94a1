//! Score matching: its gradient, averaged parameters that survive a file, and free fields, whose score is known at all times.

use super::super::objective::{Objective, Samples};
use super::super::score_matching::ScoreMatching;
use super::super::{TrainSpec, load, save, train_on};
use super::{expect_derivative, key};
use crate::context::{Context, Precision, of_tests};
use crate::error::Error;
use crate::flow::{Flow, Model, ModelSpec, Score};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::spec;
use std::sync::Arc;

const CONVOLUTIONAL: &str = "{type: 'convolutional', hidden: [3], times: 3, forces: true, initial_output: 0.5}";

pub(super) fn diffusion(context: &Arc<Context>, extent: &[usize], keys: &str) -> Flow {
    let model: ModelSpec = spec::parse("model", &format!("{{type: 'diffusion', {keys}}}")).unwrap();
    Flow::new(context, &Lattice::new(extent).unwrap(), &model).unwrap()
}

fn fields(count: usize) -> Vec<f64> {
    let mut fields = vec![0.0; count];
    Stream::new(3, Purpose::Start, 0).normals(&mut fields);
    fields
}

#[test]
fn the_gradient_of_score_matching_is_the_derivative_of_the_loss() {
    let spectral = "{type: 'spectral', channels: 2, harmonics: 2, times: 2, initial_output: 9}";
    for (process, network) in [
        ("variance_exploding", CONVOLUTIONAL),
        (
            "variance_preserving",
            "{type: 'unet', channels: [2, 4], groups: 2, times: 2, symmetry: 'odd', initial_output: 0.5}",
        ),
        ("variance_preserving", &format!("{{type: 'sum', networks: [{spectral}, {CONVOLUTIONAL}]}}")),
    ] {
        let keys = format!("process: '{process}', network: {network}");
        let flow = diffusion(&of_tests(5, Precision::F64, 1), &[4, 4], &keys);
        let fields = fields(7 * 16);
        let mut objective = ScoreMatching::new(&flow, &fields).unwrap();
        let samples = Samples { key: key(), step: 0, count: 5 };
        let found = objective.run(flow.parameters(), &samples).unwrap();
        assert!(found.ess.is_nan() && found.fault.is_none());
        let gradient = &found.gradient[..];
        let places = (0..gradient.len()).step_by(gradient.len() / 17 + 1);
        let mut loss = |parameters: &[f64]| objective.run(parameters, &samples).unwrap().loss;
        expect_derivative(&mut loss, flow.parameters(), (gradient, places), 1e-7, &keys);
    }
}

#[test]
fn a_run_with_an_average_goes_on_bit_for_bit() {
    let text = "{steps: 12, batch: 20, schedule: 'cosine', learning_rate: 0.01, average: 0.9}";
    let training: TrainSpec = spec::parse("training", text).unwrap();
    let bits = |flow: &Flow| flow.parameters().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let (fields, path) = (fields(9 * 16), crate::file::of_tests("averaged"));
    let new = |threads| diffusion(&of_tests(5, Precision::F64, threads), &[4, 4], &format!("network: {CONVOLUTIONAL}"));
    let mut straight = new(1);
    train_on(&mut straight, &mut None, &fields, &training, &mut |_| false).unwrap();
    let (mut stopped, mut state) = (new(2), None);
    let end = train_on(&mut stopped, &mut state, &fields, &training, &mut |p| p.step == 5);
    assert!(matches!(end, Err(Error::Stopped(_))));
    save(&path, &stopped, state.as_ref()).unwrap();
    let own = state.unwrap().parameters.unwrap();
    assert!(own != stopped.parameters(), "the model has the average");
    let (mut resumed, mut state) = load(&of_tests(5, Precision::F64, 3), stopped.lattice(), &path).unwrap();
    train_on(&mut resumed, &mut state, &fields, &training, &mut |_| false).unwrap();
    assert_eq!(bits(&resumed), bits(&straight));
    let mut last = new(1);
    train_on(&mut last, &mut None, &fields, &TrainSpec { average: 0.0, ..training }, &mut |_| false).unwrap();
    assert_ne!(bits(&last), bits(&straight));
    std::fs::remove_file(&path).unwrap();
}

/// Sites of the ring of the free field.
const RING: usize = 8;

/// Eigenvalues of S = φ K φ / 2 with K = m² − Δ: m² + 4 sin²(p/2), at m² = 1.5.
fn eigenvalue(p: usize) -> f64 {
    1.5 + 4.0 * (std::f64::consts::PI * p as f64 / RING as f64).sin().powi(2)
}

/// A circulant matrix of which a function of K's eigenvalues is given, times a field.
fn applied(of: impl Fn(f64) -> f64, field: &[f64]) -> Vec<f64> {
    let entry = |r: usize| {
        let wave = |p: usize| of(eigenvalue(p)) * (2.0 * std::f64::consts::PI * (p * r) as f64 / RING as f64).cos();
        (0..RING).map(wave).sum::<f64>() / RING as f64
    };
    (0..RING).map(|x| (0..RING).map(|y| entry((x + RING - y) % RING) * field[y]).sum()).collect()
}

/// On a free field the learned score is that of the noised fields at all times, tends to −dS/dφ, and log q is that of the Gaussian.
#[test]
fn the_score_of_a_free_field_is_learned() {
    let context = of_tests(5, Precision::F64, 1);
    let network = "{type: 'spectral', channels: 1, harmonics: 0, times: 8}";
    let keys = format!("sigma_min: 0.1, sigma_max: 4, width: 0.6, steps: 30, network: {network}");
    let mut flow = diffusion(&context, &[RING], &keys);
    const FIELDS: usize = 20_000;
    let draw = |i| {
        let mut z = vec![0.0; RING];
        Stream::new(9, Purpose::Start, i).normals(&mut z);
        applied(|k| k.powf(-0.5), &z)
    };
    let data: Vec<f64> = (0..FIELDS as u64).flat_map(draw).collect();
    let text =
        "{steps: 4000, batch: 256, learning_rate: 0.01, schedule: 'exponential', final_rate: 0.02, average: 0.998}";
    let training: TrainSpec = spec::parse("training", text).unwrap();
    train_on(&mut flow, &mut None, &data, &training, &mut |_| false).unwrap();
    let field = draw(FIELDS as u64 + 1);
    for time in [0.0, 0.3, 0.6, 1.0] {
        let sigma = 0.1 * 40f64.powf(time);
        let expected = applied(|k| -1.0 / (1.0 / k + sigma * sigma), &field);
        let mut found = vec![0.0; RING];
        Score::new(&flow.diffused().unwrap(), time).unwrap().write(&field, &mut found).unwrap();
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let miss: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
        eprintln!("time {time}: relative error of the score {}", norm(&miss) / norm(&expected));
        assert!(norm(&miss) < 0.15 * norm(&expected), "{time}: {found:?} {expected:?}");
    }
    // Mean of log q − log p over fields of p is −KL.
    let mut log_q = vec![0.0; 400];
    flow.log_density(400, &data[..400 * RING], &mut log_q).unwrap();
    let log_p = |field: &[f64]| {
        let square: f64 = field.iter().zip(applied(|k| k, field)).map(|(a, b)| a * b).sum();
        let determinant: f64 = (0..RING).map(|p| eigenvalue(p).ln()).sum();
        -0.5 * (square - determinant + RING as f64 * (2.0 * std::f64::consts::PI).ln())
    };
    let differences: Vec<f64> = data.chunks(RING).zip(&log_q).map(|(field, log_q)| log_p(field) - log_q).collect();
    let mean = differences.iter().sum::<f64>() / 400.0;
    let farthest = differences.iter().fold(0.0f64, |m, d| m.max(d.abs()));
    eprintln!("KL {mean}, farthest {farthest}");
    assert!(mean.abs() < 0.05 && farthest < 0.6, "{mean} {farthest}");
}
