//! The loops that hold links of a defect, and what their weights change.
//!
//! ```text
//! Σ_loops c (w − 1) (1 − Re tr / N),   w = s^k for a loop with k links of the defect, each occurrence counted
//! ```
//!
//! It is added to a sum over all loops with weight 1, so that kernels for the whole lattice know nothing of defects. Its cost
//! is that of the loops around the defect, whatever the volume.

use super::Defect;
use super::boundary::Boundary;
use super::slopes::Slopes;
use crate::gauge::observables::Loops;
use crate::gauge::paths::{Links, Step, links_along};
use crate::group::Matrix;
use crate::lattice::Neighbours;
use std::collections::{BTreeMap, BTreeSet};

/// Most links of a loop.
const LONGEST: usize = 8;

/// Loops around a defect, with the links that they hold.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Site and direction of each link, in ascending order.
    links: Vec<(usize, usize)>,
    loops: Vec<WeightedLoop>,
    defect: Defect,
}

/// One loop.
#[derive(Clone, Debug)]
struct WeightedLoop {
    /// The coefficient c of its shape, times its weight at a boundary.
    coefficient: f64,
    /// Links of the defect in it.
    power: i32,
    /// Its links, by their places in [`Patch::links`], and whether each is followed backwards.
    steps: Vec<(usize, bool)>,
}

impl Patch {
    /// The loops of families with their coefficients, and with their weights at an open boundary.
    pub fn new(
        neighbours: &Neighbours,
        terms: &[(f64, Loops)],
        (defect, boundary): (&Defect, Option<&Boundary>),
    ) -> Self {
        let mut found = vec![];
        for (coefficient, path) in terms.iter().flat_map(|(c, loops)| loops.closed().iter().map(move |path| (*c, path)))
        {
            for start in starts(neighbours, path, defect) {
                let steps = links_along(neighbours, start, path);
                let weight = boundary.map_or(1.0, |boundary| boundary.factor(boundary.weight(&steps)));
                if weight != 0.0 {
                    found.push((coefficient * weight, steps));
                }
            }
        }
        let held: BTreeSet<(usize, usize)> =
            found.iter().flat_map(|(_, steps)| steps.iter().map(|&(site, mu, _)| (site, mu))).collect();
        let place: BTreeMap<(usize, usize), usize> = held.iter().copied().zip(0..).collect();
        let weighted = |(coefficient, steps): (f64, Vec<(usize, usize, bool)>)| WeightedLoop {
            coefficient,
            power: steps.iter().filter(|&&(site, mu, _)| defect.has(site, mu)).count() as i32,
            steps: steps.into_iter().map(|(site, mu, is_back)| (place[&(site, mu)], is_back)).collect(),
        };
        Self {
            loops: found.into_iter().map(weighted).collect(),
            links: held.into_iter().collect(),
            defect: defect.clone(),
        }
    }

    /// Site and direction of each link, in ascending order.
    pub fn links(&self) -> &[(usize, usize)] {
        &self.links
    }

    /// The defect.
    pub fn defect(&self) -> &Defect {
        &self.defect
    }

    /// Σ c (s^k − s'^k) (1 − Re tr / N): the sum with the first strength less that with the second.
    pub fn difference<const N: usize>(&self, links: &Links, strengths: [f64; 2]) -> f64 {
        self.difference_by(strengths, |place| {
            let (site, mu) = self.links[place];
            links.link::<N>(site, mu)
        })
    }

    /// The same from links alone that it holds, one after the other in the order of [`Patch::links`].
    pub fn difference_of<const N: usize>(&self, numbers: &[f64], strengths: [f64; 2]) -> f64 {
        let length = 2 * N * N;
        self.difference_by(strengths, |place| Matrix::<N>::from_reals(&numbers[place * length..][..length]))
    }

    fn difference_by<const N: usize>(&self, [to, from]: [f64; 2], link: impl Fn(usize) -> Matrix<N>) -> f64 {
        let of = |l: &WeightedLoop| {
            let weight = l.coefficient * (to.powi(l.power) - from.powi(l.power));
            let steps = l.steps.iter().map(|&(place, is_back)| followed(&link(place), is_back));
            weight * (1.0 - product(steps).trace().re / N as f64)
        };
        self.loops.iter().map(of).sum()
    }

    /// Adds c (s^k − 1) U A to the slope of each link U, for each place that holds it in the loops with staples A; returns the sum
    /// itself, as [`Patch::difference`] to strength 1.
    pub fn add_slopes<const N: usize>(&self, strength: f64, around: &mut impl Slopes<N>) -> f64 {
        let mut sum = 0.0;
        for l in &self.loops {
            let weight = l.coefficient * (strength.powi(l.power) - 1.0);
            let mut steps = [Matrix::ZERO; LONGEST];
            let steps = &mut steps[..l.steps.len()];
            for (step, &(place, is_back)) in steps.iter_mut().zip(&l.steps) {
                let (site, mu) = self.links[place];
                *step = followed(&around.link(site, mu), is_back);
            }
            let mut whole = product(steps.iter().copied());
            sum += weight * (1.0 - whole.trace().re / N as f64);
            for (step, &(place, is_back)) in steps.iter().zip(&l.steps) {
                // Around the loop from before this link, then from behind it.
                let before = whole;
                whole = step.adjoint() * whole * *step;
                let (site, mu) = self.links[place];
                around.add(site, mu, &if is_back { whole.adjoint() } else { before }.scale(weight.into()));
            }
        }
        sum
    }

    /// The power k of a loop.
    pub fn power(&self, steps: &[(usize, usize, bool)]) -> usize {
        steps.iter().filter(|&&(site, mu, _)| self.defect.has(site, mu)).count()
    }
}

/// The sites from which a path holds a link of the defect.
fn starts(neighbours: &Neighbours, path: &[Step], defect: &Defect) -> BTreeSet<usize> {
    let mut starts = BTreeSet::new();
    for (place, step) in path.iter().enumerate().filter(|(_, step)| step.direction() == defect.across()) {
        let back: Vec<Step> = path[..place].iter().rev().map(|step| step.reversed()).collect();
        for &site in defect.sites() {
            let before =
                if *step == Step::Forward(defect.across()) { site } else { neighbours.next(site, defect.across()) };
            starts.insert(back.iter().fold(before, |site, step| step.end(neighbours, site)));
        }
    }
    starts
}

/// A link as a path follows it.
fn followed<const N: usize>(link: &Matrix<N>, is_back: bool) -> Matrix<N> {
    if is_back { link.adjoint() } else { *link }
}

/// The product of links as a path follows them.
fn product<const N: usize>(mut steps: impl Iterator<Item = Matrix<N>>) -> Matrix<N> {
    let first = steps.next().unwrap_or_else(Matrix::unit);
    steps.fold(first, |product, link| product * link)
}
