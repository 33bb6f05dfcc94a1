//! Where fields live: a lattice and the kind of field on it.

use super::Space;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};

/// A lattice with the kind of field on it. Models, proposals, kernels, losses and files speak of domains, never of a
/// number of sites.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// The lattice.
    pub lattice: Lattice,
    /// The kind of field.
    pub space: Space,
}

impl Domain {
    /// Fields of one real number on each site.
    pub fn scalars(lattice: &Lattice) -> Self {
        Self { lattice: lattice.clone(), space: Space::Scalars }
    }

    /// Real numbers in a field.
    pub fn count(&self) -> usize {
        self.space.count(&self.lattice)
    }

    /// An error, which begins with the name `what`, where `other` is another lattice or another kind of field.
    pub fn expect(&self, what: &str, other: &Self) -> Result<()> {
        if other.lattice != self.lattice {
            let (expected, got) = (self.lattice.shape(), other.lattice.shape());
            return Err(Error::BadShape(format!("{what}: expected a lattice of {expected}, got {got}")));
        }
        self.space.expect(what, other.space)
    }
}

/// A domain in the header of a file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SavedDomain {
    /// Extents of the lattice, x first.
    pub extent: Vec<usize>,
    /// The kind of field: `scalars`, `angles on sites`, or `links of SU(3)`.
    pub space: String,
}

impl SavedDomain {
    /// The header's entry for a domain.
    pub fn of(domain: &Domain) -> Self {
        Self { extent: domain.lattice.extent().to_vec(), space: domain.space.name().into() }
    }

    /// An error where the file is for another lattice.
    pub fn expect_lattice(&self, lattice: &Lattice) -> Result<()> {
        let (expected, got) = (lattice.extent(), &self.extent);
        if expected != got {
            return Err(Error::BadShape(format!("lattice: expected {expected:?}, got {got:?}")));
        }
        Ok(())
    }

    /// An error where the file is for another domain.
    pub fn expect(&self, domain: &Domain) -> Result<()> {
        self.expect_lattice(&domain.lattice)?;
        if self.space != domain.space.name() {
            let (expected, got) = (domain.space.name(), &self.space);
            return Err(Error::BadShape(format!("fields: expected {expected}, got {got}")));
        }
        Ok(())
    }
}
