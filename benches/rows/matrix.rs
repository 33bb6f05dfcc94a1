//! Row of products of small matrices.

use super::{ROUNDS, SECONDS, median, rate};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::program::{Executable, Feed, Matrices, Output, Program, Recorder, Shape, Square};
use instanton::simd::multiply_add_peak;
use std::sync::Arc;

/// Matrices of a sample: with those of a block of samples, three such fields fit into a first-level cache.
const MATRICES: usize = 7;
/// Products one after the other: what comes and goes with a block is a small part of the time.
const PRODUCTS: usize = 256;
const BATCH: usize = 256;

/// Operations of 3 x 3 complex products x <- x u, without additions to zero, over the multiply-add peak.
pub fn product_peak() -> Result<f64> {
    let (context, mut recorder) = (Context::new(1, Precision::F32, 0)?, Recorder::new());
    let shape = Shape::new(18 * MATRICES, 1);
    let (mut x, u) = (recorder.input(shape), recorder.input(shape));
    for _ in 0..PRODUCTS {
        x = recorder.matrices(Matrices::Product, Square::complex(3), &[x, u]);
    }
    let sum = recorder.total(x);
    let program = Program::new(recorder, vec![Output::PerSample(sum)]);
    let bound = Arc::new(Executable::new(program, &context)?).bind(&[])?;
    // u is a permutation, so that numbers stay of order one.
    let unit = |k: usize| f64::from(u8::from([2, 10, 12].contains(&(k % 18))));
    let fields = [|k: usize| (k % 7) as f64, unit].map(|of| (0..BATCH * shape.count()).map(of).collect::<Vec<f64>>());
    let (feeds, mut sums) = ([Feed::Array(&fields[0]), Feed::Array(&fields[1])], vec![0.0; BATCH]);
    let mut shares = vec![];
    for _ in 0..ROUNDS {
        let before = multiply_add_peak(&context, Precision::F32, SECONDS / 2.0);
        let products = rate(|| bound.run(&context, BATCH, &feeds, &mut [&mut sums]).map(|_| ()))?;
        let after = multiply_add_peak(&context, Precision::F32, SECONDS / 2.0);
        let flops = products * (198 * MATRICES * PRODUCTS * BATCH) as f64;
        shares.push(flops / (0.5 * (before + after)));
    }
    Ok(median(shares))
}
