//! Layouts by spec: `{order: 'milc', precision: 'f32', staggered: 'time', boundary: [1, 1, 1, -1]}`.

use super::fields::Fields;
use super::order::Order;
use super::strides::Strides;
use crate::context::Precision;
use crate::dirac::{First, Phase};
use serde::Deserialize;

/// The spec of a layout.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutSpec {
    /// The code whose order the field has, or strides.
    pub order: Order,
    /// The kind of field.
    pub fields: Fields,
    /// Precision of the host's numbers.
    pub precision: Precision,
    /// Boundary phases that links out of the last site of each direction carry: 1, -1 or another phase.
    pub boundary: Option<Vec<Phase>>,
    /// Staggered phases that all links carry.
    pub staggered: Option<First>,
    /// A further factor of all links: the anisotropy of CPS, the scale of TIFR.
    pub scale: Scale,
    /// Whether links that are not in the group are refused.
    pub verify: bool,
    /// Distances in the host's memory, for order 'strides'.
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

/// A factor of all links, or one for each direction.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "scale: expected a number, or a list of one for each direction")]
pub enum Scale {
    /// One factor for all directions.
    One(f64),
    /// One factor for each direction.
    Each(Vec<f64>),
}

impl Default for Scale {
    fn default() -> Self {
        Scale::One(1.0)
    }
}
