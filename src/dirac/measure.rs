//! What the kernels take on this machine: for benchmarks.

use super::field::Field;
use super::grid::Grid;
use super::hopping::Side;
use super::hopping_term::{Centre, Part, With};
use super::wilson::{Parts, wilson};
use crate::context::{Context, Precision};
use crate::error::Result;
use crate::gauge::Gauge;
use crate::simd::Native;
use std::sync::Arc;
use std::time::Instant;

/// Seconds that the Wilson hopping term takes on all sites: the median of `repeats`.
pub fn hopping_seconds(context: &Arc<Context>, gauge: &Gauge, precision: Precision, repeats: usize) -> Result<f64> {
    match precision {
        Precision::F32 => seconds::<f32>(context, gauge, repeats),
        Precision::F64 => seconds::<f64>(context, gauge, repeats),
    }
}

fn seconds<T: Native>(context: &Arc<Context>, gauge: &Gauge, repeats: usize) -> Result<f64> {
    let dimensions = gauge.lattice().dimensions();
    let grid = Arc::new(Grid::new(gauge.lattice(), T::WIDTH));
    let parts = Parts { weights: vec![1.0; dimensions], boundary: vec![1.0.into(); dimensions] };
    let term = wilson::<T>(context, &grid, gauge, &parts)?;
    let (mut from, mut to): (Field<T>, Field<T>) = (term.zeros(Part::All)?, term.zeros(Part::All)?);
    from.numbers_mut().iter_mut().enumerate().for_each(|(i, x)| *x = T::from_f64((i % 17) as f64 * 0.1));
    let mut times = Vec::with_capacity(repeats);
    for _ in 0..repeats.max(1) {
        let with = || With { hopping: 1.0, diagonal: 0.0, twist: 0.0, centre: Centre::None };
        let start = Instant::now();
        term.hop((Side::Plain, Part::All), &from, with(), &mut to);
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
