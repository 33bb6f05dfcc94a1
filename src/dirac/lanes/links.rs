//! Links in lanes, as the kernels read them: `[outer site][direction][number]`, each number a line.
//!
//! A site holds the links that lead forward from it alone, factor x U_mu(x), weights and boundary phases in the factor:
//! the hop backward reads the link of the site that it comes from, and multiplies by its adjoint there, before lanes are
//! moved. A link is its matrix `[row][column][re, im]`, or for SU(3) its first two rows alone, 12 numbers; the third is
//!
//! ```text
//! v_3 = (p^3 / w) conj(v_1 x v_2)       for rows v of w p U,  w real, |p| = 1
//! ```
//!
//! in the kernel; or the 8 numbers of U in `compressed_links/eight.rs`, whose product w p is multiplied by after. Ph. de Forcrand,
//! D. Lellouch, C. Roiesnel, J. Comput. Phys. 59, 324 (1985).

use super::compressed_links::eight;
use super::field::Field;
use super::grid::Grid;
use crate::error::{Error, Result};
use crate::gauge::{Complex64, Gauge, Group, Matrix, is_absent};
use crate::simd::Native;

/// Largest distance from the group of links that are compressed.
const TOLERANCE: f64 = 1e-10;

/// Links while they are put into lanes.
pub(crate) struct Links<'a, T> {
    grid: &'a Grid,
    directions: usize,
    reals: usize,
    field: Field<T>,
}

impl<'a, T: Native> Links<'a, T> {
    /// Zeros for links of `reals` numbers in some directions of each site.
    pub fn new(grid: &'a Grid, directions: usize, reals: usize) -> Result<Self> {
        Ok(Self { grid, directions, reals, field: Field::zeros(grid.sites * directions * reals)? })
    }

    /// factor(x, mu) U_mu(x) as the directions that begin at `first`.
    pub fn fill(&mut self, gauge: &Gauge, first: usize, factor: &dyn Fn(usize, usize) -> Complex64) {
        let (dimensions, link) = (gauge.lattice().dimensions(), gauge.group().reals());
        let own = self.field.numbers_mut();
        for (site, &(outer, lane)) in self.grid.places.iter().enumerate() {
            for mu in 0..dimensions {
                let factor = factor(site, mu);
                let from = &gauge.links()[(site * dimensions + mu) * link..][..self.reals];
                let to = (outer as usize * self.directions + first + mu) * self.reals;
                for (i, pair) in from.chunks_exact(2).enumerate() {
                    let u = factor * Complex64::new(pair[0], pair[1]);
                    own[(to + 2 * i) * T::WIDTH + lane as usize] = T::from_f64(u.re);
                    own[(to + 2 * i + 1) * T::WIDTH + lane as usize] = T::from_f64(u.im);
                }
            }
        }
    }

    /// The eight numbers of each U_mu(x).
    pub fn fill_eight(&mut self, gauge: &Gauge) {
        let (dimensions, is_open) = (gauge.lattice().dimensions(), gauge.is_open());
        let own = self.field.numbers_mut();
        for (site, &(outer, lane)) in self.grid.places.iter().enumerate() {
            for mu in 0..dimensions {
                let to = (outer as usize * self.directions + mu) * self.reals;
                // Absent links have no such numbers: the factor behind them is zero.
                let is_absent = is_open && is_absent(gauge.lattice(), site * dimensions + mu);
                let link = if is_absent { Matrix::unit() } else { gauge.link(site, mu) };
                for (i, &x) in eight::numbers(&link, eight::most::<T>()).iter().enumerate() {
                    own[(to + i) * T::WIDTH + lane as usize] = T::from_f64(x);
                }
            }
        }
    }

    /// The links.
    pub fn field(self) -> Field<T> {
        self.field
    }
}

/// Factors that complete links of 12 or 8 numbers, `[mu][leaves the box][re, im]`: p^3 / w for the third row of a link of 12
/// numbers, w p for a link of 8. Inside the boxes p is one, and the factors are real.
pub(crate) fn factors<T: Native>(
    grid: &Grid,
    gauge: &Gauge,
    factor: &dyn Fn(usize, usize) -> Complex64,
    reals: usize,
) -> Result<Field<T>> {
    let lattice = gauge.lattice();
    let dimensions = lattice.dimensions();
    let mut field = Field::zeros(4 * dimensions)?;
    let own = field.numbers_mut();
    for (site, &(_, lane)) in grid.places.iter().enumerate() {
        for (mu, x) in lattice.coordinates(site).into_iter().enumerate() {
            let z = factor(site, mu);
            // The link at a wall (boundary 0) is zero, and so is its third row.
            let factor = if reals == 8 || z.norm() == 0.0 { z } else { z * z * z / z.norm().powi(4) };
            let to = 4 * mu + 2 * usize::from(grid.is_last(mu, x));
            own[to * T::WIDTH + lane as usize] = T::from_f64(factor.re);
            own[(to + 1) * T::WIDTH + lane as usize] = T::from_f64(factor.im);
        }
    }
    Ok(field)
}

/// Checks that the links are those of SU(3), the only ones that can be stored in 12 or 8 numbers.
pub(crate) fn expect_compressible(gauge: &Gauge, reals: usize) -> Result<()> {
    if gauge.group() != Group::Su3 {
        let got = gauge.group().name();
        return Err(Error::Unsupported(format!("links: expected su3 for {reals} numbers, got {got}")));
    }
    match gauge.worst_link() {
        (deviation, _, _) if deviation < TOLERANCE => Ok(()),
        (deviation, site, mu) => Err(Error::BadInput(format!(
            "links: expected links within {TOLERANCE:e} of su3 for {reals} numbers, got one that is {deviation:e} away, at \
             site {site} in direction {mu}"
        ))),
    }
}
