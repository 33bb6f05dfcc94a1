//! A population of weighted fields: its weights, its effective sample size and its resampling.
//!
//! ```text
//! W_i = w_i / Σ w,   ESS = 1 / Σ W_i²,   between 1 and N
//! ```
//!
//! Systematic resampling gives N equal weights: field i gets as many copies as there are numbers (u + j)/N, j = 0 ... N − 1, in the
//! i-th interval of length W_i, u uniform in [0, 1). The variance of log Z is estimated from one population by the descendants of
//! each first field g, which were independent:
//!
//! ```text
//! error² = N/(N − 1) Σ_g (W_g − 1/N)²,   W_g = Σ W_i over the descendants of g
//! ```
//!
//! which is an upper bound on average, since systematic resampling has a smaller variance than independent choices.
//! H. P. Chan and T. L. Lai, Ann. Statist. 41, 2877 (2013); A. Lee and N. Whiteley, Biometrika 105, 609 (2018).

use crate::error::{Error, Result};
use crate::memory;

/// A field of a population.
pub struct Member {
    /// The field.
    pub field: Vec<f64>,
    /// S of the start and of the target at this field.
    pub values: [f64; 2],
    /// Logarithm of its weight since the last resampling.
    pub log_weight: f64,
    /// Index of the first field that it descends from.
    pub founder: usize,
}

/// Normalised weights of a population.
pub(super) struct Shares {
    /// W_i.
    pub numbers: Vec<f64>,
    /// log of the mean weight.
    pub log_mean: f64,
}

impl Shares {
    /// The shares of given log weights; an error where a weight is no number, or all are zero.
    pub fn new(log_weights: impl ExactSizeIterator<Item = f64>) -> Result<Self> {
        let mut numbers = memory::collected("weights of a population", log_weights)?;
        if let Some(bad) = numbers.iter().find(|l| l.is_nan() || **l == f64::INFINITY) {
            return Err(Error::BadInput(format!("work of a field: expected a finite number, got {}", -bad)));
        }
        let largest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return Err(Error::BadInput("weights of a population: expected one above zero, got none".into()));
        }
        numbers.iter_mut().for_each(|l| *l = (*l - largest).exp());
        let sum: f64 = numbers.iter().sum();
        numbers.iter_mut().for_each(|w| *w /= sum);
        let log_mean = largest + (sum / numbers.len() as f64).ln();
        Ok(Self { numbers, log_mean })
    }

    /// The effective sample size as a share of the population, between 1/N and 1.
    pub fn ess(&self) -> f64 {
        1.0 / (self.numbers.len() as f64 * self.numbers.iter().map(|w| w * w).sum::<f64>())
    }

    /// The share of the population that is effective when weights exp(−δ D_i) are added to these, in units of these weights.
    pub fn conditional_ess(&self, changes: &[f64], delta: f64) -> f64 {
        // In units of the largest added weight.
        let least = changes.iter().copied().fold(f64::INFINITY, f64::min);
        let (mut first, mut second) = (0.0, 0.0);
        for (share, change) in self.numbers.iter().zip(changes) {
            let factor = (-delta * (change - least)).exp();
            first += share * factor;
            second += share * factor * factor;
        }
        first * first / second
    }

    /// The members at `count` equidistant places of the cumulated shares, in their order; `uniform` is in [0, 1).
    pub fn systematic(&self, count: usize, uniform: f64) -> Result<Vec<usize>> {
        let mut chosen = memory::reserved("choice from a population", count)?;
        let (mut member, mut sum) = (0, self.numbers[0]);
        for j in 0..count {
            let place = (uniform + j as f64) / count as f64;
            while place >= sum && member + 1 < self.numbers.len() {
                member += 1;
                sum += self.numbers[member];
            }
            // Rounding of the sum may leave the last places to a member without weight.
            while self.numbers[member] == 0.0 && member > 0 {
                member -= 1;
            }
            chosen.push(member);
        }
        Ok(chosen)
    }

    /// Estimate of the standard error of log Z from the descendants of each first field.
    pub fn error(&self, members: &[Member]) -> Result<f64> {
        let count = members.len() as f64;
        let mut families = memory::filled("families of a population", 0.0, members.len())?;
        members.iter().zip(&self.numbers).for_each(|(member, share)| families[member.founder] += share);
        let square: f64 = families.iter().map(|family| (family - 1.0 / count).powi(2)).sum();
        Ok((count / (count - 1.0) * square).sqrt())
    }
}

/// Gives the places of members that are not chosen to copies of those that are chosen more than once; all weights are then equal.
pub(super) fn resample(members: &mut [Member], shares: &Shares, uniform: f64) -> Result<()> {
    let mut copies = memory::filled("copies of a population", 0usize, members.len())?;
    for chosen in shares.systematic(members.len(), uniform)? {
        copies[chosen] += 1;
    }
    let mut free = 0;
    for chosen in 0..members.len() {
        for _ in 1..copies[chosen] {
            while copies[free] > 0 {
                free += 1;
            }
            let field = std::mem::take(&mut members[chosen].field);
            let (values, founder) = (members[chosen].values, members[chosen].founder);
            members[free].field.copy_from_slice(&field);
            (members[free].values, members[free].founder) = (values, founder);
            members[chosen].field = field;
            free += 1;
        }
    }
    members.iter_mut().for_each(|member| member.log_weight = 0.0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(weights: &[f64]) -> Shares {
        Shares::new(weights.iter().map(|w| w.ln())).unwrap()
    }

    fn members(count: usize) -> Vec<Member> {
        let member = |i: usize| Member { field: vec![i as f64], values: [i as f64; 2], log_weight: -1.0, founder: i };
        (0..count).map(member).collect()
    }

    #[test]
    fn weights_have_their_mean_and_their_effective_sample_size() {
        let three = shares(&[1.0, 2.0, 5.0]);
        assert!((three.log_mean - (8.0f64 / 3.0).ln()).abs() < 1e-15);
        assert!((three.ess() - 64.0 / 90.0).abs() < 1e-15);
        let far = Shares::new([-1e5, f64::NEG_INFINITY, -1e5].into_iter()).unwrap();
        assert_eq!((far.numbers.as_slice(), far.log_mean), (&[0.5, 0.0, 0.5][..], -1e5 + (2.0f64 / 3.0).ln()));
        for (weights, text) in [([0.0, f64::NAN], "got NaN"), ([0.0, f64::INFINITY], "got -inf")] {
            let error = Shares::new(weights.into_iter()).err().unwrap();
            assert!(error.status() == 4 && error.to_string().ends_with(text), "{error}");
        }
        assert!(Shares::new([f64::NEG_INFINITY; 2].into_iter()).is_err());
    }

    /// Every number of copies is N W_i rounded up or down, and its mean over u is N W_i.
    #[test]
    fn resampling_copies_each_member_by_its_share() {
        let three = shares(&[0.5, 0.0, 2.5, 1.0, 0.0, 4.0]);
        let mut means = [0.0; 6];
        for step in 0..1000 {
            let mut members = members(6);
            resample(&mut members, &three, f64::from(step) / 1000.0).unwrap();
            let mut counts = [0; 6];
            for member in &members {
                assert!(member.field[0] == member.values[0] && member.founder == member.field[0] as usize);
                assert_eq!(member.log_weight, 0.0);
                counts[member.founder] += 1;
            }
            for (i, count) in counts.into_iter().enumerate() {
                assert!((f64::from(count) - 6.0 * three.numbers[i]).abs() < 1.0);
                means[i] += f64::from(count) / 1000.0;
            }
        }
        for (mean, share) in means.iter().zip(&three.numbers) {
            assert!((mean - 6.0 * share).abs() < 2e-3, "{mean} {share}");
        }
        // A member without weight is never chosen, also where rounding leaves a place beyond the sum.
        let last = Shares { numbers: vec![0.1, 0.9 - 1e-12, 0.0], log_mean: 0.0 };
        assert_eq!(last.systematic(2, 1.0 - 1e-16).unwrap(), [1, 1]);
    }

    #[test]
    fn the_error_is_that_of_independent_families() {
        let (mut four, weights) = (members(4), shares(&[1.0, 2.0, 3.0, 2.0]));
        // Without resampling that of independent weights w: √(Σ (w/<w> − 1)² / (N (N − 1))).
        let expected = (0.5f64 / 12.0).sqrt();
        assert!((weights.error(&four).unwrap() - expected).abs() < 1e-15);
        four.iter_mut().for_each(|member| member.founder = 2);
        assert!((weights.error(&four).unwrap() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_conditional_effective_sample_size_falls_from_one() {
        let (weights, changes) = (shares(&[1.0, 2.0, 3.0, 2.0]), [0.3, -0.7, 1.9, 0.1]);
        assert_eq!(weights.conditional_ess(&changes, 0.0), 1.0);
        let falling: Vec<f64> = (0..9).map(|i| weights.conditional_ess(&changes, f64::from(i))).collect();
        assert!(falling.windows(2).all(|pair| pair[1] < pair[0]), "{falling:?}");
        // In the end one field alone has a weight: its share W is what stays.
        assert!((weights.conditional_ess(&changes, 1e3) - 0.25).abs() < 1e-12);
    }
}
