//! Reading: the format is found, the field read, and the claims of the file checked.

use super::{Claim, Format, Row, TABLE};
use crate::error::{Error, Result};
use crate::file;
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a file is read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadSpec {
    /// The format; none: it is found by content.
    pub format: Option<Format>,
    /// Refuse a file whose checksum, plaquette or link trace is not that of its numbers, or with links that are not in
    /// the group.
    pub verify: bool,
}

impl Default for ReadSpec {
    fn default() -> Self {
        Self { format: None, verify: true }
    }
}

/// What a reader is given: the file, and the field that is wanted.
pub(super) struct Wanted<'a> {
    pub bytes: &'a [u8],
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

    /// Refuses extents of a file that are not the wanted ones.
    pub fn expect_extent(&self, got: &[usize]) -> Result<()> {
        if got == self.lattice.extent() {
            return Ok(());
        }
        let text: Vec<String> = got.iter().map(usize::to_string).collect();
        Err(Error::BadShape(format!("lattice: expected {}, got {}", self.lattice.shape(), text.join(" x "))))
    }

    /// Refuses a group of a file that is not the wanted one.
    pub fn expect_group(&self, got: Group) -> Result<()> {
        if got == self.group {
            return Ok(());
        }
        Err(Error::BadShape(format!("group: expected {}, got {}", self.group.name(), got.name())))
    }
}

/// A field with what its file claims.
pub(super) type Read = (Gauge, Vec<Claim>);

/// Largest file beyond its links: headers, comments, other records.
const LARGEST_REST: u64 = 16 << 20;

/// Reads a field for a lattice and group; returns it with the format and with what the file claimed.
///
/// Errors: `Io`; `BadInput` for a file that is damaged, not of a known format, or whose claims fail; `BadShape` for a
/// field on another lattice or of another group; `Unsupported` where the format has no such fields.
pub fn read(path: &Path, lattice: &Lattice, group: Group, spec: &ReadSpec) -> Result<(Gauge, Format, Vec<Claim>)> {
    let links = (lattice.volume() * lattice.dimensions() * group.reals()) as u64;
    let bytes = file::read(path, LARGEST_REST + 8 * links)?;
    parse(&Wanted { bytes: &bytes, lattice, group }, spec).map_err(|e| e.within(&path.display().to_string()))
}

/// What came of one format that a file may be of.
struct Candidate {
    format: Format,
    read: Result<Read>,
}

impl Candidate {
    fn new(row: &Row, wanted: &Wanted) -> Self {
        let read = row.expect_field(wanted.lattice, wanted.group).and_then(|()| (row.read)(wanted));
        let with_links = |(gauge, mut claims): Read| {
            claims.push(Claim::links(&gauge));
            (gauge, claims)
        };
        Self { format: row.format, read: read.map(with_links).map_err(|e| e.within(row.name)) }
    }

    fn gauge(&self) -> Option<&Gauge> {
        self.read.as_ref().ok().map(|(gauge, _)| gauge)
    }

    /// The first claim that fails: `nersc: PLAQUETTE: expected 0.6, got 0.5`.
    fn failure(&self) -> Option<String> {
        let (_, claims) = self.read.as_ref().ok()?;
        let failed = claims.iter().find(|claim| !claim.holds)?;
        Some(format!("{}: {}", self.format.name(), failed.message()))
    }
}

fn parse(wanted: &Wanted, spec: &ReadSpec) -> Result<(Gauge, Format, Vec<Claim>)> {
    let asked = |row: &&Row| spec.format.is_none_or(|format| format == row.format);
    let rows: Vec<&Row> = TABLE.iter().filter(asked).filter(|row| (row.is_one)(wanted.bytes)).collect();
    if rows.is_empty() {
        let names: Vec<&str> = TABLE.iter().filter(asked).map(|row| row.name).collect();
        return Err(Error::BadInput(format!(
            "file: expected one of format {}, got none of these, or one that was cut",
            names.join(" or ")
        )));
    }
    let mut candidates: Vec<Candidate> = rows.into_iter().map(|row| Candidate::new(row, wanted)).collect();
    // Two formats share one form of header: the one whose claims hold is meant, where there is one alone.
    if candidates.iter().any(|c| c.read.is_ok()) {
        candidates.retain(|c| c.read.is_ok());
    }
    if candidates.iter().any(|c| c.failure().is_none()) {
        candidates.retain(|c| c.failure().is_none());
    }
    let failures: Vec<String> = candidates.iter().filter_map(Candidate::failure).collect();
    if spec.verify && !failures.is_empty() {
        return Err(Error::BadInput(failures.join("; ")));
    }
    let first = candidates[0].gauge();
    if candidates[1..].iter().any(|c| c.gauge() != first) {
        let names: Vec<&str> = candidates.iter().map(|c| c.format.name()).collect();
        return Err(Error::BadInput(format!(
            "format: expected the key in the spec, got a file that may be {}",
            names.join(" or ")
        )));
    }
    let Candidate { format, read } = candidates.swap_remove(0);
    read.map(|(gauge, claims)| (gauge, format, claims))
}
