//! MILC version 5: header, then links in f32 in the order of [`Gauge`], all in the byte order of the machine that wrote.
//!
//! i32 20103, i32 extents x y z t, 64 bytes of a time stamp, i32 order (0: natural), u32 sum29, u32 sum31; the sums are
//! the xor of the data's 32-bit words, word n rotated left by n mod 29 and n mod 31. SU(3) in four dimensions.

use super::bytes::{Order, Width, all_reals, block, extent_words, put_reals, put_words, room, word, word_at};
use super::{Claim, Encoding, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;

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
    let extent: Vec<usize> = (0..4).map(|mu| at(4 + 4 * mu).map(|n| n as usize)).collect::<Result<_>>()?;
    wanted.expect_extent(&extent)?;
    let natural = at(84)?;
    if natural != 0 {
        return Err(Error::Unsupported(format!("order: expected 0 (natural order of the sites), got {natural}")));
    }
    let expected = Sums(at(88)?, at(92)?);
    let data = block(bytes, HEADER, 4 * wanted.reals(), "links")?;
    let claim = Claim::exact("checksum", expected.text(), Sums::of(data, order).text());
    Ok((Gauge::new(wanted.lattice, wanted.group, all_reals(data, Width::Single, order)?)?, vec![claim]))
}

/// The bytes of a file.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    const STAMP: &[u8] = b"instanton";
    let mut links = room(4 * gauge.links().len())?;
    put_reals(&mut links, gauge.links(), encoding.width, encoding.order);
    let Sums(sum29, sum31) = Sums::of(&links, encoding.order);
    let mut to = room(HEADER + links.len())?;
    put_words(&mut to, [MAGIC], encoding.order);
    put_words(&mut to, extent_words(gauge.lattice().extent())?, encoding.order);
    to.extend(STAMP);
    to.resize(84, 0);
    put_words(&mut to, [0, sum29, sum31], encoding.order);
    to.extend(links);
    Ok(to)
}

struct Sums(u32, u32);

impl Sums {
    fn of(data: &[u8], order: Order) -> Self {
        let mut sums = Sums(0, 0);
        for (n, b) in data.chunks_exact(4).enumerate() {
            let word = word(b, order);
            sums.0 ^= word.rotate_left((n % 29) as u32);
            sums.1 ^= word.rotate_left((n % 31) as u32);
        }
        sums
    }

    fn text(&self) -> String {
        format!("{:x} {:x}", self.0, self.1)
    }
}
