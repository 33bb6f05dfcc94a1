//! Annealed sequential Monte Carlo: a population of fields on its way from a free field, which is drawn exactly, to the action.
//!
//! ```text
//! S_t = (1 − t) S_0 + t S,   0 = t_0 < t_1 < ... < t_n = 1
//! log w_i ← log w_i − (t_k − t_(k−1)) [S(φ_i) − S_0(φ_i)],   then steps of a kernel that keeps exp(−S_(t_k))
//! ```
//!
//! Where the effective sample size of the weights falls below a share of the population, it is resampled, and the mean weight goes
//! into Z_r, the estimate of Z of this run, which has the mean Z exactly. Fields of a run are drawn by their final weights; each has
//! the log weight log Z_r, so that over runs, which are independent,
//!
//! ```text
//! <O> = <O Z_r>/<Z_r>,    log Z = log <Z_r>
//! ```
//!
//! without a bias in the two means of each. A run that gives all its fields gives each with its own weight, whose mean is Z_r; without
//! resampling these are independent: annealed importance sampling. Strengths that are not given are found by a run of their own,
//! whose fields are not used: each is as far from the one before as a bound on the weights that it adds allows.
//!
//! R. M. Neal, Stat. Comput. 11, 125 (2001); P. Del Moral, A. Doucet, A. Jasra, J. R. Stat. Soc. B 68, 411 (2006); C. Jarzynski,
//! Phys. Rev. Lett. 78, 2690 (1997). Strengths by conditional effective sample size: Y. Zhou, A. M. Johansen, J. A. D. Aston,
//! J. Comput. Graph. Stat. 25, 701 (2016).

use super::annealed_path::{AnnealedPath, Change};
use super::annealed_runs::{AnnealedRuns, Outcome};
use super::annealed_spec::MOST_CHANGES;
use super::annealing_spec::AnnealingSpec;
use super::kernel::{ChainState, Companions, Info, Kernel, Key};
use super::population::{Member, Shares, resample};
use super::tempering::Builder;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::{Stages, Way};
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use crate::spec::expect;
use std::sync::Arc;

/// Most fields of a population.
const MOST: u64 = 1 << 24;
/// Most fields that a run gives.
const MOST_GIVEN: u64 = 1 << 16;
/// Effective sample size of each change where no key decides.
const ESS: f64 = 0.9;
/// Halvings of the interval in which the next strength lies.
const HALVINGS: u32 = 50;
/// Counter of the run in which strengths are found: no step has it.
const BEFORE: u64 = u64::MAX;

/// Annealed sequential Monte Carlo.
pub struct Annealing {
    path: AnnealedPath,
    population: usize,
    fields: usize,
    /// Strengths that are given; None where they are found.
    strengths: Option<Vec<f64>>,
    ess: f64,
    resample: f64,
}

/// A run at its end.
struct Run {
    members: Vec<Member>,
    shares: Shares,
    /// log Z_r but for the mean of the weights since the last resampling.
    log_z: f64,
    outcome: Outcome,
}

impl Annealing {
    /// A chain for an action of scalars, with a kernel for the action of each stage, and the layers of a model where there is one.
    pub fn new<K: Clone>(
        action: Arc<dyn Action>,
        spec: &AnnealingSpec<K>,
        builder: Builder,
        layers: Option<Stages>,
    ) -> Result<Self> {
        let whole = |key: &str, least: u64, most: u64, got: u64| {
            expect((least..=most).contains(&got), key, &format!("{least} to {most}"), got)
        };
        whole("population", 2, MOST, spec.population)?;
        whole("fields", 1, spec.population.min(MOST_GIVEN), spec.fields)?;
        expect((0.0..=1.0).contains(&spec.resample), "resample", "a number from 0 to 1", spec.resample)?;
        let ess = spec.ess.unwrap_or(ESS);
        expect(ess > 0.0 && ess < 1.0, "ess", "a number between 0 and 1", ess)?;
        let path = AnnealedPath::new(action, &spec.path(), builder, layers)?;
        let is_found = spec.steps.is_none() && spec.strengths.is_none() && path.layers().is_none();
        if spec.ess.is_some() && !is_found {
            return Err(Error::BadSpec("path: expected one of steps, strengths, layers and ess, got more".into()));
        }
        let strengths = if is_found { None } else { Some(spec.path().strengths(path.layers())?) };
        let (population, fields) = (spec.population as usize, spec.fields as usize);
        memory::expect("population", path.action.count().saturating_mul(population).saturating_mul(size_of::<f64>()))?;
        Ok(Self { path, population, fields, strengths, ess, resample: spec.resample })
    }

    /// The largest next strength at which the weights of the change leave the effective sample size of the spec.
    fn found(&self, members: &[Member], shares: &Shares, t: f64) -> Result<f64> {
        let works = members.iter().map(|member| member.values[1] - member.values[0]);
        let works = memory::collected("works of a population", works)?;
        let is_near = |delta: f64| shares.conditional_ess(&works, delta) >= self.ess;
        if is_near(1.0 - t) {
            return Ok(1.0);
        }
        let (mut low, mut high) = (0.0, 1.0 - t);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if is_near(middle) { low = middle } else { high = middle }
        }
        if t + low > t {
            return Ok(t + low);
        }
        Err(Error::NotConverged(format!("strengths: expected a next one after {t} for ess {}, got none", self.ess)))
    }

    /// A run along given strengths, or along those that it finds.
    fn run(&self, key: &Key, given: Option<&[f64]>) -> Result<Run> {
        let _work = progress::begin("annealing", given.map_or(0, |strengths| strengths.len() as u64 - 1));
        let stream = |stage: usize| Stream::numbered(key.seed, Purpose::Annealing, key.counter, stage as u64);
        let seeds = |random: &mut Stream| {
            memory::collected("seeds of a population", (0..self.population).map(|_| random.bits()))
        };
        let mut members = self.path.draw(&seeds(&mut stream(0))?)?;
        let shares_of = |members: &[Member]| Shares::new(members.iter().map(|member| member.log_weight));
        let mut shares = shares_of(&members)?;
        let (mut log_z, mut t) = (self.path.log_z(), 0.0);
        let mut outcome = Outcome { log_z: [0.0; 2], strengths: vec![0.0], ess: vec![], accepted: vec![] };
        for stage in 1..=given.map_or(MOST_CHANGES, |strengths| strengths.len() - 1) {
            let next = given.map_or_else(|| self.found(&members, &shares, t), |strengths| Ok(strengths[stage]))?;
            self.path.change(&mut members, Change { number: stage, strengths: [t, next] }, Way::Forward)?;
            shares = shares_of(&members)?;
            let (mut random, ess) = (stream(stage), shares.ess());
            let seeds = seeds(&mut random)?;
            if ess < self.resample {
                log_z += shares.log_mean;
                resample(&mut members, &shares, random.uniform())?;
                shares = shares_of(&members)?;
            }
            t = next;
            let accepted = self.path.sweep(&mut members, t, &seeds, Way::Forward)?;
            outcome.accepted.push(accepted as f64 / (self.population as u64 * self.path.sweeps()) as f64);
            outcome.strengths.push(t);
            outcome.ess.push(ess);
            progress::step("annealing", ess)?;
            if t == 1.0 && given.is_none_or(|strengths| stage + 1 == strengths.len()) {
                outcome.log_z = [log_z + shares.log_mean, shares.error(&members)?];
                return Ok(Run { members, shares, log_z, outcome });
            }
        }
        Err(Error::NotConverged(format!("strengths: expected at most {MOST_CHANGES} for ess {}, got more", self.ess)))
    }

    /// The fields that a run gives, with their log weights and S of the first one.
    fn given(&self, run: Run, random: &mut Stream) -> Result<(Vec<Vec<f64>>, Vec<f64>, f64)> {
        let Run { mut members, shares, log_z, outcome } = run;
        let mut fields = memory::reserved("fields of a run", self.fields)?;
        if self.fields == self.population {
            let log_weights = members.iter().map(|member| log_z + member.log_weight);
            let log_weights = memory::collected("log weights of a run", log_weights)?;
            let value = members[0].values[1];
            fields.extend(members.into_iter().map(|member| member.field));
            return Ok((fields, log_weights, value));
        }
        // Turned around by a random number of places, each of the fields is by itself drawn with the shares.
        let mut chosen = shares.systematic(self.fields, random.uniform())?;
        let turn = (random.uniform() * self.fields as f64) as usize;
        chosen.rotate_left(turn.min(self.fields - 1));
        let mut uses = memory::filled("choice from a population", 0usize, self.population)?;
        chosen.iter().for_each(|&member| uses[member] += 1);
        let value = members[chosen[0]].values[1];
        for member in chosen {
            uses[member] -= 1;
            fields.push(match uses[member] {
                0 => std::mem::take(&mut members[member].field),
                _ => memory::cloned("field of a run", &members[member].field)?,
            });
        }
        Ok((fields, memory::filled("log weights of a run", outcome.log_z[0], self.fields)?, value))
    }

    /// The fields, numbers and counts of a chain after a new run, with the field of this step and its S.
    fn new_run(&self, key: &Key, before: Option<&Companions>) -> Result<(Vec<f64>, f64, Companions)> {
        let before = before.map(|before| AnnealedRuns::new(before, self.fields)).transpose()?;
        let run = match (&self.strengths, &before) {
            (Some(strengths), _) => self.run(key, Some(strengths))?,
            (None, Some(before)) => self.run(key, Some(before.strengths()))?,
            (None, None) => {
                let found = self.run(&Key { counter: BEFORE, ..*key }, None)?.outcome.strengths;
                self.run(key, Some(&found))?
            }
        };
        let last = run.outcome.strengths.len() as u64;
        let mut random = Stream::numbered(key.seed, Purpose::Annealing, key.counter, last);
        let outcome = run.outcome.clone();
        let (mut fields, log_weights, value) = self.given(run, &mut random)?;
        let (numbers, counts) = AnnealedRuns::after(before.as_ref(), &outcome, &log_weights)?;
        let field = fields.remove(0);
        Ok((field, value, Companions { fields, numbers, counts }))
    }
}

impl Kernel for Annealing {
    fn is_weighted(&self) -> bool {
        true
    }

    /// The outcome's `delta` is the log weight of the field.
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        if let Some(companions) = &mut state.companions
            && let Some((place, log_weight)) = AnnealedRuns::new(companions, self.fields)?.next()
        {
            let value = self.path.action.value(&companions.fields[place - 1])?;
            let field = std::mem::replace(&mut companions.fields[place - 1], std::mem::take(&mut state.field));
            companions.counts[1] += 1;
            state.go_to(field, value);
            return Ok(Info { accepted: true, delta: log_weight });
        }
        let (field, value, companions) = self.new_run(key, state.companions.as_ref())?;
        let delta = companions.numbers[0];
        state.go_to(field, value);
        state.companions = Some(companions);
        Ok(Info { accepted: true, delta })
    }

    fn companions(&self) -> usize {
        self.fields - 1
    }

    fn check(&self, companions: &Companions) -> Result<()> {
        AnnealedRuns::new(companions, self.fields).map(drop)
    }

    fn describe(&self, state: &ChainState) -> Option<serde_json::Value> {
        let companions = state.companions.as_ref()?;
        AnnealedRuns::new(companions, self.fields).ok().map(|runs| runs.describe())
    }
}

#[cfg(test)]
mod tests;
