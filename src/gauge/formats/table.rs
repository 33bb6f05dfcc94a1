//! The table of formats.

use super::bytes::{Order, Width};
use super::format::{Encoding, Format, Header, Read, Wanted};
use super::source::Source;
use super::{ddalphaamg, hirep, ildg, milc, milc_old, nersc, openqcd};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::Group;
use crate::lattice::Lattice;
use std::ops::RangeInclusive;

/// Fields that a format can hold, its reader and its writer; the first of several ways of writing is the usual one.
pub(super) struct Row {
    pub format: Format,
    pub name: &'static str,
    pub groups: &'static [Group],
    pub dimensions: RangeInclusive<usize>,
    pub precisions: &'static [Width],
    pub orders: &'static [Order],
    /// True where the last row may be left out, which the reader then computes.
    pub omits_rows: bool,
    /// None for a file of another format.
    pub header: fn(&Source) -> Option<Result<Header>>,
    pub read: fn(&Wanted) -> Result<Read>,
    pub write: fn(&Gauge, &Encoding) -> Result<Vec<u8>>,
}

const ALL: &[Group] = &[Group::U1, Group::Su2, Group::Su3];
const BIG: &[Order] = &[Order::Big];
const LITTLE: &[Order] = &[Order::Little];
const DOUBLE: &[Width] = &[Width::Double];
const BOTH: &[Width] = &[Width::Double, Width::Single];

pub(super) static TABLE: [Row; 9] = [
    Row {
        format: Format::Ildg,
        name: "ildg",
        groups: ALL,
        dimensions: 4..=4,
        precisions: BOTH,
        orders: BIG,
        omits_rows: false,
        header: ildg::header,
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
        header: ildg::scidac_header,
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
        header: nersc::header,
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
        header: milc::header,
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
        header: openqcd::header,
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
        header: hirep::header,
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
        header: ddalphaamg::header,
        read: ddalphaamg::read,
        write: ddalphaamg::write,
    },
    Row {
        format: Format::HiRepQuaternions,
        name: "hirep_quaternions",
        groups: &[Group::Su2],
        dimensions: 4..=4,
        precisions: DOUBLE,
        orders: BIG,
        omits_rows: false,
        header: hirep::header_of_quaternions,
        read: hirep::read_quaternions,
        write: hirep::write_quaternions,
    },
    Row {
        format: Format::MilcOld,
        name: "milc_old",
        groups: &[Group::Su3],
        dimensions: 4..=4,
        precisions: &[Width::Single],
        orders: &[Order::Little, Order::Big],
        omits_rows: false,
        header: milc_old::header,
        read: milc_old::read,
        write: milc_old::write,
    },
];

impl Format {
    /// The name in specs.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub(super) fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl Row {
    /// Refuses groups and dimensions that the format cannot hold.
    pub fn expect_field(&self, lattice: &Lattice, group: Group) -> Result<()> {
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
