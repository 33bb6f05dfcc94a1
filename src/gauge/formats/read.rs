//! Reading: the format is found, the field read, and the claims of the file checked.

use super::claim::Claim;
use super::format::{Format, Header, Read, Wanted};
use super::probe::unknown;
use super::source::Source;
use super::table::{Row, TABLE};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::Group;
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a file is read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadSpec {
    /// The format; None: it is found by content.
    pub format: Option<Format>,
    /// Refuse a file whose checksum, plaquette or link trace is not that of its numbers, or with links that are not in
    /// the group.
    pub verify: bool,
    /// Replace each link by the nearest one in the group ([`Gauge::project_polar`]), after the verification.
    pub project: bool,
}

impl Default for ReadSpec {
    fn default() -> Self {
        Self { format: None, verify: true, project: false }
    }
}

/// Reads a field for a lattice and group; returns it with the format and with what the file claimed.
///
/// Errors: `Io`; `BadInput` for a file that is damaged, not of a known format, or whose claims fail; `BadShape` for a
/// field on another lattice or of another group; `Unsupported` where the format has no such fields; `NotConverged`
/// where a link that is to be projected has no inverse.
pub fn read(path: &Path, lattice: &Lattice, group: Group, spec: &ReadSpec) -> Result<(Gauge, Format, Vec<Claim>)> {
    let within = |e: Error| e.within(&path.display().to_string());
    let source = Source::open(path)?;
    let wanted = Wanted { source: &source, lattice, group };
    let (mut gauge, format, claims) = parse(&wanted, spec).map_err(within)?;
    if spec.project {
        gauge.project_polar().map_err(within)?;
    }
    Ok((gauge, format, claims))
}

/// Result of reading a file in one of its possible formats.
struct Candidate {
    format: Format,
    read: Result<Read>,
}

impl Candidate {
    fn new(row: &Row, header: Result<Header>, wanted: &Wanted) -> Self {
        let fits = row.expect_field(wanted.lattice, wanted.group).and_then(|()| wanted.expect(&header?));
        let read = fits.and_then(|()| (row.read)(wanted));
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
    let rows: Vec<&Row> = TABLE.iter().filter(asked).collect();
    let read = |row: &&Row| Some(Candidate::new(row, (row.header)(wanted.source)?, wanted));
    let mut candidates: Vec<Candidate> = rows.iter().filter_map(read).collect();
    if candidates.is_empty() {
        return Err(unknown(&rows));
    }
    // Without memory nothing is known of a candidate, and another one must not take its place.
    let is_short = |candidate: &Candidate| candidate.read.as_ref().is_err_and(Error::is_shortage);
    if let Some(Err(error)) = candidates.iter().position(is_short).map(|at| candidates.swap_remove(at).read) {
        return Err(error);
    }
    // Two formats share one form of header: the file is of the one whose claims hold, where that is only one.
    if candidates.iter().any(|c| c.read.is_ok()) {
        candidates.retain(|c| c.read.is_ok());
    }
    if candidates.iter().any(|c| c.failure().is_none()) {
        candidates.retain(|c| c.failure().is_none());
    }
    if let Some(error) = refused(&candidates) {
        return Err(error);
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

/// The error of a file that was read in none of its formats: the errors of all of them, since the file may be of any.
fn refused(candidates: &[Candidate]) -> Option<Error> {
    let errors = candidates.iter().filter_map(|candidate| candidate.read.as_ref().err());
    errors.cloned().reduce(|all, error| all.followed_by(&error))
}
