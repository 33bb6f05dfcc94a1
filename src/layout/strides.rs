//! A layout of the host's own: where a site begins, and how far apart directions, rows, columns and parts lie.

use super::{Layout, for_each_site};
use crate::error::{Error, Result, expect_length};
use crate::memory;
use serde::Deserialize;

/// How many times the size of a field its places may span: a host's record of a site holds more than links.
const WIDEST: usize = 64;

/// Distances in numbers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Strides {
    /// Of neighbours in each direction; none with a table of sites.
    pub site: Option<Vec<usize>>,
    /// Of links of neighbouring directions; none where each has a base pointer of its own.
    pub direction: Option<usize>,
    /// Of rows: 2 N.
    pub row: Option<usize>,
    /// Of columns: 2.
    pub column: Option<usize>,
    /// From the real to the imaginary part: 1.
    pub imaginary: Option<usize>,
}

impl Strides {
    /// Lays a field out.
    pub(super) fn lay(&self, layout: &mut Layout, sites: Option<&[i64]>) -> Result<()> {
        let directions = layout.fields.directions(&layout.lattice);
        match layout.fields.group() {
            Some(group) => {
                let colours = group.colours();
                let (row, column) = (self.row.unwrap_or(2 * colours), self.column.unwrap_or(2));
                let imaginary = self.imaginary.unwrap_or(1);
                let place = |k: usize| sum(&[(k / 2 / colours, row), (k / 2 % colours, column), (k % 2, imaginary)]);
                layout.within = (0..group.reals()).map(place).collect::<Result<_>>()?;
            }
            None if [self.direction, self.row, self.column, self.imaginary].iter().any(Option::is_some) => {
                return Err(Error::BadSpec("strides: expected 'site' alone for real fields, got more".into()));
            }
            None => layout.within = vec![0],
        }
        layout.bases = if self.direction.is_some() { 1 } else { directions };
        self.start(layout, sites, directions)?;
        expect_apart(layout)
    }

    /// First numbers of all links.
    fn start(&self, layout: &mut Layout, sites: Option<&[i64]>, directions: usize) -> Result<()> {
        let Layout { lattice, starts, .. } = layout;
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

/// A sum of products.
fn sum(pairs: &[(usize, usize)]) -> Result<usize> {
    let add = |sum: usize, &(a, b): &(usize, usize)| a.checked_mul(b).and_then(|ab| sum.checked_add(ab));
    let small = pairs.iter().try_fold(0, add).filter(|sum| *sum < usize::MAX >> 8);
    small.ok_or_else(|| Error::BadShape("strides: expected places that can be counted, got larger ones".into()))
}

/// Checks that no two numbers share a place.
fn expect_apart(layout: &Layout) -> Result<()> {
    let (each, directions) = (layout.bytes() / layout.size(), layout.fields.directions(&layout.lattice));
    let most = layout.numbers().saturating_mul(WIDEST);
    let span = each.saturating_mul(layout.bases);
    if span > most {
        return Err(Error::BadShape(format!("strides: expected places within {most} numbers, got {span}")));
    }
    let missing = |_| Error::BadShape(format!("strides: expected memory to check {span} places, got none"));
    let mut taken: Vec<u64> = memory::filled(0, span.div_ceil(64)).map_err(missing)?;
    for (i, start) in layout.starts.iter().enumerate() {
        let first = layout.base(i % directions) * each + start;
        for place in layout.within.iter().map(|k| first + k) {
            let bit = 1 << (place % 64);
            if taken[place / 64] & bit != 0 {
                let x = layout.lattice.coordinates(i / directions);
                return Err(Error::BadShape(format!(
                    "strides: expected a place of its own for each number, got one for two of site {x:?}, or of it and another"
                )));
            }
            taken[place / 64] |= bit;
        }
    }
    Ok(())
}
