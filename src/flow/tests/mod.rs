//! Laws of flows: densities are those of the Jacobian, inverses invert, scores are gradients, symmetries hold.

mod compact;
mod conditioned;
mod continuous;
mod diffusion;
mod masks;
mod mixture;
mod modes;
mod multilevel;
mod pulled_back;
mod refusals;
mod spectrum;
mod splines;
mod stacked;

use super::*;
use crate::action::{Action, Coupling, Phi4Spec};
use crate::context::{Context, Precision, device_of_tests, of_tests};
use crate::lattice::Lattice;
use crate::program::{Executable, Feed, Output, Program, Recorder, Shape};
use crate::random::{Purpose, Stream};
use crate::spec::parse;
use faer::Mat;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::sync::Arc;

const LATTICES: [&[usize]; 6] = [&[4, 4], &[2, 4], &[4, 2, 2], &[6], &[2], &[2, 2, 2, 2]];
const SEED: u64 = 12;

fn context(precision: Precision, threads: usize) -> Arc<Context> {
    of_tests(SEED, precision, threads)
}

fn spec(text: &str) -> ModelSpec {
    parse("model", text).unwrap()
}

/// A flow with initial parameters, but a spectrum that is not white.
fn flow(extent: &[usize], spec: &ModelSpec) -> Flow {
    let mut flow = Flow::new(&context(Precision::F64, 1), &Lattice::new(extent).unwrap(), spec).unwrap();
    let named = |t: &Tensor| vec![t.name.ends_with("log_spectrum"); t.count()];
    let spectral: Vec<bool> = flow.tensors().iter().flat_map(named).collect();
    let moved = |(i, (&p, &spectral)): (usize, (&f64, &bool))| if spectral { 0.4 * (i as f64).sin() } else { p };
    let parameters: Vec<f64> = flow.parameters().iter().zip(&spectral).enumerate().map(moved).collect();
    flow.set_parameters(&parameters).unwrap();
    flow
}

/// Networks of each kind, a few layers deep.
fn specs() -> [ModelSpec; 11] {
    [
        "{type: 'affine', layers: 3}",
        "{type: 'affine', layers: 4, hidden: [5], activation: 'tanh', initial_output: 2}",
        "{type: 'affine', layers: 5, hidden: [3, 2, 4], activation: 'tanh', symmetry: 'odd'}",
        "{type: 'affine', layers: 2, hidden: [], kernel: 5}",
        "{type: 'affine', layers: 3, hidden: [4, 3], symmetry: 'odd'}",
        "{type: 'affine', prior: 'spectrum', layers: 3, hidden: [4], activation: 'tanh'}",
        "{type: 'affine', prior: 'spectrum', layers: 2, hidden: [3], symmetry: 'odd'}",
        "{type: 'chain', layers: [{type: 'spline', bins: 4, range: 2, hidden: [4], activation: 'tanh', initial_output: 3}, \
         {type: 'spline', bins: 3, hidden: [3, 2], activation: 'tanh', initial_output: 2}]}",
        "{type: 'chain', prior: 'spectrum', layers: [{type: 'affine', repeat: 4, hidden: [3], activation: 'tanh'}, \
         {type: 'spline', frozen: 'odd', hidden: [3], activation: 'tanh', initial_output: 2}, {type: 'affine', hidden: []}]}",
        "{type: 'chain', layers: [{type: 'spline', repeat: 2, bins: 2, hidden: [2], activation: 'tanh', initial_output: 1}]}",
        "{type: 'chain', layers: [{type: 'affine', repeat: 6, hidden: [3], activation: 'tanh', symmetry: 'odd'}]}",
    ]
    .map(spec)
}

/// Each spec on each lattice; on one lattice only for devices that take seconds to build a kernel.
fn cases() -> impl Iterator<Item = (&'static [usize], ModelSpec)> {
    let is_device = device_of_tests().is_some();
    let all = LATTICES.into_iter().enumerate().flat_map(|(i, extent)| {
        specs().into_iter().enumerate().map(move |(j, spec)| ((i + j) % LATTICES.len(), (extent, spec)))
    });
    all.filter(move |(diagonal, _)| !is_device || *diagonal == 0).map(|(_, case)| case)
}

/// Runs a program of the flow, which has `outputs` outputs, on given numbers.
fn run(flow: &Flow, program: Program, outputs: usize, numbers: &[f64]) -> Vec<Vec<f64>> {
    let batch = numbers.len() / flow.lattice().volume();
    let mut results: Vec<Vec<f64>> = (0..outputs).map(|i| vec![f64::NAN; batch * program.output_count(i)]).collect();
    let mut slices: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
    let bound = Arc::new(Executable::new(program, flow.context()).unwrap()).bind(flow.parameters()).unwrap();
    bound.run(flow.context(), batch, &[Feed::Array(numbers)], &mut slices).unwrap();
    results
}

fn normals(counter: u64, batch: usize, volume: usize) -> Vec<f64> {
    let mut z = vec![0.0; batch * volume];
    for (i, z) in z.chunks_mut(volume).enumerate() {
        Stream::new(SEED, Purpose::Prior, counter + i as u64).normals(z);
    }
    z
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len());
    for (x, y) in got.iter().zip(expected) {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{what}: expected {y}, got {x}");
    }
}

/// Outputs: the field, log q, and the field's derivatives, one row of the Jacobian for each site.
fn jacobian(chain: &Chain) -> Program {
    let mut recorder = Recorder::new();
    let volume = chain.domain.count();
    let draw = chain.draw(&mut recorder);
    let mut outputs = vec![draw.field, draw.log_density];
    for site in 0..volume {
        let unit: Vec<f64> = (0..volume).map(|s| f64::from(s == site)).collect();
        let unit = recorder.table(&unit, Shape::new(1, volume));
        outputs.extend(recorder.pull_back(&[(draw.field, unit)], &[draw.z()]));
    }
    Program::new(recorder, outputs.into_iter().map(Output::PerSample).collect())
}

/// log q of some draws is that of the prior less log |det dφ/dz| of the dense Jacobian, which is larger than `least` in size.
fn assert_density(flow: &Flow, samples: usize, (tolerance, least): (f64, f64)) {
    let (volume, what) = (flow.lattice().volume(), format!("{}, {:?}", flow.lattice().shape(), flow.spec()));
    let z = normals(0, samples, volume);
    let results = run(flow, jacobian(flow.chain()), 2 + volume, &z);
    for sample in 0..samples {
        let entry = |row: usize, column: usize| results[2 + row][sample * volume + column];
        let determinant = Mat::from_fn(volume, volume, entry).determinant();
        let square: f64 = z[sample * volume..][..volume].iter().map(|z| z * z).sum();
        let log_prior = -0.5 * (square + volume as f64 * (2.0 * std::f64::consts::PI).ln());
        let expected = log_prior - determinant.abs().ln();
        assert_close(&results[1][sample..=sample], &[expected], tolerance, &what);
        assert!(determinant.abs().ln().abs() > least, "{what}: a Jacobian that tests nothing");
    }
}

/// Samples and their log q are those of other threads bit for bit, and of single precision up to a tolerance.
fn expect_precisions_and_threads(double: &Flow, spec: &ModelSpec, single: f64) {
    let (volume, parameters) = (double.lattice().volume(), double.parameters().to_vec());
    let (mut fields, mut log_q) = (vec![0.0; volume * 40], vec![0.0; 40]);
    double.sample(0, 40, &mut fields, &mut log_q).unwrap();
    for (precision, threads, tolerance) in [(Precision::F32, 1, single), (Precision::F64, 3, 0.0)] {
        let context = context(precision, threads);
        let other = Flow::with_parameters(&context, double.lattice(), spec, parameters.clone()).unwrap();
        let (mut drawn, mut density) = (vec![0.0; volume * 40], vec![0.0; 40]);
        other.sample(0, 40, &mut drawn, &mut density).unwrap();
        assert_close(&drawn, &fields, tolerance, "fields");
        assert_close(&density, &log_q, tolerance, "log q");
    }
}

#[test]
fn the_log_determinant_is_that_of_the_dense_jacobian() {
    cases().for_each(|(extent, spec)| assert_density(&flow(extent, &spec), 3, (1e-12, 1e-3)));
}

/// inverse(forward(z)) = z, and both ways give one log q.
fn assert_inverse(flow: &Flow) {
    let (volume, batch) = (flow.lattice().volume(), 11);
    let (mut fields, mut log_q) = (vec![0.0; batch * volume], vec![0.0; batch]);
    flow.sample(3, batch, &mut fields, &mut log_q).unwrap();
    let (mut z, mut again) = (vec![0.0; batch * volume], vec![0.0; batch]);
    flow.invert(batch, &fields, &mut z, &mut again).unwrap();
    assert_close(&z, &normals(3, batch, volume), 1e-12, "inverse");
    assert_close(&again, &log_q, 1e-12, "log q of the inverse");
    flow.log_density(batch, &fields, &mut again).unwrap();
    assert_close(&again, &log_q, 1e-12, "log density");
}

#[test]
fn the_inverse_gives_back_the_prior_and_the_same_density() {
    cases().for_each(|(extent, spec)| assert_inverse(&flow(extent, &spec)));
}

/// A random spec: hidden channels, kernel, flags (odd, tanh, spectrum), initial output.
type Drawn = (Vec<usize>, usize, [bool; 3], f64);

#[test]
fn flows_of_random_specs_are_invertible() {
    let cases = if device_of_tests().is_some() { 8 } else { 60 };
    let config = ProptestConfig { cases, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..Default::default() };
    let kernel = prop_oneof![Just(1usize), Just(3), Just(5)];
    let network = (proptest::collection::vec(1..6usize, 0..4), kernel, any::<[bool; 3]>(), 0.0..2.0f64);
    let check = |(extent, layers, network): (usize, usize, Drawn)| {
        let (hidden, kernel, [odd, tanh, spectrum], initial_output) = network;
        let prior = if spectrum { PriorSpec::Spectrum {} } else { PriorSpec::default() };
        let symmetry = if odd { Symmetry::Odd } else { Symmetry::None };
        let activation = if tanh { Activation::Tanh } else { Activation::LeakyRelu };
        let spec = ModelSpec::Affine {
            prior,
            layers,
            hidden,
            kernel,
            activation,
            symmetry,
            initial_output,
            condition: Conditions::default(),
        };
        assert_inverse(&flow(LATTICES[extent], &spec));
        let stored = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(parse::<ModelSpec>("model", &stored).unwrap(), spec);
        Ok(())
    };
    TestRunner::new(config).run(&(0..LATTICES.len(), 1..5usize, network), check).unwrap();
}

/// Outputs: the field and the score, joined to one field.
fn score(chain: &Chain) -> Program {
    let mut recorder = Recorder::new();
    let draw = chain.draw(&mut recorder);
    let score = chain.score(&mut recorder, &draw);
    Program::new(recorder, vec![Output::PerSample(draw.field), Output::PerSample(score)])
}

/// The score of some draws is the gradient of log q, by finite differences.
fn assert_score(flow: &Flow) {
    const STEP: f64 = 3e-4;
    let volume = flow.lattice().volume();
    let results = run(flow, score(flow.chain()), 2, &normals(8, 2, volume));
    for (field, score) in results[0].chunks(volume).zip(results[1].chunks(volume)) {
        // Fields that are each displaced by n steps at one site.
        let at = |n: f64| {
            let moved = |i: usize| field[i % volume] + if i / volume == i % volume { n * STEP } else { 0.0 };
            let fields: Vec<f64> = (0..volume * volume).map(moved).collect();
            let mut log_q = vec![0.0; volume];
            flow.log_density(volume, &fields, &mut log_q).unwrap();
            log_q
        };
        let [a, b, c, d] = [2.0, 1.0, -1.0, -2.0].map(at);
        let slope = |i: usize| (8.0 * (b[i] - c[i]) - (a[i] - d[i])) / (12.0 * STEP);
        let expected: Vec<f64> = (0..volume).map(slope).collect();
        assert_close(score, &expected, 1e-8, &format!("{}, {:?}", flow.lattice().shape(), flow.spec()));
    }
}

#[test]
fn the_score_is_the_gradient_of_the_log_density() {
    for extent in [&[4, 2][..], &[2, 2, 2]] {
        // Only specs with smooth activations: a finite difference must not cross the kink of a rectifier.
        for spec in &[1, 2, 3, 5, 7, 8, 9, 10].map(|i| specs()[i].clone()) {
            assert_score(&flow(extent, spec));
        }
    }
}

/// f(−z) = −f(z), and q(−φ) = q(φ).
fn assert_odd(flow: &Flow) {
    let volume = flow.lattice().volume();
    let z = normals(0, 7, volume);
    let minus: Vec<f64> = z.iter().map(|z| -z).collect();
    let plus = run(flow, flow.chain().sampling(), 2, &z);
    let mirrored = run(flow, flow.chain().sampling(), 2, &minus);
    let negated: Vec<f64> = mirrored[0].iter().map(|x| -x).collect();
    assert_close(&negated, &plus[0], 1e-13, "sample(-z)");
    assert_close(&mirrored[1], &plus[1], 1e-13, "log q of -phi");
    let (mut log_q, mut of_negative) = (vec![0.0; 7], vec![0.0; 7]);
    flow.log_density(7, &plus[0], &mut log_q).unwrap();
    flow.log_density(7, &mirrored[0], &mut of_negative).unwrap();
    assert_close(&of_negative, &log_q, 1e-13, "q(-phi)");
}

#[test]
fn odd_flows_keep_the_symmetry() {
    let z = normals(0, 7, 16);
    let minus: Vec<f64> = z.iter().map(|z| -z).collect();
    for spec in [&specs()[2], &specs()[4]] {
        assert_odd(&flow(&[4, 4], spec));
    }
    // The plain network of the same size has no such symmetry.
    let plain = flow(&[4, 4], &specs()[1]);
    let plus = run(&plain, plain.chain().sampling(), 2, &z);
    let mirrored = run(&plain, plain.chain().sampling(), 2, &minus);
    assert!(plus[1].iter().zip(&mirrored[1]).all(|(a, b)| (a - b).abs() > 1e-6));
}

#[test]
fn the_tutorial_network_has_its_number_of_parameters() {
    // arXiv:2101.08176: 16 layers of 1 -> 8 -> 8 -> 2 channels, 3 x 3 kernels, with biases: 16 (80 + 584 + 146).
    let flow = flow(&[8, 8], &spec("{type: 'affine'}"));
    assert_eq!(flow.parameters().len(), 12960);
    assert_eq!(flow.tensors().iter().map(Tensor::count).sum::<usize>(), 12960);
    assert_eq!(flow.tensors()[0].name, "layers.0.convolution.0.weight");
    assert_eq!(flow.tensors()[95].shape, [2]);
    for (tensor, numbers) in flow.tensors().iter().zip(pieces(&flow)) {
        let largest = numbers.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        assert!(largest <= tensor.bound && largest > 0.2 * tensor.bound, "{}: {largest}", tensor.name);
    }
}

fn pieces(flow: &Flow) -> Vec<&[f64]> {
    let mut rest = flow.parameters();
    let counts: Vec<usize> = flow.tensors().iter().map(Tensor::count).collect();
    counts.into_iter().map(|count| rest.split_off(..count).unwrap()).collect()
}

#[test]
fn parameters_that_are_replaced_are_used() {
    let mut flow = flow(&[4, 2], &specs()[0]);
    let other = Flow::new(&of_tests(77, Precision::F64, 1), flow.lattice(), flow.spec()).unwrap();
    assert_ne!(flow.parameters(), other.parameters());
    let z = normals(0, 2, 8);
    let expected = run(&other, other.chain().sampling(), 2, &z);
    flow.set_parameters(other.parameters()).unwrap();
    let (mut fields, mut log_q) = (vec![0.0; 16], vec![0.0; 2]);
    flow.sample(0, 2, &mut fields, &mut log_q).unwrap();
    assert_close(&fields, &expected[0], 1e-13, "fields");
    assert_close(&log_q, &expected[1], 1e-13, "log q");
    assert_inverse(&flow);
}

#[test]
fn sampling_is_keyed_by_the_counter_alone() {
    for precision in [Precision::F32, Precision::F64] {
        let lattice = Lattice::new(&[4, 4]).unwrap();
        let flows = [1, 2, 5].map(|n| Flow::new(&context(precision, n), &lattice, &specs()[0]).unwrap());
        let draw = |flow: &Flow, counter: u64, batch: usize| {
            let (mut fields, mut log_q) = (vec![0.0; 16 * batch], vec![0.0; batch]);
            flow.sample(counter, batch, &mut fields, &mut log_q).unwrap();
            (fields, log_q)
        };
        let all = draw(&flows[0], 100, 600);
        for flow in &flows {
            assert_eq!(draw(flow, 100, 600), all);
            for (first, batch) in [(0, 1), (1, 1), (17, 40), (599, 1), (3, 597)] {
                let piece = draw(flow, 100 + first as u64, batch);
                assert_eq!(piece.0, all.0[16 * first..16 * (first + batch)], "{precision:?}, {first}, {batch}");
                assert_eq!(piece.1, all.1[first..first + batch], "{precision:?}, {first}, {batch}");
            }
        }
    }
}

#[test]
fn precisions_agree() {
    // An affine chain, and all kinds with splines.
    for spec in [0, 7, 8, 9].map(|i| specs()[i].clone()) {
        let double = flow(&[4, 4], &spec);
        let parameters = double.parameters().to_vec();
        let single = Flow::with_parameters(&context(Precision::F32, 1), double.lattice(), &spec, parameters).unwrap();
        let (mut fields, mut log_q) = (vec![0.0; 16 * 20], vec![0.0; 20]);
        double.sample(0, 20, &mut fields, &mut log_q).unwrap();
        let (mut rounded, mut drawn, mut inverted) = (vec![0.0; 16 * 20], vec![0.0; 20], vec![0.0; 20]);
        single.sample(0, 20, &mut rounded, &mut drawn).unwrap();
        single.log_density(20, &fields, &mut inverted).unwrap();
        assert_close(&rounded, &fields, 1e-5, &format!("fields of {spec:?}"));
        assert_close(&drawn, &log_q, 1e-5, &format!("log q of {spec:?}"));
        assert_close(&inverted, &log_q, 1e-5, &format!("log q of fields of {spec:?}"));
        assert_ne!(rounded, fields, "{spec:?}");
    }
}

/// log Z of S = φ K φ / 2 with K read off the action itself: V log(2 pi) / 2 - log det K / 2.
fn log_z_of_free_field(action: &dyn Action) -> f64 {
    let volume = action.lattice().volume();
    let column = |j: usize| {
        let unit: Vec<f64> = (0..volume).map(|i| f64::from(i == j)).collect();
        let mut gradient = vec![0.0; volume];
        action.gradient(&unit, &mut gradient).unwrap();
        gradient
    };
    let columns: Vec<Vec<f64>> = (0..volume).map(column).collect();
    let determinant = Mat::from_fn(volume, volume, |i, j| columns[j][i]).determinant();
    0.5 * (volume as f64 * (2.0 * std::f64::consts::PI).ln() - determinant.ln())
}

fn free_field(extent: &[usize]) -> crate::action::Phi4 {
    let mass_squared = Coupling::Uniform(1.25);
    let free =
        Phi4Spec::Half { mass_squared, lambda: Coupling::default(), source: Coupling::default(), hopping: vec![] };
    free.build(&Lattice::new(extent).unwrap()).unwrap()
}

#[test]
fn the_dense_log_z_is_that_of_the_momentum_sum() {
    // Sum over momenta of log(2 pi / (khat^2 + m^2)) / 2 on 8 x 8.
    assert_close(&[log_z_of_free_field(&free_field(&[8, 8]))], &[8.60833364], 1e-9, "log Z");
}

#[test]
fn weights_of_an_untrained_flow_average_to_the_partition_sum() {
    const BATCH: usize = 40_000;
    for extent in [&[2, 2][..], &[4]] {
        let action = free_field(extent);
        let volume = action.lattice().volume();
        let exact = log_z_of_free_field(&action);
        let flow = flow(extent, &spec("{type: 'affine', layers: 4, hidden: [4], initial_output: 0.3}"));
        let (mut fields, mut log_q) = (vec![0.0; BATCH * volume], vec![0.0; BATCH]);
        flow.sample(0, BATCH, &mut fields, &mut log_q).unwrap();
        let weight = |(field, log_q): (&[f64], &f64)| (-action.value(field).unwrap() - log_q - exact).exp();
        let weights: Vec<f64> = fields.chunks(volume).zip(&log_q).map(weight).collect();
        let mean = weights.iter().sum::<f64>() / BATCH as f64;
        let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / (BATCH - 1) as f64;
        let error = (variance / BATCH as f64).sqrt();
        assert!((mean - 1.0).abs() < 5.0 * error, "{extent:?}: {mean} +- {error}");
        assert!(error < 0.02, "{extent:?}: weights too wild to test anything, error {error}");
    }
}
