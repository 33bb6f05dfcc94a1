//! Fourier transforms of real fields on a torus: conventions, and the order of the modes.
//!
//! A field x(n) on L_1 x .. x L_d sites has the transform
//!
//! ```text
//! X(p) = sum_n x(n) exp(-2 pi i sum_mu p_mu n_mu / L_mu),   p_mu = 0 .. L_mu - 1,
//! ```
//!
//! without a factor. As X(-p) is the conjugate of X(p), the *half spectrum* p_1 = 0 .. L_1 / 2 (rounded down) holds it
//! all; its M = (L_1 / 2 + 1) L_2 .. L_d modes lie in memory with p_1 fastest, as sites lie with n_1 fastest. A field of
//! C channels has a half spectrum of 2 C channels: the real parts of channel c are channel 2 c, the imaginary parts
//! channel 2 c + 1. The inverse is
//!
//! ```text
//! x(n) = 1/V sum_p m(p) Re[X(p) exp(2 pi i sum_mu p_mu n_mu / L_mu)],
//! ```
//!
//! with p in the half spectrum and multiplicity m(p) = 1 where p_1 = 0 or 2 p_1 = L_1, and 2 elsewhere. It is defined
//! for all numbers X(p), also where those of p and -p, both in the half spectrum, are not conjugate: they are then made
//! so. Parseval: sum_n x(n)^2 = 1/V sum_p m(p) |X(p)|^2.
//!
//! In derivatives each number of the half spectrum is a variable of its own. The transposed map of the transform is
//! therefore the inverse with all factors m(p) / V replaced by one, and the transposed map of the inverse is the
//! transform times m(p) / V.

use crate::error::{Error, Result};
use crate::lattice::coordinates;

/// Most dimensions of a transform.
const MOST_DIMENSIONS: usize = 4;

/// The torus on which fields are transformed: 1 to 4 extents whose only prime factors are 2, 3 and 5.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fourier {
    extents: Vec<usize>,
}

/// A map between fields and half spectra.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// Fields to half spectra.
    Forward,
    /// Half spectra to fields.
    Backward,
}

/// Factor of each mode, after a transform forward and before one backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Factor {
    /// One: the transform, and its transposed map.
    One,
    /// m(p) / V: the inverse, and its transposed map.
    Inverse,
}

impl Fourier {
    /// Transforms on a torus with these extents, x first.
    pub fn new(extents: &[usize]) -> Result<Self> {
        if extents.is_empty() || extents.len() > MOST_DIMENSIONS {
            let got = extents.len();
            return Err(Error::BadShape(format!("fourier: expected 1 to {MOST_DIMENSIONS} dimensions, got {got}")));
        }
        for (mu, &length) in extents.iter().enumerate() {
            if !is_smooth(length) {
                let wanted = "a product of factors 2, 3 and 5";
                return Err(Error::BadShape(format!("fourier: extent[{mu}]: expected {wanted}, got {length}")));
            }
        }
        let volume = extents.iter().try_fold(1usize, |volume, &length| volume.checked_mul(length));
        volume.filter(|&volume| volume < u32::MAX as usize / 4).ok_or_else(|| {
            Error::BadShape(format!("fourier: expected at most {} sites, got {extents:?}", u32::MAX / 4))
        })?;
        Ok(Self { extents: extents.to_vec() })
    }

    /// Extents, x first.
    pub fn extents(&self) -> &[usize] {
        &self.extents
    }

    /// Number of sites V.
    pub fn volume(&self) -> usize {
        self.extents.iter().product()
    }

    /// Number of modes of the half spectrum M.
    pub fn modes(&self) -> usize {
        self.half().iter().product()
    }

    /// Momentum p of a mode, in units of 2 pi / L_mu.
    pub fn momentum(&self, mode: usize) -> Vec<usize> {
        coordinates(mode, &self.half())
    }

    /// Multiplicity m(p) of a mode: how many of p and -p have this p_1 or its negative, with one number for both.
    pub fn multiplicity(&self, mode: usize) -> usize {
        let p = mode % self.half()[0];
        if p == 0 || 2 * p == self.extents[0] { 1 } else { 2 }
    }

    /// Extents of the half spectrum.
    fn half(&self) -> Vec<usize> {
        let mut half = self.extents.clone();
        half[0] = half[0] / 2 + 1;
        half
    }

    /// Factors of the modes with multiplicity one, and of those with two; None where both are one.
    pub(super) fn factors(&self, factor: Factor) -> Option<[f64; 2]> {
        let inverse = 1.0 / self.volume() as f64;
        (factor == Factor::Inverse).then_some([inverse, 2.0 * inverse])
    }
}

fn is_smooth(length: usize) -> bool {
    let without = |mut length: usize, factor| {
        while length.is_multiple_of(factor) {
            length /= factor;
        }
        length
    };
    length > 0 && [2, 3, 5].into_iter().fold(length, without) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_counted_with_their_mirrors() {
        for extents in [&[1][..], &[2], &[5], &[6], &[4, 6], &[3, 2, 5], &[1, 8], &[8, 12, 5], &[2, 2, 3, 4]] {
            let fourier = Fourier::new(extents).unwrap();
            let count: usize = (0..fourier.modes()).map(|mode| fourier.multiplicity(mode)).sum();
            assert_eq!(count, fourier.volume(), "{extents:?}");
        }
        assert_eq!(Fourier::new(&[6, 4]).unwrap().momentum(4 + 3), [3, 1]);
    }

    #[test]
    fn other_extents_are_refused() {
        let message = |extents: &[usize]| Fourier::new(extents).unwrap_err().to_string();
        assert_eq!(message(&[4, 14]), "fourier: extent[1]: expected a product of factors 2, 3 and 5, got 14");
        assert_eq!(message(&[0]), "fourier: extent[0]: expected a product of factors 2, 3 and 5, got 0");
        assert_eq!(message(&[2; 5]), "fourier: expected 1 to 4 dimensions, got 5");
        assert!(message(&[1 << 30, 1 << 30]).starts_with("fourier: expected at most"));
        assert!(message(&[1 << 40, 1 << 40]).starts_with("fourier: expected at most"));
    }
}
