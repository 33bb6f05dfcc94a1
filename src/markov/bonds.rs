//! The bonds of a local polynomial action: the terms − h φ_x φ_y of its hopping, site by site.
//!
//! The hopping term − h_r Σ_x φ_x φ_{x+r} gives each site two bonds of strength h_r, one to x + r and one to x − r. Where both
//! are the same site, the two bonds are parallel. A term that leads from each site to itself is no bond, but − h φ_x².

use crate::action::Hop;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;

/// The bonds of all sites.
pub(super) struct Bonds {
    /// Strength of each bond of a site, the same on all sites.
    strengths: Vec<f64>,
    /// Other end of each bond: `[site][bond]`.
    ends: Vec<usize>,
    /// Sum of the strengths of hopping terms from each site to itself.
    to_itself: f64,
}

impl Bonds {
    /// The bonds of hopping terms whose displacements lie within the extents.
    pub fn new(lattice: &Lattice, hops: &[Hop]) -> Result<Self> {
        let is_zero = |hop: &&Hop| hop.displacement.iter().all(|&r| r == 0);
        let (own, others): (Vec<&Hop>, Vec<&Hop>) = hops.iter().filter(|hop| hop.strength != 0.0).partition(is_zero);
        let opposite = |hop: &Hop| hop.displacement.iter().map(|r| -r).collect::<Vec<_>>();
        let bonds: Vec<(f64, Vec<i64>)> = others
            .into_iter()
            .flat_map(|hop| [(hop.strength, hop.displacement.clone()), (hop.strength, opposite(hop))])
            .collect();
        let (volume, row) = (lattice.volume(), lattice.extent()[0]);
        let mut ends = memory::filled("bonds", 0, bonds.len() * volume)?;
        for (bond, (_, displacement)) in bonds.iter().enumerate() {
            // Sites of a row along x are shifted to one row.
            for start in (0..volume).step_by(row) {
                let shifted = lattice.shifted(start, displacement);
                let along = shifted % row;
                for x in 0..row {
                    ends[(start + x) * bonds.len() + bond] = shifted - along + (along + x) % row;
                }
            }
        }
        let strengths = bonds.into_iter().map(|(strength, _)| strength).collect();
        Ok(Self { strengths, ends, to_itself: own.iter().map(|hop| hop.strength).sum() })
    }

    /// Strength h and other end of each bond of a site.
    #[inline]
    pub fn of(&self, site: usize) -> impl Iterator<Item = (f64, usize)> {
        let count = self.strengths.len();
        self.strengths.iter().copied().zip(self.ends[site * count..][..count].iter().copied())
    }

    /// Σ |h| over the bonds of a site.
    pub fn reach(&self) -> f64 {
        self.strengths.iter().map(|strength| strength.abs()).sum()
    }

    /// The coefficient h of a term − h φ_x² that hopping from each site to itself is.
    pub fn to_itself(&self) -> f64 {
        self.to_itself
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bonds_are_the_shifts_in_both_directions() {
        let lattice = Lattice::new(&[4, 3, 2]).unwrap();
        let hop = |r: [i64; 3], strength: f64| Hop { displacement: r.to_vec(), strength };
        let hops = [hop([1, 0, 0], 2.0), hop([0, 0, 0], 0.25), hop([3, 2, 1], -0.5), hop([0, 1, 0], 0.0)];
        let bonds = Bonds::new(&lattice, &hops).unwrap();
        for site in 0..24 {
            let at = |r: [i64; 3]| lattice.shifted(site, &r);
            let expected = [(2.0, at([1, 0, 0])), (2.0, at([-1, 0, 0])), (-0.5, at([3, 2, 1])), (-0.5, at([1, 1, 1]))];
            assert!(bonds.of(site).eq(expected));
        }
        assert_eq!((bonds.reach(), bonds.to_itself()), (5.0, 0.25));
        let none = Bonds::new(&lattice, &[hop([0, 0, 0], 1.0)]).unwrap();
        assert_eq!(none.of(23).count(), 0);
    }
}
