//! Paths of strengths of a defect, with sweeps of the links around it.
//!
//! ```text
//! s_0 → s_1: sweeps at s_1 → s_2: sweeps at s_2 → ... → s_n,    W = Σ_i [S_{s_i}(φ) − S_{s_{i−1}}(φ)]
//! ```
//!
//! with φ the field at each change. Where there are learned layers, a map g of the field goes with each change:
//!
//! ```text
//! W = Σ_i [S_{s_i}(g_i(φ)) − S_{s_{i−1}}(φ) − log J_i(φ)],    J_i the Jacobian of g_i
//! ```
//!
//! and a path in the other direction has the inverse maps, whose shares of W are the same with the other sign. Sweeps at s_i leave exp(−S_{s_i}) as it is. A path backwards has the reversed sweeps, those
//! that are as likely to undo a sweep in equilibrium, so that the two satisfy Crooks' relation: the probabilities of a path
//! from φ to φ' and of the reversed one from φ' have the ratio exp(W − S_{s_n}(φ') + S_{s_0}(φ)). G. E. Crooks, Phys. Rev. E 60,
//! 2721 (1999); C. Jarzynski, Phys. Rev. Lett. 78, 2690 (1997).

use crate::context::Team;
use crate::error::{Error, Result};
use crate::flow::Stout;
use crate::gauge::{Cuboid, Layers, Links, LoopSum, Passage, Patch, Region, Schedule, Sweep, Trail, Update};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// Links near a defect, with what sweeps do to them.
pub(crate) struct Surroundings {
    pub sum: LoopSum,
    pub patch: Arc<Patch>,
    pub neighbours: Neighbours,
    schedule: Schedule,
    /// Sweeps of reflections beside each heat bath.
    overrelaxation: u64,
    learned: Option<Learned>,
}

/// Learned layers around a defect.
struct Learned {
    model: Stout,
    layers: Layers,
    region: Region,
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
        let near = within.map(|within| patch.defect().near(lattice, &neighbours, within)).transpose()?;
        let has = |site: usize, _: usize| near.as_ref().is_none_or(|near| near[site]);
        let schedule = Schedule::of_links(lattice, sum, Some(patch), has)?;
        Ok(Self { sum: sum.clone(), patch: Arc::clone(patch), neighbours, schedule, overrelaxation, learned: None })
    }

    /// The same, with learned layers at each change of the strength where there are some.
    pub fn with(mut self, lattice: &Lattice, cuboid: &Cuboid, model: Option<&Stout>) -> Result<Self> {
        if let Some(model) = model {
            let layers = model.layers(lattice, self.sum.group, (cuboid, self.patch.defect()))?;
            let region = Region::new(lattice, &layers, &self.sum, &self.patch)?;
            self.learned = Some(Learned { model: model.clone(), layers, region });
        }
        Ok(self)
    }

    /// True where there are learned layers.
    pub fn is_learned(&self) -> bool {
        self.learned.is_some()
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
        let mut sweeping = self.schedule.begin(team, self.sum.beta, None, links)?;
        for number in 0..=self.overrelaxation {
            let place = if is_reversed { self.overrelaxation - number } else { number };
            let update = if place == 0 { Update::Heat { seed } } else { Update::Reflect };
            sweeping.sweep(Sweep { update, strength, is_reversed })?;
        }
        sweeping.end();
        Ok(())
    }

    /// Changes the strength, and takes the field through the layer of this change; the work.
    fn change(&self, team: &Team, links: &mut [f64], [from, to]: [f64; 2]) -> Result<f64> {
        let Some(Learned { model, layers, region }) = self.learned.as_ref().filter(|_| from != to) else {
            return Ok(self.difference(links, [to, from]));
        };
        let (before, rule) = (region.value(team, links, from), model.rule([from.min(to), from.max(to)]));
        let passage = if from < to { Passage::Forward } else { Passage::Inverse };
        let logarithm = layers.pass(team, links, &rule, passage)?;
        Ok(region.value(team, links, to) - before - logarithm)
    }

    /// Replaces the parameters of the learned layers.
    pub fn set_parameters(&mut self, parameters: &[f64]) -> Result<()> {
        self.learned.as_mut().map_or(Ok(()), |learned| learned.model.set_parameters(parameters))
    }

    /// A step upwards by this thread alone; the work, whose gradient by all parameters of the layers is added to one.
    pub fn learn(&self, links: &mut [f64], [from, to]: [f64; 2], gradient: &mut [f64]) -> Result<f64> {
        let Some(Learned { model, layers, region }) = &self.learned else {
            return Err(Error::Internal("learned layers of a path that is trained".into()));
        };
        let (team, mut trail, rule) = (Team::default(), Trail::default(), model.rule([from, to]));
        let before = region.value(&team, links, from);
        let logarithm = layers.trace(links, &rule, &mut trail)?;
        let work = region.value(&team, links, to) - before - logarithm;
        let mut slopes = memory::filled("slopes of links", 0.0, links.len())?;
        region.slopes(links, to, &mut slopes);
        let mut moved = memory::cloned("links of a path", links)?;
        layers.gradient([&mut moved, &mut slopes], &rule, &mut trail, gradient)?;
        Ok(work)
    }

    /// Takes a field along strengths with sweeps at all but the first and the last of them; the work W. Sweeps are the reversed
    /// ones where the path is one backwards.
    pub fn path(&self, team: &Team, links: &mut [f64], strengths: &[f64], (seed, is_back): (u64, bool)) -> Result<f64> {
        let mut work = 0.0;
        for (number, pair) in strengths.windows(2).enumerate() {
            work += self.change(team, links, [pair[0], pair[1]])?;
            if number + 2 < strengths.len() {
                let seed = Stream::new(seed, Purpose::Tempering, number as u64).bits();
                self.sweeps(team, links, pair[1], (seed, is_back))?;
            }
        }
        Ok(work)
    }
}

/// Strengths from one to another in `steps` equal steps.
pub(crate) fn equidistant([from, to]: [f64; 2], steps: u64) -> Vec<f64> {
    (0..=steps).map(|i| if i == steps { to } else { from + (to - from) * i as f64 / steps as f64 }).collect()
}

/// Given strengths of a path: numbers of at least 0, from `first` to `last`.
pub(super) fn expect_path(strengths: &[f64], [first, last]: [f64; 2]) -> Result<()> {
    if strengths.len() < 2 || strengths[0] != first || strengths[strengths.len() - 1] != last {
        let got = match strengths {
            [begin, .., end] => format!("{} from {begin} to {end}", strengths.len()),
            few => format!("{few:?}"),
        };
        return Err(Error::BadSpec(format!("strengths: expected two or more, from {first} to {last}, got {got}")));
    }
    if let Some(s) = strengths.iter().find(|s| !(0.0..=1.0).contains(*s)) {
        return Err(Error::BadSpec(format!("strengths: expected numbers from 0 to 1, got {s}")));
    }
    Ok(())
}
