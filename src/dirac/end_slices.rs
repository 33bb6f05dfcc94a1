//! Spinors that vanish on the first and the last slice of the last direction, as quark fields with open boundary conditions do:
//!
//! ```text
//! D' = P (D + (c_F − 1) B) P + (1 − P) (1 + i t g_5)
//! ```
//!
//! P the projection on the slices between, B that on the first and the last of them, t the twisted mass. On the two slices
//! left out D' is not 0 but 1, so that it has an inverse: fields that vanish there do so after D' and its inverse, and log det
//! has nothing of these slices. M. Lüscher and S. Schaefer, Comput. Phys. Commun. 184, 519 (2013), arXiv:1206.2809; with c_F
//! from the improvement of the Schrödinger functional, M. Lüscher, S. Sint, R. Sommer and P. Weisz, Nucl. Phys. B 478, 365
//! (1996), hep-lat/9605038.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::spec;

/// The slices left out, and the factor c_F.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndSlices {
    /// Sites of a slice, and of the lattice.
    slice: usize,
    volume: usize,
    /// The last direction.
    last: usize,
    /// c_F.
    c_f: f64,
}

impl EndSlices {
    /// The end slices of a lattice with at least two slices between them.
    pub fn new(lattice: &Lattice, c_f: f64) -> Result<Self> {
        spec::expect_finite("c_f", c_f)?;
        let (last, volume) = (lattice.dimensions() - 1, lattice.volume());
        match lattice.extent()[last] {
            length if length < 4 => Err(Error::BadShape(format!(
                "extent[{last}]: expected at least 4 slices with c_f, the first and the last of which have no spinors, got \
                 {length}"
            ))),
            length => Ok(Self { slice: volume / length, volume, last, c_f }),
        }
    }

    /// True where spinors vanish.
    pub fn is_end(&self, site: usize) -> bool {
        site < self.slice || site >= self.volume - self.slice
    }

    /// True where nothing hops along a link: one end of it is on such a slice.
    pub fn is_cut(&self, site: usize, mu: usize) -> bool {
        self.is_end(site) || (mu == self.last && site >= self.volume - 2 * self.slice)
    }

    /// The site-diagonal number of D' in the place of one of D.
    pub fn diagonal(&self, site: usize, number: f64) -> f64 {
        let is_next = site < 2 * self.slice || site >= self.volume - 2 * self.slice;
        if self.is_end(site) {
            1.0
        } else if is_next {
            number + self.c_f - 1.0
        } else {
            number
        }
    }
}
