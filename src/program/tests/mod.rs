//! Tests of the program engine: each operation against a plain evaluator, its derivatives against finite differences.

mod agreement;
mod bounded;
mod convolutions;
mod derivatives;
mod devices;
mod double_double;
mod elementwise;
mod fourier;
mod functions;
mod gradients;
mod noise;
mod matrices;
mod matrix_cases;
mod matrix_laws;
mod matrix_reference;
mod operations;
mod random_bodies;
mod random_matrices;
mod random_programs;
mod random_recordings;
mod reference;
mod repeatability;
mod repeat_derivatives;
mod repeat_plans;
mod repeats;
mod site_groups;
mod uniform;
mod uniform_bodies;

use super::operations::Op;
use super::recorder::Recorder;
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
    ops.filter(|(op, _)| matches!(op, Op::Input(_))).map(|(_, shape)| shape.count()).collect()
}
