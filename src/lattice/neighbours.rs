//! Tables of nearest neighbours.

use super::Lattice;
use crate::error::Result;
use crate::memory;

/// The sites x + μ and x − μ of every site x and direction μ.
#[derive(Clone, Debug)]
pub struct Neighbours {
    dimensions: usize,
    next: Vec<usize>,
    previous: Vec<usize>,
}

impl Neighbours {
    /// The tables of a lattice; an error where there is no memory for them.
    pub fn new(lattice: &Lattice) -> Result<Self> {
        let dimensions = lattice.dimensions();
        let count = lattice.volume() * dimensions;
        let table = |step: i64| {
            let mut table = memory::reserved("neighbours", count)?;
            let shifted = |site: usize| {
                let unit =
                    move |mu: usize| (0..dimensions).map(|nu| if nu == mu { step } else { 0 }).collect::<Vec<_>>();
                (0..dimensions).map(move |mu| lattice.shifted(site, &unit(mu)))
            };
            table.extend((0..lattice.volume()).flat_map(shifted));
            Ok(table)
        };
        Ok(Self { dimensions, next: table(1)?, previous: table(-1)? })
    }

    /// x + μ.
    #[inline]
    pub fn next(&self, site: usize, mu: usize) -> usize {
        self.next[site * self.dimensions + mu]
    }

    /// x − μ.
    #[inline]
    pub fn previous(&self, site: usize, mu: usize) -> usize {
        self.previous[site * self.dimensions + mu]
    }

    /// Number of dimensions d.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_shifts_by_one() {
        let lattice = Lattice::new(&[4, 3, 2]).unwrap();
        let neighbours = Neighbours::new(&lattice).unwrap();
        for site in 0..24 {
            assert_eq!(neighbours.next(site, 1), lattice.shifted(site, &[0, 1, 0]));
            assert_eq!(neighbours.previous(site, 2), lattice.shifted(site, &[0, 0, -1]));
            for mu in 0..3 {
                assert_eq!(neighbours.previous(neighbours.next(site, mu), mu), site);
            }
        }
    }
}
