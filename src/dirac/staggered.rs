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

use super::field::Field;
use super::grid::Grid;
use super::hopping::{Side, Terms};
use super::hopping_term::{HoppingTerm, Job};
use super::wilson::neighbours;
use crate::context::Context;
use crate::error::Result;
use crate::gauge::{Complex64, Gauge};
use crate::lattice::Lattice;
use crate::simd::{Instructions, Lanes, Launch, Native, launch};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Where the staggered phases begin.
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
    pub(super) fn phase(self, x: &[usize], mu: usize) -> f64 {
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
    let steps = neighbours(lattice.dimensions());
    let mut links = Links::new(grid, gauge, steps.len())?;
    links.fill(lattice, gauge, 1, &factor);
    Ok(links.term(context, grid, gauge, &steps))
}

/// The hopping term of the improved operator, with links one and three steps long.
pub(crate) fn improved<T: Native>(
    context: &Arc<Context>,
    grid: &Arc<Grid>,
    fat: &Gauge,
    long: &Gauge,
) -> Result<HoppingTerm<T>> {
    let lattice = fat.lattice();
    let mut steps = neighbours(lattice.dimensions());
    steps.extend((0..lattice.dimensions()).flat_map(|mu| [(mu, 3), (mu, -3)]));
    let mut links = Links::new(grid, fat, steps.len())?;
    let one = |_: usize, _: usize| Complex64::new(1.0, 0.0);
    links.fill(lattice, fat, 1, &one);
    links.first = 2 * lattice.dimensions();
    links.fill(lattice, long, 3, &one);
    Ok(links.term(context, grid, fat, &steps))
}

/// Links in the order of the kernel, while they are put there: `[outer site][step][row][column][re, im]`.
struct Links<'a, T> {
    grid: &'a Grid,
    colours: usize,
    steps: usize,
    first: usize,
    field: Field<T>,
}

impl<'a, T: Native> Links<'a, T> {
    fn new(grid: &'a Grid, gauge: &Gauge, steps: usize) -> Result<Self> {
        let colours = gauge.group().colours();
        let field = Field::zeros(grid.sites * steps * 2 * colours * colours)?;
        Ok(Self { grid, colours, steps, first: 0, field })
    }

    /// factor U forward, and minus its adjoint backward, for links of some length.
    fn fill(&mut self, lattice: &Lattice, gauge: &Gauge, length: i64, factor: &dyn Fn(usize, usize) -> Complex64) {
        let (n, dimensions) = (self.colours, lattice.dimensions());
        let link = 2 * n * n;
        let own = self.field.numbers_mut();
        for (site, &(outer, lane)) in self.grid.places.iter().enumerate() {
            for mu in 0..dimensions {
                for is_backward in [false, true] {
                    let mut unit = vec![0; dimensions];
                    unit[mu] = if is_backward { -length } else { 0 };
                    let base = lattice.shifted(site, &unit);
                    let from = &gauge.links()[(base * dimensions + mu) * link..][..link];
                    let step = self.first + 2 * mu + usize::from(is_backward);
                    for row in 0..n {
                        for column in 0..n {
                            let (i, j) = if is_backward { (column, row) } else { (row, column) };
                            let at = 2 * (i * n + j);
                            let u = factor(base, mu) * Complex64::new(from[at], from[at + 1]);
                            let u = if is_backward { -u.conj() } else { u };
                            let hop = outer as usize * self.steps + step;
                            let to = (hop * link + 2 * (row * n + column)) * T::WIDTH + lane as usize;
                            own[to] = T::from_f64(u.re);
                            own[to + T::WIDTH] = T::from_f64(u.im);
                        }
                    }
                }
            }
        }
    }

    fn term(self, context: &Arc<Context>, grid: &Arc<Grid>, gauge: &Gauge, steps: &[(usize, i64)]) -> HoppingTerm<T> {
        let kernel = match gauge.group().colours() {
            1 => run::<T, 1>,
            2 => run::<T, 2>,
            _ => run::<T, 3>,
        };
        let (context, grid) = (Arc::clone(context), Arc::clone(grid));
        HoppingTerm { hops: grid.hops(steps), grid, context, links: self.field, spinor: 2 * self.colours, kernel }
    }
}

fn run<T: Native, const N: usize>(term: &HoppingTerm<T>, job: &Job<T>, sites: Range<usize>) {
    // SAFETY: fields, hops and links have the size of the grid, sites are given to one thread each, and the instruction
    // set was found on this processor.
    unsafe { launch::<T>(Instructions::best(), Vectors::<T, N> { term, job, sites }) }
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
        let (term, Terms { hopping, diagonal, centre, .. }) = (self.term, self.job.terms);
        let steps = term.hops.len() / term.grid.sites;
        // The hopping term is antihermitian.
        let sign = if self.job.side == Side::Plain { 1.0 } else { -1.0 };
        let (hopping, diagonal) = (L::splat(hopping) * L::constant(sign), L::splat(diagonal));
        for site in self.sites.clone() {
            // SAFETY: sites of the grid; fields, hops and links of its size.
            unsafe {
                let mut sum = [[L::constant(0.0); 2]; N];
                let mut link = term.links.lines().as_ptr().add(2 * N * N * steps * site).cast::<L>();
                for step in 0..steps {
                    let hop = *term.hops.get_unchecked(steps * site + step);
                    let from = self.job.from.add(2 * N * hop.site as usize).cast::<L>();
                    let mut psi = [[L::constant(0.0); 2]; N];
                    for b in 0..N {
                        psi[b] = [*from.add(2 * b), *from.add(2 * b + 1)];
                    }
                    if hop.order != 0 {
                        let order = term.grid.orders.get_unchecked(hop.order as usize);
                        for b in 0..N {
                            psi[b] = [psi[b][0].permute(order), psi[b][1].permute(order)];
                        }
                    }
                    for a in 0..N {
                        for b in 0..N {
                            let (re, im) = (*link, *link.add(1));
                            link = link.add(2);
                            let (p, [x, y]) = (sum[a], psi[b]);
                            sum[a] = [im.negative_mul_add(y, re.mul_add(x, p[0])), im.mul_add(x, re.mul_add(y, p[1]))];
                        }
                    }
                }
                let to = self.job.to.add(2 * N * site).cast::<L>();
                for a in 0..N {
                    for part in 0..2 {
                        let mut z = sum[a][part] * hopping;
                        if let Some(centre) = centre {
                            z = (*centre.add(2 * N * site).cast::<L>().add(2 * a + part)).mul_add(diagonal, z);
                        }
                        *to.add(2 * a + part) = z;
                    }
                }
            }
        }
    }
}
