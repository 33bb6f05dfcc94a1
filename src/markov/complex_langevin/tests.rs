//! Complex Langevin averages against exact integrals, and the criterion where they are wrong.

use super::*;
use crate::action::ActionSpec;
use crate::context::serial;
use crate::lattice::Lattice;
use crate::markov::check::mean_and_error;
use crate::markov::{Chain, ChainSpec};
use crate::spec::parse;
use num_complex::Complex64;
use std::f64::consts::PI;

fn chain(extent: &[usize], action: &str, keys: &str) -> Result<Chain> {
    let action = parse::<ActionSpec>("action", action)?.build(&serial(), &Lattice::new(extent)?)?;
    let spec: ChainSpec = parse("chain", &format!("{{type: 'complex_langevin'{keys}}}"))?;
    Chain::new(action.into(), None, &spec, 11)
}

/// Averages of an observable along a chain, with the errors of their real and imaginary parts.
fn measured(chain: &mut Chain, steps: usize, name: &str) -> [(f64, f64); 2] {
    let mut series = [vec![], vec![]];
    for step in 0..steps + steps / 10 {
        chain.step().unwrap();
        if step >= steps / 10 {
            let all = chain.action.complex().unwrap().observables(chain.field()).unwrap();
            let (_, value) = all.into_iter().find(|(known, _)| *known == name).unwrap();
            series[0].push(value.re);
            series[1].push(value.im);
        }
    }
    series.map(|series| mean_and_error(&series, 100))
}

/// An average is the exact one within five standard errors, which are no more than `most`.
fn expect(chain: &mut Chain, steps: usize, (name, exact, most): (&str, Complex64, f64)) {
    let found = measured(chain, steps, name);
    for ((value, error), exact) in found.into_iter().zip([exact.re, exact.im]) {
        assert!((value - exact).abs() <= 5.0 * error && error < most, "{name}: {value} +- {error}, exact {exact}");
    }
}

fn is_trusted(chain: &Chain) -> Value {
    chain.describe().unwrap()["kernel"]["trusted"].clone()
}

/// ⟨φ²⟩ of one site without neighbours by the trapezium rule.
fn of_one_site(mass_squared: Complex64, lambda: Complex64) -> Complex64 {
    let (mut z, mut sum) = (Complex64::ZERO, Complex64::ZERO);
    for i in -4000..=4000 {
        let square = (0.002 * f64::from(i)).powi(2);
        let weight = (-(mass_squared + lambda * square) * square).exp();
        z += weight;
        sum += square * weight;
    }
    sum / z
}

#[test]
fn one_site_with_a_complex_mass_is_its_integral() {
    let exact = of_one_site(Complex64::new(0.5, 0.5), Complex64::new(0.25, 0.0));
    let action = "{type: 'complex_phi4', mass_squared: [0.5, 0.5], lambda: 0.25, kinetic: 0}";
    for keys in [", step: 0.02, between: 20", ", step: 0.002, between: 200, scheme: 'euler'"] {
        let mut chain = chain(&[2], action, keys).unwrap();
        expect(&mut chain, 20_000, ("phi_squared", exact, 0.02));
        assert_eq!(is_trusted(&chain), true);
    }
}

#[test]
fn two_sites_with_complex_couplings_are_their_integral() {
    let text = "{type: 'complex_phi4', mass_squared: [0.3, -0.4], lambda: 0.5, source: [0.3, 0.4]}";
    let mut chain = chain(&[2], text, ", between: 20").unwrap();
    // One direction of two sites has two links between them.
    let (mass_squared, source) = (Complex64::new(0.3, -0.4), Complex64::new(0.3, 0.4));
    let own = |x: f64| (mass_squared + 0.5 * x * x) * x * x - source * x;
    let (mut z, mut sum) = (Complex64::ZERO, Complex64::ZERO);
    for i in -120..=120 {
        for j in -120..=120 {
            let (x, y) = (0.03 * f64::from(i), 0.03 * f64::from(j));
            let weight = (-own(x) - own(y) - 2.0 * (x - y) * (x - y)).exp();
            z += weight;
            sum += x * weight;
        }
    }
    expect(&mut chain, 20_000, ("phi", sum / z, 0.02));
    assert_eq!(is_trusted(&chain), true);
}

/// Density and |φ|² of a free gas: −2 cos(p_t + iμ) is the hop in time of a mode.
fn free_modes(extent: [usize; 2], mass: f64, mu: f64) -> [Complex64; 2] {
    let mut sums = [Complex64::ZERO; 2];
    for (a, b) in (0..extent[0]).flat_map(|a| (0..extent[1]).map(move |b| (a, b))) {
        let momentum = |n: usize, length: usize| 2.0 * PI * n as f64 / length as f64;
        let (space, time) = (momentum(a, extent[0]), Complex64::new(momentum(b, extent[1]), mu));
        let inverse = mass * mass + 2.0 - 2.0 * space.cos() + 2.0 - 2.0 * time.cos();
        sums[0] -= Complex64::new(0.0, 2.0) * time.sin() / inverse;
        sums[1] += 1.0 / inverse;
    }
    sums.map(|sum| sum / (extent[0] * extent[1]) as f64)
}

#[test]
fn a_free_gas_is_the_sum_over_its_modes() {
    let [density, square] = free_modes([3, 4], 1.0, 0.6);
    let new = || chain(&[3, 4], "{type: 'bose_gas', mass: 1, lambda: 0, mu: 0.6}", ", step: 0.02").unwrap();
    let mut gas = new();
    expect(&mut gas, 20_000, ("density", density, 0.01));
    expect(&mut gas, 20_000, ("phi_squared", square, 0.01));
    assert!(density.re > 0.05 && density.im.abs() < 1e-12);
    assert_eq!(is_trusted(&gas), true);
}

/// Density and |φ|² of a gas in one dimension: transfer matrices in r for each charge l of a time,
/// Z = Σ_l e^(μ l N) tr T_l^N, T_l(r, r') = √(r r') exp(−(V(r) + V(r'))/2) I_l(2 r r'), V = (2 + m²) r² + λ r⁴.
fn in_one_dimension(times: usize, (mass, lambda, mu): (f64, f64, f64)) -> [f64; 2] {
    const POINTS: usize = 48;
    let grid = |i: usize| (i as f64 + 0.5) * 2.4 / POINTS as f64;
    let potential = |r: f64| (2.0 + mass * mass + lambda * r * r) * r * r;
    let bessel = |l: i32, x: f64| {
        let angle = |k: i32| 2.0 * PI * f64::from(k) / 48.0;
        (0..48).map(|k| (x * angle(k).cos()).exp() * (f64::from(l) * angle(k)).cos()).sum::<f64>() / 48.0
    };
    let mut sums = [0.0; 3];
    for l in -8..=8 {
        let element = |i: usize, j: usize| {
            let (r, s) = (grid(i), grid(j));
            (r * s).sqrt() * (-0.5 * (potential(r) + potential(s))).exp() * bessel(l, 2.0 * r * s) * 2.4 / POINTS as f64
        };
        let matrix: Vec<Vec<f64>> = (0..POINTS).map(|i| (0..POINTS).map(|j| element(i, j)).collect()).collect();
        let mut power = matrix.clone();
        for _ in 1..times {
            let entry = |row: &Vec<f64>, j: usize| row.iter().zip(&matrix).map(|(a, other)| a * other[j]).sum();
            power = power.iter().map(|row| (0..POINTS).map(|j| entry(row, j)).collect()).collect();
        }
        let weight = (mu * f64::from(l) * times as f64).exp();
        let trace = |f: &dyn Fn(f64) -> f64| (0..POINTS).map(|i| f(grid(i)) * power[i][i]).sum::<f64>() * weight;
        sums[0] += trace(&|_| 1.0);
        sums[1] += f64::from(l) * trace(&|_| 1.0);
        sums[2] += trace(&|r| r * r);
    }
    [sums[1] / sums[0], sums[2] / sums[0]]
}

#[test]
fn an_interacting_gas_in_one_dimension_is_that_of_transfer_matrices() {
    // The method itself, where the free gas knows better.
    let ([density, square], [free, free_square]) = (in_one_dimension(4, (1.0, 0.0, 0.5)), free_modes([1, 4], 1.0, 0.5));
    assert!((density - free.re).abs() < 1e-3 && (square - free_square.re).abs() < 2e-3, "{density} {square}");
    let [density, square] = in_one_dimension(4, (1.0, 1.0, 1.0));
    let mut gas = chain(&[4], "{type: 'bose_gas', mass: 1, lambda: 1, mu: 1}", ", step: 0.02").unwrap();
    expect(&mut gas, 40_000, ("density", density.into(), 0.01));
    expect(&mut gas, 40_000, ("phi_squared", square.into(), 0.01));
    assert!(density > 0.2);
    assert_eq!(is_trusted(&gas), true);
}

/// Form kappa at κ = 0.21, λ = 0.022 on 4 x 4 sites, in form 'a': φ_A = √κ φ.
#[test]
fn real_couplings_are_the_real_theory() {
    let (kappa, lambda) = (0.21, 0.022);
    let (mass_squared, quartic) = ((1.0 - 2.0 * lambda) / kappa - 4.0, lambda / (kappa * kappa));
    let text = format!("{{type: 'complex_phi4', mass_squared: {mass_squared}, lambda: {quartic}}}");
    let mut chain = chain(&[4, 4], &text, ", step: 0.01, between: 20, start: 'hot'").unwrap();
    expect(&mut chain, 10_000, ("phi_squared", (kappa * 0.64581014).into(), 0.005));
    assert!(chain.field().iter().skip(1).step_by(2).all(|im| *im == 0.0));
}

/// The quartic model with σ = 1 + 6i: averages are wrong, and the tail of the drift is a power.
#[test]
fn averages_that_are_wrong_are_refused() {
    let (action, exact) = (
        "{type: 'complex_phi4', mass_squared: [0.5, 3], lambda: 0.25, kinetic: 0}",
        of_one_site(Complex64::new(0.5, 3.0), Complex64::new(0.25, 0.0)),
    );
    let mut reported =
        chain(&[2], action, ", criterion: 'report', step: 0.02, between: 20, largest_move: 0.2").unwrap();
    let found = measured(&mut reported, 60_000, "phi_squared");
    let [_, (value, error)] = found;
    assert!((value - exact.im).abs() > 5.0 * error, "{found:?} {exact}");
    assert_eq!(is_trusted(&reported), false);
    let mut refused = chain(&[2], action, ", step: 0.01, between: 20").unwrap();
    let error = (0..40_000).find_map(|_| refused.step().err()).unwrap();
    let expected =
        "type 'complex_langevin': expected a drift u whose probability falls exponentially, got one that falls";
    assert!(error.status() == 6 && error.to_string().starts_with(expected), "{error}");
    // It stays refused.
    let counter = refused.counter();
    assert_eq!((refused.step().unwrap_err(), refused.counter()), (error, counter));
}

/// The bias of Euler's scheme is linear in the step, and that of Heun's far smaller.
#[test]
fn the_bias_of_the_step_is_that_of_its_scheme() {
    let exact = of_one_site(Complex64::new(0.5, 0.5), Complex64::new(0.25, 0.0));
    let action = "{type: 'complex_phi4', mass_squared: [0.5, 0.5], lambda: 0.25, kinetic: 0}";
    let at = |step: f64, scheme: &str| {
        let keys = format!(", step: {step}, between: {}, scheme: '{scheme}', largest_move: 5", (1.0 / step).round());
        let [(value, error), _] = measured(&mut chain(&[2], action, &keys).unwrap(), 60_000, "phi_squared");
        (value - exact.re, error)
    };
    let ([small, large], heun) = ([at(0.05, "euler"), at(0.1, "euler")], at(0.1, "heun"));
    assert!(small.0.abs() > 4.0 * small.1 && large.0.abs() > 8.0 * large.1, "{small:?} {large:?}");
    assert!((large.0 / small.0 - 2.0).abs() < 1.0, "{small:?} {large:?}");
    assert!(heun.0.abs() < 0.6 * large.0.abs(), "{heun:?} {large:?}");
}

#[test]
fn a_saved_chain_goes_on_bit_for_bit() {
    let new = || {
        let gas = "{type: 'bose_gas', mass: 1, lambda: 1, mu: 0.9}";
        chain(&[3, 4], gas, ", start: 'hot', thermalisation: 3, largest_move: 0.04").unwrap()
    };
    let path = crate::file::of_tests("complex-langevin");
    for stop in [0, 1, 7] {
        let mut whole = new();
        for _ in 0..stop {
            whole.step().unwrap();
        }
        whole.save(&path).unwrap();
        let mut resumed = new();
        resumed.load(&path).unwrap();
        for _ in 0..5 {
            assert_eq!(whole.step().unwrap(), resumed.step().unwrap());
            assert_eq!(whole.field(), resumed.field());
        }
        let [one, other] = [whole, resumed].map(|chain| chain.describe().unwrap());
        assert_eq!(one, other);
        assert!(one["kernel"]["shortened"].as_u64().unwrap() > 0);
    }
    std::fs::remove_file(path).unwrap();
}

/// The same Langevin time passes in shortened steps, so that a bound on moves changes averages by its own bias alone.
#[test]
fn shortened_steps_take_the_time_of_whole_ones() {
    let gas = "{type: 'bose_gas', mass: 1, lambda: 0, mu: 0.6}";
    let [density, _] = free_modes([3, 4], 1.0, 0.6);
    let mut chain = chain(&[3, 4], gas, ", step: 0.05, between: 4, largest_move: 0.1").unwrap();
    expect(&mut chain, 15_000, ("density", density, 0.01));
    let kernel = chain.describe().unwrap()["kernel"].clone();
    let [all, shortened] = ["langevin_steps", "shortened"].map(|key| kernel[key].as_u64().unwrap());
    assert!(all > 4 * 16_500 && 2 * shortened > all, "{all} {shortened}");
}

#[test]
fn drifts_that_run_away_are_errors() {
    let mut chain = chain(&[2], "{type: 'complex_phi4', mass_squared: 1, lambda: 1}", ", largest_move: 1e-9").unwrap();
    chain.set_field(&[0.0, 3.0, 0.0, 0.0]).unwrap();
    let error = chain.step().unwrap_err();
    let expected = "type 'complex_langevin': expected a drift that stays bounded, got one that ran away to";
    assert!(error.status() == 6 && error.to_string().starts_with(expected), "{error}");
    assert_eq!((chain.counter(), chain.field()), (0, &[0.0, 3.0, 0.0, 0.0][..]));
}

#[test]
fn other_kernels_refuse_complex_actions_and_it_refuses_real_ones() {
    let gas = "{type: 'bose_gas', mass: 1, lambda: 1, mu: 0.9}";
    let build = |action: &str, kernel: &str| {
        let action = parse::<ActionSpec>("action", action)?.build(&serial(), &Lattice::new(&[4])?)?;
        Chain::new(action.into(), None, &parse::<ChainSpec>("chain", kernel)?, 1)
    };
    let message = |action: &str, kernel: &str| build(action, kernel).err().unwrap().to_string();
    let expected = "action: expected one with real values, got one with complex values, \
                    which type 'complex_langevin' alone takes";
    for kernel in [
        "{type: 'hmc'}",
        "{type: 'cycle', kernels: [{type: 'hmc'}]}",
        "{type: 'cluster'}",
        "{type: 'annealing'}",
        "{type: 'langevin', step: 0.1}",
        "{type: 'langevin', step: 0.1, adjusted: false}",
    ] {
        assert_eq!(message(gas, kernel), expected, "{kernel}");
    }
    assert_eq!(
        message("{type: 'phi4', mass_squared: 1, lambda: 1}", "{type: 'complex_langevin'}"),
        "type 'complex_langevin': expected an action of type 'bose_gas' or 'complex_phi4', got another"
    );
    let cycle = message(gas, "{type: 'cycle', kernels: [{type: 'complex_langevin'}]}");
    assert_eq!(cycle, "type 'complex_langevin': expected a chain of its own, got one in a cycle");
    for (keys, key) in [
        ("step: 0", "step: expected a finite number above 0, got 0"),
        ("step: NaN", "step: expected a finite number above 0, got NaN"),
        ("largest_move: -1", "largest_move: expected a finite number above 0, got -1"),
        ("between: 0", "between: expected 1 to 1000000, got 0"),
    ] {
        assert_eq!(message(gas, &format!("{{type: 'complex_langevin', {keys}}}")), key);
    }
    assert!(message(gas, "{type: 'complex_langevin', scheme: 'x'}").contains("scheme: expected 'euler' or 'heun'"));
}
