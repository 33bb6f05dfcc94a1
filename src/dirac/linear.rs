//! Operators as solvers see them: linear maps of fields in lanes, and their even-odd form.
//!
//! D = [[M, H_eo], [H_oe, M]] with M diagonal in the sites. Its Schur complement on the odd sites is
//!
//! ```text
//! S = M - H_oe M^-1 H_eo,      D x = b   <=>   S x_o = b_o - H_oe M^-1 b_e,   x_e = M^-1 (b_e - H_eo x_o)
//! ```
//!
//! T. A. DeGrand, P. Rossi, Comput. Phys. Commun. 60, 211 (1990).

use super::kernels::hopping::{Centre, HoppingTerm, Sublattice, Task, With};
use super::kernels::site::Site;
use super::lanes::field::Field;
use super::side::Side;
use crate::context::Context;
use crate::error::Result;
use crate::simd::Native;
use std::sync::Arc;

/// A linear map of fields.
pub(crate) trait Linear<T>: Send + Sync {
    /// A field of zeros of the size that the map acts on.
    fn zeros(&self) -> Result<Field<T>>;

    /// to = A from or A^dag from; `scratch` is another field of its kind.
    fn apply(&self, side: Side, from: &Field<T>, to: &mut Field<T>, scratch: &mut Field<T>);

    /// to[i] = A from[i] for several fields, which share each load of a link; one scratch field for each.
    fn apply_many(&self, side: Side, from: &[Field<T>], to: &mut [Field<T>], scratch: &mut [Field<T>]);

    /// The context whose threads compute.
    fn context(&self) -> &Context;
}

/// D on all sites.
pub(crate) struct Full<T> {
    pub hopping: Arc<HoppingTerm<T>>,
    pub site: Arc<Site<T>>,
}

impl<T: Native> Full<T> {
    /// The site-diagonal part of D.
    fn with<'a>(&'a self, from: &'a Field<T>) -> With<'a, T> {
        match &*self.site {
            &Site::Number { diagonal, twist } => With { hopping: 1.0, diagonal, twist, centre: Centre::Field(from) },
            Site::Clover(clover) => {
                With { hopping: 1.0, diagonal: 1.0, twist: 0.0, centre: Centre::Clover(clover, from) }
            }
        }
    }
}

impl<T: Native> Linear<T> for Full<T> {
    fn zeros(&self) -> Result<Field<T>> {
        self.hopping.zeros(Sublattice::All)
    }

    fn apply(&self, side: Side, from: &Field<T>, to: &mut Field<T>, _scratch: &mut Field<T>) {
        self.hopping.hop((side, Sublattice::All), from, self.with(from), to);
    }

    fn apply_many(&self, side: Side, from: &[Field<T>], to: &mut [Field<T>], _scratch: &mut [Field<T>]) {
        let tasks = from.iter().zip(to).map(|(from, to)| Task { from, with: self.with(from), to });
        self.hopping.hop_many((side, Sublattice::All), tasks.collect());
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
    /// scratch <- M^-1 scratch on the even sites; where M is a real number, the second hop divides by it instead.
    fn divide(&self, side: Side, scratch: &mut Field<T>) {
        if !matches!(*self.site, Site::Number { twist: 0.0, .. }) {
            self.site.divide(&self.hopping, (side, Sublattice::Even), scratch);
        }
    }

    /// The site-diagonal part of S, with the factor of its second hop.
    fn with<'a>(&'a self, from: &'a Field<T>) -> With<'a, T> {
        match &*self.site {
            &Site::Number { diagonal, twist } => {
                let hopping = if twist == 0.0 { -1.0 / diagonal } else { -1.0 };
                With { hopping, diagonal, twist, centre: Centre::Field(from) }
            }
            Site::Clover(clover) => {
                With { hopping: -1.0, diagonal: 1.0, twist: 0.0, centre: Centre::Clover(clover, from) }
            }
        }
    }

    /// Solves D x = b by way of `solve` for the Schur complement, from x = 0; returns the result of `solve`.
    pub fn solve<R>(
        &self,
        b: &Field<T>,
        x: &mut Field<T>,
        solve: impl FnOnce(&Field<T>, &mut Field<T>) -> Result<R>,
    ) -> Result<R> {
        let right = self.prepared(b)?;
        let mut solution = self.hopping.zeros(Sublattice::Odd)?;
        let run = solve(&right, &mut solution)?;
        self.reconstruct(b, &solution, x)?;
        Ok(run)
    }

    /// b_o - H_oe M^-1 b_e.
    pub fn prepared(&self, b: &Field<T>) -> Result<Field<T>> {
        let hopping = &self.hopping;
        let (mut even, mut odd) = (hopping.zeros(Sublattice::Even)?, hopping.zeros(Sublattice::Odd)?);
        let cut = even.lines().len();
        even.lines_mut().copy_from_slice(&b.lines()[..cut]);
        odd.lines_mut().copy_from_slice(&b.lines()[cut..]);
        self.site.divide(hopping, (Side::Plain, Sublattice::Even), &mut even);
        let mut right = hopping.zeros(Sublattice::Odd)?;
        hopping.hop((Side::Plain, Sublattice::Odd), &even, minus(&odd), &mut right);
        Ok(right)
    }

    /// x from its odd part: x_e = M^-1 (b_e - H_eo x_o).
    pub fn reconstruct(&self, b: &Field<T>, solution: &Field<T>, x: &mut Field<T>) -> Result<()> {
        let (hopping, on_even) = (&self.hopping, (Side::Plain, Sublattice::Even));
        let (mut even, mut rest) = (hopping.zeros(Sublattice::Even)?, hopping.zeros(Sublattice::Even)?);
        let cut = even.lines().len();
        even.lines_mut().copy_from_slice(&b.lines()[..cut]);
        hopping.hop(on_even, solution, minus(&even), &mut rest);
        self.site.divide(hopping, on_even, &mut rest);
        x.lines_mut()[..cut].copy_from_slice(rest.lines());
        x.lines_mut()[cut..].copy_from_slice(solution.lines());
        Ok(())
    }
}

/// The field minus the hopping term.
fn minus<T>(field: &Field<T>) -> With<'_, T> {
    With { hopping: -1.0, diagonal: 1.0, twist: 0.0, centre: Centre::Field(field) }
}

impl<T: Native> Linear<T> for EvenOdd<T> {
    fn zeros(&self) -> Result<Field<T>> {
        self.hopping.zeros(Sublattice::Odd)
    }

    fn apply(&self, side: Side, from: &Field<T>, to: &mut Field<T>, scratch: &mut Field<T>) {
        self.hopping.hop((side, Sublattice::Even), from, With::hopping(), scratch);
        self.divide(side, scratch);
        self.hopping.hop((side, Sublattice::Odd), scratch, self.with(from), to);
    }

    fn apply_many(&self, side: Side, from: &[Field<T>], to: &mut [Field<T>], scratch: &mut [Field<T>]) {
        let tasks = from.iter().zip(&mut *scratch).map(|(from, to)| Task { from, with: With::hopping(), to });
        self.hopping.hop_many((side, Sublattice::Even), tasks.collect());
        scratch[..from.len()].iter_mut().for_each(|field| self.divide(side, field));
        let tasks = scratch.iter().zip(from.iter().zip(to));
        let tasks = tasks.map(|(scratch, (from, to))| Task { from: scratch, with: self.with(from), to });
        self.hopping.hop_many((side, Sublattice::Odd), tasks.collect());
    }

    fn context(&self) -> &Context {
        &self.hopping.context
    }
}
