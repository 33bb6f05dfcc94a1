//! ILDG and SciDAC records in a LIME container, as QIO writes them. ILDG: arXiv:0910.1692.
//!
//! Links lie in `ildg-binary-data` (four dimensions) or `scidac-binary-data`, big endian, in the order of [`Gauge`];
//! their extents in `ildg-format` or `scidac-private-file-xml`, their precision in the former or
//! `scidac-private-record-xml`. A file with the links alone has the extents that the caller wants, and the precision of
//! its length. Of several records of one type, that of the links' own message is read; all other records are skipped.

use super::bytes::{Order, Width, all_reals, put_reals, reserved};
use super::claim::Claim;
use super::format::{Encoding, Header, Read, Wanted};
use super::lime::{self, Record};
use super::site_checksum::SiteChecksum;
use super::source::Source;
use super::xml;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::Group;

const ILDG_DATA: &str = "ildg-binary-data";
const SCIDAC_DATA: &str = "scidac-binary-data";

/// The field of a container, except for those of SciDAC alone; damaged containers count as ILDG.
pub(super) fn header(source: &Source) -> Option<Result<Header>> {
    if !source.head().starts_with(&lime::MAGIC) {
        return None;
    }
    match Container::new(source) {
        Ok(container) if container.links().kind == SCIDAC_DATA => None,
        other => Some(other.and_then(|container| container.header())),
    }
}

/// The field of an undamaged container with the data of SciDAC, and not with those of ILDG.
pub(super) fn scidac_header(source: &Source) -> Option<Result<Header>> {
    let container = source.head().starts_with(&lime::MAGIC).then(|| Container::new(source))?.ok()?;
    (container.links().kind == SCIDAC_DATA).then(|| container.header())
}

/// Reads a container.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let container = Container::new(wanted.source)?;
    let Record { kind, start, length } = container.links();
    let count = wanted.reals();
    let width = container.width(count)?;
    let expected = count * width.bytes();
    if *length != expected as u64 {
        return Err(Error::BadShape(format!("{kind}: expected {expected} bytes, got {length}")));
    }
    let data = wanted.source.at(*start, expected)?;
    let site = wanted.lattice.dimensions() * wanted.group.reals() * width.bytes();
    let sums = container.checksum(|| SiteChecksum::of(&data, site));
    let gauge = Gauge::new(wanted.lattice, wanted.group, all_reals(&data, width, Order::Big)?)?;
    Ok((gauge, sums.into_iter().collect()))
}

/// The records of a file, one of which holds the links.
struct Container<'a> {
    source: &'a Source,
    records: Vec<Record>,
    /// Index of the record that holds the links.
    links: usize,
}

impl<'a> Container<'a> {
    fn new(source: &'a Source) -> Result<Self> {
        let records = lime::records(source)?;
        let place = |kind| records.iter().position(|record| record.kind == kind);
        let neither = || Error::BadInput(format!("records: expected {ILDG_DATA} or {SCIDAC_DATA}, got neither"));
        let links = place(ILDG_DATA).or_else(|| place(SCIDAC_DATA)).ok_or_else(neither)?;
        Ok(Self { source, records, links })
    }

    fn links(&self) -> &Record {
        &self.records[self.links]
    }

    /// The last record of a type before the links, otherwise the first one after them.
    fn before(&self, kind: &str) -> Option<&Record> {
        let (before, behind) = self.records.split_at(self.links);
        before.iter().rev().chain(behind).find(|record| record.kind == kind)
    }

    /// The first record of a type after the links, otherwise the last one before them.
    fn behind(&self, kind: &str) -> Option<&Record> {
        let (before, behind) = self.records.split_at(self.links);
        behind.iter().chain(before.iter().rev()).find(|record| record.kind == kind)
    }

    /// The text of an element of a record, where the record and the element exist.
    fn element(&self, record: Option<&Record>, name: &str) -> Result<Option<String>> {
        let Some(record) = record else { return Ok(None) };
        xml::element(&record.text(self.source)?, name).map_err(|e| e.within(&record.kind))
    }

    fn header(&self) -> Result<Header> {
        let (group, extent, width) = (self.group()?, self.extent()?, self.stated_width()?);
        Ok(Header { group, extent, width, bytes: self.links().length })
    }

    /// The group, from the records that state it.
    fn group(&self) -> Result<Option<Group>> {
        if let Some(field) = self.element(self.before("ildg-format"), "field")? {
            let group = GROUPS.into_iter().find(|&group| field_name(group) == field);
            let names = GROUPS.map(field_name).join(" or ");
            return group.map(Some).ok_or_else(|| Error::BadInput(format!("field: expected {names}, got {field}")));
        }
        let colours = self.element(self.before("scidac-private-record-xml"), "colors")?;
        Ok(GROUPS.into_iter().find(|group| colours.as_deref() == Some(&group.colours().to_string())))
    }

    /// Extents, from the records that state them.
    fn extent(&self) -> Result<Option<Vec<usize>>> {
        let number = |text: &str| -> Result<usize> {
            text.parse().map_err(|_| Error::BadInput(format!("extent: expected a number, got {text}")))
        };
        let format = self.before("ildg-format");
        if format.is_some() {
            let missing = |key: &str| Error::BadInput(format!("ildg-format: expected {key}, got none"));
            let length = |key| number(&self.element(format, key)?.ok_or_else(|| missing(key))?);
            return ["lx", "ly", "lz", "lt"].into_iter().map(length).collect::<Result<_>>().map(Some);
        }
        let dims = self.element(self.before("scidac-private-file-xml"), "dims")?;
        dims.map(|dims| dims.split_whitespace().map(number).collect()).transpose()
    }

    /// Precision, from the records that state it.
    fn stated_width(&self) -> Result<Option<Width>> {
        let ildg = self.element(self.before("ildg-format"), "precision")?;
        let scidac = || self.element(self.before("scidac-private-record-xml"), "precision");
        match ildg.map_or_else(scidac, |text| Ok(Some(text)))?.as_deref() {
            None => Ok(None),
            Some("32" | "F") => Ok(Some(Width::Single)),
            Some("64" | "D") => Ok(Some(Width::Double)),
            Some(other) => Err(Error::BadInput(format!("precision: expected 32, 64, F or D, got {other}"))),
        }
    }

    /// Precision, from the records that state it, otherwise from the length of the links.
    fn width(&self, count: usize) -> Result<Width> {
        let Record { kind, length, .. } = self.links();
        let of_length = |width: Width| (count * width.bytes()) as u64 == *length;
        let found = self.stated_width()?.or_else(|| [Width::Double, Width::Single].into_iter().find(|&w| of_length(w)));
        let (single, double) = (4 * count, 8 * count);
        let neither = || Error::BadShape(format!("{kind}: expected {single} or {double} bytes, got {length}"));
        found.ok_or_else(neither)
    }

    /// The claim of the checksum record, if there is one, against the sums of the links.
    fn checksum(&self, sums: impl FnOnce() -> SiteChecksum) -> Option<Claim> {
        let record = self.behind("scidac-checksum")?;
        let sum = |key: &str| {
            let unreadable = |got: String| Claim::unreadable(key, "a hexadecimal number", got);
            let text = self.element(Some(record), key).map_err(|e| unreadable(e.to_string()))?;
            let text = text.filter(|text| !text.is_empty()).unwrap_or_else(|| "nothing".into());
            hexadecimal(&text).ok_or_else(|| unreadable(text))
        };
        let claimed = sum("suma").and_then(|a| Ok(SiteChecksum { a, b: sum("sumb")? }));
        Some(claimed.map_or_else(|claim| claim, |claimed| Claim::exact("checksum", claimed, sums())))
    }
}

/// A number of 32 bits, with the `0x` that some codes print before it or without.
pub(super) fn hexadecimal(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    u32::from_str_radix(digits, 16).ok()
}

const GROUPS: [Group; 3] = [Group::U1, Group::Su2, Group::Su3];

/// Name of the field in a record: `su3gauge`
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
    let mut to = reserved(RECORDS + length)?;
    lime::write(&mut to, "scidac-private-file-xml", &document(&file_text(gauge)), true, false);
    lime::write(&mut to, "scidac-file-xml", &document("<title>instanton</title>"), false, true);
    lime::write(&mut to, "scidac-private-record-xml", &document(&record_text(gauge, width)), true, false);
    lime::write(&mut to, "scidac-record-xml", &document("<info>gauge field</info>"), false, false);
    if let Some(format) = &ildg_format {
        lime::write(&mut to, "ildg-format", &document(format), false, false);
    }
    let kind = if ildg_format.is_some() { ILDG_DATA } else { SCIDAC_DATA };
    lime::write_header(&mut to, kind, length, (false, false));
    // The links are by far the most of a file: they are written to their place in the file, without a copy.
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

/// The record of a field as QIO writes it; the date is fixed, so that equal fields make equal files.
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
