//! Weighted sums over loops, as gauge actions are.
//!
//! ```text
//! S = β Σ_shapes c Σ_loops w (1 − Re tr / N)
//! ```

use super::boundary::Boundary;
use super::defect::Defect;
use super::patch::Patch;
use super::slopes::Slopes;
use crate::error::{Error, Result};
use crate::gauge::absent;
use crate::gauge::observables::Loops;
use crate::gauge::paths::Links;
use crate::group::{Group, with_colours};
use crate::lattice::{Lattice, Neighbours};
use std::sync::Arc;

/// β times a sum over loops of c w (1 − Re tr / N).
#[derive(Clone, Debug)]
pub struct LoopSum {
    /// The group of the links.
    pub group: Group,
    /// The coupling β.
    pub beta: f64,
    /// Families of loops, each with its coefficient c.
    pub terms: Arc<Vec<(f64, Loops)>>,
    /// The loops around a defect, with the strength of its links; None where there is no defect.
    pub patch: Option<(Arc<Patch>, f64)>,
    /// The open boundary; None where the last direction is periodic.
    pub boundary: Option<Arc<Boundary>>,
}

impl LoopSum {
    /// The factor of TA(U A) in the gradient G of a link.
    pub fn factor(&self) -> f64 {
        self.beta * self.group.trace_norm() / self.group.colours() as f64
    }

    /// The loops around a defect, with their weights at the boundary; an error where its links are absent.
    pub fn around(&self, neighbours: &Neighbours, defect: &Defect) -> Result<Arc<Patch>> {
        let is_absent = |boundary: &Boundary| defect.sites().iter().any(|&x| boundary.is_absent(x, defect.across()));
        if self.boundary.as_deref().is_some_and(is_absent) {
            let expected = "expected links that there are with an open boundary";
            return Err(Error::BadSpec(format!("defect: {expected}, got those that leave the last slice")));
        }
        Ok(Arc::new(Patch::new(neighbours, &self.terms, (defect, self.boundary.as_deref()))))
    }

    /// The site that a random word of 64 bits chooses as a shift that leaves S as it is: one of the first slice where the last
    /// direction is open.
    pub fn random_shift(&self, lattice: &Lattice, word: u64) -> usize {
        let site = lattice.random_site(word);
        if self.boundary.is_some() { site % absent::slice(lattice) } else { site }
    }

    /// S with the first strength for the links of a defect less S with the second.
    pub fn difference(&self, patch: &Patch, links: &Links, strengths: [f64; 2]) -> f64 {
        self.beta * with_colours!(self.group, difference(patch, links, strengths))
    }

    /// The same from the links of the patch alone, one after the other in the order of [`Patch::links`].
    pub fn difference_of(&self, patch: &Patch, links: &[f64], strengths: [f64; 2]) -> f64 {
        self.beta * with_colours!(self.group, difference_of(patch, links, strengths))
    }

    /// What weights other than 1 add to S.
    pub fn excess(&self, links: &Links) -> f64 {
        let of_patch = self.patch.as_ref().map(|(patch, strength)| self.difference(patch, links, [*strength, 1.0]));
        let of_boundary = self.boundary.as_ref().map(|boundary| {
            let excess = with_colours!(self.group, boundary_excess(boundary, links));
            self.beta * excess
        });
        of_patch.unwrap_or(0.0) + of_boundary.unwrap_or(0.0)
    }

    /// Hands out what weights other than 1 add to the slopes of links; returns what they add to S. An error where memory is
    /// short, before anything is handed out.
    pub fn excess_slopes<const N: usize>(&self, around: &mut impl Slopes<N>) -> Result<f64> {
        let of_boundary = self.boundary.as_ref().map_or(Ok(0.0), |boundary| boundary.excess_slopes(around))?;
        Ok(self.defect_slopes(around) + self.beta * of_boundary)
    }

    /// The same of the links of a defect alone.
    pub fn defect_slopes<const N: usize>(&self, around: &mut impl Slopes<N>) -> f64 {
        self.patch.as_ref().map_or(0.0, |(patch, strength)| self.beta * patch.add_slopes(*strength, around))
    }
}

fn boundary_excess<const N: usize>(boundary: &Boundary, links: &Links) -> f64 {
    boundary.excess::<N>(links)
}

fn difference<const N: usize>(patch: &Patch, links: &Links, strengths: [f64; 2]) -> f64 {
    patch.difference::<N>(links, strengths)
}

fn difference_of<const N: usize>(patch: &Patch, links: &[f64], strengths: [f64; 2]) -> f64 {
    patch.difference_of::<N>(links, strengths)
}
