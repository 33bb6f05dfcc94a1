//! The Wilson operator, with anisotropy and a twisted mass:
//!
//! ```text
//! D = M + sum_mu w_mu + i t g_5 - (1/2) sum_mu w_mu [ (1 - g_mu) U_mu(x) T(x, x + mu) + (1 + g_mu) U_mu(x - mu)^dag T(x, x - mu) ]
//! ```
//!
//! w_mu the weights of the directions (1, or nu / xi_0 in space), t the twisted mass. Boundary phases multiply the last
//! links of a direction. K. G. Wilson, Phys. Rev. D 10, 2445 (1974); gamma matrices as in `hopping.rs`.

use super::grid::Grid;
use super::hopping::Hopping;
use super::hopping_term::{HoppingTerm, Job};
use super::links::{Links, expect_compressible, third_rows};
use crate::context::Context;
use crate::error::Result;
use crate::gauge::{Complex64, Gauge};
use crate::simd::{Instructions, Native, launch};
use std::ops::Range;
use std::sync::Arc;

/// What a Wilson operator is made of.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Weights w_mu.
    pub weights: Vec<f64>,
    /// Phases at the end of each direction; 0 is a wall.
    pub boundary: Vec<Complex64>,
    /// True where links are kept as two rows of three.
    pub is_compressed: bool,
}

/// Steps forward and backward in each direction.
pub(super) fn neighbours(dimensions: usize) -> Vec<(usize, i64)> {
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
    let factor = |site: usize, mu: usize| {
        let crosses = lattice.coordinates(site)[mu] + 1 == lattice.extent()[mu];
        let phase = if crosses { parts.boundary[mu] } else { 1.0.into() };
        phase * (-0.5 * parts.weights[mu])
    };
    if parts.is_compressed {
        expect_compressible(gauge)?;
    }
    let kernel = match (colours, half, parts.is_compressed) {
        (1, 1, _) => run::<T, 1, 1, 2>,
        (2, 1, _) => run::<T, 2, 1, 8>,
        (3, 1, false) => run::<T, 3, 1, 18>,
        (3, 1, true) => run::<T, 3, 1, 12>,
        (1, _, _) => run::<T, 1, 2, 2>,
        (2, _, _) => run::<T, 2, 2, 8>,
        (_, _, false) => run::<T, 3, 2, 18>,
        (_, _, true) => run::<T, 3, 2, 12>,
    };
    let mut links = Links::new(grid, dimensions, if parts.is_compressed { 12 } else { group.reals() })?;
    links.fill(gauge, 0, &factor);
    let (links, thirds) = (links.field(), third_rows(grid, gauge, &factor)?);
    let (hops, instructions) = (grid.hops(&neighbours(dimensions)), Instructions::best());
    let (context, grid) = (Arc::clone(context), Arc::clone(grid));
    Ok(HoppingTerm { grid, context, instructions, hops, links, thirds, spinor: 4 * half * colours, kernel })
}

fn run<T: Native, const N: usize, const H: usize, const R: usize>(
    term: &HoppingTerm<T>,
    job: &Job<T>,
    sites: Range<usize>,
) {
    let &Job { from, to, terms, side, home, .. } = job;
    let (orders, hops) = (&term.grid.orders[..], &term.hops[..]);
    let (links, thirds) = (term.links.lines(), term.thirds.lines());
    let hopping = Hopping::<T, N, H, R> { orders, hops, links, thirds, from, to, terms, side, home, sites };
    // SAFETY: fields, hops and links have the size of the grid, sites are given to one thread each, and the instruction
    // set was found on this processor.
    unsafe { launch::<T>(term.instructions, hopping) }
}
