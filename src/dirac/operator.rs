//! Operators as solvers see them: linear maps of fields in lanes, and their even-odd form.
//!
//! D = [[M, H_eo], [H_oe, M]] with M diagonal in the sites. Its Schur complement on the odd sites is
//!
//! ```text
//! S = M - H_oe M^-1 H_eo,      D x = b   <=>   S x_o = b_o - H_oe M^-1 b_e,   x_e = M^-1 (b_e - H_eo x_o)
//! ```
//!
//! T. A. DeGrand, P. Rossi, Comput. Phys. Commun. 60, 211 (1990).

use super::field::Field;
use super::hopping::Side;
use super::hopping_term::{Centre, HoppingTerm, Part, With};
use super::site::Site;
use crate::context::Context;
use crate::error::Result;
use crate::simd::Native;
use std::sync::Arc;

/// A way to solve a system from x = 0; returns the iterations.
pub(crate) type Solve<'a, T> = &'a dyn Fn(&Field<T>, &mut Field<T>) -> Result<u64>;

/// A linear map of fields.
pub(crate) trait Linear<T>: Send + Sync {
    /// A field of zeros that it acts on.
    fn zeros(&self) -> Result<Field<T>>;

    /// to = A from or A^dag from; `scratch` is another field of its kind.
    fn apply(&self, side: Side, from: &Field<T>, to: &mut Field<T>, scratch: &mut Field<T>);

    /// Threads and more.
    fn context(&self) -> &Context;
}

/// D on all sites.
pub(crate) struct Full<T> {
    pub hopping: Arc<HoppingTerm<T>>,
    pub site: Arc<Site<T>>,
}

impl<T: Native> Linear<T> for Full<T> {
    fn zeros(&self) -> Result<Field<T>> {
        self.hopping.zeros(Part::All)
    }

    fn apply(&self, side: Side, from: &Field<T>, to: &mut Field<T>, _scratch: &mut Field<T>) {
        let with = match *self.site {
            Site::Number { diagonal, twist } => With { hopping: 1.0, diagonal, twist, centre: Centre::Field(from) },
            Site::Clover(_) => {
                self.site.multiply(&self.hopping, (side, Part::All), from, to);
                With { hopping: 1.0, diagonal: 1.0, twist: 0.0, centre: Centre::Result }
            }
        };
        self.hopping.hop((side, Part::All), from, with, to);
    }

    fn context(&self) -> &Context {
        &self.hopping.context
    }
}

/// The Schur complement on the odd sites.
pub(crate) struct EvenOdd<T> {
    pub hopping: Arc<HoppingTerm<T>>,
    pub site: Arc<Site<T>>,
}

impl<T: Native> EvenOdd<T> {
    /// Solves D x = b by way of `solve` for the Schur complement; returns its iterations.
    pub fn solve(&self, b: &Field<T>, x: &mut Field<T>, solve: Solve<T>) -> Result<u64> {
        let right = self.prepared(b)?;
        let mut solution = self.hopping.zeros(Part::Odd)?;
        let iterations = solve(&right, &mut solution)?;
        self.reconstruct(b, &solution, x)?;
        Ok(iterations)
    }

    /// b_o - H_oe M^-1 b_e.
    pub fn prepared(&self, b: &Field<T>) -> Result<Field<T>> {
        let hopping = &self.hopping;
        let (mut even, mut odd) = (hopping.zeros(Part::Even)?, hopping.zeros(Part::Odd)?);
        let cut = even.lines().len();
        even.lines_mut().copy_from_slice(&b.lines()[..cut]);
        odd.lines_mut().copy_from_slice(&b.lines()[cut..]);
        self.site.divide(hopping, (Side::Plain, Part::Even), &mut even);
        let mut right = hopping.zeros(Part::Odd)?;
        hopping.hop((Side::Plain, Part::Odd), &even, minus(&odd), &mut right);
        Ok(right)
    }

    /// x from its odd part: x_e = M^-1 (b_e - H_eo x_o).
    pub fn reconstruct(&self, b: &Field<T>, solution: &Field<T>, x: &mut Field<T>) -> Result<()> {
        let (hopping, on_even) = (&self.hopping, (Side::Plain, Part::Even));
        let (mut even, mut rest) = (hopping.zeros(Part::Even)?, hopping.zeros(Part::Even)?);
        let cut = even.lines().len();
        even.lines_mut().copy_from_slice(&b.lines()[..cut]);
        hopping.hop(on_even, solution, minus(&even), &mut rest);
        self.site.divide(hopping, on_even, &mut rest);
        x.lines_mut()[..cut].copy_from_slice(rest.lines());
        x.lines_mut()[cut..].copy_from_slice(solution.lines());
        Ok(())
    }
}

/// The field less a hopping term.
fn minus<T>(field: &Field<T>) -> With<'_, T> {
    With { hopping: -1.0, diagonal: 1.0, twist: 0.0, centre: Centre::Field(field) }
}

impl<T: Native> Linear<T> for EvenOdd<T> {
    fn zeros(&self) -> Result<Field<T>> {
        self.hopping.zeros(Part::Odd)
    }

    fn apply(&self, side: Side, from: &Field<T>, to: &mut Field<T>, scratch: &mut Field<T>) {
        let (hopping, site) = (&self.hopping, &self.site);
        let none = With { hopping: 1.0, diagonal: 0.0, twist: 0.0, centre: Centre::None };
        hopping.hop((side, Part::Even), from, none, scratch);
        let with = match **site {
            // A number divides on the way.
            Site::Number { diagonal, twist: 0.0 } => {
                With { hopping: -1.0 / diagonal, diagonal, twist: 0.0, centre: Centre::Field(from) }
            }
            Site::Number { diagonal, twist } => {
                site.divide(hopping, (side, Part::Even), scratch);
                With { hopping: -1.0, diagonal, twist, centre: Centre::Field(from) }
            }
            Site::Clover(_) => {
                site.divide(hopping, (side, Part::Even), scratch);
                site.multiply(hopping, (side, Part::Odd), from, to);
                With { hopping: -1.0, diagonal: 1.0, twist: 0.0, centre: Centre::Result }
            }
        };
        hopping.hop((side, Part::Odd), scratch, with, to);
    }

    fn context(&self) -> &Context {
        &self.hopping.context
    }
}
