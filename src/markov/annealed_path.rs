//! Paths of fields along the straight line from one action to another, with layers of a model at each change and a kernel after it.
//!
//! ```text
//! S_t = (1 − t) S_0 + t S,   φ ← f_k(φ) where there are layers, then steps of a kernel that keeps exp(−S_(t_k)),
//! W = Σ_k [ S_(t_k)(f_k(φ)) − S_(t_(k−1))(φ) − log |det df_k/dφ| ],   <exp(−W)> = Z/Z_0
//! ```
//!
//! With layers these are stochastic normalizing flows: H. Wu, J. Köhler, F. Noé, arXiv:2002.06707; M. Caselle, E. Cellini,
//! A. Nada, M. Panero, arXiv:2201.08862. A path backward begins with the steps that end the forward one and takes inverse layers: kernels in
//! detailed balance make the ratio of the probabilities of both exp(−W) times that of their ends.

use super::annealed_spec::AnnealedSpec;
use super::first_fields::First;
use super::kernel::{ChainState, Key};
use super::population::Member;
use super::tempering::Builder;
use crate::action::{Action, interpolated};
use crate::context::Team;
use crate::error::{Error, Result};
use crate::flow::{Stages, Way};
use crate::memory;
use crate::progress;
use crate::space::Space;
use crate::spec::expect;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Most steps of a kernel after each change.
const MOST_SWEEPS: u64 = 1_000_000;
/// Fields that a thread takes at a time.
const PART: usize = 8;
/// Fields that a layer maps at a time.
const TOGETHER: usize = 128;

/// Paths from first fields to those of an action.
pub struct AnnealedPath {
    /// The action S at the end.
    pub(super) action: Arc<dyn Action>,
    first: First,
    /// S_0.
    start: Arc<dyn Action>,
    builder: Builder,
    layers: Option<Stages>,
    sweeps: u64,
    team: Team,
}

/// One change of the strength t: its number, counted from 1, and t before and after it.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Number of the change.
    pub number: usize,
    /// t before and after it.
    pub strengths: [f64; 2],
}

impl AnnealedPath {
    /// Paths for an action of scalars, with the layers of a model where there is one, and a kernel for the action at each strength.
    pub fn new<K>(
        action: Arc<dyn Action>,
        spec: &AnnealedSpec<K>,
        builder: Builder,
        layers: Option<Stages>,
    ) -> Result<Self> {
        if action.space() != Space::Scalars || action.has_pseudofermions() {
            let got = action.space().name();
            return Err(Error::Unsupported(format!("action: expected one of scalars, got one of {got}")));
        }
        let sweeps = spec.sweeps;
        expect((1..=MOST_SWEEPS).contains(&sweeps), "sweeps", &format!("1 to {MOST_SWEEPS}"), sweeps)?;
        if let Some(layers) = &layers {
            layers.domain().expect("model", &action.domain())?;
        }
        let first = spec.first(layers.is_some()).build(&action).map_err(|error| error.within("from"))?;
        let start = first.action()?;
        // Kernels are made for each change; here one is checked.
        builder(interpolated(&start, &action, 0.5)?).map_err(|error| error.within("kernel"))?;
        let team = if action.is_threadsafe() { action.workers() } else { Team::default() };
        Ok(Self { action, first, start, builder, layers, sweeps, team })
    }

    /// Number of the layers; None where there are none.
    pub fn layers(&self) -> Option<usize> {
        self.layers.as_ref().map(Stages::count)
    }

    /// log Z_0 where it is known, else 0.
    pub fn log_z(&self) -> f64 {
        self.first.log_z()
    }

    /// The action S_t.
    pub fn at(&self, t: f64) -> Result<Arc<dyn Action>> {
        interpolated(&self.start, &self.action, t)
    }

    /// Runs work for parts of a population, with the index of the first member of each. The error is that of the first part that
    /// has one, whatever the threads.
    fn for_parts(
        &self,
        members: &mut [Member],
        work: impl Fn(usize, &mut [Member]) -> Result<()> + Sync,
    ) -> Result<()> {
        let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let lock = || failed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = |failed: &Option<(usize, Error)>, part| failed.as_ref().is_none_or(|(first, _)| part < *first);
        self.team.share_chunks(members, PART, |part, members| {
            if !is_first(&lock(), part) {
                return;
            }
            if let Err(error) = work(part * PART, members) {
                let mut failed = lock();
                if is_first(&failed, part) {
                    *failed = Some((part, error));
                }
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The first fields, one for each seed.
    pub fn draw(&self, seeds: &[u64]) -> Result<Vec<Member>> {
        let empty = |founder| Ok(Member { field: vec![], values: [0.0; 2], log_weight: 0.0, founder });
        let mut members = memory::tried("population", seeds.len(), empty)?;
        self.for_parts(&mut members, |first, members| {
            let seeds = &seeds[first..first + members.len()];
            self.first.draw(seeds, &self.builder, |i, field| {
                members[i].values = self.values(&field)?;
                members[i].field = field;
                Ok(())
            })
        })?;
        Ok(members)
    }

    /// A field that a path backward begins with.
    pub fn member(&self, field: &[f64]) -> Result<Member> {
        let field = memory::cloned("field of a path", field)?;
        Ok(Member { values: self.values(&field)?, field, log_weight: 0.0, founder: 0 })
    }

    /// S_0 and S of a field.
    pub fn values(&self, field: &[f64]) -> Result<[f64; 2]> {
        Ok([self.start.value(field)?, self.action.value(field)?])
    }

    /// Changes the strength: takes fields through the layer, and the work from their log weights. In a path backward fields go from
    /// the second strength to the first, and weights count the same change.
    pub fn change(&self, members: &mut [Member], change: Change, way: Way) -> Result<()> {
        let [t, next] = change.strengths;
        let Some(layers) = &self.layers else {
            for Member { values: [start, end], log_weight, .. } in members {
                *log_weight -= (next - t) * (*end - *start);
            }
            return Ok(());
        };
        let count = self.action.count();
        for members in members.chunks_mut(TOGETHER) {
            progress::check()?;
            let mut fields = memory::reserved("fields of a layer", members.len() * count)?;
            members.iter().for_each(|member| fields.extend_from_slice(&member.field));
            let mut minus_log_dets = memory::filled("Jacobians of a layer", 0.0, members.len())?;
            layers.map(change.number - 1, way, &mut fields, &mut minus_log_dets)?;
            self.for_parts(members, |first, members| {
                for (i, member) in members.iter_mut().enumerate() {
                    let place = first + i;
                    self.go(member, &fields[place * count..][..count], [t, next], (way, minus_log_dets[place]))?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Gives a field that a layer has mapped to a member. A field that overflows ends its path with weight zero.
    fn go(
        &self,
        member: &mut Member,
        field: &[f64],
        [t, next]: [f64; 2],
        (way, minus_log_det): (Way, f64),
    ) -> Result<()> {
        let between = |t: f64, [start, end]: [f64; 2]| (1.0 - t) * start + t * end;
        let before = member.values;
        if field.iter().all(|phi| phi.is_finite()) && minus_log_det.is_finite() {
            member.field.copy_from_slice(field);
            member.values = self.values(field)?;
            let (low, high) = if way == Way::Forward { (before, member.values) } else { (member.values, before) };
            let work = between(next, high) - between(t, low) + minus_log_det;
            if work.is_finite() {
                member.log_weight -= work;
                return Ok(());
            }
        }
        member.field.fill(0.0);
        member.values = self.values(&member.field)?;
        member.log_weight = f64::NEG_INFINITY;
        Ok(())
    }

    /// Steps of the kernel that keeps exp(−S_t), for all members; the number of steps that are accepted. A path backward takes
    /// the kernels of a cycle in the reverse order.
    pub fn sweep(&self, members: &mut [Member], t: f64, seeds: &[u64], way: Way) -> Result<u64> {
        let (action, accepted) = (self.at(t)?, AtomicU64::new(0));
        self.for_parts(members, |first, members| {
            let kernel = (self.builder)(Arc::clone(&action))?;
            for (member, &seed) in members.iter_mut().zip(&seeds[first..]) {
                progress::check()?;
                let value = (1.0 - t) * member.values[0] + t * member.values[1];
                let field = std::mem::take(&mut member.field);
                let mut state = ChainState { field, value, gradient: None, log_density: None, companions: None };
                for step in 0..self.sweeps {
                    let counter = if way == Way::Forward { step } else { self.sweeps - 1 - step };
                    let info = kernel.step(&Key { seed, counter }, &mut state)?;
                    accepted.fetch_add(info.accepted.into(), Ordering::Relaxed);
                }
                member.values = self.values(&state.field)?;
                member.field = state.field;
            }
            Ok(())
        })?;
        Ok(accepted.into_inner())
    }

    /// Number of steps of the kernel after each change.
    pub fn sweeps(&self) -> u64 {
        self.sweeps
    }
}
