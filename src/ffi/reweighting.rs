//! Section `statistics` of the header: numbers from log weights of a model's samples and of a chain's fields.

use super::arguments::{self, Output, input, reserve};
use super::guard::{guard, inst_status};
use super::statistics::{MOST_COPIES, borrow, write};
use crate::memory;
use crate::statistics;

/// log Z and divergences from log weights of a model's samples and of a chain's fields.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct inst_two_sided_report {
    /// Set by the caller to the size of this structure.
    pub struct_size: i64,
    /// log Z from the model's samples.
    pub log_z_model: f64,
    /// Its error.
    pub log_z_model_error: f64,
    /// log Z from the chain's fields.
    pub log_z_chain: f64,
    /// Its error.
    pub log_z_chain_error: f64,
    /// log Z from both.
    pub log_z: f64,
    /// Its error.
    pub log_z_error: f64,
    /// <log q - log p> over samples of the model.
    pub kl_model: f64,
    /// Its error.
    pub kl_model_error: f64,
    /// <log p - log q> over fields of the chain.
    pub kl_chain: f64,
    /// Its error.
    pub kl_chain_error: f64,
    /// |log_z_model - log_z_chain| in standard errors.
    pub disagreement: f64,
}

/// log Z and Kullback-Leibler divergences from both sides, whose disagreement shows a model that misses fields.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_reweighting_two_sided(
    count: i64,
    log_weights: *const f64,
    chain_count: i64,
    chain_log_weights: *const f64,
    report: *mut inst_two_sided_report,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let model = unsafe { borrow("log_weights", log_weights, count)? };
        let chain_count = arguments::count("chain_count", 1, chain_count)? as i64;
        // SAFETY: the caller keeps the contract of the header.
        let chain = unsafe { borrow("chain_log_weights", chain_log_weights, chain_count)? };
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { Output::sized("report", report)? };
        let found = statistics::two_sided(model, chain)?;
        output.write(inst_two_sided_report {
            struct_size: size_of::<inst_two_sided_report>() as i64,
            log_z_model: found.log_z_model.value,
            log_z_model_error: found.log_z_model.error,
            log_z_chain: found.log_z_chain.value,
            log_z_chain_error: found.log_z_chain.error,
            log_z: found.log_z.value,
            log_z_error: found.log_z.error,
            kl_model: found.kl_model.value,
            kl_model_error: found.kl_model.error,
            kl_chain: found.kl_chain.value,
            kl_chain_error: found.kl_chain.error,
            disagreement: found.disagreement,
        });
        Ok(())
    })
}

/// Normalised effective sample size and log Z with their errors, from log weights -S - log q.
///
/// # Safety
/// As in [`super`].
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
///
/// # Safety
/// As in [`super`].
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

/// KL(q|p) for each site of a model, from log weights of its samples and the exact log Z.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_kl_per_site(
    count: i64,
    log_weights: *const f64,
    log_z: f64,
    sites: i64,
    kl: *mut f64,
    kl_error: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let log_weights = unsafe { borrow("log_weights", log_weights, count)? };
        let sites = arguments::count("sites", 1, sites)?;
        // SAFETY: the caller keeps the contract of the header.
        let outputs = unsafe { [Output::one("kl", kl)?, Output::one("kl_error", kl_error)?] };
        let found = statistics::kl_per_site(log_weights, log_z, sites)?;
        write(outputs, [found.value, found.error]);
        Ok(())
    })
}

/// Average of an observable from weighted samples, or its difference to one of a coarser theory from the same samples.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_reweighting_mean(
    count: i64,
    log_weights: *const f64,
    observable: *const f64,
    coarse_log_weights: *const f64,
    coarse_observable: *const f64,
    mean: *mut f64,
    error: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let fine = unsafe { (borrow("log_weights", log_weights, count)?, borrow("observable", observable, count)?) };
        // SAFETY: the caller keeps the contract of the header.
        let outputs = unsafe { [Output::one("mean", mean)?, Output::one("error", error)?] };
        let found = if coarse_log_weights.is_null() && coarse_observable.is_null() {
            statistics::reweighted(fine.0, fine.1)?
        } else {
            // SAFETY: the caller keeps the contract of the header.
            let weights = unsafe { borrow("coarse_log_weights", coarse_log_weights, count)? };
            // SAFETY: the caller keeps the contract of the header.
            let values = unsafe { borrow("coarse_observable", coarse_observable, count)? };
            statistics::reweighted_difference(fine, (weights, values))?
        };
        write(outputs, [found.value, found.error]);
        Ok(())
    })
}

/// Normalised effective sample sizes of the first samples, for several numbers of them.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_reweighting_nested(
    count: i64,
    log_weights: *const f64,
    subsets: i64,
    counts: *const i64,
    ess: *mut f64,
    ess_error: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let log_weights = unsafe { borrow("log_weights", log_weights, count)? };
        let subsets = arguments::count("subsets", 1, subsets)?;
        reserve("counts", MOST_COPIES * subsets)?;
        // SAFETY: the caller keeps the contract of the header.
        let counts = unsafe { input("counts", counts, subsets)? };
        // SAFETY: the caller keeps the contract of the header.
        let (values, errors) =
            unsafe { (Output::array("ess", ess, subsets)?, Output::array("ess_error", ess_error, subsets)?) };
        let check = |k: usize| arguments::count(&format!("counts[{k}]"), 2, counts[k]);
        let sizes = memory::tried("counts", subsets, check)?;
        let found = statistics::nested_ess(log_weights, &sizes)?;
        let all = |of: fn(&statistics::Estimate) -> f64| memory::collected("ess", found.iter().map(of));
        let (of_values, of_errors) = (all(|e| e.value)?, all(|e| e.error)?);
        values.write_all(&of_values);
        errors.write_all(&of_errors);
        Ok(())
    })
}

/// Normalised effective sample size of a model and KL(p|q), with their errors, from log weights of a chain's fields.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_reweighting_forward(
    chain_count: i64,
    chain_log_weights: *const f64,
    log_z: *const f64,
    ess: *mut f64,
    ess_error: *mut f64,
    kl: *mut f64,
    kl_error: *mut f64,
) -> inst_status {
    guard(|| {
        let count = arguments::count("chain_count", 1, chain_count)?;
        reserve("chain_log_weights", 2 * MOST_COPIES * count)?;
        // SAFETY: the caller keeps the contract of the header.
        let chain = unsafe { input("chain_log_weights", chain_log_weights, count)? };
        // SAFETY: the caller keeps the contract of the header.
        let log_z = if log_z.is_null() { None } else { Some(unsafe { input("log_z", log_z, 1)? }[0]) };
        // SAFETY: the caller keeps the contract of the header.
        let outputs = unsafe {
            [
                Output::one("ess", ess)?,
                Output::one("ess_error", ess_error)?,
                Output::one("kl", kl)?,
                Output::one("kl_error", kl_error)?,
            ]
        };
        let found = statistics::forward(chain, log_z)?;
        write(outputs, [found.ess.value, found.ess.error, found.kl.value, found.kl.error]);
        Ok(())
    })
}
