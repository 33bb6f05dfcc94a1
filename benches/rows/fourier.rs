//! Fourier transforms against FFTW (M. Frigo and S. G. Johnson, Proc. IEEE 93 (2005) 216).
//!
//! Both transform a whole batch of real fields forward, on one thread, out of memory of the whole batch, and each in the
//! layout that it likes best: FFTW has fields and half spectra `[sample][site]`, with real and imaginary parts side by
//! side, and a plan for many transforms that it searched for patiently; the library has a block of samples in the lanes, as
//! its executor keeps values. FFTW is opened at run time; nothing else needs it.

use super::{ROUNDS, median, rate};
use instanton::context::Precision;
use instanton::error::{Error, Result};
use instanton::program::{Fourier, TransformedBatch};
use std::ffi::{CStr, c_int, c_uint, c_void};

const LIBRARY: &CStr = c"libfftw3f.so.3";
/// FFTW_PATIENT of `fftw3.h`.
const PATIENT: c_uint = 1 << 5;

type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
type Release = unsafe extern "C" fn(*mut c_void);
/// fftwf_plan_many_dft_r2c: rank, extents with x last, count, real fields, half spectra, flags.
type PlanMany = unsafe extern "C" fn(
    c_int,
    *const c_int,
    c_int,
    *mut f32,
    *const c_int,
    c_int,
    c_int,
    *mut f32,
    *const c_int,
    c_int,
    c_int,
    c_uint,
) -> *mut c_void;

/// A plan of FFTW with its fields and half spectra.
struct Fftw {
    plan: *mut c_void,
    fields: *mut f32,
    spectra: *mut f32,
    sites: usize,
    modes: usize,
    execute: Release,
    destroy: Release,
    free: Release,
}

impl Fftw {
    fn new(fourier: &Fourier, batch: usize) -> Result<Self> {
        let (sites, modes) = (fourier.volume(), fourier.modes());
        let extents: Vec<c_int> = fourier.extents().iter().rev().map(|&length| length as c_int).collect();
        let [rank, count, to_next, to_next_spectrum] = [extents.len(), batch, sites, modes].map(|n| n as c_int);
        let none = std::ptr::null();
        // SAFETY: the functions have the types of `fftw3.h`, version 3; the memory is that of the plan.
        unsafe {
            let malloc: Malloc = std::mem::transmute(symbol(c"fftwf_malloc")?);
            let plan_many: PlanMany = std::mem::transmute(symbol(c"fftwf_plan_many_dft_r2c")?);
            let release = |name| Ok::<Release, Error>(std::mem::transmute::<*mut c_void, Release>(symbol(name)?));
            let (fields, spectra): (*mut f32, *mut f32) =
                (malloc(4 * batch * sites).cast(), malloc(8 * batch * modes).cast());
            let plan = plan_many(
                rank,
                extents.as_ptr(),
                count,
                fields,
                none,
                1,
                to_next,
                spectra,
                none,
                1,
                to_next_spectrum,
                PATIENT,
            );
            if fields.is_null() || spectra.is_null() || plan.is_null() {
                return Err(Error::Internal("fftw: expected memory and a plan, got none".into()));
            }
            let (execute, destroy) = (release(c"fftwf_execute")?, release(c"fftwf_destroy_plan")?);
            Ok(Self { plan, fields, spectra, sites, modes, execute, destroy, free: release(c"fftwf_free")? })
        }
    }

    /// Sets the field of a sample; planning has overwritten all of them.
    fn set(&mut self, sample: usize, field: &[f64]) {
        for (site, &x) in field.iter().enumerate() {
            // SAFETY: a site of a sample of the batch.
            unsafe { *self.fields.add(sample * self.sites + site) = x as f32 }
        }
    }

    /// Real and imaginary part of a mode of a sample.
    fn mode(&self, sample: usize, mode: usize) -> [f64; 2] {
        // SAFETY: a mode of a sample of the batch.
        [0, 1].map(|part| f64::from(unsafe { *self.spectra.add(2 * (sample * self.modes + mode) + part) }))
    }

    fn transform(&mut self) {
        // SAFETY: the plan has its memory.
        unsafe { (self.execute)(self.plan) }
    }
}

impl Drop for Fftw {
    fn drop(&mut self) {
        // SAFETY: made by FFTW, and used no more.
        unsafe {
            (self.destroy)(self.plan);
            (self.free)(self.fields.cast());
            (self.free)(self.spectra.cast());
        }
    }
}

/// A function of FFTW.
fn symbol(name: &CStr) -> Result<*mut c_void> {
    // SAFETY: names that end with a zero.
    let found = unsafe {
        let library = libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW);
        if library.is_null() { std::ptr::null_mut() } else { libc::dlsym(library, name.as_ptr()) }
    };
    let [library, name] = [LIBRARY, name].map(CStr::to_string_lossy);
    if found.is_null() {
        let wanted = "Debian's libfftw3-single3, which scripts/prerequisites.sh installs";
        return Err(Error::NoDevice(format!("fftw: expected {name} in {library} ({wanted}), got none")));
    }
    Ok(found)
}

/// Rate of the library's forward transforms over that of FFTW.
pub fn over_fftw(extents: &[usize], batch: usize) -> Result<f64> {
    let fourier = Fourier::new(extents)?;
    let mut ours = TransformedBatch::new(&fourier, Precision::F32, batch)?;
    let mut fftw = Fftw::new(&fourier, batch)?;
    (0..batch).for_each(|sample| fftw.set(sample, &ours.sample(sample)[0]));
    let mut ratios = vec![];
    for _ in 0..ROUNDS {
        let theirs = rate(|| {
            fftw.transform();
            Ok(())
        })?;
        let own = rate(|| {
            ours.transform();
            Ok(())
        })?;
        eprintln!("{extents:?}: {:.0} and {:.0} transforms/s", own * batch as f64, theirs * batch as f64);
        ratios.push(own / theirs);
    }
    for sample in 0..batch {
        let [_, spectrum] = ours.sample(sample);
        for mode in 0..fourier.modes() {
            let [re, im] = fftw.mode(sample, mode);
            let error = (spectrum[mode] - re).hypot(spectrum[fourier.modes() + mode] - im);
            if error > 1e-5 * (fourier.volume() as f64).sqrt() {
                return Err(Error::Internal(format!("fftw: expected equal spectra, got a difference of {error}")));
            }
        }
    }
    Ok(median(ratios))
}
