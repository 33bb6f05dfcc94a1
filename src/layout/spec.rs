//! Layouts by spec: `{order: 'milc', precision: 'f32', staggered: 'time', boundary: [1, 1, 1, -1]}`.

use super::order::Order;
use super::strides::Strides;
use crate::context::Precision;
use crate::dirac::{First, Phase};
use crate::gauge::Group;
use crate::lattice::Lattice;
use serde::Deserialize;

/// What a layout is made from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutSpec {
    /// Whose layout it is.
    pub order: Order,
    /// What is kept.
    pub fields: Fields,
    /// Of the numbers.
    pub precision: Precision,
    /// What links out of the last site of each direction were multiplied by: 1, -1 or a phase.
    pub boundary: Option<Vec<Phase>>,
    /// Staggered phases that all links were multiplied by.
    pub staggered: Option<First>,
    /// What all links were multiplied by beside: the anisotropy of CPS, the scale of TIFR.
    pub scale: Scale,
    /// Refuse links that are not in the group.
    pub verify: bool,
    /// With order 'strides'.
    pub strides: Option<Strides>,
}

impl Default for LayoutSpec {
    fn default() -> Self {
        Self {
            order: Order::default(),
            fields: Fields::default(),
            precision: Precision::default(),
            boundary: None,
            staggered: None,
            scale: Scale::default(),
            verify: true,
            strides: None,
        }
    }
}

/// What a layout keeps for a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fields {
    /// Links of U(1).
    U1,
    /// Links of SU(2).
    Su2,
    /// Links of SU(3).
    #[default]
    Su3,
    /// One real number.
    Real,
}

impl Fields {
    /// The group of links.
    pub fn group(self) -> Option<Group> {
        match self {
            Fields::U1 => Some(Group::U1),
            Fields::Su2 => Some(Group::Su2),
            Fields::Su3 => Some(Group::Su3),
            Fields::Real => None,
        }
    }

    /// The name in specs.
    pub fn name(self) -> &'static str {
        self.group().map_or("real", Group::name)
    }

    /// Links at a site, or one scalar.
    pub(super) fn directions(self, lattice: &Lattice) -> usize {
        self.group().map_or(1, |_| lattice.dimensions())
    }
}

/// A factor of all links, or one for each direction.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "scale: expected a number, or a list of one for each direction")]
pub enum Scale {
    /// The same everywhere.
    One(f64),
    /// By direction.
    Each(Vec<f64>),
}

impl Default for Scale {
    fn default() -> Self {
        Scale::One(1.0)
    }
}
