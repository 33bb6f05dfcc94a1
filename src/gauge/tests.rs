//! Laws of groups and of observables.

use super::*;
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};

fn stream(counter: u64) -> Stream {
    Stream::new(3, Purpose::Parameters, counter)
}

/// i sum_a x_a T_a with normal x_a.
fn algebra<const N: usize>(stream: &mut Stream, size: f64) -> Matrix<N> {
    let mut x = vec![0.0; (N * N - 1).max(1)];
    stream.normals(&mut x);
    let terms = x.iter().enumerate().map(|(a, x)| generator::<N>(a).scale((size * x).into()));
    terms.fold(Matrix::ZERO, |sum, term| sum + term)
}

/// exp(X) = (exp(X / 2^n))^(2^n), with twenty terms of the series.
fn series<const N: usize>(x: &Matrix<N>) -> Matrix<N> {
    const HALVINGS: i32 = 10;
    let small = x.scale(0.5f64.powi(HALVINGS).into());
    let (mut sum, mut term) = (Matrix::unit(), Matrix::unit());
    for k in 1..20 {
        term = (term * small).scale((1.0 / f64::from(k)).into());
        sum = sum + term;
    }
    (0..HALVINGS).fold(sum, |power, _| power * power)
}

fn assert_exponential<const N: usize>() {
    for (i, size) in [0.0, 1e-9, 1e-6, 1e-4, 1e-2, 0.3, 1.0, 3.0, 10.0].into_iter().enumerate() {
        for k in 0..50 {
            let x = algebra::<N>(&mut stream(1000 * i as u64 + k), size);
            let u = exponential(&x);
            let error = (u - series(&x)).largest();
            assert!(error < 2e-13 * (1.0 + size), "N = {N}, size {size}: {error}");
            assert!(u.deviation() < 1e-13, "N = {N}, size {size}: {}", u.deviation());
        }
    }
}

#[test]
fn exponentials_are_those_of_the_series() {
    assert_exponential::<1>();
    assert_exponential::<2>();
    assert_exponential::<3>();
}

/// Degenerate eigenvalues, where the formula divides small numbers: multiples of one generator.
#[test]
fn exponentials_of_degenerate_matrices() {
    for a in 0..8 {
        for size in [-7.0, -1.0, -1e-3, -1e-7, 1e-7, 1e-3, 1.0, 7.0] {
            let x = generator::<3>(a).scale(f64::into(size));
            let error = (exponential(&x) - series(&x)).largest();
            assert!(error < 1e-12, "{a}, {size}: {error}");
        }
    }
}

fn assert_basis<const N: usize>() {
    let count = (N * N - 1).max(1);
    for (a, b) in (0..count).flat_map(|a| (0..count).map(move |b| (a, b))) {
        let (x, y) = (generator::<N>(a), generator::<N>(b));
        assert_eq!(x.adjoint(), x.scale((-1.0).into()));
        let expected = if a != b {
            0.0
        } else if N == 1 {
            1.0
        } else {
            0.5
        };
        assert!(((x.adjoint() * y).trace() - expected).norm() < 1e-15, "N = {N}: {a}, {b}");
        assert!(N == 1 || x.trace().norm() < 1e-15);
    }
}

#[test]
fn the_basis_is_orthonormal_antihermitian_and_traceless() {
    assert_basis::<1>();
    assert_basis::<2>();
    assert_basis::<3>();
}

/// Moments of the Haar measure: <tr U> = 0, <|tr U|^2> = 1, <U_11 ...> has <|U_11|^2> = 1 / N.
fn assert_haar<const N: usize>() {
    let (count, mut stream) = (20_000, stream(77));
    let (mut mean, mut square, mut corner) = (Complex64::new(0.0, 0.0), 0.0, 0.0);
    for _ in 0..count {
        let u = haar::<N>(&mut stream);
        assert!(u.deviation() < 1e-13);
        mean += u.trace();
        square += u.trace().norm_sqr();
        corner += u.0[N - 1][0].norm_sqr();
    }
    let n = f64::from(count);
    // Five standard errors of a variable of variance at most one.
    assert!(mean.norm() / n < 5.0 / n.sqrt(), "N = {N}: {mean}");
    assert!((square / n - 1.0).abs() < 5.0 / n.sqrt(), "N = {N}: {}", square / n);
    assert!((corner / n - 1.0 / N as f64).abs() < 5.0 / n.sqrt(), "N = {N}: {}", corner / n);
}

#[test]
fn random_elements_have_the_moments_of_the_haar_measure() {
    assert_haar::<1>();
    assert_haar::<2>();
    assert_haar::<3>();
}

/// U_mu(x) -> g(x) U_mu(x) g(x + mu)^dag.
pub(super) fn transformed<const N: usize>(gauge: &Gauge) -> Gauge {
    let lattice = gauge.lattice().clone();
    let mut stream = stream(5);
    let g: Vec<Matrix<N>> = (0..lattice.volume()).map(|_| haar(&mut stream)).collect();
    let mut result = gauge.clone();
    for site in 0..lattice.volume() {
        for mu in 0..lattice.dimensions() {
            let mut unit = vec![0; lattice.dimensions()];
            unit[mu] = 1;
            let next = lattice.shifted(site, &unit);
            result.set_link(site, mu, &(g[site] * gauge.link::<N>(site, mu) * g[next].adjoint()));
        }
    }
    result
}

fn assert_invariance<const N: usize>(group: Group, extent: &[usize]) {
    let lattice = Lattice::new(extent).unwrap();
    let mut gauge = Gauge::unit(&lattice, group).unwrap();
    assert_eq!(observables::plaquette(&gauge), 1.0);
    assert_eq!(observables::link_trace(&gauge), 1.0);
    let mut stream = stream(9);
    for (site, mu) in (0..lattice.volume()).flat_map(|s| (0..extent.len()).map(move |mu| (s, mu))) {
        gauge.set_link(site, mu, &haar::<N>(&mut stream));
    }
    let other = transformed::<N>(&gauge);
    assert!((observables::link_trace(&gauge) - observables::link_trace(&other)).abs() > 1e-6);
    for (a, b) in observables::planes(&gauge).into_iter().zip(observables::planes(&other)) {
        assert!((a - b).abs() < 1e-13);
    }
    let sides = [(0, 2), (1, 3)];
    let loops = [&gauge, &other].map(|g| observables::wilson_loop(g, sides).unwrap());
    assert!((loops[0] - loops[1]).abs() < 1e-13);
    for mu in 0..extent.len() {
        let lines = [&gauge, &other].map(|g| observables::polyakov_loop(g, mu).unwrap());
        assert!((lines[0] - lines[1]).norm() < 1e-13);
    }
    assert!(gauge.worst_link().0 < 1e-13);
    let broken = gauge.link::<N>(3, 1).scale(1.01.into());
    gauge.set_link(3, 1, &broken);
    let (distance, site, mu) = gauge.worst_link();
    assert!(distance > 0.005 && (site, mu) == (3, 1));
}

#[test]
fn loops_are_gauge_invariant() {
    assert_invariance::<1>(Group::U1, &[4, 6]);
    assert_invariance::<2>(Group::Su2, &[4, 2, 6]);
    assert_invariance::<3>(Group::Su3, &[2, 4, 2, 4]);
}
