//! A periodic hypercubic lattice Λ of 1 to 4 dimensions.
//!
//! Sites are numbered with x fastest: site = x + Lx (y + Ly (z + Lz t)); this is `phi[t][z][y][x]` in C and
//! `phi(x,y,z,t)` in Fortran.

use crate::error::{Error, Result};
use crate::memory;

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

    /// The site that a random word of 64 bits chooses.
    pub fn random_site(&self, word: u64) -> usize {
        ((u128::from(word) * self.volume as u128) >> 64) as usize
    }

    /// A field, as many numbers on each site, shifted by the coordinates of a site: the numbers of x go to x + by, or to
    /// x − by where it is `back`.
    pub fn shifted_field(&self, field: &[f64], by: usize, back: bool) -> Result<Vec<f64>> {
        let (numbers, length) = (field.len() / self.volume, self.extent[0]);
        let along = |x: usize, length: usize| if back { (length - x) % length } else { x };
        let by: Vec<usize> = self.coordinates(by).into_iter().zip(&self.extent).map(|(x, &n)| along(x, n)).collect();
        let mut result = memory::filled("shifted field", 0.0, field.len())?;
        // Rows along x move as a whole, in two pieces.
        for (row, from) in field.chunks_exact(length * numbers).enumerate() {
            let mut x: Vec<i64> =
                self.coordinates(row * length).iter().zip(&by).map(|(&x, &by)| (x + by) as i64).collect();
            x[0] = 0;
            let to = &mut result[self.site(&x) * numbers..][..length * numbers];
            let (head, tail) = from.split_at((length - by[0]) * numbers);
            to[..tail.len()].copy_from_slice(tail);
            to[tail.len()..].copy_from_slice(head);
        }
        Ok(result)
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
    fn fields_are_shifted_site_by_site_and_back() {
        let lattice = Lattice::new(&[4, 3, 2]).unwrap();
        let field: Vec<f64> = (0..48).map(f64::from).collect();
        for by in 0..24 {
            let x: Vec<i64> = lattice.coordinates(by).iter().map(|&x| x as i64).collect();
            let shifted = lattice.shifted_field(&field, by, false).unwrap();
            assert!((0..24).all(|site| shifted[2 * lattice.shifted(site, &x) + 1] == field[2 * site + 1]));
            assert_eq!(lattice.shifted_field(&shifted, by, true).unwrap(), field);
        }
        assert_eq!((lattice.random_site(0), lattice.random_site(u64::MAX)), (0, 23));
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
