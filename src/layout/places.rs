//! Where each number of a field lies, from the base pointers on.

use super::fields::Fields;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;

/// The places of a field's numbers in the host's memory.
#[derive(Debug)]
pub(super) struct Places {
    pub lattice: Lattice,
    pub fields: Fields,
    /// Count of base pointers: one, or one for each direction.
    pub bases: usize,
    /// First number of each link, `[site][mu]`, or of each scalar, in numbers from its base.
    pub starts: Vec<usize>,
    /// Offsets of the numbers of a link from its first one.
    pub within: Vec<usize>,
}

impl Places {
    /// No places yet, with memory for all of them.
    pub fn none(lattice: &Lattice, fields: Fields) -> Result<Self> {
        let count = lattice.volume() * fields.directions(lattice);
        let starts = memory::reserved("places of a layout", count)?;
        Ok(Self { lattice: lattice.clone(), fields, bases: 1, starts, within: vec![] })
    }

    /// Links at a site: one for each direction; 1 for scalars.
    pub fn directions(&self) -> usize {
        self.fields.directions(&self.lattice)
    }

    /// Index of the base pointer of a direction.
    pub fn base(&self, mu: usize) -> usize {
        if self.bases == 1 { 0 } else { mu }
    }

    /// Count of numbers that the field takes from each base pointer on.
    pub fn span(&self) -> usize {
        self.starts.iter().max().unwrap_or(&0) + self.within.iter().max().unwrap_or(&0) + 1
    }

    /// Count of numbers in the whole field.
    pub fn numbers(&self) -> usize {
        self.starts.len() * self.within.len()
    }
}

/// Calls `visit` for all coordinates, x fastest.
pub(super) fn for_each_site(extent: &[usize], mut visit: impl FnMut(&[usize])) {
    let mut x = vec![0; extent.len()];
    for _ in 0..extent.iter().product() {
        visit(&x);
        for (x, length) in x.iter_mut().zip(extent) {
            *x += 1;
            if *x < *length {
                break;
            }
            *x = 0;
        }
    }
}
