//! Replica exchange in the strength of a defect: a chain of gauge fields whose topological charge moves through links that
//! are switched off in its last replica.
//!
//! Replica r samples exp(−S_r), S_r with the strength s_r of the defect's links, s_0 = 1 and so the action of the chain. A step
//! has sweeps of all replicas and swaps of neighbours, first of pairs (0, 1), (2, 3), ..., then of (1, 2), (3, 4), .... A swap is
//! accepted with min(1, exp(−W)), W the change of Σ_r S_r, or where there are switches the work of both fields along paths
//! of strengths towards each other's rung, which are then taken at the ends of their paths. In replica 0 the defect is
//! nowhere: its field is shifted at random.
//!
//! M. Hasenbusch, Phys. Rev. D 96, 054504 (2017); C. Bonanno, C. Bonati, M. D'Elia, JHEP 03 (2021) 111; A. J. Ballard and
//! C. Jarzynski, Proc. Natl. Acad. Sci. 106, 12224 (2009).

use super::heatbath::{Heatbath, HeatbathSpec};
use super::kernel::{ChainState, Companions, Info, Kernel, Key};
use super::ladder::{self, Ladder};
use super::path::{Surroundings, equidistant};
use crate::action::Action;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::flow::Stout;
use crate::gauge::{Cuboid, Links, LoopSum, Patch};
use crate::lattice::Neighbours;
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// Parameters of replica exchange; K is the spec of a kernel.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TemperingSpec<K> {
    /// The links whose strength differs between replicas.
    pub defect: Cuboid,
    /// Number of replicas, at equal distances of strength before they are tuned; this or `strengths` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
    /// The strength of each replica, from 1 to 0; they are not tuned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strengths: Option<Vec<f64>>,
    /// First steps, in which the strengths of `replicas` are moved until swaps are accepted equally often; they belong to
    /// thermalisation.
    #[serde(default = "tune")]
    pub tune: u64,
    /// Kernel of each replica; a heat bath with one sweep of overrelaxation where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<K>,
    /// After the sweep, sweeps of the links near the defect, swaps after each: from larger to smaller distances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<Near>,
    /// Changes of the strength in each path of a swap; 1 is a swap of fields as they are.
    #[serde(default = "one")]
    pub switches: u64,
    /// False: the field of replica 0 is not shifted.
    #[serde(default = "yes")]
    pub translate: bool,
}

/// Sweeps near a defect.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Near {
    /// Largest distance from the defect, along each direction.
    pub within: u64,
    /// Sweeps in a row, each followed by swaps.
    pub sweeps: u64,
}

fn tune() -> u64 {
    1000
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

/// A kernel for an action.
pub type Builder = Box<dyn Fn(Arc<dyn Action>) -> Result<Box<dyn Kernel>> + Send + Sync>;

/// The kernel of each replica.
pub enum Sweeps {
    /// A heat bath, which can be restricted to the surroundings of the defect.
    Heatbath(HeatbathSpec),
    /// Another kernel.
    Kernel(Builder),
}

/// Most sweeps near a defect, and most changes of a path.
const MOST: u64 = 1_000_000;
/// Numbers of a field up to which threads share replicas instead of links.
const SMALL: usize = 1 << 17;

/// Replica exchange.
pub struct Tempering {
    action: Arc<dyn Action>,
    start: Vec<f64>,
    /// Steps in which strengths are tuned.
    tune: u64,
    switches: u64,
    translate: bool,
    patch: Arc<Patch>,
    neighbours: Neighbours,
    /// Sweeps of each replica, where it is a heat bath: of all links, and near the defect.
    regions: Vec<(Surroundings, u64)>,
    /// The kernel of each replica, where it is another one.
    builder: Option<Builder>,
}

impl Tempering {
    /// A kernel for a gauge action, or a sum with one, with learned layers in the paths of swaps where there are some.
    pub fn new<K>(
        action: Arc<dyn Action>,
        spec: &TemperingSpec<K>,
        sweeps: Sweeps,
        layers: Option<&Stout>,
    ) -> Result<Self> {
        let start = ladder::strengths(spec.strengths.as_ref(), spec.replicas)?;
        if !(1..=MOST).contains(&spec.switches) {
            return Err(Error::BadSpec(format!("switches: expected 1 to {MOST}, got {}", spec.switches)));
        }
        if let Some(near) = spec.near.iter().find(|near| !(1..=MOST).contains(&near.sweeps)) {
            return Err(Error::BadSpec(format!("near: sweeps: expected 1 to {MOST}, got {}", near.sweeps)));
        }
        let Some(sum) = action.loops_of_links() else {
            let expected = "expected a gauge action or a sum with exactly one";
            return Err(Error::Unsupported(format!("type 'tempering': {expected}, got another")));
        };
        if sum.patch.is_some() {
            return Err(Error::Unsupported("action: expected one without a defect of its own, got one with it".into()));
        }
        let lattice = action.lattice();
        let (neighbours, defect) = (Neighbours::new(lattice)?, spec.defect.build(lattice)?);
        let patch = sum.around(&neighbours, &defect)?;
        let (mut regions, mut builder) = (memory::reserved("regions near a defect", 1 + spec.near.len())?, None);
        match sweeps {
            Sweeps::Heatbath(heatbath) => {
                Heatbath::new(Arc::clone(&action), &heatbath).map_err(|error| error.within("sweep"))?;
                let of = |within| Surroundings::new(lattice, sum, &patch, (within, heatbath.overrelaxation));
                regions.push((of(None)?, 1));
                for near in &spec.near {
                    regions.push((of(Some(near.within))?, near.sweeps));
                }
                // Paths of swaps have the sweeps of the last region.
                if let Some((last, sweeps)) = regions.pop() {
                    regions.push((last.with(lattice, &spec.defect, layers)?, sweeps));
                }
            }
            Sweeps::Kernel(kernel) => {
                if !spec.near.is_empty() || spec.switches > 1 || layers.is_some() {
                    let expected =
                        "expected a sweep of type 'heatbath' with switches, layers or sweeps near the defect";
                    return Err(Error::Unsupported(format!("type 'tempering': {expected}, got another")));
                }
                // The kernels of replicas are made with their strengths at each step; here one is checked.
                kernel(action.with_defect(&patch, 0.0)?).map_err(|error| error.within("sweep"))?;
                builder = Some(kernel);
            }
        }
        let tune = if spec.strengths.is_some() { 0 } else { spec.tune };
        let (switches, translate) = (spec.switches, spec.translate);
        Ok(Self { start, tune, switches, translate, patch, neighbours, regions, builder, action })
    }

    /// The replicas of a chain; at its start all have its field.
    fn replicas(&self, state: &ChainState) -> Result<(Ladder, Vec<Vec<f64>>)> {
        let rungs = self.start.len();
        let mut fields = vec![memory::cloned("links of a replica", &state.field)?];
        match &state.companions {
            Some(companions) => {
                for field in &companions.fields {
                    fields.push(memory::cloned("links of a replica", field)?);
                }
                Ok((Ladder::of_numbers(rungs, &companions.numbers, &companions.counts)?, fields))
            }
            None => {
                for _ in 1..rungs {
                    fields.push(memory::cloned("links of a replica", &state.field)?);
                }
                Ok((Ladder::new(self.start.clone()), fields))
            }
        }
    }

    /// The sum over loops in the action.
    fn loops(&self) -> Result<&LoopSum> {
        self.action.loops_of_links().ok_or_else(|| Error::Internal("a gauge action".into()))
    }

    /// S of a field with the first strength less S with the second.
    fn difference(&self, links: &[f64], strengths: [f64; 2]) -> Result<f64> {
        Ok(self.loops()?.difference(&self.patch, &Links { numbers: links, neighbours: &self.neighbours }, strengths))
    }

    /// Runs work for each replica: side by side where fields are small, each with all threads otherwise.
    fn for_each(
        &self,
        fields: &mut [Vec<f64>],
        work: impl Fn(&Team, usize, &mut Vec<f64>) -> Result<()> + Sync,
    ) -> Result<()> {
        let team = self.action.team();
        if fields[0].len() > SMALL || team.threads() == 1 {
            return fields.iter_mut().enumerate().try_for_each(|(rung, field)| work(&team, rung, field));
        }
        let failed = Mutex::new(None);
        team.share(fields.iter_mut().enumerate().collect(), |(rung, field): (usize, &mut Vec<f64>)| {
            if let Err(error) = work(&Team::default(), rung, field) {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Sweeps of all replicas by the kernel of the spec.
    fn kernels(&self, build: &Builder, (ladder, fields): (&Ladder, &mut [Vec<f64>]), seeds: &[u64]) -> Result<bool> {
        let mut accepted = true;
        for (rung, field) in fields.iter_mut().enumerate() {
            let action = self.action.with_defect(&self.patch, ladder.strengths[rung])?;
            let kernel = build(Arc::clone(&action))?;
            let mut state = ChainState::new(&*action, field)?;
            let info = kernel.step(&Key { seed: seeds[rung], counter: 0 }, &mut state)?;
            if rung == 0 {
                accepted = info.accepted;
            }
            *field = state.field;
        }
        Ok(accepted)
    }

    /// Tries to swap all neighbours, and shifts the field of replica 0.
    fn swap(&self, ladder: &mut Ladder, fields: &mut [Vec<f64>], random: &mut Stream) -> Result<()> {
        for rung in (0..ladder.rungs() - 1).step_by(2).chain((1..ladder.rungs() - 1).step_by(2)) {
            let (seeds, uniform) = ([random.bits(), random.bits()], random.uniform());
            let [a, b] = [ladder.strengths[rung], ladder.strengths[rung + 1]];
            let (upper, lower) = fields.split_at_mut(rung + 1);
            let (field, other) = (&mut upper[rung], &mut lower[0]);
            let is_learned = self.regions.last().is_some_and(|(near, _)| near.is_learned());
            let work = if self.switches == 1 && !is_learned {
                self.difference(field, [b, a])? + self.difference(other, [a, b])?
            } else {
                let (team, near) = (self.action.team(), &self.regions[self.regions.len() - 1].0);
                let mut down = equidistant([a, b], self.switches);
                let mut moved = [memory::cloned("links of a path", field)?, memory::cloned("links of a path", other)?];
                let mut work = near.path(&team, &mut moved[0], &down, (seeds[0], false))?;
                down.reverse();
                work += near.path(&team, &mut moved[1], &down, (seeds[1], true))?;
                if uniform < (-work).exp() {
                    [*field, *other] = moved;
                }
                work
            };
            let is_accepted = uniform < (-work).exp();
            ladder.count(rung, work, is_accepted);
            if is_accepted {
                std::mem::swap(field, other);
            }
        }
        ladder.follow();
        if self.translate {
            let lattice = self.action.lattice();
            let shift = self.loops()?.random_shift(lattice, random.bits());
            fields[0] = lattice.shifted_field(&fields[0], shift, false)?;
        }
        Ok(())
    }
}

impl Kernel for Tempering {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let (mut ladder, mut fields) = self.replicas(state)?;
        let mut random = key.stream(Purpose::Tempering);
        let rounds: u64 = self.regions.iter().map(|(_, sweeps)| sweeps).sum::<u64>().max(1);
        let _work = progress::begin("tempering", rounds);
        let mut accepted = true;
        if let Some(build) = &self.builder {
            let seeds: Vec<u64> = fields.iter().map(|_| random.bits()).collect();
            accepted = self.kernels(build, (&ladder, &mut fields), &seeds)?;
            self.swap(&mut ladder, &mut fields, &mut random)?;
            progress::step("tempering", f64::NAN)?;
        }
        for (region, sweeps) in &self.regions {
            for _ in 0..*sweeps {
                let seeds: Vec<u64> = fields.iter().map(|_| random.bits()).collect();
                self.for_each(&mut fields, |team, rung, field| {
                    region.sweeps(team, field, ladder.strengths[rung], (seeds[rung], false))
                })?;
                self.swap(&mut ladder, &mut fields, &mut random)?;
                progress::step("tempering", f64::NAN)?;
            }
        }
        ladder.tune_after(key.counter.wrapping_add(1), self.tune);
        let field = fields.remove(0);
        let value = match self.action.refreshed(key.draw(), &field)? {
            Some(action) => action.value(&field)?,
            None => self.action.value(&field)?,
        };
        let (numbers, counts) = ladder.numbers();
        let companions = Some(Companions { fields, numbers, counts });
        *state = ChainState { field, value, gradient: None, log_density: None, companions };
        Ok(Info { accepted, delta: 0.0 })
    }

    fn companions(&self) -> usize {
        self.start.len() - 1
    }

    fn check(&self, companions: &Companions) -> Result<()> {
        Ladder::of_numbers(self.start.len(), &companions.numbers, &companions.counts).map(drop)
    }

    fn describe(&self, state: &ChainState) -> Option<serde_json::Value> {
        let (ladder, _) = self.replicas(state).ok()?;
        let mut described = ladder.describe();
        described["type"] = "tempering".into();
        described["links_of_sweeps"] = self.regions.iter().map(|(region, _)| region.count()).collect();
        Some(described)
    }
}

#[cfg(test)]
mod tests;
