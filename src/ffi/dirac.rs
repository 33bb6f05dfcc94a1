//! Section `Dirac operators` of the header.

use super::arguments::{self, Output, fields, reserve, zeros};
use super::gauge::inst_gauge;
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, shared};
use crate::dirac::{Dirac, DiracSpec, SolveSpec, Which};
use crate::error::{Error, Result};
use crate::spec;
use std::ffi::c_char;
use std::mem::size_of;

/// A Dirac operator on a gauge field.
pub type inst_dirac = Handle<Dirac>;

/// Iterations, residual and time of a solve.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct inst_solve_report {
    /// Set by the caller to the size of this structure.
    pub struct_size: i64,
    /// Iterations of all right-hand sides.
    pub iterations: i64,
    /// The largest |b - D x| / |b|, recomputed in double.
    pub residual: f64,
    /// Wall time.
    pub seconds: f64,
}

/// Makes an operator from the current links of a gauge field.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_new(
    gauge: *const inst_gauge,
    spec: *const c_char,
    out: *mut *mut inst_dirac,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, text, out) =
            unsafe { (shared("gauge", gauge)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let spec: DiracSpec = spec::parse("dirac", text)?;
        let dirac = Dirac::new(object.context(), &object, &spec).map_err(|e| e.within("dirac"))?;
        out.write(handles::new(object.context(), dirac));
        Ok(())
    })
}

/// Makes an improved staggered operator with given links.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_new_improved(
    fat: *const inst_gauge,
    longer: *const inst_gauge,
    mass: f64,
    out: *mut *mut inst_dirac,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (fat, longer, out) = unsafe { (shared("fat", fat)?, shared("longer", longer)?, Output::one("out", out)?) };
        let dirac = Dirac::improved(fat.context(), &fat, &longer, mass).map_err(|e| e.within("dirac"))?;
        out.write(handles::new(fat.context(), dirac));
        Ok(())
    })
}

/// Ends an operator.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_free(dirac: *mut inst_dirac) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("dirac", dirac) });
}

/// Checks `count`; the number of numbers in `count` spinor fields.
fn numbers(dirac: &Dirac, count: i64) -> Result<(usize, usize)> {
    let count = arguments::count("count", 1, count)?;
    let total = count.checked_mul(dirac.count()).and_then(|total| i64::try_from(total).ok());
    let total = total.ok_or_else(|| Error::BadShape(format!("count: expected fields that fit memory, got {count}")))?;
    Ok((count, arguments::count("count", 1, total)?))
}

/// Writes how many numbers a spinor field has.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_count(dirac: *const inst_dirac, count: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (dirac, count) = unsafe { (shared("dirac", dirac)?, Output::one("count", count)?) };
        count.write(dirac.count() as i64);
        Ok(())
    })
}

/// Applies D, its adjoint or D^dagger D to `count` spinor fields.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_apply(
    dirac: *const inst_dirac,
    which: *const c_char,
    count: i64,
    r#in: *const f64,
    out: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (dirac, which) = unsafe { (shared("dirac", dirac)?, arguments::spec("which", which)?) };
        let which = Which::named(which)?;
        let (count, total) = numbers(&dirac, count)?;
        // SAFETY: the caller keeps the contract of the header.
        let (from, output) = unsafe { (fields("in", r#in, total)?, Output::array("out", out, total)?) };
        let mut result = zeros("out", total)?;
        dirac.apply(which, count, from, &mut result)?;
        output.write_all(&result);
        Ok(())
    })
}

/// Solves D x = b for `count` right-hand sides.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_dirac_solve(
    dirac: *const inst_dirac,
    spec: *const c_char,
    count: i64,
    source: *const f64,
    solution: *mut f64,
    report: *mut inst_solve_report,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (dirac, text) = unsafe { (shared("dirac", dirac)?, arguments::spec("spec", spec)?) };
        let spec: SolveSpec = spec::parse("solve", text)?;
        let (count, total) = numbers(&dirac, count)?;
        // SAFETY: the caller keeps the contract of the header.
        let report = unsafe { ReportOutput::new(report)? };
        // SAFETY: the caller keeps the contract of the header.
        let (source, output) =
            unsafe { (fields("source", source, total)?, Output::array("solution", solution, total)?) };
        let mut result = reserve("solution", total)?;
        result.resize(total, 0.0);
        let reached = dirac.try_solve(&spec, count, source, &mut result)?;
        if let Some(report) = report {
            let known = inst_solve_report {
                struct_size: size_of::<inst_solve_report>() as i64,
                iterations: reached.iterations as i64,
                residual: reached.residual,
                seconds: reached.seconds,
            };
            report.0.write(known);
        }
        let converged = reached.expect_converged(&spec);
        if converged.is_ok() || spec.keep_best {
            output.write_all(&result);
        }
        converged
    })
}

/// A report that the host may leave out.
struct ReportOutput(Output<inst_solve_report>);

impl ReportOutput {
    /// # Safety
    /// As in [`super`].
    unsafe fn new(report: *mut inst_solve_report) -> Result<Option<Self>> {
        if report.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        Ok(Some(Self(unsafe { Output::sized("report", report)? })))
    }
}
