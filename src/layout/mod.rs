//! Layouts of other codes: where a host keeps each number of a field.
//!
//! Number k of the link U_mu(x), counted as in [`crate::gauge`] (row, column, real and imaginary part), lies at
//!
//! ```text
//! base[b(mu)] + size (start(x, mu) + within(k)),   size 4 or 8 bytes,
//! ```
//!
//! and is that of f_mu(x) U_mu(x), with f_mu(x) = scale_mu eta_mu(x), times the boundary phase where x is the last site of
//! direction mu. Scalars have one number a site and no factor. Nothing is guessed: what is folded into the links is told
//! by the spec, undone on import and restored on export.

mod copy;
mod factors;
mod openqcd;
mod order;
mod spec;
mod strides;

pub use order::Order;
pub use spec::{Fields, LayoutSpec, Scale};
pub use strides::Strides;

use crate::context::Precision;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use factors::Factors;

/// Where a host keeps a field.
#[derive(Debug)]
pub struct Layout {
    lattice: Lattice,
    fields: Fields,
    precision: Precision,
    verify: bool,
    factors: Option<Factors>,
    /// Base pointers: one, or one for each direction.
    bases: usize,
    /// First number of each link, [site][mu], or of each scalar, in numbers from its base.
    starts: Vec<usize>,
    /// Numbers of a link from its first.
    within: Vec<usize>,
}

impl Layout {
    /// The layout of a spec; `sites` are first numbers of the sites, for strides without one of `site`.
    ///
    /// Errors: `BadSpec`; `BadShape` for extents that the order does not have, for places that are not whole, meet or lie
    /// far apart; `Unsupported` for fields that the order does not have.
    pub fn new(lattice: &Lattice, spec: &LayoutSpec, sites: Option<&[i64]>) -> Result<Self> {
        let factors = Factors::new(lattice, spec)?;
        let directions = spec.fields.directions(lattice);
        let count = lattice.volume() * directions;
        let missing = |_| Error::BadShape(format!("layout: expected memory for {count} places, got none"));
        let mut layout = Self {
            lattice: lattice.clone(),
            fields: spec.fields,
            precision: spec.precision,
            verify: spec.verify,
            factors,
            bases: 1,
            starts: memory::room(count).map_err(missing)?,
            within: vec![],
        };
        match (&spec.strides, spec.order) {
            (Some(strides), Order::Strides) => strides.lay(&mut layout, sites)?,
            (None, Order::Strides) => {
                return Err(Error::BadSpec("strides: expected an object {site, ...}, got none".into()));
            }
            (Some(_), _) => {
                return Err(Error::BadSpec("strides: expected none but with order 'strides', got some".into()));
            }
            (None, _) if sites.is_some() => {
                return Err(Error::BadSpec("order: expected 'strides' with a table of sites, got another".into()));
            }
            (None, order) => order.lay(&mut layout)?,
        }
        Ok(layout)
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// What is kept.
    pub fn fields(&self) -> Fields {
        self.fields
    }

    /// Base pointers: one, or one for each direction.
    pub fn bases(&self) -> usize {
        self.bases
    }

    /// Bytes from each base pointer that the field lies in.
    pub fn bytes(&self) -> usize {
        let last = self.starts.iter().max().unwrap_or(&0) + self.within.iter().max().unwrap_or(&0);
        self.size() * (last + 1)
    }

    /// Numbers of the whole field.
    pub fn numbers(&self) -> usize {
        self.starts.len() * self.within.len()
    }

    /// Base pointer, and bytes from it, of number k of link mu at a site.
    pub fn offset(&self, site: usize, mu: usize, k: usize) -> (usize, usize) {
        let start = self.starts[site * self.fields.directions(&self.lattice) + mu];
        (self.base(mu), self.size() * (start + self.within[k]))
    }

    fn base(&self, mu: usize) -> usize {
        if self.bases == 1 { 0 } else { mu }
    }

    /// Bytes of a number.
    fn size(&self) -> usize {
        if self.precision == Precision::F32 { 4 } else { 8 }
    }
}

/// Calls `visit` for all coordinates, x fastest.
fn for_each_site(extent: &[usize], mut visit: impl FnMut(&[usize])) {
    let mut x = vec![0; extent.len()];
    for _ in 0..extent.iter().product() {
        visit(&x);
        for (x, length) in x.iter_mut().zip(extent) {
            *x += 1;
            if *x < *length {
                break;
            }
            *x = 0;
        }
    }
}
