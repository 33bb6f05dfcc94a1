//! Absent links of fields with an open boundary: those of the last direction that leave its last slice.
//!
//! A field is open where all of them are exactly zero. They have no momenta, nothing moves them, and all loops through them
//! vanish; no other link may be zero. M. Lüscher and S. Schaefer, JHEP 07 (2011) 036, arXiv:1105.4749.

use crate::group::{Group, farther_than, farthest};
use crate::lattice::Lattice;
use std::ops::Range;

/// Sites of the first and of the last slice of the last direction.
pub fn boundary_slices(lattice: &Lattice) -> [Range<usize>; 2] {
    let (volume, slice) = (lattice.volume(), slice(lattice));
    [0..slice, volume - slice..volume]
}

/// Sites in a slice of the last direction.
pub fn slice(lattice: &Lattice) -> usize {
    lattice.volume() / lattice.extent()[lattice.dimensions() - 1]
}

/// True for an absent link, by its number: site times dimensions, plus direction.
pub fn is_absent(lattice: &Lattice, link: usize) -> bool {
    let d = lattice.dimensions();
    link % d == d - 1 && link / d >= lattice.volume() - slice(lattice)
}

/// The numbers of each absent link, in a field with `reals` numbers in each link.
fn absent(lattice: &Lattice, reals: usize) -> impl Iterator<Item = Range<usize>> {
    let (d, [_, last]) = (lattice.dimensions(), boundary_slices(lattice));
    last.map(move |site| ((site + 1) * d - 1) * reals..(site + 1) * d * reals)
}

/// The numbers of the links that are not absent, in ranges.
fn present(lattice: &Lattice, reals: usize) -> impl Iterator<Item = Range<usize>> {
    let (d, [_, last]) = (lattice.dimensions(), boundary_slices(lattice));
    let bulk = 0..last.start * d * reals;
    std::iter::once(bulk).chain(last.map(move |site| site * d * reals..((site + 1) * d - 1) * reals))
}

/// True where all numbers are zero.
pub fn is_zero(numbers: &[f64]) -> bool {
    numbers.iter().all(|&x| x == 0.0)
}

/// True where all absent links of a field are exactly zero.
pub fn is_open(lattice: &Lattice, group: Group, links: &[f64]) -> bool {
    absent(lattice, group.reals()).all(|range| is_zero(&links[range]))
}

/// Sets the absent links of a field, or what belongs to them in momenta, to zero.
pub fn clear_absent(lattice: &Lattice, group: Group, links: &mut [f64]) {
    absent(lattice, group.reals()).for_each(|range| links[range].fill(0.0));
}

/// The largest distance of a link from the group, and the first link that has it; NaN counts as largest. The absent links of
/// an open field count as in the group.
pub fn farthest_present(lattice: &Lattice, group: Group, links: &[f64]) -> (f64, usize) {
    let found = farthest(group, links);
    if found.0 <= 0.5 || !is_open(lattice, group, links) {
        return found;
    }
    let search = |range: Range<usize>| among(farthest(group, &links[range.clone()]), range, group);
    present(lattice, group.reals()).filter(|range| !range.is_empty()).map(search).fold((0.0, 0), worse)
}

/// The link farthest from the group, where it is farther than a distance; not an absent link of an open field.
pub fn farther_present(distance: f64, lattice: &Lattice, group: Group, links: &[f64]) -> Option<(f64, usize)> {
    let found = farther_than(distance, group, links)?;
    if !is_open(lattice, group, links) {
        return Some(found);
    }
    let search = |range: Range<usize>| {
        farther_than(distance, group, &links[range.clone()]).map(|found| among(found, range, group))
    };
    present(lattice, group.reals()).filter(|range| !range.is_empty()).filter_map(search).reduce(worse)
}

/// A link that was found in a range of numbers, as one of the whole field.
fn among((distance, link): (f64, usize), range: Range<usize>, group: Group) -> (f64, usize) {
    (distance, link + range.start / group.reals())
}

fn worse(a: (f64, usize), b: (f64, usize)) -> (f64, usize) {
    if b.0 > a.0 || (b.0.is_nan() && !a.0.is_nan()) { b } else { a }
}

#[cfg(test)]
mod tests {
    use crate::gauge::{Gauge, Group, Matrix};
    use crate::lattice::Lattice;
    use crate::random::{Purpose, Stream};

    /// An open field is in its group, whatever else is not is found, and projections leave its absent links zero.
    #[test]
    fn absent_links_are_those_that_leave_the_last_slice() {
        for extent in [&[4, 3][..], &[2, 3, 4], &[2, 3, 2, 2]] {
            let (lattice, d) = (Lattice::new(extent).unwrap(), extent.len());
            let mut gauge = Gauge::random(&lattice, Group::Su3, &mut Stream::new(1, Purpose::Start, 3)).unwrap();
            assert!(!gauge.is_open() && gauge.worst_link().0 < 1e-13);
            gauge.open();
            assert!(gauge.is_open() && gauge.worst_link().0 < 1e-13);
            for site in 0..lattice.volume() {
                let is_last = lattice.coordinate(site, d - 1) == extent[d - 1] - 1;
                for mu in 0..d {
                    let is_zero = gauge.link::<3>(site, mu) == Matrix::ZERO;
                    assert_eq!(is_zero, is_last && mu == d - 1, "{extent:?}: {site} {mu}");
                }
            }
            let mut again = gauge.clone();
            again.project(0.0);
            again.project_polar().unwrap();
            assert!(again.is_open() && again.worst_link().0 < 1e-13);
            // Another zero link is none of the group.
            for (site, mu) in [(0, d - 1), (lattice.volume() - 1, 0)] {
                let mut broken = gauge.clone();
                broken.set_link(site, mu, &Matrix::<3>::ZERO);
                assert_eq!(broken.worst_link(), (1.0, site, mu));
            }
            let mut broken = gauge.clone();
            broken.set_link(lattice.volume() - 1, d - 1, &Matrix::<3>::unit());
            assert_eq!(broken.worst_link().0, 1.0);
        }
    }
}
