//! TA(U A) of all links, A the sum of the staples: the direction in which Σ_p (N − Re tr U_p) falls fastest is −TA(U A).

use super::gathered::{Effect, Plaquettes, Weights};
use super::slices::Slices;
use super::trajectory::{Canonical, WidePhase};
use crate::context::Team;
use crate::error::Result;
use crate::group::Group;
use crate::lattice::{Lattice, Neighbours};

/// The slope of the sum over plaquettes on a lattice.
pub struct Slope {
    team: Team,
    group: Group,
    neighbours: Neighbours,
    /// Sites of a slice of the last direction.
    slice: usize,
    /// The lattice in boxes; None where it cannot be cut.
    slices: Option<Slices>,
}

impl Slope {
    /// For links of a group on a lattice.
    pub fn new(team: &Team, lattice: &Lattice, group: Group) -> Result<Self> {
        let slices = Slices::new(lattice, group)?;
        let slice = lattice.volume() / lattice.extent()[lattice.dimensions() - 1];
        Ok(Self { team: team.clone(), group, neighbours: Neighbours::new(lattice)?, slice, slices })
    }

    /// The threads that compute it.
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// The neighbours of all sites.
    pub fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// Writes `factor` times the antihermitian matrices, in the layout of the links, to `algebra`; returns Σ Re tr of all
    /// plaquettes.
    pub fn write(&self, links: &[f64], factor: f64, algebra: &mut [f64]) -> f64 {
        self.write_weighted(links, Weights::equal(factor), algebra)
    }

    /// The same with weights of plaquettes; returns Σ w Re tr of all plaquettes.
    pub(crate) fn write_weighted(&self, links: &[f64], weights: Weights, algebra: &mut [f64]) -> f64 {
        self.apply(links, Effect { weights, time: None }, algebra)
    }

    /// Subtracts `time` times the matrices of [`Slope::write_weighted`] from momenta; returns Σ w Re tr of all plaquettes.
    pub(crate) fn kick(&self, links: &[f64], weights: Weights, momenta: &mut [f64], time: f64) -> f64 {
        self.apply(links, Effect { weights, time: Some(time) }, momenta)
    }

    /// A trajectory in lanes, after a kick by the forces in `phase` and a drift; None where the lattice cannot be cut or there
    /// is no memory for it.
    pub(crate) fn wide(&self, weights: Weights, phase: &mut Canonical, times: (f64, f64)) -> Option<WidePhase<'_>> {
        let slices = self.slices.as_ref()?;
        WidePhase::new((slices, &self.team, weights), phase, times)
    }

    fn apply(&self, links: &[f64], effect: Effect, to: &mut [f64]) -> f64 {
        // Without memory for slices, links are gathered site by site; the slopes have the same bits.
        let cut = self.slices.as_ref().and_then(|slices| slices.apply(&self.team, links, effect, to));
        let plaquettes = Plaquettes { links, neighbours: &self.neighbours, group: self.group, slice: self.slice };
        cut.unwrap_or_else(|| plaquettes.apply(&self.team, effect, to))
    }
}
