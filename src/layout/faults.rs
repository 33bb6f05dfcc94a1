//! What is wrong with fields in a host's memory: numbers that are not finite, links off their group.
//!
//! Links of the last direction that leave the last slice are absent where all of them are zero: the field has an open boundary.

use super::Layout;
use crate::error::{Error, Result};
use crate::gauge::formats::LARGEST_DEVIATION;
use crate::gauge::{farther_than, is_zero};
use std::cmp::Ordering;

/// An invalid number or link: the size of its violation, and the index of its first number in the field.
pub type Fault = (f64, usize);

/// What the check of a tile found.
#[derive(Clone, Copy, Default)]
pub struct Found {
    pub worst: Option<Fault>,
    /// Zero links among those of the last direction that leave the last slice.
    pub zeros: usize,
}

impl Layout {
    /// Checks that of the links of the last direction that leave the last slice either none is zero, or all, as on a field with
    /// an open boundary.
    pub fn expect_boundary(&self, zeros: usize) -> Result<()> {
        let lattice = &self.places.lattice;
        let all = lattice.volume() / lattice.extent()[lattice.dimensions() - 1];
        if zeros == 0 || zeros == all {
            return Ok(());
        }
        Err(Error::BadInput(format!(
            "links: expected none or all of the {all} links of the last direction that leave the last slice to be zero, got \
             {zeros}"
        )))
    }

    /// The message for a faulty link or number.
    pub fn error(&self, (distance, number): Fault) -> Error {
        let (reals, directions) = (self.places.within.len(), self.places.directions());
        let (site, mu) = (number / reals / directions, number / reals % directions);
        let x = self.places.lattice.coordinates(site);
        let (base, byte) = self.offset(site, mu, number % reals);
        let place = format!("base[{base}] + {byte} bytes");
        Error::BadInput(match self.places.fields.group() {
            Some(group) if self.verify => format!(
                "links: expected links within {LARGEST_DEVIATION:e} of {}, got one off by {distance:.3e} at site {x:?}, \
                 direction {mu} ({place})",
                group.name()
            ),
            Some(_) => format!("links: expected finite numbers, got another at site {x:?}, direction {mu} ({place})"),
            None => format!("fields: expected finite numbers, got another at site {x:?} ({place})"),
        })
    }

    /// The worst of some numbers or links, if it is invalid.
    pub fn worst(&self, numbers: &[f64]) -> Option<Fault> {
        if let (true, Some(group)) = (self.verify, self.places.fields.group()) {
            let found = farther_than(LARGEST_DEVIATION, group, numbers);
            return found.map(|(distance, link)| (distance, link * group.reals()));
        }
        if are_finite(numbers) {
            return None;
        }
        numbers.iter().position(|x| !x.is_finite()).map(|k| (f64::NAN, k))
    }

    /// True for links of a row in the last slice, by its first site, where those of the last direction may be absent.
    fn may_have_absent(&self, x: &[usize; 4]) -> bool {
        let last = self.places.lattice.dimensions() - 1;
        // A row along the last direction of a lattice of one dimension has no slices.
        self.verify
            && last > 0
            && self.places.fields.group().is_some()
            && x[last] + 1 == self.places.lattice.extent()[last]
    }

    /// The number of zero links of the last direction in a row of the last slice.
    pub fn zeros<const R: usize>(&self, x: &[usize; 4], numbers: &[f64]) -> usize {
        if !self.may_have_absent(x) {
            return 0;
        }
        let directions = self.places.directions();
        numbers.chunks_exact(R).skip(directions - 1).step_by(directions).filter(|link| is_zero(link)).count()
    }

    /// The worst fault among links that begin at `first` in the field, beside zero links that may be absent ones.
    pub fn fault_beside_absent<const R: usize>(
        &self,
        x: &[usize; 4],
        (links, first): (&[f64], usize),
        (distance, k): Fault,
    ) -> Option<Fault> {
        if !self.may_have_absent(x) {
            return Some((distance, first + k));
        }
        let directions = self.places.directions();
        let places = (first..).step_by(R).zip(links.chunks_exact(R));
        let present = places.filter(|&(place, link)| place / R % directions != directions - 1 || !is_zero(link));
        present.filter_map(|(place, link)| self.worst(link).map(|(distance, k)| (distance, place + k))).reduce(worse)
    }
}

/// True where all numbers are finite: 0 x is zero only then; eight sums of 0 x are taken side by side.
#[inline(always)]
pub fn are_finite(numbers: &[f64]) -> bool {
    let (mut sums, pieces) = ([0.0; 8], numbers.chunks_exact(8));
    let rest: f64 = pieces.remainder().iter().map(|x| 0.0 * x).sum();
    for piece in pieces {
        (0..8).for_each(|k| sums[k] += 0.0 * piece[k]);
    }
    sums.iter().sum::<f64>() + rest == 0.0
}

/// The worse of two faults, NaN worst; the first of equal ones.
pub fn worse(a: Fault, b: Fault) -> Fault {
    let size = |fault: Fault| if fault.0.is_nan() { f64::INFINITY } else { fault.0 };
    match size(b).total_cmp(&size(a)) {
        Ordering::Greater => b,
        Ordering::Equal if b.1 < a.1 => b,
        _ => a,
    }
}

#[cfg(test)]
mod tests {
    use super::super::LayoutSpec;
    use super::*;
    use crate::context::Team;
    use crate::gauge::{Gauge, Group, Matrix};
    use crate::lattice::Lattice;
    use crate::random::{Purpose, Stream};

    fn imported(gauge: &Gauge, text: &str) -> Result<Vec<f64>> {
        let spec: LayoutSpec = crate::spec::parse("layout", text)?;
        let layout = Layout::new(gauge.lattice(), &spec, None)?;
        let mut memory = vec![0.0f64; gauge.links().len()];
        let each = memory.len() / layout.bases();
        let bases: Vec<*mut u8> = memory.chunks_mut(each).map(|part| part.as_mut_ptr().cast()).collect();
        let mut got = vec![7.0; gauge.links().len()];
        // SAFETY: the memory has the size of the field, in as many equal parts as there are base pointers.
        unsafe {
            layout.export(&Team::default(), gauge.links(), &bases)?;
            layout.check(&Team::default(), &bases)?;
            layout.import(&Team::default(), &bases, got.as_mut_ptr())?;
        }
        Ok(got)
    }

    /// Absent links come in and go out as zeros; other zeros, and some of them alone, are refused.
    #[test]
    fn open_fields_are_imported_in_all_orders() {
        for (extent, orders) in [(&[4, 4, 4, 8][..], &["lexicographic", "milc", "qdp", "openqcd", "tmlqcd"][..]), {
            (&[18, 3], &["lexicographic"])
        }] {
            let (lattice, d) = (Lattice::new(extent).unwrap(), extent.len());
            let mut gauge = Gauge::random(&lattice, Group::Su3, &mut Stream::new(1, Purpose::Start, 3)).unwrap();
            gauge.open();
            for order in orders {
                let text = format!("{{order: '{order}', fields: 'su3'}}");
                assert_eq!(imported(&gauge, &text).unwrap(), gauge.links(), "{order}");
                let refused = |site: usize, mu: usize, link: Matrix<3>| {
                    let mut broken = gauge.clone();
                    broken.set_link(site, mu, &link);
                    imported(&broken, &text).unwrap_err().to_string()
                };
                let last = lattice.volume() - 1;
                for (site, mu) in [(0, d - 1), (last, 0), (5, 1)] {
                    let message = refused(site, mu, Matrix::ZERO);
                    let place = format!("at site {:?}, direction {mu}", lattice.coordinates(site));
                    assert!(message.contains("off by 1.000e0") && message.contains(&place), "{message}");
                }
                let all = lattice.volume() / extent[d - 1];
                let message = refused(last - 2, d - 1, Matrix::unit());
                let expected = format!(
                    "links: expected none or all of the {all} links of the last direction that leave the last slice to be \
                     zero, got {}",
                    all - 1
                );
                assert_eq!(message, expected);
                let message = refused(last, d - 1, Matrix::unit().scale(1.1.into()));
                assert!(message.contains("links within"), "{message}");
            }
        }
    }
}
