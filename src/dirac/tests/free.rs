//! Propagators of free fields against their formulas in momentum space, with all boundary conditions.
//!
//! ```text
//! Wilson:     D^-1(x) = (1/V) sum_p exp(i p x) (A - i sum_mu w_mu g_mu sin p_mu - i t g_5) / (A^2 + sum w^2 sin^2 p + t^2),
//!             A = M + sum_mu w_mu (1 - cos p_mu)
//! staggered:  D^-1 = D^dag G,   G(x) = (1/V) sum_p exp(i p x) / (m^2 + sum_mu sin^2 p_mu)
//! ```
//!
//! p_mu = (2 pi n + theta_mu) / L_mu for a factor exp(i theta_mu) at the end of direction mu.

use crate::context::serial;
use crate::dirac::basis::Basis;
use crate::dirac::*;
use crate::gauge::{Complex64, Gauge, Group};
use crate::lattice::Lattice;
use std::f64::consts::PI;

/// All momenta of a lattice.
fn momenta(extent: &[usize], angles: &[f64]) -> Vec<Vec<f64>> {
    extent.iter().zip(angles).fold(vec![vec![]], |all, (&length, theta)| {
        let with = |p: &Vec<f64>| {
            let p = p.clone();
            (0..length).map(move |n| {
                let next = (2.0 * PI * n as f64 + theta) / length as f64;
                p.iter().copied().chain([next]).collect::<Vec<f64>>()
            })
        };
        all.iter().flat_map(with).collect()
    })
}

fn phase(p: &[f64], x: &[usize]) -> Complex64 {
    Complex64::from_polar(1.0, p.iter().zip(x).map(|(p, &x)| p * x as f64).sum())
}

fn boundary(angles: &[f64]) -> String {
    format!("[{}]", angles.iter().map(|angle| format!("{{angle: {angle}}}")).collect::<Vec<_>>().join(", "))
}

fn solved(extent: &[usize], text: &str, source: usize) -> (Dirac, Vec<f64>) {
    let gauge = Gauge::unit(&Lattice::new(extent).unwrap(), Group::U1).unwrap();
    let dirac = Dirac::new(&serial(), &gauge, &crate::spec::parse("dirac", text).unwrap()).unwrap();
    let (mut point, mut solution) = (vec![0.0; dirac.count()], vec![0.0; dirac.count()]);
    point[2 * source] = 1.0;
    let spec = SolveSpec { tolerance: 1e-13, ..SolveSpec::default() };
    dirac.solve(&spec, 1, &point, &mut solution).unwrap();
    (dirac, solution)
}

/// Extents, boundary angles, keys of the spec, weights w_mu, and twisted mass.
type Case = (&'static [usize], &'static [f64], &'static str, [f64; 4], f64);

const PERIODIC: [f64; 4] = [0.0; 4];
const TIME: [f64; 4] = [0.0, 0.0, 0.0, PI];
const TWISTED: [f64; 4] = [0.3, -0.7, 1.9, PI];

#[test]
fn free_wilson_propagators_are_known() {
    const I: Complex64 = Complex64::new(0.0, 1.0);
    let cases: [Case; 5] = [
        (&[4, 2, 3, 6], &PERIODIC, "mass: 0.3", [1.0; 4], 0.0),
        (&[2, 4, 4, 6], &TIME, "mass: 0.2", [1.0; 4], 0.0),
        (&[4, 2, 6, 4], &TWISTED, "mass: 0.1, twist: 0.4", [1.0; 4], 0.4),
        (&[4, 4, 2, 8], &TIME, "mass: 0.2, anisotropy: {xi0: 2, nu: 0.9}", [0.45, 0.45, 0.45, 1.0], 0.0),
        (&[4, 2, 6, 4], &TWISTED, "mass: 0.1, twist: 0.4, clover: 1.7", [1.0; 4], 0.4),
    ];
    let gammas = Basis::DegrandRossi.gammas();
    for (extent, angles, keys, weights, twist) in cases {
        let mass: f64 = keys.split([':', ',']).nth(1).unwrap().trim().parse().unwrap();
        let text = format!("{{type: 'wilson', {keys}, boundary: {}}}", boundary(angles));
        for spin in [0, 3] {
            let (_, solution) = solved(extent, &text, spin);
            let lattice = Lattice::new(extent).unwrap();
            let momenta = momenta(extent, angles);
            for site in 0..lattice.volume() {
                let x = lattice.coordinates(site);
                for s in 0..4 {
                    let term = |p: &Vec<f64>| {
                        let a = mass + (0..4).map(|mu| weights[mu] * (1.0 - p[mu].cos())).sum::<f64>();
                        let sines = [0, 1, 2, 3].map(|mu| weights[mu] * p[mu].sin());
                        let below = a * a + sines.iter().map(|s| s * s).sum::<f64>() + twist * twist;
                        let gamma5 = if s != spin { 0.0 } else { [1.0, 1.0, -1.0, -1.0][s] };
                        let slashed: Complex64 = (0..4).map(|mu| gammas[mu][s][spin] * sines[mu]).sum();
                        let unit = if s == spin { a } else { 0.0 };
                        phase(p, &x) * (unit - I * slashed - I * twist * gamma5) / below
                    };
                    let expected = momenta.iter().map(term).sum::<Complex64>() / lattice.volume() as f64;
                    let at = 2 * (4 * site + s);
                    let got = Complex64::new(solution[at], solution[at + 1]);
                    assert!((got - expected).norm() < 1e-11, "{text}, {x:?}, {s}: {got} {expected}");
                }
            }
        }
    }
}

#[test]
fn free_staggered_propagators_are_known() {
    let cases: [(&[usize], &[f64], &str); 4] = [
        (&[4, 2, 6, 4], &PERIODIC, "x"),
        (&[2, 4, 4, 6], &TIME, "time"),
        (&[4, 4, 2, 6], &TWISTED, "x"),
        (&[6, 4], &TWISTED[1..3], "x"),
    ];
    for (extent, angles, first) in cases {
        let mass = 0.4f64;
        let text = format!("{{type: 'staggered', mass: {mass}, first: '{first}', boundary: {}}}", boundary(angles));
        let (dirac, solution) = solved(extent, &text, 0);
        let lattice = Lattice::new(extent).unwrap();
        let momenta = momenta(extent, angles);
        let mut green = vec![0.0; solution.len()];
        for site in 0..lattice.volume() {
            let x = lattice.coordinates(site);
            let below = |p: &Vec<f64>| mass * mass + p.iter().map(|p| p.sin().powi(2)).sum::<f64>();
            let sum: Complex64 = momenta.iter().map(|p| phase(p, &x) / below(p)).sum();
            (green[2 * site], green[2 * site + 1]) =
                (sum.re / lattice.volume() as f64, sum.im / lattice.volume() as f64);
        }
        let mut expected = vec![0.0; solution.len()];
        dirac.apply(Which::Adjoint, 1, &green, &mut expected).unwrap();
        for (i, (got, expected)) in solution.iter().zip(&expected).enumerate() {
            assert!((got - expected).abs() < 1e-11, "{text}, {i}: {got} {expected}");
        }
    }
}
