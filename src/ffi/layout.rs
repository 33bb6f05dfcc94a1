//! Section `layouts` of the header.

use super::arguments::{self, Output, expect_lattice, input};
use super::gauge::inst_gauge;
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, exclusive, shared};
use super::lattice::inst_lattice;
use crate::context::{Context, Team};
use crate::error::{Error, Result};
use crate::gauge::Gauge;
use crate::layout::{Layout, LayoutSpec};
use crate::spec;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// A layout and the context that it was made in.
pub struct LayoutObject {
    context: Arc<Context>,
    layout: Layout,
}

impl LayoutObject {
    /// The layout.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// The layout of a field in a host's memory.
pub type inst_layout = Handle<LayoutObject>;

/// Makes a layout from the name of an order, or from strides.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_new(
    lattice: *const inst_lattice,
    spec: *const c_char,
    out: *mut *mut inst_layout,
) -> inst_status {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { make(lattice, spec, None, out) })
}

/// Makes a layout of strides whose sites begin where a table says.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_new_with_sites(
    lattice: *const inst_lattice,
    spec: *const c_char,
    sites: *const i64,
    out: *mut *mut inst_layout,
) -> inst_status {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { make(lattice, spec, Some(sites), out) })
}

/// # Safety
/// As in [`super`].
unsafe fn make(
    lattice: *const inst_lattice,
    spec: *const c_char,
    sites: Option<*const i64>,
    out: *mut *mut inst_layout,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let (object, text, out) =
        unsafe { (shared("lattice", lattice)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
    // SAFETY: the caller's promise.
    let sites = sites.map(|sites| unsafe { input("sites", sites, object.lattice.volume()) }).transpose()?;
    let spec: LayoutSpec = spec::parse("layout", text)?;
    let layout = Layout::new(&object.lattice, &spec, sites).map_err(|e| e.within("layout"))?;
    out.write(handles::new(&object.context, LayoutObject { context: Arc::clone(&object.context), layout }));
    Ok(())
}

/// Ends a layout.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_free(layout: *mut inst_layout) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("layout", layout) });
}

/// Writes how many base pointers a layout has, and how many bytes it takes from each on.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_size(layout: *const inst_layout, bases: *mut i32, bytes: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, bases, bytes) =
            unsafe { (shared("layout", layout)?, Output::one("bases", bases)?, Output::one("bytes", bytes)?) };
        bases.write(object.layout.bases() as i32);
        bytes.write(object.layout.bytes() as i64);
        Ok(())
    })
}

/// Writes the count of numbers of `fields` in import and export.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_count(layout: *const inst_layout, count: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, count) = unsafe { (shared("layout", layout)?, Output::one("count", count)?) };
        count.write(object.layout.numbers() as i64);
        Ok(())
    })
}

/// Writes base pointer and offset of a number of the field.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_offset(
    layout: *const inst_layout,
    x: *const i64,
    mu: i32,
    row: i32,
    column: i32,
    imaginary: i32,
    base: *mut i32,
    offset: *mut i64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("layout", layout)? };
        let (layout, extent) = (&object.layout, object.layout.lattice().extent());
        // SAFETY: the caller keeps the contract of the header.
        let (x, base, offset) =
            unsafe { (input("x", x, extent.len())?, Output::one("base", base)?, Output::one("offset", offset)?) };
        for (nu, (&x, &length)) in x.iter().zip(extent).enumerate() {
            below(&format!("x[{nu}]"), x, length)?;
        }
        let (directions, colours, parts) = match layout.fields().group() {
            Some(group) => (extent.len(), group.colours(), 2),
            None => (1, 1, 1),
        };
        let mu = below("mu", mu.into(), directions)?;
        let (row, column) = (below("row", row.into(), colours)?, below("column", column.into(), colours)?);
        let k = (row * colours + column) * parts + below("imaginary", imaginary.into(), parts)?;
        let (at, bytes) = layout.offset(layout.lattice().site(x), mu, k);
        base.write(at as i32);
        offset.write(bytes as i64);
        Ok(())
    })
}

/// Copies a field from the host's memory into an array.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_import(
    layout: *const inst_layout,
    base: *const *const c_void,
    fields: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("layout", layout)? };
        // SAFETY: the same.
        let (from, to) =
            unsafe { (pointers(&object.layout, base)?, Output::array("fields", fields, object.layout.numbers())?) };
        let team = Team::of(&object.context);
        // SAFETY: the same.
        unsafe { object.layout.check(&team, &from).and_then(|()| object.layout.import(&team, &from, to.start())) }
    })
}

/// Copies a field from an array into the host's memory.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_layout_export(
    layout: *const inst_layout,
    fields: *const f64,
    base: *const *mut c_void,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("layout", layout)? };
        // SAFETY: the same.
        let field = unsafe { arguments::fields("fields", fields, object.layout.numbers())? };
        // SAFETY: the same.
        unsafe { object.layout.export(&Team::of(&object.context), field, &pointers(&object.layout, base.cast())?) }
    })
}

/// Imports links from the host's memory; after an error the field is as it was.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_import(
    gauge: *mut inst_gauge,
    layout: *const inst_layout,
    base: *const *const c_void,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut gauge, object) = unsafe { (exclusive("gauge", gauge)?, shared("layout", layout)?) };
        expect_fit(&object.layout, &gauge)?;
        // SAFETY: the same.
        let from = unsafe { pointers(&object.layout, base)? };
        // SAFETY: the same; a field of this lattice and group has as many numbers.
        gauge.renew(|context, to| unsafe { object.layout.import(&Team::of(context), &from, to.as_mut_ptr()) })
    })
}

/// Exports links into the host's memory.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_export(
    gauge: *const inst_gauge,
    layout: *const inst_layout,
    base: *const *mut c_void,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (gauge, object) = unsafe { (shared("gauge", gauge)?, shared("layout", layout)?) };
        expect_fit(&object.layout, &gauge)?;
        // SAFETY: the same.
        unsafe {
            object.layout.export(&Team::of(gauge.context()), gauge.links(), &pointers(&object.layout, base.cast())?)
        }
    })
}

/// Checks that an index is from 0 to below `count`.
fn below(what: &str, index: i64, count: usize) -> Result<usize> {
    let bad = || Error::BadShape(format!("{what}: expected 0 to {}, got {index}", count - 1));
    usize::try_from(index).ok().filter(|&index| index < count).ok_or_else(bad)
}

/// The host's base pointers.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn pointers(layout: &Layout, base: *const *const c_void) -> Result<Vec<*mut u8>> {
    // SAFETY: the caller's promise.
    let bases = unsafe { input("base", base, layout.bases())? };
    match bases.iter().position(|pointer| pointer.is_null()) {
        Some(i) => Err(Error::NullArgument(format!("base[{i}]"))),
        None => Ok(bases.iter().map(|pointer| pointer.cast_mut().cast()).collect()),
    }
}

/// Checks that a layout is one of links of this lattice and group.
fn expect_fit(layout: &Layout, gauge: &Gauge) -> Result<()> {
    expect_lattice("layout", gauge.lattice(), layout.lattice())?;
    if layout.fields().group() == Some(gauge.group()) {
        return Ok(());
    }
    let (expected, got) = (gauge.group().name(), layout.fields().name());
    Err(Error::BadShape(format!("layout: expected one of {expected} links, got one of {got}")))
}
