//! ILDG and SciDAC records in a LIME container.
//!
//! Links lie in `ildg-binary-data` or `scidac-binary-data`, big endian, in the order of [`Gauge`]; their extents in
//! `ildg-format` or `scidac-private-file-xml`, their precision in the former or `scidac-private-record-xml`. A file
//! with the links alone is of the extents wanted, its precision told by its length. `scidac-checksum` holds two sums
//! over sites of CRC-32 of a site's bytes: a = xor of the sums rotated left by site mod 29, b by site mod 31.

use super::bytes::{Order, Width, finite, reals};
use super::lime::{Record, records};
use super::{Claim, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use std::fmt;

/// The two sums of a SciDAC checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteChecksum {
    a: u32,
    b: u32,
}

impl SiteChecksum {
    /// The sums over sites of so many bytes each.
    pub fn of(bytes: &[u8], site: usize) -> Self {
        let mut sums = Self::default();
        for (x, bytes) in bytes.chunks(site).enumerate() {
            let crc = crc32fast::hash(bytes);
            sums.a ^= crc.rotate_left((x % 29) as u32);
            sums.b ^= crc.rotate_left((x % 31) as u32);
        }
        sums
    }
}

impl fmt::Display for SiteChecksum {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:x} {:x}", self.a, self.b)
    }
}

/// Reads a container.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let records = records(wanted.bytes)?;
    let named = |kind: &str| records.iter().find(|r| r.kind == kind);
    let data = named("ildg-binary-data").or_else(|| named("scidac-binary-data")).ok_or_else(|| {
        Error::BadInput("records: expected ildg-binary-data or scidac-binary-data, got neither".into())
    })?;
    let count = wanted.reals();
    let width = width(&records, data, count)?;
    if let Some(extent) = extent(&records)? {
        wanted.expect_extent(&extent)?;
    }
    if data.data.len() != count * width.bytes() {
        let (expected, got) = (count * width.bytes(), data.data.len());
        return Err(Error::BadShape(format!("{}: expected {expected} bytes, got {got}", data.kind)));
    }
    let mut claims = vec![];
    if let Some(record) = named("scidac-checksum") {
        let text = text(record)?;
        let sum = |key| element(text, key).and_then(|hex| u32::from_str_radix(hex.trim(), 16).ok());
        if let (Some(a), Some(b)) = (sum("suma"), sum("sumb")) {
            let site = wanted.lattice.dimensions() * wanted.group.reals() * width.bytes();
            claims.push(Claim::exact("checksum", SiteChecksum { a, b }, SiteChecksum::of(data.data, site)));
        }
    }
    let links = finite(reals(data.data, width, Order::Big).collect())?;
    Ok((Gauge::new(wanted.lattice, wanted.group, links)?, claims))
}

/// Precision from the records that tell it, otherwise from the length.
fn width(records: &[Record], data: &Record, count: usize) -> Result<Width> {
    let told = |kind: &str| records.iter().find(|r| r.kind == kind).map(text).transpose();
    let ildg = told("ildg-format")?.and_then(|t| element(t, "precision"));
    let scidac = told("scidac-private-record-xml")?.and_then(|t| element(t, "precision"));
    match (ildg.or(scidac).map(str::trim), data.data.len()) {
        (Some("32" | "F"), _) => Ok(Width::Single),
        (Some("64" | "D"), _) => Ok(Width::Double),
        (Some(other), _) => Err(Error::BadInput(format!("precision: expected 32, 64, F or D, got {other}"))),
        (None, length) if length == 8 * count => Ok(Width::Double),
        (None, length) if length == 4 * count => Ok(Width::Single),
        (None, length) => {
            Err(Error::BadShape(format!("{}: expected {} or {} bytes, got {length}", data.kind, 4 * count, 8 * count)))
        }
    }
}

/// Extents from the records that tell them.
fn extent(records: &[Record]) -> Result<Option<Vec<usize>>> {
    let named = |kind: &str| records.iter().find(|r| r.kind == kind);
    let number = |text: &str| -> Result<usize> {
        text.trim().parse().map_err(|_| Error::BadInput(format!("extent: expected a number, got {text}")))
    };
    if let Some(record) = named("ildg-format") {
        let text = text(record)?;
        let lengths = ["lx", "ly", "lz", "lt"].map(|key| {
            number(element(text, key).ok_or_else(|| Error::BadInput(format!("ildg-format: expected {key}, got none")))?)
        });
        return lengths.into_iter().collect::<Result<_>>().map(Some);
    }
    match named("scidac-private-file-xml") {
        None => Ok(None),
        Some(record) => match element(text(record)?, "dims") {
            None => Ok(None),
            Some(dims) => dims.split_whitespace().map(number).collect::<Result<_>>().map(Some),
        },
    }
}

fn text<'a>(record: &Record<'a>) -> Result<&'a str> {
    let data = record.data;
    let end = data.iter().position(|&b| b == 0).unwrap_or(data.len());
    std::str::from_utf8(&data[..end]).map_err(|_| Error::BadInput(format!("{}: expected text, got bytes", record.kind)))
}

/// The text of the first XML element of a name; these records have neither nesting of equal names nor entities.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!("<{name}>"))? + name.len() + 2;
    let end = text[start..].find(&format!("</{name}>"))?;
    Some(&text[start..start + end])
}
