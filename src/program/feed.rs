//! Sources of the inputs of a program: arrays of the caller, and random numbers from keyed streams.
//!
//! Sample i of a batch reads the stream with counter + i, number n of the input from draw n of it (normal numbers in pairs,
//! `random/stream.rs`). A sample therefore has the same numbers in any batch, on any number of threads, and uniform numbers and rows
//! have the same bits on all devices. Two inputs of a program differ by the stream index of their keys.

use crate::error::{Error, Result, expect_length};
use crate::random::{Purpose, Stream};

/// The source of an input.
#[derive(Clone, Copy, Debug)]
pub enum Feed<'a> {
    /// `batch x count` numbers.
    Array(&'a [f64]),
    /// Standard normal numbers.
    Normal(Key),
    /// Uniform numbers u in [0, 1): multiples of 2^-24 in f32 and 2^-53 in f64. For logarithms take 1 - u, which is exact and
    /// lies in (0, 1].
    Uniform(Key),
    /// Rows of `count` numbers of an array, for each sample one that is drawn from all of them with equal probability.
    /// Inputs with equal keys and equally many rows get the same rows.
    Rows(&'a [f64], Key),
}

/// Key of the random streams: sample i of a batch uses `counter + i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Seed of the context.
    pub seed: u64,
    /// Purpose of the numbers.
    pub purpose: Purpose,
    /// Counter of the first sample.
    pub counter: u64,
    /// Index of the stream: inputs of a program that are to be independent have different ones.
    pub stream: u64,
}

/// Distribution of random numbers that a kernel draws itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Standard normal numbers.
    Normal,
    /// Uniform numbers in [0, 1).
    Uniform,
}

impl Distribution {
    /// The feed of such numbers.
    pub fn feed(self, key: Key) -> Feed<'static> {
        match self {
            Distribution::Normal => Feed::Normal(key),
            Distribution::Uniform => Feed::Uniform(key),
        }
    }
}

/// Samples that a program is to run on.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a> {
    pub count: usize,
    /// One feed for each input.
    pub feeds: &'a [Feed<'a>],
}

impl Key {
    /// The stream of a sample of the batch.
    pub(super) fn stream(&self, sample: u64) -> Stream {
        Stream::numbered(self.seed, self.purpose, self.counter.wrapping_add(sample), self.stream)
    }

    /// One of `count` rows, for a sample of the batch: the high word of a product of 64 random bits with their number.
    pub(super) fn row(&self, sample: u64, count: usize) -> usize {
        ((u128::from(self.stream(sample).bits()) * count as u128) >> 64) as usize
    }
}

impl<'a> Feed<'a> {
    /// Random numbers that the kernel draws itself, if it does, and their key.
    pub(super) fn drawn(&self) -> Option<(Distribution, Key)> {
        match *self {
            Feed::Normal(key) => Some((Distribution::Normal, key)),
            Feed::Uniform(key) => Some((Distribution::Uniform, key)),
            Feed::Array(_) | Feed::Rows(..) => None,
        }
    }

    /// The `count` numbers of a sample in an array of the caller; none where they are drawn.
    #[inline(always)]
    pub(super) fn numbers(&self, sample: usize, count: usize) -> &'a [f64] {
        let (all, row) = match *self {
            Feed::Array(all) => (all, sample),
            Feed::Rows(all, key) => (all, key.row(sample as u64, all.len() / count)),
            Feed::Normal(_) | Feed::Uniform(_) => return &[],
        };
        &all[row * count..(row + 1) * count]
    }

    /// Checks the size of an array for input `index`, which reads `count` numbers per sample.
    fn check(&self, index: usize, batch: usize, count: usize) -> Result<()> {
        match *self {
            Feed::Array(all) => expect_length(&format!("input {index}"), batch.saturating_mul(count), all.len()),
            Feed::Rows(all, _) if all.is_empty() || !all.len().is_multiple_of(count) => {
                let got = all.len();
                Err(Error::BadShape(format!(
                    "input {index}: expected whole rows of {count} numbers, got {got} numbers"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Checks that there is a feed of the right size for each input that is read, given its numbers per sample, and that no two inputs draw the same numbers.
pub(super) fn check(inputs: &[Option<usize>], batch: usize, feeds: &[Feed]) -> Result<()> {
    let mut streams: Vec<(usize, Key, bool)> = vec![];
    for (index, count) in inputs.iter().enumerate() {
        let Some(count) = *count else { continue };
        let Some(feed) = feeds.get(index) else {
            return Err(Error::BadShape(format!("feeds: expected input {index}, got {}", feeds.len())));
        };
        feed.check(index, batch, count)?;
        let (key, is_row) = match *feed {
            Feed::Array(_) => continue,
            Feed::Normal(key) | Feed::Uniform(key) => (key, false),
            Feed::Rows(_, key) => (key, true),
        };
        let same = |other: &Key| Key { counter: key.counter, ..*other } == key;
        if let Some((other, ..)) = streams.iter().find(|(_, known, row)| same(known) && !(is_row && *row)) {
            let stream = key.stream;
            return Err(Error::BadInput(format!(
                "input {index}: expected a stream of its own, got {stream}, which input {other} has"
            )));
        }
        streams.push((index, key, is_row));
    }
    Ok(())
}
