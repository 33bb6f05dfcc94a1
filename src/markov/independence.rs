//! Independence proposals: φ' ~ q whatever the current field is, with log ratio = log q(φ) − log q(φ').
//!
//! Samples of neighbouring counters are drawn together and kept for later steps. The proposed field and its log q are a
//! pure function of the counter. log q of the current field is the one it was drawn with where the same thread has seen
//! that very field lately, else one evaluation of the model; the two agree to the rounding of the model, which is checked
//! for a few samples when a proposal is made (`inversion.rs`).

use super::inversion::expect_inverted;
use super::proposal::{Current, Proposal, Proposed};
use super::recollection::Recollection;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::flow::{Model, REJECTED};
use crate::space::Domain;
use std::sync::{Arc, Mutex, PoisonError};

/// Most threads whose samples and log q are kept.
const MOST_THREADS: usize = 64;

/// Proposals drawn from a model.
pub struct Independence {
    model: Arc<dyn Model>,
    /// Samples and log q that each thread keeps, those used last at the end.
    memories: Mutex<Vec<Recollection>>,
}

impl Independence {
    /// Proposals from `model`; an error where log q of its samples is not that of the same fields inverted.
    pub fn new(model: Arc<dyn Model>) -> Result<Self> {
        expect_inverted(&*model)?;
        Ok(Self { model, memories: Mutex::new(Vec::new()) })
    }

    /// The model that is drawn from.
    pub fn model(&self) -> &dyn Model {
        &*self.model
    }

    /// log q of a field of finite numbers, by one evaluation of the model; −∞ where q does not reach it.
    pub fn log_density(&self, field: &[f64]) -> Result<f64> {
        expect_length("current", self.model.domain().count(), field.len())?;
        expect_finite("current", field)?;
        let mut log_q = [0.0];
        self.model.log_density(1, field, &mut log_q).map_err(|e| e.within("current"))?;
        if log_q[0].is_nan() || log_q[0] == f64::INFINITY {
            return Err(Error::BadInput(format!("log q of the current field: expected a number, got {}", log_q[0])));
        }
        Ok(log_q[0])
    }

    /// Calls `work` with this thread's recollection. Nothing is locked meanwhile, so that a model may hand parts of its
    /// work to threads that propose as well; a nested call on the same thread gets a second recollection.
    fn with_memory<R>(&self, work: impl FnOnce(&mut Recollection) -> R) -> R {
        let owner = std::thread::current().id();
        let lock = || self.memories.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = {
            let mut memories = lock();
            memories.iter().rposition(|memory| memory.owner == owner).map(|place| memories.remove(place))
        };
        let mut memory = mine.unwrap_or_else(|| Recollection::new(&*self.model, owner));
        let result = work(&mut memory);
        let mut memories = lock();
        if memories.len() >= MOST_THREADS {
            memories.remove(0);
        }
        memories.push(memory);
        result
    }
}

impl Proposal for Independence {
    fn domain(&self) -> &Domain {
        self.model.domain()
    }

    fn propose(&self, counter: u64, current: &Current, proposed: &mut [f64]) -> Result<Proposed> {
        let (count, field) = (self.model.domain().count(), current.field);
        expect_length("current", count, field.len())?;
        expect_length("proposed", count, proposed.len())?;
        self.with_memory(|memory| {
            let log_current = match current.log_density.or_else(|| memory.densities.find(field)) {
                Some(log_q) => log_q,
                None => {
                    let log_q = self.log_density(field)?;
                    memory.densities.learn(field, log_q)?;
                    log_q
                }
            };
            let (sample, log_q) = memory.windows.sample(&*self.model, counter)?;
            let log_densities = Some([log_current, log_q]);
            if log_q == REJECTED {
                // The host gets a field that it can evaluate, and a ratio with which it is rejected.
                proposed.copy_from_slice(field);
                return Ok(Proposed { log_ratio: f64::NEG_INFINITY, log_densities });
            }
            // A kernel that keeps log q itself does not need it here.
            if current.log_density.is_none() {
                memory.densities.learn(sample, log_q)?;
            }
            proposed.copy_from_slice(sample);
            Ok(Proposed { log_ratio: log_current - log_q, log_densities })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::check::{Gaussian, Nan};
    use crate::random::{Purpose, Stream};

    fn independence(sites: usize, window: usize) -> (Arc<Gaussian>, Independence) {
        let model = Arc::new(Gaussian::new(sites, 0.8, window));
        (model.clone(), Independence::new(model).unwrap())
    }

    /// Calls of a model since its only proposal was made, which calls both functions once.
    fn calls(model: &Gaussian) -> (usize, usize) {
        let (samples, densities) = model.calls();
        (samples - 1, densities - 1)
    }

    /// The log ratio of a field that the proposal has not given.
    fn propose(independence: &Independence, counter: u64, current: &[f64], proposed: &mut [f64]) -> Result<f64> {
        let current = Current { field: current, log_density: None };
        independence.propose(counter, &current, proposed).map(|proposed| proposed.log_ratio)
    }

    fn host_field(sites: usize, counter: u64) -> Vec<f64> {
        let mut field = vec![0.0; sites];
        Stream::new(99, Purpose::Start, counter).normals(&mut field);
        field
    }

    fn bits(independence: &Independence, counter: u64, current: &[f64]) -> Vec<u64> {
        let mut proposed = vec![0.0; current.len()];
        let log_ratio = propose(independence, counter, current, &mut proposed).unwrap();
        proposed.iter().chain([&log_ratio]).map(|x| x.to_bits()).collect()
    }

    #[test]
    fn the_log_ratio_is_that_of_the_model() {
        let (model, independence) = independence(12, 5);
        let current = host_field(12, 0);
        let mut proposed = vec![0.0; 12];
        let log_ratio = propose(&independence, 33, &current, &mut proposed).unwrap();
        let (mut field, mut log_q, mut log_current) = ([0.0; 12], [0.0], [0.0]);
        model.sample(33, 1, &mut field, &mut log_q).unwrap();
        model.log_density(1, &current, &mut log_current).unwrap();
        assert_eq!(proposed, field);
        assert_eq!(log_ratio, log_current[0] - log_q[0]);
    }

    #[test]
    fn a_counter_gives_the_same_bits_in_any_order_and_from_eight_threads() {
        let current = host_field(10, 1);
        let counters: Vec<u64> = (0..60).map(|i| (i * 37) % 200 + if i % 3 == 0 { 1 << 40 } else { 0 }).collect();
        let reference: Vec<_> = counters.iter().map(|&c| bits(&independence(10, 7).1, c, &current)).collect();
        let (_, shared) = independence(10, 7);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (shared, current, counters, reference) = (&shared, &current, &counters, &reference);
                scope.spawn(move || {
                    for i in 0..counters.len() {
                        let i = (i * (2 * thread + 7) + thread) % counters.len();
                        assert_eq!(bits(shared, counters[i], current), reference[i]);
                    }
                });
            }
        });
    }

    #[test]
    fn neighbouring_counters_are_drawn_together_and_log_q_of_seen_fields_is_remembered() {
        let (model, independence) = independence(10, 16);
        let mut current = host_field(10, 2);
        let mut proposed = vec![0.0; 10];
        for counter in 0..160 {
            propose(&independence, counter, &current, &mut proposed).unwrap();
            if counter % 3 == 0 {
                current.copy_from_slice(&proposed);
            }
        }
        assert_eq!(calls(&model), (10, 1));
        current[3] = f64::from_bits(current[3].to_bits() ^ 1);
        propose(&independence, 160, &current, &mut proposed).unwrap();
        propose(&independence, 161, &current, &mut proposed).unwrap();
        assert_eq!(calls(&model), (11, 2));
    }

    #[test]
    fn one_thread_may_drive_several_chains_in_turn() {
        let (model, independence) = independence(10, 16);
        let mut chains: Vec<Vec<f64>> = (0..6).map(|chain| host_field(10, chain)).collect();
        let mut proposed = vec![0.0; 10];
        for step in 0..64 {
            for (chain, current) in chains.iter_mut().enumerate() {
                propose(&independence, 1000 * chain as u64 * 16 + step, current, &mut proposed).unwrap();
                if (step + chain as u64).is_multiple_of(5) {
                    current.copy_from_slice(&proposed);
                }
            }
        }
        assert_eq!(calls(&model), (6 * 4, 6));
    }

    #[test]
    fn what_other_threads_ask_changes_neither_results_nor_work() {
        let (model, independence) = independence(10, 16);
        let chain = |base: u64| {
            let mut current = host_field(10, base);
            (0..64)
                .map(|i| {
                    let result = bits(&independence, base + i, &current);
                    current.iter_mut().zip(&result).for_each(|(x, &bits)| *x = f64::from_bits(bits));
                    result
                })
                .collect::<Vec<_>>()
        };
        let alone: Vec<_> =
            (0..4).map(|t| std::thread::scope(|s| s.spawn(|| chain(4096 * t)).join().unwrap())).collect();
        let together = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..4).map(|t| scope.spawn(move || chain(4096 * t))).collect();
            handles.into_iter().map(|handle| handle.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(alone, together);
        assert_eq!(calls(&model), (2 * 4 * 4, 2 * 4));
    }

    #[test]
    fn a_sample_that_overflows_is_rejected_alone() {
        let (_, good) = independence(10, 8);
        let current = host_field(10, 0);
        for window in [1, 8] {
            let nan = Independence::new(Arc::new(Nan::new(10, window))).unwrap();
            for counter in 0..12 {
                let mut proposed = vec![0.0; 10];
                let ratio = propose(&nan, counter, &current, &mut proposed).unwrap();
                if counter % 4 == 0 {
                    assert_eq!((ratio, &proposed), (f64::NEG_INFINITY, &current));
                } else {
                    assert_eq!(bits(&nan, counter, &current), bits(&good, counter, &current));
                }
            }
        }
    }

    #[test]
    fn bad_input_is_an_error_and_proposed_is_not_written() {
        let (_, good) = independence(10, 5);
        let mut infinite = vec![0.0; 10];
        infinite[7] = f64::INFINITY;
        let cases: [(&Independence, u64, &[f64], i32, &str); 3] = [
            (&good, 0, &[0.0; 9], 3, "current: expected 10 numbers, got 9"),
            (&good, 0, &infinite, 4, "current: expected finite numbers, got inf at index 7"),
            (
                &good,
                u64::MAX,
                &[0.0; 10],
                4,
                "counter: expected less than 18446744073709551615, got 18446744073709551615",
            ),
        ];
        for (independence, counter, current, status, message) in cases {
            let mut proposed = vec![7.0; 10];
            let error = propose(independence, counter, current, &mut proposed).unwrap_err();
            assert_eq!((error.status(), error.to_string().as_str()), (status, message));
            assert_eq!(proposed, [7.0; 10]);
        }
        assert_eq!(propose(&good, 0, &[0.0; 10], &mut [0.0; 11]).unwrap_err().status(), 3);
    }
}
