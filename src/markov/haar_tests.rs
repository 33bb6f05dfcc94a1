//! Independence proposals from uniform fields, against exact numbers.
//!
//! On a torus of V plaquettes, a ring of V sites for angles, Z = Σ_r c_r^V with respect to measures of total mass 1, where
//! exp((β/N) Re tr U) = Σ_r d_r c_r χ_r(U) and d_r is the dimension of the representation r. The mean of Re tr U / N is
//! (1/V) d log Z / dβ.

use super::check::mean_and_error;
use super::independence::Independence;
use super::proposal::{Current, Proposal};
use super::{Chain, ChainSpec};
use crate::action::{Action, ActionSpec};
use crate::context::{Precision, of_tests};
use crate::flow::{Flow, Model};
use crate::gauge::Complex64;
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::spec::parse;
use std::f64::consts::PI;
use std::sync::Arc;

/// Group, its colours and β.
const CASES: [(&str, usize, f64); 3] = [("u1", 1, 1.0), ("su2", 2, 1.5), ("su3", 3, 2.0)];

fn model(extent: &[usize], prior: &str, precision: Precision) -> Arc<dyn Model> {
    let spec = parse("model", &format!("{{type: 'chain', prior: {prior}, layers: []}}")).unwrap();
    Arc::new(Flow::new(&of_tests(5, precision, 1), &Lattice::new(extent).unwrap(), &spec).unwrap())
}

fn haar(extent: &[usize], group: &str, precision: Precision) -> Arc<dyn Model> {
    model(extent, &format!("{{type: 'haar', group: '{group}'}}"), precision)
}

fn wilson(extent: &[usize], group: &str, beta: f64) -> Arc<dyn Action> {
    let spec: ActionSpec = parse("action", &format!("{{type: 'wilson', group: '{group}', beta: {beta}}}")).unwrap();
    spec.build(&of_tests(5, Precision::F64, 1), &Lattice::new(extent).unwrap()).unwrap().into()
}

/// Permutations of N <= 3 rows with their signs.
fn permutations(n: usize) -> &'static [(&'static [usize], f64)] {
    match n {
        1 => &[(&[0], 1.0)],
        2 => &[(&[0, 1], 1.0), (&[1, 0], -1.0)],
        _ => &[
            (&[0, 1, 2], 1.0),
            (&[1, 2, 0], 1.0),
            (&[2, 0, 1], 1.0),
            (&[1, 0, 2], -1.0),
            (&[0, 2, 1], -1.0),
            (&[2, 1, 0], -1.0),
        ],
    }
}

/// det exp(i θ_i l_j).
fn determinant(angles: &[f64], exponents: &[i32]) -> Complex64 {
    let term = |&(rows, sign): &(&[usize], f64)| {
        let phase: f64 = rows.iter().zip(exponents).map(|(&i, &l)| angles[i] * f64::from(l)).sum();
        Complex64::from_polar(sign, phase)
    };
    permutations(angles.len()).iter().map(term).sum()
}

/// c_r of the representation with strictly falling exponents l, by Weyl's integral over the phases of eigenvalues.
fn coefficient(exponents: &[i32], beta: f64) -> f64 {
    const POINTS: usize = 40;
    let n = exponents.len();
    let trivial: Vec<i32> = (0..n as i32).rev().collect();
    let free = (n - 1).max(1);
    let mut sum = 0.0;
    for index in 0..POINTS.pow(free as u32) {
        let mut angles: Vec<f64> =
            (0..free).map(|i| 2.0 * PI * (index / POINTS.pow(i as u32) % POINTS) as f64 / POINTS as f64).collect();
        if n > 1 {
            angles.push(-angles.iter().sum::<f64>());
        }
        let trace: f64 = angles.iter().map(|angle| angle.cos()).sum();
        let weight = (beta * trace / n as f64).exp();
        sum += weight * (determinant(&angles, exponents).conj() * determinant(&angles, &trivial)).re;
    }
    // d_r = Π_{i<j} (l_i − l_j) / (j − i).
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let dimension: f64 = pairs.map(|(i, j)| f64::from(exponents[i] - exponents[j]) / (j - i) as f64).product();
    sum / (POINTS.pow(free as u32) as f64 * permutations(n).len() as f64 * dimension)
}

/// log Z of exp(β Σ Re tr U / N) on a torus of `volume` plaquettes.
fn log_z(colours: usize, beta: f64, volume: i32) -> f64 {
    let exponents: Vec<Vec<i32>> = match colours {
        1 => (-8..=8).map(|l| vec![l]).collect(),
        2 => (1..=8).map(|l| vec![l, 0]).collect(),
        _ => (2..7).flat_map(|l| (1..l).map(move |m| vec![l, m, 0])).collect(),
    };
    exponents.iter().map(|l| coefficient(l, beta).powi(volume)).sum::<f64>().ln()
}

fn exact_plaquette(colours: usize, beta: f64, volume: i32) -> f64 {
    let step = 1e-3;
    (log_z(colours, beta + step, volume) - log_z(colours, beta - step, volume)) / (2.0 * step * f64::from(volume))
}

#[test]
fn the_exact_numbers_are_known_ones() {
    // I_1(1) / I_0(1) and I_2(1) / I_1(1), from tables of Bessel functions; β/18 + β²/216 + O(β⁴) for SU(3).
    let far = 400;
    assert!((exact_plaquette(1, 1.0, far) - 0.446_389_965_9).abs() < 1e-6);
    assert!((exact_plaquette(2, 1.0, far) - 0.240_193_7).abs() < 1e-6);
    let small = 0.05;
    assert!((exact_plaquette(3, small, far) / small - 1.0 / 18.0 - small / 216.0).abs() < 1e-5);
}

/// Plaquettes of a chain.
fn plaquettes(extent: &[usize], (group, beta): (&str, f64), precision: Precision, steps: usize) -> Vec<f64> {
    let action = wilson(extent, group, beta);
    // Not from unit links, whose weight is so large that no proposal is accepted for long.
    let spec: ChainSpec = parse("chain", "{type: 'independence', start: 'hot'}").unwrap();
    let volume = action.lattice().volume() as f64;
    let mut chain = Chain::new(action, Some(haar(extent, group, precision)), &spec, 11).unwrap();
    let step = |_| {
        chain.step().unwrap();
        1.0 - chain.value() / (beta * volume)
    };
    (0..steps).map(step).skip(steps / 50).collect()
}

fn expect_plaquette(series: &[f64], colours: usize, beta: f64, volume: i32) {
    let (mean, error) = mean_and_error(series, 100);
    let [exact, neighbour] = [beta, 1.12 * beta].map(|beta| exact_plaquette(colours, beta, volume));
    assert!((mean - exact).abs() < 4.0 * error, "N = {colours}: {mean} +- {error} against {exact}");
    assert!((mean - neighbour).abs() > 4.0 * error, "N = {colours}: {mean} +- {error} agrees with {neighbour}");
}

#[test]
fn links_from_the_haar_measure_give_exact_plaquettes() {
    for (group, colours, beta) in CASES {
        let series = plaquettes(&[2, 2], (group, beta), Precision::F64, 50_000);
        expect_plaquette(&series, colours, beta, 4);
    }
    let series = plaquettes(&[4, 4], ("u1", 0.6), Precision::F32, 50_000);
    expect_plaquette(&series, 1, 0.6, 16);
}

#[test]
fn the_partition_function_is_that_of_the_normalised_measure() {
    const COUNT: usize = 20_000;
    for (group, colours, beta) in CASES {
        let (model, action) = (haar(&[2, 2], group, Precision::F64), wilson(&[2, 2], group, beta));
        let count = model.domain().count();
        let (mut fields, mut log_q) = (vec![0.0; COUNT * count], vec![0.0; COUNT]);
        model.sample(0, COUNT, &mut fields, &mut log_q).unwrap();
        let weight = |(field, log_q): (&[f64], &f64)| (-action.value(field).unwrap() - log_q).exp();
        let weights: Vec<f64> = fields.chunks_exact(count).zip(&log_q).map(weight).collect();
        let (mean, error) = mean_and_error(&weights, 100);
        let exact = (log_z(colours, beta, 4) - 4.0 * beta).exp();
        assert!((mean - exact).abs() < 4.0 * error, "{group}: {mean} +- {error} against {exact}");
        assert!(error < 0.03 * exact, "{group}: {mean} +- {error}");
    }
}

#[test]
fn uniform_angles_give_an_exact_ring_of_the_xy_model() {
    const STEPS: u64 = 50_000;
    let (beta, sites) = (1.0, 4usize);
    let model = model(&[sites], "'uniform'", Precision::F64);
    let proposal = Independence::new(Arc::clone(&model)).unwrap();
    let energy = |field: &[f64]| -> f64 { (0..sites).map(|x| (field[x] - field[(x + 1) % sites]).cos()).sum() };
    let (mut current, mut proposed) = (vec![0.0; sites], vec![0.0; sites]);
    let (mut series, mut weights) = (vec![], vec![]);
    for counter in 0..STEPS {
        let outcome =
            proposal.propose(counter, &Current { field: &current, log_density: None }, &mut proposed).unwrap();
        assert!(outcome.log_ratio.abs() < 1e-12);
        let log_q = outcome.log_densities.unwrap()[1];
        weights.push((beta * energy(&proposed) - log_q).exp());
        let log_ratio = beta * (energy(&proposed) - energy(&current)) + outcome.log_ratio;
        if Stream::new(3, Purpose::Accept, counter).uniform().ln() < log_ratio {
            current.copy_from_slice(&proposed);
        }
        series.push(energy(&current) / sites as f64);
    }
    expect_plaquette(&series[1000..], 1, beta, sites as i32);
    // With respect to dθ the partition function is (2π)^V times that of the measure of total mass 1.
    let (mean, error) = mean_and_error(&weights, 100);
    let exact = log_z(1, beta, sites as i32).exp() * (2.0 * PI).powi(sites as i32);
    assert!((mean - exact).abs() < 4.0 * error && error < 0.02 * exact, "{mean} +- {error} against {exact}");
}

#[test]
fn a_chain_of_both_kinds_of_steps_and_other_actions() {
    let spec: ChainSpec =
        parse("chain", "{type: 'cycle', kernels: [{type: 'independence'}, {type: 'hmc', steps: 3, length: 0.5}]}")
            .unwrap();
    let su2 = haar(&[2, 2], "su2", Precision::F32);
    let mut chain = Chain::new(wilson(&[2, 2], "su2", 1.0), Some(Arc::clone(&su2)), &spec, 2).unwrap();
    assert!((0..20).filter(|_| chain.step().unwrap().accepted).count() > 5);
    let refused = |action, model| {
        let spec: ChainSpec = parse("chain", "{type: 'independence'}").unwrap();
        Chain::new(action, Some(model), &spec, 2).err().unwrap().to_string()
    };
    let other = refused(wilson(&[2, 2], "su3", 1.0), Arc::clone(&su2));
    assert_eq!(other, "model: expected fields of links of SU(3), got links of SU(2)");
    let scalars = model(&[2, 2], "'white'", Precision::F64);
    let scalar = refused(wilson(&[2, 2], "su3", 1.0), scalars);
    assert_eq!(scalar, "model: expected fields of links of SU(3), got scalars");
}
