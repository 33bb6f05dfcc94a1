//! Rows of the U-Net of a diffusion model: stochastic paths from noise, and steps of its training, in single precision on one
//! thread. Rates are those of the thread's processor time: other work on the machine does not count.

use super::{ROUNDS, SECONDS, median};
use instanton::context::{Context, Precision};
use instanton::error::{Error, Result};
use instanton::flow::{Flow, Model, ModelSpec, PathRatioSpec, Paths};
use instanton::lattice::Lattice;
use instanton::random::{Purpose, Stream};
use instanton::simd::Clock;
use instanton::spec;
use instanton::training::{TrainSpec, train_on};
use std::sync::Arc;

/// Extent of the lattice, fields of a batch, and steps of a path.
const LENGTH: usize = 16;
const BATCH: usize = 64;
const STEPS: usize = 200;

fn model() -> Result<Flow> {
    let context = Arc::new(Context::new(1, Precision::F32, 0)?);
    let text = "{type: 'diffusion', network: {type: 'unet', channels: [16, 32]}}";
    Flow::new(&context, &Lattice::new(&[LENGTH; 2])?, &spec::parse::<ModelSpec>("model", text)?)
}

/// Fields of paths per second.
pub fn paths() -> Result<f64> {
    let paths = Paths::new(&model()?.diffused()?, &PathRatioSpec { steps: STEPS, corrector: None })?;
    let (mut fields, mut weights, mut counter) = (vec![0.0; BATCH * LENGTH * LENGTH], vec![0.0; BATCH], 0);
    let mut rates = vec![];
    // The first batch is not measured.
    for round in 0..=ROUNDS {
        let (start, mut drawn) = (Clock::Thread.now(), 0);
        while drawn == 0 || (round > 0 && Clock::Thread.now() - start < SECONDS) {
            paths.denoise(counter, &mut fields, &mut weights)?;
            (counter, drawn) = (counter + BATCH as u64, drawn + BATCH);
        }
        rates.push(drawn as f64 / (Clock::Thread.now() - start));
    }
    Ok(median(rates.split_off(1)))
}

/// Steps of score matching per second.
pub fn training() -> Result<f64> {
    let mut fields = vec![0.0; 1024 * LENGTH * LENGTH];
    Stream::new(1, Purpose::Start, 0).normals(&mut fields);
    let spec = TrainSpec { steps: 1 << 40, batch: BATCH, ..TrainSpec::default() };
    let (mut rates, mut start, mut steps) = (vec![], Clock::Thread.now(), 0);
    let mut progress = |_: &instanton::training::Progress| {
        steps += 1;
        if Clock::Thread.now() - start > SECONDS {
            rates.push(f64::from(steps) / (Clock::Thread.now() - start));
            (start, steps) = (Clock::Thread.now(), 0);
        }
        rates.len() == ROUNDS
    };
    match train_on(&mut model()?, &mut None, &fields, &spec, &mut progress) {
        Err(Error::Stopped(_)) => Ok(median(rates)),
        other => other.map(|()| f64::NAN),
    }
}
