//! Three ways to make a diffusion model exact, against numbers of a transfer matrix: 4 x 4 sites, κ = 0.21, λ = 0.022.

use super::super::{TrainSpec, train_on};
use super::diffusion::diffusion;
use crate::action::{Action, ActionSpec};
use crate::context::{Precision, of_tests};
use crate::flow::{CorrectorSpec, Flow, Model, PathRatioSpec, PathSampler};
use crate::lattice::Lattice;
use crate::markov::{Chain, ChainSpec, Ingredients, Proposal, ProposalSpec};
use crate::random::{Purpose, Stream};
use crate::spec;
use std::sync::{Arc, OnceLock};

const VOLUME: usize = 16;
/// Chains side by side.
const CHAINS: usize = 64;
/// φ², the susceptibility, and log Z.
const EXACT: [f64; 2] = [0.64581014, 2.55329407];
const LOG_Z: f64 = 10.16981484;

fn action() -> Arc<dyn Action> {
    let text = "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}";
    let spec: ActionSpec = spec::parse("action", text).unwrap();
    spec.build(&crate::context::serial(), &Lattice::new(&[4, 4]).unwrap()).unwrap().into()
}

/// Fields of a chain of hybrid Monte Carlo.
fn data(count: usize) -> Vec<f64> {
    let spec: ChainSpec = spec::parse("chain", "{type: 'hmc', steps: 5, length: 1.2, start: 'hot'}").unwrap();
    let mut chain = Chain::new(action(), None, &spec, 3).unwrap();
    let mut fields = vec![];
    for step in 0..50 + 2 * count {
        chain.step().unwrap();
        if step >= 50 && step % 2 == 0 {
            fields.extend_from_slice(chain.field());
        }
    }
    fields
}

/// A model that has learned from 2000 fields, shared by the tests.
fn model() -> &'static Flow {
    static MODEL: OnceLock<Flow> = OnceLock::new();
    MODEL.get_or_init(|| {
        let network = "{type: 'sum', networks: [{type: 'spectral', channels: 2, harmonics: 2, times: 5}, \
                       {type: 'convolutional', hidden: [8], kernel: 1, times: 5, symmetry: 'odd', forces: true}]}";
        let keys = format!("sigma_min: 0.03, sigma_max: 4, width: 0.8, steps: 32, network: {network}");
        let mut flow = diffusion(&of_tests(5, Precision::F64, 1), &[4, 4], &keys);
        let text = "{steps: 1500, batch: 64, learning_rate: 0.01, schedule: 'cosine', average: 0.99, clip: 1}";
        let training: TrainSpec = spec::parse("training", text).unwrap();
        let mut losses = vec![];
        train_on(&mut flow, &mut None, &data(2000), &training, &mut |p| {
            losses.push(p.loss);
            false
        })
        .unwrap();
        eprintln!("loss {} to {}", losses[..50].iter().sum::<f64>() / 50.0, losses[1400..].iter().sum::<f64>() / 100.0);
        flow
    })
}

fn proposal(text: &str) -> Box<dyn Proposal> {
    let from = Ingredients { seed: 8, model: Some(Arc::new(model().copied().unwrap())), action: None };
    spec::parse::<ProposalSpec>("proposal", text).unwrap().build(from).unwrap()
}

/// φ² and the susceptibility of a field.
fn observables(field: &[f64]) -> [f64; 2] {
    let volume = field.len() as f64;
    [field.iter().map(|x| x * x).sum::<f64>() / volume, field.iter().sum::<f64>().powi(2) / volume]
}

/// Mean and error of independent numbers.
fn mean_and_error(numbers: &[f64]) -> [f64; 2] {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    [mean, (variance / count).sqrt()]
}

fn expect_exact(what: &str, numbers: [&[f64]; 2]) {
    for (numbers, exact) in numbers.into_iter().zip(EXACT) {
        let [mean, error] = mean_and_error(numbers);
        eprintln!("{what}: {mean} +- {error}, exact {exact}");
        assert!(error < 0.05 * exact, "{what}: {mean} +- {error} is too coarse to test {exact}");
        assert!((mean - exact).abs() < 5.0 * error, "{what}: {mean} +- {error} against {exact}");
    }
}

/// Runs chains side by side from equilibrium; means of each chain, and the acceptance.
fn run(proposal: &dyn Proposal, steps: usize) -> ([Vec<f64>; 2], f64) {
    let action = action();
    let mut fields = data(20 * CHAINS).chunks(20 * VOLUME).flat_map(|many| many[..VOLUME].to_vec()).collect::<Vec<_>>();
    let mut values: Vec<f64> = fields.chunks(VOLUME).map(|field| action.value(field).unwrap()).collect();
    let (mut proposed, mut log_ratios) = (vec![0.0; fields.len()], vec![0.0; CHAINS]);
    let (mut sums, mut accepted) = ([vec![0.0; CHAINS], vec![0.0; CHAINS]], 0);
    let mut stream = Stream::new(4, Purpose::Accept, 0);
    for step in 0..steps {
        proposal.propose_many((step * CHAINS) as u64, &fields, &mut proposed, &mut log_ratios).unwrap();
        for chain in 0..CHAINS {
            let own = chain * VOLUME..(chain + 1) * VOLUME;
            let value = action.value(&proposed[own.clone()]).unwrap();
            if (1.0 - stream.uniform()).ln() < values[chain] - value + log_ratios[chain] {
                fields[own.clone()].copy_from_slice(&proposed[own.clone()]);
                (values[chain], accepted) = (value, accepted + 1);
            }
            let found = observables(&fields[own]);
            sums.iter_mut().zip(found).for_each(|(sums, x)| sums[chain] += x / steps as f64);
        }
    }
    (sums, accepted as f64 / (steps * CHAINS) as f64)
}

/// Averages of exp(-S - log q) / Z times 1 and observables less their exact values.
fn expect_weighted(what: &str, fields: &[f64], log_q: &[f64]) {
    let action = action();
    let weight = |(field, log_q): (&[f64], &f64)| (-action.value(field).unwrap() - log_q - LOG_Z).exp();
    let weights: Vec<f64> = fields.chunks(VOLUME).zip(log_q).map(weight).collect();
    let [mean, error] = mean_and_error(&weights);
    eprintln!("{what}: Z / exact {mean} +- {error}");
    assert!((mean - 1.0).abs() < 5.0 * error && error < 0.05, "{what}: {mean} +- {error}");
    for (which, exact) in EXACT.into_iter().enumerate() {
        let miss = |(field, w): (&[f64], &f64)| (observables(field)[which] - exact) * w;
        let misses: Vec<f64> = fields.chunks(VOLUME).zip(&weights).map(miss).collect();
        let [mean, error] = mean_and_error(&misses);
        eprintln!("{what}: weighted less exact {mean} +- {error}");
        assert!(mean.abs() < 5.0 * error && error < 0.06 * exact, "{what}: {mean} +- {error}");
    }
}

#[test]
fn the_density_of_the_flow_is_exact() {
    const BATCH: usize = 3000;
    let (mut fields, mut log_q) = (vec![0.0; BATCH * VOLUME], vec![0.0; BATCH]);
    model().sample(0, BATCH, &mut fields, &mut log_q).unwrap();
    expect_weighted("density", &fields, &log_q);
    let spec: ChainSpec = spec::parse("chain", "{type: 'independence', start: 'hot'}").unwrap();
    let mut chain = Chain::new(action(), Some(Arc::new(model().copied().unwrap())), &spec, 3).unwrap();
    let (mut means, mut accepted) = ([vec![], vec![]], 0);
    const BIN: usize = 25;
    for bin in 0..121 {
        let mut sums = [0.0; 2];
        for _ in 0..BIN {
            accepted += usize::from(chain.step().unwrap().accepted);
            sums.iter_mut().zip(observables(chain.field())).for_each(|(sum, x)| *sum += x / BIN as f64);
        }
        if bin > 0 {
            means.iter_mut().zip(sums).for_each(|(means, sum)| means.push(sum));
        }
    }
    let acceptance = accepted as f64 / (121 * BIN) as f64;
    eprintln!("independence: acceptance {acceptance}");
    expect_exact("independence", [&means[0], &means[1]]);
    assert!(acceptance > 0.5, "{acceptance}");
}

#[test]
fn independent_paths_are_exact_by_their_ratio() {
    for (keys, least) in
        [("steps: 60", 0.4), ("steps: 12", 0.05), ("steps: 12, corrector: {steps: 2, size: 0.1}", 0.05)]
    {
        let (means, acceptance) = run(&*proposal(&format!("{{type: 'path_ratio', {keys}}}")), 120);
        eprintln!("path ratio with {keys}: acceptance {acceptance}");
        expect_exact("path ratio", [&means[0], &means[1]]);
        assert!(acceptance > least, "{keys}: {acceptance}");
    }
}

#[test]
fn langevin_steps_along_the_score_are_exact() {
    for (time, least) in [(0.0, 0.5), (0.6, 0.05)] {
        let (means, acceptance) =
            run(&*proposal(&format!("{{type: 'learned_langevin', step: 0.25, time: {time}}}")), 700);
        eprintln!("learned langevin at time {time}: acceptance {acceptance}");
        expect_exact("learned langevin", [&means[0], &means[1]]);
        assert!(acceptance > least, "{time}: {acceptance}");
    }
}

/// E exp(−S − W) is Z for paths of any number of steps; the raw fields of few steps are biased, their weights mend it.
#[test]
fn weights_of_paths_average_to_the_partition_sum() {
    let mut misses = vec![];
    for corrector in [None, Some(CorrectorSpec { steps: 1, size: 0.1 })] {
        let spec = PathRatioSpec { steps: 6, corrector };
        let paths = PathSampler::new(&model().diffused().unwrap(), &spec).unwrap();
        let (mut fields, mut weights) = (vec![0.0; 10_000 * VOLUME], vec![0.0; 10_000]);
        paths.sample(0, &mut fields, &mut weights).unwrap();
        expect_weighted("paths", &fields, &weights);
        let squares: Vec<f64> = fields.chunks(VOLUME).map(|field| observables(field)[0]).collect();
        let [raw, error] = mean_and_error(&squares);
        eprintln!("raw phi^2: {raw} +- {error}, exact {}", EXACT[0]);
        misses.push([raw - EXACT[0], error]);
    }
    assert!(misses[0][0].abs() > 5.0 * misses[0][1], "{misses:?}");
}
