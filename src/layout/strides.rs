//! A layout of the host's own: where a site begins, and how far apart directions, rows, columns and parts lie.

use super::places::{Places, for_each_site};
use crate::error::{Error, Result, expect_length};
use crate::memory;
use serde::Deserialize;

/// Largest ratio of the memory that a field spans to its size: a host's record of a site holds more than links.
const WIDEST: usize = 64;

/// Strides, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Strides {
    /// Between neighbouring sites in each direction; none with a table of sites.
    pub site: Option<Vec<usize>>,
    /// Between links of consecutive directions; none where each has a base pointer of its own.
    pub direction: Option<usize>,
    /// Between rows: 2 N.
    pub row: Option<usize>,
    /// Between columns: 2.
    pub column: Option<usize>,
    /// From the real to the imaginary part: 1.
    pub imaginary: Option<usize>,
}

impl Strides {
    /// The places of a field's numbers with these strides.
    pub(super) fn lay(&self, places: &mut Places, sites: Option<&[i64]>) -> Result<()> {
        let directions = places.directions();
        match places.fields.group() {
            Some(group) => {
                let colours = group.colours();
                let (row, column) = (self.row.unwrap_or(2 * colours), self.column.unwrap_or(2));
                let imaginary = self.imaginary.unwrap_or(1);
                let place = |k: usize| sum(&[(k / 2 / colours, row), (k / 2 % colours, column), (k % 2, imaginary)]);
                places.within = (0..group.reals()).map(place).collect::<Result<_>>()?;
            }
            None if [self.direction, self.row, self.column, self.imaginary].iter().any(Option::is_some) => {
                return Err(Error::BadSpec("strides: expected 'site' alone for real fields, got more".into()));
            }
            None => places.within = vec![0],
        }
        places.bases = if self.direction.is_some() { 1 } else { directions };
        self.start(places, sites, directions)?;
        expect_apart(places)
    }

    /// Places of the first numbers of all links.
    fn start(&self, places: &mut Places, sites: Option<&[i64]>, directions: usize) -> Result<()> {
        let Places { lattice, starts, .. } = places;
        let step = self.direction.unwrap_or(0);
        let mut put = |site: usize| {
            (0..directions).try_for_each(|mu| sum(&[(1, site), (mu, step)]).map(|start| starts.push(start)))
        };
        match (&self.site, sites) {
            (Some(_), Some(_)) => {
                Err(Error::BadSpec("strides.site: expected none with a table of sites, got some".into()))
            }
            (None, None) => Err(Error::BadSpec("strides.site: expected a list, or a table of sites, got none".into())),
            (None, Some(sites)) => {
                expect_length("sites", lattice.volume(), sites.len())?;
                let place = |(i, &site): (usize, &i64)| {
                    let bad = |_| Error::BadShape(format!("sites[{i}]: expected at least 0, got {site}"));
                    usize::try_from(site).map_err(bad).and_then(&mut put)
                };
                sites.iter().enumerate().try_for_each(place)
            }
            (Some(steps), None) => {
                if steps.len() != lattice.dimensions() {
                    let (expected, got) = (lattice.dimensions(), steps.len());
                    return Err(Error::BadSpec(format!("strides.site: expected {expected} numbers, got {got}")));
                }
                let mut result = Ok(());
                for_each_site(lattice.extent(), |x| {
                    if result.is_ok() {
                        let pairs: [(usize, usize); 4] =
                            std::array::from_fn(|mu| if mu < x.len() { (x[mu], steps[mu]) } else { (0, 0) });
                        result = sum(&pairs).and_then(&mut put);
                    }
                });
                result
            }
        }
    }
}

/// Sum of products of indices and strides.
fn sum(pairs: &[(usize, usize)]) -> Result<usize> {
    let add = |sum: usize, &(a, b): &(usize, usize)| a.checked_mul(b).and_then(|ab| sum.checked_add(ab));
    let small = pairs.iter().try_fold(0, add).filter(|sum| *sum < usize::MAX >> 8);
    small.ok_or_else(|| Error::BadShape("strides: expected places that can be counted, got larger ones".into()))
}

/// Checks that no two numbers share a place.
fn expect_apart(places: &Places) -> Result<()> {
    let (each, directions) = (places.span(), places.directions());
    let most = places.numbers().saturating_mul(WIDEST);
    let span = each.saturating_mul(places.bases);
    if span > most {
        return Err(Error::BadShape(format!("strides: expected places within {most} numbers, got {span}")));
    }
    let mut taken: Vec<u64> = memory::filled("strides", 0, span.div_ceil(64))?;
    for (i, start) in places.starts.iter().enumerate() {
        let first = places.base(i % directions) * each + start;
        for place in places.within.iter().map(|k| first + k) {
            let bit = 1 << (place % 64);
            if taken[place / 64] & bit != 0 {
                let x = places.lattice.coordinates(i / directions);
                return Err(Error::BadShape(format!(
                    "strides: expected a place of its own for each number, got one for two of site {x:?}, or of it and another"
                )));
            }
            taken[place / 64] |= bit;
        }
    }
    Ok(())
}
