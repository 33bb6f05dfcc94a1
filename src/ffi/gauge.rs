//! Section `gauge fields` of the header.

use super::arguments::{self, Output, fields, reserve};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, Object, exclusive, shared};
use super::lattice::inst_lattice;
use crate::context::{Context, Team};
use crate::error::{Error, Result, expect_finite};
use crate::gauge::formats::{self, ReadSpec, WriteSpec};
use crate::gauge::{self, FlowSpec, Gauge, Group, SmearSpec, observables};
use crate::spec;
use serde::Deserialize;
use std::ffi::c_char;
use std::ops::Deref;
use std::sync::Arc;

/// A gauge field and the context that it was made in.
pub struct GaugeObject {
    context: Arc<Context>,
    gauge: Gauge,
    /// Room for the next links, from the first time on that a host's were taken.
    spare: Vec<f64>,
}

impl GaugeObject {
    /// Threads and more for what is made from the field.
    pub(super) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Fills memory that is kept for this with new links, and exchanges it for the links where that succeeds.
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

impl Object for GaugeObject {
    const KIND: usize = 6;
}

/// A gauge field.
pub type inst_gauge = Handle<GaugeObject>;

/// `{group: 'su3'}`
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GaugeSpec {
    group: Group,
}

impl Default for GaugeSpec {
    fn default() -> Self {
        Self { group: Group::Su3 }
    }
}

/// What is measured: `{type: 'wilson_loop', sides: [[0, 2], [3, 1]]}`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum ObservableSpec {
    /// The mean over all planes.
    Plaquette {},
    /// The mean in each plane.
    Planes {},
    /// Two sides, each a direction and a length.
    WilsonLoop { sides: [(usize, usize); 2] },
    /// Real and imaginary part.
    PolyakovLoop { direction: usize },
    /// The mean over all links.
    LinkTrace {},
    /// The largest distance of a link from the group.
    Unitarity {},
    /// The energy density of the field strength.
    EnergyDensity {},
    /// Of U(1) in two dimensions by angles, in four dimensions from the field strength.
    Charge {},
    /// t0 and w0 of the Wilson flow.
    Scales(FlowSpec),
}

impl ObservableSpec {
    /// How many numbers it has.
    fn count(&self, gauge: &Gauge) -> usize {
        let dimensions = gauge.lattice().dimensions();
        match self {
            Self::Planes {} => dimensions * (dimensions - 1) / 2,
            Self::PolyakovLoop { .. } | Self::Scales(_) => 2,
            _ => 1,
        }
    }

    fn check(&self, gauge: &Gauge) -> Result<()> {
        let extent = gauge.lattice().extent();
        let has_planes = !matches!(self, Self::PolyakovLoop { .. } | Self::LinkTrace {} | Self::Unitarity {});
        if has_planes && extent.len() < 2 {
            return Err(Error::Unsupported("type: expected a field in 2 or more dimensions, got one in 1".into()));
        }
        let directions = format!("a direction from 0 to {}", extent.len() - 1);
        match *self {
            Self::WilsonLoop { sides } => {
                for (i, (mu, length)) in sides.into_iter().enumerate() {
                    spec::expect(mu < extent.len(), &format!("sides[{i}][0]"), &directions, mu)?;
                    let lengths = format!("a length from 1 to {}", extent[mu]);
                    spec::expect((1..=extent[mu]).contains(&length), &format!("sides[{i}][1]"), &lengths, length)?;
                }
                let [(mu, _), (nu, _)] = sides;
                spec::expect(mu != nu, "sides", "two different directions", format!("{mu} twice"))
            }
            Self::PolyakovLoop { direction } => {
                spec::expect(direction < extent.len(), "direction", &directions, direction)
            }
            _ => Ok(()),
        }
    }

    fn observe(&self, team: &Team, gauge: &Gauge) -> Result<Vec<f64>> {
        Ok(match *self {
            Self::Plaquette {} => vec![observables::plaquette(gauge)],
            Self::Planes {} => observables::planes(gauge),
            Self::WilsonLoop { sides } => vec![observables::wilson_loop(gauge, sides)?],
            Self::PolyakovLoop { direction } => {
                let mean = observables::polyakov_loop(gauge, direction)?;
                vec![mean.re, mean.im]
            }
            Self::LinkTrace {} => vec![observables::link_trace(gauge)],
            Self::Unitarity {} => vec![gauge.worst_link().0],
            Self::EnergyDensity {} => vec![gauge::energy_density(gauge)?],
            Self::Charge {} if gauge.lattice().dimensions() == 2 => vec![gauge::charge(gauge)?],
            Self::Charge {} => vec![gauge::clover_charge(gauge)?],
            Self::Scales(ref spec) => {
                let scales = gauge::scales(team, gauge, spec)?;
                vec![scales.t0, scales.w0]
            }
        })
    }
}

/// Makes a field with all links one.
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
        let gauge = Gauge::unit(&object.lattice, spec.group)?;
        out.write(handles::new(GaugeObject { context: Arc::clone(&object.context), gauge, spare: vec![] }));
        Ok(())
    })
}

/// Ends a field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_free(gauge: *mut inst_gauge) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("gauge", gauge) });
}

/// Writes how many numbers the links are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_count(gauge: *const inst_gauge, count: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (gauge, count) = unsafe { (shared("gauge", gauge)?, Output::one("count", count)?) };
        count.write(gauge.links().len() as i64);
        Ok(())
    })
}

/// Replaces all links, which have to be in the group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_gauge_set_links(gauge: *mut inst_gauge, links: *const f64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let mut gauge = unsafe { exclusive("gauge", gauge)? };
        let count = gauge.links().len();
        let mut copy = reserve("links", count)?;
        // SAFETY: the caller keeps the contract of the header.
        copy.extend_from_slice(unsafe { fields("links", links, count)? });
        let new = Gauge::new(gauge.lattice(), gauge.group(), copy)?;
        formats::expect_group(&new)?;
        gauge.gauge = new;
        Ok(())
    })
}

/// Writes all links.
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

/// Reads the field of a file; after an error the field is as it was.
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

/// Writes the field to a file; the file is whole, or what it was before.
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

/// Writes how many numbers an observable has and, where there is room for all, the numbers.
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
