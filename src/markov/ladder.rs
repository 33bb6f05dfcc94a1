//! A ladder of replicas: which walker is on which rung, how often swaps were accepted, and strengths that make these
//! acceptances equal.
//!
//! A walker is a field on its way through the ladder. A round trip is one from rung 0 to the last rung and back.

use super::path::{equidistant, expect_path};
use crate::error::{Error, Result};

/// Most rungs of a ladder.
pub(super) const MOST_RUNGS: usize = 1024;
/// Steps between two changes of strengths while they are tuned: at least so many, at most a tenth of all.
const LEAST_STEPS: u64 = 20;

/// The strengths of a spec, from 1 to 0: those given, or so many at equal distances.
pub(super) fn strengths(given: Option<&Vec<f64>>, replicas: Option<u64>) -> Result<Vec<f64>> {
    let strengths = match (given, replicas) {
        (Some(strengths), None) => strengths.clone(),
        (None, Some(replicas)) if (2..=MOST_RUNGS as u64).contains(&replicas) => equidistant([1.0, 0.0], replicas - 1),
        (None, Some(replicas)) => {
            return Err(Error::BadSpec(format!("replicas: expected 2 to {MOST_RUNGS}, got {replicas}")));
        }
        (None, None) => return Err(Error::BadSpec("replicas: expected these or strengths, got neither".into())),
        _ => return Err(Error::BadSpec("replicas: expected these or strengths, got both".into())),
    };
    expect_path(&strengths, [1.0, 0.0])?;
    if strengths.len() > MOST_RUNGS {
        let got = strengths.len();
        return Err(Error::BadSpec(format!("strengths: expected at most {MOST_RUNGS}, got {got}")));
    }
    if let Some(pair) = strengths.windows(2).find(|pair| pair[0] <= pair[1]) {
        return Err(Error::BadSpec(format!("strengths: expected falling ones, got {} after {}", pair[1], pair[0])));
    }
    Ok(strengths)
}

/// Strengths, labels and counters of a ladder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ladder {
    /// The strength of each rung.
    pub strengths: Vec<f64>,
    /// The walker on each rung.
    pub labels: Vec<u64>,
    /// For each walker: 1 where it was on the last rung since it was on rung 0.
    returning: Vec<u64>,
    /// Round trips of each walker.
    trips: Vec<u64>,
    /// Swaps tried and accepted between each rung and the next one, since strengths have changed last.
    tried: Vec<u64>,
    accepted: Vec<u64>,
    /// Σ min(1, exp(−W)) of these tries.
    expected: Vec<f64>,
}

impl Ladder {
    /// Each walker on its own rung.
    pub fn new(strengths: Vec<f64>) -> Self {
        let rungs = strengths.len();
        Self {
            strengths,
            labels: (0..rungs as u64).collect(),
            returning: vec![0; rungs],
            trips: vec![0; rungs],
            tried: vec![0; rungs - 1],
            accepted: vec![0; rungs - 1],
            expected: vec![0.0; rungs - 1],
        }
    }

    /// Number of rungs.
    pub fn rungs(&self) -> usize {
        self.strengths.len()
    }

    /// Counts a try to swap a rung with the next one, of this work.
    pub fn count(&mut self, rung: usize, work: f64, is_accepted: bool) {
        self.tried[rung] += 1;
        self.expected[rung] += (-work).exp().min(1.0);
        if is_accepted {
            self.accepted[rung] += 1;
            self.labels.swap(rung, rung + 1);
        }
    }

    /// Counts round trips after swaps.
    pub fn follow(&mut self) {
        let (first, last) = (self.labels[0] as usize, self.labels[self.labels.len() - 1] as usize);
        self.returning[last] = 1;
        if std::mem::take(&mut self.returning[first]) == 1 && first != last {
            self.trips[first] += 1;
        }
    }

    /// Acceptances of swaps between each rung and the next one; NaN where none was tried.
    pub fn acceptances(&self) -> Vec<f64> {
        self.tried.iter().zip(&self.accepted).map(|(&tried, &accepted)| accepted as f64 / tried as f64).collect()
    }

    /// Round trips of all walkers.
    pub fn round_trips(&self) -> u64 {
        self.trips.iter().sum()
    }

    /// Moves strengths so that the swaps counted so far would have been accepted equally often, and counts anew.
    ///
    /// −log of the mean acceptance is taken for a length of each interval, uniform inside it; new strengths are at equal
    /// lengths. The ends stay.
    pub fn tune(&mut self) {
        const LEAST: f64 = 1e-4;
        let mean = |(&sum, &tried): (&f64, &u64)| if tried == 0 { 1.0 } else { sum / tried as f64 };
        let lengths: Vec<f64> =
            self.expected.iter().zip(&self.tried).map(|pair| -mean(pair).clamp(LEAST, 1.0 - LEAST).ln()).collect();
        let (total, old) = (lengths.iter().sum::<f64>(), self.strengths.clone());
        let (mut interval, mut before) = (0, 0.0);
        for rung in 1..old.len() - 1 {
            let wanted = total * rung as f64 / (old.len() - 1) as f64;
            while interval + 1 < lengths.len() && before + lengths[interval] < wanted {
                before += lengths[interval];
                interval += 1;
            }
            let part = ((wanted - before) / lengths[interval]).clamp(0.0, 1.0);
            self.strengths[rung] = old[interval] + part * (old[interval + 1] - old[interval]);
        }
        self.tried.fill(0);
        self.accepted.fill(0);
        self.expected.fill(0.0);
    }

    /// Tunes after the step of this number, from 1 on, where it is one of the first `steps` that ends an interval.
    pub fn tune_after(&mut self, made: u64, steps: u64) {
        if made <= steps && made.is_multiple_of((steps / 10).max(LEAST_STEPS)) {
            self.tune();
        }
    }

    /// Strengths, acceptances (null where they are not known yet), the walker on each rung, and round trips.
    pub fn describe(&self) -> serde_json::Value {
        let acceptances: Vec<Option<f64>> =
            self.acceptances().into_iter().map(|acceptance| acceptance.is_finite().then_some(acceptance)).collect();
        serde_json::json!({
            "strengths": self.strengths,
            "swap_acceptances": acceptances,
            "walkers": self.labels,
            "round_trips": self.round_trips(),
        })
    }

    /// All its real numbers, and all its counts, for a file.
    pub fn numbers(&self) -> (Vec<f64>, Vec<u64>) {
        let counts = [&self.labels, &self.returning, &self.trips, &self.tried, &self.accepted];
        ([&self.strengths[..], &self.expected].concat(), counts.map(Vec::as_slice).concat())
    }

    /// All its numbers, real ones by their bits.
    pub fn words(&self) -> impl Iterator<Item = u64> {
        let counts = [&self.labels, &self.returning, &self.trips, &self.tried, &self.accepted];
        let reals = [&self.strengths, &self.expected].into_iter().flatten().map(|number| number.to_bits());
        reals.chain(counts.into_iter().flatten().copied())
    }

    /// A ladder of so many rungs from the numbers of a file.
    pub fn of_numbers(rungs: usize, numbers: &[f64], counts: &[u64]) -> Result<Self> {
        let is_whole = numbers.len() == 2 * rungs - 1 && counts.len() == 5 * rungs - 2;
        let is_order = |labels: &[u64]| {
            let mut sorted = labels.to_vec();
            sorted.sort_unstable();
            sorted.into_iter().eq(0..rungs as u64)
        };
        if !is_whole || !is_order(&counts[..rungs]) || numbers.iter().any(|x| !x.is_finite()) {
            return Err(Error::BadInput(format!("ladder: expected one of {rungs} rungs, got another")));
        }
        let part = |from: usize, count: usize| counts[from..from + count].to_vec();
        Ok(Self {
            strengths: numbers[..rungs].to_vec(),
            expected: numbers[rungs..].to_vec(),
            labels: part(0, rungs),
            returning: part(rungs, rungs),
            trips: part(2 * rungs, rungs),
            tried: part(3 * rungs, rungs - 1),
            accepted: part(4 * rungs - 1, rungs - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strengths_are_tuned_to_equal_acceptances() {
        // Acceptances exp(−∫ g) for a density g of strengths.
        let length = |a: f64, b: f64| 3.0 * (a.powi(3) - b.powi(3));
        let mut ladder = Ladder::new(vec![1.0, 0.75, 0.5, 0.25, 0.0]);
        for _ in 0..40 {
            for rung in 0..4 {
                ladder.count(rung, length(ladder.strengths[rung], ladder.strengths[rung + 1]), false);
            }
            ladder.tune();
        }
        for pair in ladder.strengths.windows(2) {
            assert!((length(pair[0], pair[1]) - 0.75).abs() < 1e-3, "{:?}", ladder.strengths);
        }
        assert_eq!((ladder.strengths[0], ladder.strengths[4]), (1.0, 0.0));
    }

    #[test]
    fn walkers_make_round_trips_and_numbers_survive_a_file() {
        let mut ladder = Ladder::new(vec![1.0, 0.5, 0.0]);
        for rung in [0, 1, 1, 0, 0, 1] {
            ladder.count(rung, 0.3, true);
            ladder.follow();
        }
        // Walker 0 went to the last rung and came back.
        assert_eq!(ladder.round_trips(), 1);
        assert_eq!(ladder.acceptances(), [1.0, 1.0]);
        let (numbers, counts) = ladder.numbers();
        assert_eq!(Ladder::of_numbers(3, &numbers, &counts).unwrap(), ladder);
        assert!(Ladder::of_numbers(4, &numbers, &counts).is_err());
    }
}
