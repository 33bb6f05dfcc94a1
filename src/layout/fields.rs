//! Kinds of fields that a layout describes: links of a group, or real numbers.

use crate::group::Group;
use crate::lattice::Lattice;
use serde::Deserialize;

/// The kind of field that a layout describes.
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

    /// The name of the kind in specs.
    pub fn name(self) -> &'static str {
        self.group().map_or("real", Group::name)
    }

    /// Links at a site: one for each direction; 1 for scalars.
    pub(super) fn directions(self, lattice: &Lattice) -> usize {
        self.group().map_or(1, |_| lattice.dimensions())
    }
}
