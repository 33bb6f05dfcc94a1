//! Rows of continuous flows, of the sizes and with the 50 steps of arXiv:2207.00283: sampling with log q, training, and the share of the
//! multiply-add peak.

use super::{ROUNDS, SECONDS, median, rate, sampler, steps_each_second};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::{Flow, ModelSpec};
use instanton::lattice::Lattice;
use instanton::simd::multiply_add_peak;
use instanton::spec;
use std::sync::Arc;

/// Samples of a batch.
const BATCH: usize = 64;
/// Steps of the integrator, of four velocities each.
const STEPS: usize = 50;
/// Functions of the field: sines, their combinations, and functions of time.
const HARMONICS: usize = 49;
const CHANNELS: usize = 20;
const TIMES: usize = 21;

fn flow(length: usize) -> Result<Flow> {
    let context = Arc::new(Context::new(1, Precision::F32, 0)?);
    let layer =
        format!("{{type: 'continuous', channels: {CHANNELS}, harmonics: {HARMONICS}, times: {TIMES}, steps: {STEPS}}}");
    let model = format!("{{type: 'chain', layers: [{layer}]}}");
    Flow::new(&context, &Lattice::new(&[length, length])?, &spec::parse::<ModelSpec>("model", &model)?)
}

/// Configurations with log q a second at L = 12.
pub fn sampling() -> Result<f64> {
    let flow = flow(12)?;
    let mut draw = sampler(&flow, BATCH);
    let rates = (0..ROUNDS).map(|_| rate(&mut draw)).collect::<Result<Vec<f64>>>()?;
    Ok(median(rates) * BATCH as f64)
}

/// Steps of a training a second at L = 12.
pub fn training() -> Result<f64> {
    steps_each_second(flow(12)?, "{type: 'phi4', mass_squared: -4, lambda: 5.276}", BATCH)
}

/// Flops of a sample: those of matrices, and 2.5 n log2 n for a Fourier transform of n real numbers, of each function and of the velocity.
fn flops(flow: &Flow, length: usize) -> f64 {
    let sites = (length * length) as f64;
    let transforms = (4 * STEPS * (CHANNELS + 1)) as f64 * 2.5 * sites * sites.log2();
    flow.flops() as f64 + transforms
}

/// Share of the multiply-add peak at L = 32.
pub fn peak() -> Result<f64> {
    let flow = flow(32)?;
    let mut draw = sampler(&flow, BATCH);
    let mut shares = vec![];
    for _ in 0..ROUNDS {
        let before = multiply_add_peak(flow.context(), Precision::F32, SECONDS / 2.0);
        let done = rate(&mut draw)? * BATCH as f64 * flops(&flow, 32);
        let after = multiply_add_peak(flow.context(), Precision::F32, SECONDS / 2.0);
        shares.push(done / (0.5 * (before + after)));
    }
    Ok(median(shares))
}
