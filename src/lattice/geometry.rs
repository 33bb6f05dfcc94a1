//! A periodic hypercubic lattice Λ of 1 to 4 dimensions.
//!
//! Sites are numbered with x fastest: site = x + Lx (y + Ly (z + Lz t)); this is `phi[t][z][y][x]` in C and
//! `phi(x,y,z,t)` in Fortran.

use crate::error::{Error, Result};

/// Extents of a periodic lattice, x first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lattice {
    extent: Vec<usize>,
    volume: usize,
}

/// Most dimensions of a lattice.
const MOST_DIMENSIONS: usize = 4;
/// Largest volume: beyond it a field of doubles takes more than 8 TiB.
const LARGEST_VOLUME: usize = 1 << 40;

impl Lattice {
    /// A lattice with the given extents, 1 to 4 of them, each at least 2.
    pub fn new(extent: &[usize]) -> Result<Self> {
        if extent.is_empty() || extent.len() > MOST_DIMENSIONS {
            return Err(Error::BadShape(format!(
                "lattice: expected 1 to {MOST_DIMENSIONS} dimensions, got {}",
                extent.len()
            )));
        }
        let mut volume = 1usize;
        for (mu, &length) in extent.iter().enumerate() {
            if length < 2 {
                return Err(Error::BadShape(format!("extent[{mu}]: expected at least 2 sites, got {length}")));
            }
            volume = volume.checked_mul(length).filter(|&v| v <= LARGEST_VOLUME).ok_or_else(|| {
                Error::BadShape(format!("extent: expected at most {LARGEST_VOLUME} sites in all, got {extent:?}"))
            })?;
        }
        Ok(Self { extent: extent.to_vec(), volume })
    }

    /// Number of dimensions d.
    pub fn dimensions(&self) -> usize {
        self.extent.len()
    }

    /// Extents, x first.
    pub fn extent(&self) -> &[usize] {
        &self.extent
    }

    /// Number of sites V.
    pub fn volume(&self) -> usize {
        self.volume
    }

    /// Coordinates of a site, x first.
    pub fn coordinates(&self, site: usize) -> Vec<usize> {
        coordinates(site, &self.extent)
    }

    /// Site at coordinates taken modulo the extents.
    pub fn site(&self, coordinates: &[i64]) -> usize {
        let wrapped = |(x, &length): (&i64, &usize)| x.rem_euclid(length as i64) as usize;
        let axes = coordinates.iter().zip(&self.extent).map(wrapped).zip(&self.extent);
        axes.rev().fold(0, |site, (x, &length)| site * length + x)
    }

    /// Site at x + displacement.
    pub fn shifted(&self, site: usize, displacement: &[i64]) -> usize {
        let mut x: Vec<i64> = self.coordinates(site).iter().map(|&x| x as i64).collect();
        for (x, d) in x.iter_mut().zip(displacement) {
            *x += d;
        }
        self.site(&x)
    }

    /// The coordinate of a site along one direction.
    pub fn coordinate(&self, site: usize, mu: usize) -> usize {
        site / self.stride(mu) % self.extent[mu]
    }

    /// The next site along a direction.
    pub fn next(&self, site: usize, mu: usize) -> usize {
        let (stride, length) = (self.stride(mu), self.extent[mu]);
        let is_last = site / stride % length == length - 1;
        if is_last { site - stride * (length - 1) } else { site + stride }
    }

    /// Difference of the site numbers of neighbours along a direction.
    fn stride(&self, mu: usize) -> usize {
        self.extent[..mu].iter().product()
    }

    /// Parity of a site: 0 where the sum of the coordinates is even, 1 where it is odd.
    pub fn parity(&self, site: usize) -> usize {
        self.coordinates(site).iter().sum::<usize>() % 2
    }

    /// True where neighbours always have opposite parity: all extents are even.
    pub fn is_bipartite(&self) -> bool {
        self.extent.iter().all(|length| length % 2 == 0)
    }

    /// The extents as text: `8 x 8`.
    pub fn shape(&self) -> String {
        let lengths: Vec<String> = self.extent.iter().map(usize::to_string).collect();
        lengths.join(" x ")
    }
}

/// Coordinates of an index in a box, x fastest.
pub(crate) fn coordinates(index: usize, extent: &[usize]) -> Vec<usize> {
    let mut rest = index;
    let mut next = |length: &usize| (rest % length, rest /= length).0;
    extent.iter().map(&mut next).collect()
}

/// The index of coordinates in a box.
pub(crate) fn index(x: &[usize], extent: &[usize]) -> usize {
    x.iter().zip(extent).rev().fold(0, |i, (x, n)| i * n + x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_runs_fastest_and_sites_wrap() {
        let lattice = Lattice::new(&[4, 3, 2]).unwrap();
        assert_eq!(lattice.volume(), 24);
        assert_eq!(lattice.coordinates(4 + 12), [0, 1, 1]);
        assert_eq!(lattice.site(&[-1, 1, 0]), 7);
        for site in 0..24 {
            let x: Vec<i64> = lattice.coordinates(site).iter().map(|&x| x as i64).collect();
            assert_eq!(lattice.site(&x), site);
            assert_eq!(lattice.shifted(lattice.shifted(site, &[5, -4, 3]), &[-5, 4, -3]), site);
            for (mu, &x) in x.iter().enumerate() {
                let unit: Vec<i64> = (0..3).map(|nu| i64::from(nu == mu)).collect();
                assert_eq!(lattice.coordinate(site, mu) as i64, x);
                assert_eq!(lattice.next(site, mu), lattice.shifted(site, &unit));
            }
        }
    }

    #[test]
    fn bad_extents_are_named() {
        let message = |extent: &[usize]| Lattice::new(extent).unwrap_err().to_string();
        assert_eq!(message(&[]), "lattice: expected 1 to 4 dimensions, got 0");
        assert_eq!(message(&[8, 1]), "extent[1]: expected at least 2 sites, got 1");
        assert!(message(&[1 << 30, 1 << 30]).starts_with("extent: expected at most"));
        assert!(message(&[usize::MAX, usize::MAX]).starts_with("extent: expected at most"));
    }
}
