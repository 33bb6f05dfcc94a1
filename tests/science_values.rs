//! The exact values of the referee, computed anew: Bessel functions, integrals over a group's torus, modes, and transfer
//! matrices of four sites.

// A test uses a part of it.
#[allow(dead_code)]
#[path = "../benches/science/mod.rs"]
mod science;
#[path = "science_values/transfer_matrix.rs"]
mod transfer_matrix;

use science::gauge::{SU2_PLAQUETTES, SU3_PLAQUETTES, U1_CHARGES, U1_LOG_Z, U1_PLAQUETTES};
use science::thaw::CHARGES;
use science::theory::{FORM_A_4, FORM_A_4_WEAKER, FORM_KAPPA_4, FREE_8, Theory};
use std::f64::consts::PI;
use transfer_matrix::exact_values;

/// I_ν(β) = (1/2π) ∫ e^{β cos p} cos(ν p) dp over (−π, π), by Simpson's rule: ν need not be whole.
fn bessel(nu: f64, beta: f64) -> f64 {
    let points = 4_000;
    let step = 2.0 * PI / f64::from(points);
    let value = |i: i32| {
        let p = f64::from(i) * step - PI;
        (beta * p.cos()).exp() * (nu * p).cos()
    };
    let inner: f64 = (1..points).map(|i| value(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (value(0) + inner + value(points)) * step / (6.0 * PI)
}

/// log Z(θ) = log Σ_n I_{n + θ/2π}(β)^V.
fn log_z(volume: usize, beta: f64, theta: f64) -> f64 {
    let term = |n: i32| bessel(f64::from(n) + theta / (2.0 * PI), beta);
    let largest = term(0);
    let sum: f64 = (-12..=12).map(|n| (term(n) / largest).powi(volume as i32)).sum();
    volume as f64 * largest.ln() + sum.ln()
}

fn expect(what: &str, listed: f64, computed: f64, digit: f64) {
    assert!((listed - computed).abs() <= 0.51 * digit, "{what}: {listed}, computed {computed}");
}

#[test]
fn u1_is_a_sum_of_bessel_functions() {
    for (_, beta, plaquette) in U1_PLAQUETTES {
        expect("plaquette", plaquette, bessel(1.0, beta) / bessel(0.0, beta), 1e-6);
    }
    for (length, beta, listed) in U1_LOG_Z {
        expect("log Z", listed, log_z(length * length, beta, 0.0), 1e-5);
    }
    let listed = U1_CHARGES.into_iter().chain(CHARGES);
    for (length, beta, listed) in listed {
        let (h, at) = (0.02, |theta| log_z(length * length, beta, theta));
        // Fourth order in h.
        let second = (-at(2.0 * h) + 16.0 * at(h) - 30.0 * at(0.0) + 16.0 * at(-h) - at(-2.0 * h)) / (12.0 * h * h);
        // Of large numbers four digits are listed behind the point, of others five or more.
        expect("<Q^2>", listed, -second, if listed > 4.0 { 1e-4 } else { 1e-5 });
    }
}

#[test]
fn one_plaquette_of_su2_and_su3_is_an_integral_over_their_angles() {
    for (_, beta, listed) in SU2_PLAQUETTES {
        expect("SU(2)", listed, bessel(2.0, beta) / bessel(1.0, beta), 1e-6);
    }
    for (_, beta, listed) in SU3_PLAQUETTES {
        // Periodic functions: sums over equal steps are exact. The measure is that of Haar, Π |e^{i a_j} − e^{i a_k}|².
        let (n, mut sums) = (120, [0.0; 2]);
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let [a, b] = [i, j].map(|k| 2.0 * PI * f64::from(k) / f64::from(n));
            let angles = [a, b, -a - b];
            let pairs = [(0, 1), (0, 2), (1, 2)];
            let haar: f64 = pairs.iter().map(|&(j, k)| 2.0 - 2.0 * (angles[j] - angles[k]).cos()).product();
            let trace = angles.iter().map(|angle| angle.cos()).sum::<f64>() / 3.0;
            let weight = haar * (beta * trace).exp();
            sums[0] += weight * trace;
            sums[1] += weight;
        }
        expect("SU(3)", listed, sums[0] / sums[1], 1e-6);
    }
}

#[test]
fn the_free_field_is_a_sum_over_modes() {
    let mode = |k: usize| (2.0 * (PI * k as f64 / 8.0).sin()).powi(2);
    let inverse: Vec<f64> = (0..64).map(|k| mode(k % 8) + mode(k / 8) + 1.25).collect();
    expect("<phi^2>", FREE_8.phi_squared, inverse.iter().map(|x| 1.0 / x).sum::<f64>() / 64.0, 1e-8);
    expect("log Z", FREE_8.log_z, inverse.iter().map(|x| 0.5 * (2.0 * PI / x).ln()).sum::<f64>(), 1e-8);
    expect("susceptibility", FREE_8.susceptibility, 1.0 / inverse[0], 1e-12);
}

/// S = Σ (quadratic φ² + quartic φ⁴) − hopping Σ_μ φ(x) φ(x+μ) on 4 x 4 sites.
fn expect_exact(theory: &Theory, couplings: [f64; 3]) {
    let [log_z, phi_squared, susceptibility] = exact_values(couplings);
    expect("log Z", theory.log_z, log_z, 1e-8);
    expect("<phi^2>", theory.phi_squared, phi_squared, 1e-8);
    expect("susceptibility", theory.susceptibility, susceptibility, 1e-8);
}

#[test]
fn form_a_is_a_trace_of_transfer_matrices() {
    // At m² = −4 the quadratic term is m² + 2d = 0.
    expect_exact(&FORM_A_4, [0.0, 8.0, 2.0]);
    expect_exact(&FORM_A_4_WEAKER, [0.0, 6.0, 2.0]);
}

#[test]
fn form_kappa_is_a_trace_of_transfer_matrices() {
    expect_exact(&FORM_KAPPA_4, [1.0 - 2.0 * 0.022, 0.022, 2.0 * 0.21]);
}
