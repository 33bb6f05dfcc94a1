//! MILC version 5: header, then links in f32 in the order of [`Gauge`], all in the byte order of the machine that
//! wrote.
//!
//! i32 20103, i32 extents x y z t, 64 bytes of a time stamp, i32 order (0: natural), u32 sum29, u32 sum31; the sums are
//! the xor of the data's 32-bit words, word n rotated left by n mod 29 and n mod 31. SU(3) in four dimensions.

use super::bytes::{Order, Width, all_reals, extent_words, put_reals, put_words, reserved, word, word_at};
use super::claim::Claim;
use super::format::{Encoding, Header, Read, Wanted};
use super::source::Source;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::Group;

const MAGIC: u32 = 20103;
const HEADER: usize = 96;

fn order(head: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|&order| word_at(head, 0, order) == Some(MAGIC))
}

/// The word at an offset of the header.
fn at(head: &[u8], place: usize, order: Order) -> Result<u32> {
    let short = || Error::BadInput(format!("header: expected {HEADER} bytes, got {}", head.len()));
    word_at(head, place, order).ok_or_else(short)
}

/// The field that the header describes.
pub(super) fn header(source: &Source) -> Option<Result<Header>> {
    let (head, order) = (source.head(), order(source.head())?);
    let extent: Result<Vec<usize>> = (0..4).map(|mu| at(head, 4 + 4 * mu, order).map(|n| n as usize)).collect();
    let bytes = source.length().saturating_sub(HEADER as u64);
    let (group, width) = (Some(Group::Su3), Some(Width::Single));
    Some(extent.map(|extent| Header { group, extent: Some(extent), width, bytes }))
}

/// Reads a file.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let head = wanted.source.head();
    let other = || Error::BadInput(format!("header: expected the magic number {MAGIC}, got another"));
    let order = order(head).ok_or_else(other)?;
    let natural = at(head, 84, order)?;
    if natural != 0 {
        return Err(Error::Unsupported(format!("order: expected 0 (natural order of the sites), got {natural}")));
    }
    let expected = Sums(at(head, 88, order)?, at(head, 92, order)?);
    let data = wanted.source.rest(HEADER, 4 * wanted.reals(), "links")?;
    let claim = Claim::exact("checksum", expected.text(), Sums::of(&data, order).text());
    Ok((Gauge::new(wanted.lattice, wanted.group, all_reals(&data, Width::Single, order)?)?, vec![claim]))
}

/// The bytes of a file.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    const STAMP: &[u8] = b"instanton";
    let mut links = reserved(4 * gauge.links().len())?;
    put_reals(&mut links, gauge.links(), encoding.width, encoding.order);
    let Sums(sum29, sum31) = Sums::of(&links, encoding.order);
    let mut to = reserved(HEADER + links.len())?;
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
