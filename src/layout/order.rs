//! The layouts of other codes, in units of a matrix.
//!
//! | order           | sites                         | matrices                          | a matrix     |
//! |-----------------|-------------------------------|-----------------------------------|--------------|
//! | `lexicographic` | x fastest                     | [site][mu]                        | row-major    |
//! | `julia`         | x fastest                     | an array for each mu: [site]      | column-major |
//! | `milc`          | even sites, then odd ones     | [site][mu]                        | row-major    |
//! | `cps`           | the same                      | [site][mu]                        | column-major |
//! | `qdp`           | the same                      | an array for each mu: [site]      | row-major    |
//! | `tifr`          | the same                      | [mu][site]                        | column-major |
//! | `bqcd`          | the same, each parity padded  | [mu][site]                        | column-major |
//! | `tmlqcd`        | z fastest, then y, x, t       | [site][t, x, y, z]                | row-major    |
//! | `openqcd`       | see [`super::openqcd`]        | [odd site][t, x, y, z][both ways] | row-major    |
//!
//! Sites of one parity keep the order with x fastest. BQCD pads a parity to (X/2 + 2)(Y + 2)(Z + 2)(T + 2) matrices.
//! `julia` is Gaugefields.jl.

use super::openqcd;
use super::places::{Places, for_each_site};
use crate::error::{Error, Result};
use crate::lattice::{Lattice, index};
use serde::Deserialize;

/// The code whose layout it is, or strides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Order {
    #[default]
    Lexicographic,
    Julia,
    Milc,
    Cps,
    Qdp,
    Tifr,
    Bqcd,
    Tmlqcd,
    Openqcd,
    Strides,
}

impl Order {
    /// The places of a field's numbers in this order.
    pub(super) fn lay(self, places: &mut Places) -> Result<()> {
        let Places { lattice, fields, starts, within, bases } = places;
        self.check(lattice)?;
        let colours = fields.group().map_or(0, |group| group.colours());
        let reals = fields.group().map_or(1, |group| group.reals());
        let directions = fields.directions(lattice);
        let is_real = colours == 0;
        for_each_site(lattice.extent(), |x| {
            let matrix =
                |mu| if is_real { self.site(x, lattice.extent()) } else { self.matrix(x, mu, lattice.extent()) };
            starts.extend((0..directions).map(|mu| reals * matrix(mu)));
        });
        let transposed = |k: usize| 2 * (k / 2 % colours * colours + k / 2 / colours) + k % 2;
        within.extend((0..reals).map(|k| if self.is_column_major() && !is_real { transposed(k) } else { k }));
        if matches!(self, Order::Julia | Order::Qdp) && !is_real {
            *bases = directions;
        }
        Ok(())
    }

    fn check(self, lattice: &Lattice) -> Result<()> {
        let extent = lattice.extent();
        match self {
            Order::Tmlqcd | Order::Openqcd if extent.len() != 4 => Err(Error::Unsupported(format!(
                "order: expected one that has {} dimensions, got '{}'",
                extent.len(),
                if self == Order::Tmlqcd { "tmlqcd" } else { "openqcd" }
            ))),
            Order::Openqcd if !lattice.is_bipartite() => {
                Err(Error::BadShape(format!("lattice: expected even extents, got {}", lattice.shape())))
            }
            Order::Milc | Order::Cps | Order::Qdp | Order::Tifr | Order::Bqcd if extent[0] % 2 == 1 => {
                Err(Error::BadShape(format!("lattice: expected an even extent of x, got {}", lattice.shape())))
            }
            _ => Ok(()),
        }
    }

    fn is_column_major(self) -> bool {
        matches!(self, Order::Julia | Order::Cps | Order::Tifr | Order::Bqcd)
    }

    /// Places for the sites of one parity, including the padding.
    fn half(self, extent: &[usize]) -> usize {
        match self {
            Order::Bqcd => (extent[0] / 2 + 2) * extent[1..].iter().map(|n| n + 2).product::<usize>(),
            _ => extent.iter().product::<usize>() / 2,
        }
    }

    /// Index of a site in this order.
    fn site(self, x: &[usize], extent: &[usize]) -> usize {
        match self {
            Order::Lexicographic | Order::Julia | Order::Strides => index(x, extent),
            Order::Tmlqcd => index(&[x[2], x[1], x[0], x[3]], &[extent[2], extent[1], extent[0], extent[3]]),
            Order::Openqcd => openqcd::site(x, extent),
            _ => x.iter().sum::<usize>() % 2 * self.half(extent) + index(x, extent) / 2,
        }
    }

    /// Index of a matrix, from the base pointer of its direction.
    fn matrix(self, x: &[usize], mu: usize, extent: &[usize]) -> usize {
        match self {
            Order::Julia | Order::Qdp => self.site(x, extent),
            Order::Tifr | Order::Bqcd => 2 * mu * self.half(extent) + self.site(x, extent),
            Order::Tmlqcd => 4 * self.site(x, extent) + (mu + 1) % 4,
            Order::Openqcd => openqcd::link(x, mu, extent),
            _ => self.site(x, extent) * extent.len() + mu,
        }
    }
}
