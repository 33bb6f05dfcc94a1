//! Writing: the field is checked against the format, and the file takes its name once it is complete.

use super::bytes::{Order, Width};
use super::claim::expect_group;
use super::format::{Encoding, Format};
use super::table::Row;
use crate::error::{Error, Result};
use crate::file;
use crate::gauge::field::Gauge;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a file is written; None stands for the format's usual choice.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WriteSpec {
    /// The format.
    pub format: Format,
    /// Precision of the numbers.
    pub precision: Option<Width>,
    /// Order of the bytes.
    pub byte_order: Option<Order>,
    /// Rows of each matrix that are stored; of 3, the last can be left out in NERSC archives.
    pub rows: Option<usize>,
    /// Refuse links that are not in the group.
    pub verify: bool,
}

impl Default for WriteSpec {
    fn default() -> Self {
        Self { format: Format::Ildg, precision: None, byte_order: None, rows: None, verify: true }
    }
}

/// The choices of a spec; an error for one that the format does not have.
fn encoding(spec: &WriteSpec, row: &Row, colours: usize) -> Result<Encoding> {
    let rows = [colours, colours - 1];
    Ok(Encoding {
        width: choose("precision", spec.precision, row.precisions)?,
        order: choose("byte_order", spec.byte_order, row.orders)?,
        rows: choose("rows", spec.rows, &rows[..1 + usize::from(row.omits_rows)])?,
    })
}

/// The value of a spec, an error where the format does not have it, or the usual one where the spec has none.
fn choose<T: Copy + PartialEq + Serialize>(key: &str, asked: Option<T>, known: &[T]) -> Result<T> {
    let asked = asked.unwrap_or(known[0]);
    if known.contains(&asked) {
        return Ok(asked);
    }
    let text = |value: &T| serde_json::to_string(value).unwrap_or_default().replace('"', "'");
    let known: Vec<String> = known.iter().map(text).collect();
    let (known, asked) = (known.join(" or "), text(&asked));
    Err(Error::Unsupported(format!("{key}: expected {known}, got {asked}")))
}

/// Writes a field to a file; the file that was at `path` before is replaced only once the new one is complete.
///
/// Errors: `Io`; `Unsupported` where the format cannot hold such a field or has no such key; `BadShape` where its
/// extents do not fit; `BadInput` for links that are not in the group, or too large for f32.
pub fn write(path: &Path, gauge: &Gauge, spec: &WriteSpec) -> Result<()> {
    let place = || format!("{}: {}", path.display(), spec.format.name());
    let bytes = encode(gauge, spec).map_err(|e| e.within(&place()))?;
    file::write_atomic(path, &bytes)
}

fn encode(gauge: &Gauge, spec: &WriteSpec) -> Result<Vec<u8>> {
    let row = spec.format.row();
    row.expect_field(gauge.lattice(), gauge.group())?;
    let encoding = encoding(spec, row, gauge.group().colours())?;
    let fits = |x: f64| x.is_finite() && (encoding.width == Width::Double || (x as f32).is_finite());
    if let Some(at) = gauge.links().iter().position(|&x| !fits(x)) {
        let got = gauge.links()[at];
        return Err(Error::BadInput(format!(
            "links: expected numbers that the precision holds, got {got} at index {at}"
        )));
    }
    if spec.verify {
        expect_group(gauge)?;
    }
    (row.write)(gauge, &encoding)
}
