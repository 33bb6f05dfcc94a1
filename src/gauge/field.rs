//! A gauge field: one link U_mu(x) for each site and direction of a periodic lattice.
//!
//! In memory and in every call of the C interface it is `[site][mu][row][column][re, im]`, with x the fastest index of
//! the site and mu = 0 for x; the link U_mu(x) leads from x to x + mu. A field with an [open boundary](super::absent) has
//! zeros for the links that are absent.

use super::absent::{clear_absent, farthest_present, is_absent, is_open, is_zero};
use crate::error::{Result, expect_finite, expect_length};
use crate::group::Matrix;
use crate::group::with_colours;
use crate::group::{Group, haar};
use crate::lattice::Lattice;
use crate::memory;
use crate::random::Stream;

/// Links on a lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    lattice: Lattice,
    group: Group,
    links: Vec<f64>,
}

impl Gauge {
    /// All links one.
    pub fn unit(lattice: &Lattice, group: Group) -> Result<Self> {
        let reals = lattice.volume() * lattice.dimensions() * group.reals();
        let mut links = memory::reserved("links", reals)?;
        let colours = group.colours();
        let unit = |i: usize| f64::from(i.is_multiple_of(2) && (i / 2).is_multiple_of(colours + 1));
        links.extend((0..reals).map(|i| unit(i % group.reals())));
        Ok(Self { lattice: lattice.clone(), group, links })
    }

    /// Independent links from the Haar measure.
    pub fn random(lattice: &Lattice, group: Group, stream: &mut Stream) -> Result<Self> {
        let mut gauge = Self::unit(lattice, group)?;
        with_colours!(group, randomise(&mut gauge.links, stream));
        Ok(gauge)
    }

    /// Given links, in the order of the module.
    pub fn new(lattice: &Lattice, group: Group, links: Vec<f64>) -> Result<Self> {
        expect_length("links", lattice.volume() * lattice.dimensions() * group.reals(), links.len())?;
        expect_finite("links", &links)?;
        Ok(Self { lattice: lattice.clone(), group, links })
    }

    /// A copy; an error where memory is short.
    pub fn copied(&self) -> Result<Self> {
        let links = memory::cloned("links", &self.links)?;
        Ok(Self { lattice: self.lattice.clone(), group: self.group, links })
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// The group.
    pub fn group(&self) -> Group {
        self.group
    }

    /// All numbers, in the order of the module.
    pub fn links(&self) -> &[f64] {
        &self.links
    }

    /// All numbers, mutable.
    pub(super) fn links_mut(&mut self) -> &mut [f64] {
        &mut self.links
    }

    /// Turns the field into its numbers.
    pub fn into_links(self) -> Vec<f64> {
        self.links
    }

    /// Replaces all numbers.
    pub fn set_links(&mut self, links: Vec<f64>) -> Result<()> {
        expect_length("links", self.links.len(), links.len())?;
        self.links = links;
        Ok(())
    }

    /// Swaps all numbers for as many others.
    pub(crate) fn swap_links(&mut self, links: &mut Vec<f64>) -> Result<()> {
        expect_length("links", self.links.len(), links.len())?;
        std::mem::swap(&mut self.links, links);
        Ok(())
    }

    /// U_mu(x); N is the group's number of colours.
    pub fn link<const N: usize>(&self, site: usize, mu: usize) -> Matrix<N> {
        let start = (site * self.lattice.dimensions() + mu) * 2 * N * N;
        Matrix::from_reals(&self.links[start..start + 2 * N * N])
    }

    /// Replaces U_mu(x).
    pub fn set_link<const N: usize>(&mut self, site: usize, mu: usize, link: &Matrix<N>) {
        let start = (site * self.lattice.dimensions() + mu) * 2 * N * N;
        link.to_reals(&mut self.links[start..start + 2 * N * N]);
    }

    /// Puts links that are off the group by more than `tolerance` back onto it.
    pub fn project(&mut self, tolerance: f64) {
        project(self.group, &mut self.links, tolerance);
    }

    /// Polar projection of all links onto the group: each W becomes its unitary factor W (W†W)^(-1/2), the nearest
    /// unitary matrix, divided by the N-th root of its determinant for SU(N) ([`Matrix::unitary_factor`]).
    ///
    /// Absent links of an open field stay zero.
    ///
    /// Errors: `NotConverged` for a link without an inverse; some links are projected then.
    pub fn project_polar(&mut self) -> Result<()> {
        let (dimensions, group, is_open) = (self.lattice.dimensions(), self.group, self.is_open());
        for (number, link) in self.links.chunks_exact_mut(group.reals()).enumerate() {
            if is_open && is_absent(&self.lattice, number) {
                continue;
            }
            let place = || format!("links: site {}, direction {}", number / dimensions, number % dimensions);
            with_colours!(group, polar_link(link)).map_err(|error| error.within(&place()))?;
        }
        Ok(())
    }

    /// True where the links of the last direction that leave the last slice are zero: a field with an open boundary.
    pub fn is_open(&self) -> bool {
        is_open(&self.lattice, self.group, &self.links)
    }

    /// Sets the links of the last direction that leave the last slice to zero: a field with an open boundary.
    pub fn open(&mut self) {
        clear_absent(&self.lattice, self.group, &mut self.links);
    }

    /// The largest distance of a link from the group, with its site and direction. Absent links of an open field count as in it.
    pub fn worst_link(&self) -> (f64, usize, usize) {
        let (distance, link) = farthest_present(&self.lattice, self.group, &self.links);
        (distance, link / self.lattice.dimensions(), link % self.lattice.dimensions())
    }
}

/// Puts links that are off their group by more than `tolerance` back onto it.
pub(crate) fn project(group: Group, links: &mut [f64], tolerance: f64) {
    with_colours!(group, project_links(links, tolerance));
}

fn randomise<const N: usize>(links: &mut [f64], stream: &mut Stream) {
    links.chunks_exact_mut(2 * N * N).for_each(|link| haar::<N>(stream).to_reals(link));
}

fn project_links<const N: usize>(links: &mut [f64], tolerance: f64) {
    for link in links.chunks_exact_mut(2 * N * N) {
        let matrix = Matrix::<N>::from_reals(link);
        // Links that an open boundary takes away are zero, and stay so.
        if matrix.deviation() > tolerance && !is_zero(link) {
            matrix.projected().to_reals(link);
        }
    }
}

fn polar_link<const N: usize>(link: &mut [f64]) -> Result<()> {
    Matrix::<N>::from_reals(link).unitary_factor()?.to_reals(link);
    Ok(())
}
