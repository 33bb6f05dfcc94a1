//! Which links a layer moves, in which order, and which coefficient each loop has.

use super::invariants::{Around, Invariants, loops};
use super::kernel::{Outcome, Work};
use super::plaquettes::plaquettes;
use super::rule::Rule;
use super::trail::Trail;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::observables::Loops;
use crate::gauge::paths::{Step, links_along};
use crate::gauge::sweep::colours;
use crate::gauge::weights::Defect;
use crate::group::{Group, with_colours};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::progress;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Kinds of a loop, for a link in it: three of its plaquette, with no, one, or two and more links of the defect, times three of the
/// other one where the loop goes around two; and a kind of its own for loops far from the defect that hold a link nearer to it.
pub(super) const KINDS: usize = 10;

/// Links of one direction that move side by side.
pub(super) struct Class {
    pub mu: usize,
    pub sites: Vec<usize>,
    /// The coefficient of each loop: `[link][staple]`.
    pub slots: Vec<u16>,
    /// Loops through a link.
    pub staples: usize,
    /// Loops around a link that its coefficients may depend on.
    pub around: Vec<Around>,
}

impl Class {
    /// Number of its parts, each of them the work of one thread.
    pub fn parts(&self) -> usize {
        self.sites.len().div_ceil(PART)
    }

    /// The links of a part.
    fn places(&self, part: usize) -> Range<usize> {
        PART * part..self.sites.len().min(PART * (part + 1))
    }

    /// The places of the loops through the links of a part.
    pub fn slots_of(&self, part: usize) -> &[u16] {
        let places = self.places(part);
        &self.slots[places.start * self.staples..places.end * self.staples]
    }
}

/// What the loops through the links of a part are multiplied with.
pub(super) struct Coefficients {
    /// ρ: `[link][staple]`.
    pub rho: Vec<f64>,
    /// The invariants around each link.
    pub invariants: [[f64; 2]; PART],
    /// Largest Σ |ρ| over the loops through a link.
    bound: f64,
}

/// Most loops through a link: plaquettes, rectangles and chairs in four dimensions.
pub(crate) const MOST_STAPLES: usize = 96;

/// The way that a field takes through a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// U to U'.
    Forward,
    /// U' to U.
    Inverse,
}

/// The links around a defect that layers move.
pub struct Layers {
    pub(super) group: Group,
    pub(super) neighbours: Neighbours,
    /// Families of loops, each with the coefficient 1.
    pub(super) families: Vec<(f64, Loops)>,
    pub(super) classes: Vec<Class>,
}

/// Links in each part of a thread's work.
pub(super) const PART: usize = 128;

/// The surroundings of a defect.
struct Place<'a> {
    neighbours: &'a Neighbours,
    defect: &'a Defect,
    /// Distance of each site; one more than the largest for sites beyond it.
    of_site: Vec<u16>,
    /// One more than the largest distance of links that move.
    far: u16,
}

impl<'a> Place<'a> {
    fn new(lattice: &Lattice, neighbours: &'a Neighbours, defect: &'a Defect, distance: u64) -> Result<Self> {
        let far = distance as u16 + 1;
        let mut of_site = memory::filled("distances from a defect", far, lattice.volume())?;
        for within in (0..far).rev() {
            let near = defect.near(lattice, neighbours, within.into())?;
            of_site.iter_mut().zip(near).filter(|(_, near)| *near).for_each(|(site, _)| *site = within);
        }
        Ok(Self { neighbours, defect, of_site, far })
    }

    /// The distance of a link: that of the farther one of its ends.
    fn distance(&self, site: usize, mu: usize) -> u16 {
        self.of_site[site].max(self.of_site[self.neighbours.next(site, mu)])
    }

    /// The coefficient of the loop of a family that a link makes with a staple.
    fn slot(&self, (site, mu): (usize, usize), family: usize, path: &[Step]) -> u16 {
        let steps: Vec<Step> = [Step::Forward(mu)].into_iter().chain(path.iter().copied()).collect();
        let own = self.distance(site, mu);
        let has_nearer =
            links_along(self.neighbours, site, &steps).iter().any(|&(site, mu, _)| self.distance(site, mu) < own);
        let power = |links: &Vec<(usize, usize)>| links.iter().filter(|&&(site, mu)| self.defect.has(site, mu)).count();
        let [first, second] = plaquettes(self.neighbours, site, &steps).each_ref().map(|links| power(links).min(2));
        let kind = if first + second == 0 && has_nearer { KINDS - 1 } else { 3 * first + second };
        let row = (family * KINDS + kind) * usize::from(self.far) + usize::from(own);
        (2 * row + usize::from(mu == self.defect.across())) as u16
    }

    /// The links of a direction and colour.
    fn class(&self, families: &[(f64, Loops)], mu: usize, (colours, colour): (&[u8], u8)) -> Result<Class> {
        let has = |&site: &usize| colours[site] == colour && self.distance(site, mu) < self.far;
        let all = || (0..colours.len()).filter(has);
        let mut sites = memory::reserved("links of a layer", all().count())?;
        sites.extend(all());
        let staples = families.iter().map(|(_, loops)| loops.staples(mu).len()).sum::<usize>();
        let mut slots = memory::reserved("coefficients of a layer's loops", sites.len().saturating_mul(staples))?;
        for &site in &sites {
            for (family, (_, loops)) in families.iter().enumerate() {
                slots.extend(loops.staples(mu).iter().map(|path| self.slot((site, mu), family, path)));
            }
        }
        let around = loops(self.neighbours.dimensions(), mu);
        Ok(Class { mu, sites, slots, staples, around })
    }
}

impl Layers {
    /// For links at most `distance` sites from a defect.
    pub fn new(
        lattice: &Lattice,
        group: Group,
        families: Vec<Loops>,
        (defect, distance): (&Defect, u64),
    ) -> Result<Self> {
        let (neighbours, mut classes) = (Neighbours::new(lattice)?, vec![]);
        let families: Vec<(f64, Loops)> = families.into_iter().map(|loops| (1.0, loops)).collect();
        let place = Place::new(lattice, &neighbours, defect, distance)?;
        for mu in 0..lattice.dimensions() {
            let colours = colours(lattice, &neighbours, &families, mu).map_err(|error| match error {
                Error::Unsupported(_) => twice(lattice),
                other => other,
            })?;
            for colour in 0..colours.iter().fold(0, |most, &colour| most.max(colour + 1)) {
                classes.push(place.class(&families, mu, (&colours, colour))?);
            }
        }
        classes.retain(|class| !class.sites.is_empty());
        Ok(Self { group, neighbours, families, classes })
    }

    /// Number of coefficients of a layer, for so many families and this largest distance.
    pub fn coefficients(families: usize, distance: u64) -> usize {
        families * KINDS * (distance as usize + 1) * 2
    }

    /// Number of links that move.
    pub fn count(&self) -> usize {
        self.classes.iter().map(|class| class.sites.len()).sum()
    }

    /// Site and direction of each link that moves, in the order of the sublayers.
    pub fn links(&self) -> impl Iterator<Item = (usize, usize)> {
        self.classes.iter().flat_map(|class| class.sites.iter().map(|&site| (site, class.mu)))
    }

    /// Takes a field through a layer; log of the Jacobian of the way that it takes. On an error links may have moved.
    pub fn pass(&self, team: &Team, links: &mut [f64], rule: &dyn Rule, passage: Passage) -> Result<f64> {
        self.run(team, links, (rule, passage), None)
    }

    /// Forward, with what [`Layers::gradient`] needs to come back.
    pub fn trace(&self, links: &mut [f64], rule: &dyn Rule, trail: &mut Trail) -> Result<f64> {
        self.run(&Team::default(), links, (rule, Passage::Forward), Some(trail))
    }

    fn run(
        &self,
        team: &Team,
        links: &mut [f64],
        (rule, passage): (&dyn Rule, Passage),
        mut trail: Option<&mut Trail>,
    ) -> Result<f64> {
        let (field, mut sum) = (Field(links.as_mut_ptr()), 0.0);
        for number in 0..self.classes.len() {
            let is_inverse = passage == Passage::Inverse;
            let class = &self.classes[if is_inverse { self.classes.len() - 1 - number } else { number }];
            progress::check()?;
            if let Some(trail) = trail.as_deref_mut() {
                let (d, reals) = (self.neighbours.dimensions(), self.group.reals());
                let places = class.sites.iter().map(|site| (site * d + class.mu) * reals);
                trail.keep(places, reals, field.numbers(links.len()))?;
            }
            sum += self.sublayer(team, &field, class, (rule, is_inverse))?;
        }
        Ok(sum)
    }

    /// Moves the links of a class; log of the Jacobian.
    fn sublayer(
        &self,
        team: &Team,
        field: &Field,
        class: &Class,
        (rule, is_inverse): (&dyn Rule, bool),
    ) -> Result<f64> {
        let failed = Mutex::new(None);
        let sum = team.sum_parts(class.parts(), |part| {
            let mut outcome = Outcome::default();
            // SAFETY: these are links of the lattice, of which no two of a class share a loop, so that no thread reads a
            // link that another one writes.
            let done = unsafe {
                self.coefficients_of(class, field.start(), (part, rule)).map(|coefficients| {
                    let work = Work { is_inverse, ..self.work(class, field.start(), (part, &coefficients)) };
                    with_colours!(self.group, run(work, &mut outcome));
                })
            };
            let error = done.and_then(|()| outcome.expect_convergence()).err();
            if let Some(error) = error {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
            outcome.logarithm
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(sum), Err)
    }

    /// The coefficients of a part of a class.
    ///
    /// # Safety
    /// As for [`Work::run`].
    pub(super) unsafe fn coefficients_of(
        &self,
        class: &Class,
        links: *mut f64,
        (part, rule): (usize, &dyn Rule),
    ) -> Result<Coefficients> {
        let rho = memory::filled("coefficients of a layer", 0.0, class.slots_of(part).len())?;
        let mut found = Coefficients { rho, invariants: [[0.0; 2]; PART], bound: 0.0 };
        if rule.has_invariants() {
            let results = &mut found.invariants;
            let work = Work { rho: &[], ..self.bare(class, links, part) };
            // SAFETY: the caller's promise.
            unsafe { with_colours!(self.group, write_invariants(work, &class.around, results)) };
        }
        let slots = class.slots_of(part).chunks_exact(class.staples);
        let rows = found.rho.chunks_exact_mut(class.staples).zip(slots).zip(found.invariants);
        for ((rho, slots), invariants) in rows {
            rule.rho(invariants, slots, rho);
            found.bound = found.bound.max(rho.iter().map(|rho| rho.abs()).sum());
        }
        if found.bound.is_nan() || found.bound >= 1.0 {
            let (expected, got) = ("expected sums of |rho| over the loops through a link below 1", found.bound);
            return Err(Error::BadInput(format!("coefficients of a layer: {expected}, got {got}")));
        }
        Ok(found)
    }

    /// The links of a part of a class, with their coefficients.
    pub(super) fn work<'a>(
        &'a self,
        class: &'a Class,
        links: *mut f64,
        (part, coefficients): (usize, &'a Coefficients),
    ) -> Work<'a> {
        Work { rho: &coefficients.rho, bound: coefficients.bound, ..self.bare(class, links, part) }
    }

    /// The links of a part of a class.
    fn bare<'a>(&'a self, class: &'a Class, links: *mut f64, part: usize) -> Work<'a> {
        Work {
            links,
            neighbours: &self.neighbours,
            families: &self.families,
            mu: class.mu,
            sites: &class.sites[class.places(part)],
            rho: &[],
            staples: class.staples,
            bound: 0.0,
            is_inverse: false,
        }
    }
}

/// # Safety
/// As for [`Work::run`].
unsafe fn write_invariants<const N: usize>(work: Work, loops: &[Around], results: &mut [[f64; 2]]) {
    // SAFETY: the caller's promise.
    unsafe { Invariants::<N> { work, loops, results }.write() };
}

/// # Safety
/// As for [`Work::run`].
unsafe fn run<const N: usize>(work: Work, outcome: &mut Outcome) {
    // SAFETY: the caller's promise.
    unsafe { work.run::<N>(outcome) };
}

fn twice(lattice: &Lattice) -> Error {
    let shape = lattice.shape();
    Error::Unsupported(format!("type 'stout': expected extents at which no loop holds a link twice, got {shape}"))
}

/// The first number of a field of which threads write different links.
struct Field(*mut f64);

// SAFETY: threads write different links, and read none that another one writes.
unsafe impl Sync for Field {}

impl Field {
    fn start(&self) -> *mut f64 {
        self.0
    }

    /// The numbers of the field.
    fn numbers(&self, count: usize) -> &[f64] {
        // SAFETY: these are the numbers of the field that it was made from, which lives longer, while no thread writes.
        unsafe { std::slice::from_raw_parts(self.0, count) }
    }
}
