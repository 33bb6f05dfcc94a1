//! The site-diagonal part M of an operator: m + i t g_5, or the clover term A + i t g_5.

use super::clover_kernel::{Clover, Product};
use super::hopping::{HoppingTerm, Sublattice};
use crate::dirac::lanes::field::Field;
use crate::dirac::side::Side;
use crate::simd::Native;

/// Outer sites in each piece of a thread's work.
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

    /// field <- M^-1 field, or M^-dag field, on a sublattice.
    pub fn divide(&self, hopping: &HoppingTerm<T>, (side, sublattice): (Side, Sublattice), field: &mut Field<T>) {
        let sign = if side == Side::Plain { 1.0 } else { -1.0 };
        match self {
            Site::Number { diagonal, twist } => {
                let norm = diagonal.powi(2) + twist.powi(2);
                hopping.diagonal(field, diagonal / norm, -sign * twist / norm);
            }
            Site::Clover(clover) => {
                let twist = clover.reciprocal.as_ref().map(|r| (-sign * clover.twist, Some(r.lines())));
                let sites = hopping.sites(sublattice);
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
