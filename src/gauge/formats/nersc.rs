//! The NERSC archive format: a text header, then links in the order of [`Gauge`], of which SU(3) may store two rows.
//!
//! `CHECKSUM` is the sum of the 32-bit words of the data modulo 2^32, each in the order of the data's bytes;
//! `PLAQUETTE` and `LINK_TRACE` are means over planes and links, divided by three. SU(3) in four dimensions.

use super::bytes::{Order, Width, block, put_reals, reals, room, word, zeros};
use super::{Claim, Encoding, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::observables;
use std::collections::HashMap;

/// What `FLOATING_POINT` says; the first of two names is written.
const NUMBERS: [(&str, Width, Order); 5] = [
    ("IEEE32BIG", Width::Single, Order::Big),
    ("IEEE32", Width::Single, Order::Big),
    ("IEEE32LITTLE", Width::Single, Order::Little),
    ("IEEE64BIG", Width::Double, Order::Big),
    ("IEEE64LITTLE", Width::Double, Order::Little),
];

/// True for files that begin as such do.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BEGIN_HEADER")
}

/// Reads an archive.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let (header, start) = header(wanted.bytes)?;
    let get = |key: &str| {
        header.get(key).copied().ok_or_else(|| Error::BadInput(format!("header: expected {key}, got none")))
    };
    let length = |key: &str| -> Result<usize> {
        let text = get(key)?;
        text.parse().map_err(|_| Error::BadInput(format!("{key}: expected a number, got {text}")))
    };
    let keys = ["DIMENSION_1", "DIMENSION_2", "DIMENSION_3", "DIMENSION_4"];
    wanted.expect_extent(&keys.map(length).into_iter().collect::<Result<Vec<_>>>()?)?;
    let rows = match get("DATATYPE")? {
        "4D_SU3_GAUGE" => 2,
        "4D_SU3_GAUGE_3x3" | "4D_SU3_GAUGE_3X3" => 3,
        other => {
            let expected = "4D_SU3_GAUGE or 4D_SU3_GAUGE_3x3";
            return Err(Error::BadInput(format!("DATATYPE: expected {expected}, got {other}")));
        }
    };
    let name = get("FLOATING_POINT")?;
    let Some(&(_, width, order)) = NUMBERS.iter().find(|numbers| numbers.0 == name) else {
        let expected = NUMBERS.map(|numbers| numbers.0).join(" or ");
        return Err(Error::BadInput(format!("FLOATING_POINT: expected {expected}, got {name}")));
    };
    let data = block(wanted.bytes, start, wanted.links() * 6 * rows * width.bytes(), "links")?;
    let mut numbers = reals(data, width, order);
    let mut links = zeros(wanted.reals())?;
    for link in links.chunks_exact_mut(18) {
        link.iter_mut().take(6 * rows).zip(&mut numbers).for_each(|(x, number)| *x = number);
        if rows == 2 {
            third_row(link);
        }
    }
    let gauge = Gauge::new(wanted.lattice, wanted.group, links)?;
    let mut claims = vec![];
    if let Some(text) = header.get("CHECKSUM") {
        let digits = text.trim_start_matches("0x").trim_start_matches("0X");
        let expected = u32::from_str_radix(digits, 16)
            .map_err(|_| Error::BadInput(format!("CHECKSUM: expected a hexadecimal number, got {text}")))?;
        claims.push(Claim::exact("CHECKSUM", format!("{expected:x}"), format!("{:x}", checksum(data, order))));
    }
    // Headers are written by codes that round while they sum.
    let tolerance = if width == Width::Single { 1e-5 } else { 1e-8 };
    let observed = [
        ("PLAQUETTE", observables::plaquette as fn(&Gauge) -> f64),
        ("LINK_TRACE", observables::link_trace as fn(&Gauge) -> f64),
    ];
    for (key, observable) in observed {
        if let Some(text) = header.get(key) {
            let expected =
                text.parse().map_err(|_| Error::BadInput(format!("{key}: expected a number, got {text}")))?;
            claims.push(Claim::near(key, expected, observable(&gauge), tolerance));
        }
    }
    Ok((gauge, claims))
}

/// The bytes of an archive.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    let &Encoding { width, order, rows } = encoding;
    let mut data = room(gauge.links().len() / 3 * rows * width.bytes())?;
    for link in gauge.links().chunks_exact(18) {
        put_reals(&mut data, &link[..6 * rows], width, order);
        if rows == 2 {
            expect_third_row(link)?;
        }
    }
    let name = NUMBERS.iter().find(|numbers| (numbers.1, numbers.2) == (width, order)).map_or("", |numbers| numbers.0);
    let mut lines = vec![
        "BEGIN_HEADER".to_string(),
        "HDR_VERSION = 1.0".into(),
        format!("DATATYPE = 4D_SU3_GAUGE{}", if rows == 3 { "_3x3" } else { "" }),
        "STORAGE_FORMAT = 1.0".into(),
    ];
    lines.extend(gauge.lattice().extent().iter().zip(1..).map(|(length, mu)| format!("DIMENSION_{mu} = {length}")));
    lines.push(format!("LINK_TRACE = {:.12}", observables::link_trace(gauge)));
    lines.push(format!("PLAQUETTE = {:.12}", observables::plaquette(gauge)));
    lines.extend((1..=4).map(|mu| format!("BOUNDARY_{mu} = PERIODIC")));
    lines.push(format!("CHECKSUM = {:x}", checksum(&data, order)));
    lines.extend(["ENSEMBLE_ID = 0", "ENSEMBLE_LABEL = instanton", "SEQUENCE_NUMBER = 0"].map(String::from));
    lines.extend(["CREATOR = instanton".to_string(), format!("FLOATING_POINT = {name}"), "END_HEADER\n".into()]);
    let header = lines.join("\n");
    let mut to = room(header.len() + data.len())?;
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

/// Keys and values, and where the data start.
fn header(bytes: &[u8]) -> Result<(HashMap<&str, &str>, usize)> {
    const END: &[u8] = b"END_HEADER\n";
    const LONGEST: usize = 1 << 16;
    let head = &bytes[..bytes.len().min(LONGEST)];
    let end = head
        .windows(END.len())
        .position(|w| w == END)
        .ok_or_else(|| Error::BadInput("header: expected END_HEADER, got none in its first 65536 bytes".into()))?;
    let text = std::str::from_utf8(&head[..end])
        .map_err(|_| Error::BadInput("header: expected text, got other bytes".into()))?;
    let pairs = text.lines().filter_map(|line| line.split_once('=')).map(|(key, value)| (key.trim(), value.trim()));
    Ok((pairs.collect(), end + END.len()))
}
