//! openQCD export: SU(3) on four even extents, little endian.
//!
//! i32 T X Y Z, f64 3 x plaquette, then links in f64: for each odd site, t slowest and z fastest, the eight links
//! U_mu(x), U_mu(x - mu) for mu = t, x, y, z. The header has the form of DDalphaAMG's; the plaquettes tell them apart.

use super::bytes::{Order, extent_words, word_at};
use super::placed::{self, Place};
use super::{Encoding, Read, Wanted};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;
use crate::lattice::Lattice;

const HEADER: usize = 24;
const AXES: [usize; 4] = [3, 0, 1, 2];

/// True for files with such a header and of the length that it tells.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    header(bytes).is_some()
}

/// Extents x y z t.
fn header(bytes: &[u8]) -> Option<[usize; 4]> {
    let number = |place: usize| word_at(bytes, 4 * place, Order::Little).map(|n| n as usize);
    let extent = [number(1)?, number(2)?, number(3)?, number(0)?];
    placed::is_whole(bytes, HEADER, &extent, Group::Su3.reals()).then_some(extent)
}

fn places(lattice: &Lattice) -> impl Iterator<Item = Place> + '_ {
    let odd = placed::coordinates(lattice, AXES).filter(|x| x.iter().sum::<i64>() % 2 == 1);
    odd.flat_map(|x| AXES.map(|mu| (x, mu))).flat_map(|(x, mu)| {
        let mut back = x;
        back[mu] -= 1;
        [x, back].map(|x| (lattice.site(&x), mu))
    })
}

/// Only on even extents do the links of the odd sites make up all links.
fn expect_even(lattice: &Lattice) -> Result<()> {
    if lattice.is_bipartite() {
        return Ok(());
    }
    Err(Error::BadShape(format!("lattice: expected even extents, got {}", lattice.shape())))
}

/// Reads a file.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    let whole = || Error::BadInput("header: expected T X Y Z and a length that fits it, got another".into());
    wanted.expect_extent(&header(wanted.bytes).ok_or_else(whole)?)?;
    expect_even(wanted.lattice)?;
    let gauge = placed::read(wanted, HEADER, Order::Little, places(wanted.lattice))?;
    let claim = placed::plaquette(wanted, HEADER, Order::Little, 3.0, &gauge);
    Ok((gauge, vec![claim]))
}

/// The bytes of a file.
pub(super) fn write(gauge: &Gauge, encoding: &Encoding) -> Result<Vec<u8>> {
    expect_even(gauge.lattice())?;
    let lengths = extent_words(&AXES.map(|mu| gauge.lattice().extent()[mu]))?;
    placed::write(gauge, (&lengths, 3.0), encoding.order, places(gauge.lattice()))
}
