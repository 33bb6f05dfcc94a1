//! Kernels on a torus that are constant on orbits of its point group: reflections of each axis, and exchanges of axes of equal
//! extents.
//!
//! A kernel W(r) = w_o for all displacements r in orbit o has real Fourier coefficients
//!
//! ```text
//! W(p) = sum_o w_o sum_{r in o} prod_μ cos(2π p_μ r_μ / L_μ)
//! ```
//!
//! Kernels are carried from one lattice to another as functions of r on the infinite lattice, -L/2 ≤ r ≤ L/2, half of w at each
//! of -L/2 and L/2 where L is even. A larger lattice has zeros elsewhere, a smaller one the sum over all images. Displacements of one
//! orbit get the mean.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::Fourier;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Orbits of displacements; the first holds r = 0 alone.
#[derive(Clone, Debug)]
pub struct Orbits {
    /// Displacement that stands for each orbit: 0 ≤ r_μ ≤ L_μ / 2, in order among axes of equal extents.
    of: Vec<Vec<usize>>,
    extent: Vec<usize>,
    /// Coefficients `[orbit][mode]` of the half spectrum.
    cosines: Vec<f64>,
}

/// Most coefficients of a lattice.
const MOST: usize = 1 << 23;

impl Orbits {
    /// Orbits on a lattice, and their Fourier coefficients.
    pub fn new(lattice: &Lattice, fourier: &Fourier) -> Result<Self> {
        let members = members(lattice);
        let count = members.len() * fourier.modes();
        if count > MOST {
            return Err(Error::BadShape(format!(
                "lattice: expected at most {MOST} orbits times modes for kernels of a continuous flow, got {count}"
            )));
        }
        let waves: Vec<Vec<f64>> = lattice.extent().iter().map(|&length| cosines(length)).collect();
        let mut table = memory::reserved("Fourier coefficients of orbits", count)?;
        for members in members.values() {
            for mode in 0..fourier.modes() {
                let p = fourier.momentum(mode);
                let factor = |r: &[usize], mu: usize| waves[mu][p[mu] * r[mu] % lattice.extent()[mu]];
                let product = |r: &Vec<usize>| (0..p.len()).map(|mu| factor(r, mu)).product::<f64>();
                table.push(members.iter().map(product).sum());
            }
        }
        Ok(Self { of: members.into_keys().collect(), extent: lattice.extent().to_vec(), cosines: table })
    }

    /// What kernels on another lattice become: orbit here, orbit there, and the weight with which the one has the other's w.
    pub fn carry(&self, from: &Lattice) -> Result<Vec<(usize, usize, f64)>> {
        let numbers: BTreeMap<&[usize], usize> = self.of.iter().enumerate().map(|(i, r)| (&r[..], i)).collect();
        // Numbers of displacements in each orbit, over which its w is a mean.
        let sizes: Vec<usize> = members(&Lattice::new(&self.extent)?).into_values().map(|r| r.len()).collect();
        let mut carry = BTreeMap::new();
        for (of, members) in members(from).values().enumerate() {
            for r in members {
                for (image, weight) in images(r, from.extent()) {
                    let here: Vec<usize> = image
                        .iter()
                        .zip(&self.extent)
                        .map(|(&x, &length)| x.rem_euclid(length as i64) as usize)
                        .collect();
                    let to = numbers[&standing(&here, &self.extent)[..]];
                    *carry.entry((to, of)).or_insert(0.0) += weight / sizes[to] as f64;
                }
            }
        }
        Ok(carry.into_iter().map(|((to, of), weight)| (to, of, weight)).collect())
    }

    /// Number of orbits.
    pub fn count(&self) -> usize {
        self.of.len()
    }

    /// Coefficients `[orbit][mode]`.
    pub fn cosines(&self) -> &[f64] {
        &self.cosines
    }
}

/// The displacements of each orbit, by the one that stands for it.
fn members(lattice: &Lattice) -> BTreeMap<Vec<usize>, Vec<Vec<usize>>> {
    let mut members: BTreeMap<Vec<usize>, Vec<Vec<usize>>> = BTreeMap::new();
    for site in 0..lattice.volume() {
        let r = lattice.coordinates(site);
        members.entry(standing(&r, lattice.extent())).or_default().push(r);
    }
    members
}

/// The displacements of the infinite lattice that r on a torus stands for, nearest to 0, with their shares.
fn images(r: &[usize], extent: &[usize]) -> Vec<(Vec<i64>, f64)> {
    let mut images = vec![(vec![], 1.0)];
    for (&x, &length) in r.iter().zip(extent) {
        let (x, length) = (x as i64, length as i64);
        let choices = match (2 * x).cmp(&length) {
            Ordering::Less => vec![(x, 1.0)],
            Ordering::Equal => vec![(x, 0.5), (-x, 0.5)],
            Ordering::Greater => vec![(x - length, 1.0)],
        };
        let with = |(begun, share): (Vec<i64>, f64)| {
            choices.iter().map(move |&(x, part)| ([&begun[..], &[x]].concat(), share * part)).collect::<Vec<_>>()
        };
        images = images.into_iter().flat_map(with).collect();
    }
    images
}

/// The displacement that stands for the orbit of r.
pub fn standing(r: &[usize], extent: &[usize]) -> Vec<usize> {
    let mut folded: Vec<usize> = r.iter().zip(extent).map(|(&r, &length)| r.min(length - r)).collect();
    for i in 0..folded.len() {
        for j in i + 1..folded.len() {
            if extent[i] == extent[j] && folded[i] > folded[j] {
                folded.swap(i, j);
            }
        }
    }
    folded
}

/// cos(2π n / L) for n = 0 .. L − 1.
fn cosines(length: usize) -> Vec<f64> {
    (0..length).map(|n| (2.0 * std::f64::consts::PI * n as f64 / length as f64).cos()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orbits_of_the_square_and_of_the_rectangle() {
        let orbits =
            |extent: &[usize]| Orbits::new(&Lattice::new(extent).unwrap(), &Fourier::new(extent).unwrap()).unwrap().of;
        // r = (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2) on 4^2 and on 5^2.
        assert_eq!(orbits(&[4, 4]).len(), 6);
        assert_eq!(orbits(&[5, 5]).len(), 6);
        assert_eq!(orbits(&[4, 5]).len(), 9);
        assert_eq!(orbits(&[4, 4, 4, 4])[0], [0, 0, 0, 0]);
    }

    /// Extents of 2, odd and even ones, larger and smaller: kernels keep their sum, as a function of r where there is room.
    #[test]
    fn kernels_are_padded_or_wound_around() {
        let all = |extent: &[usize]| {
            let lattice = Lattice::new(extent).unwrap();
            (Orbits::new(&lattice, &Fourier::new(extent).unwrap()).unwrap(), members(&lattice), lattice)
        };
        for (from, to) in [
            (&[4, 6][..], &[8, 12][..]),
            (&[5, 5], &[6, 6]),
            (&[6, 6], &[5, 5]),
            (&[6, 6], &[6, 12]),
            (&[6, 12], &[12, 12]),
            (&[12, 8], &[3, 2]),
            (&[4, 4, 2], &[6, 6, 3]),
        ] {
            let ((_, there, lattice), (orbits, here, _)) = (all(from), all(to));
            let w: Vec<f64> = (0..there.len()).map(|i| (1.0 + i as f64).sin()).collect();
            let mut carried = vec![0.0; orbits.count()];
            orbits.carry(&lattice).unwrap().iter().for_each(|&(i, of, weight)| carried[i] += weight * w[of]);
            let sum = |w: &[f64], of: &BTreeMap<Vec<usize>, Vec<Vec<usize>>>| -> f64 {
                w.iter().zip(of.values()).map(|(w, r)| w * r.len() as f64).sum()
            };
            assert!((sum(&w, &there) - sum(&carried, &here)).abs() < 1e-12, "{from:?} {to:?}");
            let is_larger = from.iter().zip(to).all(|(a, b)| a < b);
            for (r, new) in here.keys().zip(&carried).filter(|_| is_larger) {
                let inside = r.iter().zip(from).all(|(&r, &length)| 2 * r <= length);
                let halves = r.iter().zip(from).filter(|&(&r, &length)| 2 * r == length).count() as i32;
                let old = there.keys().position(|s| s == &standing(r, from)).map_or(0.0, |of| w[of]);
                let expected = if inside { old * 0.5f64.powi(halves) } else { 0.0 };
                assert!((new - expected).abs() < 1e-14, "{from:?} {to:?} {r:?}: {new} {expected}");
            }
        }
    }

    #[test]
    fn coefficients_sum_up_to_a_point() {
        let (extent, volume) = ([4, 6], 24.0);
        let fourier = Fourier::new(&extent).unwrap();
        let orbits = Orbits::new(&Lattice::new(&extent).unwrap(), &fourier).unwrap();
        for (o, row) in orbits.cosines().chunks(fourier.modes()).enumerate() {
            // sum_p W(p) = V w(0): one for the orbit of r = 0 and zero for all others.
            let sum: f64 = row.iter().enumerate().map(|(mode, w)| w * fourier.multiplicity(mode) as f64).sum();
            assert!((sum / volume - f64::from(o == 0)).abs() < 1e-14, "orbit {o}: {sum}");
        }
    }
}
