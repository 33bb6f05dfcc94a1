//! Dynamical fermions: hybrid Monte Carlo with pseudofermions against quenched ensembles that are reweighted with the exact
//! determinant. The Schwinger model with Wilson and staggered fermions in two dimensions, SU(3) with a clover term in four.
//! The same ensembles reweighted for other numbers of flavours have to disagree.

use faer::linalg::solvers::DenseSolveCore;
use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::dirac::{Dirac, DiracSpec, Which};
use instanton::gauge::{Complex64, Gauge, Group, observables};
use instanton::lattice::Lattice;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::autocorrelation;
use std::sync::Arc;

const DIRAC: &str = "{type: 'wilson', kappa: 0.24, boundary: [1, -1]}";
const HEAVIER: &str = "{type: 'wilson', kappa: 0.18, boundary: [1, -1]}";
const CLOVER: &str = "{type: 'wilson', kappa: 0.08, clover: 1, boundary: [1, 1, 1, -1]}";
/// Lighter fermions, for a lattice on which the determinant varies less.
const LIGHTER: &str = "{type: 'wilson', kappa: 0.265, boundary: [1, -1]}";
const STAGGERED: &str = "{type: 'staggered', mass: 0.2, boundary: [1, -1]}";
/// Observables: plaquette, condensate tr D^-1 / V, and the pion correlator at a quarter and half of the extent.
const MEASURED: usize = 4;

fn context() -> Arc<Context> {
    Arc::new(Context::new(1, Precision::F64, 1).unwrap())
}

/// A gauge theory and its fermions.
struct Theory<'a> {
    extent: &'a [usize],
    group: Group,
    gauge: &'a str,
    dirac: &'a str,
    /// The pseudofermion terms of the action for these fermions.
    fermions: String,
    /// Their weight as a power of |det D|: 2 for two flavours of Wilson fermions, 1 for two of staggered ones.
    power: f64,
}

impl Theory<'_> {
    fn lattice(&self) -> Lattice {
        Lattice::new(self.extent).unwrap()
    }

    fn chain(&self, action: &str, kernel: &str) -> Chain {
        let spec: ActionSpec = spec::parse("action", action).unwrap();
        let action: Arc<dyn Action> = spec.build(&context(), &self.lattice()).unwrap().into();
        Chain::new(action, None, &spec::parse::<ChainSpec>("chain", kernel).unwrap(), 23).unwrap()
    }

    /// The observables of a field, and log |det D|.
    fn measure(&self, links: &[f64]) -> ([f64; MEASURED], f64) {
        let gauge = Gauge::new(&self.lattice(), self.group, links.to_vec()).unwrap();
        let dirac = Dirac::new(&context(), &gauge, &spec::parse::<DiracSpec>("dirac", self.dirac).unwrap()).unwrap();
        let n = dirac.count() / 2;
        let (mut units, mut columns) = (vec![0.0; 2 * n * n], vec![0.0; 2 * n * n]);
        (0..n).for_each(|j| units[2 * n * j + 2 * j] = 1.0);
        dirac.apply(Which::Plain, n, &units, &mut columns).unwrap();
        let at = |i: usize, j: usize| 2 * (n * j + i);
        let matrix = faer::Mat::from_fn(n, n, |i, j| Complex64::new(columns[at(i, j)], columns[at(i, j) + 1]));
        let lu = matrix.partial_piv_lu();
        let inverse = lu.inverse();
        let log_determinant: f64 = (0..n).map(|i| lu.U()[(i, i)].norm().ln()).sum();
        let volume = self.lattice().volume();
        let condensate = (0..n).map(|i| inverse[(i, i)].re).sum::<f64>() / volume as f64;
        let times = self.extent[self.extent.len() - 1];
        // Averaged over all sources: sum over space, spins and colours of |D^-1(x + t, x)|^2.
        let pion = |t: usize| -> f64 {
            let time = |i: usize| i / (n / times);
            let pairs = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
            let at = pairs.filter(|&(i, j)| time(i) == (time(j) + t) % times);
            at.map(|(i, j)| inverse[(i, j)].norm_sqr()).sum::<f64>() / volume as f64
        };
        ([observables::plaquette(&gauge), condensate, pion(times / 4), pion(times / 2)], log_determinant)
    }
}

/// Means and errors of an ensemble of independent fields that is reweighted with a power of |det D|, by the jackknife over
/// blocks, and its effective sample size.
fn reweighted(samples: &[([f64; MEASURED], f64)], power: f64) -> ([(f64, f64); MEASURED], f64) {
    const BLOCKS: usize = 50;
    let largest = samples.iter().map(|(_, w)| power * w).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = samples.iter().map(|(_, w)| (power * w - largest).exp()).collect();
    let size = weights.iter().sum::<f64>().powi(2) / weights.iter().map(|w| w * w).sum::<f64>() / samples.len() as f64;
    let mean = |k: usize, left_out: Option<usize>| {
        let kept = (0..samples.len()).filter(|i| Some(i * BLOCKS / samples.len()) != left_out);
        let (sum, norm) = kept.fold((0.0, 0.0), |(s, n), i| (s + weights[i] * samples[i].0[k], n + weights[i]));
        sum / norm
    };
    let result = std::array::from_fn(|k| {
        let all = mean(k, None);
        let blocks = (0..BLOCKS).map(|block| (mean(k, Some(block)) - all).powi(2));
        (all, (blocks.sum::<f64>() * (BLOCKS - 1) as f64 / BLOCKS as f64).sqrt())
    });
    (result, size)
}

/// Compares a chain of so many trajectories with an ensemble of so many sweeps of the quenched theory.
fn expect_agreement(theory: &Theory, counts: (usize, usize)) {
    let levels = "levels: [{terms: [0], steps: 3}]";
    let kernel = format!("{{type: 'hmc', integrator: 'omelyan2', steps: 4, {levels}, start: 'hot'}}");
    let weights = expect_agreement_of(theory, counts, &kernel);
    let one = autocorrelation(&weights).unwrap();
    assert!((one.mean - 1.0).abs() < 5.0 * one.error, "<exp(-dH)> = {} +- {}", one.mean, one.error);
}

/// The same for a kernel; exp(−δ) of each step.
fn expect_agreement_of(theory: &Theory, (trajectories, quenched): (usize, usize), kernel: &str) -> Vec<f64> {
    let mut heatbath = theory.chain(theory.gauge, "{type: 'heatbath', overrelaxation: 2, start: 'hot'}");
    let mut samples = vec![];
    for step in 0..quenched + 100 {
        heatbath.step().unwrap();
        if step >= 100 {
            samples.push(theory.measure(heatbath.field()));
        }
    }
    let (exact, size) = reweighted(&samples, theory.power);
    assert!(size > 0.05, "an effective sample size of {size} tests nothing");
    let action = format!("{{type: 'sum', terms: [{}, {}]}}", theory.gauge, theory.fermions);
    let mut hmc = theory.chain(&action, kernel);
    let (mut series, mut weights) = (vec![vec![]; MEASURED], vec![]);
    for step in 0..trajectories + 50 {
        let info = hmc.step().unwrap();
        if step >= 50 {
            let (numbers, _) = theory.measure(hmc.field());
            series.iter_mut().zip(numbers).for_each(|(series, x)| series.push(x));
            weights.push((-info.delta).exp());
        }
    }
    let own: Vec<_> = series.iter().map(|series| autocorrelation(series).unwrap()).collect();
    // Deviation of the chain from the ensemble in standard errors, for each observable.
    let pulls = |ensemble: &[(f64, f64); MEASURED]| -> Vec<f64> {
        own.iter().zip(ensemble).map(|(own, (value, error))| (own.mean - value) / own.error.hypot(*error)).collect()
    };
    let found = pulls(&exact);
    println!("{}: {found:?} errors off plaquette, condensate, pion at T/4 and T/2: {exact:?}", theory.fermions);
    assert!(found.iter().all(|pull| pull.abs() < 5.0), "{found:?} errors off plaquette, condensate, pion: {exact:?}");
    // The neighbouring theories: no fermions, and half as many flavours.
    for factor in [0.0, 0.5] {
        let other = pulls(&reweighted(&samples, factor * theory.power).0);
        println!("    {factor} times as many flavours: {other:?}");
        assert!(other.iter().any(|pull| pull.abs() > 5.0), "{factor} times as many flavours: {other:?} errors off");
    }
    weights
}

fn schwinger(extent: &[usize], fermions: String) -> Theory<'_> {
    let gauge = "{type: 'wilson', group: 'u1', beta: 2}";
    Theory { extent, group: Group::U1, gauge, dirac: DIRAC, fermions, power: 2.0 }
}

#[test]
fn two_flavours_agree_with_the_exact_determinant_on_4_by_4() {
    let fermions = format!("{{type: 'two_flavour', group: 'u1', dirac: {DIRAC}}}");
    expect_agreement(&schwinger(&[4, 4], fermions), (4000, 10_000));
}

/// Swaps are decided by the gauge action alone: replicas have the same determinant.
#[test]
fn replicas_with_fermions_agree_with_the_exact_determinant() {
    let fermions = format!("{{type: 'two_flavour', group: 'u1', dirac: {DIRAC}}}");
    let sweep = "sweep: {type: 'hmc', integrator: 'omelyan2', steps: 4}";
    let kernel = format!("{{type: 'tempering', defect: {{size: [2]}}, strengths: [1, 0.3, 0], {sweep}, start: 'hot'}}");
    expect_agreement_of(&schwinger(&[4, 4], fermions), (4000, 10_000), &kernel);
}

#[test]
fn two_flavours_agree_with_the_exact_determinant_on_8_by_8() {
    let fermions = format!("{{type: 'two_flavour', group: 'u1', dirac: {LIGHTER}}}");
    expect_agreement(&Theory { dirac: LIGHTER, ..schwinger(&[8, 8], fermions) }, (1600, 3200));
}

#[test]
fn split_masses_agree_with_the_exact_determinant() {
    let fermions = format!(
        "{{type: 'two_flavour', group: 'u1', dirac: {HEAVIER}}}, \
         {{type: 'two_flavour', group: 'u1', dirac: {DIRAC}, over: {HEAVIER}}}"
    );
    expect_agreement(&schwinger(&[4, 4], fermions), (4000, 10_000));
}

#[test]
fn two_rational_flavours_agree_with_the_exact_determinant() {
    let one = format!("{{type: 'rational', group: 'u1', dirac: {DIRAC}, flavours: 1, range: [1e-3, 40]}}");
    expect_agreement(&schwinger(&[4, 4], format!("{one}, {one}")), (3000, 10_000));
}

#[test]
fn two_flavours_of_su3_agree_with_the_exact_determinant() {
    let fermions = format!("{{type: 'two_flavour', group: 'su3', dirac: {CLOVER}}}");
    let gauge = "{type: 'wilson', group: 'su3', beta: 5}";
    let theory = Theory { extent: &[2; 4], group: Group::Su3, gauge, dirac: CLOVER, fermions, power: 2.0 };
    expect_agreement(&theory, (800, 2000));
}

/// Two flavours are the whole determinant of a staggered field, here as two square roots.
#[test]
fn rational_staggered_flavours_agree_with_the_exact_determinant() {
    let one = format!("{{type: 'rational', group: 'u1', dirac: {STAGGERED}, flavours: 1, range: [0.03, 5]}}");
    let theory = schwinger(&[4, 4], format!("{one}, {one}"));
    expect_agreement(&Theory { dirac: STAGGERED, power: 1.0, ..theory }, (3000, 10_000));
}
