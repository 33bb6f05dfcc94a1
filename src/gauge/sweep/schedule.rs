//! The order of a sweep: classes of links of one direction of which no two are in one loop. A class is updated at once, in
//! lanes and by all threads; classes follow each other.
//!
//! Where a sweep goes over all links and eight boxes of a slice fit into the lanes, the field is turned into lanes for some
//! sweeps ([`super::boxed`]); other links are gathered, eight at a time.

use super::boxed::Boxed;
use super::colours::colours;
use super::lanes::{Weights, Work};
use super::pass::{self, Density};
use super::update::Sweep;
use super::weights::Rows;
use crate::context::Team;
use crate::error::Result;
use crate::gauge::observables::Loops;
use crate::gauge::weights::{LoopSum, Patch};
use crate::group::{Group, with_colours};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::progress;
use crate::simd::Lines;
use std::sync::{Arc, Mutex, PoisonError};

/// Links of one direction that are updated side by side.
struct Class {
    mu: usize,
    /// Sites of links whose loops all have weight 1.
    plain: Vec<usize>,
    /// Sites of the other links, and their rows of weights.
    touched: Vec<usize>,
    rows: Vec<usize>,
}

/// Classes of links, one after the other.
enum Order {
    /// In a field as it is.
    Gathered(Vec<Class>),
    /// In a field in lanes, with memory for one that no sweep uses now.
    Boxed(Box<Boxed>, Mutex<Vec<Lines>>),
}

/// The order in which links are updated, with the families of loops through them.
pub struct Schedule {
    group: Group,
    neighbours: Neighbours,
    terms: Arc<Vec<(f64, Loops)>>,
    order: Order,
    /// Weights of the loops through touched links.
    rows: Rows,
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
        let d = lattice.dimensions();
        let is_whole = (0..lattice.volume() * d).all(|link| has(link / d, link % d));
        let boxed = if is_whole { Boxed::new(lattice, terms, &rows)? } else { None };
        let order = match boxed {
            Some(boxed) => Order::Boxed(Box::new(boxed), Mutex::default()),
            None => {
                let has = |site: usize, mu: usize| has(site, mu) && !rows.is_absent(site, mu);
                Order::Gathered(gathered(classes(lattice, &neighbours, terms, has)?, &rows)?)
            }
        };
        Ok(Self { group: *group, neighbours, terms: Arc::clone(terms), order, rows })
    }

    /// Number of links that a sweep updates.
    pub fn count(&self) -> usize {
        match &self.order {
            Order::Gathered(classes) => classes.iter().map(|class| class.plain.len() + class.touched.len()).sum(),
            Order::Boxed(boxed, _) => boxed.count(),
        }
    }

    /// Direction and sites of the links of each class, in the order of a sweep.
    #[cfg(test)]
    pub(crate) fn sites(&self) -> Vec<(usize, Vec<usize>)> {
        let all = |class: &Class| class.plain.iter().chain(&class.touched).copied().collect();
        match &self.order {
            Order::Gathered(classes) => classes.iter().map(|class| (class.mu, all(class))).collect(),
            Order::Boxed(boxed, _) => boxed.sites(),
        }
    }

    /// The same links in the same order, gathered where they would be in lanes.
    #[cfg(test)]
    pub(crate) fn without_boxes(mut self) -> Option<Self> {
        let is_boxed = matches!(self.order, Order::Boxed(..));
        self.order = Order::Gathered(gathered(self.sites(), &self.rows).ok()?);
        is_boxed.then_some(self)
    }

    /// Begins sweeps for the density exp(β Σ c w Re tr / N) of the loops: of `links`, or of other links that are written to `links`
    /// at the end.
    pub fn begin<'a>(
        &'a self,
        team: &'a Team,
        beta: f64,
        from: Option<&[f64]>,
        links: &'a mut [f64],
    ) -> Result<Sweeping<'a>> {
        let mut lines = None;
        match (&self.order, from) {
            (Order::Gathered(_), None) => (),
            (Order::Gathered(_), Some(from)) => team.update(links, from, <[f64]>::copy_from_slice),
            (Order::Boxed(boxed, idle), from) => {
                let own = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut own = own.map_or_else(|| boxed.lines(self.group), Ok)?;
                boxed.read(team, self.group, from.unwrap_or(links), &mut own);
                lines = Some(own);
            }
        }
        Ok(Sweeping { schedule: self, team, beta, links, lines })
    }

    /// Updates every link once.
    pub fn sweep(&self, team: &Team, beta: f64, links: &mut [f64], sweep: Sweep) -> Result<()> {
        let mut sweeping = self.begin(team, beta, None, links)?;
        sweeping.sweep(sweep)?;
        sweeping.end();
        Ok(())
    }

    /// Updates the links of some classes where they are.
    fn gather(&self, classes: &[Class], (team, beta): (&Team, f64), links: &mut [f64], sweep: Sweep) -> Result<()> {
        let field = Field(links.as_mut_ptr());
        let factors = self.rows.factors(sweep.strength);
        for number in 0..classes.len() {
            let number = if sweep.is_reversed { classes.len() - 1 - number } else { number };
            let class = &classes[number];
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

/// A field in the middle of sweeps, which are complete when they [`end`](Sweeping::end).
pub struct Sweeping<'a> {
    schedule: &'a Schedule,
    team: &'a Team,
    beta: f64,
    links: &'a mut [f64],
    /// The links in lanes, where sweeps are made there.
    lines: Option<Lines>,
}

impl Sweeping<'_> {
    /// Updates every link once.
    pub fn sweep(&mut self, sweep: Sweep) -> Result<()> {
        let Schedule { group, terms, rows, order, .. } = self.schedule;
        match (order, &mut self.lines) {
            (Order::Boxed(boxed, _), Some(lines)) => {
                let density = Density { group: *group, terms, beta: self.beta, rows };
                pass::sweep(boxed, self.team, lines, (&density, sweep))
            }
            (Order::Gathered(classes), _) => self.schedule.gather(classes, (self.team, self.beta), self.links, sweep),
            (Order::Boxed(..), None) => unreachable!("links in lanes until the sweeps end"),
        }
    }

    /// Writes the links.
    pub fn end(mut self) {
        if let (Order::Boxed(boxed, _), Some(lines)) = (&self.schedule.order, &mut self.lines) {
            boxed.write(self.team, self.schedule.group, lines, self.links);
        }
    }
}

impl Drop for Sweeping<'_> {
    fn drop(&mut self) {
        if let Order::Boxed(_, idle) = &self.schedule.order {
            idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.lines.take());
        }
    }
}

/// Direction and sites of the links of each class, of those that `has` says.
fn classes(
    lattice: &Lattice,
    neighbours: &Neighbours,
    terms: &[(f64, Loops)],
    has: impl Fn(usize, usize) -> bool,
) -> Result<Vec<(usize, Vec<usize>)>> {
    let mut classes = vec![];
    for mu in 0..lattice.dimensions() {
        let colours = colours(lattice, neighbours, terms, mu)?;
        let count = colours.iter().fold(0, |most, &colour| most.max(usize::from(colour) + 1));
        for colour in 0..count {
            let sites = || (0..lattice.volume()).filter(|&site| usize::from(colours[site]) == colour && has(site, mu));
            let mut class = memory::reserved("sites in the order of a sweep", sites().count())?;
            class.extend(sites());
            classes.push((mu, class));
        }
    }
    Ok(classes)
}

/// Classes with the rows of weights of their links.
fn gathered(classes: Vec<(usize, Vec<usize>)>, rows: &Rows) -> Result<Vec<Class>> {
    let mut gathered = vec![];
    for (mu, sites) in classes {
        let mut class = Class { mu, plain: vec![], touched: vec![], rows: vec![] };
        class.plain = memory::reserved("sites in the order of a sweep", sites.len())?;
        for site in sites {
            match rows.of_link(site, mu) {
                None => class.plain.push(site),
                Some(row) => {
                    class.touched.push(site);
                    class.rows.push(row);
                }
            }
        }
        gathered.push(class);
    }
    Ok(gathered)
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
        for (extent, has_rectangles, is_boxed) in [
            (&[4, 4][..], false, false),
            (&[3, 5], false, false),
            (&[16, 3], false, true),
            (&[2, 3, 4], false, false),
            (&[4, 4, 4, 4], false, true),
            (&[6, 6, 6, 2], false, true),
            (&[8, 4, 3], false, true),
            (&[5, 3], true, false),
            (&[4, 6, 3], true, false),
            (&[4, 4, 4, 4], true, false),
            (&[12, 8, 5], true, true),
        ] {
            let lattice = Lattice::new(extent).unwrap();
            let (d, terms) = (extent.len(), terms(extent.len(), has_rectangles));
            let sum =
                LoopSum { group: Group::U1, beta: 1.0, terms: Arc::new(terms.clone()), patch: None, boundary: None };
            let mut schedules = vec![Schedule::new(&lattice, &sum, None).unwrap()];
            let gathered = Schedule::new(&lattice, &sum, None).unwrap().without_boxes();
            assert_eq!(gathered.is_some(), is_boxed, "{extent:?}, {has_rectangles}");
            schedules.extend(gathered);
            for schedule in &schedules {
                assert_eq!(schedule.count(), lattice.volume() * d);
                let mut class_of = vec![None; lattice.volume() * d];
                for (number, (mu, sites)) in schedule.sites().into_iter().enumerate() {
                    for site in sites {
                        assert!(class_of[site * d + mu].replace(number).is_none());
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
            }
            let is_even = extent.iter().all(|length| length % 2 == 0);
            if is_even && !has_rectangles {
                let classes = classes(&lattice, &schedules[0].neighbours, &terms, |_, _| true).unwrap();
                assert_eq!(classes.len(), 2 * d);
                for (i, (mu, sites)) in classes.into_iter().enumerate() {
                    let across = |site: usize| lattice.parity(site) + lattice.coordinate(site, mu);
                    assert!(sites.into_iter().all(|site| across(site) % 2 == i % 2));
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
