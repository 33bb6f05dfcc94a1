//! Staggered operators, one colour vector on each site:
//!
//! ```text
//! naive:     D = m + (1/2) sum_mu eta_mu(x) [ U_mu(x) T(x, x + mu) - U_mu(x - mu)^dag T(x, x - mu) ]
//! improved:  D = 2 m + sum_mu [ F_mu(x) T(x, x + mu) - F_mu(x - mu)^dag T(x, x - mu)
//!                             + L_mu(x) T(x, x + 3 mu) - L_mu(x - 3 mu)^dag T(x, x - 3 mu) ]
//! ```
//!
//! with phases eta_x = 1, eta_mu(x) = (-1)^(the sum of the coordinates before mu); or time first as in MILC's files,
//! eta_t = 1, eta_x = (-1)^t, eta_y = (-1)^(t + x), eta_z = (-1)^(t + x + y). The links F and L of the improved operator
//! are given with phases and boundary conditions in them; 2 m is the normalisation of MILC. J. Kogut, L. Susskind,
//! Phys. Rev. D 11, 395 (1975); K. Orginos, D. Toussaint, R. Sugar, hep-lat/9903032.

#![allow(clippy::needless_range_loop)]

use super::hopping::Terms;
use super::hopping::{HoppingTerm, Job};
use super::wilson::neighbours;
use crate::context::Context;
use crate::dirac::lanes::field::Field;
use crate::dirac::lanes::grid::{Grid, Neighbour};
use crate::dirac::lanes::links::Links;
use crate::dirac::side::Side;
use crate::error::Result;
use crate::gauge::{Complex64, Gauge};
use crate::simd::{Instructions, Lanes, Launch, Line, Native, launch};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Direction whose staggered phase is 1 on all sites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum First {
    /// eta_x = 1.
    #[default]
    X,
    /// eta_t = 1, t the last direction: MILC.
    Time,
}

impl First {
    /// eta_mu(x).
    pub(crate) fn phase(self, x: &[usize], mu: usize) -> f64 {
        let last = x.len() - 1;
        let sum: usize = match self {
            First::X => x[..mu].iter().sum(),
            First::Time if mu == last => 0,
            First::Time => x[last] + x[..mu].iter().sum::<usize>(),
        };
        if sum.is_multiple_of(2) { 1.0 } else { -1.0 }
    }
}

/// The hopping term of the naive operator.
pub(crate) fn naive<T: Native>(
    context: &Arc<Context>,
    grid: &Arc<Grid>,
    gauge: &Gauge,
    (first, boundary): (First, &[Complex64]),
) -> Result<HoppingTerm<T>> {
    let lattice = gauge.lattice();
    let factor = |site: usize, mu: usize| {
        let x = lattice.coordinates(site);
        let phase = if x[mu] + 1 == lattice.extent()[mu] { boundary[mu] } else { 1.0.into() };
        phase * (0.5 * first.phase(&x, mu))
    };
    let mut links = Links::new(grid, lattice.dimensions(), gauge.group().reals())?;
    links.fill(gauge, 0, &factor);
    let steps = neighbours(lattice.dimensions());
    term(context, grid, links.field(), (gauge, &steps))
}

/// The hopping term of the improved operator, with links one and three steps long.
pub(crate) fn improved<T: Native>(
    context: &Arc<Context>,
    grid: &Arc<Grid>,
    fat: &Gauge,
    long: &Gauge,
) -> Result<HoppingTerm<T>> {
    let lattice = fat.lattice();
    let dimensions = lattice.dimensions();
    let mut steps = neighbours(dimensions);
    steps.extend((0..dimensions).flat_map(|mu| [(mu, 3), (mu, -3)]));
    let one = |_: usize, _: usize| Complex64::new(1.0, 0.0);
    let mut links = Links::new(grid, 2 * dimensions, fat.group().reals())?;
    links.fill(fat, 0, &one);
    links.fill(long, dimensions, &one);
    term(context, grid, links.field(), (fat, &steps))
}

fn term<T: Native>(
    context: &Arc<Context>,
    grid: &Arc<Grid>,
    links: Field<T>,
    (gauge, steps): (&Gauge, &[(usize, i64)]),
) -> Result<HoppingTerm<T>> {
    let colours = gauge.group().colours();
    let kernel = match colours {
        1 => run::<T, 1>,
        2 => run::<T, 2>,
        _ => run::<T, 3>,
    };
    let (context, grid, hops) = (Arc::clone(context), Arc::clone(grid), grid.hops(steps)?);
    let (instructions, factors) = (Instructions::best(), Field::default());
    Ok(HoppingTerm { hops, grid, context, instructions, links, factors, spinor: 2 * colours, kernel })
}

fn run<T: Native, const N: usize>(term: &HoppingTerm<T>, jobs: &[Job<T>], sites: Range<usize>) {
    for job in jobs {
        // SAFETY: fields, hops and links have the size of the grid, sites are given to one thread each, and the instruction
        // set was found on this processor.
        unsafe { launch::<T>(term.instructions, Vectors::<T, N> { term, job, sites: sites.clone() }) }
    }
}

/// Some sites of the hopping term of colour vectors.
struct Vectors<'a, T, const N: usize> {
    term: &'a HoppingTerm<T>,
    job: &'a Job<'a, T>,
    sites: Range<usize>,
}

impl<T: Native, const N: usize> Launch<T> for Vectors<'_, T, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = T>>(self) {
        let (hops, steps) = (&self.term.hops[..], self.term.hops.len() / self.term.grid.sites);
        for site in self.sites.clone() {
            let mut sum = [[L::constant(0.0); 2]; N];
            for direction in 0..steps / 2 {
                // SAFETY: sites of the grid; fields, hops and links of its size.
                unsafe {
                    let hop = *hops.get_unchecked(steps * site + 2 * direction);
                    let back = *hops.get_unchecked(steps * site + 2 * direction + 1);
                    if self.job.streams {
                        self.prefetch::<L>(steps, (site + 1, direction));
                    }
                    self.add(steps, (site, direction), hop, &mut sum);
                    self.subtract(steps, (back.site as usize, direction), back, &mut sum);
                }
            }
            // SAFETY: as above.
            unsafe { self.store(site, &sum) }
        }
        if self.job.streams {
            L::fence();
        }
    }
}

impl<T: Native, const N: usize> Vectors<'_, T, N> {
    /// The first line of the link of a site in a direction.
    #[inline(always)]
    fn link(&self, steps: usize, (site, direction): (usize, usize)) -> *const Line {
        self.term.links.lines().as_ptr().wrapping_add(2 * N * N * (steps / 2 * site + direction))
    }

    /// Prefetch: the links of a site in a direction, forward and backward.
    #[inline(always)]
    fn prefetch<L: Lanes>(&self, steps: usize, (site, direction): (usize, usize)) {
        let Some(back) = self.term.hops.get(steps * site + 2 * direction + 1) else { return };
        for site in [site, back.site as usize] {
            let link = self.link(steps, (site, direction));
            (0..2 * N * N).for_each(|line| L::prefetch(link.wrapping_add(line)));
        }
    }

    /// The colour vector at the site that a hop leads to.
    ///
    /// # Safety
    /// The job's field has the site that the hop comes from. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn vector<L: Lanes>(&self, hop: Neighbour) -> [[L; 2]; N] {
        let mut psi = [[L::constant(0.0); 2]; N];
        // SAFETY: a site of the field.
        unsafe {
            let from = self.job.from.add(2 * N * hop.site as usize).cast::<L>();
            for b in 0..N {
                psi[b] = [*from.add(2 * b), *from.add(2 * b + 1)];
            }
        }
        psi
    }

    /// Permutes the lanes where a hop leaves its box.
    ///
    /// # Safety
    /// The order of the hop is one of the grid's. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn permute<L: Lanes>(&self, hop: Neighbour, psi: &mut [[L; 2]; N]) {
        if hop.order != 0 {
            // SAFETY: an order of the grid.
            let order = unsafe { self.term.grid.orders.get_unchecked(hop.order as usize) };
            for z in psi {
                *z = [z[0].permute(order), z[1].permute(order)];
            }
        }
    }

    /// sum += V psi of a hop forward.
    ///
    /// # Safety
    /// Site, step and hop are of the term, and the job's field has its sites. The processor has the instructions of
    /// `L`.
    #[inline(always)]
    unsafe fn add<L: Lanes>(&self, steps: usize, at: (usize, usize), hop: Neighbour, sum: &mut [[L; 2]; N]) {
        let link = self.link(steps, at).cast::<L>();
        // SAFETY: the caller's promise.
        unsafe {
            let mut psi = self.vector::<L>(hop);
            self.permute(hop, &mut psi);
            for a in 0..N {
                for b in 0..N {
                    let (re, im) = (*link.add(2 * (N * a + b)), *link.add(2 * (N * a + b) + 1));
                    let (p, [x, y]) = (sum[a], psi[b]);
                    sum[a] = [im.negative_mul_add(y, re.mul_add(x, p[0])), im.mul_add(x, re.mul_add(y, p[1]))];
                }
            }
        }
    }

    /// sum -= V^dag psi of a hop backward, multiplied where V and psi lie.
    ///
    /// # Safety
    /// As in `add`.
    #[inline(always)]
    unsafe fn subtract<L: Lanes>(&self, steps: usize, at: (usize, usize), hop: Neighbour, sum: &mut [[L; 2]; N]) {
        let link = self.link(steps, at).cast::<L>();
        let mut product = [[L::constant(0.0); 2]; N];
        // SAFETY: the caller's promise.
        unsafe {
            let psi = self.vector::<L>(hop);
            for a in 0..N {
                for b in 0..N {
                    let (re, im) = (*link.add(2 * (N * b + a)), *link.add(2 * (N * b + a) + 1));
                    let (p, [x, y]) = (product[a], psi[b]);
                    product[a] = [im.mul_add(y, re.mul_add(x, p[0])), im.negative_mul_add(x, re.mul_add(y, p[1]))];
                }
            }
            self.permute(hop, &mut product);
        }
        for a in 0..N {
            sum[a] = [sum[a][0] - product[a][0], sum[a][1] - product[a][1]];
        }
    }

    /// Stores the result, with the site-diagonal term.
    ///
    /// # Safety
    /// The job's result has the site. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn store<L: Lanes<Scalar = T>>(&self, site: usize, sum: &[[L; 2]; N]) {
        let Terms { hopping, diagonal, centre, .. } = self.job.terms;
        // The hopping term is antihermitian.
        let sign = if self.job.side == Side::Plain { 1.0 } else { -1.0 };
        let (hopping, diagonal) = (L::splat(hopping) * L::constant(sign), L::splat(diagonal));
        // SAFETY: the caller's promise.
        unsafe {
            let to = self.job.to.add(2 * N * site).cast::<L>();
            for (place, x) in sum.iter().flatten().enumerate() {
                let mut z = *x * hopping;
                if let Some(centre) = centre {
                    z = (*centre.add(2 * N * site).cast::<L>().add(place)).mul_add(diagonal, z);
                }
                if self.job.streams {
                    z.stream(to.add(place));
                } else {
                    *to.add(place) = z;
                }
            }
        }
    }
}
