//! How a batch is cut among devices and work-groups: by its size alone.

use std::ops::Range;

/// Chunks that a batch is cut into, and jobs of a chunk, at most; the cut depends on the batch alone, so that sums over
/// samples do not depend on which device takes which chunk.
const CHUNKS: usize = 32;

/// The cut of a batch.
#[derive(Clone, Copy)]
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
    pub fn new(batch: usize, lanes: usize) -> Self {
        let vectors = batch.div_ceil(lanes);
        let length = vectors.div_ceil(CHUNKS);
        let share = length.div_ceil(CHUNKS);
        Self { lanes, vectors, length, share, jobs: length.div_ceil(share) }
    }

    pub fn chunks(&self) -> usize {
        self.vectors.div_ceil(self.length)
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
}
