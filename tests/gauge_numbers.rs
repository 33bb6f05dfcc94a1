//! Exact numbers of gauge theories in two dimensions, and known ones in four, reproduced within five standard errors.
//!
//! Plaquettes and charges are from character expansions; all digits hold. On 8 x 8 sites the torus changes the
//! plaquettes by less than 1e-8.

use instanton::action::{Action, ActionSpec};
use instanton::context::{Context, Precision};
use instanton::gauge::{Gauge, Group, charge, observables};
use instanton::lattice::Lattice;
use instanton::markov::{Chain, ChainSpec};
use instanton::spec;
use instanton::statistics::{Autocorrelation, autocorrelation};
use std::sync::Arc;

const HMC: &str = "{type: 'hmc', integrator: 'omelyan2', steps: 5, length: 1, start: 'hot'}";
const HEATBATH: &str = "{type: 'heatbath', overrelaxation: 1, start: 'hot'}";

/// A theory on 8 x 8 sites with its exact plaquette and, for U(1), <Q²>.
struct Exact {
    group: Group,
    beta: f64,
    plaquette: f64,
    charge_squared: Option<f64>,
}

const THEORIES: [Exact; 6] = [
    Exact { group: Group::U1, beta: 1.0, plaquette: 0.446390, charge_squared: Some(2.60072) },
    Exact { group: Group::U1, beta: 2.0, plaquette: 0.697775, charge_squared: Some(1.23930) },
    Exact { group: Group::Su2, beta: 1.8, plaquette: 0.399372, charge_squared: None },
    Exact { group: Group::Su2, beta: 2.7, plaquette: 0.532971, charge_squared: None },
    Exact { group: Group::Su3, beta: 1.0, plaquette: 0.060127, charge_squared: None },
    Exact { group: Group::Su3, beta: 6.0, plaquette: 0.422532, charge_squared: None },
];

fn build(extent: &[usize], group: Group, beta: f64) -> Arc<dyn Action> {
    let text = format!("{{type: 'wilson', group: '{}', beta: {beta}}}", group.name());
    let spec: ActionSpec = spec::parse("action", &text).unwrap();
    let context = Arc::new(Context::new(1, Precision::F64, 0).unwrap());
    spec.build(&context, &Lattice::new(extent).unwrap()).unwrap().into()
}

/// Runs `measure` on the fields of a chain, without its first tenth.
fn series(
    action: &Arc<dyn Action>,
    (kernel, group): (&str, Group),
    steps: usize,
    measure: impl Fn(&Gauge) -> Vec<f64>,
) -> Vec<Vec<f64>> {
    let spec: ChainSpec = spec::parse("chain", kernel).unwrap();
    let mut chain = Chain::new(Arc::clone(action), None, &spec, 17).unwrap();
    let mut all = Vec::new();
    for step in 0..steps {
        chain.step().unwrap();
        if step >= steps / 10 {
            all.push(measure(&Gauge::new(action.lattice(), group, chain.field().to_vec()).unwrap()));
        }
    }
    (0..all[0].len()).map(|i| all.iter().map(|numbers| numbers[i]).collect()).collect()
}

fn expect(what: &str, series: &[f64], exact: f64, resolution: f64) {
    let Autocorrelation { mean, error, tau, .. } = autocorrelation(series).unwrap();
    assert!(error < resolution * exact.abs(), "{what}: {mean} +- {error} (tau {tau}) is too coarse to test {exact}");
    assert!((mean - exact).abs() < 5.0 * error, "{what}: {mean} +- {error} (tau {tau}) against {exact}");
}

fn expect_exact_numbers(group: Group, kernel: &str, steps: usize) {
    for theory in THEORIES.iter().filter(|theory| theory.group == group) {
        let action = build(&[8, 8], theory.group, theory.beta);
        let measure = |gauge: &Gauge| {
            let charge = charge(gauge).map_or(0.0, |charge| charge * charge);
            vec![observables::plaquette(gauge), charge]
        };
        let numbers = series(&action, (kernel, theory.group), steps, measure);
        let name = format!("{} at beta {}", theory.group.name(), theory.beta);
        expect(&format!("{name}, plaquette"), &numbers[0], theory.plaquette, 0.01);
        if let Some(exact) = theory.charge_squared {
            expect(&format!("{name}, Q^2"), &numbers[1], exact, 0.05);
        }
    }
}

#[test]
fn hybrid_monte_carlo_meets_the_exact_numbers_of_u1() {
    expect_exact_numbers(Group::U1, HMC, 8_000);
}

#[test]
fn hybrid_monte_carlo_meets_the_exact_numbers_of_su2() {
    expect_exact_numbers(Group::Su2, HMC, 6_000);
}

#[test]
fn hybrid_monte_carlo_meets_the_exact_numbers_of_su3() {
    expect_exact_numbers(Group::Su3, HMC, 4_000);
}

#[test]
fn the_heat_bath_meets_the_exact_numbers_of_u1() {
    expect_exact_numbers(Group::U1, HEATBATH, 20_000);
}

#[test]
fn the_heat_bath_meets_the_exact_numbers_of_su2() {
    expect_exact_numbers(Group::Su2, HEATBATH, 10_000);
}

#[test]
fn the_heat_bath_meets_the_exact_numbers_of_su3() {
    expect_exact_numbers(Group::Su3, HEATBATH, 6_000);
}

/// The plaquettes of a chain on links of SU(3).
fn plaquettes(extent: &[usize], beta: f64, kernel: &str, steps: usize) -> Vec<f64> {
    let action = build(extent, Group::Su3, beta);
    series(&action, (kernel, Group::Su3), steps, |gauge| vec![observables::plaquette(gauge)]).swap_remove(0)
}

#[test]
fn the_plaquette_of_su3_at_beta_6() {
    // 0.59371 in large volumes: G. S. Bali and K. Schilling, Phys. Rev. D 47, 661 (1993); at 8^4 sites the volume
    // changes it by less than 2e-4.
    const KERNEL: &str = "{type: 'heatbath', overrelaxation: 3, start: 'cold'}";
    expect("su3 on 8^4 at beta 6", &plaquettes(&[8; 4], 6.0, KERNEL, 80), 0.5937, 0.001);
}

#[test]
fn hybrid_monte_carlo_and_the_heat_bath_agree_in_four_dimensions() {
    const KERNELS: [(&str, usize); 2] = [
        ("{type: 'hmc', integrator: 'omelyan2', steps: 8, length: 1, start: 'hot'}", 1_500),
        ("{type: 'heatbath', overrelaxation: 2, start: 'hot'}", 1_500),
    ];
    let results =
        KERNELS.map(|(kernel, steps)| autocorrelation(&plaquettes(&[4, 2, 4, 4], 5.5, kernel, steps)).unwrap());
    let [one, other] = results.map(|result| (result.mean, result.error));
    let error = one.1.hypot(other.1);
    assert!(error < 0.002, "{one:?} and {other:?} are too coarse to compare");
    assert!((one.0 - other.0).abs() < 5.0 * error, "{one:?} {other:?}");
}

#[test]
fn hybrid_monte_carlo_meets_the_strong_coupling_plaquette() {
    // The integral over one plaquette, 0.060127 at beta = 1, beta/18 to lowest order, and 4 (beta/18)^5 from the cubes
    // that a plaquette belongs to: J.-M. Drouffe and J.-B. Zuber, Phys. Rep. 102, 1 (1983).
    let exact = 0.060127 + 4.0 * (1.0f64 / 18.0).powi(5);
    expect("su3 on 4^4 at beta 1", &plaquettes(&[4; 4], 1.0, HMC, 600), exact, 0.01);
}
