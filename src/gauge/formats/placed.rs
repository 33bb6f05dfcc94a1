//! Links in f64 in an order of sites and directions that is a format's own.

use super::bytes::{Order, Width, double_at, put_reals, put_words, reals, room, zeros};
use super::{Claim, Wanted};
use crate::error::Result;
use crate::gauge::field::Gauge;
use crate::gauge::observables;
use crate::lattice::Lattice;

/// Largest difference of plaquettes that are summed in another order.
const TOLERANCE: f64 = 1e-8;

/// Coordinates of all sites; `axes` from the slowest to the fastest.
pub fn coordinates(lattice: &Lattice, axes: [usize; 4]) -> impl Iterator<Item = [i64; 4]> + '_ {
    (0..lattice.volume()).map(move |n| {
        let (mut rest, mut x) = (n, [0; 4]);
        for &axis in axes.iter().rev() {
            x[axis] = (rest % lattice.extent()[axis]) as i64;
            rest /= lattice.extent()[axis];
        }
        x
    })
}

/// Whether links of four directions in f64 fill the file behind its header.
pub fn is_whole(bytes: &[u8], header: usize, extent: &[usize], reals: usize) -> bool {
    let links = extent.iter().try_fold(4 * 8 * reals, |product, &length| product.checked_mul(length));
    links.and_then(|links| links.checked_add(header)) == Some(bytes.len())
}

/// Reads links that lie at the given places, sites and directions, one after the other.
pub fn read(wanted: &Wanted, header: usize, order: Order, places: impl Iterator<Item = Place>) -> Result<Gauge> {
    let link = wanted.group.reals();
    let mut links = zeros(wanted.reals())?;
    let mut numbers = reals(&wanted.bytes[header..], Width::Double, order);
    for (site, mu) in places {
        let at = (4 * site + mu) * link;
        links[at..at + link].iter_mut().zip(&mut numbers).for_each(|(link, number)| *link = number);
    }
    Gauge::new(wanted.lattice, wanted.group, links)
}

/// The bytes of a file: whole numbers, the plaquette times `factor`, the links at the given places.
pub fn write(
    gauge: &Gauge,
    header: (&[u32], f64),
    order: Order,
    places: impl Iterator<Item = Place>,
) -> Result<Vec<u8>> {
    let (words, factor) = header;
    let mut to = room(4 * words.len() + 8 + 8 * gauge.links().len())?;
    put_words(&mut to, words.iter().copied(), order);
    put_reals(&mut to, &[factor * observables::plaquette(gauge)], Width::Double, order);
    let link = gauge.group().reals();
    for (site, mu) in places {
        let at = (4 * site + mu) * link;
        put_reals(&mut to, &gauge.links()[at..at + link], Width::Double, order);
    }
    Ok(to)
}

/// A site and a direction.
pub type Place = (usize, usize);

/// The plaquette at the end of a header, there times `factor`, against that of the field.
pub fn plaquette(wanted: &Wanted, header: usize, order: Order, factor: f64, gauge: &Gauge) -> Claim {
    let expected = double_at(wanted.bytes, header - 8, order).unwrap_or(f64::NAN) / factor;
    Claim::near("plaquette", expected, observables::plaquette(gauge), TOLERANCE)
}
