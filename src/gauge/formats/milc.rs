//! MILC version 5: header, then links in f32 in the order of [`Gauge`], all in the byte order of the machine that wrote.
//!
//! i32 20103, i32 extents x y z t, 64 bytes of a time stamp, i32 order (0: natural), u32 sum29, u32 sum31; the sums are
//! the xor of the data's 32-bit words, word n rotated left by n mod 29 and n mod 31.

use super::bytes::{Order, Width, block, finite, reals, word, word_at};
use super::{Claim, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;

const MAGIC: u32 = 20103;
const HEADER: usize = 96;

fn order(bytes: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|&order| word_at(bytes, 0, order) == Some(MAGIC))
}

/// True for files that begin as such do.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    order(bytes).is_some()
}

/// Reads a file.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let bytes = wanted.bytes;
    let short = || Error::BadInput(format!("header: expected {HEADER} bytes, got {}", bytes.len()));
    let order = order(bytes).ok_or_else(short)?;
    let at = |place: usize| word_at(bytes, place, order).ok_or_else(short);
    wanted.expect_group(Group::Su3)?;
    let extent: Vec<usize> = (0..4).map(|mu| at(4 + 4 * mu).map(|n| n as usize)).collect::<Result<_>>()?;
    wanted.expect_extent(&extent)?;
    let natural = at(84)?;
    if natural != 0 {
        return Err(Error::Unsupported(format!("order: expected 0 (natural order of the sites), got {natural}")));
    }
    let expected = Sums(at(88)?, at(92)?);
    let data = block(bytes, HEADER, 4 * wanted.reals(), "links")?;
    let mut sums = Sums(0, 0);
    for (n, b) in data.chunks_exact(4).enumerate() {
        let word = word(b, order);
        sums.0 ^= word.rotate_left((n % 29) as u32);
        sums.1 ^= word.rotate_left((n % 31) as u32);
    }
    let links = finite(reals(data, Width::Single, order).collect())?;
    let claim = Claim::exact("checksum", expected.text(), sums.text());
    Ok((Gauge::new(wanted.lattice, wanted.group, links)?, vec![claim]))
}

struct Sums(u32, u32);

impl Sums {
    fn text(&self) -> String {
        format!("{:x} {:x}", self.0, self.1)
    }
}
