//! HiRep: SU(2) and SU(3) in four dimensions, big endian.
//!
//! i32 N T X Y Z, f64 plaquette, then links in f64: sites with t slowest and z fastest, directions t, x, y, z.

use super::bytes::{Order, extent_words, word_at};
use super::placed::{self, Place};
use super::{Encoding, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;
use crate::lattice::Lattice;

const HEADER: usize = 28;
const AXES: [usize; 4] = [3, 0, 1, 2];

/// True for files with such a header and of the length that it tells.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    header(bytes).is_some()
}

/// Group and extents x y z t.
fn header(bytes: &[u8]) -> Option<(Group, [usize; 4])> {
    let number = |place: usize| word_at(bytes, 4 * place, Order::Big).map(|n| n as usize);
    let colours = number(0)?;
    let group = [Group::Su2, Group::Su3].into_iter().find(|group| group.colours() == colours)?;
    let extent = [number(2)?, number(3)?, number(4)?, number(1)?];
    placed::is_whole(bytes, HEADER, &extent, group.reals()).then_some((group, extent))
}

fn places(lattice: &Lattice) -> impl Iterator<Item = Place> + '_ {
    placed::coordinates(lattice, AXES).flat_map(|x| AXES.map(|mu| (lattice.site(&x), mu)))
}

/// Reads a file.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let whole = || Error::BadInput("header: expected N T X Y Z and a length that fits it, got another".into());
    let (group, extent) = header(wanted.bytes).ok_or_else(whole)?;
    wanted.expect_group(group)?;
    wanted.expect_extent(&extent)?;
    let gauge = placed::read(wanted, HEADER, Order::Big, places(wanted.lattice))?;
    let claim = placed::plaquette(wanted, HEADER, Order::Big, 1.0, &gauge);
    Ok((gauge, vec![claim]))
}

/// The bytes of a file.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    let lengths = extent_words(&AXES.map(|mu| gauge.lattice().extent()[mu]))?;
    let words: Vec<u32> = [gauge.group().colours() as u32].into_iter().chain(lengths).collect();
    placed::write(gauge, (&words, 1.0), encoding.order, places(gauge.lattice()))
}
