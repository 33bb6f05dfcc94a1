//! Ranks of a parallel host, which decide together: each has the same ladder, and gives what it knows.
//!
//! A failure of one rank is told to all of them in the same sum as the numbers, so that none goes on alone. Numbers are summed
//! without rounding, so that neither the order of the sum nor the number of ranks changes a bit: x is rounded to a
//! multiple of 2⁻⁵⁰ and cut into three limbs,
//!
//! ```text
//! x = (a 2⁶⁰ + b 2³⁰ + c) 2⁻⁵⁰,   |a|, |b|, |c| ≤ 2³⁰,
//! ```
//!
//! sums of which are exact in double precision for up to 2²³ ranks.

use crate::error::{Error, Result};
use crate::memory;

/// How ranks of a host reach each other. A function that fails returns an error.
pub trait Ranks: Send + Sync {
    /// The number of this rank.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Replaces numbers by their sums over all ranks.
    fn sum(&self, numbers: &mut [f64]) -> Result<()>;

    /// Sends bytes to a rank and receives some from another one, where there are such.
    fn exchange(&self, sent: (&[u8], Option<usize>), received: (&mut [u8], Option<usize>)) -> Result<()>;

    /// Waits for all ranks.
    fn barrier(&self) -> Result<()>;
}

/// A host that is one process.
pub struct Alone;

impl Ranks for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn sum(&self, _numbers: &mut [f64]) -> Result<()> {
        Ok(())
    }

    fn exchange(&self, _sent: (&[u8], Option<usize>), _received: (&mut [u8], Option<usize>)) -> Result<()> {
        Ok(())
    }

    fn barrier(&self) -> Result<()> {
        Ok(())
    }
}

/// Beyond it a number has no limbs.
pub(super) const LARGEST: f64 = (1u64 << 40) as f64;
const UNIT: f64 = 1.0 / (1u64 << 50) as f64;
const LIMB: i64 = 1 << 30;
/// Numbers before those of the limbs: failed ranks, and two halves of the print.
const HEAD: usize = 3;

/// Memory for numbers that ranks sum up; it is there before they meet, so that none is missing for want of it.
pub(super) struct Sums(Vec<f64>);

impl Sums {
    /// Memory for so many numbers.
    pub fn new(count: usize) -> Result<Self> {
        Ok(Self(memory::filled("sums over ranks", 0.0, HEAD + 3 * count)?))
    }

    /// All numbers zero.
    pub fn clear(&mut self) {
        self.0.fill(0.0);
    }

    /// A number of this rank, or, once ranks have agreed, of all of them.
    pub fn get(&self, index: usize) -> f64 {
        number_of(&self.0[HEAD + 3 * index..][..3])
    }

    /// Sets a number of this rank, one that has limbs.
    pub fn set(&mut self, index: usize, number: f64) {
        self.0[HEAD + 3 * index..][..3].copy_from_slice(&limbs_of(number));
    }

    /// Sums up the numbers of all ranks; an error on every rank where one of them has failed, or has another print: what has
    /// to be the same on all of them.
    pub fn agree(&mut self, ranks: &dyn Ranks, own: Result<()>, print: u64) -> Result<()> {
        let halves = [(print >> 32) as f64, (print & 0xffff_ffff) as f64];
        self.0[0] = f64::from(u8::from(own.is_err()));
        self.0[1..HEAD].copy_from_slice(&halves);
        let summed = ranks.sum(&mut self.0);
        own?;
        summed?;
        let (size, failed) = (ranks.size() as f64, self.0[0]);
        if failed != 0.0 {
            return Err(Error::Stopped(format!("ranks: expected all {size} to go on, got {failed} that failed")));
        }
        if (1..HEAD).any(|half| self.0[half] != size * halves[half - 1]) {
            let what = "ranks: expected the same ladder after as many swaps on all of them, got another on some";
            return Err(Error::BadInput(what.into()));
        }
        Ok(())
    }
}

/// Checks that a number has limbs.
pub(super) fn expect_limbs(what: &str, number: f64) -> Result<()> {
    if number.abs() <= LARGEST {
        return Ok(());
    }
    Err(Error::BadInput(format!("{what}: expected a number of at most {LARGEST:e}, got {number}")))
}

fn limbs_of(number: f64) -> [f64; 3] {
    let all = (number / UNIT).round_ties_even() as i128;
    let (rest, c) = (all / i128::from(LIMB), all % i128::from(LIMB));
    [(rest / i128::from(LIMB)) as f64, (rest % i128::from(LIMB)) as f64, c as f64]
}

fn number_of(limbs: &[f64]) -> f64 {
    limbs.iter().fold(0i128, |all, &limb| all * i128::from(LIMB) + limb as i128) as f64 * UNIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn limbs_are_small_and_make_their_number() {
        let mut random = Stream::new(1, Purpose::Start, 2);
        for power in -45..40 {
            let number = (2.0 * random.uniform() - 1.0) * 2f64.powi(power);
            let limbs = limbs_of(number);
            assert!(limbs.iter().all(|limb| limb.abs() <= LIMB as f64 && limb.fract() == 0.0), "{limbs:?}");
            assert!((number_of(&limbs) - number).abs() <= UNIT / 2.0);
            assert_eq!(limbs_of(number_of(&limbs)), limbs);
        }
        assert_eq!(number_of(&limbs_of(LARGEST)), LARGEST);
        assert!(expect_limbs("x", f64::NAN).is_err() && expect_limbs("x", -2.0 * LARGEST).is_err());
    }

    #[test]
    fn sums_depend_neither_on_the_order_nor_on_how_they_are_shared() {
        let mut random = Stream::new(1, Purpose::Start, 3);
        let parts: Vec<f64> = (0..100).map(|i| (random.uniform() - 0.5) * 10f64.powi(i % 12 - 4)).collect();
        let rounded: Vec<[f64; 3]> = parts.iter().map(|&part| limbs_of(part)).collect();
        let sum = |parts: &mut dyn Iterator<Item = &[f64; 3]>| {
            parts.fold([0.0; 3], |sum, part| std::array::from_fn(|i| sum[i] + part[i]))
        };
        let forth = number_of(&sum(&mut rounded.iter()));
        assert_eq!(forth, number_of(&sum(&mut rounded.iter().rev())));
        assert!((forth - parts.iter().sum::<f64>()).abs() < 1e-9 * forth.abs());
        // Two ranks that each have summed half of them.
        let halves = rounded.chunks(50).map(|half| limbs_of(number_of(&sum(&mut half.iter()))));
        assert_eq!(forth, number_of(&sum(&mut halves.collect::<Vec<_>>().iter())));
    }

    #[test]
    fn one_process_agrees_with_itself_and_keeps_its_error() {
        let mut sums = Sums::new(2).unwrap();
        sums.set(0, 1.5);
        sums.set(1, -2.25);
        sums.agree(&Alone, Ok(()), 7).unwrap();
        assert_eq!([sums.get(0), sums.get(1)], [1.5, -2.25]);
        let error = Error::BadInput("this one".into());
        assert_eq!(sums.agree(&Alone, Err(error.clone()), 7).unwrap_err(), error);
        sums.clear();
        assert_eq!(sums.get(1), 0.0);
    }
}
