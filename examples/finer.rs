//! Writes a model with another number of integrator steps in its continuous layers, the parameters being the same.
//!
//! ```text
//! cargo run --release --example finer -- IN OUT L STEPS
//! ```
//!
//! log q of a continuous flow has the error of its integrator, of order STEPS^−4, and a training with few steps makes use of it: train
//! with few, then write the model with more. Prints the mean and the standard deviation of the difference of log q that this makes.

use instanton::context::{Context, Precision};
use instanton::error::{Error, Result};
use instanton::flow::{Flow, Model, ModelSpec};
use instanton::lattice::Lattice;
use instanton::training::{load, save};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// Fields that log q is compared on.
const SAMPLES: usize = 100;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, length, steps] = &arguments[..] else {
        return Err(Error::BadInput(format!("usage: finer IN OUT L STEPS, got {} arguments", arguments.len())));
    };
    let number = |text: &String| text.parse().map_err(|_| Error::BadInput(format!("expected a number, got {text}")));
    let (length, steps): (usize, usize) = (number(length)?, number(steps)?);
    let context = Arc::new(Context::new(1, Precision::F64, 0)?);
    let lattice = Lattice::new(&[length, length])?;
    let flow = load(&context, &lattice, Path::new(from))?.0;
    let unreadable =
        |e: serde_json::Error| Error::BadSpec(format!("model: expected a spec, got one with a fault: {e}"));
    let mut spec = serde_json::to_value(flow.spec()).map_err(unreadable)?;
    if replace(&mut spec, steps) == 0 {
        return Err(Error::BadInput(format!("{from}: expected a model with a continuous layer, got one without")));
    }
    let spec: ModelSpec = serde_json::from_value(spec).map_err(unreadable)?;
    let finer = Flow::with_parameters(&context, &lattice, &spec, flow.parameters().to_vec())?;
    let (mut fields, mut log_q) = (vec![0.0; SAMPLES * length * length], vec![0.0; SAMPLES]);
    finer.sample(0, SAMPLES, &mut fields, &mut log_q)?;
    let mut before = vec![0.0; SAMPLES];
    flow.log_density(SAMPLES, &fields, &mut before)?;
    let differences = || before.iter().zip(&log_q).map(|(a, b)| a - b);
    let mean = differences().sum::<f64>() / SAMPLES as f64;
    let square = differences().map(|d| (d - mean).powi(2)).sum::<f64>() / SAMPLES as f64;
    println!("{to}: {steps} steps, log q was off by {mean:.5}, standard deviation {:.5}", square.sqrt());
    save(Path::new(to), &finer, None)
}

/// Replaces the steps of all continuous layers, and counts these.
fn replace(spec: &mut Value, steps: usize) -> usize {
    match spec {
        Value::Object(keys) => {
            let is_continuous = keys.get("type").is_some_and(|kind| kind == "continuous");
            if is_continuous {
                keys.insert("steps".into(), steps.into());
            }
            usize::from(is_continuous) + keys.values_mut().map(|value| replace(value, steps)).sum::<usize>()
        }
        Value::Array(entries) => entries.iter_mut().map(|entry| replace(entry, steps)).sum(),
        _ => 0,
    }
}
