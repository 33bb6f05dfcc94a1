//! The improved staggered operator against its definition, written out site by site.

use super::{context, distance, dot, numbers, random_gauge};
use crate::dirac::*;
use crate::gauge::{Complex64, Gauge, Group, Matrix};

/// D ψ = 2 m ψ + Σ_μ [F_μ(x) ψ(x + μ) − F_μ(x − μ)† ψ(x − μ) + L_μ(x) ψ(x + 3μ) − L_μ(x − 3μ)† ψ(x − 3μ)].
fn definition<const N: usize>(fat: &Gauge, long: &Gauge, mass: f64, psi: &[f64]) -> Vec<f64> {
    let lattice = fat.lattice();
    let psi: Vec<Complex64> = psi.chunks(2).map(|z| Complex64::new(z[0], z[1])).collect();
    let mut image: Vec<Complex64> = psi.iter().map(|z| 2.0 * mass * z).collect();
    for (site, mu) in (0..lattice.volume()).flat_map(|site| (0..lattice.dimensions()).map(move |mu| (site, mu))) {
        for (links, steps) in [(fat, 1i64), (long, 3)] {
            let mut displacement = vec![0; lattice.dimensions()];
            displacement[mu] = steps;
            let forward = lattice.shifted(site, &displacement);
            displacement[mu] = -steps;
            let backward = lattice.shifted(site, &displacement);
            let (here, there): (Matrix<N>, Matrix<N>) = (links.link(site, mu), links.link(backward, mu));
            for (a, b) in (0..N).flat_map(|a| (0..N).map(move |b| (a, b))) {
                image[site * N + a] += here.0[a][b] * psi[forward * N + b];
                image[site * N + a] -= there.0[b][a].conj() * psi[backward * N + b];
            }
        }
    }
    image.iter().flat_map(|z| [z.re, z.im]).collect()
}

fn defined(fat: &Gauge, long: &Gauge, mass: f64, psi: &[f64]) -> Vec<f64> {
    match fat.group() {
        Group::U1 => definition::<1>(fat, long, mass, psi),
        Group::Su2 => definition::<2>(fat, long, mass, psi),
        Group::Su3 => definition::<3>(fat, long, mass, psi),
    }
}

#[test]
fn the_improved_staggered_operator_is_its_definition_and_is_solved() {
    const MASS: f64 = 0.7;
    // Lattices that fill all lanes, some and one; in short directions three steps go around.
    let extents: [&[usize]; 6] = [&[8, 8], &[4, 4, 4, 4], &[8, 4, 6, 12], &[2, 6, 4], &[3, 5], &[2, 2, 2, 6]];
    for (i, extent) in extents.into_iter().enumerate() {
        for group in [Group::U1, Group::Su2, Group::Su3] {
            let [fat, long] = [200, 300].map(|counter| random_gauge(extent, group, counter + i as u64));
            let dirac = Dirac::improved(&context(), &fat, &long, MASS).unwrap();
            let (psi, chi) = (numbers(dirac.count(), 5), numbers(dirac.count(), 6));
            let (mut image, mut adjoint) = (vec![0.0; psi.len()], vec![0.0; psi.len()]);
            dirac.apply(Which::Plain, 1, &psi, &mut image).unwrap();
            let expected = defined(&fat, &long, MASS, &psi);
            assert!(distance(&expected, &image) < 1e-13 * 40.0, "{group:?}, {extent:?}");
            // Wrong operators, which must differ: fat and long links exchanged, and the mass without its factor of two.
            for (fat, long, mass) in [(&long, &fat, MASS), (&fat, &long, 0.5 * MASS)] {
                assert!(distance(&defined(fat, long, mass, &psi), &image) > 0.1, "{group:?}, {extent:?}");
            }
            dirac.apply(Which::Adjoint, 1, &chi, &mut adjoint).unwrap();
            assert!((dot(&chi, &image) - dot(&adjoint, &psi)).norm() < 1e-13 * dot(&psi, &psi).re * 40.0);
            let mut solution = vec![0.0; psi.len()];
            dirac.solve(&SolveSpec::default(), 1, &psi, &mut solution).unwrap();
            let residual = distance(&defined(&fat, &long, MASS, &solution), &psi);
            assert!(residual < 1e-10 * dot(&psi, &psi).re.sqrt(), "{group:?}, {extent:?}: {residual}");
        }
    }
}
