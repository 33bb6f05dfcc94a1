//! TA(U A) of all links, A the sum of the staples: the direction in which Σ_p (N − Re tr U_p) falls fastest is −TA(U A).

use super::group::Group;
use super::plaquettes::Plaquettes;
use crate::context::Team;
use crate::error::Result;
use crate::lattice::{Lattice, Neighbours};

/// The slope of the sum over plaquettes on a lattice.
pub struct Slope {
    team: Team,
    group: Group,
    neighbours: Neighbours,
}

impl Slope {
    /// For links of a group on a lattice.
    pub fn new(team: &Team, lattice: &Lattice, group: Group) -> Result<Self> {
        Ok(Self { team: team.clone(), group, neighbours: Neighbours::new(lattice)? })
    }

    /// Who works on it.
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// Writes the antihermitian matrices, in the layout of the links, to `algebra`.
    pub fn write(&self, links: &[f64], algebra: &mut [f64]) {
        let plaquettes = Plaquettes { links, neighbours: &self.neighbours, group: self.group };
        plaquettes.slope(&self.team, 1.0, algebra);
    }
}
