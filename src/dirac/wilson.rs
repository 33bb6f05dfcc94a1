//! The Wilson operator, with anisotropy and a twisted mass:
//!
//! ```text
//! D = M + sum_mu w_mu + i t g_5 - (1/2) sum_mu w_mu [ (1 - g_mu) U_mu(x) T(x, x + mu) + (1 + g_mu) U_mu(x - mu)^dag T(x, x - mu) ]
//! ```
//!
//! w_mu the weights of the directions (1, or nu / xi_0 in space), t the twisted mass. Boundary phases multiply the last
//! links of a direction. K. G. Wilson, Phys. Rev. D 10, 2445 (1974); gamma matrices as in `hopping.rs`.

use super::field::{Field, parallel};
use super::grid::Grid;
use super::hopping::{Hopping, Side, Terms};
use crate::context::Context;
use crate::error::Result;
use crate::gauge::{Complex64, Gauge};
use crate::simd::{Instructions, Line, Native, launch};
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

/// Outer sites that a thread takes at once.
const SITES: usize = 64;

/// The hopping term with weights -w/2, in lanes of a precision.
pub(crate) struct Wilson<T> {
    grid: Arc<Grid>,
    context: Arc<Context>,
    instructions: Instructions,
    links: Field<T>,
    spinor: usize,
    kernel: fn(&Self, &Job<T>, Range<usize>),
}

/// A result sum = centre + hopping on some sites.
struct Job<'a, T> {
    from: *const Line,
    to: *mut Line,
    terms: Terms<T>,
    side: Side,
    marker: std::marker::PhantomData<&'a mut [Line]>,
}

// SAFETY: threads write different sites of `to` and read the rest.
unsafe impl<T: Sync> Sync for Job<'_, T> {}

/// Numbers and field that a hopping term is taken with.
pub(crate) struct With<'a, T> {
    pub hopping: f64,
    pub diagonal: f64,
    pub twist: f64,
    pub centre: Centre<'a, T>,
}

/// The field of the site-diagonal terms.
pub(crate) enum Centre<'a, T> {
    None,
    Field(&'a Field<T>),
    /// What the result holds before.
    Result,
}

/// Which sites a half-field holds, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    Even,
    Odd,
}

impl<T: Native> Wilson<T> {
    /// The hopping term of a gauge field.
    pub fn new(context: &Arc<Context>, grid: &Arc<Grid>, gauge: &Gauge, parts: &Parts) -> Result<Self> {
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
        let link = 2 * colours * colours;
        let mut links = Field::zeros(grid.sites * 2 * dimensions * link)?;
        fill(grid, gauge, parts, &mut links);
        let (context, grid) = (Arc::clone(context), Arc::clone(grid));
        let spinor = 4 * half * colours;
        Ok(Self { grid, context, instructions: Instructions::best(), links, spinor, kernel })
    }

    /// Outer sites of a part.
    pub fn sites(&self, part: Part) -> Range<usize> {
        match part {
            Part::All => 0..self.grid.sites,
            Part::Even => 0..self.grid.even,
            Part::Odd => self.grid.even..self.grid.sites,
        }
    }

    /// A field of zeros on a part.
    pub fn zeros(&self, part: Part) -> Result<Field<T>> {
        Field::zeros(self.sites(part).len() * self.spinor)
    }

    /// to = hopping H from + (diagonal + i twist g_5) centre on the part where `to` and `centre` live; `from` lives on the
    /// other one, or on all. The centre may be left out.
    pub fn hop(&self, (side, part): (Side, Part), from: &Field<T>, with: With<T>, to: &mut Field<T>) {
        let source = match part {
            Part::All => Part::All,
            Part::Even => Part::Odd,
            Part::Odd => Part::Even,
        };
        let expect = |field: &Field<T>, part| assert_eq!(field.lines().len(), self.sites(part).len() * self.spinor);
        let begin = |part| self.sites(part).start * self.spinor;
        expect(from, source);
        expect(to, part);
        let twist = if side == Side::Plain { with.twist } else { -with.twist };
        let result = to.lines_mut().as_mut_ptr().wrapping_sub(begin(part));
        let centre = match with.centre {
            Centre::None => None,
            Centre::Result => Some(result.cast_const()),
            Centre::Field(field) => {
                expect(field, part);
                Some(field.lines().as_ptr().wrapping_sub(begin(part)))
            }
        };
        let number = T::from_f64;
        let terms =
            Terms { hopping: number(with.hopping), diagonal: number(with.diagonal), twist: number(twist), centre };
        let job = Job {
            from: from.lines().as_ptr().wrapping_sub(begin(source)),
            to: result,
            terms,
            side,
            marker: std::marker::PhantomData,
        };
        let sites = self.sites(part);
        parallel(&self.context, sites.len().div_ceil(SITES), |i| {
            let first = sites.start + i * SITES;
            (self.kernel)(self, &job, first..sites.end.min(first + SITES));
        });
    }

    /// field <- (diagonal + i twist g_5) field.
    pub fn diagonal(&self, field: &mut Field<T>, diagonal: f64, twist: f64) {
        let (width, half) = (T::WIDTH, self.spinor / 2);
        for spinor in field.numbers_mut().chunks_exact_mut(self.spinor * width) {
            for (i, pair) in spinor.chunks_exact_mut(2 * width).enumerate() {
                let (re, im) = pair.split_at_mut(width);
                for (x, y) in re.iter_mut().zip(im) {
                    let (a, t) = (diagonal, if 2 * i < half { twist } else { -twist });
                    let (u, v) = (x.to_f64(), y.to_f64());
                    (*x, *y) = (T::from_f64(a * u - t * v), T::from_f64(a * v + t * u));
                }
            }
        }
    }

    /// The context.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Lines of a spinor.
    pub fn spinor(&self) -> usize {
        self.spinor
    }
}

fn run<T: Native, const N: usize, const H: usize>(wilson: &Wilson<T>, job: &Job<T>, sites: Range<usize>) {
    let &Job { from, to, terms, side, .. } = job;
    let hopping = Hopping::<T, N, H> { grid: &wilson.grid, links: wilson.links.lines(), from, to, terms, side, sites };
    // SAFETY: fields and links have the size of the grid, sites are given to one thread each, and the instruction set
    // was found on this processor.
    unsafe { launch::<T>(wilson.instructions, hopping) }
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
