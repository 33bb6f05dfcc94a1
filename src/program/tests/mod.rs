//! Proofs of the program engine: each operation against a plain evaluator, its derivatives against finite differences.

mod double_double;
mod functions;

use crate::random::{Purpose, Stream};

/// Uniform numbers in (-1, 1), the same for the same seed.
fn random(seed: u64, count: usize) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Start, 0);
    (0..count).map(|_| 2.0 * stream.uniform() - 1.0).collect()
}
