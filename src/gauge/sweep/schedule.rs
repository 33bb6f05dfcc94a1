//! The order of a sweep: classes of links of one direction of which no two are in one loop. A class is updated at once, in
//! lanes and by all threads; classes follow each other.
//!
//! Classes are found site by site: each link joins the first class that has none of the links it shares a loop with. For
//! plaquettes on lattices of even extents there are two, by the parity of the coordinates across the links.

use super::lanes::{Update, Weights, Work};
use super::weights::Rows;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::observables::Loops;
use crate::gauge::paths::Step;
use crate::gauge::weights::{LoopSum, Patch};
use crate::group::{Group, with_colours};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::progress;
use std::sync::Arc;

/// Links of one direction that are updated side by side.
struct Class {
    mu: usize,
    /// Sites of links whose loops all have weight 1.
    plain: Vec<usize>,
    /// Sites of the other links, and their rows of weights.
    touched: Vec<usize>,
    rows: Vec<usize>,
}

/// The order in which links are updated, with the families of loops through them.
pub struct Schedule {
    group: Group,
    neighbours: Neighbours,
    terms: Arc<Vec<(f64, Loops)>>,
    classes: Vec<Class>,
    /// Weights of the loops through touched links.
    rows: Rows,
}

/// A sweep over the links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    /// What it does to each link.
    pub update: Update,
    /// Strength of the links of the defect, where there is one.
    pub strength: f64,
    /// Classes and subgroups in the reverse order: the sweep that reverses this one in equilibrium.
    pub is_reversed: bool,
}

/// Links shared out to the threads at a time, and links in each part of a thread's work.
const TOGETHER: usize = 1 << 14;
const PART: usize = 128;

impl Schedule {
    /// For a sum over loops, with the loops around a defect. An error where a loop holds a link twice: the density of such a
    /// link is not exp(Re tr U B).
    pub fn new(lattice: &Lattice, sum: &LoopSum, patch: Option<&Patch>) -> Result<Self> {
        Self::of_links(lattice, sum, patch, |_, _| true)
    }

    /// The same for some links alone, by their sites and directions.
    pub fn of_links(
        lattice: &Lattice,
        sum: &LoopSum,
        patch: Option<&Patch>,
        has: impl Fn(usize, usize) -> bool,
    ) -> Result<Self> {
        let LoopSum { group, terms, .. } = sum;
        let neighbours = Neighbours::new(lattice)?;
        let rows = Rows::new(lattice, &neighbours, sum, patch)?;
        let mut classes = vec![];
        for mu in 0..lattice.dimensions() {
            let colours = colours(lattice, &neighbours, terms, mu)?;
            let count = colours.iter().fold(0, |most, &colour| most.max(usize::from(colour) + 1));
            for colour in 0..count {
                let mut class = Class { mu, plain: vec![], touched: vec![], rows: vec![] };
                let sites = || {
                    let sites = (0..lattice.volume()).filter(|&site| usize::from(colours[site]) == colour);
                    sites.filter(|&site| has(site, mu) && !rows.is_absent(site, mu))
                };
                class.plain = memory::reserved("sites in the order of a sweep", sites().count())?;
                for site in sites() {
                    match rows.of_link(site, mu) {
                        None => class.plain.push(site),
                        Some(row) => {
                            class.touched.push(site);
                            class.rows.push(row);
                        }
                    }
                }
                classes.push(class);
            }
        }
        Ok(Self { group: *group, neighbours, terms: Arc::clone(terms), classes, rows })
    }

    /// Number of links that a sweep updates.
    pub fn count(&self) -> usize {
        self.classes.iter().map(|class| class.plain.len() + class.touched.len()).sum()
    }

    /// Direction and site of each link, in the order of a sweep.
    #[cfg(test)]
    pub(crate) fn links(&self) -> impl Iterator<Item = (usize, usize)> {
        self.classes.iter().flat_map(|class| class.plain.iter().chain(&class.touched).map(|&site| (class.mu, site)))
    }

    /// Updates every link once, for the density exp(β Σ c w Re tr / N) of the loops.
    pub fn sweep(&self, team: &Team, beta: f64, links: &mut [f64], sweep: Sweep) -> Result<()> {
        let field = Field(links.as_mut_ptr());
        let factors = self.rows.factors(sweep.strength);
        for number in 0..self.classes.len() {
            let number = if sweep.is_reversed { self.classes.len() - 1 - number } else { number };
            let class = &self.classes[number];
            let staples = self.terms.iter().map(|(_, loops)| loops.staples(class.mu).len()).sum::<usize>();
            let plain = class.plain.chunks(TOGETHER).map(|sites| (sites, None));
            let touched = class.touched.chunks(TOGETHER).zip(class.rows.chunks(TOGETHER));
            for (sites, rows) in plain.chain(touched.map(|(sites, rows)| (sites, Some(rows)))) {
                progress::check()?;
                team.share_count(sites.len().div_ceil(PART), |part| {
                    let places = PART * part..sites.len().min(PART * (part + 1));
                    let work = Work {
                        links: field.start(),
                        neighbours: &self.neighbours,
                        terms: &self.terms,
                        mu: class.mu,
                        sites: &sites[places.clone()],
                        weights: rows.map(|rows| Weights {
                            rows: &rows[places],
                            codes: self.rows.codes(),
                            staples,
                            factors: &factors,
                        }),
                        coupling: beta / self.group.colours() as f64,
                        update: sweep.update,
                        is_reversed: sweep.is_reversed,
                    };
                    // SAFETY: these are all links of the lattice. No two of a class are in one loop, so that no thread reads
                    // a link that another one writes.
                    unsafe { with_colours!(self.group, run(work)) };
                });
            }
        }
        Ok(())
    }
}

/// # Safety
/// As for [`Work::run`].
unsafe fn run<const N: usize>(work: Work) {
    // SAFETY: the caller's promise.
    unsafe { work.run::<N>() };
}

/// The first number of a field of which threads write different links.
struct Field(*mut f64);

// SAFETY: threads write different links, and read none that another one writes.
unsafe impl Sync for Field {}

impl Field {
    fn start(&self) -> *mut f64 {
        self.0
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::paths::links_along;

    fn terms(d: usize, has_rectangles: bool) -> Vec<(f64, Loops)> {
        let mut terms = vec![(1.0, Loops::plaquettes(d))];
        if has_rectangles {
            terms.push((1.0, Loops::rectangles(d)));
        }
        terms
    }

    /// Classes hold each link once, and no two links of a class are in one loop.
    #[test]
    fn links_of_a_class_share_no_loop() {
        for (extent, has_rectangles) in [
            (&[4, 4][..], false),
            (&[3, 5], false),
            (&[2, 3, 4], false),
            (&[4, 4, 4, 4], false),
            (&[5, 3], true),
            (&[4, 6, 3], true),
            (&[4, 4, 4, 4], true),
        ] {
            let lattice = Lattice::new(extent).unwrap();
            let (d, terms) = (extent.len(), terms(extent.len(), has_rectangles));
            let sum =
                LoopSum { group: Group::U1, beta: 1.0, terms: Arc::new(terms.clone()), patch: None, boundary: None };
            let schedule = Schedule::new(&lattice, &sum, None).unwrap();
            let mut class_of = vec![None; lattice.volume() * d];
            for (number, class) in schedule.classes.iter().enumerate() {
                for &site in &class.plain {
                    assert!(class_of[site * d + class.mu].replace(number).is_none());
                }
            }
            assert!(class_of.iter().all(Option::is_some));
            for path in terms.iter().flat_map(|(_, loops)| loops.closed()) {
                for site in 0..lattice.volume() {
                    let links = links_along(&schedule.neighbours, site, path);
                    let mut classes: Vec<_> = links.iter().map(|(site, mu, _)| class_of[site * d + mu]).collect();
                    classes.sort();
                    classes.dedup();
                    assert_eq!(classes.len(), links.len(), "{extent:?}, {has_rectangles}");
                }
            }
            let is_even = extent.iter().all(|length| length % 2 == 0);
            if is_even && !has_rectangles {
                assert_eq!(schedule.classes.len(), 2 * d);
                for (i, class) in schedule.classes.iter().enumerate() {
                    let across = |site: usize| lattice.parity(site) + lattice.coordinate(site, class.mu);
                    assert!(class.plain.iter().all(|&site| across(site) % 2 == i % 2));
                }
            }
        }
    }

    #[test]
    fn a_loop_that_holds_a_link_twice_is_refused() {
        let of = |extent: &[usize], has_rectangles| {
            let lattice = Lattice::new(extent).unwrap();
            let terms = terms(extent.len(), has_rectangles);
            let sum = LoopSum { group: Group::Su2, beta: 1.0, terms: Arc::new(terms), patch: None, boundary: None };
            Schedule::new(&lattice, &sum, None).err()
        };
        assert!(of(&[2, 2], false).is_none() && of(&[3, 3], true).is_none());
        let message = of(&[4, 2], true).unwrap().to_string();
        assert_eq!(message, "type 'heatbath': expected extents at which no loop holds a link twice, got 4 x 2");
    }
}
