//! The NERSC archive format: a text header, then links in the order of [`Gauge`], of which SU(3) may store two rows.
//!
//! `CHECKSUM` is the sum of the 32-bit words of the data modulo 2^32, each in the order of the data's bytes;
//! `PLAQUETTE` and `LINK_TRACE` are means over planes and links, divided by three. SU(3) in four dimensions.
//!
//! Headers are read as other codes write them: lines end with LF or CRLF, blanks may follow `END_HEADER`, comments may
//! hold any bytes. Where `FLOATING_POINT` leaves the order of the bytes open, the checksum decides; where it is not
//! there at all, the length of the data gives the precision.

use super::bytes::{Order, Width, put_reals, reals, reserved, word, zeros};
use super::claim::Claim;
use super::format::{Encoding, Header, Read, Wanted};
use super::ildg::hexadecimal;
use super::source::{HEAD, Source};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::observables;
use crate::group::Group;
use std::collections::HashMap;

/// Values of `FLOATING_POINT`, with precision and byte order; without an order, the checksum decides.
const NUMBERS: [(&str, Width, Option<Order>); 6] = [
    ("IEEE32BIG", Width::Single, Some(Order::Big)),
    ("IEEE32LITTLE", Width::Single, Some(Order::Little)),
    ("IEEE32", Width::Single, None),
    ("IEEE64BIG", Width::Double, Some(Order::Big)),
    ("IEEE64LITTLE", Width::Double, Some(Order::Little)),
    ("IEEE64", Width::Double, None),
];

/// The field that the header of an archive describes.
pub(super) fn header(source: &Source) -> Option<Result<Header>> {
    if !source.head().starts_with(b"BEGIN_HEADER") {
        return None;
    }
    let header = Archive::new(source).map(|archive| Header {
        group: Some(Group::Su3),
        extent: Some(archive.extent.into()),
        width: Some(archive.width),
        bytes: archive.length,
    });
    Some(header)
}

/// Reads an archive.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let archive = Archive::new(wanted.source)?;
    let expected = wanted.links() * 6 * archive.rows * archive.width.bytes();
    let data = wanted.source.rest(archive.start, expected, "links")?;
    let order = archive.order_of(&data);
    let mut numbers = reals(&data, archive.width, order);
    let mut links = zeros(wanted.reals())?;
    for link in links.chunks_exact_mut(18) {
        link.iter_mut().take(6 * archive.rows).zip(&mut numbers).for_each(|(x, number)| *x = number);
        if archive.rows == 2 {
            third_row(link);
        }
    }
    let gauge = Gauge::new(wanted.lattice, wanted.group, links)?;
    let claims = archive.claims(&gauge, || checksum(&data, order));
    Ok((gauge, claims))
}

/// A header that was read.
struct Archive {
    entries: HashMap<String, String>,
    extent: [usize; 4],
    rows: usize,
    width: Width,
    order: Option<Order>,
    /// Offset of the links, and the number of bytes from there to the end.
    start: usize,
    length: u64,
}

impl Archive {
    fn new(source: &Source) -> Result<Self> {
        let (entries, start) = entries(source.head())?;
        let get = |key: &str| {
            let missing = || Error::BadInput(format!("header: expected {key}, got none"));
            entries.get(key).map(String::as_str).ok_or_else(missing)
        };
        let length = |key: &str| -> Result<usize> {
            let text = get(key)?;
            text.parse().map_err(|_| Error::BadInput(format!("{key}: expected a number, got {text}")))
        };
        let extent = [length("DIMENSION_1")?, length("DIMENSION_2")?, length("DIMENSION_3")?, length("DIMENSION_4")?];
        let rows = match &*get("DATATYPE")?.to_ascii_uppercase() {
            "4D_SU3_GAUGE" => 2,
            "4D_SU3_GAUGE_3X3" => 3,
            other => {
                let expected = "4D_SU3_GAUGE or 4D_SU3_GAUGE_3x3";
                return Err(Error::BadInput(format!("DATATYPE: expected {expected}, got {other}")));
            }
        };
        let length = source.length() - start as u64;
        let (width, order) = match entries.get("FLOATING_POINT") {
            Some(name) => numbers_of(name)?,
            None => (width_of(length, extent, rows)?, None),
        };
        Ok(Self { entries, extent, rows, width, order, start, length })
    }

    /// The order of the bytes: as stated, else the one with the right checksum, else the one that gives plausible
    /// links.
    fn order_of(&self, data: &[u8]) -> Order {
        let agrees = |&order: &Order| match self.entries.get("CHECKSUM").and_then(|text| hexadecimal(text)) {
            Some(expected) => checksum(data, order) == expected,
            // Numbers in the wrong order are very small, very large, or NaN; those of links are of order one.
            None => reals(data, self.width, order).take(18).all(|x| x == 0.0 || (1e-9..2.0).contains(&x.abs())),
        };
        self.order.unwrap_or_else(|| [Order::Big, Order::Little].into_iter().find(agrees).unwrap_or(Order::Big))
    }

    fn claims(&self, gauge: &Gauge, checksum: impl FnOnce() -> u32) -> Vec<Claim> {
        let sum = self.entries.get("CHECKSUM").map(|text| match hexadecimal(text) {
            Some(expected) => Claim::exact("CHECKSUM", format!("{expected:x}"), format!("{:x}", checksum())),
            None => Claim::unreadable("CHECKSUM", "a hexadecimal number", text),
        });
        // Codes that write headers round while they sum.
        let rounding = if self.width == Width::Single { 1e-5 } else { 1e-8 };
        let observed = [
            ("PLAQUETTE", observables::plaquette_over_sites as fn(&Gauge) -> f64),
            ("LINK_TRACE", observables::link_trace_over_sites as fn(&Gauge) -> f64),
        ];
        let observed = observed.into_iter().filter_map(|(key, observable)| {
            self.entries.get(key).map(|text| Claim::digits(key, text, observable(gauge), rounding))
        });
        sum.into_iter().chain(observed).collect()
    }
}

/// Precision and order that `FLOATING_POINT` names, in capitals or not.
fn numbers_of(name: &str) -> Result<(Width, Option<Order>)> {
    let found = NUMBERS.iter().find(|numbers| numbers.0.eq_ignore_ascii_case(name));
    let unknown = || {
        let expected = NUMBERS.map(|numbers| numbers.0).join(" or ");
        Error::BadInput(format!("FLOATING_POINT: expected {expected}, got {name}"))
    };
    found.map(|&(_, width, order)| (width, order)).ok_or_else(unknown)
}

/// The precision in which links of so many rows fill so many bytes.
fn width_of(length: u64, extent: [usize; 4], rows: usize) -> Result<Width> {
    let links = |width: Width| {
        extent.iter().try_fold((4 * 6 * rows * width.bytes()) as u64, |n, &length| n.checked_mul(length as u64))
    };
    let found = [Width::Single, Width::Double].into_iter().find(|&width| links(width) == Some(length));
    let neither = || Error::BadInput(format!("links: expected those of the header in f32 or f64, got {length} bytes"));
    found.ok_or_else(neither)
}

/// The bytes of an archive.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    let &Encoding { width, order, rows } = encoding;
    let mut data = reserved(gauge.links().len() / 3 * rows * width.bytes())?;
    for link in gauge.links().chunks_exact(18) {
        put_reals(&mut data, &link[..6 * rows], width, order);
        if rows == 2 {
            expect_third_row(link)?;
        }
    }
    let name =
        NUMBERS.iter().find(|numbers| (numbers.1, numbers.2) == (width, Some(order))).map_or("", |numbers| numbers.0);
    let mut lines = vec![
        "BEGIN_HEADER".to_string(),
        "HDR_VERSION = 1.0".into(),
        format!("DATATYPE = 4D_SU3_GAUGE{}", if rows == 3 { "_3x3" } else { "" }),
        "STORAGE_FORMAT = 1.0".into(),
    ];
    lines.extend(gauge.lattice().extent().iter().zip(1..).map(|(length, mu)| format!("DIMENSION_{mu} = {length}")));
    lines.push(format!("LINK_TRACE = {:.12}", observables::link_trace_over_sites(gauge)));
    lines.push(format!("PLAQUETTE = {:.12}", observables::plaquette_over_sites(gauge)));
    lines.extend((1..=4).map(|mu| format!("BOUNDARY_{mu} = PERIODIC")));
    lines.push(format!("CHECKSUM = {:x}", checksum(&data, order)));
    lines.extend(["ENSEMBLE_ID = 0", "ENSEMBLE_LABEL = instanton", "SEQUENCE_NUMBER = 0"].map(String::from));
    lines.extend(["CREATOR = instanton".to_string(), format!("FLOATING_POINT = {name}"), "END_HEADER\n".into()]);
    let header = lines.join("\n");
    let mut to = reserved(header.len() + data.len())?;
    to.extend(header.into_bytes());
    to.extend(data);
    Ok(to)
}

fn checksum(data: &[u8], order: Order) -> u32 {
    data.chunks_exact(4).fold(0u32, |sum, b| sum.wrapping_add(word(b, order)))
}

/// Refuses a link whose third row would be lost.
fn expect_third_row(link: &[f64]) -> Result<()> {
    const MOST: f64 = 1e-6;
    let mut restored = link.to_vec();
    third_row(&mut restored);
    let lost = link.iter().zip(&restored).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
    if lost <= MOST {
        return Ok(());
    }
    Err(Error::BadInput(format!("rows: expected links of SU(3) for two rows, got a third row that is off by {lost:e}")))
}

/// The third row is the conjugate of the cross product of the first two.
fn third_row(link: &mut [f64]) {
    for i in 0..3 {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        let at = |row: usize, column: usize| (link[6 * row + 2 * column], link[6 * row + 2 * column + 1]);
        let (a, b, c, d) = (at(0, j), at(1, k), at(0, k), at(1, j));
        let re = a.0 * b.0 - a.1 * b.1 - c.0 * d.0 + c.1 * d.1;
        let im = a.0 * b.1 + a.1 * b.0 - c.0 * d.1 - c.1 * d.0;
        (link[12 + 2 * i], link[13 + 2 * i]) = (re, -im);
    }
}

/// Keys in capitals with their values, and where the data start.
fn entries(head: &[u8]) -> Result<(HashMap<String, String>, usize)> {
    const END: &[u8] = b"END_HEADER";
    let (mut entries, mut start) = (HashMap::new(), 0);
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        start += line.len();
        if line.trim_ascii() == END && line.ends_with(b"\n") {
            return Ok((entries, start));
        }
        let line = String::from_utf8_lossy(line);
        if let Some((key, value)) = line.split_once('=') {
            entries.insert(key.trim().to_ascii_uppercase(), value.trim().to_string());
        }
    }
    Err(Error::BadInput(format!("header: expected END_HEADER, got none in its first {HEAD} bytes")))
}
