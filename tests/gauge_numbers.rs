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

/// c_r(β_P) of a plaquette for all representations r that count: exp(β_P Re tr U / N) = Σ_r d_r c_r χ_r(U), d_r the dimension.
fn coefficients(group: Group, beta: f64) -> Vec<f64> {
    // I_n(x), by the trapezium rule, which converges exponentially.
    let bessel = |n: i32, x: f64| {
        let angles = (0..400).map(|k| f64::from(k) * std::f64::consts::PI / 200.0);
        angles.map(|t| (x * t.cos()).exp() * (f64::from(n) * t).cos()).sum::<f64>() / 400.0
    };
    match group {
        Group::U1 => (-30..=30).map(|r| bessel(r, beta)).collect(),
        // 2 I_{2j+1}(β) / β = I_{2j} − I_{2j+2} over 2j + 1.
        Group::Su2 => (0..=60).map(|r| (bessel(r, beta) - bessel(r + 2, beta)) / f64::from(r + 1)).collect(),
        // Σ_n det I_{λ_j − j + i + n}(β/3) for Young diagrams with rows λ = (p + q, q, 0).
        Group::Su3 => {
            let table: Vec<f64> = (0..=40).map(|n| bessel(n, beta / 3.0)).collect();
            let of = |n: i32| table.get(n.unsigned_abs() as usize).copied().unwrap_or(0.0);
            let sum = |[p, q]: [i32; 2]| {
                let dimension = f64::from((p + 1) * (q + 1) * (p + q + 2)) / 2.0;
                let entry = |n: i32, i: i32, j: i32| of([p + q, q, 0][j as usize] - j + i + n);
                let minor = |n: i32, j: i32, k: i32| entry(n, 1, j) * entry(n, 2, k) - entry(n, 1, k) * entry(n, 2, j);
                let determinant = |n: i32| {
                    entry(n, 0, 0) * minor(n, 1, 2) - entry(n, 0, 1) * minor(n, 0, 2) + entry(n, 0, 2) * minor(n, 0, 1)
                };
                (-30..=30).map(determinant).sum::<f64>() / dimension
            };
            (0..=10).flat_map(|p| (0..=10).map(move |q| [p, q])).map(sum).collect()
        }
    }
}

/// log Z of plaquettes with couplings β w each, on a torus: Z = Σ_r Π_P c_r(β w_P).
fn log_z(group: Group, beta: f64, weights: &[f64]) -> f64 {
    let mut weights = weights.to_vec();
    weights.sort_by(f64::total_cmp);
    let mut products: Vec<f64> = vec![];
    for equal in weights.chunk_by(|a, b| a == b) {
        let factors = coefficients(group, beta * equal[0]).into_iter().map(|c| c.powi(equal.len() as i32));
        products = if products.is_empty() {
            factors.collect()
        } else {
            products.iter().zip(factors).map(|(a, b)| a * b).collect()
        };
    }
    products.iter().sum::<f64>().ln()
}

/// The expansion itself: means of plaquettes by derivatives of log Z.
#[test]
fn character_expansions_give_the_exact_plaquettes() {
    for Exact { group, beta, plaquette, .. } in THEORIES {
        let step = 1e-4;
        let slope = (log_z(group, beta + step, &[1.0; 64]) - log_z(group, beta - step, &[1.0; 64])) / (2.0 * step);
        assert!((slope / 64.0 - plaquette).abs() < 1e-6, "{group:?} at beta {beta}: {}", slope / 64.0);
    }
}

/// In two dimensions plaquettes factorise whatever their weights are. A defect of two links cuts three plaquettes: those at
/// its ends carry s, the one between carries s².
#[test]
fn theories_with_a_defect_meet_their_exact_actions() {
    for (group, beta, strength) in
        [(Group::U1, 2.0, 0.25), (Group::U1, 4.0, 0.0), (Group::Su2, 3.0, 0.4), (Group::Su3, 5.0, 0.3)]
    {
        let mut weights = vec![1.0; 16];
        weights[..3].copy_from_slice(&[strength, strength * strength, strength]);
        // <S> = Σ_P β w_P − β d log Z / dβ.
        let step = 1e-4;
        let slope = (log_z(group, beta + step, &weights) - log_z(group, beta - step, &weights)) / (2.0 * step);
        let exact = beta * (weights.iter().sum::<f64>() - slope);
        let defect = format!("{{size: [2], strength: {strength}, at: [3, 1]}}");
        let text = format!("{{type: 'wilson', group: '{}', beta: {beta}, defect: {defect}}}", group.name());
        let spec: ActionSpec = spec::parse("action", &text).unwrap();
        let context = Arc::new(Context::new(1, Precision::F64, 0).unwrap());
        let action: Arc<dyn Action> = spec.build(&context, &Lattice::new(&[4, 4]).unwrap()).unwrap().into();
        for (kernel, steps) in [(HMC, 12_000), (HEATBATH, 20_000)] {
            let value = |gauge: &Gauge| vec![action.value(gauge.links()).unwrap()];
            let values = series(&action, (kernel, group), steps, value).swap_remove(0);
            expect(&format!("{text}, {kernel}"), &values, exact, 0.01);
        }
    }
}

/// Replica exchange: with everything that it has, with another kernel, and with the fewest keys.
const TEMPERING: [&str; 3] = [
    "{type: 'tempering', defect: {size: [3], across: 0, at: [1, 2]}, strengths: [1, 0.5, 0], switches: 3, \
     near: [{within: 2, sweeps: 1}, {within: 1, sweeps: 2}], sweep: {type: 'heatbath', overrelaxation: 1}, start: 'hot'}",
    "{type: 'tempering', defect: {size: [2]}, strengths: [1, 0.3, 0], sweep: {type: 'hmc', steps: 5}, start: 'hot'}",
    "{type: 'tempering', defect: {size: [2]}, replicas: 3, tune: 100, start: 'hot'}",
];

#[test]
fn replica_exchange_meets_the_exact_numbers() {
    for (kernel, steps) in TEMPERING.into_iter().zip([3_000, 5_000, 6_000]) {
        expect_exact_numbers(Group::U1, kernel, steps);
    }
    expect_exact_numbers(Group::Su2, TEMPERING[0], 2_000);
    expect_exact_numbers(Group::Su3, TEMPERING[0], 4_500);
}

/// Tempered transitions alone touch few links at a time; with sweeps they are a chain. One path is far too short.
#[test]
fn tempered_transitions_meet_the_exact_numbers() {
    let cycle = |path: &str| {
        let tempered = format!("{{type: 'tempered', defect: {{size: [2]}}, {path}, repeat: 4}}");
        format!("{{type: 'cycle', kernels: [{tempered}, {{type: 'heatbath'}}], start: 'hot'}}")
    };
    for path in ["steps: 8, within: 2, overrelaxation: 1", "strengths: [1, 0], within: 1"] {
        expect_exact_numbers(Group::U1, &cycle(path), 25_000);
        expect_exact_numbers(Group::Su2, &cycle(path), 15_000);
    }
    expect_exact_numbers(Group::Su3, &cycle("steps: 6, within: 1"), 10_000);
}

/// Work from a chain with an open defect: log Z_1 / Z_0 and the action of the periodic theory.
#[test]
fn paths_from_an_open_defect_meet_the_exact_numbers() {
    for (group, beta) in [(Group::U1, 2.0), (Group::Su2, 2.7), (Group::Su3, 6.0)] {
        let open = [&[0.0; 3][..], &[1.0; 61]].concat();
        // Z of weights exp(−S), S = Σ β w (1 − Re tr / N).
        let free = |weights: &[f64]| log_z(group, beta, weights) - beta * weights.iter().sum::<f64>();
        let (exact, action) = (free(&[1.0; 64]) - free(&open), build(&[8, 8], group, beta));
        let spec = "{type: 'jarzynski', defect: {size: [2]}, steps: 10, within: 1, between: 2, start: 'hot'}";
        let spec: ChainSpec = spec::parse("chain", spec).unwrap();
        let mut chain = Chain::new(Arc::clone(&action), None, &spec, 17).unwrap();
        let (mut weights, mut plaquettes) = (vec![], vec![]);
        for step in 0..6_000 {
            let info = chain.step().unwrap();
            if step >= 100 {
                weights.push(info.delta);
                let gauge = Gauge::new(action.lattice(), group, chain.field().to_vec()).unwrap();
                plaquettes.push(observables::plaquette(&gauge));
            }
        }
        // Blocks, since steps are correlated.
        let block = |i: usize| i * 236..(i + 1) * 236;
        let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
        let ratio: Vec<f64> =
            (0..25).map(|i| mean(&weights[block(i)].iter().map(|w| w.exp()).collect::<Vec<_>>())).collect();
        let of = |values: &[f64]| {
            let error = (values.iter().map(|x| (x - mean(values)).powi(2)).sum::<f64>() / 24.0 / 25.0).sqrt();
            (mean(values), error)
        };
        let (mean_ratio, error) = of(&ratio);
        assert!(error < 0.03 * exact.exp(), "{group:?}: {error} is too coarse to test {}", exact.exp());
        assert!((mean_ratio - exact.exp()).abs() < 5.0 * error, "{group:?}: {mean_ratio} +- {error}, {}", exact.exp());
        let exact = THEORIES.iter().find(|theory| theory.group == group && theory.beta == beta).unwrap().plaquette;
        let weighted: Vec<f64> = (0..25)
            .map(|i| {
                let pairs = weights[block(i)].iter().zip(&plaquettes[block(i)]);
                pairs.map(|(w, p)| w.exp() * (p - exact)).sum::<f64>() / 236.0
            })
            .collect();
        let (difference, error) = of(&weighted);
        assert!(error < 0.003 && difference.abs() < 5.0 * error, "{group:?}: {difference} +- {error}");
    }
}

/// In four dimensions a tempered transition leaves exp(−S) as it is, too: a fair path and one that is far too short, each beside a
/// chain of sweeps alone.
#[test]
fn tempered_transitions_agree_with_sweeps_in_four_dimensions() {
    let action = build(&[4; 4], Group::Su2, 2.2);
    let of = |kernel: &str, steps: usize| {
        let plaquette = |gauge: &Gauge| vec![observables::plaquette(gauge)];
        let found = autocorrelation(&series(&action, (kernel, Group::Su2), steps, plaquette).swap_remove(0)).unwrap();
        assert!(found.error < 0.0015, "{kernel}: {} is too coarse to compare", found.error);
        (found.mean, found.error)
    };
    let (sweeps, error) = of("{type: 'heatbath', overrelaxation: 1, start: 'hot'}", 4_000);
    let paths =
        [("[2, 2, 2]", "steps: 10, within: 1, overrelaxation: 1", 8), ("[1, 1, 1]", "strengths: [1, 0], within: 1", 2)];
    for (size, path, repeat) in paths {
        let tempered = format!("{{type: 'tempered', defect: {{size: {size}}}, {path}, repeat: {repeat}}}");
        let cycle = format!("{{type: 'cycle', kernels: [{tempered}, {{type: 'heatbath'}}], start: 'hot'}}");
        let (mean, other) = of(&cycle, 4_000);
        assert!((mean - sweeps).abs() < 5.0 * error.hypot(other), "{path}: {mean} +- {other}, {sweeps} +- {error}");
    }
}

/// Errors of a chain that thaws are those of its scatter: pulls of many short chains have mean 0 and variance 1.
#[test]
fn errors_of_replica_exchange_are_those_of_its_scatter() {
    const CHAINS: u64 = 60;
    let action = build(&[4, 4], Group::U1, 2.0);
    let exact = (log_z(Group::U1, 2.0001, &[1.0; 16]) - log_z(Group::U1, 1.9999, &[1.0; 16])) / 2e-4 / 16.0;
    let spec = "{type: 'tempering', defect: {size: [2]}, strengths: [1, 0.4, 0], start: 'hot'}";
    let spec: ChainSpec = spec::parse("chain", spec).unwrap();
    let pull = |seed: u64| {
        let mut chain = Chain::new(Arc::clone(&action), None, &spec, seed).unwrap();
        let mut plaquettes = vec![];
        for step in 0..1_100 {
            chain.step().unwrap();
            if step >= 100 {
                let gauge = Gauge::new(action.lattice(), Group::U1, chain.field().to_vec()).unwrap();
                plaquettes.push(observables::plaquette(&gauge));
            }
        }
        let found = autocorrelation(&plaquettes).unwrap();
        (found.mean - exact) / found.error
    };
    let pulls: Vec<f64> = (0..CHAINS).map(pull).collect();
    let count = CHAINS as f64;
    let mean = pulls.iter().sum::<f64>() / count;
    let variance = pulls.iter().map(|pull| pull * pull).sum::<f64>() / count;
    assert!(mean.abs() < 5.0 / count.sqrt(), "{mean}: {pulls:?}");
    assert!((variance - 1.0).abs() < 5.0 * (2.0 / count).sqrt() && variance > 0.4, "{variance}: {pulls:?}");
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
