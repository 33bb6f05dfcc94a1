//! The NERSC archive format: a text header, then links in the order of [`Gauge`], of which SU(3) may store two rows.
//!
//! `CHECKSUM` is the sum of the 32-bit words of the data modulo 2^32, each in the order of the data's bytes;
//! `PLAQUETTE` and `LINK_TRACE` are means over planes and links, divided by three.

use super::bytes::{Order, Width, block, finite, reals, word};
use super::{Claim, Read, Wanted, plaquette_claim};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;
use crate::gauge::observables;
use std::collections::HashMap;

/// Reads an archive.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let (header, start) = header(wanted.bytes)?;
    let get = |key: &str| {
        header.get(key).copied().ok_or_else(|| Error::BadInput(format!("header: expected {key}, got none")))
    };
    wanted.expect_group(Group::Su3)?;
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
    let (width, order) = match get("FLOATING_POINT")? {
        "IEEE32BIG" | "IEEE32" => (Width::Single, Order::Big),
        "IEEE32LITTLE" => (Width::Single, Order::Little),
        "IEEE64BIG" => (Width::Double, Order::Big),
        "IEEE64LITTLE" => (Width::Double, Order::Little),
        other => {
            let expected = "IEEE32BIG, IEEE32LITTLE, IEEE64BIG or IEEE64LITTLE";
            return Err(Error::BadInput(format!("FLOATING_POINT: expected {expected}, got {other}")));
        }
    };
    let data = block(wanted.bytes, start, wanted.links() * 6 * rows * width.bytes(), "links")?;
    let mut numbers = reals(data, width, order);
    let mut links = vec![0.0; wanted.reals()];
    for link in links.chunks_exact_mut(18) {
        link.iter_mut().take(6 * rows).zip(&mut numbers).for_each(|(x, number)| *x = number);
        if rows == 2 {
            third_row(link);
        }
    }
    let gauge = Gauge::new(wanted.lattice, wanted.group, finite(links)?)?;
    let sum = data.chunks_exact(4).fold(0u32, |sum, b| sum.wrapping_add(word(b, order)));
    let mut claims = vec![];
    if let Some(text) = header.get("CHECKSUM") {
        claims.push(Claim::exact(
            "CHECKSUM",
            text.to_lowercase().trim_start_matches("0x").trim_start_matches('0'),
            format!("{sum:x}"),
        ));
    }
    let number = |key: &str| header.get(key).and_then(|text| text.parse::<f64>().ok());
    // Headers are written by codes that round while they sum.
    let tolerance = 10.0 * width.tolerance().max(1e-9);
    claims.extend(number("PLAQUETTE").map(|p| plaquette_claim(&gauge, p, tolerance)));
    let trace = || observables::link_trace(&gauge);
    claims.extend(number("LINK_TRACE").map(|t| Claim::near("LINK_TRACE", t, trace(), tolerance)));
    Ok((gauge, claims))
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
    let pair = |line: &'_ str| line.split_once('=').is_some();
    let lines = text.lines().filter(|line| pair(line));
    let pairs = lines.filter_map(|line| line.split_once('=')).map(|(key, value)| (key.trim(), value.trim()));
    Ok((pairs.collect(), end + END.len()))
}
