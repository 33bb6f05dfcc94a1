//! ILDG and SciDAC records in a LIME container, as QIO writes them. ILDG: arXiv:0910.1692.
//!
//! Links lie in `ildg-binary-data` (four dimensions) or `scidac-binary-data`, big endian, in the order of [`Gauge`];
//! their extents in `ildg-format` or `scidac-private-file-xml`, their precision in the former or
//! `scidac-private-record-xml`. A file with the links alone is of the extents wanted, its precision told by its length.

use super::bytes::{Order, Width, all_reals, put_reals, room};
use super::lime::{self, Record};
use super::site_checksum::SiteChecksum;
use super::{Claim, Encoding, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;

const ILDG_DATA: &str = "ildg-binary-data";
const SCIDAC_DATA: &str = "scidac-binary-data";

/// True for containers, except for those of SciDAC alone; damaged ones are counted here.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(&lime::MAGIC) && !is_scidac(bytes)
}

/// True for whole containers with the data of SciDAC and not with those of ILDG.
pub(super) fn is_scidac(bytes: &[u8]) -> bool {
    let holds = |records: &[Record], kind| records.iter().any(|record| record.kind == kind);
    bytes.starts_with(&lime::MAGIC)
        && lime::records(bytes).is_ok_and(|found| holds(&found, SCIDAC_DATA) && !holds(&found, ILDG_DATA))
}

/// Reads a container.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let records = Records(lime::records(wanted.bytes)?);
    let data = records.named(ILDG_DATA).or_else(|| records.named(SCIDAC_DATA));
    let neither = || Error::BadInput(format!("records: expected {ILDG_DATA} or {SCIDAC_DATA}, got neither"));
    let data = data.ok_or_else(neither)?;
    if let Some(group) = records.group()? {
        wanted.expect_group(group)?;
    }
    if let Some(extent) = records.extent()? {
        wanted.expect_extent(&extent)?;
    }
    let count = wanted.reals();
    let width = records.width(data, count)?;
    let (expected, got) = (count * width.bytes(), data.data.len());
    if got != expected {
        return Err(Error::BadShape(format!("{}: expected {expected} bytes, got {got}", data.kind)));
    }
    let site = wanted.lattice.dimensions() * wanted.group.reals() * width.bytes();
    let sums = records.checksum()?.map(|sums| Claim::exact("checksum", sums, SiteChecksum::of(data.data, site)));
    let gauge = Gauge::new(wanted.lattice, wanted.group, all_reals(data.data, width, Order::Big)?)?;
    Ok((gauge, sums.into_iter().collect()))
}

/// The records of a file.
struct Records<'a>(Vec<Record<'a>>);

impl<'a> Records<'a> {
    fn named(&self, kind: &str) -> Option<&Record<'a>> {
        self.0.iter().find(|record| record.kind == kind)
    }

    /// The text of an element of a record, where both are there.
    fn element(&self, kind: &str, name: &str) -> Result<Option<&'a str>> {
        let Some(record) = self.named(kind) else { return Ok(None) };
        let end = record.data.iter().position(|&b| b == 0).unwrap_or(record.data.len());
        let text = std::str::from_utf8(&record.data[..end])
            .map_err(|_| Error::BadInput(format!("{kind}: expected text, got other bytes")))?;
        Ok(element(text, name).map(str::trim))
    }

    /// The group, from the record that tells it.
    fn group(&self) -> Result<Option<Group>> {
        let Some(field) = self.element("ildg-format", "field")? else { return Ok(None) };
        let group = GROUPS.into_iter().find(|&group| field_name(group) == field);
        let names = GROUPS.map(field_name).join(" or ");
        group.map(Some).ok_or_else(|| Error::BadInput(format!("field: expected {names}, got {field}")))
    }

    /// Extents, from the records that tell them.
    fn extent(&self) -> Result<Option<Vec<usize>>> {
        let number = |text: &str| -> Result<usize> {
            text.parse().map_err(|_| Error::BadInput(format!("extent: expected a number, got {text}")))
        };
        if self.named("ildg-format").is_some() {
            let missing = |key: &str| Error::BadInput(format!("ildg-format: expected {key}, got none"));
            let length = |key| number(self.element("ildg-format", key)?.ok_or_else(|| missing(key))?);
            return ["lx", "ly", "lz", "lt"].into_iter().map(length).collect::<Result<_>>().map(Some);
        }
        let dims = self.element("scidac-private-file-xml", "dims")?;
        dims.map(|dims| dims.split_whitespace().map(number).collect()).transpose()
    }

    /// Precision, from the records that tell it, otherwise from the length of the data.
    fn width(&self, data: &Record, count: usize) -> Result<Width> {
        let ildg = self.element("ildg-format", "precision")?;
        let scidac = self.element("scidac-private-record-xml", "precision")?;
        match (ildg.or(scidac), data.data.len()) {
            (Some("32" | "F"), _) => Ok(Width::Single),
            (Some("64" | "D"), _) => Ok(Width::Double),
            (Some(other), _) => Err(Error::BadInput(format!("precision: expected 32, 64, F or D, got {other}"))),
            (None, length) if length == 8 * count => Ok(Width::Double),
            (None, length) if length == 4 * count => Ok(Width::Single),
            (None, length) => {
                let (single, double) = (4 * count, 8 * count);
                Err(Error::BadShape(format!("{}: expected {single} or {double} bytes, got {length}", data.kind)))
            }
        }
    }

    /// The sums, where there is a record of them.
    fn checksum(&self) -> Result<Option<SiteChecksum>> {
        const KIND: &str = "scidac-checksum";
        let sum = |key: &str| -> Result<u32> {
            let text = self.element(KIND, key)?.unwrap_or("nothing");
            u32::from_str_radix(text, 16)
                .map_err(|_| Error::BadInput(format!("{key}: expected a hexadecimal number, got {text}")))
        };
        self.named(KIND).map(|_| Ok(SiteChecksum { a: sum("suma")?, b: sum("sumb")? })).transpose()
    }
}

/// The text of the first XML element of a name; these records have neither nesting of equal names nor entities.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!("<{name}>"))? + name.len() + 2;
    let end = text[start..].find(&format!("</{name}>"))?;
    Some(&text[start..start + end])
}

const GROUPS: [Group; 3] = [Group::U1, Group::Su2, Group::Su3];

/// `su3gauge`
fn field_name(group: Group) -> &'static str {
    match group {
        Group::U1 => "u1gauge",
        Group::Su2 => "su2gauge",
        Group::Su3 => "su3gauge",
    }
}

/// The bytes of a file of ILDG with the records of SciDAC around it.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    let lengths = ["lx", "ly", "lz", "lt"].into_iter().zip(gauge.lattice().extent());
    let lengths: String = lengths.map(|(key, length)| format!("<{key}>{length}</{key}>")).collect();
    let format = format!(
        "<ildgFormat xmlns=\"http://www.lqcd.org/ildg\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.lqcd.org/ildg/filefmt.xsd\"><version>1.0</version><field>{}</field>\
         <precision>{}</precision>{lengths}</ildgFormat>",
        field_name(gauge.group()),
        8 * encoding.width.bytes(),
    );
    container(gauge, encoding.width, Some(format))
}

/// The bytes of a file of SciDAC.
pub(super) fn write_scidac(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    container(gauge, encoding.width, None)
}

/// Two messages: the file's records, and those of its one field.
fn container(gauge: &Gauge, width: Width, ildg_format: Option<String>) -> Result<Vec<u8>> {
    const RECORDS: usize = 8192;
    let length = width.bytes() * gauge.links().len();
    let mut to = room(RECORDS + length)?;
    lime::write(&mut to, "scidac-private-file-xml", &document(&file_text(gauge)), true, false);
    lime::write(&mut to, "scidac-file-xml", &document("<title>instanton</title>"), false, true);
    lime::write(&mut to, "scidac-private-record-xml", &document(&record_text(gauge, width)), true, false);
    lime::write(&mut to, "scidac-record-xml", &document("<info>gauge field</info>"), false, false);
    if let Some(format) = &ildg_format {
        lime::write(&mut to, "ildg-format", &document(format), false, false);
    }
    let kind = if ildg_format.is_some() { ILDG_DATA } else { SCIDAC_DATA };
    lime::write_header(&mut to, kind, length, (false, false));
    // The links are by far the most of a file: they are written where they belong at once.
    let start = to.len();
    put_reals(&mut to, gauge.links(), width, Order::Big);
    let site = gauge.lattice().dimensions() * gauge.group().reals() * width.bytes();
    let sums = SiteChecksum::of(&to[start..], site);
    lime::pad(&mut to, length);
    let sums = format!(
        "<scidacChecksum><version>1.0</version><suma>{:x}</suma><sumb>{:x}</sumb></scidacChecksum>",
        sums.a, sums.b
    );
    lime::write(&mut to, "scidac-checksum", &document(&sums), false, true);
    Ok(to)
}

fn file_text(gauge: &Gauge) -> String {
    let lengths: String = gauge.lattice().extent().iter().map(|length| format!("{length} ")).collect();
    format!(
        "<scidacFile><version>1.1</version><spacetime>{}</spacetime><dims>{lengths}</dims><volfmt>0</volfmt></scidacFile>",
        gauge.lattice().dimensions()
    )
}

/// What QIO tells of a field; the date is fixed, so that equal fields make equal files.
fn record_text(gauge: &Gauge, width: Width) -> String {
    let (colours, letter) = (gauge.group().colours(), if width == Width::Single { 'F' } else { 'D' });
    format!(
        "<scidacRecord><version>1.1</version><date>Thu Jan  1 00:00:00 1970 UTC</date><recordtype>0</recordtype>\
         <datatype>QDP_{letter}{colours}_ColorMatrix</datatype><precision>{letter}</precision><colors>{colours}</colors>\
         <spins>1</spins><typesize>{}</typesize><datacount>{}</datacount></scidacRecord>",
        gauge.group().reals() * width.bytes(),
        gauge.lattice().dimensions()
    )
}

/// An XML document with a final NUL.
fn document(element: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{element}\0").into_bytes()
}
