//! MILC's old format, versions 1 to 4: header, then links in f32 in the order of [`Gauge`], all in the byte order of
//! the machine that wrote.
//!
//! i32 59354, i32 extents x y z t, two f32 parameters of the run. There is no checksum. Machines with integers of 64
//! bits wrote magic number and extents in 64 bits, big endian; such files are read. SU(3) in four dimensions.

use super::bytes::{Order, Width, all_reals, extent_words, put_reals, put_words, reserved, word_at};
use super::format::{Encoding, Header, Read, Wanted};
use super::placed::is_whole;
use super::source::Source;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::Group;

const MAGIC: u32 = 59354;

/// Magic number and extents in words of 4 or 8 bytes, then two parameters of 4.
struct Prologue {
    order: Order,
    extent: [usize; 4],
    length: usize,
}

impl Prologue {
    /// The prologue of a file, if the length of the file agrees with it.
    fn of(source: &Source) -> Option<Self> {
        let forms = [(Order::Little, 4), (Order::Big, 4), (Order::Big, 8)];
        let known = |(order, bytes): (Order, usize)| {
            // The first half of a long word, big endian, is zero.
            let word = |n: usize| word_at(source.head(), n * bytes + bytes - 4, order).map(|word| word as usize);
            let halves = (0..5).all(|n| bytes == 4 || word_at(source.head(), n * bytes, order) == Some(0));
            if !halves || word(0)? != MAGIC as usize {
                return None;
            }
            let (extent, length) = ([word(1)?, word(2)?, word(3)?, word(4)?], 5 * bytes + 8);
            is_whole(source, length, &extent, Group::Su3.reals() * Width::Single.bytes()).then_some(Self {
                order,
                extent,
                length,
            })
        };
        forms.into_iter().find_map(known)
    }
}

/// The field that the header describes, if the length of the file agrees with it.
pub(super) fn header(source: &Source) -> Option<Result<Header>> {
    let Prologue { extent, length, .. } = Prologue::of(source)?;
    let (group, width, bytes) = (Some(Group::Su3), Some(Width::Single), source.length() - length as u64);
    Some(Ok(Header { group, extent: Some(extent.into()), width, bytes }))
}

/// Reads a file.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let other = || Error::BadInput(format!("header: expected {MAGIC} x y z t and a length that fits it, got another"));
    let Prologue { order, length, .. } = Prologue::of(wanted.source).ok_or_else(other)?;
    let data = wanted.source.rest(length, 4 * wanted.reals(), "links")?;
    Ok((Gauge::new(wanted.lattice, wanted.group, all_reals(&data, Width::Single, order)?)?, vec![]))
}

/// The bytes of a file; both parameters of the run are 0.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    let mut to = reserved(28 + 4 * gauge.links().len())?;
    put_words(&mut to, [MAGIC], encoding.order);
    put_words(&mut to, extent_words(gauge.lattice().extent())?, encoding.order);
    put_words(&mut to, [0, 0], encoding.order);
    put_reals(&mut to, gauge.links(), encoding.width, encoding.order);
    Ok(to)
}
