//! Proofs of the program engine: each operation against a plain evaluator, its derivatives against finite differences.

mod agreement;
mod convolutions;
mod derivatives;
mod devices;
mod double_double;
mod elementwise;
mod functions;
mod operations;
mod random_programs;
mod reference;
mod repeatability;

use super::recorder::{Op, Recorder};
use crate::context::{Context, Precision};
use crate::random::{Purpose, Stream};
use std::sync::OnceLock;

/// Uniform numbers in (-1, 1), the same for the same seed.
fn random(seed: u64, count: usize) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Start, 0);
    (0..count).map(|_| 2.0 * stream.uniform() - 1.0).collect()
}

/// The context that all tests share.
fn context() -> &'static Context {
    static CONTEXT: OnceLock<Context> = OnceLock::new();
    CONTEXT.get_or_init(|| Context::new(1, Precision::F64, 2).unwrap())
}

/// Numbers of each input of a recording.
fn input_counts(recorder: &Recorder) -> Vec<usize> {
    let ops = recorder.ops.iter().zip(&recorder.shapes);
    ops.filter(|(op, _)| matches!(op, Op::Input { .. })).map(|(_, shape)| shape.count()).collect()
}
