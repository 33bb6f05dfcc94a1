//! Links in f64 in an order of sites and directions that is a format's own, behind a header that ends with the
//! plaquette.
//!
//! Only the plaquette shows whether such a file is intact, so it is compared as closely as sums of doubles agree in any
//! order ([`tolerance`]). A change of one number x by δ moves the plaquette by about δ / V: an error of a
//! number below about V times the tolerance is not seen.

use super::bytes::{Order, Width, double_at, put_reals, put_words, reals, reserved, zeros};
use super::claim::Claim;
use super::format::Wanted;
use super::source::Source;
use crate::error::Result;
use crate::gauge::field::Gauge;
use crate::gauge::observables;
use crate::lattice::Lattice;

/// Layout of the numbers in a format.
pub struct Form {
    /// Bytes of the header; the last eight of them are the plaquette times `factor`.
    pub header: usize,
    /// The plaquette in the header, in units of that mean of Re tr / N.
    pub factor: f64,
    /// The mean that the header states.
    pub mean: fn(&Gauge) -> f64,
    /// Order of all bytes.
    pub order: Order,
    /// Numbers of a link in the file.
    pub stored: usize,
    /// Computes the matrix of a link from its numbers in the file.
    pub unpack: fn(&[f64], &mut [f64]),
}

impl Form {
    /// The layout that stores all numbers of each matrix.
    pub const fn of_matrices(header: usize, factor: f64, order: Order, reals: usize) -> Self {
        let (mean, unpack) =
            (observables::plaquette_over_sites, |numbers: &[f64], link: &mut [f64]| link.copy_from_slice(numbers));
        Self { header, factor, mean, order, stored: reals, unpack }
    }
}

/// The most numbers of a link.
const MOST: usize = 18;

/// Largest difference of two plaquettes that are means of the same n numbers, each to rounding, summed in any order.
///
/// Each addition rounds the sum so far at random by ε / 2 at most: a mean is then off by about ε √n / 6. This allows
/// for six times as much, and for 16 ε of rounding in each of the numbers.
pub fn tolerance(lattice: &Lattice) -> f64 {
    let planes = lattice.dimensions() * (lattice.dimensions() - 1) / 2;
    f64::EPSILON * (16.0 + ((planes * lattice.volume()) as f64).sqrt())
}

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

/// True where links of four directions, of so many bytes each, fill the file after its header.
pub fn is_whole(source: &Source, header: usize, extent: &[usize], link: usize) -> bool {
    let links = extent.iter().try_fold(4 * link as u64, |product, &length| product.checked_mul(length as u64));
    links.and_then(|links| links.checked_add(header as u64)) == Some(source.length())
}

/// Reads links that lie at the given places, sites and directions, one after the other, and the claim of the plaquette.
pub fn read(wanted: &Wanted, form: &Form, places: impl Iterator<Item = Place>) -> Result<(Gauge, Vec<Claim>)> {
    let reals_of_link = wanted.group.reals();
    let data = wanted.source.rest(form.header, 8 * wanted.links() * form.stored, "links")?;
    let mut links = zeros(wanted.reals())?;
    let mut numbers = reals(&data, Width::Double, form.order);
    let mut stored = [0.0; MOST];
    for (site, mu) in places {
        let stored = &mut stored[..form.stored];
        stored.iter_mut().zip(&mut numbers).for_each(|(to, number)| *to = number);
        let at = (4 * site + mu) * reals_of_link;
        (form.unpack)(stored, &mut links[at..at + reals_of_link]);
    }
    let gauge = Gauge::new(wanted.lattice, wanted.group, links)?;
    let expected = double_at(wanted.source.head(), form.header - 8, form.order).unwrap_or(f64::NAN) / form.factor;
    let claim = Claim::near("plaquette", expected, (form.mean)(&gauge), tolerance(wanted.lattice));
    Ok((gauge, vec![claim]))
}

/// The bytes of a file: whole numbers, the plaquette, and the numbers that `pack` makes of each link at the given
/// places.
pub fn write(
    gauge: &Gauge,
    (words, form): (&[u32], &Form),
    pack: impl Fn(&[f64], &mut [f64]),
    places: impl Iterator<Item = Place>,
) -> Result<Vec<u8>> {
    let link = gauge.group().reals();
    let mut to = reserved(form.header + 8 * gauge.links().len() / link * form.stored)?;
    put_words(&mut to, words.iter().copied(), form.order);
    put_reals(&mut to, &[form.factor * (form.mean)(gauge)], Width::Double, form.order);
    let mut stored = [0.0; MOST];
    for (site, mu) in places {
        let at = (4 * site + mu) * link;
        pack(&gauge.links()[at..at + link], &mut stored[..form.stored]);
        put_reals(&mut to, &stored[..form.stored], Width::Double, form.order);
    }
    Ok(to)
}

/// Stores all numbers of a matrix.
pub fn whole(link: &[f64], stored: &mut [f64]) {
    stored.copy_from_slice(link);
}

/// A site and a direction.
pub type Place = (usize, usize);
