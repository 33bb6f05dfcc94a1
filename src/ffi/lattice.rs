//! Section `lattice` of the header.

use super::arguments::{Output, input};
use super::context::inst_context;
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, shared};
use crate::context::Context;
use crate::error::Error;
use crate::lattice::Lattice;
use std::sync::Arc;

/// A lattice and the context that it was made in.
pub struct LatticeObject {
    pub(super) context: Arc<Context>,
    pub(super) lattice: Lattice,
}

/// A periodic lattice.
pub type inst_lattice = Handle<LatticeObject>;

/// Makes a lattice of 1 to 4 dimensions with extents of at least 2, x first.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_lattice_new(
    context: *const inst_context,
    dimensions: i32,
    extent: *const i64,
    out: *mut *mut inst_lattice,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (context, out) = unsafe { (shared("context", context)?, Output::one("out", out)?) };
        let bad = || Error::BadShape(format!("dimensions: expected 1 to 4, got {dimensions}"));
        let count = usize::try_from(dimensions).ok().filter(|d| (1..=4).contains(d)).ok_or_else(bad)?;
        // SAFETY: the caller keeps the contract of the header.
        let extent = unsafe { input("extent", extent, count)? };
        let length = |(mu, &length): (usize, &i64)| {
            let bad = |_| Error::BadShape(format!("extent[{mu}]: expected at least 2 sites, got {length}"));
            usize::try_from(length).map_err(bad)
        };
        let lattice = Lattice::new(&extent.iter().enumerate().map(length).collect::<Result<Vec<_>, _>>()?)?;
        out.write(handles::new(&context, LatticeObject { context: Arc::clone(&context), lattice }));
        Ok(())
    })
}

/// Ends a lattice; what was made from it lives on.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_lattice_free(lattice: *mut inst_lattice) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("lattice", lattice) });
}
