//! Files of gauge fields: each format is one file with a reader and a writer, and one row of [`TABLE`].
//!
//! A file's format is found by its content. A reader checks the sizes that a file claims against its own size and
//! against the lattice before it takes memory, which is then that of the field alone. What a file claims of its
//! contents, checksums, plaquettes and traces, is compared with the numbers read. Writers replace a file only once the
//! new one is complete; equal fields make equal files.

mod bytes;
mod claim;
mod ddalphaamg;
mod hirep;
mod ildg;
mod lime;
mod milc;
mod nersc;
mod openqcd;
mod placed;
mod read;
mod site_checksum;
#[cfg(test)]
mod tests;
mod write;

pub use bytes::{Order, Width};
pub use claim::{Claim, LARGEST_DEVIATION, expect_group};
pub use read::{ReadSpec, read};
pub use site_checksum::SiteChecksum;
pub use write::{WriteSpec, write};

use super::field::Gauge;
use super::group::Group;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use read::{Read, Wanted};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use write::Encoding;

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
}

/// What a format can hold, and how it is read and written; the first of several ways of writing is the usual one.
struct Row {
    format: Format,
    name: &'static str,
    groups: &'static [Group],
    dimensions: RangeInclusive<usize>,
    precisions: &'static [Width],
    orders: &'static [Order],
    /// Whether the last row may be left out, for the reader to make again.
    omits_rows: bool,
    is_one: fn(&[u8]) -> bool,
    read: fn(&Wanted) -> Result<Read>,
    write: fn(&Gauge, &Encoding) -> Result<Vec<u8>>,
}

const ALL: &[Group] = &[Group::U1, Group::Su2, Group::Su3];
const BIG: &[Order] = &[Order::Big];
const LITTLE: &[Order] = &[Order::Little];
const DOUBLE: &[Width] = &[Width::Double];
const BOTH: &[Width] = &[Width::Double, Width::Single];

static TABLE: [Row; 7] = [
    Row {
        format: Format::Ildg,
        name: "ildg",
        groups: ALL,
        dimensions: 4..=4,
        precisions: BOTH,
        orders: BIG,
        omits_rows: false,
        is_one: ildg::is_one,
        read: ildg::read,
        write: ildg::write,
    },
    Row {
        format: Format::Scidac,
        name: "scidac",
        groups: ALL,
        dimensions: 1..=4,
        precisions: BOTH,
        orders: BIG,
        omits_rows: false,
        is_one: ildg::is_scidac,
        read: ildg::read,
        write: ildg::write_scidac,
    },
    Row {
        format: Format::Nersc,
        name: "nersc",
        groups: &[Group::Su3],
        dimensions: 4..=4,
        precisions: BOTH,
        orders: &[Order::Big, Order::Little],
        omits_rows: true,
        is_one: nersc::is_one,
        read: nersc::read,
        write: nersc::write,
    },
    Row {
        format: Format::Milc,
        name: "milc",
        groups: &[Group::Su3],
        dimensions: 4..=4,
        precisions: &[Width::Single],
        orders: &[Order::Little, Order::Big],
        omits_rows: false,
        is_one: milc::is_one,
        read: milc::read,
        write: milc::write,
    },
    Row {
        format: Format::OpenQcd,
        name: "openqcd",
        groups: &[Group::Su3],
        dimensions: 4..=4,
        precisions: DOUBLE,
        orders: LITTLE,
        omits_rows: false,
        is_one: openqcd::is_one,
        read: openqcd::read,
        write: openqcd::write,
    },
    Row {
        format: Format::HiRep,
        name: "hirep",
        groups: &[Group::Su2, Group::Su3],
        dimensions: 4..=4,
        precisions: DOUBLE,
        orders: BIG,
        omits_rows: false,
        is_one: hirep::is_one,
        read: hirep::read,
        write: hirep::write,
    },
    Row {
        format: Format::DdAlphaAmg,
        name: "ddalphaamg",
        groups: &[Group::Su3],
        dimensions: 4..=4,
        precisions: DOUBLE,
        orders: LITTLE,
        omits_rows: false,
        is_one: ddalphaamg::is_one,
        read: ddalphaamg::read,
        write: ddalphaamg::write,
    },
];

impl Format {
    /// The name in specs.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl Row {
    /// Refuses groups and dimensions that the format cannot hold.
    fn expect_field(&self, lattice: &Lattice, group: Group) -> Result<()> {
        let got = lattice.dimensions();
        if self.groups.contains(&group) && self.dimensions.contains(&got) {
            return Ok(());
        }
        let groups: Vec<&str> = self.groups.iter().map(|group| group.name()).collect();
        let (groups, least, most) = (groups.join(" or "), self.dimensions.start(), self.dimensions.end());
        let dimensions = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        let group = group.name();
        Err(Error::Unsupported(format!(
            "field: expected one of {groups} in {dimensions} dimensions, got one of {group} in {got}"
        )))
    }
}
