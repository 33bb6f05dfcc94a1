//! Section `Spectra of Dirac operators` of the header.

use super::arguments::{self, Output};
use super::dirac::inst_dirac;
use super::guard::{guard, inst_status};
use super::handles::shared;
use crate::dirac::{Dirac, Of, SpectrumSpec};
use crate::error::Result;
use crate::memory;
use crate::spec;
use std::ffi::c_char;

/// Computes values at an end of a spectrum, and their vectors.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_spectrum(
    dirac: *const inst_dirac,
    spec: *const c_char,
    count: i64,
    values: *mut f64,
    vectors: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (dirac, text) = unsafe { (shared("dirac", dirac)?, arguments::spec("spec", spec)?) };
        let none = std::ptr::null_mut();
        let places = Places { values, vectors, residuals: none };
        // SAFETY: the caller keeps the contract of the header.
        unsafe { find(&dirac, text, count, places) }
    })
}

/// Computes values at an end of a spectrum, their vectors, and the residual of each value.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_spectrum_with_residuals(
    dirac: *const inst_dirac,
    spec: *const c_char,
    count: i64,
    values: *mut f64,
    vectors: *mut f64,
    residuals: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (dirac, text) = unsafe { (shared("dirac", dirac)?, arguments::spec("spec", spec)?) };
        let places = Places { values, vectors, residuals };
        // SAFETY: the caller keeps the contract of the header.
        unsafe { find(&dirac, text, count, places) }
    })
}

/// Memory of the host for a spectrum; vectors and residuals may be NULL.
struct Places {
    values: *mut f64,
    vectors: *mut f64,
    residuals: *mut f64,
}

/// Memory for results that the host may leave out.
///
/// # Safety
/// As in [`super`].
unsafe fn optional(what: &str, place: *mut f64, count: usize) -> Result<Option<Output<f64>>> {
    if place.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { Output::array(what, place, count) }.map(Some)
}

/// # Safety
/// As in [`super`].
unsafe fn find(dirac: &Dirac, text: &str, count: i64, places: Places) -> Result<()> {
    let spec: SpectrumSpec = spec::parse("spectrum", text)?;
    let count = arguments::count("count", 0, count)?;
    spec.check(count, dirac.count() / 2)?;
    let numbers = if spec.of == Of::Dirac { 2 * count } else { count };
    // SAFETY: the caller's promise.
    let (values, vectors, residuals) = unsafe {
        (
            Output::array("values", places.values, numbers)?,
            optional("vectors", places.vectors, count.saturating_mul(dirac.count()))?,
            optional("residuals", places.residuals, count)?,
        )
    };
    let found = dirac.spectrum(&spec, count)?;
    let flat = match spec.of {
        Of::Dirac => {
            let mut flat = memory::reserved("values", numbers)?;
            flat.extend(found.values.iter().flat_map(|z| [z.re, z.im]));
            flat
        }
        _ => memory::collected("values", found.values.iter().map(|z| z.re))?,
    };
    values.write_all(&flat);
    if let Some(vectors) = vectors {
        vectors.write_all(&found.vectors);
    }
    if let Some(residuals) = residuals {
        residuals.write_all(&found.residuals);
    }
    Ok(())
}
