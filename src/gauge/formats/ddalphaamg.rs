//! DDalphaAMG: SU(3) in four dimensions, little endian.
//!
//! i32 T Z Y X, f64 3 x plaquette, then links in f64: sites with x fastest, directions t, z, y, x. The header has the
//! form of openQCD's; the plaquettes tell them apart.

use super::bytes::{Order, extent_words, word_at};
use super::placed::{self, Place};
use super::{Encoding, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;
use crate::lattice::Lattice;

const HEADER: usize = 24;
const AXES: [usize; 4] = [3, 2, 1, 0];

/// True for files with such a header and of the length that it tells.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    header(bytes).is_some()
}

/// Extents x y z t.
fn header(bytes: &[u8]) -> Option<[usize; 4]> {
    let number = |place: usize| word_at(bytes, 4 * place, Order::Little).map(|n| n as usize);
    let extent = [number(3)?, number(2)?, number(1)?, number(0)?];
    placed::is_whole(bytes, HEADER, &extent, Group::Su3.reals()).then_some(extent)
}

fn places(lattice: &Lattice) -> impl Iterator<Item = Place> + '_ {
    placed::coordinates(lattice, AXES).flat_map(|x| AXES.map(|mu| (lattice.site(&x), mu)))
}

/// Reads a file.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let whole = || Error::BadInput("header: expected T Z Y X and a length that fits it, got another".into());
    wanted.expect_extent(&header(wanted.bytes).ok_or_else(whole)?)?;
    let gauge = placed::read(wanted, HEADER, Order::Little, places(wanted.lattice))?;
    let claim = placed::plaquette(wanted, HEADER, Order::Little, 3.0, &gauge);
    Ok((gauge, vec![claim]))
}

/// The bytes of a file.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    let lengths = extent_words(&AXES.map(|mu| gauge.lattice().extent()[mu]))?;
    placed::write(gauge, (&lengths, 3.0), encoding.order, places(gauge.lattice()))
}
