//! Exact finite-volume numbers of φ⁴ theory in two dimensions, reproduced within five standard errors by hybrid Monte
//! Carlo, by independence Metropolis and by the cycle of both, and log Z by reweighting of a flow.
//!
//! The numbers are from transfer matrices with Gauss quadrature; all digits hold.

use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::flow::{Flow, Model, ModelSpec};
use instanton::lattice::Lattice;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::{autocorrelation, independence_acceptance, observables, reweighted, reweighting};
use instanton::training::{TrainSpec, load, train};
use std::path::Path;
use std::sync::Arc;

/// A theory with its exact log Z, <φ²>, <φ⁴>, <φ φ_nn> and susceptibility.
struct Exact {
    length: usize,
    action: &'static str,
    /// The theory with a coupling 5 % stronger.
    neighbour: &'static str,
    log_z: f64,
    means: [f64; 4],
}

const FORM_A_4: Exact = Exact {
    length: 4,
    action: "{type: 'phi4', mass_squared: -4, lambda: 8}",
    neighbour: "{type: 'phi4', mass_squared: -4, lambda: 8.4}",
    log_z: 2.40513896,
    means: [0.14774621, 0.04437586, 0.05250344, 0.68396757],
};
const FORM_A_6: Exact = Exact {
    length: 6,
    action: "{type: 'phi4', mass_squared: -4, lambda: 6.975}",
    neighbour: "{type: 'phi4', mass_squared: -4, lambda: 7.324}",
    log_z: 6.98494787,
    means: [0.16138658, 0.05257284, 0.05834777, 1.06307537],
};
const FORM_A_8: Exact = Exact {
    length: 8,
    action: "{type: 'phi4', mass_squared: -4, lambda: 8}",
    neighbour: "{type: 'phi4', mass_squared: -4, lambda: 8.4}",
    log_z: 9.29136,
    means: [0.143450, 0.042317, 0.044267, 0.744135],
};
const FORM_KAPPA_4: Exact = Exact {
    length: 4,
    action: "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}",
    neighbour: "{type: 'phi4', form: 'kappa', kappa: 0.2205, lambda: 0.022}",
    log_z: 10.16981484,
    means: [0.64581014, 1.17781348, 0.20145034, 2.55329407],
};

const HMC: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 5, length: 1}";
const INDEPENDENCE: &str = "{type: 'independence'}";
const CYCLE: &str = "{type: 'cycle', kernels: [{type: 'hmc', steps: 5, repeat: 2}, {type: 'independence'}]}";

impl Exact {
    fn lattice(&self) -> Lattice {
        Lattice::new(&[self.length, self.length]).unwrap()
    }

    fn action(&self) -> Arc<dyn Action> {
        self.build(self.action)
    }

    fn build(&self, action: &str) -> Arc<dyn Action> {
        let context = Arc::new(Context::new(1, Precision::F64, 1).unwrap());
        spec::parse::<ActionSpec>("action", action).unwrap().build(&context, &self.lattice()).unwrap().into()
    }

    fn model(&self, model: &str, training: &str) -> Arc<Flow> {
        let context = Arc::new(Context::new(1, Precision::F32, 2).unwrap());
        let model: ModelSpec = spec::parse("model", model).unwrap();
        let training: TrainSpec = spec::parse("training", training).unwrap();
        let mut flow = Flow::new(&context, &self.lattice(), &model).unwrap();
        train(&mut flow, &mut None, &*self.action(), &training, &mut |_| false).unwrap();
        Arc::new(flow)
    }

    /// A chain of `steps` steps agrees with every exact mean, and with no mean of the neighbouring theory, which the same
    /// chain gives with other weights.
    fn expect_chain(&self, chain: &str, model: Option<Arc<Flow>>, steps: usize) {
        let chain_spec: ChainSpec = spec::parse("chain", chain).unwrap();
        let model = model.map(|flow| flow as Arc<dyn Model>);
        let mut run = Chain::new(self.action(), model, &chain_spec, 11).unwrap();
        let neighbour = self.build(self.neighbour);
        let (mut series, mut weights) = (vec![vec![]; 4], vec![]);
        for step in 0..steps + steps / 20 {
            run.step().unwrap();
            if step >= steps / 20 {
                let o = observables(&self.lattice(), run.field()).unwrap();
                let all = [o.phi_squared, o.phi_fourth, o.nearest_neighbour, o.susceptibility];
                series.iter_mut().zip(all).for_each(|(s, x)| s.push(x));
                weights.push(run.value() - neighbour.value(run.field()).unwrap());
            }
        }
        for (series, exact) in series.iter().zip(self.means) {
            let found = autocorrelation(series).unwrap();
            let pull = |mean: f64| (found.mean - mean) / found.error;
            let other = reweighted(&weights, series).unwrap().value;
            let what = format!("{chain} at L = {}: {} +- {}", self.length, found.mean, found.error);
            println!("{what}: {} errors off, {} off the neighbour", pull(exact), pull(other));
            assert!(pull(exact).abs() < 5.0, "{what}, exact {exact}");
            assert!(pull(other).abs() > 5.0, "{what} agrees with {other} of the neighbour {}", self.neighbour);
        }
    }

    /// log weights of the first samples of a flow, and their fields.
    fn weights(&self, flow: &Flow, count: usize) -> (Vec<f64>, Vec<f64>) {
        let volume = self.lattice().volume();
        let (mut fields, mut log_q) = (vec![0.0; count * volume], vec![0.0; count]);
        flow.sample(1 << 40, count, &mut fields, &mut log_q).unwrap();
        let action = self.action();
        let weigh = |(field, q): (&[f64], &f64)| -action.value(field).unwrap() - q;
        (fields.chunks(volume).zip(&log_q).map(weigh).collect(), fields)
    }

    /// log Z and the reweighted means of a flow; returns the error of log Z and the acceptance.
    fn expect_reweighting(&self, flow: &Flow, count: usize) -> (f64, f64) {
        let (weights, fields) = self.weights(flow, count);
        let found = reweighting(&weights).unwrap();
        let pull = (found.log_z - self.log_z) / found.log_z_error;
        assert!(pull.abs() < 5.0, "log Z {} +- {}, exact {}", found.log_z, found.log_z_error, self.log_z);
        assert!(!found.is_heavy_tailed(), "tail shape {}", found.tail_shape);
        let chi = |field: &[f64]| field.iter().sum::<f64>().powi(2) / field.len() as f64;
        let series: Vec<f64> = fields.chunks(self.lattice().volume()).map(chi).collect();
        let mean = reweighted(&weights, &series).unwrap();
        assert!((mean.value - self.means[3]).abs() < 5.0 * mean.error, "susceptibility {mean:?}");
        (found.log_z_error, independence_acceptance(&weights).unwrap().acceptance.value)
    }

    fn expect_everything(&self, flow: Arc<Flow>) {
        self.expect_chain(HMC, None, 60_000);
        self.expect_chain(INDEPENDENCE, Some(flow.clone()), 60_000);
        self.expect_chain(CYCLE, Some(flow), 60_000);
    }
}

#[test]
fn form_a_on_4x4() {
    let model = "{type: 'affine', layers: 8, hidden: [8]}";
    let flow = FORM_A_4.model(model, "{steps: 600, batch: 128, learning_rate: 0.01, schedule: 'cosine', clip: 100}");
    FORM_A_4.expect_reweighting(&flow, 50_000);
    FORM_A_4.expect_everything(flow);
}

#[test]
fn form_kappa_on_4x4() {
    let model = "{type: 'affine', layers: 8, hidden: [8]}";
    let flow =
        FORM_KAPPA_4.model(model, "{steps: 600, batch: 128, learning_rate: 0.01, schedule: 'cosine', clip: 100}");
    FORM_KAPPA_4.expect_reweighting(&flow, 50_000);
    FORM_KAPPA_4.expect_everything(flow);
}

#[test]
fn form_a_on_6x6_with_the_shipped_model() {
    let context = Arc::new(Context::new(1, Precision::F32, 2).unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/phi4_6x6.safetensors");
    let flow = Arc::new(load(&context, &FORM_A_6.lattice(), &path).unwrap().0);
    let (error, _) = FORM_A_6.expect_reweighting(&flow, 200_000);
    assert!(error < 0.002, "log Z known to {error} only");
    FORM_A_6.expect_everything(flow);
}

/// The network, steps and batch of arXiv:2101.08176, whose own figure is 0.463.
#[test]
fn the_tutorial_network_on_8x8() {
    let model = "{type: 'affine', layers: 16, hidden: [8, 8], kernel: 3}";
    let training = "{steps: 2500, batch: 64, learning_rate: 0.01, schedule: 'cosine', warmup: 100, clip: 100}";
    let flow = FORM_A_8.model(model, training);
    let (_, acceptance) = FORM_A_8.expect_reweighting(&flow, 100_000);
    assert!(acceptance > 0.463, "acceptance {acceptance}");
    FORM_A_8.expect_everything(flow);
}

/// Over 200 independent short runs the deviations from the exact value, in errors, have unit variance, and in errors
/// that treat steps as independent they do not.
#[test]
fn errors_of_short_runs_are_right() {
    let exact = FORM_A_4;
    // Short trajectories, so that the autocorrelation time is long.
    let kernel = "{type: 'hmc', integrator: 'omelyan2', steps: 3, length: 0.5}";
    let chain_spec: ChainSpec = spec::parse("chain", kernel).unwrap();
    let (runs, steps) = (200, 2000);
    let (mut sum, mut square, mut naive) = (0.0, 0.0, 0.0);
    for seed in 0..runs {
        let mut run = Chain::new(exact.action(), None, &chain_spec, seed).unwrap();
        let mut series = Vec::with_capacity(steps);
        for step in 0..steps + 50 {
            run.step().unwrap();
            if step >= 50 {
                series.push(observables(&exact.lattice(), run.field()).unwrap().susceptibility);
            }
        }
        let found = autocorrelation(&series).unwrap();
        let pull = (found.mean - exact.means[3]) / found.error;
        sum += pull;
        square += pull * pull;
        let variance = series.iter().map(|x| (x - found.mean).powi(2)).sum::<f64>() / (steps - 1) as f64;
        naive += (found.mean - exact.means[3]).powi(2) / (variance / steps as f64);
    }
    let (n, mean) = (runs as f64, sum / runs as f64);
    let variance = square / n - mean * mean;
    println!("mean pull {mean}, variance {variance}, without autocorrelation {}", naive / n);
    assert!(mean.abs() < 5.0 / n.sqrt(), "mean pull {mean}");
    // The variance of a sample variance of normal numbers is 2/n.
    assert!((variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "variance of the pulls {variance}");
    assert!(naive / n - 1.0 > 5.0 * (2.0 / n).sqrt(), "variance without autocorrelation {}", naive / n);
}
