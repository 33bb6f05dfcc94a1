//! Layouts of other codes: where a host keeps each number of a field.
//!
//! Number k of the link U_mu(x), counted as in [`crate::gauge`] (row, column, real and imaginary part), lies at
//!
//! ```text
//! base[b(mu)] + size (start(x, mu) + within(k)),   size 4 or 8 bytes,
//! ```
//!
//! and the number there is that of f_mu(x) U_mu(x), with f_mu(x) = scale_mu eta_mu(x), times the boundary phase where x
//! is the last site of direction mu. Scalars have one number a site and no factor. Nothing is guessed: the spec names
//! every factor that the host has folded into its links; it is undone on import and restored on export.

mod copy;
mod factors;
mod faults;
mod fields;
mod one_link;
mod openqcd;
mod order;
mod places;
mod spec;
mod strides;

pub use fields::Fields;
pub use order::Order;
pub use spec::{LayoutSpec, Scale};
pub use strides::Strides;

use crate::context::Precision;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use factors::Factors;
use places::Places;

/// Where a host keeps a field.
#[derive(Debug)]
pub struct Layout {
    places: Places,
    precision: Precision,
    verify: bool,
    factors: Option<Factors>,
}

impl Layout {
    /// The layout of a spec; `sites` are first numbers of the sites, for strides without one of `site`.
    ///
    /// Errors: `BadSpec`; `BadShape` for extents that the order does not have, for places that are no whole numbers,
    /// coincide or lie too far apart; `Unsupported` for fields that the order does not have.
    pub fn new(lattice: &Lattice, spec: &LayoutSpec, sites: Option<&[i64]>) -> Result<Self> {
        let factors = Factors::new(lattice, spec)?;
        let mut places = Places::none(lattice, spec.fields)?;
        match (&spec.strides, spec.order) {
            (Some(strides), Order::Strides) => strides.lay(&mut places, sites)?,
            (None, Order::Strides) if sites.is_some() => Strides::default().lay(&mut places, sites)?,
            (None, Order::Strides) => {
                return Err(Error::BadSpec("strides: expected an object {site, ...}, got none".into()));
            }
            (Some(_), _) => {
                return Err(Error::BadSpec("strides: expected none but with order 'strides', got some".into()));
            }
            (None, _) if sites.is_some() => {
                return Err(Error::BadSpec("order: expected 'strides' with a table of sites, got another".into()));
            }
            (None, order) => order.lay(&mut places)?,
        }
        Ok(Self { places, precision: spec.precision, verify: spec.verify, factors })
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.places.lattice
    }

    /// The kind of field.
    pub fn fields(&self) -> Fields {
        self.places.fields
    }

    /// Count of base pointers: one, or one for each direction.
    pub fn bases(&self) -> usize {
        self.places.bases
    }

    /// Bytes that the field takes from each base pointer on.
    pub fn bytes(&self) -> usize {
        self.size() * self.places.span()
    }

    /// Count of numbers in the whole field.
    pub fn numbers(&self) -> usize {
        self.places.numbers()
    }

    /// Index of the base pointer, and bytes from it, of number k of link mu at a site.
    pub fn offset(&self, site: usize, mu: usize, k: usize) -> (usize, usize) {
        let start = self.places.starts[site * self.places.directions() + mu];
        (self.places.base(mu), self.size() * (start + self.places.within[k]))
    }

    /// Bytes of a number in the host's precision.
    fn size(&self) -> usize {
        if self.precision == Precision::F32 { 4 } else { 8 }
    }
}
