//! Files of gauge fields: each format is one file with a reader and a writer; the format is found by content.
//!
//! A reader checks the sizes that a file claims against its own size and against the lattice before it takes memory,
//! which is then that of the field alone. What a file claims about its contents, checksums, plaquettes and traces, is
//! compared with the numbers read.

mod bytes;
mod ildg;
mod lime;
mod milc;
mod nersc;
mod plain;

pub use ildg::SiteChecksum;

use super::field::Gauge;
use super::group::Group;
use super::observables;
use crate::error::{Error, Result};
use crate::file;
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a file is read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadSpec {
    /// Refuse a file whose checksum, plaquette or link trace is not that of its numbers.
    pub verify: bool,
}

impl Default for ReadSpec {
    fn default() -> Self {
        Self { verify: true }
    }
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// ILDG or SciDAC records in a LIME container.
    Ildg,
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

/// A number that a file claims to hold, and what it really holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// `plaquette`, `checksum`, ...
    pub what: String,
    /// What the file says.
    pub expected: String,
    /// What its numbers give.
    pub got: String,
    /// Whether they agree to the digits given.
    pub holds: bool,
}

impl Claim {
    fn exact(what: &str, expected: impl ToString, got: impl ToString) -> Self {
        let (expected, got) = (expected.to_string(), got.to_string());
        Self { what: what.into(), holds: expected == got, expected, got }
    }

    fn near(what: &str, expected: f64, got: f64, tolerance: f64) -> Self {
        // What is not a number is near nothing.
        let holds = (expected - got).abs() <= tolerance;
        Self { what: what.into(), expected: format!("{expected:.10}"), got: format!("{got:.10}"), holds }
    }
}

/// What a reader is given: the file, and the field that is wanted.
struct Wanted<'a> {
    bytes: &'a [u8],
    lattice: &'a Lattice,
    group: Group,
}

impl Wanted<'_> {
    /// Links in the wanted field, two numbers for each complex one.
    fn reals(&self) -> usize {
        self.links() * self.group.reals()
    }

    fn links(&self) -> usize {
        self.lattice.volume() * self.lattice.dimensions()
    }

    /// Refuses other extents; formats for four dimensions alone pass four.
    fn expect_extent(&self, got: &[usize]) -> Result<()> {
        if got == self.lattice.extent() {
            return Ok(());
        }
        let text: Vec<String> = got.iter().map(usize::to_string).collect();
        Err(Error::BadShape(format!("lattice: expected {}, got {}", self.lattice.shape(), text.join(" x "))))
    }

    fn expect_group(&self, got: Group) -> Result<()> {
        if got == self.group {
            return Ok(());
        }
        Err(Error::BadShape(format!("group: expected {}, got {}", self.group.name(), got.name())))
    }
}

/// A field with what its file claims.
type Read = (Gauge, Vec<Claim>);

/// Largest file beyond its links: headers, comments, other records.
const LARGEST_REST: u64 = 16 << 20;

/// Reads a field for a lattice and group; returns it with the format and with what the file claimed.
pub fn read(path: &Path, lattice: &Lattice, group: Group, spec: &ReadSpec) -> Result<(Gauge, Format, Vec<Claim>)> {
    let links = (lattice.volume() * lattice.dimensions() * group.reals()) as u64;
    let bytes = file::read(path, LARGEST_REST + 8 * links)?;
    parse(&Wanted { bytes: &bytes, lattice, group }, spec).map_err(|e| e.within(&path.display().to_string()))
}

fn parse(wanted: &Wanted, spec: &ReadSpec) -> Result<(Gauge, Format, Vec<Claim>)> {
    let bytes = wanted.bytes;
    let (format, (gauge, claims)) = if bytes.starts_with(&lime::MAGIC) {
        (Format::Ildg, ildg::read(wanted)?)
    } else if bytes.starts_with(b"BEGIN_HEADER") {
        (Format::Nersc, nersc::read(wanted)?)
    } else if milc::is_one(bytes) {
        (Format::Milc, milc::read(wanted)?)
    } else {
        plain::read(wanted)?
    };
    let failed = claims.iter().find(|claim| !claim.holds);
    match failed.filter(|_| spec.verify) {
        Some(claim) => Err(Error::BadInput(format!("{}: expected {}, got {}", claim.what, claim.expected, claim.got))),
        None => Ok((gauge, format, claims)),
    }
}

/// The plaquette of a header against that of the field.
fn plaquette_claim(gauge: &Gauge, expected: f64, tolerance: f64) -> Claim {
    Claim::near("plaquette", expected, observables::plaquette(gauge), tolerance)
}
