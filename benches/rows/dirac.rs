//! Dirac kernels against the memory and the arithmetic of the machine, each figure and its measure in turn.

use super::{ROUNDS, SECONDS, median};
use instanton::context::{Context, Precision};
use instanton::dirac::{Dirac, DiracSpec, Measured, Timed};
use instanton::gauge::{Gauge, Group};
use instanton::lattice::Lattice;
use instanton::random::{Purpose, Stream};
use instanton::simd::{Triad, multiply_add_peak};
use instanton::{error::Result, spec};
use std::sync::Arc;
use std::time::Instant;

/// Doubles in each array of the triad: four times the largest caches.
const TRIAD: usize = 1 << 25;
const LARGE: [usize; 4] = [16, 16, 16, 32];
const SMALL: [usize; 4] = [8, 8, 8, 8];
const WILSON: &str = "{type: 'wilson', kappa: 0.13, boundary: [1, 1, 1, -1]}";
const CLOVER: &str = "{type: 'wilson', kappa: 0.13, boundary: [1, 1, 1, -1], clover: 1.0}";
const STAGGERED: &str = "{type: 'staggered', mass: 0.1, boundary: [1, 1, 1, -1]}";

/// An operator that is timed.
struct Case {
    context: Arc<Context>,
    dirac: Dirac,
    volume: f64,
}

impl Case {
    fn new(extent: &[usize], text: &str) -> Result<Self> {
        let lattice = Lattice::new(extent)?;
        let context = Arc::new(Context::new(1, Precision::F64, 0)?);
        let gauge = Gauge::random(&lattice, Group::Su3, &mut Stream::new(1, Purpose::Start, 0))?;
        let dirac = Dirac::new(&context, &gauge, &spec::parse::<DiracSpec>("dirac", text)?)?;
        Ok(Self { context, dirac, volume: lattice.volume() as f64 })
    }

    fn hopping(&self, precision: Precision, count: usize) -> Result<Timed> {
        Timed::new(&self.dirac, Measured::Hopping, precision, count)
    }
}

/// Seconds of one run, the median over a round.
fn seconds(kernel: &mut Timed) -> f64 {
    kernel.seconds();
    let (start, mut times) = (Instant::now(), vec![]);
    while start.elapsed().as_secs_f64() < 0.5 * SECONDS {
        times.push(kernel.seconds());
    }
    median(times)
}

/// `bytes` of a site and second over the bandwidth of the triad.
fn share_of_triad(text: &str, kernel: Measured, bytes: f64) -> Result<f64> {
    share_of_triad_many(text, kernel, bytes, 1)
}

/// The same for `count` fields together, the bytes being those of one.
fn share_of_triad_many(text: &str, kernel: Measured, bytes: f64, count: usize) -> Result<f64> {
    let (case, bytes) = (Case::new(&LARGE, text)?, bytes * count as f64);
    let mut kernel = Timed::new(&case.dirac, kernel, Precision::F64, count)?;
    let mut triad = Triad::new(TRIAD);
    let shares = (0..ROUNDS).map(|_| {
        let bandwidth = median((0..5).map(|_| triad.bandwidth(&case.context)).collect());
        bytes * case.volume / seconds(&mut kernel) / bandwidth
    });
    Ok(median(shares.collect()))
}

/// How many times as fast the second kernel is as the first.
fn speedup(mut slow: Timed, mut fast: Timed) -> f64 {
    median((0..ROUNDS).map(|_| seconds(&mut slow) / seconds(&mut fast)).collect())
}

/// Bytes of 8 links, 1 spinor read and 1 written.
const HOPPING: f64 = 8.0 * (8 * 18 + 2 * 24) as f64;

/// The hopping term of one field.
pub fn wilson_triad() -> Result<f64> {
    share_of_triad(WILSON, Measured::Hopping, HOPPING)
}

/// The same bytes where links are kept as 12 numbers: what speed-ups come to whatever the speed they are over.
pub fn wilson_12_triad() -> Result<f64> {
    share_of_triad("{type: 'wilson', kappa: 0.13, boundary: [1, 1, 1, -1], links: 12}", Measured::Hopping, HOPPING)
}

/// The same bytes for each of 12 right-hand sides together.
pub fn wilson_many_triad() -> Result<f64> {
    share_of_triad_many(WILSON, Measured::Hopping, HOPPING, 12)
}

/// The same for colour vectors.
pub fn staggered_triad() -> Result<f64> {
    share_of_triad(STAGGERED, Measured::Hopping, 8.0 * (8 * 18 + 2 * 6) as f64)
}

/// As for Wilson, and two hermitian blocks of 36 numbers.
pub fn clover_triad() -> Result<f64> {
    share_of_triad(CLOVER, Measured::Operator, 8.0 * (8 * 18 + 2 * 24 + 2 * 36) as f64)
}

/// f32 against f64.
pub fn wilson_f32() -> Result<f64> {
    let case = Case::new(&LARGE, WILSON)?;
    Ok(speedup(case.hopping(Precision::F64, 1)?, case.hopping(Precision::F32, 1)?))
}

/// Links of fewer numbers against 18.
pub fn wilson_compressed(numbers: u32, precision: Precision) -> Result<f64> {
    let text = format!("{{type: 'wilson', kappa: 0.13, boundary: [1, 1, 1, -1], links: {numbers}}}");
    let (all, fewer) = (Case::new(&LARGE, WILSON)?, Case::new(&LARGE, &text)?);
    Ok(speedup(all.hopping(precision, 1)?, fewer.hopping(precision, 1)?))
}

/// 12 right-hand sides together against one at a time.
pub fn wilson_many() -> Result<f64> {
    let case = Case::new(&LARGE, WILSON)?;
    Ok(12.0 * speedup(case.hopping(Precision::F64, 1)?, case.hopping(Precision::F64, 12)?))
}

/// 1320 operations on each site and second over the multiply-add peak, in the caches.
pub fn wilson_small() -> Result<f64> {
    let case = Case::new(&SMALL, WILSON)?;
    let mut kernel = case.hopping(Precision::F64, 1)?;
    let shares = (0..ROUNDS).map(|_| {
        let peak = multiply_add_peak(&case.context, Precision::F64, 0.5 * SECONDS);
        1320.0 * case.volume / seconds(&mut kernel) / peak
    });
    Ok(median(shares.collect()))
}
