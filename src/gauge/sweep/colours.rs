//! Classes of links of one direction of which no two are in one loop.
//!
//! Classes are found site by site: each link joins the first class that has none of the links it shares a loop with. For
//! plaquettes on lattices of even extents there are two, by the parity of the coordinates across the links.

use crate::error::{Error, Result};
use crate::gauge::observables::Loops;
use crate::gauge::paths::Step;
use crate::lattice::{Lattice, Neighbours};
use crate::memory;

/// Colours of the links of a direction by their sites: links that share a loop have different ones.
pub(in crate::gauge) fn colours(
    lattice: &Lattice,
    neighbours: &Neighbours,
    terms: &[(f64, Loops)],
    mu: usize,
) -> Result<Vec<u8>> {
    const NONE: u8 = u8::MAX;
    let others = others(lattice, neighbours, terms, mu)?;
    let mut colours = memory::filled("colours of links", NONE, lattice.volume())?;
    for site in 0..lattice.volume() {
        let mut used = 0u128;
        for steps in &others {
            let colour = colours[steps.iter().fold(site, |site, step| step.end(neighbours, site))];
            if colour != NONE {
                used |= 1 << colour;
            }
        }
        // There are fewer other links than colours.
        colours[site] = used.trailing_ones() as u8;
    }
    Ok(colours)
}

/// Steps from a link of direction μ to all links of this direction that share a loop with it.
fn others(lattice: &Lattice, neighbours: &Neighbours, terms: &[(f64, Loops)], mu: usize) -> Result<Vec<Vec<Step>>> {
    let mut found: Vec<(usize, Vec<Step>)> = vec![];
    for path in terms.iter().flat_map(|(_, loops)| loops.staples(mu)) {
        let mut steps = vec![Step::Forward(mu)];
        for &step in path {
            // A link that is followed backwards starts where the step ends.
            let mut to = steps.clone();
            steps.push(step);
            if step.direction() != mu {
                continue;
            }
            if step == Step::Backward(mu) {
                to.push(step);
            }
            let end = to.iter().fold(0, |site, step| step.end(neighbours, site));
            if end == 0 {
                let shape = lattice.shape();
                return Err(Error::Unsupported(format!(
                    "type 'heatbath': expected extents at which no loop holds a link twice, got {shape}"
                )));
            }
            if found.iter().all(|(other, _)| *other != end) {
                found.push((end, to));
            }
        }
    }
    Ok(found.into_iter().map(|(_, steps)| steps).collect())
}
