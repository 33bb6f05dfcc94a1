//! Kernels on a torus that are constant on orbits of its point group: reflections of each axis, and exchanges of axes of equal extents.
//!
//! A kernel W(r) = w_o for all displacements r in orbit o has real Fourier coefficients W(p) = sum_o w_o sum_{r in o} prod_μ cos(2π p_μ r_μ / L_μ).

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::Fourier;
use std::collections::BTreeMap;

/// Orbits of displacements; the first holds r = 0 alone.
#[derive(Clone, Debug)]
pub struct Orbits {
    /// Displacement that stands for each orbit: 0 ≤ r_μ ≤ L_μ / 2, in order among axes of equal extents.
    of: Vec<Vec<usize>>,
    /// Coefficients `[orbit][mode]` of the half spectrum.
    cosines: Vec<f64>,
}

/// Most coefficients of a lattice.
const MOST: usize = 1 << 23;

impl Orbits {
    /// Orbits on a lattice, and their Fourier coefficients.
    pub fn new(lattice: &Lattice, fourier: &Fourier) -> Result<Self> {
        let mut members: BTreeMap<Vec<usize>, Vec<Vec<usize>>> = BTreeMap::new();
        for site in 0..lattice.volume() {
            let r = lattice.coordinates(site);
            members.entry(standing(&r, lattice.extent())).or_default().push(r);
        }
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
        Ok(Self { of: members.into_keys().collect(), cosines: table })
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
