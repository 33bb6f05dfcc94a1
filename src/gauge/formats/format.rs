//! Formats by name, and the types that readers and writers of all formats take and return.

use super::bytes::{Order, Width};
use super::claim::Claim;
use super::source::Source;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::Group;
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// ILDG with the records of SciDAC, in a LIME container.
    Ildg,
    /// SciDAC records as QIO writes them, in a LIME container.
    Scidac,
    /// NERSC archive: text header, two or three rows.
    Nersc,
    /// MILC version 5.
    Milc,
    /// openQCD export.
    OpenQcd,
    /// HiRep.
    HiRep,
    /// DDalphaAMG.
    DdAlphaAmg,
    /// HiRep's files of SU(2), four numbers a link.
    #[serde(rename = "hirep_quaternions")]
    HiRepQuaternions,
    /// MILC versions 1 to 4.
    #[serde(rename = "milc_old")]
    MilcOld,
}

/// The field that the head of a file describes.
pub(super) struct Header {
    /// None: the file is of any group.
    pub group: Option<Group>,
    /// None: the file is of any extents.
    pub extent: Option<Vec<usize>>,
    /// None: it follows from the length of the links.
    pub width: Option<Width>,
    /// Length of the links.
    pub bytes: u64,
}

/// The file that a reader is given, and the field that is wanted.
pub(super) struct Wanted<'a> {
    pub source: &'a Source,
    pub lattice: &'a Lattice,
    pub group: Group,
}

impl Wanted<'_> {
    /// Numbers in the wanted field, two for each complex one.
    pub fn reals(&self) -> usize {
        self.links() * self.group.reals()
    }

    /// Links in the wanted field.
    pub fn links(&self) -> usize {
        self.lattice.volume() * self.lattice.dimensions()
    }

    /// Refuses a field of another group or on another lattice.
    pub fn expect(&self, header: &Header) -> Result<()> {
        let (lattice, group) = (self.lattice, self.group);
        if let Some(got) = header.group.filter(|&got| got != group) {
            return Err(Error::BadShape(format!("group: expected {}, got {}", group.name(), got.name())));
        }
        let Some(got) = header.extent.as_deref().filter(|&got| got != lattice.extent()) else { return Ok(()) };
        let got: Vec<String> = got.iter().map(usize::to_string).collect();
        Err(Error::BadShape(format!("lattice: expected {}, got {}", lattice.shape(), got.join(" x "))))
    }
}

/// A field, and the claims of its file.
pub(super) type Read = (Gauge, Vec<Claim>);

/// A spec with all its choices made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Encoding {
    pub width: Width,
    pub order: Order,
    pub rows: usize,
}
