//! The models of the repository: how many of 10^5 independent proposals a long chain accepts.

use instanton::action::ActionSpec;
use instanton::context::{Context, Precision};
use instanton::flow::Model;
use instanton::lattice::Lattice;
use instanton::spec;
use instanton::statistics::{independence_acceptance, reweighting};
use instanton::training::load;
use std::path::Path;
use std::sync::Arc;

fn expect_acceptance(length: usize, lambda: f64, least: f64) {
    let lattice = Lattice::new(&[length, length]).unwrap();
    let context = Arc::new(Context::new(1, Precision::F32, 2).unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/phi4_{length}x{length}.safetensors"));
    let flow = load(&context, &lattice, &path).unwrap().0;
    let text = format!("{{type: 'phi4', mass_squared: -4, lambda: {lambda}}}");
    let action = spec::parse::<ActionSpec>("action", &text).unwrap().build(&context, &lattice).unwrap();
    let (batch, mut weights) = (10_000, vec![]);
    for n in 0..10 {
        let (mut fields, mut log_q) = (vec![0.0; batch * lattice.volume()], vec![0.0; batch]);
        flow.sample((n * batch) as u64, batch, &mut fields, &mut log_q).unwrap();
        let samples = fields.chunks(lattice.volume()).zip(&log_q);
        weights.extend(samples.map(|(field, q)| -action.value(field).unwrap() - q));
    }
    let found = independence_acceptance(&weights).unwrap();
    let weighed = reweighting(&weights).unwrap();
    println!("{length} x {length}: acceptance {:?}, tau_int {:?}, ess {}", found.acceptance, found.tau, weighed.ess);
    assert!(found.acceptance.value > least, "acceptance {:?}, at least {least}", found.acceptance);
    assert!(!weighed.is_heavy_tailed(), "tail shape {}", weighed.tail_shape);
}

#[test]
fn on_6x6() {
    expect_acceptance(6, 6.975, 0.80);
}

#[test]
fn on_8x8() {
    expect_acceptance(8, 6.008, 0.75);
}

#[test]
fn on_10x10() {
    expect_acceptance(10, 5.55, 0.70);
}
