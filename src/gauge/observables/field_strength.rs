//! Field strength from the four plaquettes around a site, with its energy density and topological charge.
//!
//! ```text
//! F_μν = TA(C_μν) / 4,  C_μν the four leaves in the plane (μ, ν), TA the traceless antihermitian part
//! E = (1/V) Σ_x Σ_{μ<ν} |F_μν|² / (2 T_F)              = ¼ F^a_μν F^a_μν, summed over μ and ν
//! Q = −(1/32π²) Σ_x ε_μνρσ tr F_μν F_ρσ                 ε_0123 = 1, F antihermitian
//! ```
//!
//! On a field with an open boundary F is zero on the first and the last slice, where two of the leaves are missing in some
//! planes, and E is averaged over the sites between them.
//!
//! Directions are x, y, z, t: ε_xyzt = 1. openQCD counts t first, ε_txyz = 1, so that its charges have the opposite sign.
//!
//! P. Di Vecchia et al., Nucl. Phys. B 192, 392 (1981); M. Lüscher, JHEP 08 (2010) 071, arXiv:1006.4518.

use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::absent::boundary_slices;
use crate::gauge::field::Gauge;
use crate::gauge::paths::{Links, Step};
use crate::group::Matrix;
use crate::group::with_colours;
use crate::lattice::Neighbours;
use crate::memory;
use crate::progress;
use std::f64::consts::PI;
use std::ops::Range;

/// The energy density E, averaged over the sites; those between the boundary slices of an open field.
pub fn energy_density(gauge: &Gauge) -> Result<f64> {
    energy_density_by(&Team::default(), gauge)
}

/// The energy density E, computed by the threads of a team.
pub fn energy_density_by(team: &Team, gauge: &Gauge) -> Result<f64> {
    Ok(energies(team, gauge, 1)?[0])
}

/// The energy density, averaged over the sites of each slice of the last direction; zero on the boundary slices of an open
/// field.
pub fn energy_slices(team: &Team, gauge: &Gauge) -> Result<Vec<f64>> {
    energies(team, gauge, slices(gauge))
}

/// The share of each slice of the last direction in the topological charge of a field in four dimensions.
pub fn clover_charge_slices(gauge: &Gauge) -> Result<Vec<f64>> {
    charges(gauge, slices(gauge))
}

/// Slices of the last direction.
fn slices(gauge: &Gauge) -> usize {
    gauge.lattice().extent()[gauge.lattice().dimensions() - 1]
}

/// The energy densities of equal parts of the sites.
fn energies(team: &Team, gauge: &Gauge, parts: usize) -> Result<Vec<f64>> {
    let neighbours = Neighbours::new(gauge.lattice())?;
    let mut sums = with_colours!(gauge.group(), energy(team, gauge, &neighbours, parts))?;
    if parts == 1 && gauge.is_open() {
        let slices = slices(gauge);
        if slices < 3 {
            let expected = "energy_density: expected at least 3 slices of the last direction between open boundaries";
            return Err(Error::Unsupported(format!("{expected}, got {slices}")));
        }
        sums[0] *= slices as f64 / (slices - 2) as f64;
    }
    Ok(sums)
}

/// Sites of a field where the field strength is known: all, or those between the boundary slices.
fn inner(gauge: &Gauge) -> Range<usize> {
    let [first, last] = boundary_slices(gauge.lattice());
    if gauge.is_open() { first.end..last.start } else { first.start..last.end }
}

/// The topological charge Q of a field in four dimensions; a whole number only for smooth fields.
pub fn clover_charge(gauge: &Gauge) -> Result<f64> {
    Ok(charges(gauge, 1)?[0])
}

/// The charges of equal parts of the sites.
fn charges(gauge: &Gauge, parts: usize) -> Result<Vec<f64>> {
    let d = gauge.lattice().dimensions();
    if d != 4 {
        return Err(Error::Unsupported(format!("clover_charge: expected a lattice of 4 dimensions, got {d}")));
    }
    let neighbours = Neighbours::new(gauge.lattice())?;
    with_colours!(gauge.group(), charge(gauge, &neighbours, parts))
}

/// Sites whose results are in memory at a time, and sites in each part of that work.
const TOGETHER: usize = 1 << 14;
const PART: usize = 1 << 7;

fn energy<const N: usize>(team: &Team, gauge: &Gauge, neighbours: &Neighbours, parts: usize) -> Result<Vec<f64>> {
    let (links, d) = (Links { numbers: gauge.links(), neighbours }, gauge.lattice().dimensions());
    let plane = |site: usize, (mu, nu): (usize, usize)| product(&strength::<N>(&links, site, (mu, nu)), None);
    let at =
        |site: usize| -> f64 { (1..d).flat_map(|nu| (0..nu).map(move |mu| (mu, nu))).map(|p| plane(site, p)).sum() };
    let (volume, inner) = (gauge.lattice().volume(), inner(gauge));
    let (mut sums, each) = (memory::filled("energies of parts", 0.0, parts)?, volume / parts);
    let mut numbers = memory::filled("energies of sites", 0.0, TOGETHER.min(volume))?;
    for first in (0..volume).step_by(TOGETHER) {
        progress::check()?;
        let numbers = &mut numbers[..TOGETHER.min(volume - first)];
        let shares = numbers.chunks_mut(PART).zip((first..).step_by(PART)).collect();
        team.share(shares, |(numbers, first): (&mut [f64], usize)| {
            let number = |site| if inner.contains(&site) { at(site) } else { 0.0 };
            numbers.iter_mut().zip(first..).for_each(|(to, site)| *to = number(site));
        });
        // In the order of the sites, so that the sum does not depend on the number of threads.
        numbers.iter().zip(first..).for_each(|(number, site)| sums[site / each] += number);
    }
    sums.iter_mut().for_each(|sum| *sum /= 2.0 * gauge.group().trace_norm() * each as f64);
    Ok(sums)
}

fn charge<const N: usize>(gauge: &Gauge, neighbours: &Neighbours, parts: usize) -> Result<Vec<f64>> {
    let links = Links { numbers: gauge.links(), neighbours };
    let at = |site: usize| {
        let pair = |one: (usize, usize), other: (usize, usize)| {
            product(&strength::<N>(&links, site, one), Some(&strength(&links, site, other)))
        };
        pair((0, 1), (2, 3)) - pair((0, 2), (1, 3)) + pair((0, 3), (1, 2))
    };
    // Each of the three pairs of planes stands for 8 terms of the sum with ε.
    let (mut sums, each) = (memory::filled("charges of parts", 0.0, parts)?, gauge.lattice().volume() / parts);
    for site in inner(gauge) {
        progress::check_at(site)?;
        sums[site / each] += at(site);
    }
    sums.iter_mut().for_each(|sum| *sum /= 4.0 * PI * PI);
    Ok(sums)
}

/// Re tr F† G, with G = F where it is not given.
fn product<const N: usize>(f: &Matrix<N>, g: Option<&Matrix<N>>) -> f64 {
    let g = g.unwrap_or(f);
    f.0.iter().flatten().zip(g.0.iter().flatten()).map(|(x, y)| x.re * y.re + x.im * y.im).sum()
}

/// F_μν.
fn strength<const N: usize>(links: &Links, site: usize, plane: (usize, usize)) -> Matrix<N> {
    leaves::<N>(links, site, plane).antihermitian().scale(0.25.into())
}

/// C_μν, the sum of the four plaquettes around a site, each of which begins there and turns from μ to ν.
pub(crate) fn leaves<const N: usize>(links: &Links, site: usize, (mu, nu): (usize, usize)) -> Matrix<N> {
    use Step::{Backward, Forward};
    let leaves = [
        [Forward(mu), Forward(nu), Backward(mu), Backward(nu)],
        [Forward(nu), Backward(mu), Backward(nu), Forward(mu)],
        [Backward(mu), Backward(nu), Forward(mu), Forward(nu)],
        [Backward(nu), Forward(mu), Forward(nu), Backward(mu)],
    ];
    leaves.iter().fold(Matrix::ZERO, |sum, leaf| sum + links.product(site, leaf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::{Complex64, Group, constant_flux};
    use crate::lattice::Lattice;

    /// diag(u, u*) in the first two colours.
    fn embedded<const N: usize>(gauge: &Gauge, group: Group) -> Gauge {
        let mut result = Gauge::unit(gauge.lattice(), group).unwrap();
        for (site, mu) in (0..gauge.lattice().volume()).flat_map(|site| (0..4).map(move |mu| (site, mu))) {
            let u: Complex64 = gauge.link::<1>(site, mu).0[0][0];
            let mut link = result.link::<N>(site, mu);
            (link.0[0][0], link.0[1][1]) = (u, u.conj());
            result.set_link(site, mu, &link);
        }
        result
    }

    #[test]
    fn charge_and_energy_of_constant_flux() {
        let lattice = Lattice::new(&[6, 6, 5, 7]).unwrap();
        for quanta in [[1, 1], [2, -1], [0, 3]] {
            let flux = constant_flux(&lattice, &quanta).unwrap();
            let sines = [quanta[0] as f64 / 36.0, quanta[1] as f64 / 35.0].map(|turns| (2.0 * PI * turns).sin());
            let charge = sines[0] * sines[1] * 1260.0 / (4.0 * PI * PI);
            let energy = (sines[0].powi(2) + sines[1].powi(2)) / 2.0;
            let su2 = embedded::<2>(&flux, Group::Su2);
            let su3 = embedded::<3>(&flux, Group::Su3);
            // Two colours carry the flux; tr F F counts both, and T_F = 1/2 doubles the energy once more.
            for (gauge, factor) in [(&flux, [1.0, 1.0]), (&su2, [2.0, 4.0]), (&su3, [2.0, 4.0])] {
                let got = [clover_charge(gauge).unwrap(), energy_density(gauge).unwrap()];
                assert!((got[0] - factor[0] * charge).abs() < 1e-12, "{quanta:?}: {got:?} {charge}");
                assert!((got[1] - factor[1] * energy).abs() < 1e-13, "{quanta:?}: {got:?} {energy}");
            }
            // Slices add up to the whole field, and are alike in a constant one.
            for (slices, whole) in [
                (clover_charge_slices(&su2).unwrap(), clover_charge(&su2).unwrap()),
                (energy_slices(&Team::default(), &su3).unwrap(), 7.0 * energy_density(&su3).unwrap()),
            ] {
                assert!(slices.len() == 7 && (slices.iter().sum::<f64>() - whole).abs() < 1e-12, "{slices:?} {whole}");
                assert!(slices.iter().all(|slice| (slice - whole / 7.0).abs() < 1e-12));
            }
            // A smooth field has nearly a whole charge.
            assert!((charge - (quanta[0] * quanta[1]) as f64).abs() < 0.2);
        }
        let flat = constant_flux(&Lattice::new(&[4, 4]).unwrap(), &[1]).unwrap();
        let message = "clover_charge: expected a lattice of 4 dimensions, got 2";
        assert_eq!(clover_charge(&flat).unwrap_err().to_string(), message);
    }
}
