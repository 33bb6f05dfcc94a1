//! The site-diagonal part M of an operator: m + i t g_5, or the clover term A + i t g_5.

use super::clover::{Blocks, Product};
use super::field::Field;
use super::grid::Grid;
use super::hopping::Side;
use super::hopping_term::{HoppingTerm, Part};
use crate::error::Result;
use crate::simd::{Line, Native};

/// Outer sites that a thread takes at once.
const SITES: usize = 64;

/// The site-diagonal part.
pub(crate) enum Site<T> {
    /// m + i t g_5.
    Number {
        /// m.
        diagonal: f64,
        /// t.
        twist: f64,
    },
    /// A + i t g_5.
    Clover(Clover<T>),
}

/// A clover term with its inverse.
pub(crate) struct Clover<T> {
    size: usize,
    twist: f64,
    matrix: Field<T>,
    /// A R and R, R = (A^2 + t^2)^-1; the latter where t is not zero.
    inverse: Field<T>,
    reciprocal: Option<Field<T>>,
}

/// Blocks of a clover term with A R and R, made once for both precisions.
pub(crate) struct Regular {
    blocks: Blocks,
    inverse: Blocks,
    reciprocal: Blocks,
}

impl Regular {
    /// Blocks and their inverse with a twist.
    pub fn new(blocks: Blocks, twist: f64) -> Result<Self> {
        let (inverse, reciprocal) = blocks.inverse(twist)?;
        Ok(Self { blocks, inverse, reciprocal })
    }
}

impl<T: Native> Clover<T> {
    /// Blocks in lanes.
    pub fn new(grid: &Grid, Regular { blocks, inverse, reciprocal }: &Regular, twist: f64) -> Result<Self> {
        let reciprocal = if twist == 0.0 { None } else { Some(reciprocal.in_lanes(grid)?) };
        Ok(Self {
            size: blocks.size(),
            twist,
            matrix: blocks.in_lanes(grid)?,
            inverse: inverse.in_lanes(grid)?,
            reciprocal,
        })
    }

    /// A and A R, blocks of each site.
    pub fn blocks(&self, grid: &Grid) -> (Blocks, Blocks) {
        (Blocks::from_lanes(self.size, &self.matrix, grid), Blocks::from_lanes(self.size, &self.inverse, grid))
    }

    /// (A + i t g_5) from to be put into `to`, or its adjoint; the fields as if they began at outer site 0.
    pub fn product(&self, side: Side, from: *const Line, to: *mut Line) -> Product<'_> {
        let sign = if side == Side::Plain { 1.0 } else { -1.0 };
        let twist = Some((sign * self.twist, None)).filter(|_| self.twist != 0.0);
        Product { size: self.size, matrix: self.matrix.lines(), twist, from, to }
    }
}

impl<T: Native> Site<T> {
    /// True where M has an inverse.
    pub fn is_regular(&self) -> bool {
        match self {
            Site::Number { diagonal, twist } => *diagonal != 0.0 || *twist != 0.0,
            Site::Clover(_) => true,
        }
    }

    /// The twisted mass t.
    pub fn twist(&self) -> f64 {
        match self {
            Site::Number { twist, .. } | Site::Clover(Clover { twist, .. }) => *twist,
        }
    }

    /// field <- M^-1 field, or M^-dag field, on a part.
    pub fn divide(&self, hopping: &HoppingTerm<T>, (side, part): (Side, Part), field: &mut Field<T>) {
        let sign = if side == Side::Plain { 1.0 } else { -1.0 };
        match self {
            Site::Number { diagonal, twist } => {
                let norm = diagonal.powi(2) + twist.powi(2);
                hopping.diagonal(field, diagonal / norm, -sign * twist / norm);
            }
            Site::Clover(clover) => {
                let twist = clover.reciprocal.as_ref().map(|r| (-sign * clover.twist, Some(r.lines())));
                let sites = hopping.sites(part);
                let to = field.lines_mut().as_mut_ptr().wrapping_sub(sites.start * hopping.spinor);
                let matrix = clover.inverse.lines();
                let product = Product { size: clover.size, matrix, twist, from: to.cast_const(), to };
                hopping.context.share(sites.len().div_ceil(SITES), |_, i| {
                    let first = sites.start + i * SITES;
                    product.run::<T>(hopping.instructions, first..sites.end.min(first + SITES));
                });
            }
        }
    }
}
