//! openQCD export: SU(3) on four even extents, little endian.
//!
//! i32 T X Y Z, f64 3 x plaquette, then links in f64: for each odd site, t slowest and z fastest, the eight links
//! U_mu(x), U_mu(x - mu) for mu = t, x, y, z. The header has the form of DDalphaAMG's; the plaquettes distinguish them. Fields
//! with an open boundary (openQCD's type 0) have zeros for the links in direction t that leave the last slice; the plaquette is
//! the sum over all there are, divided by 6 T X Y Z as on periodic lattices.

use super::bytes::{Order, Width, extent_words, word_at};
use super::format::{Encoding, Header, Read, Wanted};
use super::placed::{self, Form, Place};
use super::source::Source;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::Group;
use crate::lattice::Lattice;

const FORM: Form = Form::of_matrices(24, 3.0, Order::Little, 18);
const AXES: [usize; 4] = [3, 0, 1, 2];

/// The field that such a header describes; None where the file has not the length that follows from it.
pub(super) fn header(source: &Source) -> Option<Result<Header>> {
    let number = |place: usize| word_at(source.head(), 4 * place, Order::Little).map(|n| n as usize);
    let extent = [number(1)?, number(2)?, number(3)?, number(0)?];
    placed::is_whole(source, FORM.header, &extent, 8 * FORM.stored).then(|| {
        let (group, width, bytes) = (Some(Group::Su3), Some(Width::Double), source.length() - FORM.header as u64);
        Ok(Header { group, extent: Some(extent.into()), width, bytes })
    })
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
    expect_even(wanted.lattice)?;
    placed::read(wanted, &FORM, places(wanted.lattice))
}

/// The bytes of a file.
pub(super) fn write(gauge: &Gauge, _: &Encoding) -> Result<Vec<u8>> {
    expect_even(gauge.lattice())?;
    let lengths = extent_words(&AXES.map(|mu| gauge.lattice().extent()[mu]))?;
    placed::write(gauge, (&lengths, &FORM), placed::whole, places(gauge.lattice()))
}
