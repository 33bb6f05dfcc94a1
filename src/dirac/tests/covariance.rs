//! Gauge covariance of every operator: D[U^g] (g psi) = g (D[U] psi) for random g, and the same of its even-odd form.
//!
//! Links one step long become g(x) U_mu(x) g(x + mu)^dag, long ones g(x) L_mu(x) g(x + 3 mu)^dag.

use super::every::every;
use super::{distance, numbers, random_gauge};
use crate::dirac::*;
use crate::error::Error;
use crate::gauge::{Complex64, Gauge, Group, Matrix};
use crate::lattice::Lattice;
use faer::Mat;

/// Numbers of one rotation for each site.
type Rotations = Vec<Vec<Vec<Complex64>>>;

fn rotations<const N: usize>(links: &Gauge) -> Rotations {
    let of = |site| links.link::<N>(site, 0).0.iter().map(|row| row.to_vec()).collect();
    (0..links.lattice().volume()).map(of).collect()
}

/// Rotations that are the links in one direction of a random field.
fn random_rotations(lattice: &Lattice, group: Group) -> Rotations {
    let links = random_gauge(lattice.extent(), group, 500);
    match group {
        Group::U1 => rotations::<1>(&links),
        Group::Su2 => rotations::<2>(&links),
        Group::Su3 => rotations::<3>(&links),
    }
}

fn turn_links<const N: usize>(gauge: &mut Gauge, g: &Rotations, length: i64) {
    let lattice = gauge.lattice().clone();
    let matrix = |site: usize| Matrix::<N>(std::array::from_fn(|a| std::array::from_fn(|b| g[site][a][b])));
    for site in 0..lattice.volume() {
        for mu in 0..lattice.dimensions() {
            let mut unit = vec![0; lattice.dimensions()];
            unit[mu] = length;
            let end = lattice.shifted(site, &unit);
            gauge.set_link(site, mu, &(matrix(site) * gauge.link::<N>(site, mu) * matrix(end).adjoint()));
        }
    }
}

/// The links after a gauge transformation, `length` steps long.
fn turned(gauge: &Gauge, g: &Rotations, length: i64) -> Gauge {
    let mut turned = gauge.clone();
    match gauge.group() {
        Group::U1 => turn_links::<1>(&mut turned, g, length),
        Group::Su2 => turn_links::<2>(&mut turned, g, length),
        Group::Su3 => turn_links::<3>(&mut turned, g, length),
    }
    turned
}

/// g psi on some sites, `spins` colour vectors on each.
fn rotated(g: &[&Vec<Vec<Complex64>>], spins: usize, psi: &[Complex64]) -> Vec<Complex64> {
    let colours = g[0].len();
    let of = |(i, vector): (usize, &[Complex64])| -> Vec<Complex64> {
        g[i / spins].iter().map(|row| row.iter().zip(vector).map(|(u, x)| u * x).sum()).collect()
    };
    psi.chunks_exact(colours).enumerate().flat_map(of).collect()
}

fn complex(numbers: &[f64]) -> Vec<Complex64> {
    numbers.chunks_exact(2).map(|z| Complex64::new(z[0], z[1])).collect()
}

fn reals(numbers: &[Complex64]) -> Vec<f64> {
    numbers.iter().flat_map(|z| [z.re, z.im]).collect()
}

#[test]
fn operators_turn_with_the_frame() {
    for (i, case) in every().into_iter().enumerate() {
        let links = case.links(200 + 2 * i as u64);
        let lattice = links[0].lattice().clone();
        let g = random_rotations(&lattice, case.group);
        let there = [turned(&links[0], &g, 1), turned(&links[1], &g, 3)];
        let (here, there) = (case.on(&links), case.on(&there));
        let (all, odd): (Vec<_>, Vec<_>) =
            (g.iter().collect(), (0..g.len()).filter(|&site| lattice.parity(site) == 1).map(|site| &g[site]).collect());
        let spins = here.count() / (2 * case.group.colours() * lattice.volume());
        for which in [Which::Plain, Which::Adjoint, Which::Normal] {
            let apply = |dirac: &Dirac, psi: &[f64]| {
                let mut image = vec![0.0; psi.len()];
                dirac.apply(which, 1, psi, &mut image).unwrap();
                image
            };
            let psi = numbers(here.count(), 30);
            let before = apply(&there, &reals(&rotated(&all, spins, &complex(&psi))));
            let image = apply(&here, &psi);
            let after = reals(&rotated(&all, spins, &complex(&image)));
            // Sums of some hundred products of rounding 1e-16 and size up to ten, squared for D^dag D.
            assert!(distance(&before, &after) < 1e-11, "{case:?} {which:?}: {}", distance(&before, &after));
            assert!(distance(&after, &image) > 0.1, "{case:?}: expected a frame that differs");
        }
        for map in [Map::Schur, Map::SchurNormal] {
            let maps =
                [&here, &there].map(|dirac| dirac.linear_map(map)).into_iter().collect::<Result<Vec<_>, Error>>();
            let maps = maps.unwrap();
            let psi = complex(&numbers(2 * maps[0].dimension(), 31));
            let column = |psi: &[Complex64]| Mat::from_fn(psi.len(), 1, |i, _| psi[i]);
            let vector = |image: Mat<Complex64>| -> Vec<Complex64> { image.col(0).iter().copied().collect() };
            let before = vector(maps[1].times(column(&rotated(&odd, spins, &psi)).as_ref()).unwrap());
            let after = rotated(&odd, spins, &vector(maps[0].times(column(&psi).as_ref()).unwrap()));
            assert!(distance(&reals(&before), &reals(&after)) < 1e-11, "{case:?} {map:?}");
        }
    }
}
