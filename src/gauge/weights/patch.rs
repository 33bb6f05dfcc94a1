//! The loops that hold links of a defect, and what their weights change.
//!
//! ```text
//! Σ_loops c (w − 1) (1 − Re tr / N),   w = s^k for a loop with k links of the defect, each occurrence counted
//! ```
//!
//! It is added to a sum over all loops with weight 1, so that kernels for the whole lattice know nothing of defects. Its cost
//! is that of the loops around the defect, whatever the volume.

use super::Defect;
use crate::gauge::observables::Loops;
use crate::gauge::paths::{Step, links_along};
use crate::group::Matrix;
use crate::lattice::Neighbours;
use std::collections::{BTreeMap, BTreeSet};

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
    /// The coefficient c of its shape.
    coefficient: f64,
    /// Links of the defect in it.
    power: i32,
    /// Its links, by their places in [`Patch::links`], and whether each is followed backwards.
    steps: Vec<(usize, bool)>,
}

impl Patch {
    /// The loops of families with their coefficients.
    pub fn new(neighbours: &Neighbours, terms: &[(f64, Loops)], defect: &Defect) -> Self {
        let mut found = vec![];
        for (coefficient, path) in terms.iter().flat_map(|(c, loops)| loops.closed().iter().map(move |path| (*c, path)))
        {
            for start in starts(neighbours, path, defect) {
                found.push((coefficient, links_along(neighbours, start, path)));
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

    /// Σ c (s^k − s'^k) (1 − Re tr / N): the sum with the first strength less that with the second, from the links in their
    /// order.
    pub fn difference<const N: usize>(&self, links: &[Matrix<N>], [to, from]: [f64; 2]) -> f64 {
        let of = |l: &WeightedLoop| {
            let weight = l.coefficient * (to.powi(l.power) - from.powi(l.power));
            weight * (1.0 - product(links, &l.steps).trace().re / N as f64)
        };
        self.loops.iter().map(of).sum()
    }

    /// Σ c (s^k − 1) U A of each link U, over the places that hold it in the loops with staples A; and the sum itself, as
    /// [`Patch::difference`] to strength 1.
    pub fn slopes<const N: usize>(&self, links: &[Matrix<N>], strength: f64) -> (f64, Vec<Matrix<N>>) {
        let mut slopes = vec![Matrix::ZERO; links.len()];
        let mut sum = 0.0;
        for l in &self.loops {
            let weight = l.coefficient * (strength.powi(l.power) - 1.0);
            let mut around = product(links, &l.steps);
            sum += weight * (1.0 - around.trace().re / N as f64);
            for &(place, is_back) in &l.steps {
                // Around the loop from before this link, then from behind it.
                if !is_back {
                    slopes[place] = slopes[place] + around.scale(weight.into());
                }
                let step = followed(&links[place], is_back);
                around = step.adjoint() * around * step;
                if is_back {
                    slopes[place] = slopes[place] + around.adjoint().scale(weight.into());
                }
            }
        }
        (sum, slopes)
    }

    /// The powers k of the loops of the families through each link, in the order of its staples.
    pub fn powers(&self, neighbours: &Neighbours, terms: &[(f64, Loops)]) -> Vec<Vec<i32>> {
        let has = |site: usize, mu: usize| i32::from(self.defect.has(site, mu));
        let row = |&(site, mu): &(usize, usize)| {
            let end = neighbours.next(site, mu);
            let power = |path: &Vec<Step>| {
                let rest = links_along(neighbours, end, path).into_iter().map(|(site, mu, _)| has(site, mu));
                has(site, mu) + rest.sum::<i32>()
            };
            terms.iter().flat_map(|(_, loops)| loops.staples(mu)).map(power).collect()
        };
        self.links.iter().map(row).collect()
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

/// The product of links along a path.
fn product<const N: usize>(links: &[Matrix<N>], steps: &[(usize, bool)]) -> Matrix<N> {
    let mut steps = steps.iter().map(|&(place, is_back)| followed(&links[place], is_back));
    let first = steps.next().unwrap_or_else(Matrix::unit);
    steps.fold(first, |product, link| product * link)
}
