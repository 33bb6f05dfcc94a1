//! Laws of the operators, and an independent dense reference made of gamma matrices.

#![allow(clippy::needless_range_loop)]

use super::*;
use crate::context::{Context, Precision};
use crate::gauge::{Complex64, Gauge, Group, Matrix, haar};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::simd::Instructions;
use std::sync::Arc;

const I: Complex64 = Complex64::new(0.0, 1.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);
const ZERO: Complex64 = Complex64::new(0.0, 0.0);

type Spin = Vec<Vec<Complex64>>;

fn product(a: &Spin, b: &Spin) -> Spin {
    let n = a.len();
    (0..n).map(|i| (0..n).map(|j| (0..n).map(|k| a[i][k] * b[k][j]).sum()).collect()).collect()
}

/// The gamma matrices, written out from their definition.
fn gammas(dimensions: usize) -> Vec<Spin> {
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

fn gamma5(dimensions: usize) -> Spin {
    let g = gammas(dimensions);
    let all = g[1..].iter().fold(g[0].clone(), |p, g| product(&p, g));
    let factor = if dimensions == 2 { -I } else { ONE };
    all.iter().map(|row| row.iter().map(|z| factor * z).collect()).collect()
}

struct Case {
    gauge: Gauge,
    spec: DiracSpec,
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
fn reference(case: &Case, psi: &[f64]) -> Vec<f64> {
    match case.gauge.group() {
        Group::U1 => reference_of::<1>(case, psi),
        Group::Su2 => reference_of::<2>(case, psi),
        Group::Su3 => reference_of::<3>(case, psi),
    }
}

fn reference_of<const N: usize>(case: &Case, psi: &[f64]) -> Vec<f64> {
    let lattice = case.gauge.lattice();
    let d = lattice.dimensions();
    let DiracSpec::Wilson(spec) = &case.spec else { panic!("expected Wilson's operator") };
    let (weights, boundary) = (spec.weights(d).unwrap(), super::spec::factors(&spec.boundary, d).unwrap());
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
fn clover_leaves<const N: usize>(case: &Case, site: usize, mu: usize, nu: usize) -> Matrix<N> {
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

fn cases() -> Vec<Case> {
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

fn distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).fold(0.0, |most, (x, y)| (x - y).abs().max(most))
}

fn dot(x: &[f64], y: &[f64]) -> Complex64 {
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

#[test]
fn solutions_solve() {
    for case in cases() {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        // Larger ones take longer and show nothing new.
        if case.gauge.lattice().volume() > 300 {
            continue;
        }
        let source = numbers(2 * dirac.count(), 4);
        let mut solution = vec![0.0; source.len()];
        for solver in ["auto", "cg", "cg_even_odd", "mixed", "block"] {
            let solve = crate::spec::parse::<SolveSpec>("solve", &format!("{{solver: '{solver}'}}")).unwrap();
            let is_odd = !case.gauge.lattice().is_bipartite();
            let report = match dirac.solve(&solve, 2, &source, &mut solution) {
                Ok(report) => report,
                Err(error) if is_odd && matches!(solver, "cg_even_odd" | "mixed" | "block") => {
                    assert_eq!(error.status(), 9, "{error}");
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            assert!(report.residual <= 1e-10 && report.iterations > 0);
            for (x, b) in solution.chunks(dirac.count()).zip(source.chunks(dirac.count())) {
                let image = reference(&case, x);
                let r: Vec<f64> = image.iter().zip(b).map(|(x, b)| b - x).collect();
                assert!((dot(&r, &r).re / dot(b, b).re).sqrt() < 1.1e-10);
            }
        }
    }
}

#[test]
fn a_solve_that_does_not_converge_says_so() {
    let case = cases().swap_remove(6);
    let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
    let source = numbers(dirac.count(), 4);
    let mut solution = vec![0.0; source.len()];
    let spec = SolveSpec { max_iterations: 3, ..SolveSpec::default() };
    let error = dirac.solve(&spec, 1, &source, &mut solution).unwrap_err();
    assert_eq!(error.status(), 6, "{error}");
}

/// The naive staggered operator from its definition.
fn staggered_reference<const N: usize>(gauge: &Gauge, (mass, first): (f64, First), psi: &[f64]) -> Vec<f64> {
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
                // Phases that count along an odd extent are not periodic.
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

/// Operators with links of 18 and of 12 numbers, for all boundary conditions that there are.
fn compressed_cases() -> Vec<Case> {
    let extents: [&[usize]; 4] = [&[4, 8, 6, 4], &[2, 3, 2, 5], &[8, 4, 4, 4], &[8, 8]];
    let boundary = ["[1, {angle: 0.3}, 0, -1]", "[{angle: 1.1}, -1]"];
    let case = |(i, extent): (usize, &&[usize])| {
        let is_plane = extent.len() == 2;
        let text = format!(
            "{{type: 'wilson', mass: 0.17, links: 12, twist: 0.2, anisotropy: {{xi0: 2.4, nu: 0.9}}, boundary: {}}}",
            boundary[usize::from(is_plane)]
        );
        Case { gauge: random_gauge(extent, Group::Su3, 60 + i as u64), spec: spec(&text) }
    };
    extents.iter().enumerate().map(case).collect()
}

#[test]
fn two_rows_of_a_link_are_as_good_as_three() {
    for case in compressed_cases() {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        let psi = numbers(dirac.count(), 7);
        let mut got = vec![0.0; psi.len()];
        dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
        assert!(distance(&reference(&case, &psi), &got) < 1e-13 * 40.0);
    }
}

#[test]
fn links_that_have_no_third_row_or_another_one_are_refused() {
    let text = |numbers: &str| spec(&format!("{{type: 'wilson', mass: 0.1, links: {numbers}}}"));
    let error = |gauge: &Gauge, numbers: &str| match Dirac::new(&context(), gauge, &text(numbers)) {
        Err(error) => error.status(),
        Ok(_) => 0,
    };
    let mut gauge = random_gauge(&[4, 4], Group::Su3, 70);
    for (numbers, status) in [("'auto'", 0), ("18", 0), ("12", 0), ("7", 2)] {
        assert_eq!(error(&gauge, numbers), status);
    }
    assert_eq!(error(&random_gauge(&[4, 4], Group::Su2, 71), "12"), 9);
    // Unitary, but with a determinant that is not one.
    let phase = Complex64::from_polar(1.0, 1e-6);
    gauge.set_link::<3>(5, 1, &gauge.link::<3>(5, 1).scale(phase));
    assert_eq!((error(&gauge, "12"), error(&gauge, "18")), (4, 0));
}

#[test]
fn all_instruction_sets_agree_with_the_definition() {
    let extents: [&[usize]; 3] = [&[4, 4, 8, 4], &[8, 8], &[2, 3, 2, 5]];
    for instructions in Instructions::ALL.into_iter().filter(|i| i.is_available()) {
        for (extent, links) in extents.into_iter().flat_map(|extent| [(extent, 12), (extent, 18)]) {
            let ends = "1, ".repeat(extent.len() - 1);
            let text = format!("{{type: 'wilson', mass: 0.3, links: {links}, clover: 1.2, boundary: [{ends} -1]}}");
            let case = Case { gauge: random_gauge(extent, Group::Su3, 80), spec: spec(&text) };
            let mut dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
            dirac.set_instructions(instructions);
            let psi = numbers(dirac.count(), 8);
            let mut got = vec![0.0; psi.len()];
            dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
            assert!(distance(&reference(&case, &psi), &got) < 1e-13 * 40.0, "{instructions:?} {extent:?} {links}");
            // The residual is one of f64, the iteration one of f32.
            let report = dirac.solve(&SolveSpec::default(), 1, &psi, &mut got).unwrap();
            assert!(report.residual <= 1e-10);
            let text = format!("{{type: 'staggered', mass: 0.3, boundary: [{ends} -1]}}");
            let Ok(mut dirac) = Dirac::new(&context(), &case.gauge, &spec(&text)) else { continue };
            dirac.set_instructions(instructions);
            let (psi, mut got) = (numbers(dirac.count(), 9), vec![0.0; dirac.count()]);
            dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
            let expected = staggered_reference::<3>(&case.gauge, (0.3, First::X), &psi);
            assert!(distance(&expected, &got) < 1e-13 * 40.0, "{instructions:?} {extent:?}");
        }
    }
}

#[test]
fn many_fields_at_once_are_each_alone() {
    for case in [cases().swap_remove(8), cases().swap_remove(7), compressed_cases().swap_remove(1)] {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        let count = 14;
        let psi = numbers(count * dirac.count(), 10);
        let (mut together, mut alone) = (vec![0.0; psi.len()], vec![0.0; psi.len()]);
        for which in [Which::Plain, Which::Adjoint, Which::Normal] {
            dirac.apply(which, count, &psi, &mut together).unwrap();
            for (psi, alone) in psi.chunks(dirac.count()).zip(alone.chunks_mut(dirac.count())) {
                dirac.apply(which, 1, psi, alone).unwrap();
            }
            assert_eq!(together, alone);
        }
    }
}

#[test]
fn the_schur_complement_takes_many_fields() {
    use super::hopping::Side;
    use super::operator::Linear;
    for text in ["{type: 'wilson', mass: 0.2, twist: 0.3}", "{type: 'wilson', mass: 0.2, clover: 1.0}"] {
        let gauge = random_gauge(&[4, 4, 4, 8], Group::Su3, 90);
        let dirac = Dirac::new(&context(), &gauge, &spec(text)).unwrap();
        let schur = dirac.double_even_odd();
        let fields = || (0..3).map(|_| schur.zeros().unwrap()).collect::<Vec<_>>();
        let (mut from, mut to, mut scratch, mut alone) = (fields(), fields(), fields(), schur.zeros().unwrap());
        for (i, field) in from.iter_mut().enumerate() {
            Stream::new(6, Purpose::Prior, 20 + i as u64).normals(field.numbers_mut());
        }
        for side in [Side::Plain, Side::Adjoint] {
            schur.apply_many(side, &from, &mut to, &mut scratch);
            for (from, to) in from.iter().zip(&to) {
                schur.apply(side, from, &mut alone, &mut scratch[0]);
                assert_eq!(to.numbers(), alone.numbers());
            }
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

#[test]
fn low_modes_and_blocks_save_iterations() {
    let mut gauge = Gauge::unit(&Lattice::new(&[16, 16]).unwrap(), Group::U1).unwrap();
    // A smooth field with low modes that are not degenerate.
    let links = (0..512).flat_map(|i| [(0.1 * (0.7 * i as f64).sin()).cos(), (0.1 * (0.7 * i as f64).sin()).sin()]);
    gauge.set_links(links.collect()).unwrap();
    let iterations = |spec: &str, solver: &str, count: usize| {
        let dirac = Dirac::new(&context(), &gauge, &crate::spec::parse("dirac", spec).unwrap()).unwrap();
        let source = numbers(count * dirac.count(), 4);
        let mut solution = vec![0.0; source.len()];
        let solve = crate::spec::parse("solve", &format!("{{solver: '{solver}', tolerance: 1e-9, modes: 6}}")).unwrap();
        let report = dirac.solve(&solve, count, &source, &mut solution).unwrap();
        let mut again = vec![0.0; source.len()];
        dirac.apply(Which::Plain, count, &solution, &mut again).unwrap();
        assert!(distance(&again, &source) < 2e-9 * (source.len() as f64).sqrt(), "{solver}");
        report.iterations
    };
    for spec in ["{type: 'wilson', mass: 0.02}", "{type: 'staggered', mass: 0.02}"] {
        let [plain, deflated] = ["mixed", "deflated"].map(|solver| iterations(spec, solver, 3));
        assert!(4 * deflated < 3 * plain, "{spec}: {deflated} iterations with low modes, {plain} without");
        let [plain, block] = ["mixed", "block"].map(|solver| iterations(spec, solver, 8));
        assert!(4 * block < 3 * plain, "{spec}: {block} iterations as a block, {plain} one by one");
    }
    let dirac =
        Dirac::new(&context(), &gauge, &crate::spec::parse("dirac", "{type: 'wilson', mass: 1}").unwrap()).unwrap();
    let (source, mut solution) = (numbers(dirac.count(), 4), vec![0.0; dirac.count()]);
    let many = crate::spec::parse("solve", "{solver: 'deflated', modes: 1000}").unwrap();
    let error = dirac.solve(&many, 1, &source, &mut solution).unwrap_err().to_string();
    assert!(error.starts_with("modes: expected 1 to ") && error.ends_with("got 1000"), "{error}");
}

#[test]
fn sources_of_any_scale_are_solved() {
    let gauge = random_gauge(&[4, 4], Group::U1, 3);
    for spec in ["{type: 'wilson', mass: 0.4}", "{type: 'staggered', mass: 0.4}"] {
        let dirac = Dirac::new(&context(), &gauge, &crate::spec::parse("dirac", spec).unwrap()).unwrap();
        let count = dirac.count();
        let mut source = numbers(3 * count, 4);
        source[..count].iter_mut().for_each(|x| *x *= 1e-120);
        source[2 * count..].iter_mut().for_each(|x| *x *= 1e120);
        // One source whose own numbers differ.
        source[count] = 1e40;
        for solver in ["auto", "cg", "block"] {
            let solve = crate::spec::parse("solve", &format!("{{solver: '{solver}'}}")).unwrap();
            let (mut solution, mut again) = (vec![0.0; source.len()], vec![0.0; source.len()]);
            dirac.solve(&solve, 3, &source, &mut solution).unwrap();
            dirac.apply(Which::Plain, 3, &solution, &mut again).unwrap();
            for (got, expected) in again.chunks(count).zip(source.chunks(count)) {
                let scale = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
                assert!(distance(got, expected) < 1e-9 * scale, "{spec} {solver}: {}", distance(got, expected) / scale);
            }
        }
    }
}
