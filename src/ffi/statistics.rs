//! Section `statistics` of the header.

use super::arguments::{self, Output, input, reserve};
use super::guard::{guard, inst_status};
use crate::error::Result;
use crate::statistics;

/// Gamma method: mean of a series, its error, integrated autocorrelation time, its error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_autocorrelation(
    count: i64,
    series: *const f64,
    mean: *mut f64,
    error: *mut f64,
    tau: *mut f64,
    tau_error: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let series = unsafe { borrow("series", series, count)? };
        // SAFETY: the caller keeps the contract of the header.
        let outputs = unsafe {
            [
                Output::one("mean", mean)?,
                Output::one("error", error)?,
                Output::one("tau", tau)?,
                Output::one("tau_error", tau_error)?,
            ]
        };
        let of_series = statistics::autocorrelation(series)?;
        write(outputs, [of_series.mean, of_series.error, of_series.tau, of_series.tau_error]);
        Ok(())
    })
}

/// Normalised effective sample size and log Z with their errors, from log weights -S - log q.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_reweighting(
    count: i64,
    log_weights: *const f64,
    ess: *mut f64,
    ess_error: *mut f64,
    log_z: *mut f64,
    log_z_error: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let log_weights = unsafe { borrow("log_weights", log_weights, count)? };
        // SAFETY: the caller keeps the contract of the header.
        let outputs = unsafe {
            [
                Output::one("ess", ess)?,
                Output::one("ess_error", ess_error)?,
                Output::one("log_z", log_z)?,
                Output::one("log_z_error", log_z_error)?,
            ]
        };
        let of_weights = statistics::reweighting(log_weights)?;
        write(outputs, [of_weights.ess, of_weights.ess_error, of_weights.log_z, of_weights.log_z_error]);
        Ok(())
    })
}

/// Shape of the tail of the weights: from 0.7 on, the numbers of `inst_reweighting` are not to be trusted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_reweighting_tail(
    count: i64,
    log_weights: *const f64,
    tail_shape: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (log_weights, output) =
            unsafe { (borrow("log_weights", log_weights, count)?, Output::one("tail_shape", tail_shape)?) };
        output.write(statistics::reweighting(log_weights)?.tail_shape);
        Ok(())
    })
}

/// Borrows a series, where there is memory for the copies that its analysis makes.
unsafe fn borrow<'a>(what: &str, start: *const f64, count: i64) -> Result<&'a [f64]> {
    const MOST_COPIES: usize = 3;
    let count = arguments::count("count", 1, count)?;
    reserve(what, MOST_COPIES * count)?;
    // SAFETY: the caller's promise.
    unsafe { input(what, start, count) }
}

fn write<const N: usize>(outputs: [Output<f64>; N], results: [f64; N]) {
    outputs.into_iter().zip(results).for_each(|(output, result)| output.write(result));
}
