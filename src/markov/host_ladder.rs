//! A ladder of replicas that a host runs itself: strengths, places of defects and decisions are the library's, fields and their
//! updates the host's.
//!
//! Replica r has the field φ_r of the host's memory, is on rung k with the strength s_k of the defect's links, s_0 = 1 and s_n = 0,
//! and samples exp(−S_{s_k}(φ_r)). A swap exchanges the rungs of two neighbours with probability min(1, exp(−W)),
//!
//! ```text
//! W = D_r + D_r',   D_r = S(φ_r) at the strength of the partner − S(φ_r) at its own strength,
//! ```
//!
//! so that fields stay where they are. Pairs (0, 1), (2, 3), ... and (1, 2), (3, 4), ... are tried in turn. On rung 0 the defect is
//! nowhere: a replica gets a new place for its defect there, at random, which is as good as a shift of its field. M. Hasenbusch,
//! Phys. Rev. D 96, 054504 (2017); C. Bonanno, C. Bonati, M. D'Elia, JHEP 03 (2021) 111.

mod saved;

use super::ladder::{self, Ladder};
use super::ranks::{Alone, Ranks, Sums, expect_limbs};
use crate::action::ActionSpec;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::file;
use crate::gauge::{Cuboid, Defect, Group, LoopSum, Patch, check_strength};
use crate::lattice::{Lattice, Neighbours};
use crate::memory;
use crate::random::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of a ladder: `{defect: {size: [2, 2, 2]}, replicas: 8, action: {type: 'wilson', group: 'su3', beta: 6}}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LadderSpec {
    /// The links whose strength differs between replicas.
    pub defect: Cuboid,
    /// Number of replicas, at equal distances of strength before they are tuned; this or `strengths` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
    /// The strength of each rung, from 1 to 0; they are not tuned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strengths: Option<Vec<f64>>,
    /// First swaps, in which the strengths of `replicas` are moved until swaps are accepted equally often.
    #[serde(default = "tune")]
    pub tune: u64,
    /// False: all defects stay at the place of the spec.
    #[serde(default = "yes")]
    pub translate: bool,
    /// The host's gauge action, where the library computes its differences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionSpec>,
    /// Seed in place of the context's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

fn tune() -> u64 {
    1000
}

fn yes() -> bool {
    true
}

/// Streams of random numbers of a ladder among those of its purpose: others are those of chains and proposals.
const STREAM: u64 = 1;

/// A ladder of replicas of a host.
pub struct HostLadder {
    spec: LadderSpec,
    lattice: Lattice,
    /// Checksum of spec and lattice.
    origin: u64,
    /// The loops around the defect at its first place, where the spec has an action.
    loops: Option<(LoopSum, Patch)>,
    state: State,
    /// Differences of all replicas, and how many ranks hold each.
    sums: Sums,
    ranks: Box<dyn Ranks>,
}

/// What a file keeps.
#[derive(Clone, Debug, PartialEq)]
struct State {
    ladder: Ladder,
    /// For each replica the site by whose coordinates its defect is moved.
    places: Vec<u64>,
    /// Number of swaps.
    counter: u64,
    seed: u64,
}

/// Where a replica is.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its rung, from 0.
    pub rung: usize,
    /// The strength of this rung.
    pub strength: f64,
    /// That of the rung with which the next swap is tried; the same where there is none.
    pub partner: f64,
    /// The first site of its defect, x first.
    pub at: Vec<usize>,
}

impl HostLadder {
    /// Each replica on the rung of its number.
    pub fn new(context: &Arc<Context>, lattice: &Lattice, spec: LadderSpec) -> Result<Self> {
        let d = lattice.dimensions();
        if d < 2 {
            return Err(Error::Unsupported(format!("lattice: expected 2 to 4 dimensions for links, got {d}")));
        }
        let strengths = ladder::strengths(spec.strengths.as_ref(), spec.replicas)?;
        let defect = spec.defect.build(lattice)?;
        let loops = spec.action.clone().map(|action| loops_of(action, (context, lattice), &defect)).transpose()?;
        let places = memory::filled("places of defects", 0, strengths.len())?;
        let seed = spec.seed.unwrap_or(context.seed());
        let sums = Sums::new(2 * strengths.len())?;
        let origin = file::checksum_of(format!("{spec:?} {:?}", lattice.extent()).bytes());
        let state = State { ladder: Ladder::new(strengths), places, counter: 0, seed };
        Ok(Self { spec, lattice: lattice.clone(), origin, loops, state, sums, ranks: Box::new(Alone) })
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// Number of replicas.
    pub fn replicas(&self) -> usize {
        self.state.places.len()
    }

    /// Number of swaps made.
    pub fn counter(&self) -> u64 {
        self.state.counter
    }

    /// The group of the action's links; an error where the spec has none.
    pub fn group(&self) -> Result<Group> {
        Ok(self.loops()?.0.group)
    }

    /// Where a replica is.
    pub fn standing(&self, replica: usize) -> Result<Standing> {
        self.expect_replica(replica)?;
        let ladder = &self.state.ladder;
        let rung = ladder.labels.iter().position(|&walker| walker == replica as u64);
        let rung = rung.ok_or_else(|| Error::Internal("a replica on a rung".into()))?;
        let (strength, partner) = (ladder.strengths[rung], ladder.strengths[self.partner(rung)]);
        Ok(Standing { rung, strength, partner, at: self.lattice.coordinates(self.corner(replica)) })
    }

    /// The factor of the link of direction μ at each site for a replica at a strength.
    pub fn link_factors(&self, (replica, strength): (usize, f64), mu: usize) -> Result<Vec<f64>> {
        self.expect_direction("mu", mu)?;
        self.defect(replica, strength)?.link_factors(&self.lattice, mu, strength)
    }

    /// The weight of the plaquette of two directions that begins at each site, for a replica at a strength.
    pub fn plaquette_weights(&self, (replica, strength): (usize, f64), [mu, nu]: [usize; 2]) -> Result<Vec<f64>> {
        self.expect_direction("mu", mu)?;
        self.expect_direction("nu", nu)?;
        if mu == nu {
            return Err(Error::BadShape(format!("nu: expected another direction than mu, got {nu}")));
        }
        self.defect(replica, strength)?.plaquette_weights(&self.lattice, [mu, nu], strength)
    }

    /// D of a replica for the next swap; `link` writes the numbers of the link at a site in a direction.
    pub fn difference(
        &self,
        replica: usize,
        mut link: impl FnMut((usize, usize), &mut [f64]) -> Result<()>,
    ) -> Result<f64> {
        let (sum, patch) = self.loops()?;
        let Standing { strength, partner, .. } = self.standing(replica)?;
        let by: Vec<i64> =
            self.lattice.coordinates(self.state.places[replica] as usize).iter().map(|&x| x as i64).collect();
        let reals = sum.group.reals();
        let mut links = memory::filled("links around a defect", 0.0, patch.links().len() * reals)?;
        for (&(site, mu), numbers) in patch.links().iter().zip(links.chunks_exact_mut(reals)) {
            link((self.lattice.shifted(site, &by), mu), numbers)?;
        }
        Ok(sum.difference_of(patch, &links, [partner, strength]))
    }

    /// Decides on swaps from the shares of D that this rank knows, or tells the others that it has failed.
    ///
    /// Errors: that of this rank; `BadInput` for numbers that are not finite or too large, for replicas that are not there, named
    /// twice, or held by no rank; `Stopped` where another rank has failed. The ladder is then as it was.
    pub fn swap(&mut self, own: Result<Vec<(usize, f64)>>) -> Result<()> {
        let count = self.replicas();
        self.sums.clear();
        let own = own.and_then(|shares| self.put(&shares));
        let print = self.print();
        self.sums.agree(&*self.ranks, own, print)?;
        if let Some(replica) = (0..count).find(|replica| self.sums.get(count + replica) == 0.0) {
            return Err(Error::BadInput(format!(
                "replicas: expected replica {replica} on one of the ranks, got it on none"
            )));
        }
        let mut random = Stream::numbered(self.state.seed, Purpose::Tempering, self.state.counter, STREAM);
        for rung in (self.parity()..count - 1).step_by(2) {
            let [a, b] = [rung, rung + 1].map(|rung| self.state.ladder.labels[rung] as usize);
            let work = self.sums.get(a) + self.sums.get(b);
            let is_accepted = random.uniform() < (-work).exp();
            self.state.ladder.count(rung, work, is_accepted);
        }
        let word = random.bits();
        // With an open boundary the defect stays in its slice.
        let place = match self.loops() {
            Ok((sum, _)) => sum.random_shift(&self.lattice, word),
            Err(_) => self.lattice.random_site(word),
        };
        let state = &mut self.state;
        state.ladder.follow();
        if self.spec.translate {
            state.places[state.ladder.labels[0] as usize] = place as u64;
        }
        state.counter = state.counter.wrapping_add(1);
        if self.spec.strengths.is_none() {
            state.ladder.tune_after(state.counter, self.spec.tune);
        }
        Ok(())
    }

    /// Decides with other ranks from now on, all of which call this with the same ladder.
    pub fn connect(&mut self, ranks: Box<dyn Ranks>) -> Result<()> {
        ranks.barrier()?;
        Sums::new(0)?.agree(&*ranks, Ok(()), self.print())?;
        self.ranks = ranks;
        Ok(())
    }

    /// The ladder as JSON.
    pub fn describe(&self) -> Result<serde_json::Value> {
        let mut described = self.state.ladder.describe();
        let spec = serde_json::to_value(&self.spec).map_err(|e| Error::Internal(format!("spec: {e}")))?;
        let places = (0..self.replicas()).map(|replica| self.lattice.coordinates(self.corner(replica)));
        described["spec"] = spec;
        described["counter"] = self.state.counter.into();
        described["seed"] = self.state.seed.into();
        described["places"] = serde_json::json!(places.collect::<Vec<_>>());
        Ok(described)
    }

    /// The rung that the next swap tries with a rung; the same one where it has no partner.
    fn partner(&self, rung: usize) -> usize {
        if rung % 2 == self.parity() { (rung + 1).min(self.replicas() - 1) } else { rung.saturating_sub(1) }
    }

    /// First rung of the pairs of the next swap.
    fn parity(&self) -> usize {
        if self.replicas() == 2 { 0 } else { (self.state.counter % 2) as usize }
    }

    /// Puts the shares of differences that this rank has beside those of others.
    fn put(&mut self, shares: &[(usize, f64)]) -> Result<()> {
        let count = self.replicas();
        for &(replica, difference) in shares {
            self.expect_replica(replica)?;
            expect_limbs("differences", difference)?;
            if self.sums.get(count + replica) != 0.0 {
                return Err(Error::BadInput(format!("replicas: expected each once, got {replica} twice")));
            }
            self.sums.set(replica, difference);
            self.sums.set(count + replica, 1.0);
        }
        Ok(())
    }

    /// A number that ranks with the same spec, lattice and state share, and others do not.
    fn print(&self) -> u64 {
        let State { ladder, places, counter, seed } = &self.state;
        let words = ladder.words().chain(places.iter().copied()).chain([*counter, *seed, self.origin]);
        file::checksum_of(words.flat_map(u64::to_le_bytes))
    }

    fn loops(&self) -> Result<&(LoopSum, Patch)> {
        let none = || Error::Unsupported("ladder: expected a spec with an action, got one without".into());
        self.loops.as_ref().ok_or_else(none)
    }

    /// The first site of a replica's defect.
    fn corner(&self, replica: usize) -> usize {
        let by: Vec<i64> =
            self.lattice.coordinates(self.state.places[replica] as usize).iter().map(|&x| x as i64).collect();
        let start = self.spec.defect.at.clone().unwrap_or_else(|| vec![0; self.lattice.dimensions()]);
        let start: Vec<i64> = start.iter().map(|&x| x as i64).collect();
        self.lattice.shifted(self.lattice.site(&start), &by)
    }

    /// A replica's defect; an error for a strength that no defect has.
    fn defect(&self, replica: usize, strength: f64) -> Result<Defect> {
        self.expect_replica(replica)?;
        check_strength(strength).map_err(Error::BadInput)?;
        let at = Some(self.lattice.coordinates(self.corner(replica)));
        Cuboid { at, ..self.spec.defect.clone() }.build(&self.lattice)
    }

    fn expect_replica(&self, replica: usize) -> Result<()> {
        let most = self.replicas() - 1;
        if replica <= most {
            return Ok(());
        }
        Err(Error::BadInput(format!("replica: expected 0 to {most}, got {replica}")))
    }

    fn expect_direction(&self, what: &str, mu: usize) -> Result<()> {
        let most = self.lattice.dimensions() - 1;
        if mu <= most {
            return Ok(());
        }
        Err(Error::BadShape(format!("{what}: expected 0 to {most}, got {mu}")))
    }
}

/// The sum over loops of a gauge action, and its loops around a defect.
fn loops_of(
    action: ActionSpec,
    (context, lattice): (&Arc<Context>, &Lattice),
    defect: &Defect,
) -> Result<(LoopSum, Patch)> {
    let action = action.build(context, lattice).map_err(|error| error.within("action"))?;
    let Some(sum) = action.loops_of_links() else {
        return Err(Error::Unsupported(
            "action: expected a gauge action or a sum with exactly one, got another".into(),
        ));
    };
    if sum.patch.is_some() {
        return Err(Error::Unsupported("action: expected one without a defect of its own, got one with it".into()));
    }
    let patch = Patch::new(&Neighbours::new(lattice)?, &sum.terms, (defect, sum.boundary.as_deref()));
    Ok((sum.clone(), patch))
}

#[cfg(test)]
mod tests;
