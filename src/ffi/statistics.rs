//! Section `statistics` of the header: series of chains. Those of weights are in `reweighting.rs`.

use super::arguments::{self, Output, input, reserve};
use super::guard::{guard, inst_status};
use crate::error::Result;
use crate::statistics;

/// Gamma method: mean of a series, its error, integrated autocorrelation time, its error.
///
/// # Safety
/// As in [`super`].
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

/// Gamma method for replicas, which lie in `series` one after the other, and the probability that replicas of one
/// distribution scatter as much as these or more.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_autocorrelation_replicas(
    replicas: i64,
    counts: *const i64,
    series: *const f64,
    mean: *mut f64,
    error: *mut f64,
    tau: *mut f64,
    tau_error: *mut f64,
    quality: *mut f64,
) -> inst_status {
    guard(|| {
        let replicas = arguments::count("replicas", 1, replicas)?;
        reserve("replicas", MOST_COPIES * replicas)?;
        // SAFETY: the caller keeps the contract of the header.
        let counts = unsafe { input("counts", counts, replicas)? };
        let total = total(counts)?;
        // SAFETY: the caller keeps the contract of the header.
        let mut rest = unsafe { borrow("series", series, total)? };
        // SAFETY: the caller keeps the contract of the header.
        let outputs = unsafe {
            [
                Output::one("mean", mean)?,
                Output::one("error", error)?,
                Output::one("tau", tau)?,
                Output::one("tau_error", tau_error)?,
                Output::one("quality", quality)?,
            ]
        };
        let mut chains = Vec::with_capacity(replicas);
        for count in counts {
            let (chain, others) = rest.split_at(*count as usize);
            chains.push(chain);
            rest = others;
        }
        let found = statistics::autocorrelation_of_replica(&chains)?;
        write(outputs, [found.mean, found.error, found.tau, found.tau_error, found.quality]);
        Ok(())
    })
}

/// Sum of the replicas' counts of numbers, each at least one.
fn total(counts: &[i64]) -> Result<i64> {
    let mut total = 0i64;
    for (r, count) in counts.iter().enumerate() {
        total = total.saturating_add(arguments::count(&format!("counts[{r}]"), 1, *count)? as i64);
    }
    Ok(total)
}

/// Share of a chain's fields in a mode, its error, and the probability of one at least as far from the stated share.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_mode_balance(
    count: i64,
    labels: *const f64,
    expected_share: f64,
    share: *mut f64,
    share_error: *mut f64,
    probability: *mut f64,
) -> inst_status {
    guard(|| {
        let estimate = |labels: &[f64]| statistics::mode_balance(labels, expected_share);
        // SAFETY: the caller keeps the contract of the header.
        unsafe { balance(count, labels, [share, share_error, probability], estimate) }
    })
}

/// The same for independent fields.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_mode_balance_independent(
    count: i64,
    labels: *const f64,
    expected_share: f64,
    share: *mut f64,
    share_error: *mut f64,
    probability: *mut f64,
) -> inst_status {
    guard(|| {
        let estimate = |labels: &[f64]| statistics::mode_balance_of_independent(labels, expected_share);
        // SAFETY: the caller keeps the contract of the header.
        unsafe { balance(count, labels, [share, share_error, probability], estimate) }
    })
}

/// Writes share, error and probability that `estimate` finds.
///
/// # Safety
/// As in [`super`].
unsafe fn balance(
    count: i64,
    labels: *const f64,
    [share, share_error, probability]: [*mut f64; 3],
    estimate: impl FnOnce(&[f64]) -> Result<statistics::ModeBalance>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let labels = unsafe { borrow("labels", labels, count)? };
    // SAFETY: the caller's promise.
    let outputs = unsafe {
        [
            Output::one("share", share)?,
            Output::one("share_error", share_error)?,
            Output::one("probability", probability)?,
        ]
    };
    let found = estimate(labels)?;
    write(outputs, [found.share.value, found.share.error, found.probability]);
    Ok(())
}

/// Most copies of a series that its analysis makes.
pub(super) const MOST_COPIES: usize = 4;

/// Borrows a series, where there is memory for the copies that its analysis makes.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn borrow<'a>(what: &str, start: *const f64, count: i64) -> Result<&'a [f64]> {
    let count = arguments::count("count", 1, count)?;
    reserve(what, MOST_COPIES * count)?;
    // SAFETY: the caller's promise.
    unsafe { input(what, start, count) }
}

/// Writes results, each to its output.
pub(super) fn write<const N: usize>(outputs: [Output<f64>; N], results: [f64; N]) {
    outputs.into_iter().zip(results).for_each(|(output, result)| output.write(result));
}
