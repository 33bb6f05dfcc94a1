//! A cycle of kernels that take turns: one step is one turn of one kernel, so that its outcome is that kernel's.
//!
//! Kernel i has r_i turns in a row; after Σ r_i steps the cycle begins again. Whose turn it is follows from the counter
//! alone. Each kernel sees its own seed and counts its own turns, 0, 1, 2, ..., so that a kernel that draws from a
//! model uses up every sample of the model's stream. A cycle can be a kernel of another one.

use super::kernel::{ChainState, Companions, Info, Kernel, Key};
use super::reversal::Reversal;
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};

/// Kernels that take turns.
pub struct Cycle {
    turns: Vec<(u64, Box<dyn Kernel>)>,
    length: u64,
}

/// Most steps of a cycle.
const MOST_STEPS: u64 = 1_000_000;

impl Cycle {
    /// A cycle of kernels, each with how many turns it takes in a row.
    pub fn new(turns: Vec<(u64, Box<dyn Kernel>)>) -> Result<Self> {
        if turns.is_empty() {
            return Err(Error::BadSpec("kernels: expected at least one kernel, got none".into()));
        }
        if turns.iter().filter(|(_, kernel)| kernel.companions() > 0).count() > 1 {
            return Err(Error::BadSpec("kernels: expected at most one with replicas, got more".into()));
        }
        if turns.iter().any(|(_, kernel)| kernel.is_weighted()) {
            let expected = "expected those that leave exp(-S) as it is, got one whose fields come with weights, as of type 'jarzynski'";
            return Err(Error::BadSpec(format!("kernels: {expected}")));
        }
        if turns.iter().any(|(repeat, _)| *repeat == 0) {
            return Err(Error::BadSpec("repeat: expected at least 1, got 0".into()));
        }
        let length = turns.iter().fold(0u64, |sum, (repeat, _)| sum.saturating_add(*repeat));
        if length > MOST_STEPS {
            return Err(Error::BadSpec(format!("repeat: expected at most {MOST_STEPS} turns in all, got {length}")));
        }
        Ok(Self { turns, length })
    }

    /// Which kernel steps at a counter, and which of its own turns that is.
    fn turn(&self, counter: u64) -> (usize, u64) {
        let (round, mut place) = (counter / self.length, counter % self.length);
        for (index, (repeat, _)) in self.turns.iter().enumerate() {
            if place < *repeat {
                return (index, round * repeat + place);
            }
            place -= repeat;
        }
        unreachable!("the repeats sum up to the length")
    }
}

impl Kernel for Cycle {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let (index, counter) = self.turn(key.counter);
        let seed = Stream::new(key.seed, Purpose::Kernel, index as u64).bits();
        self.turns[index].1.step(&Key { seed, counter }, state)
    }

    fn companions(&self) -> usize {
        self.turns.iter().map(|(_, kernel)| kernel.companions()).max().unwrap_or(0)
    }

    fn check(&self, companions: &Companions) -> Result<()> {
        self.turns
            .iter()
            .filter(|(_, kernel)| kernel.companions() > 0)
            .try_for_each(|(_, kernel)| kernel.check(companions))
    }

    fn describe(&self, state: &ChainState) -> Option<serde_json::Value> {
        self.turns.iter().find_map(|(_, kernel)| kernel.describe(state))
    }

    /// The reversal of the next kernel that has trajectories.
    fn reversal(&self, key: &Key, state: &ChainState) -> Result<Option<Reversal>> {
        let mut asked = vec![false; self.turns.len()];
        for ahead in 0..self.length {
            let (index, counter) = self.turn(key.counter.wrapping_add(ahead));
            if std::mem::replace(&mut asked[index], true) {
                continue;
            }
            let seed = Stream::new(key.seed, Purpose::Kernel, index as u64).bits();
            if let Some(reversal) = self.turns[index].1.reversal(&Key { seed, counter }, state)? {
                return Ok(Some(reversal));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::keeps_the_distribution;
    use crate::markov::{Hmc, HmcSpec, Metropolis};
    use std::sync::{Arc, Mutex};

    /// A kernel that records the keys of its steps.
    struct Recorder(u64, Arc<Mutex<Vec<(u64, u64, u64)>>>);

    impl Kernel for Recorder {
        fn step(&self, key: &Key, _: &mut ChainState) -> Result<Info> {
            self.1.lock().unwrap().push((self.0, key.seed, key.counter));
            Ok(Info { accepted: true, delta: 0.0 })
        }
    }

    #[test]
    fn a_cycle_keeps_the_distribution() {
        keeps_the_distribution(&|action, model| {
            let hmc = Hmc::new(action.clone(), &HmcSpec { steps: 2, ..HmcSpec::default() }).unwrap();
            let metropolis = Metropolis::independent(action, model).unwrap();
            Box::new(Cycle::new(vec![(2, Box::new(hmc)), (1, Box::new(metropolis))]).unwrap())
        });
    }

    #[test]
    fn kernels_take_turns_and_each_counts_its_own() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let recorder = |name| Box::new(Recorder(name, log.clone()));
        let inner = Cycle::new(vec![(1, recorder(10)), (1, recorder(11))]).unwrap();
        let cycle = Cycle::new(vec![(1, recorder(0)), (3, Box::new(inner)), (2, recorder(0))]).unwrap();
        let mut state = ChainState { field: vec![], value: 0.0, gradient: None, log_density: None, companions: None };
        for counter in 0..18 {
            cycle.step(&Key { seed: 1, counter }, &mut state).unwrap();
        }
        let log = log.lock().unwrap();
        let names: Vec<u64> = log.iter().map(|&(name, _, _)| name).collect();
        assert_eq!(names, [0, 10, 11, 10, 0, 0, 0, 11, 10, 11, 0, 0, 0, 10, 11, 10, 0, 0]);
        let turns: Vec<u64> = log.iter().filter(|&&(name, _, _)| name == 10).map(|&(_, _, counter)| counter).collect();
        assert_eq!(turns, [0, 1, 2, 3, 4]);
        // The same kernel at two places of a cycle: never the same key.
        let mut keys: Vec<_> = log.iter().map(|&(_, seed, counter)| (seed, counter)).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 18);
    }

    /// A kernel of weighted fields.
    struct Weighted;

    impl Kernel for Weighted {
        fn step(&self, _: &Key, _: &mut ChainState) -> Result<Info> {
            Ok(Info { accepted: true, delta: -1.0 })
        }

        fn is_weighted(&self) -> bool {
            true
        }
    }

    #[test]
    fn empty_cycles_and_repeats_out_of_range_are_named() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let message = |turns: Vec<(u64, Box<dyn Kernel>)>| Cycle::new(turns).err().unwrap().to_string();
        assert_eq!(message(vec![]), "kernels: expected at least one kernel, got none");
        let weighted = message(vec![(1, Box::new(Weighted))]);
        assert!(weighted.starts_with("kernels: expected those that leave exp(-S) as it is"), "{weighted}");
        assert_eq!(message(vec![(0, Box::new(Recorder(0, log.clone())))]), "repeat: expected at least 1, got 0");
        let turns: Vec<(u64, Box<dyn Kernel>)> =
            vec![(u64::MAX, Box::new(Recorder(0, log.clone()))), (1, Box::new(Recorder(0, log.clone())))];
        assert_eq!(message(turns), format!("repeat: expected at most 1000000 turns in all, got {}", u64::MAX));
    }
}
