//! An open boundary: the links of the last direction that leave its last slice are absent, with all loops through them, and
//! loops within the first or the last slice have the weight c_G / 2.
//!
//! ```text
//! Σ_loops c (w − 1) (1 − Re tr / N),   w = 0 through absent links, c_G / 2 within a boundary slice, 1 elsewhere
//! ```
//!
//! It is added to a sum over all loops with weight 1: absent links are zero, and the traces of loops through them vanish. Forces of
//! plaquettes alone are weighed where they are computed ([`crate::gauge::plaquettes`]). M. Lüscher and S. Schaefer, JHEP 07 (2011) 036,
//! arXiv:1105.4749; Comput. Phys. Commun. 184, 519 (2013), arXiv:1206.2809.

use super::slopes::Slopes;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::absent::{boundary_slices, is_absent, is_open, slice};
use crate::gauge::observables::Loops;
use crate::gauge::paths::{Links, links_along};
use crate::group::{Group, Matrix};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Boundary condition of the last direction in a spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundaryKind {
    /// The last slice is followed by the first.
    #[default]
    Periodic,
    /// Nothing leads from the last slice to the first.
    Open,
}

impl BoundaryKind {
    /// True for the default, which specs leave out.
    pub fn is_periodic(&self) -> bool {
        *self == Self::Periodic
    }
}

/// An open boundary of sums over loops.
pub struct Boundary {
    lattice: Lattice,
    group: Group,
    /// The factor c_G.
    c_g: f64,
    /// Σ c over the loops through absent links.
    absent: f64,
    /// Families of loops within a slice, with their coefficients c; None in two dimensions, where a slice has no loops.
    slice: Option<Slice>,
    /// Scratch memory that no thread uses now.
    idle: Mutex<Vec<Scratch>>,
}

/// Sums over the loops within a slice.
struct Slice {
    terms: Vec<(f64, Loops)>,
    neighbours: Neighbours,
    team: Team,
}

/// The kind of weight of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It has an absent link.
    Absent,
    /// It lies within a boundary slice.
    Boundary,
    /// Any other.
    Bulk,
}

/// Links of a slice, and their slopes.
struct Scratch {
    links: Vec<f64>,
    slopes: Vec<f64>,
}

/// Sites in each part of a thread's work.
const PART: usize = 256;

impl std::fmt::Debug for Boundary {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "open boundary with c_g = {}", self.c_g)
    }
}

impl Boundary {
    /// The boundary of a sum of plaquettes, and of rectangles where there are two coefficients.
    pub fn new(
        (team, lattice, group): (&Team, &Lattice, Group),
        neighbours: &Neighbours,
        terms: &[(f64, Loops)],
        c_g: f64,
    ) -> Result<Self> {
        let d = lattice.dimensions();
        let within = |number: usize| if number == 0 { Loops::plaquettes(d - 1) } else { Loops::rectangles(d - 1) };
        let slice = (d > 2).then(|| {
            let slice = Lattice::new(&lattice.extent()[..d - 1])?;
            let terms = terms.iter().enumerate().map(|(number, (c, _))| (*c, within(number))).collect();
            Ok::<_, Error>(Slice { terms, neighbours: Neighbours::new(&slice)?, team: team.clone() })
        });
        let (lattice, slice, idle) = (lattice.clone(), slice.transpose()?, Mutex::default());
        let mut boundary = Self { lattice, group, c_g, absent: 0.0, slice, idle };
        boundary.absent = boundary.count_absent(neighbours, terms);
        // Memory of the first evaluation.
        let scratch = boundary.scratch()?;
        boundary.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        Ok(boundary)
    }

    /// Σ c over the loops through absent links.
    fn count_absent(&self, neighbours: &Neighbours, terms: &[(f64, Loops)]) -> f64 {
        let slice = slice(&self.lattice);
        let paths = terms.iter().flat_map(|(c, loops)| loops.closed().iter().map(move |path| (c, path)));
        let of_path = |(c, path): (&f64, &Vec<_>)| {
            // A loop is the same at all sites of a slice.
            let starts = (0..self.lattice.volume()).step_by(slice);
            let through = starts.filter(|&start| self.weight(&links_along(neighbours, start, path)) == Weight::Absent);
            c * (slice * through.count()) as f64
        };
        paths.map(of_path).sum()
    }

    /// The kind of weight that a loop has, by its links.
    pub fn weight(&self, steps: &[(usize, usize, bool)]) -> Weight {
        let (d, slices) = (self.lattice.dimensions(), boundary_slices(&self.lattice));
        if steps.iter().any(|&(site, mu, _)| is_absent(&self.lattice, site * d + mu)) {
            return Weight::Absent;
        }
        let is_within =
            |&(site, mu, _): &(usize, usize, bool)| mu != d - 1 && slices.iter().any(|slice| slice.contains(&site));
        if steps.iter().all(is_within) { Weight::Boundary } else { Weight::Bulk }
    }

    /// The factor of loops with a weight.
    pub fn factor(&self, weight: Weight) -> f64 {
        match weight {
            Weight::Absent => 0.0,
            Weight::Boundary => self.c_g / 2.0,
            Weight::Bulk => 1.0,
        }
    }

    /// True for an absent link.
    pub fn is_absent(&self, site: usize, mu: usize) -> bool {
        is_absent(&self.lattice, site * self.lattice.dimensions() + mu)
    }

    /// True for a link of a boundary slice within it.
    pub fn is_within(&self, site: usize, mu: usize) -> bool {
        self.weight(&[(site, mu, false)]) == Weight::Boundary
    }

    /// An error where a field has links that are absent here.
    pub fn expect(&self, links: &[f64]) -> Result<()> {
        if is_open(&self.lattice, self.group, links) {
            return Ok(());
        }
        let expected = "expected zeros for the links of the last direction that leave the last slice (boundary 'open')";
        Err(Error::BadInput(format!("field: {expected}, got others")))
    }

    /// Σ c (w − 1) over all loops: what the weights add to the sum without the traces.
    pub fn count(&self) -> f64 {
        let within = |(c, loops): &(f64, Loops)| c * (2 * slice(&self.lattice) * loops.closed().len()) as f64;
        let all: f64 = self.slice.iter().flat_map(|slice| &slice.terms).map(within).sum();
        (self.factor(Weight::Boundary) - 1.0) * all - self.absent
    }

    /// What the weights add to the sum of a field of links.
    pub fn excess<const N: usize>(&self, links: &Links) -> f64 {
        let Some(Slice { terms, team, .. }) = &self.slice else { return -self.absent };
        let of_site = |site: usize| -> f64 { terms.iter().map(|(c, loops)| c * loops.defect::<N>(links, site)).sum() };
        let of_slice = |slice: Range<usize>| {
            let sites = |i: usize| slice.start + PART * i..slice.end.min(slice.start + PART * (i + 1));
            team.sum_parts(slice.len().div_ceil(PART), |i| sites(i).map(of_site).sum())
        };
        (self.c_g / 2.0 - 1.0) * boundary_slices(&self.lattice).map(of_slice).iter().sum::<f64>() - self.absent
    }

    /// Hands out what the weights add to TA(U A) of the links of the boundary slices; returns what they add to the sum. An error
    /// where memory is short, before anything is handed out.
    pub fn excess_slopes<const N: usize>(&self, around: &mut impl Slopes<N>) -> Result<f64> {
        let Some(slice) = &self.slice else { return Ok(-self.absent) };
        let (mut scratch, weight, d) = (self.scratch()?, self.c_g / 2.0 - 1.0, self.lattice.dimensions() - 1);
        let mut sum = 0.0;
        for sites in boundary_slices(&self.lattice) {
            let links = || sites.clone().flat_map(|site| (0..d).map(move |mu| (site, mu)));
            for ((site, mu), numbers) in links().zip(scratch.links.chunks_exact_mut(2 * N * N)) {
                around.link(site, mu).to_reals(numbers);
            }
            sum += slice.slopes::<N>(&scratch.links, &mut scratch.slopes);
            for ((site, mu), numbers) in links().zip(scratch.slopes.chunks_exact(2 * N * N)) {
                around.add(site, mu, &Matrix::from_reals(numbers).scale(weight.into()));
            }
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        Ok(weight * sum - self.absent)
    }

    fn scratch(&self) -> Result<Scratch> {
        if let Some(scratch) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(scratch);
        }
        let count = slice(&self.lattice) * (self.lattice.dimensions() - 1) * self.group.reals();
        let filled = |what: &str| memory::filled(what, 0.0, count);
        Ok(Scratch { links: filled("links of a boundary slice")?, slopes: filled("slopes of a boundary slice")? })
    }
}

impl Slice {
    /// Writes TA(U A) of all links of a slice, A the sum of their staples within it with the coefficients c; returns
    /// Σ c (1 − Re tr / N).
    fn slopes<const N: usize>(&self, links: &[f64], slopes: &mut [f64]) -> f64 {
        let Self { neighbours, team, .. } = self;
        let (links, reals) = (Links { numbers: links, neighbours }, neighbours.dimensions() * 2 * N * N);
        team.sum_chunks(slopes, PART * reals, |i, slopes| {
            let sites = (PART * i..).zip(slopes.chunks_exact_mut(reals));
            sites.map(|(site, slopes)| self.site_slopes::<N>(&links, site, slopes)).sum()
        })
    }

    fn site_slopes<const N: usize>(&self, links: &Links, site: usize, slopes: &mut [f64]) -> f64 {
        let mut share = 0.0;
        for (mu, slope) in slopes.chunks_exact_mut(2 * N * N).enumerate() {
            let link = links.link::<N>(site, mu);
            let mut sum = Matrix::<N>::ZERO;
            for (c, loops) in &self.terms {
                let product = link * loops.staple(links, site, mu);
                share += c * loops.share(mu, product.trace().re, N);
                sum = sum + product.scale((*c).into());
            }
            sum.antihermitian().to_reals(slope);
        }
        share
    }
}
