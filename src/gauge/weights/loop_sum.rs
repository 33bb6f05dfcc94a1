//! Weighted sums over loops, as gauge actions are.
//!
//! ```text
//! S = β Σ_shapes c Σ_loops w (1 − Re tr / N)
//! ```

use super::patch::{Patch, Slopes};
use crate::gauge::observables::Loops;
use crate::gauge::paths::Links;
use crate::group::{Group, with_colours};
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
    /// The loops around a defect, with the strength of its links; None where all weights w are 1.
    pub patch: Option<(Arc<Patch>, f64)>,
}

impl LoopSum {
    /// The factor of TA(U A) in the gradient G of a link.
    pub fn factor(&self) -> f64 {
        self.beta * self.group.trace_norm() / self.group.colours() as f64
    }

    /// S with the first strength for the links of a defect less S with the second.
    pub fn difference(&self, patch: &Patch, links: &Links, strengths: [f64; 2]) -> f64 {
        self.beta * with_colours!(self.group, difference(patch, links, strengths))
    }

    /// The same from the links of the patch alone, one after the other in the order of [`Patch::links`].
    pub fn difference_of(&self, patch: &Patch, links: &[f64], strengths: [f64; 2]) -> f64 {
        self.beta * with_colours!(self.group, difference_of(patch, links, strengths))
    }

    /// What the weights of the patch add to S.
    pub fn excess<const N: usize>(&self, links: &Links) -> f64 {
        let Some((patch, strength)) = &self.patch else { return 0.0 };
        self.beta * patch.difference::<N>(links, [*strength, 1.0])
    }

    /// Hands out what the weights of the patch add to the slopes of its links; returns what they add to S.
    pub fn excess_slopes<const N: usize>(&self, around: &mut impl Slopes<N>) -> f64 {
        let Some((patch, strength)) = &self.patch else { return 0.0 };
        self.beta * patch.add_slopes(*strength, around)
    }
}

fn difference<const N: usize>(patch: &Patch, links: &Links, strengths: [f64; 2]) -> f64 {
    patch.difference::<N>(links, strengths)
}

fn difference_of<const N: usize>(patch: &Patch, links: &[f64], strengths: [f64; 2]) -> f64 {
    patch.difference_of::<N>(links, strengths)
}
