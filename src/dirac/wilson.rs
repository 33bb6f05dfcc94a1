//! The Wilson operator, with anisotropy and a twisted mass:
//!
//! ```text
//! D = M + sum_mu w_mu + i t g_5 - (1/2) sum_mu w_mu [ (1 - g_mu) U_mu(x) T(x, x + mu) + (1 + g_mu) U_mu(x - mu)^dag T(x, x - mu) ]
//! ```
//!
//! w_mu the weights of the directions (1, or nu / xi_0 in space), t the twisted mass. Boundary phases multiply the last
//! links of a direction. K. G. Wilson, Phys. Rev. D 10, 2445 (1974); gamma matrices as in `hopping.rs`.

use super::field::Field;
use super::grid::Grid;
use super::hopping::Hopping;
use super::hopping_term::{HoppingTerm, Job};
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
    let (colours, dimensions) = (gauge.group().colours(), gauge.lattice().dimensions());
    let half = dimensions / 2;
    let kernel = match (colours, half) {
        (1, 1) => run::<T, 1, 1>,
        (2, 1) => run::<T, 2, 1>,
        (3, 1) => run::<T, 3, 1>,
        (1, _) => run::<T, 1, 2>,
        (2, _) => run::<T, 2, 2>,
        (_, _) => run::<T, 3, 2>,
    };
    let mut links = Field::zeros(grid.sites * 2 * dimensions * 2 * colours * colours)?;
    fill(grid, gauge, parts, &mut links);
    let hops = grid.hops(&neighbours(dimensions));
    let (context, grid) = (Arc::clone(context), Arc::clone(grid));
    Ok(HoppingTerm { grid, context, hops, links, spinor: 4 * half * colours, kernel })
}

fn run<T: Native, const N: usize, const H: usize>(term: &HoppingTerm<T>, job: &Job<T>, sites: Range<usize>) {
    let &Job { from, to, terms, side, .. } = job;
    let (orders, hops, links) = (&term.grid.orders[..], &term.hops[..], term.links.lines());
    let hopping = Hopping::<T, N, H> { orders, hops, links, from, to, terms, side, sites };
    // SAFETY: fields, hops and links have the size of the grid, sites are given to one thread each, and the instruction
    // set was found on this processor.
    unsafe { launch::<T>(Instructions::best(), hopping) }
}

/// Links with weights and phases, both ways: `[outer site][hop][row][column][re, im]`.
fn fill<T: Native>(grid: &Grid, gauge: &Gauge, parts: &Parts, links: &mut Field<T>) {
    let lattice = gauge.lattice();
    let (colours, dimensions) = (gauge.group().colours(), lattice.dimensions());
    let link = 2 * colours * colours;
    let own = links.numbers_mut();
    for (site, &(outer, lane)) in grid.places.iter().enumerate() {
        let x = lattice.coordinates(site);
        for mu in 0..dimensions {
            let mut unit = vec![0; dimensions];
            for is_backward in [false, true] {
                unit[mu] = if is_backward { -1 } else { 0 };
                let base = lattice.shifted(site, &unit);
                let from = &gauge.links()[(base * dimensions + mu) * link..][..link];
                let crosses = if is_backward { x[mu] == 0 } else { x[mu] + 1 == lattice.extent()[mu] };
                let phase = if crosses { parts.boundary[mu] } else { Complex64::new(1.0, 0.0) };
                let weight = phase * (-0.5 * parts.weights[mu]);
                for row in 0..colours {
                    for column in 0..colours {
                        let (i, j) = if is_backward { (column, row) } else { (row, column) };
                        let at = 2 * (i * colours + j);
                        let u = weight * Complex64::new(from[at], from[at + 1]);
                        let u = if is_backward { u.conj() } else { u };
                        let hop = outer as usize * 2 * dimensions + 2 * mu + usize::from(is_backward);
                        let to = (hop * link + 2 * (row * colours + column)) * T::WIDTH + lane as usize;
                        own[to] = T::from_f64(u.re);
                        own[to + T::WIDTH] = T::from_f64(u.im);
                    }
                }
            }
        }
    }
}
