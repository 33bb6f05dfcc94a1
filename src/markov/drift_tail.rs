//! The histogram of the largest drift of each step, and how its tail falls: the criterion of complex Langevin dynamics.
//!
//! Complex Langevin averages are right where the probability of a drift u falls exponentially or faster, and wrong where it falls as a
//! power: K. Nagata, J. Nishimura, S. Shimasaki, Phys. Rev. D 94, 114515 (2016), arXiv:1606.07627. Here excesses y = u − u_0 over a
//! threshold u_0 are compared with the generalised Pareto law
//!
//! ```text
//! P(> y) = (1 + ξ y/σ)^(−1/ξ),    ξ = 2 − a_0/(a_0 − 2 a_1),    a_0 = ⟨y⟩,    a_1 = ⟨y P(> y)⟩
//! ```
//!
//! with ξ = 0 for an exponential, ξ < 0 for a faster fall and ξ > 0 for the power u^(−1−1/ξ), by probability-weighted moments: J. R. M.
//! Hosking, J. R. Wallis, Technometrics 29, 339 (1987). Thresholds leave a tenth and a hundredth of all drifts, where these are drifts
//! enough: a tail of rare excursions shows in either.

use super::kernel::Companions;
use crate::error::{Error, Result};
use crate::memory;
use serde_json::{Value, json};

/// Bins for each doubling of the drift.
const BINS_OF_A_DOUBLING: usize = 64;
/// log2 of the smallest drift that has a bin of its own.
const SMALLEST: f64 = -16.0;
/// Bins in all; the first and the last one hold all drifts beyond them.
const BINS: usize = 64 * BINS_OF_A_DOUBLING;
/// Counts after the bins: Langevin steps, and those of them that were shortened.
const FURTHER: usize = 2;
/// Fewest drifts of a tail from which anything follows.
const FEWEST: u64 = 200;
/// Shares of all drifts beyond a threshold.
const SHARES: [f64; 2] = [0.1, 0.01];
/// Shape ξ beyond which a tail is a power; drifts that are polynomials of normal numbers come near to it from below 0.2.
const LARGEST_SHAPE: f64 = 0.3;
/// Standard errors by which a shape is beyond or below it.
const SIGMAS: f64 = 3.0;

/// Largest drifts so far.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftTail {
    /// Drifts in each bin, and further counts.
    counts: Vec<u64>,
    /// The largest of all drifts.
    largest: f64,
    /// Steps of the chain, those before the first drift was counted among them.
    steps: u64,
}

/// The law of a tail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Threshold u_0.
    pub threshold: f64,
    /// Drifts beyond it.
    pub count: u64,
    /// Shape ξ.
    pub shape: f64,
    /// Its standard error for independent drifts.
    pub error: f64,
}

impl Tail {
    /// Some(true) where the tail falls exponentially or faster, Some(false) where it falls as a power, None where it may be either.
    pub fn is_exponential(&self) -> Option<bool> {
        let (low, high) = (self.shape - SIGMAS * self.error, self.shape + SIGMAS * self.error);
        match () {
            () if low > LARGEST_SHAPE => Some(false),
            () if high < LARGEST_SHAPE => Some(true),
            () => None,
        }
    }
}

/// Lower edge of a bin.
fn edge(bin: usize) -> f64 {
    (SMALLEST + bin as f64 / BINS_OF_A_DOUBLING as f64).exp2()
}

impl DriftTail {
    /// No drifts.
    pub fn new() -> Result<Self> {
        Ok(Self { counts: memory::filled("histogram of the drift", 0, BINS + FURTHER)?, largest: 0.0, steps: 0 })
    }

    /// The drifts that a chain keeps.
    pub fn of(companions: &Companions) -> Result<Self> {
        let Companions { fields, numbers, counts } = companions;
        let fits = fields.is_empty() && counts.len() == BINS + FURTHER + 1;
        let (&[largest], true) = (&numbers[..], fits) else {
            return Err(Error::BadInput("histogram of the drift: expected another number of counts".into()));
        };
        if !(largest.is_finite() && largest >= 0.0) {
            return Err(Error::BadInput(format!("largest drift: expected a number of at least 0, got {largest}")));
        }
        let (steps, counts) =
            (counts[BINS + FURTHER], memory::cloned("histogram of the drift", &counts[..BINS + FURTHER])?);
        let counted = counts[..BINS].iter().try_fold(0u64, |sum, &count| sum.checked_add(count));
        if counted.is_none_or(|counted| counted > steps) {
            return Err(Error::BadInput(format!("histogram of the drift: expected at most {steps} drifts, got more")));
        }
        Ok(Self { counts, largest, steps })
    }

    /// What the chain keeps of it.
    pub fn into_companions(self) -> Companions {
        let Self { mut counts, largest, steps } = self;
        counts.push(steps);
        Companions { fields: vec![], numbers: vec![largest], counts }
    }

    /// Steps of the chain so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Counts a step of the chain: its largest drift, where it is one to count, and its Langevin steps.
    pub fn count(&mut self, drift: Option<f64>, [all, shortened]: [u64; 2]) {
        self.steps += 1;
        self.counts[BINS] += all;
        self.counts[BINS + 1] += shortened;
        if let Some(drift) = drift {
            self.largest = self.largest.max(drift);
            let bin = (drift.log2() - SMALLEST) * BINS_OF_A_DOUBLING as f64;
            // Casts saturate: the first bin has what is below, −∞ of a drift of zero among it.
            self.counts[(bin as usize).min(BINS - 1)] += 1;
        }
    }

    /// Drifts in the histogram.
    pub fn counted(&self) -> u64 {
        self.counts[..BINS].iter().sum()
    }

    /// The tail that holds about this share of the drifts; None where these are too few.
    fn tail(&self, share: f64) -> Option<Tail> {
        let most = (share * self.counted() as f64) as u64;
        let (mut first, mut count) = (BINS, 0);
        while first > 0 && count + self.counts[first - 1] <= most {
            first -= 1;
            count += self.counts[first];
        }
        if count < FEWEST {
            return None;
        }
        let (threshold, n) = (edge(first), count as f64);
        let (mut above, mut a0, mut a1) = (0.0, 0.0, 0.0);
        for bin in (first..BINS).rev() {
            let of_bin = self.counts[bin] as f64;
            let excess = 0.5 * (edge(bin) + edge(bin + 1)) - threshold;
            a0 += of_bin * excess / n;
            a1 += of_bin * excess * (above + 0.5 * of_bin) / (n * n);
            above += of_bin;
        }
        let shape = 2.0 - a0 / (a0 - 2.0 * a1);
        // The variance of the estimate, which has none beyond ξ = 1/2.
        let xi = shape.clamp(-0.5, 0.4);
        let variance =
            (1.0 - xi) * (2.0 - xi).powi(2) * (1.0 - xi + 2.0 * xi * xi) / ((1.0 - 2.0 * xi) * (3.0 - 2.0 * xi));
        Some(Tail { threshold, count, shape, error: (variance / n).sqrt() })
    }

    /// The tails beyond both thresholds, where there are drifts enough.
    pub fn tails(&self) -> Vec<Tail> {
        SHARES.iter().filter_map(|&share| self.tail(share)).collect()
    }

    /// Some(true) where averages are right by the criterion, Some(false) where they are wrong, None where it is not known yet.
    pub fn is_trusted(&self) -> Option<bool> {
        let verdicts: Vec<Option<bool>> = self.tails().iter().map(Tail::is_exponential).collect();
        match verdicts.contains(&Some(false)) {
            true => Some(false),
            false => (!verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == Some(true))).then_some(true),
        }
    }

    /// The histogram as [lower edge, count] of its bins that are not empty, what follows from it, and counts.
    pub fn describe(&self) -> Value {
        let is_filled = |bin: &usize| self.counts[*bin] > 0;
        let histogram: Vec<_> = (0..BINS).filter(is_filled).map(|bin| (edge(bin), self.counts[bin])).collect();
        let of_tail = |tail: &Tail| {
            let Tail { threshold, count, shape, error } = tail;
            json!({"threshold": threshold, "count": count, "shape": shape, "error": error})
        };
        json!({
            "trusted": self.is_trusted(),
            "langevin_steps": self.counts[BINS],
            "shortened": self.counts[BINS + 1],
            "drift": {
                "largest": self.largest,
                "counted": self.counted(),
                "tails": self.tails().iter().map(of_tail).collect::<Vec<_>>(),
                "histogram": histogram,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    /// The histogram of numbers made from uniform ones.
    fn drawn(count: usize, make: impl Fn(f64) -> f64) -> DriftTail {
        let mut stream = Stream::new(3, Purpose::Start, 0);
        let mut tail = DriftTail::new().unwrap();
        (0..count).for_each(|_| tail.count(Some(make(1.0 - stream.uniform())), [1, 0]));
        tail
    }

    #[test]
    fn shapes_are_those_of_the_generalised_pareto_law() {
        for xi in [-0.3, 0.0, 0.25, 0.45] {
            let law = |p: f64| if xi == 0.0 { -p.ln() } else { (p.powf(-xi) - 1.0) / xi };
            for tail in drawn(200_000, |p| 5.0 * law(p)).tails() {
                assert!((tail.shape - xi).abs() < 5.0 * tail.error && tail.error < 0.06, "{xi}: {tail:?}");
            }
        }
    }

    #[test]
    fn exponentials_are_trusted_and_powers_are_not() {
        let exponential: fn(f64) -> f64 = |p| -p.ln();
        // Normal numbers' squares, roots of exponentials, and a density that is bounded.
        for law in [exponential, |p| (-p.ln()).sqrt(), |p| 10.0 - p] {
            assert_eq!(drawn(60_000, law).is_trusted(), Some(true));
        }
        // A power of which the mean exists, one of which it does not, and an exponential with rare excursions.
        let rare: fn(f64) -> f64 = |p| if p < 1e-3 { 7.0 * (1e-3 / p).powf(0.75) } else { -p.ln() };
        for law in [|p: f64| p.powf(-0.6), |p: f64| p.powf(-1.5), rare] {
            assert_eq!(drawn(60_000, law).is_trusted(), Some(false));
        }
        assert_eq!(drawn(500, exponential).is_trusted(), None);
    }

    #[test]
    fn drifts_beyond_all_bins_are_counted_and_files_are_checked() {
        let mut tail = DriftTail::new().unwrap();
        for drift in [0.0, 1e-300, 1.0, 1e300] {
            tail.count(Some(drift), [3, 1]);
        }
        tail.count(None, [3, 1]);
        assert_eq!((tail.counted(), tail.steps(), tail.counts[0], tail.counts[BINS - 1]), (4, 5, 2, 1));
        let kept = tail.clone().into_companions();
        assert_eq!(DriftTail::of(&kept).unwrap(), tail);
        for spoil in [
            (|kept: &mut Companions| kept.counts[7] = 9) as fn(&mut Companions),
            |kept| kept.counts[7] = u64::MAX,
            |kept| kept.numbers[0] = f64::NAN,
            |kept| kept.counts.truncate(5),
            |kept| kept.numbers.clear(),
        ] {
            let mut spoilt = kept.clone();
            spoil(&mut spoilt);
            assert_eq!(DriftTail::of(&spoilt).unwrap_err().status(), 4);
        }
    }
}
