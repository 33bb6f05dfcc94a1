//! HiRep: SU(2) and SU(3) in four dimensions, big endian.
//!
//! i32 N T X Y Z, f64 plaquette, then links in f64: sites with t slowest and z fastest, directions t, x, y, z. Links of
//! SU(2) are matrices, or quaternions q of four numbers, as HiRep writes them:
//!
//! ```text
//!     U = |  q0 + i q3   -q2 + i q1 |
//!         |  q2 + i q1    q0 - i q3 |
//! ```
//!
//! Fields with an open boundary have zeros for the links in direction t that leave the last slice, and a plaquette with weight
//! 1/2 in the planes of the first and the last slice, over 6 X Y Z (T − 1): that of HiRep with its usual weights.

use super::bytes::{Order, Width, extent_words, word_at, zeros};
use super::format::{Encoding, Header, Read, Wanted};
use super::placed::{self, Form, Place};
use super::source::Source;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::observables::weighted_plaquette;
use crate::group::Group;
use crate::lattice::Lattice;

const AXES: [usize; 4] = [3, 0, 1, 2];
const HEADER: usize = 28;
const QUATERNIONS: Form =
    Form { header: HEADER, factor: 1.0, mean: weighted_plaquette, order: Order::Big, stored: 4, unpack };

fn matrices(group: Group) -> Form {
    Form { mean: weighted_plaquette, ..Form::of_matrices(HEADER, 1.0, Order::Big, group.reals()) }
}

/// The field of such a header before matrices; None where the file has not the length that follows from it.
pub(super) fn header(source: &Source) -> Option<Result<Header>> {
    [Group::Su2, Group::Su3].into_iter().find_map(|group| header_of(source, group, &matrices(group)))
}

/// The field of such a header before quaternions; None where the file has not the length that follows from it.
pub(super) fn header_of_quaternions(source: &Source) -> Option<Result<Header>> {
    header_of(source, Group::Su2, &QUATERNIONS)
}

fn header_of(source: &Source, group: Group, form: &Form) -> Option<Result<Header>> {
    let number = |place: usize| word_at(source.head(), 4 * place, Order::Big).map(|n| n as usize);
    let extent = [number(2)?, number(3)?, number(4)?, number(1)?];
    let fits = number(0)? == group.colours() && placed::is_whole(source, HEADER, &extent, 8 * form.stored);
    fits.then(|| {
        let (width, bytes) = (Some(Width::Double), source.length() - HEADER as u64);
        Ok(Header { group: Some(group), extent: Some(extent.into()), width, bytes })
    })
}

fn places(lattice: &Lattice) -> impl Iterator<Item = Place> + '_ {
    placed::coordinates(lattice, AXES).flat_map(|x| AXES.map(|mu| (lattice.site(&x), mu)))
}

/// Reads a file of matrices.
pub(super) fn read(wanted: &Wanted) -> Result<Read> {
    placed::read(wanted, &matrices(wanted.group), places(wanted.lattice))
}

/// Reads a file of quaternions.
pub(super) fn read_quaternions(wanted: &Wanted) -> Result<Read> {
    placed::read(wanted, &QUATERNIONS, places(wanted.lattice))
}

fn words(gauge: &Gauge) -> Result<Vec<u32>> {
    let lengths = extent_words(&AXES.map(|mu| gauge.lattice().extent()[mu]))?;
    Ok([gauge.group().colours() as u32].into_iter().chain(lengths).collect())
}

/// The bytes of a file of matrices.
pub(super) fn write(gauge: &Gauge, _: &Encoding) -> Result<Vec<u8>> {
    placed::write(gauge, (&words(gauge)?, &matrices(gauge.group())), placed::whole, places(gauge.lattice()))
}

/// The bytes of a file of quaternions. Errors: `BadInput` for links that are no quaternions.
pub(super) fn write_quaternions(gauge: &Gauge, _: &Encoding) -> Result<Vec<u8>> {
    // The plaquette in the header is that of the quaternions, as a reader finds it.
    let mut kept = zeros(gauge.links().len())?;
    for (link, kept) in gauge.links().chunks_exact(8).zip(kept.chunks_exact_mut(8)) {
        let mut q = [0.0; 4];
        pack(link, &mut q);
        unpack(&q, kept);
        expect_kept(link, kept)?;
    }
    let kept = Gauge::new(gauge.lattice(), gauge.group(), kept)?;
    placed::write(&kept, (&words(gauge)?, &QUATERNIONS), pack, places(gauge.lattice()))
}

fn unpack(q: &[f64], link: &mut [f64]) {
    link.copy_from_slice(&[q[0], q[3], -q[2], q[1], q[2], q[1], q[0], -q[3]]);
}

fn pack(u: &[f64], q: &mut [f64]) {
    q.copy_from_slice(&[u[0] + u[6], u[3] + u[5], u[4] - u[2], u[1] - u[7]].map(|x| 0.5 * x));
}

/// Refuses a link that is not the matrix of its four numbers.
fn expect_kept(link: &[f64], kept: &[f64]) -> Result<()> {
    const MOST: f64 = 1e-6;
    let lost = link.iter().zip(kept).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
    if lost <= MOST {
        return Ok(());
    }
    Err(Error::BadInput(format!("links: expected links of SU(2) for quaternions, got one that is off by {lost:e}")))
}
