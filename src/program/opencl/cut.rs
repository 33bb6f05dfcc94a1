//! Division of a batch among devices and work-groups, by its size and the program alone.

use super::super::finished::{Output, Program};
use super::super::steps::{Plan, inputs};
use super::source::sums;
use std::ops::Range;

/// Number of chunks of a batch, and of jobs of a chunk, unless buffers are large; devices run whole chunks, so that
/// sums over samples do not depend on the device of each chunk.
const CHUNKS: usize = 32;

/// Most numbers of a chunk in one buffer, where chunks can be that small: in f64 half of what all devices allow.
const MOST: usize = 1 << 23;

/// Numbers that a program reads and writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// For a sample: of the largest input or output, and of all.
    pub widest: usize,
    pub all: usize,
    /// Of sums over samples.
    pub sums: usize,
}

impl Sizes {
    pub fn new(program: &Program, plan: &Plan) -> Self {
        let read = inputs(plan).into_iter().flatten().map(|shape| shape.count());
        let outputs = program.outputs.iter().enumerate();
        let written = outputs.filter(|(_, output)| matches!(output, Output::PerSample(_)));
        let counts: Vec<usize> = read.chain(written.map(|(index, _)| program.output_count(index))).collect();
        let widest = counts.iter().copied().max().unwrap_or(0);
        Self { widest, all: counts.iter().sum(), sums: sums(program).1 }
    }
}

/// The cut of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Samples of a vector, and vectors in all.
    pub lanes: usize,
    pub vectors: usize,
    /// Vectors of a chunk, and of a job.
    pub length: usize,
    pub share: usize,
    /// Jobs of a whole chunk.
    pub jobs: usize,
}

impl Cut {
    pub fn new(batch: usize, lanes: usize, sizes: &Sizes) -> Self {
        let vectors = batch.div_ceil(lanes);
        let length = vectors.div_ceil(CHUNKS.max((batch * sizes.widest).div_ceil(MOST)));
        let jobs = (MOST / sizes.sums.max(1)).clamp(1, CHUNKS);
        let share = length.div_ceil(jobs);
        Self { lanes, vectors, length, share, jobs: length.div_ceil(share) }
    }

    pub fn chunks(&self) -> usize {
        self.vectors.div_ceil(self.length)
    }

    /// Number of chunks, at least one, whose buffers have at most `largest` bytes each and `all` bytes together.
    pub fn chunks_within(&self, sizes: &Sizes, largest: u64, all: u64) -> usize {
        let samples = self.length * self.lanes;
        let sums = self.jobs * sizes.sums;
        let fits = |bytes: u64, numbers: usize| bytes / (8 * numbers.max(1) as u64);
        let most = fits(largest, sums.max(samples * sizes.widest)).min(fits(all, sums + samples * sizes.all));
        usize::try_from(most).unwrap_or(usize::MAX).max(1)
    }

    /// Jobs of some chunks.
    pub fn jobs(&self, chunks: &Range<usize>) -> Range<usize> {
        let last = if chunks.end == self.chunks() {
            let rest = self.vectors - (chunks.end - 1) * self.length;
            (chunks.end - 1) * self.jobs + rest.div_ceil(self.share)
        } else {
            chunks.end * self.jobs
        };
        chunks.start * self.jobs..last
    }

    /// Samples of some chunks of a batch.
    pub fn samples(&self, chunks: &Range<usize>, batch: usize) -> Range<usize> {
        let of = |chunk: usize| (chunk * self.length * self.lanes).min(batch);
        of(chunks.start)..of(chunks.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_is_of_one_job_and_buffers_stay_small() {
        for batch in [1, 2, 31, 33, 777, 1025, 65536, 1_000_003] {
            for (lanes, widest, sums) in [(1, 1, 0), (8, 64, 100), (16, 4096, 1 << 20), (1, 1 << 20, 1 << 24)] {
                let sizes = Sizes { widest, all: 2 * widest, sums };
                let cut = Cut::new(batch, lanes, &sizes);
                let chunks = cut.chunks();
                assert_eq!(cut.samples(&(0..chunks), batch), 0..batch);
                assert_eq!(cut.jobs(&(0..chunks)).end, cut.jobs(&(chunks - 1..chunks)).end);
                for chunk in 0..chunks {
                    let (own, jobs) = (cut.samples(&(chunk..chunk + 1), batch), cut.jobs(&(chunk..chunk + 1)));
                    assert!(!own.is_empty() && jobs.start == chunk * cut.jobs && jobs.len() <= cut.jobs);
                    // No job is empty, and all of them take the whole chunk.
                    let vectors = own.len().div_ceil(lanes);
                    assert!((jobs.len() - 1) * cut.share < vectors && vectors <= jobs.len() * cut.share);
                    assert!(own.len() * widest <= MOST.max(2 * lanes * widest), "{batch} {lanes} {widest}");
                    assert!(jobs.len() * sums <= MOST.max(sums));
                }
                let within = |bytes: u64| cut.chunks_within(&sizes, bytes, 4 * bytes);
                assert_eq!(within(0), 1);
                assert!(within(1 << 28) <= within(1 << 34));
            }
        }
    }
}
