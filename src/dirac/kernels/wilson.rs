//! The Wilson operator, with anisotropy and a twisted mass:
//!
//! ```text
//! D = M + sum_mu w_mu + i t g_5 - (1/2) sum_mu w_mu [ (1 - g_mu) U_mu(x) T(x, x + mu) + (1 + g_mu) U_mu(x - mu)^dag T(x, x - mu) ]
//! ```
//!
//! w_mu the weights of the directions (1, or nu / xi_0 in space), t the twisted mass. Boundary phases multiply the last
//! links of a direction. On fields with an open boundary nothing hops through absent links, as at a wall in the last direction;
//! spinors live on all slices, or with c_F on those between the first and the last one (`end_slices.rs`). K. G. Wilson, Phys. Rev. D 10, 2445 (1974); gamma matrices as in `wilson_kernel.rs`.

use super::hopping::{HoppingTerm, Job};
use super::wilson_kernel::Hopping;
use crate::context::Context;
use crate::dirac::end_slices::EndSlices;
use crate::dirac::lanes::grid::Grid;
use crate::dirac::lanes::links::{Links, expect_compressible, factors};
use crate::error::Result;
use crate::gauge::{Complex64, Gauge};
use crate::simd::{Instructions, Native, launch};
use std::ops::Range;
use std::sync::Arc;

/// Weights, boundary phases and link storage of a Wilson operator.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Weights w_mu.
    pub weights: Vec<f64>,
    /// Phases at the end of each direction; 0 is a wall.
    pub boundary: Vec<Complex64>,
    /// Numbers of a link of SU(3) in memory: 18, 12 or 8.
    pub numbers: usize,
    /// Slices without spinors.
    pub ends: Option<EndSlices>,
}

/// Steps forward and backward in each direction.
pub(crate) fn neighbours(dimensions: usize) -> Vec<(usize, i64)> {
    (0..dimensions).flat_map(|mu| [(mu, 1), (mu, -1)]).collect()
}

/// The hopping term of a gauge field, with weights -w/2.
pub(crate) fn wilson<T: Native>(
    context: &Arc<Context>,
    grid: &Arc<Grid>,
    gauge: &Gauge,
    parts: &Parts,
) -> Result<HoppingTerm<T>> {
    let (lattice, group) = (gauge.lattice(), gauge.group());
    let (colours, dimensions) = (group.colours(), lattice.dimensions());
    let half = dimensions / 2;
    let mut boundary = parts.boundary.clone();
    if gauge.is_open() {
        // Absent links are a wall: compressed ones have no other way to be zero.
        boundary[dimensions - 1] = 0.0.into();
    }
    let factor = |site: usize, mu: usize| {
        let crosses = lattice.coordinates(site)[mu] + 1 == lattice.extent()[mu];
        let phase = if crosses { boundary[mu] } else { 1.0.into() };
        phase * (-0.5 * parts.weights[mu])
    };
    // Two rows of zeros make a third one, whatever completes it.
    let is_cut = |site: usize, mu: usize| parts.ends.is_some_and(|ends| ends.is_cut(site, mu));
    let uncut = |site: usize, mu: usize| if is_cut(site, mu) { 0.0.into() } else { factor(site, mu) };
    if parts.numbers != 18 {
        expect_compressible(gauge, parts.numbers)?;
    }
    let reals = parts.numbers.min(group.reals());
    let kernel = match (colours, half, reals) {
        (1, 1, _) => run::<T, 1, 1, 2>,
        (2, 1, _) => run::<T, 2, 1, 8>,
        (3, 1, 18) => run::<T, 3, 1, 18>,
        (3, 1, 12) => run::<T, 3, 1, 12>,
        (_, 1, _) => run::<T, 3, 1, 8>,
        (1, _, _) => run::<T, 1, 2, 2>,
        (2, _, _) => run::<T, 2, 2, 8>,
        (_, _, 18) => run::<T, 3, 2, 18>,
        (_, _, 12) => run::<T, 3, 2, 12>,
        _ => run::<T, 3, 2, 8>,
    };
    let mut links = Links::new(grid, dimensions, reals)?;
    if parts.numbers == 8 {
        links.fill_eight(gauge);
    } else {
        links.fill(gauge, 0, &uncut);
    }
    let (links, factors) = (links.field(), factors(grid, gauge, &factor, reals)?);
    let (hops, instructions) = (grid.hops(&neighbours(dimensions))?, Instructions::best());
    let (context, grid) = (Arc::clone(context), Arc::clone(grid));
    Ok(HoppingTerm { grid, context, instructions, hops, links, factors, spinor: 4 * half * colours, kernel })
}

fn run<T: Native, const N: usize, const H: usize, const R: usize>(
    term: &HoppingTerm<T>,
    jobs: &[Job<T>],
    sites: Range<usize>,
) {
    let (orders, hops) = (&term.grid.orders[..], &term.hops[..]);
    let (links, factors) = (term.links.lines(), term.factors.lines());
    let hopping = Hopping::<T, N, H, R> { orders, hops, links, factors, jobs, sites };
    // SAFETY: fields, hops and links have the size of the grid, sites are given to one thread each, and the instruction
    // set was found on this processor.
    unsafe { launch::<T>(term.instructions, hopping) }
}
