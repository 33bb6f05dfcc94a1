//! Hybrid Monte Carlo with masses of modes: exactness, and autocorrelations of a free field that do not depend on the mode.

use super::check::{Chain4, expect_mean, keeps_the_distribution, mean_and_error};
use super::{Chain, ChainSpec, ChainState, Hmc, HmcSpec, IntegratorName, Kernel, Key, MassSpec};
use crate::action::{Action, ActionSpec};
use crate::context::serial;
use crate::lattice::Lattice;
use crate::spec::parse;
use std::f64::consts::PI;
use std::sync::Arc;

fn chain(extent: &[usize], action: &str, kernel: &str) -> Chain {
    let lattice = Lattice::new(extent).unwrap();
    let action: Arc<dyn Action> =
        parse::<ActionSpec>("action", action).unwrap().build(&serial(), &lattice).unwrap().into();
    Chain::new(action, None, &parse::<ChainSpec>("chain", kernel).unwrap(), 8).unwrap()
}

fn fourier(mass_squared: f64) -> Option<MassSpec> {
    Some(MassSpec::Fourier { mass_squared })
}

#[test]
fn trajectories_with_masses_keep_the_distribution() {
    let spec = HmcSpec { steps: 2, mass: fourier(0.7), length: 1.3, ..HmcSpec::default() };
    keeps_the_distribution(&|action, _| Box::new(Hmc::new(action, &spec).unwrap()));
}

#[test]
fn the_mean_of_exp_of_minus_the_energy_error_is_one() {
    let action = Arc::new(Chain4::new(16, 0.7, 0.3));
    let integrator = IntegratorName::Leapfrog;
    let hmc = Hmc::new(
        action.clone(),
        &HmcSpec { integrator, steps: 3, length: 1.2, mass: fourier(0.8), ..HmcSpec::default() },
    );
    let (hmc, mut series, mut largest) = (hmc.unwrap(), vec![], 0.0f64);
    let mut state = ChainState::new(&*action, &[0.1; 16]).unwrap();
    for counter in 0..20_200 {
        let info = hmc.step(&Key { seed: 2, counter }, &mut state).unwrap();
        if counter >= 200 {
            series.push((-info.delta).exp());
            largest = largest.max(info.delta.abs());
        }
    }
    assert!(largest > 0.3, "the test needs energy errors to see anything, got at most {largest}");
    expect_mean("exp(-dH)", &series, 1.0);
}

const FREE: &str = "{type: 'phi4', form: 'half', mass_squared: 0.05, lambda: 0}";
const PHI4: &str = "{type: 'phi4', mass_squared: -4, lambda: 6}";

#[test]
fn trajectories_with_masses_come_back() {
    let levels = "{type: 'sum', terms: [{type: 'phi4', mass_squared: 1, lambda: 1}, {type: 'phi4', mass_squared: 0, lambda: 3}]}";
    for (action, keys) in [(FREE, ""), (PHI4, ""), (levels, ", levels: [{terms: [0], steps: 2}]")] {
        let kernel = format!("{{type: 'hmc', start: 'hot', mass: {{type: 'fourier', mass_squared: 0.4}}{keys}}}");
        let mut chain = chain(&[6, 5], action, &kernel);
        let accepted = (0..50).filter(|_| chain.step().unwrap().accepted).count();
        let reversal = chain.reversibility().unwrap();
        assert!(
            accepted > 40 && reversal.distance < 1e-11 && reversal.energy < 1e-10,
            "{keys}: {accepted} {reversal:?}"
        );
    }
}

#[test]
fn averages_are_those_of_momenta_without_masses() {
    for (action, mass_squared) in [(FREE, 0.05), (PHI4, 1.0)] {
        let mass = format!(", mass: {{type: 'fourier', mass_squared: {mass_squared}}}");
        let found = ["", &mass].map(|mass| {
            let kernel = format!("{{type: 'hmc', start: 'hot', steps: 5, length: 1.2{mass}}}");
            let mut chain = chain(&[6, 6], action, &kernel);
            let mut series = [vec![], vec![]];
            for step in 0..40_400 {
                let value = chain.step().unwrap().value;
                if step >= 400 {
                    series[0].push(value);
                    series[1].push(chain.field().iter().sum::<f64>().powi(2));
                }
            }
            series.map(|series| mean_and_error(&series, 100))
        });
        let [plain, massive] = found;
        for ((a, error_a), (b, error_b)) in plain.into_iter().zip(massive) {
            assert!((a - b).abs() < 5.0 * error_a.hypot(error_b), "{action}: {a}({error_a}) {b}({error_b})");
            assert!(error_a.max(error_b) < 0.1 * a, "{action}: {a}({error_a}) {b}({error_b})");
        }
    }
}

/// Each mode of a free field turns by the angle 1.2 in a trajectory of that length, so that its correlation from one step to the next is
/// cos 1.2; without masses the zero mode hardly moves.
#[test]
fn modes_of_a_free_field_decorrelate_alike() {
    const MODES: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.0), (2.0, 3.0), (4.0, 4.0)];
    let correlations = |mass: &str, expected: [f64; 4]| {
        let kernel = format!("{{type: 'hmc', start: 'hot', integrator: 'omelyan4', steps: 4, length: 1.2{mass}}}");
        let mut chain = chain(&[8, 8], FREE, &kernel);
        let amplitudes = |field: &[f64]| {
            MODES.map(|(p, q)| {
                let wave = |site: usize| (2.0 * PI * (p * (site % 8) as f64 + q * (site / 8) as f64) / 8.0).cos();
                field.iter().enumerate().map(|(site, phi)| wave(site) * phi).sum::<f64>()
            })
        };
        let (mut before, mut misses, mut squares) = (amplitudes(chain.field()), vec![vec![]; 4], [0.0; 4]);
        for step in 0..20_200 {
            chain.step().unwrap();
            let now = amplitudes(chain.field());
            if step >= 200 {
                for mode in 0..4 {
                    misses[mode].push(before[mode] * (now[mode] - expected[mode] * before[mode]));
                    squares[mode] += before[mode] * before[mode] / 20_000.0;
                }
            }
            before = now;
        }
        for mode in 0..4 {
            let (miss, error) = mean_and_error(&misses[mode], 100);
            let (miss, error) = (miss / squares[mode], error / squares[mode]);
            assert!(miss.abs() < 5.0 * error && error < 0.02, "mode {mode}{mass}: off by {miss}({error})");
        }
    };
    correlations(", mass: {type: 'fourier', mass_squared: 0.05}", [1.2f64.cos(); 4]);
    let frequency = |(p, q): (f64, f64)| {
        let square = |n: f64| 4.0 * (PI * n / 8.0).sin().powi(2);
        (0.05 + square(p) + square(q)).sqrt()
    };
    let expected = MODES.map(|mode| (1.2 * frequency(mode)).cos());
    assert!(expected[0] > 0.95);
    correlations("", expected);
}

#[test]
fn masses_that_make_no_sense_are_refused() {
    let message = |extent: &[usize], action: &str, mass: &str| {
        let kernel = parse::<ChainSpec>("chain", &format!("{{type: 'hmc', mass: {mass}}}"));
        let lattice = Lattice::new(extent).unwrap();
        let action = parse::<ActionSpec>("action", action).unwrap().build(&serial(), &lattice).unwrap();
        kernel.and_then(|kernel| Chain::new(action.into(), None, &kernel, 8)).err().unwrap().to_string()
    };
    let (wilson, good) = ("{type: 'wilson', group: 'su3', beta: 5}", "{type: 'fourier', mass_squared: 1}");
    let links = "mass: expected fields of scalars, got links of SU(3)";
    assert_eq!(message(&[4, 4], wilson, good), links);
    let long = "mass: extent[0]: expected at most 2048 sites, got 2049";
    assert_eq!(message(&[2049], FREE, good), long);
    for number in ["0", "-1", "NaN", "Infinity"] {
        let text = message(&[4], FREE, &format!("{{type: 'fourier', mass_squared: {number}}}"));
        assert!(text.starts_with("mass.mass_squared: expected a finite number above 0, got "), "{text}");
    }
    let unknown = message(&[4], FREE, "{type: 'fourier', m2: 1}");
    assert!(unknown.contains("mass: unknown key 'm2'; known keys: type, mass_squared"), "{unknown}");
    let transformed = parse::<ChainSpec>("chain", &format!("{{type: 'transformed_hmc', mass: {good}}}"));
    assert!(transformed.unwrap_err().to_string().contains("unknown key 'mass'"));
}
