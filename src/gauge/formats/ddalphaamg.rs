//! DDalphaAMG: SU(3) in four dimensions, little endian.
//!
//! i32 T Z Y X, f64 3 x plaquette, then links in f64: sites with x fastest, directions t, z, y, x. The header has the
//! form of openQCD's; the plaquettes distinguish them.

use super::bytes::{Order, Width, extent_words, word_at};
use super::format::{Encoding, Header, Read, Wanted};
use super::placed::{self, Form, Place};
use super::source::Source;
use crate::error::Result;
use crate::gauge::field::Gauge;
use crate::group::Group;
use crate::lattice::Lattice;

const FORM: Form = Form::of_matrices(24, 3.0, Order::Little, 18);
const AXES: [usize; 4] = [3, 2, 1, 0];

/// The field that such a header describes; None where the file has not the length that follows from it.
pub(super) fn header(source: &Source) -> Option<Result<Header>> {
    let number = |place: usize| word_at(source.head(), 4 * place, Order::Little).map(|n| n as usize);
    let extent = [number(3)?, number(2)?, number(1)?, number(0)?];
    placed::is_whole(source, FORM.header, &extent, 8 * FORM.stored).then(|| {
        let (group, width, bytes) = (Some(Group::Su3), Some(Width::Double), source.length() - FORM.header as u64);
        Ok(Header { group, extent: Some(extent.into()), width, bytes })
    })
}

fn places(lattice: &Lattice) -> impl Iterator<Item = Place> + '_ {
    placed::coordinates(lattice, AXES).flat_map(|x| AXES.map(|mu| (lattice.site(&x), mu)))
}

/// Reads a file.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    placed::read(wanted, &FORM, places(wanted.lattice))
}

/// The bytes of a file.
pub(super) fn write(gauge: &Gauge, _: &Encoding) -> Result<Vec<u8>> {
    let lengths = extent_words(&AXES.map(|mu| gauge.lattice().extent()[mu]))?;
    placed::write(gauge, (&lengths, &FORM), placed::whole, places(gauge.lattice()))
}
