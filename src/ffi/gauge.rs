//! Section `gauge fields` of the header.

use super::arguments::{self, Output, TextOutput, fields, reserve};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, exclusive, shared};
use super::lattice::inst_lattice;
use crate::context::{Context, Team};
use crate::error::{Error, Result, expect_finite};
use crate::gauge::formats::{self, ReadSpec, WriteSpec};
use crate::gauge::{BoundaryKind, Gauge, Group, ObservableSpec, SmearSpec};
use crate::spec;
use serde::Deserialize;
use std::ffi::c_char;
use std::ops::Deref;
use std::sync::Arc;

/// A gauge field and the context that it was made in.
pub struct GaugeObject {
    context: Arc<Context>,
    gauge: Gauge,
    /// Memory into which the next links are imported; empty before the first import.
    spare: Vec<f64>,
}

impl GaugeObject {
    /// The context for objects that are made from the field.
    pub(super) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Fills the spare memory with new links, and exchanges it with the current links where that succeeds.
    pub(super) fn renew(&mut self, fill: impl FnOnce(&Arc<Context>, &mut [f64]) -> Result<()>) -> Result<()> {
        let count = self.gauge.links().len();
        if self.spare.len() != count {
            self.spare = arguments::zeros("links", count)?;
        }
        fill(&self.context, &mut self.spare)?;
        self.gauge.swap_links(&mut self.spare)
    }
}

impl Deref for GaugeObject {
    type Target = Gauge;

    fn deref(&self) -> &Gauge {
        &self.gauge
    }
}

/// A gauge field.
pub type inst_gauge = Handle<GaugeObject>;

/// `{group: 'su3', boundary: 'periodic'}`
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GaugeSpec {
    group: Group,
    boundary: BoundaryKind,
}

impl Default for GaugeSpec {
    fn default() -> Self {
        Self { group: Group::Su3, boundary: BoundaryKind::Periodic }
    }
}

/// Makes a field with unit links; those that an open boundary takes away are zero.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_new(
    lattice: *const inst_lattice,
    spec: *const c_char,
    out: *mut *mut inst_gauge,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, text, out) =
            unsafe { (shared("lattice", lattice)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let spec: GaugeSpec = spec::parse("gauge", text)?;
        let mut gauge = Gauge::unit(&object.lattice, spec.group)?;
        if spec.boundary == BoundaryKind::Open {
            gauge.open();
        }
        let made = GaugeObject { context: Arc::clone(&object.context), gauge, spare: vec![] };
        out.write(handles::new(&object.context, made));
        Ok(())
    })
}

/// Ends a field.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_free(gauge: *mut inst_gauge) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("gauge", gauge) });
}

/// Writes how many numbers all links have.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_count(gauge: *const inst_gauge, count: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (gauge, count) = unsafe { (shared("gauge", gauge)?, Output::one("count", count)?) };
        count.write(gauge.links().len() as i64);
        Ok(())
    })
}

/// Options of setting links: `{verify: true, project: false}`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SetSpec {
    /// Whether links that are not in the group are refused.
    verify: bool,
    /// Whether each link is projected onto the group, after verification.
    project: bool,
}

impl Default for SetSpec {
    fn default() -> Self {
        Self { verify: true, project: false }
    }
}

/// Replaces all links, which have to be in the group.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_set_links(gauge: *mut inst_gauge, links: *const f64) -> inst_status {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { set_links(gauge, links, &SetSpec::default()) })
}

/// Replaces all links, verified or not, projected or not; after an error the field is as it was.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_set_links_with(
    gauge: *mut inst_gauge,
    links: *const f64,
    spec: *const c_char,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let text = unsafe { arguments::spec("spec", spec)? };
        let spec: SetSpec = spec::parse("set_links", text)?;
        // SAFETY: the caller keeps the contract of the header.
        unsafe { set_links(gauge, links, &spec) }
    })
}

/// # Safety
/// As in [`super`].
unsafe fn set_links(gauge: *mut inst_gauge, links: *const f64, spec: &SetSpec) -> Result<()> {
    // SAFETY: the caller's promise.
    let mut gauge = unsafe { exclusive("gauge", gauge)? };
    let count = gauge.links().len();
    let mut copy = reserve("links", count)?;
    // SAFETY: the caller's promise.
    copy.extend_from_slice(unsafe { fields("links", links, count)? });
    let mut new = Gauge::new(gauge.lattice(), gauge.group(), copy)?;
    if spec.verify {
        formats::expect_group(&new)?;
    }
    if spec.project {
        new.project_polar()?;
    }
    gauge.gauge = new;
    Ok(())
}

/// Writes all links.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_links(gauge: *const inst_gauge, links: *mut f64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let gauge = unsafe { shared("gauge", gauge)? };
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { Output::array("links", links, gauge.links().len())? };
        output.write_all(gauge.links());
        Ok(())
    })
}

/// Writes the contents of a file's header as JSON text: for each format that its head fits, the format, extents, group
/// and precision.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_probe(
    path: *const c_char,
    text: *mut c_char,
    capacity: i64,
    needed: *mut i64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (path, output) = unsafe { (arguments::path("path", path)?, TextOutput::new(text, capacity, needed)?) };
        let found = formats::probe(path)?;
        let text =
            serde_json::to_string(&found).map_err(|e| Error::Internal(format!("probe: expected JSON, got: {e}")))?;
        output.write(&text);
        Ok(())
    })
}

/// Reads the field of a file; after an error the field is as it was.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_read(
    gauge: *mut inst_gauge,
    path: *const c_char,
    spec: *const c_char,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut gauge, path, text) =
            unsafe { (exclusive("gauge", gauge)?, arguments::path("path", path)?, arguments::spec("spec", spec)?) };
        let spec: ReadSpec = spec::parse("read", text)?;
        gauge.gauge = formats::read(path, gauge.lattice(), gauge.group(), &spec)?.0;
        Ok(())
    })
}

/// Writes the field to a file; after an error the file is as it was before.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_write(
    gauge: *const inst_gauge,
    path: *const c_char,
    spec: *const c_char,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (gauge, path, text) =
            unsafe { (shared("gauge", gauge)?, arguments::path("path", path)?, arguments::spec("spec", spec)?) };
        let spec: WriteSpec = spec::parse("write", text)?;
        formats::write(path, &gauge, &spec)
    })
}

/// Smooths the links; after an error the field is as it was.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_smear(gauge: *mut inst_gauge, spec: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut gauge, text) = unsafe { (exclusive("gauge", gauge)?, arguments::spec("spec", spec)?) };
        let spec: SmearSpec = spec::parse("smear", text)?;
        let team = Team::of(gauge.context());
        spec.apply(&team, &mut gauge.gauge).map_err(|e| e.within("smear"))
    })
}

/// Writes how many numbers an observable has and, where they fit, the numbers.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_observe(
    gauge: *const inst_gauge,
    spec: *const c_char,
    capacity: i64,
    values: *mut f64,
    count: *mut i64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (gauge, text, count) =
            unsafe { (shared("gauge", gauge)?, arguments::spec("spec", spec)?, Output::one("count", count)?) };
        let capacity = arguments::count("capacity", 0, capacity)?;
        let spec: ObservableSpec = spec::parse("observable", text)?;
        spec.check(&gauge).map_err(|e| e.within("observable"))?;
        let needed = spec.count(&gauge);
        if capacity > 0 {
            if capacity < needed {
                return Err(Error::BadShape(format!("capacity: expected 0 or at least {needed}, got {capacity}")));
            }
            // SAFETY: the caller keeps the contract of the header.
            let output = unsafe { Output::array("values", values, needed)? };
            let observed = spec.observe(&Team::of(gauge.context()), &gauge).map_err(|e| e.within("observable"))?;
            expect_finite("observable", &observed)?;
            output.write_all(&observed);
        }
        count.write(needed as i64);
        Ok(())
    })
}
