//! Laws of the operators, and an independent dense reference made of gamma matrices.

#![allow(clippy::needless_range_loop)]

mod attainable;
mod covariance;
mod every;
mod free;
mod improved;
mod kernels;
mod linear_map;
mod open;
mod solve;
mod spectrum;
mod spectrum_search;
mod threads;

use crate::context::{Context, Precision};
use crate::dirac::*;
use crate::gauge::{Complex64, Gauge, Group, Matrix, haar};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

const I: Complex64 = Complex64::new(0.0, 1.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);
const ZERO: Complex64 = Complex64::new(0.0, 0.0);

type Spin = Vec<Vec<Complex64>>;

pub(super) fn product(a: &Spin, b: &Spin) -> Spin {
    let n = a.len();
    (0..n).map(|i| (0..n).map(|j| (0..n).map(|k| a[i][k] * b[k][j]).sum()).collect()).collect()
}

/// The gamma matrices, written out from their definition.
pub(super) fn gammas(dimensions: usize) -> Vec<Spin> {
    let pauli: [[[Complex64; 2]; 2]; 3] =
        [[[ZERO, ONE], [ONE, ZERO]], [[ZERO, -I], [I, ZERO]], [[ONE, ZERO], [ZERO, -ONE]]];
    if dimensions == 2 {
        return pauli[..2].iter().map(|s| s.iter().map(|row| row.to_vec()).collect()).collect();
    }
    // Upper right blocks i s_1, -i s_2, i s_3, 1.
    (0..4)
        .map(|mu| {
            let b = |r: usize, c: usize| match mu {
                0 => I * pauli[0][r][c],
                1 => -I * pauli[1][r][c],
                2 => I * pauli[2][r][c],
                _ => Complex64::from(f64::from(r == c)),
            };
            let entry = |r: usize, c: usize| match (r < 2, c < 2) {
                (true, false) => b(r, c - 2),
                (false, true) => b(c, r - 2).conj(),
                _ => ZERO,
            };
            (0..4).map(|r| (0..4).map(|c| entry(r, c)).collect()).collect()
        })
        .collect()
}

pub(super) fn gamma5(dimensions: usize) -> Spin {
    let g = gammas(dimensions);
    let all = g[1..].iter().fold(g[0].clone(), |p, g| product(&p, g));
    let factor = if dimensions == 2 { -I } else { ONE };
    all.iter().map(|row| row.iter().map(|z| factor * z).collect()).collect()
}

pub(super) struct Case {
    pub gauge: Gauge,
    pub spec: DiracSpec,
}

pub(super) fn random_gauge(extent: &[usize], group: Group, counter: u64) -> Gauge {
    fn fill<const N: usize>(gauge: &mut Gauge, counter: u64) {
        let mut stream = Stream::new(5, Purpose::Prior, counter);
        for site in 0..gauge.lattice().volume() {
            for mu in 0..gauge.lattice().dimensions() {
                gauge.set_link::<N>(site, mu, &haar::<N>(&mut stream));
            }
        }
    }
    let mut gauge = Gauge::unit(&Lattice::new(extent).unwrap(), group).unwrap();
    match group {
        Group::U1 => fill::<1>(&mut gauge, counter),
        Group::Su2 => fill::<2>(&mut gauge, counter),
        Group::Su3 => fill::<3>(&mut gauge, counter),
    }
    gauge
}

pub(super) fn numbers(count: usize, counter: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; count];
    Stream::new(6, Purpose::Prior, counter).normals(&mut numbers);
    numbers
}

pub(super) fn context() -> Arc<Context> {
    Arc::new(Context::new(1, Precision::F64, 2).unwrap())
}

/// D psi from the definition.
pub(super) fn reference(case: &Case, psi: &[f64]) -> Vec<f64> {
    match case.gauge.group() {
        Group::U1 => reference_of::<1>(case, psi),
        Group::Su2 => reference_of::<2>(case, psi),
        Group::Su3 => reference_of::<3>(case, psi),
    }
}

pub(super) fn reference_of<const N: usize>(case: &Case, psi: &[f64]) -> Vec<f64> {
    let lattice = case.gauge.lattice();
    let d = lattice.dimensions();
    let DiracSpec::Wilson(spec) = &case.spec else { panic!("expected Wilson's operator") };
    let (weights, boundary) = (spec.weights(d).unwrap(), crate::dirac::spec::factors(&spec.boundary, d).unwrap());
    let (mass, twist) = (spec.mass(d).unwrap() + weights.iter().sum::<f64>(), spec.twist);
    let (gammas, five, spins) = (gammas(d), gamma5(d), d);
    let psi: Vec<Complex64> = psi.chunks(2).map(|z| Complex64::new(z[0], z[1])).collect();
    let at = |site: usize, spin: usize, colour: usize| psi[(site * spins + spin) * N + colour];
    let coefficients = spec.clover(d).unwrap();
    let mut result = vec![ZERO; psi.len()];
    for site in 0..lattice.volume() {
        let x = lattice.coordinates(site);
        for s in 0..spins {
            for a in 0..N {
                let mut sum = mass * at(site, s, a);
                for t in 0..spins {
                    sum += I * twist * five[s][t] * at(site, t, a);
                }
                if let Some(c) = &coefficients {
                    for (mu, nu) in (0..d).flat_map(|nu| (0..nu).map(move |mu| (mu, nu))) {
                        let (f, spin) = (clover_leaves::<N>(case, site, mu, nu), product(&gammas[mu], &gammas[nu]));
                        for t in 0..spins {
                            for b in 0..N {
                                sum -= 0.5 * c[mu][nu] * spin[s][t] * f.0[a][b] * at(site, t, b);
                            }
                        }
                    }
                }
                for mu in 0..d {
                    for back in [false, true] {
                        let mut unit = vec![0; d];
                        unit[mu] = if back { -1 } else { 1 };
                        let there = lattice.shifted(site, &unit);
                        let link: Matrix<N> = case.gauge.link(if back { there } else { site }, mu);
                        let crosses = if back { x[mu] == 0 } else { x[mu] + 1 == lattice.extent()[mu] };
                        let phase = if crosses { boundary[mu] } else { ONE };
                        for t in 0..spins {
                            let one = Complex64::from(f64::from(s == t));
                            let spin = if back { one + gammas[mu][s][t] } else { one - gammas[mu][s][t] };
                            for b in 0..N {
                                let u = if back { (phase * link.0[b][a]).conj() } else { phase * link.0[a][b] };
                                sum -= 0.5 * weights[mu] * spin * u * at(there, t, b);
                            }
                        }
                    }
                }
                result[(site * spins + s) * N + a] = sum;
            }
        }
    }
    result.iter().flat_map(|z| [z.re, z.im]).collect()
}

/// F_munu from the four loops that begin at a site and turn left, starting in each of the four directions.
pub(super) fn clover_leaves<const N: usize>(case: &Case, site: usize, mu: usize, nu: usize) -> Matrix<N> {
    let lattice = case.gauge.lattice();
    let turns = [(mu, 1i64), (nu, 1), (mu, -1), (nu, -1)];
    let mut sum = Matrix::<N>::ZERO;
    for start in 0..4 {
        let (mut loop_, mut x) = (Matrix::<N>::unit(), site);
        for step in 0..4 {
            let (direction, sign) = turns[(start + step) % 4];
            let mut unit = vec![0; lattice.dimensions()];
            unit[direction] = sign;
            let there = lattice.shifted(x, &unit);
            let link: Matrix<N> = case.gauge.link(if sign == 1 { x } else { there }, direction);
            loop_ = loop_ * if sign == 1 { link } else { link.adjoint() };
            x = there;
        }
        sum = sum + loop_;
    }
    (sum - sum.adjoint()).scale((1.0 / 8.0).into())
}

pub(super) fn spec(text: &str) -> DiracSpec {
    crate::spec::parse("dirac", text).unwrap()
}

pub(super) fn cases() -> Vec<Case> {
    let four = "boundary: [1, {angle: 0.3}, 0, -1], anisotropy: {xi0: 2.4, nu: 0.9}, twist: 0.21}";
    let two = "boundary: [{angle: 1.1}, -1], twist: -0.4}";
    let mut cases = vec![];
    let extents: [&[usize]; 7] =
        [&[4, 4, 4, 4], &[4, 8, 6, 4], &[2, 3, 2, 5], &[8, 4, 4, 12], &[8, 8], &[4, 6], &[16, 4]];
    for (i, extent) in extents.into_iter().enumerate() {
        for group in [Group::U1, Group::Su2, Group::Su3] {
            let rest = if extent.len() == 4 { four } else { two };
            let gauge = random_gauge(extent, group, i as u64);
            for clover in ["", "clover: 1.1,", "clover: {space: 0.7, time: 1.3},"] {
                let text = format!("{{type: 'wilson', mass: 0.17, {clover} {rest}");
                cases.push(Case { gauge: gauge.clone(), spec: spec(&text) });
            }
        }
    }
    cases
}

pub(super) fn distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).fold(0.0, |most, (x, y)| (x - y).abs().max(most))
}

pub(super) fn dot(x: &[f64], y: &[f64]) -> Complex64 {
    let pairs = x.chunks(2).zip(y.chunks(2));
    pairs.map(|(x, y)| Complex64::new(x[0], -x[1]) * Complex64::new(y[0], y[1])).sum()
}

#[test]
fn the_operator_is_its_definition() {
    for case in cases() {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        let psi = numbers(2 * dirac.count(), 1);
        let mut got = vec![0.0; psi.len()];
        dirac.apply(Which::Plain, 2, &psi, &mut got).unwrap();
        for (psi, got) in psi.chunks(dirac.count()).zip(got.chunks(dirac.count())) {
            let expected = reference(&case, psi);
            let difference = distance(&expected, got);
            assert!(
                difference < 1e-13 * 40.0,
                "{:?} {}: {difference}",
                case.gauge.group(),
                case.gauge.lattice().shape()
            );
        }
    }
}

#[test]
fn the_adjoint_and_the_normal_operator_belong_to_it() {
    for case in cases() {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        let (x, y) = (numbers(dirac.count(), 2), numbers(dirac.count(), 3));
        let (mut dx, mut dy, mut ddx) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
        dirac.apply(Which::Plain, 1, &x, &mut dx).unwrap();
        dirac.apply(Which::Adjoint, 1, &y, &mut dy).unwrap();
        let scale = dot(&x, &x).norm();
        assert!((dot(&y, &dx) - dot(&dy, &x)).norm() < 1e-13 * scale);
        dirac.apply(Which::Normal, 1, &x, &mut ddx).unwrap();
        let mut again = vec![0.0; x.len()];
        dirac.apply(Which::Adjoint, 1, &dx, &mut again).unwrap();
        assert!(distance(&ddx, &again) == 0.0);
    }
}

/// The naive staggered operator from its definition.
pub(super) fn staggered_reference<const N: usize>(gauge: &Gauge, (mass, first): (f64, First), psi: &[f64]) -> Vec<f64> {
    let lattice = gauge.lattice();
    let d = lattice.dimensions();
    let psi: Vec<Complex64> = psi.chunks(2).map(|z| Complex64::new(z[0], z[1])).collect();
    let mut result = vec![ZERO; psi.len()];
    for site in 0..lattice.volume() {
        let x = lattice.coordinates(site);
        for a in 0..N {
            let mut sum = mass * psi[site * N + a];
            for mu in 0..d {
                let before: usize = match first {
                    First::X => (0..mu).map(|nu| x[nu]).sum(),
                    First::Time if mu + 1 == d => 0,
                    First::Time => x[d - 1] + (0..mu).map(|nu| x[nu]).sum::<usize>(),
                };
                let eta = if before.is_multiple_of(2) { 0.5 } else { -0.5 };
                let mut unit = vec![0; d];
                unit[mu] = 1;
                let next = lattice.shifted(site, &unit);
                let here: Matrix<N> = gauge.link(site, mu);
                unit[mu] = -1;
                let last = lattice.shifted(site, &unit);
                let back = gauge.link::<N>(last, mu).adjoint();
                // Antiperiodic in the last direction.
                let sign = |crosses: bool| if crosses && mu + 1 == d { -eta } else { eta };
                for b in 0..N {
                    sum += sign(x[mu] + 1 == lattice.extent()[mu]) * here.0[a][b] * psi[next * N + b];
                    sum -= sign(x[mu] == 0) * back.0[a][b] * psi[last * N + b];
                }
            }
            result[site * N + a] = sum;
        }
    }
    result.iter().flat_map(|z| [z.re, z.im]).collect()
}

#[test]
fn staggered_operators_are_their_definition_and_are_solved() {
    let extents: [&[usize]; 5] = [&[8, 4, 4, 4], &[4, 6, 2, 8], &[8, 8], &[4, 4, 6], &[2, 4, 2, 3]];
    for (i, extent) in extents.into_iter().enumerate() {
        for (first, name) in [(First::X, "x"), (First::Time, "time")] {
            let gauge = random_gauge(extent, Group::Su3, 40 + i as u64);
            let ones = "1, ".repeat(extent.len() - 1);
            let text = format!("{{type: 'staggered', mass: 0.3, first: '{name}', boundary: [{ones} -1]}}");
            let dirac = match Dirac::new(&context(), &gauge, &spec(&text)) {
                Ok(dirac) => dirac,
                // Staggered phases that count along an odd extent are not periodic.
                Err(error) => {
                    assert!(first == First::Time && extent.last() == Some(&3), "{error}");
                    continue;
                }
            };
            let (psi, chi) = (numbers(dirac.count(), 5), numbers(dirac.count(), 6));
            let (mut got, mut adjoint) = (vec![0.0; psi.len()], vec![0.0; psi.len()]);
            dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
            let expected = staggered_reference::<3>(&gauge, (0.3, first), &psi);
            assert!(distance(&expected, &got) < 1e-13 * 40.0, "{extent:?}");
            dirac.apply(Which::Adjoint, 1, &chi, &mut adjoint).unwrap();
            assert!((dot(&chi, &got) - dot(&adjoint, &psi)).norm() < 1e-11);
            let report = dirac.solve(&SolveSpec::default(), 1, &psi, &mut got).unwrap();
            let image = staggered_reference::<3>(&gauge, (0.3, first), &got);
            assert!(distance(&image, &psi) < 1e-8 && report.iterations > 0);
        }
    }
}

#[test]
fn spinors_are_given_and_taken_in_the_basis_of_the_spec() {
    let gauge = Gauge::unit(&Lattice::new(&[4, 4, 4, 4]).unwrap(), Group::Su2).unwrap();
    for (name, basis) in [("degrand_rossi", Basis::DegrandRossi), ("chiral", Basis::Chiral), ("dirac", Basis::Dirac)] {
        let spec = crate::spec::parse("dirac", &format!("{{type: 'wilson', mass: 0.3, basis: '{name}'}}")).unwrap();
        let dirac = Dirac::new(&context(), &gauge, &spec).unwrap();
        let (mut psi, mut image) = (vec![0.0; dirac.count()], vec![0.0; dirac.count()]);
        // One site, colour 1, all spins.
        let amplitude = |s: usize| Complex64::new(0.3 + s as f64, 0.7 - 0.2 * s as f64);
        (0..4).for_each(|s| (psi[2 * (2 * s + 1)], psi[2 * (2 * s + 1) + 1]) = (amplitude(s).re, amplitude(s).im));
        dirac.apply(Which::Plain, 1, &psi, &mut image).unwrap();
        for (mu, gamma) in basis.gammas().iter().enumerate() {
            for (step, sign) in [(-1i64, -1.0), (1, 1.0)] {
                let unit: Vec<i64> = (0..4).map(|nu| if nu == mu { step } else { 0 }).collect();
                let site = gauge.lattice().shifted(0, &unit);
                for s in 0..4 {
                    // -(1/2) (1 -+ g_mu) psi
                    let turned: Complex64 = (0..4).map(|t| gamma[s][t] * amplitude(t)).sum();
                    let expected = -0.5 * (amplitude(s) + sign * turned);
                    let at = 2 * (site * 8 + 2 * s + 1);
                    let got = Complex64::new(image[at], image[at + 1]);
                    assert!((got - expected).norm() < 1e-14, "{name}, {mu}, {step}, {s}: {got} {expected}");
                }
            }
        }
        let (mut solution, mut again) = (vec![0.0; psi.len()], vec![0.0; psi.len()]);
        dirac.solve(&SolveSpec::default(), 1, &psi, &mut solution).unwrap();
        dirac.apply(Which::Plain, 1, &solution, &mut again).unwrap();
        assert!(distance(&again, &psi) < 1e-9);
    }
    let plane = Gauge::unit(&Lattice::new(&[4, 4]).unwrap(), Group::U1).unwrap();
    let spec = crate::spec::parse("dirac", "{type: 'wilson', mass: 0.3, basis: 'dirac'}").unwrap();
    let error = Dirac::new(&context(), &plane, &spec).err().unwrap().to_string();
    assert!(error.contains("basis: expected none but the usual one in 2 dimensions"), "{error}");
}
