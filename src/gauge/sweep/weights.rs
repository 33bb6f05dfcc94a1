//! Weights of the loops through the links of a sweep: a table of rows, each with a code for every staple of a link.
//!
//! ```text
//! code = power of the defect's strength + POWERS x (1 for a loop within a boundary slice, 0 otherwise)
//! ```
//!
//! Each link in a loop around a defect has a row of its own; the other links of the boundary slices share one row for each
//! direction. Links without a row have loops of weight 1 alone.

use crate::error::Result;
use crate::gauge::observables::Loops;
use crate::gauge::paths::links_along;
use crate::gauge::weights::{Boundary, LoopSum, Patch, Weight};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use std::array::from_fn;
use std::sync::Arc;

/// Powers of a strength in the weight of a loop: at most one for each link of a loop, and the power 0.
const POWERS: usize = 8;
/// Codes of weights.
pub(super) const CODES: usize = 2 * POWERS;

/// The rows of all links that have one.
pub(super) struct Rows {
    /// Links around a defect, by site and direction, in ascending order; their rows are the first ones.
    around: Vec<(usize, usize)>,
    boundary: Option<Arc<Boundary>>,
    codes: Vec<u8>,
    /// The row of weights 1, which links without a row have beside others in the lanes.
    unit: usize,
    /// Staples of a link.
    staples: usize,
}

impl Rows {
    /// The rows for a sum over loops, with the loops around a defect.
    pub fn new(lattice: &Lattice, neighbours: &Neighbours, sum: &LoopSum, patch: Option<&Patch>) -> Result<Self> {
        let boundary = sum.boundary.clone();
        let around = memory::cloned("links around a defect", patch.map_or(&[][..], Patch::links))?;
        // Any site of the first slice shows the codes of a boundary slice, where no link of a defect is near.
        let of_slice = (0..lattice.dimensions() - 1).map(|mu| ((0, mu), None)).filter(|_| boundary.is_some());
        let links = around.iter().map(|&link| (link, patch)).chain(of_slice);
        let rows = around.len() + lattice.dimensions();
        let staples = staples(&sum.terms);
        let mut codes = memory::reserved("weights of staples", rows * staples)?;
        for ((site, mu), patch) in links {
            let end = neighbours.next(site, mu);
            for path in sum.terms.iter().flat_map(|(_, loops)| loops.staples(mu)) {
                let mut steps = links_along(neighbours, end, path);
                steps.push((site, mu, false));
                let is_within = boundary.as_ref().is_some_and(|boundary| boundary.weight(&steps) == Weight::Boundary);
                codes.push((patch.map_or(0, |patch| patch.power(&steps)) + POWERS * usize::from(is_within)) as u8);
            }
        }
        let unit = codes.len() / staples;
        codes.extend((0..staples).map(|_| 0));
        Ok(Self { around, boundary, codes, unit, staples })
    }

    /// The row of a link.
    pub fn of_link(&self, site: usize, mu: usize) -> Option<usize> {
        let within = || self.boundary.as_ref().is_some_and(|boundary| boundary.is_within(site, mu));
        self.around.binary_search(&(site, mu)).ok().or_else(|| within().then_some(self.around.len() + mu))
    }

    /// The row of weights 1.
    pub fn unit(&self) -> usize {
        self.unit
    }

    /// True for a link that an open boundary takes away.
    pub fn is_absent(&self, site: usize, mu: usize) -> bool {
        self.boundary.as_ref().is_some_and(|boundary| boundary.is_absent(site, mu))
    }

    /// The codes of all rows, one after the other.
    pub fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// The code of the loop of a staple in a row.
    #[inline(always)]
    pub fn code(&self, row: usize, staple: usize) -> u8 {
        self.codes[row * self.staples + staple]
    }

    /// The weight of each code.
    pub fn factors(&self, strength: f64) -> [f64; CODES] {
        let within = self.boundary.as_ref().map_or(1.0, |boundary| boundary.factor(Weight::Boundary));
        from_fn(|code| strength.powi((code % POWERS) as i32) * if code < POWERS { 1.0 } else { within })
    }
}

/// Staples of a link.
fn staples(terms: &[(f64, Loops)]) -> usize {
    terms.iter().map(|(_, loops)| loops.staples(0).len()).sum()
}
