//! Paths of strengths of a defect, with sweeps of the links around it.
//!
//! ```text
//! s_0 → s_1: sweeps at s_1 → s_2: sweeps at s_2 → ... → s_n,    W = Σ_i [S_{s_i}(φ) − S_{s_{i−1}}(φ)]
//! ```
//!
//! with φ the field at each change. Sweeps at s_i leave exp(−S_{s_i}) as it is. A path backwards has the reversed sweeps, those
//! that are as likely to undo a sweep in equilibrium, so that the two satisfy Crooks' relation: the probabilities of a path
//! from φ to φ' and of the reversed one from φ' have the ratio exp(W − S_{s_n}(φ') + S_{s_0}(φ)). G. E. Crooks, Phys. Rev. E 60,
//! 2721 (1999); C. Jarzynski, Phys. Rev. Lett. 78, 2690 (1997).

use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::{Links, LoopSum, Patch, Schedule, Sweep, Update};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// Links near a defect, with what sweeps do to them.
pub(super) struct Surroundings {
    pub sum: LoopSum,
    pub patch: Arc<Patch>,
    pub neighbours: Neighbours,
    schedule: Schedule,
    /// Sweeps of reflections beside each heat bath.
    overrelaxation: u64,
}

impl Surroundings {
    /// The links at most `within` sites from the defect in each direction; all links where there is no such distance.
    pub fn new(
        lattice: &Lattice,
        sum: &LoopSum,
        patch: &Arc<Patch>,
        (within, overrelaxation): (Option<u64>, u64),
    ) -> Result<Self> {
        let neighbours = Neighbours::new(lattice)?;
        let near = within.map(|within| near(lattice, &neighbours, patch, within)).transpose()?;
        let has = |site: usize, _: usize| near.as_ref().is_none_or(|near| near[site]);
        let schedule = Schedule::of_links(lattice, sum, Some(patch), has)?;
        Ok(Self { sum: sum.clone(), patch: Arc::clone(patch), neighbours, schedule, overrelaxation })
    }

    /// Number of its links.
    pub fn count(&self) -> usize {
        self.schedule.count()
    }

    /// S with the first strength less S with the second.
    pub fn difference(&self, links: &[f64], strengths: [f64; 2]) -> f64 {
        self.sum.difference(&self.patch, &Links { numbers: links, neighbours: &self.neighbours }, strengths)
    }

    /// A heat bath and then reflections; the other way round where it is reversed.
    pub fn sweeps(
        &self,
        team: &Team,
        links: &mut [f64],
        strength: f64,
        (seed, is_reversed): (u64, bool),
    ) -> Result<()> {
        for number in 0..=self.overrelaxation {
            let place = if is_reversed { self.overrelaxation - number } else { number };
            let update = if place == 0 { Update::Heat { seed } } else { Update::Reflect };
            self.schedule.sweep(team, self.sum.beta, links, Sweep { update, strength, is_reversed })?;
        }
        Ok(())
    }

    /// Takes a field along strengths with sweeps at all but the first and the last of them; the work W. Sweeps are the reversed
    /// ones where the path is one backwards.
    pub fn path(&self, team: &Team, links: &mut [f64], strengths: &[f64], (seed, is_back): (u64, bool)) -> Result<f64> {
        let mut work = 0.0;
        for (number, pair) in strengths.windows(2).enumerate() {
            work += self.difference(links, [pair[1], pair[0]]);
            if number + 2 < strengths.len() {
                let seed = Stream::new(seed, Purpose::Tempering, number as u64).bits();
                self.sweeps(team, links, pair[1], (seed, is_back))?;
            }
        }
        Ok(work)
    }
}

/// Which sites are at most `within` steps from an end of a link of the defect, along each direction.
fn near(lattice: &Lattice, neighbours: &Neighbours, patch: &Patch, within: u64) -> Result<Vec<bool>> {
    let (defect, mut near) = (patch.defect(), memory::filled("sites near a defect", false, lattice.volume())?);
    for &site in defect.sites() {
        near[site] = true;
        near[neighbours.next(site, defect.across())] = true;
    }
    let longest = lattice.extent().iter().fold(0, |most, &length| most.max(length)) as u64;
    for mu in 0..lattice.dimensions() {
        for _ in 0..within.min(longest) {
            let before = memory::cloned("sites near a defect", &near)?;
            for site in (0..lattice.volume()).filter(|&site| before[site]) {
                near[neighbours.next(site, mu)] = true;
                near[neighbours.previous(site, mu)] = true;
            }
        }
    }
    Ok(near)
}

/// Strengths from one to another in `steps` equal steps.
pub(super) fn equidistant([from, to]: [f64; 2], steps: u64) -> Vec<f64> {
    (0..=steps).map(|i| if i == steps { to } else { from + (to - from) * i as f64 / steps as f64 }).collect()
}

/// Given strengths of a path: numbers of at least 0, from `first` to `last`.
pub(super) fn expect_path(strengths: &[f64], [first, last]: [f64; 2]) -> Result<()> {
    if strengths.len() < 2 || strengths[0] != first || strengths[strengths.len() - 1] != last {
        return Err(Error::BadSpec(format!(
            "strengths: expected two or more, from {first} to {last}, got {strengths:?}"
        )));
    }
    if strengths.iter().any(|s| !(0.0..=1.0).contains(s)) {
        return Err(Error::BadSpec(format!("strengths: expected numbers from 0 to 1, got {strengths:?}")));
    }
    Ok(())
}
