//! The part of a sum over loops that changes when links near a defect move.

#![allow(clippy::needless_range_loop)]

use super::plan::Layers;
use crate::context::Team;
use crate::error::Result;
use crate::gauge::paths::{Links, Step};
use crate::gauge::weights::{LoopSum, Patch, Slopes};
use crate::gauge::wide_paths::{first_lanes, product};
use crate::group::wide_exponential::WIDTH;
use crate::group::{Complex64, Matrix, with_colours};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::simd::{Instructions, Lanes, Launch, Places, launch};
use std::sync::Arc;

/// The loops of an action that hold one of the links that layers move.
pub struct Region {
    sum: LoopSum,
    patch: Arc<Patch>,
    neighbours: Neighbours,
    /// Coefficient, path, and the sites that it starts from.
    loops: Vec<(f64, Vec<Step>, Vec<usize>)>,
    /// Site and direction of each link that moves.
    moved: Vec<(usize, usize)>,
}

/// Loops in each part of a thread's work.
const PART: usize = 256;

impl Region {
    /// The loops of a sum around the links of layers, with the loops around the defect.
    pub fn new(lattice: &Lattice, layers: &Layers, sum: &LoopSum, patch: &Arc<Patch>) -> Result<Self> {
        let (neighbours, d, volume) = (Neighbours::new(lattice)?, lattice.dimensions(), lattice.volume());
        let mut moves = memory::filled("links that move", false, volume * d)?;
        layers.links().for_each(|(site, mu)| moves[site * d + mu] = true);
        let mut loops = vec![];
        for (coefficient, path) in sum.terms.iter().flat_map(|(c, loops)| loops.closed().iter().map(move |p| (*c, p))) {
            let holds = |start: &usize| {
                let mut site = *start;
                path.iter().any(|step| {
                    let from = site;
                    site = step.end(&neighbours, site);
                    let is_back = matches!(step, Step::Backward(_));
                    moves[(if is_back { site } else { from }) * d + step.direction()]
                })
            };
            let mut starts = memory::reserved("loops around a layer", (0..volume).filter(holds).count())?;
            starts.extend((0..volume).filter(holds));
            loops.push((coefficient, path.clone(), starts));
        }
        let mut moved = memory::reserved("links that move", layers.count())?;
        moved.extend(layers.links());
        Ok(Self { sum: sum.clone(), patch: Arc::clone(patch), neighbours, loops, moved })
    }

    /// S at a strength of the defect, but for a number that no move of the links changes.
    pub fn value(&self, team: &Team, links: &[f64], strength: f64) -> f64 {
        let mut total = 0.0;
        for (coefficient, path, starts) in &self.loops {
            total += coefficient
                * team.sum_parts(starts.len().div_ceil(PART), |part| {
                    let starts = &starts[PART * part..starts.len().min(PART * (part + 1))];
                    let mut sum = 0.0;
                    let work = (Around { links, neighbours: &self.neighbours, path, starts }, &mut sum);
                    // SAFETY: these are all links of the lattice.
                    unsafe { with_colours!(self.sum.group, run(work)) };
                    starts.len() as f64 - sum / self.sum.group.colours() as f64
                });
        }
        let links = Links { numbers: links, neighbours: &self.neighbours };
        self.sum.beta * total + self.sum.difference(&self.patch, &links, [strength, 1.0])
    }

    /// The slopes Z of S at a strength of the defect, dS = Re tr X Z for dU = X U, of the links that move; those of others are
    /// left.
    pub fn slopes(&self, links: &[f64], strength: f64, slopes: &mut [f64]) {
        let links = Links { numbers: links, neighbours: &self.neighbours };
        with_colours!(self.sum.group, write_slopes(self, &links, strength, slopes));
    }
}

fn write_slopes<const N: usize>(region: &Region, links: &Links, strength: f64, slopes: &mut [f64]) {
    let (d, reals) = (links.neighbours.dimensions(), 2 * N * N);
    let factor = Complex64::from(-region.sum.beta / N as f64);
    for &(site, mu) in &region.moved {
        let terms = region.sum.terms.iter();
        let staple = terms.fold(Matrix::<N>::ZERO, |sum, (coefficient, loops)| {
            sum + loops.staple(links, site, mu).scale((*coefficient).into())
        });
        let slope = (links.link::<N>(site, mu) * staple).scale(factor);
        slope.to_reals(&mut slopes[(site * d + mu) * reals..][..reals]);
    }
    region.patch.add_slopes::<N>(strength, &mut Onto { links, slopes, factor });
}

/// Slopes of a patch, added to those of a field.
struct Onto<'a, 'b> {
    links: &'a Links<'a>,
    slopes: &'b mut [f64],
    factor: Complex64,
}

impl<const N: usize> Slopes<N> for Onto<'_, '_> {
    fn link(&mut self, site: usize, mu: usize) -> Matrix<N> {
        self.links.link(site, mu)
    }

    fn add(&mut self, site: usize, mu: usize, share: &Matrix<N>) {
        let place = (site * self.links.neighbours.dimensions() + mu) * 2 * N * N;
        let numbers = &mut self.slopes[place..place + 2 * N * N];
        (Matrix::<N>::from_reals(numbers) + share.scale(self.factor)).to_reals(numbers);
    }
}

/// Loops along one path.
struct Around<'a> {
    links: &'a [f64],
    neighbours: &'a Neighbours,
    path: &'a [Step],
    starts: &'a [usize],
}

struct Traces<'a, 'b, const N: usize>(Around<'a>, &'b mut f64);

/// # Safety
/// The numbers are all links of the lattice.
unsafe fn run<const N: usize>((around, sum): (Around, &mut f64)) {
    // SAFETY: the caller's promise; the processor was asked.
    unsafe { launch(Instructions::best(), Traces::<N>(around, sum)) };
}

impl<const N: usize> Launch<f64> for Traces<'_, '_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let Self(work, sum) = self;
        let last = work.starts.len() - 1;
        for first in (0..work.starts.len()).step_by(WIDTH) {
            let mut sites: Places = [0; WIDTH];
            for (lane, site) in sites.iter_mut().enumerate() {
                *site = work.starts[(first + lane).min(last)];
            }
            // SAFETY: the caller's promise.
            let whole = unsafe { product::<L, N>(work.links.as_ptr(), work.neighbours, &sites, work.path) };
            *sum += first_lanes(whole.real_trace(), WIDTH.min(work.starts.len() - first));
        }
    }
}
