//! Benchmarks: each row prints one line, `bench: NAME VALUE UNIT`. With a name as argument, that row alone.
//!
//! Figures are medians over several rounds; compared figures are measured in turn in one run.

#[path = "peak/c_loop.rs"]
mod c_loop;
#[path = "rows/continuous.rs"]
mod continuous;
#[path = "rows/dirac.rs"]
mod dirac;
#[path = "rows/fourier.rs"]
mod fourier;
#[path = "rows/gauge.rs"]
mod gauge;
#[path = "rows/layout.rs"]
mod layout;
#[path = "rows/matrix.rs"]
mod matrix;
#[path = "rows/opencl.rs"]
mod opencl;
#[path = "rows/repeat.rs"]
mod repeat;
#[path = "rows/solve.rs"]
mod solve;
#[path = "rows/unet.rs"]
mod unet;

use instanton::context::{Context, Precision};
use instanton::flow::{Flow, Model, ModelSpec};
use instanton::lattice::Lattice;
use instanton::markov::{Current, Independence, Proposal};
use instanton::simd::{Instructions, multiply_add_peak};
use instanton::training::{TrainSpec, train};
use instanton::{action::ActionSpec, error::Result, spec};
use std::sync::Arc;
use std::time::Instant;

/// Rounds of a measurement, and seconds of each.
const ROUNDS: usize = 7;
const SECONDS: f64 = 0.5;

type Row = (&'static str, &'static str, fn() -> Result<f64>);

const ROWS: &[Row] = &[
    ("affine-sample-f32", "configurations/s", || sampling(Precision::F32, 8, 8, 1024)),
    ("affine-sample-f64", "configurations/s", || sampling(Precision::F64, 8, 8, 1024)),
    ("affine-sample-f32-64", "configurations/s", || sampling(Precision::F32, 8, 8, 64)),
    ("affine-sample-f32-16", "configurations/s", || sampling(Precision::F32, 16, 16, 256)),
    ("affine-train-f32", "steps/s", || training(tutorial(Precision::F32, 8, 8)?)),
    ("affine-train-f64", "steps/s", || training(tutorial(Precision::F64, 8, 8)?)),
    ("cnf-sample", "configurations/s", continuous::sampling),
    ("cnf-train", "steps/s", continuous::training),
    ("cnf-peak", "of-the-multiply-add-peak", continuous::peak),
    ("peak-c-loop", "of-a-c-loop", peak_over_c),
    ("conv-peak-f32", "of-the-multiply-add-peak", conv_peak),
    ("matrix-peak", "of-the-multiply-add-peak", matrix::product_peak),
    ("sample-memory", "of-one-batch", sample_memory),
    ("propose-rate", "of-the-batch-rate", propose_rate),
    ("propose-overhead", "microseconds", propose_overhead),
    ("fourier-fftw", "of-the-rate-of-fftw", || fourier::over_fftw(&[32, 32], 1024)),
    ("fourier-fftw-4d", "of-the-rate-of-fftw", || fourier::over_fftw(&[16; 4], 64)),
    ("gauge-hmc-triad", "of-the-triad-bandwidth", gauge::hmc_over_triad),
    ("heatbath-su3", "nanoseconds-a-link", gauge::heat_bath),
    ("overrelaxation-su3", "nanoseconds-a-link", gauge::overrelaxation),
    ("defect-cost-heatbath", "over-without-a-defect", gauge::defect_in_sweeps),
    ("defect-cost-hmc", "over-without-a-defect", gauge::defect_in_trajectories),
    ("open-cost-heatbath", "over-periodic", gauge::open_in_sweeps),
    ("open-cost-hmc", "over-periodic", gauge::open_in_trajectories),
    ("ildg-read-copy", "of-the-rate-of-copying", gauge::ildg_read_over_copy),
    ("ildg-write-copy", "of-the-rate-of-copying", gauge::ildg_write_over_copy),
    ("layout-import-copy", "of-the-rate-of-copying", layout::import_over_copy),
    ("layout-export-copy", "of-the-rate-of-copying", layout::export_over_copy),
    ("wilson-f64-triad", "of-the-triad", dirac::wilson_triad),
    ("wilson-12-triad", "of-the-triad", dirac::wilson_12_triad),
    ("wilson-12-rhs-triad", "of-the-triad", dirac::wilson_many_triad),
    ("wilson-f32-speedup", "over-f64", dirac::wilson_f32),
    ("wilson-12-speedup", "over-18-numbers", || dirac::wilson_compressed(12, Precision::F64)),
    ("wilson-12-f32-speedup", "over-18-numbers", || dirac::wilson_compressed(12, Precision::F32)),
    ("wilson-8-speedup", "over-18-numbers", || dirac::wilson_compressed(8, Precision::F64)),
    ("wilson-8-f32-speedup", "over-18-numbers", || dirac::wilson_compressed(8, Precision::F32)),
    ("wilson-8x8x8x8-peak", "of-the-multiply-add-peak", dirac::wilson_small),
    ("wilson-12-rhs-speedup", "over-one-at-a-time", dirac::wilson_many),
    ("staggered-triad", "of-the-triad", dirac::staggered_triad),
    ("clover-triad", "of-the-triad", dirac::clover_triad),
    ("solve-speedup", "over-faer", solve::speedup),
    ("solve-memory", "spinor-fields", solve::memory),
    ("opencl-sample-f32", "of-the-cpu-executor", opencl::sample_over_cpu),
    ("opencl-train-f32", "of-the-cpu-executor", opencl::training_over_cpu),
    ("opencl-launches", "for-a-batch", opencl::launches),
    ("opencl-first-sample", "seconds", opencl::first_sample),
    ("opencl-start-speedup", "over-the-first-start", opencl::start_speedup),
    ("unet-race", "fields/s", unet::paths),
    ("unet-race-train", "steps/s", unet::training),
    ("repeat-build", "of-64-layers-over-8", repeat::build),
    ("repeat-memory", "of-200-steps-over-20", repeat::all_kept),
    ("repeat-memory-kept", "of-200-steps-over-20", repeat::some_kept),
];

fn main() -> Result<()> {
    Instructions::requested()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, cache] = &arguments[..]
        && flag == "--first-sample"
    {
        return opencl::child(cache);
    }
    if let [_, flag, layers] = &arguments[..]
        && flag == "--repeat-build"
    {
        return repeat::child(layers);
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-') && !a.is_empty()).collect();
    if let Some(unknown) = wanted.iter().find(|w| ROWS.iter().all(|(name, _, _)| name != w)) {
        let names: Vec<&str> = ROWS.iter().map(|(name, _, _)| *name).collect();
        eprintln!("bench: expected one of {}, got {unknown}", names.join(", "));
        std::process::exit(2);
    }
    for (name, unit, measure) in ROWS.iter().filter(|row| wanted.is_empty() || wanted.iter().any(|w| w == row.0)) {
        println!("bench: {name} {:.4} {unit}", measure()?);
    }
    Ok(())
}

/// The tutorial network of arXiv:2101.08176 on L x L.
fn tutorial(precision: Precision, length: usize, hidden: usize) -> Result<Flow> {
    let context = Arc::new(Context::new(1, precision, 0)?);
    let text = format!("{{type: 'affine', layers: 16, hidden: [{hidden}, {hidden}]}}");
    Flow::new(&context, &Lattice::new(&[length, length])?, &spec::parse::<ModelSpec>("model", &text)?)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Calls per second over one round.
fn rate(mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    call()?;
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed().as_secs_f64() < SECONDS {
        call()?;
        calls += 1;
    }
    Ok(f64::from(calls) / start.elapsed().as_secs_f64())
}

/// One batch after another from consecutive counters.
fn sampler(flow: &dyn Model, batch: usize) -> impl FnMut() -> Result<()> {
    let mut fields = vec![0.0; batch * flow.domain().count()];
    let mut log_q = vec![0.0; batch];
    let mut counter = 0;
    move || {
        counter += batch as u64;
        flow.sample(counter, batch, &mut fields, &mut log_q)
    }
}

fn sampling(precision: Precision, length: usize, hidden: usize, batch: usize) -> Result<f64> {
    let flow = tutorial(precision, length, hidden)?;
    let mut draw = sampler(&flow, batch);
    let rates = (0..ROUNDS).map(|_| rate(&mut draw)).collect::<Result<Vec<f64>>>()?;
    Ok(median(rates) * batch as f64)
}

/// Training steps per second with a batch of 1024.
fn training(flow: Flow) -> Result<f64> {
    steps_each_second(flow, "{type: 'phi4', mass_squared: -4, lambda: 8}", 1024)
}

/// Training steps per second for an action.
fn steps_each_second(mut flow: Flow, action: &str, batch: usize) -> Result<f64> {
    let action = spec::parse::<ActionSpec>("action", action)?.build(flow.context(), flow.lattice())?;
    let train_spec = TrainSpec {
        steps: 1 << 40,
        batch,
        gradient: Some(instanton::training::Estimator::Reparametrised),
        ..TrainSpec::default()
    };
    let (mut rates, mut start, mut steps) = (vec![], Instant::now(), 0);
    let mut progress = |_: &instanton::training::Progress| {
        steps += 1;
        if start.elapsed().as_secs_f64() > 2.0 * SECONDS {
            rates.push(f64::from(steps) / start.elapsed().as_secs_f64());
            (start, steps) = (Instant::now(), 0);
        }
        rates.len() == ROUNDS
    };
    match train(&mut flow, &mut None, &*action, &train_spec, &mut progress) {
        Err(instanton::error::Error::Stopped(_)) => Ok(median(rates)),
        other => other.map(|()| f64::NAN),
    }
}

/// The measured multiply-add peak over that of a loop in C: of all instruction sets and precisions, on one thread and on
/// all, the ratio furthest from one.
fn peak_over_c() -> Result<f64> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut furthest: f64 = 1.0;
    for instructions in Instructions::ALL.iter().copied().filter(|i| i.is_available()) {
        for precision in [Precision::F32, Precision::F64] {
            for threads in [1, cores] {
                let ratio = c_loop::over_c(instructions, precision, threads)?;
                eprintln!("{} {precision:?}, {threads} threads: {ratio:.3}", instructions.name());
                furthest = if ratio.ln().abs() > furthest.ln().abs() { ratio } else { furthest };
            }
        }
    }
    Ok(furthest)
}

/// The flops are those of direct convolutions: the share passes one where shorter ways save more than the rest costs.
fn conv_peak() -> Result<f64> {
    let flow = tutorial(Precision::F32, 8, 8)?;
    let batch = 1024;
    let mut draw = sampler(&flow, batch);
    let mut shares = vec![];
    for _ in 0..ROUNDS {
        let before = multiply_add_peak(flow.context(), Precision::F32, SECONDS / 2.0);
        let flops = rate(&mut draw)? * (batch * flow.flops()) as f64;
        let after = multiply_add_peak(flow.context(), Precision::F32, SECONDS / 2.0);
        shares.push(flops / (0.5 * (before + after)));
    }
    Ok(median(shares))
}

/// Resident set in pages.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(f64::NAN)
}

fn sample_memory() -> Result<f64> {
    let flow = tutorial(Precision::F32, 8, 8)?;
    let mut draw = sampler(&flow, 1024);
    draw()?;
    let one = resident();
    let mut most = one;
    for _ in 0..1_000_000 / 1024 {
        draw()?;
        most = most.max(resident());
    }
    Ok(most / one)
}

/// A chain that accepts every third proposal, as a host's might.
fn chain(proposal: &dyn Proposal, volume: usize) -> impl FnMut(u64) -> Result<()> {
    let (mut current, mut proposed) = (vec![0.0; volume], vec![0.0; volume]);
    move |counter| {
        proposal.propose(counter, &Current { field: &current, log_density: None }, &mut proposed)?;
        if counter % 3 == 0 {
            std::mem::swap(&mut current, &mut proposed);
        }
        Ok(())
    }
}

fn propose_rate() -> Result<f64> {
    let flow = Arc::new(tutorial(Precision::F32, 8, 8)?);
    let proposal = Independence::new(flow.clone()).unwrap();
    let mut step = chain(&proposal, 64);
    let mut draw = sampler(&*flow, 1024);
    let (mut ratios, mut counter) = (vec![], 0);
    for _ in 0..ROUNDS {
        let batch = rate(&mut draw)? * 1024.0;
        let single = rate(|| {
            counter += 1;
            step(counter)
        })?;
        ratios.push(single / batch);
    }
    Ok(median(ratios))
}

fn propose_overhead() -> Result<f64> {
    let flow = Arc::new(tutorial(Precision::F32, 8, 8)?);
    let window = flow.window() as u64;
    let proposal = Independence::new(flow).unwrap();
    let mut step = chain(&proposal, 64);
    // One window is drawn in the first turn; after that the network has no share.
    let mut counter = 0;
    let mut rates = vec![];
    for _ in 0..ROUNDS {
        rates.push(rate(|| {
            counter += 1;
            step(counter % window)
        })?);
    }
    Ok(1e6 / median(rates))
}
