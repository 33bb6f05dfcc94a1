//! The field in a file, found from the first bytes of the file before there is a lattice for it.

use super::bytes::Width;
use super::format::{Format, Header};
use super::source::Source;
use super::table::{Row, TABLE};
use crate::error::{Error, Result};
use crate::group::Group;
use serde::Serialize;
use std::path::Path;

/// The field that the first bytes of a file describe; None for properties that they leave open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// The format.
    pub format: Format,
    /// Extents, x first.
    pub extents: Option<Vec<usize>>,
    /// The group.
    pub group: Option<Group>,
    /// Precision of the numbers.
    pub precision: Option<Width>,
    /// Bytes of the links in the file.
    pub bytes: u64,
}

/// The field in a file, for each format that its first bytes fit; two formats share one form of header.
///
/// Errors: `Io`; `BadInput` for a file that is of no known format, or whose header is damaged.
pub fn probe(path: &Path) -> Result<Vec<Probe>> {
    let within = |e: Error| e.within(&path.display().to_string());
    let source = Source::open(path)?;
    let heads = TABLE.iter().filter_map(|row| (row.header)(&source).map(|header| (row, header)));
    let found: Result<Vec<Probe>> =
        heads.map(|(row, header)| Ok(Probe::new(row, header.map_err(|e| e.within(row.name))?))).collect();
    match found {
        Ok(found) if found.is_empty() => Err(within(unknown(&TABLE.iter().collect::<Vec<_>>()))),
        other => other.map_err(within),
    }
}

impl Probe {
    fn new(row: &Row, header: Header) -> Self {
        let Header { group, extent, width, bytes } = header;
        let width = width.or_else(|| width_of(extent.as_deref()?, group?, bytes));
        Self { format: row.format, extents: extent, group, precision: width, bytes }
    }
}

/// The precision in which the links of a field fill so many bytes.
fn width_of(extent: &[usize], group: Group, bytes: u64) -> Option<Width> {
    let numbers = (extent.len() * group.reals()) as u64;
    let numbers = extent.iter().try_fold(numbers, |product, &length| product.checked_mul(length as u64))?;
    let fills = |width: &Width| numbers.checked_mul(width.bytes() as u64) == Some(bytes);
    [Width::Double, Width::Single].into_iter().find(fills)
}

/// The error of a file that is of none of these formats.
pub(super) fn unknown(rows: &[&Row]) -> Error {
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    let names = names.join(" or ");
    Error::BadInput(format!("file: expected one of format {names}, got none of these, or one that was cut"))
}
