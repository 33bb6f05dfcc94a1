//! Section `ladder` of the header.

use super::arguments::{self, Output, TextOutput, expect_lattice, input};
use super::communicator::{HostRanks, inst_communicator};
use super::guard::{guard, inst_status};
use super::handles::{self, Handle, Shared, exclusive, shared};
use super::lattice::inst_lattice;
use super::layout::{LayoutObject, inst_layout, pointers};
use crate::context::{Context, Team};
use crate::error::{Error, Result, expect_finite};
use crate::gauge::formats::LARGEST_DEVIATION;
use crate::gauge::{Group, farther_than};
use crate::lattice::Lattice;
use crate::layout::Fields;
use crate::markov::{HostLadder, LadderSpec};
use crate::spec;
use std::ffi::{c_char, c_void};
use std::slice;
use std::sync::Arc;

/// A ladder and the context that it was made in.
pub struct LadderObject {
    context: Arc<Context>,
    ladder: HostLadder,
}

/// A ladder of replicas of a host.
pub type inst_ladder = Handle<LadderObject>;

/// Makes a ladder with each replica on the rung of its number.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_new(
    lattice: *const inst_lattice,
    spec: *const c_char,
    out: *mut *mut inst_ladder,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (lattice, text, out) =
            unsafe { (shared("lattice", lattice)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let spec: LadderSpec = spec::parse("ladder", text)?;
        let ladder = HostLadder::new(&lattice.context, &lattice.lattice, spec).map_err(|e| e.within("ladder"))?;
        let made = LadderObject { context: Arc::clone(&lattice.context), ladder };
        out.write(handles::new(&lattice.context, made));
        Ok(())
    })
}

/// Ends a ladder.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_free(ladder: *mut inst_ladder) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("ladder", ladder) });
}

/// Writes the number of replicas, and that of the swaps made.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_state(
    ladder: *const inst_ladder,
    replicas: *mut i64,
    counter: *mut u64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, replicas, counter) = unsafe {
            (shared("ladder", ladder)?, Output::one("replicas", replicas)?, Output::one("counter", counter)?)
        };
        replicas.write(object.ladder.replicas() as i64);
        counter.write(object.ladder.counter());
        Ok(())
    })
}

/// Writes where a replica is: its rung, the strength there, that of its partner, and the first site of its defect.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_replica(
    ladder: *const inst_ladder,
    replica: i64,
    rung: *mut i64,
    strength: *mut f64,
    partner: *mut f64,
    at: *mut i64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("ladder", ladder)? };
        // SAFETY: the same.
        let (rung, strength, partner, at) = unsafe {
            (
                Output::one("rung", rung)?,
                Output::one("strength", strength)?,
                Output::one("partner", partner)?,
                Output::array("at", at, object.ladder.lattice().dimensions())?,
            )
        };
        let standing = object.ladder.standing(number_of(replica)?)?;
        rung.write(standing.rung as i64);
        strength.write(standing.strength);
        partner.write(standing.partner);
        at.write_all(&standing.at.iter().map(|&x| x as i64).collect::<Vec<_>>());
        Ok(())
    })
}

/// Writes the factor of each link of a direction into the host's memory.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_link_factors(
    ladder: *const inst_ladder,
    replica: i64,
    strength: f64,
    mu: i32,
    layout: *const inst_layout,
    base: *const *mut c_void,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("ladder", ladder)? };
        let (replica, mu) = (number_of(replica)?, direction("mu", mu)?);
        // SAFETY: the same.
        let place = unsafe { Place::new((layout, base), object.ladder.lattice(), Fields::Real)? };
        let factors = object.ladder.link_factors((replica, strength), mu)?;
        // SAFETY: the same.
        unsafe { place.put(&object.context, &factors) }
    })
}

/// Writes the weight of each plaquette of a plane into the host's memory.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_plaquette_weights(
    ladder: *const inst_ladder,
    replica: i64,
    strength: f64,
    mu: i32,
    nu: i32,
    layout: *const inst_layout,
    base: *const *mut c_void,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("ladder", ladder)? };
        let (replica, plane) = (number_of(replica)?, [direction("mu", mu)?, direction("nu", nu)?]);
        // SAFETY: the same.
        let place = unsafe { Place::new((layout, base), object.ladder.lattice(), Fields::Real)? };
        let weights = object.ladder.plaquette_weights((replica, strength), plane)?;
        // SAFETY: the same.
        unsafe { place.put(&object.context, &weights) }
    })
}

/// Writes S of a replica's links in the host's memory with the strength of its partner, less S with its own.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_difference(
    ladder: *const inst_ladder,
    replica: i64,
    layout: *const inst_layout,
    base: *const *const c_void,
    difference: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, output) = unsafe { (shared("ladder", ladder)?, Output::one("difference", difference)?) };
        let fields = fields_of(object.ladder.group()?);
        // SAFETY: the same.
        let place = unsafe { Place::new((layout, base.cast()), object.ladder.lattice(), fields)? };
        // SAFETY: the same.
        let link = |link: (usize, usize), numbers: &mut [f64]| unsafe { place.link(link, &object.ladder, numbers) };
        output.write(object.ladder.difference(number_of(replica)?, link)?);
        Ok(())
    })
}

/// Decides on swaps of neighbours from the differences of some replicas; `replicas` may be NULL for 0 ... count - 1.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_swap(
    ladder: *mut inst_ladder,
    count: i64,
    replicas: *const i64,
    differences: *const f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let mut object = unsafe { exclusive("ladder", ladder)? };
        // SAFETY: the same. Other ranks wait for this one, so that they are told of a bad argument.
        let own = unsafe { shares((count, object.ladder.replicas()), replicas, differences) };
        object.ladder.swap(own)
    })
}

/// Decides together with other ranks from now on.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_connect(
    ladder: *mut inst_ladder,
    communicator: *const inst_communicator,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut object, ranks) = unsafe { (exclusive("ladder", ladder)?, HostRanks::new(communicator)?) };
        object.ladder.connect(Box::new(ranks))
    })
}

/// Writes the ladder as JSON text.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_describe(
    ladder: *const inst_ladder,
    text: *mut c_char,
    capacity: i64,
    needed: *mut i64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, output) = unsafe { (shared("ladder", ladder)?, TextOutput::new(text, capacity, needed)?) };
        output.write(&object.ladder.describe()?.to_string());
        Ok(())
    })
}

/// Writes the ladder to a file; after an error the file is as it was before.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_save(ladder: *const inst_ladder, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, path) = unsafe { (shared("ladder", ladder)?, arguments::path("path", path)?) };
        object.ladder.save(path)
    })
}

/// Goes on from a saved ladder of the same lattice and spec.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_ladder_load(ladder: *mut inst_ladder, path: *const c_char) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (mut object, path) = unsafe { (exclusive("ladder", ladder)?, arguments::path("path", path)?) };
        object.ladder.load(path)
    })
}

/// Where a call finds a field of the host: by a layout, or without one in an array of doubles, x fastest.
enum Place<'a> {
    Laid(Shared<'a, LayoutObject>, Vec<*mut u8>),
    Plain(*mut f64),
}

impl Place<'_> {
    /// # Safety
    /// As in [`super`].
    unsafe fn new(
        (layout, base): (*const inst_layout, *const *mut c_void),
        lattice: &Lattice,
        fields: Fields,
    ) -> Result<Self> {
        if layout.is_null() {
            // SAFETY: the caller's promise.
            let base = unsafe { input("base", base, 1)?[0] };
            // SAFETY: the same.
            let start = unsafe { Output::<f64>::one("base[0]", base.cast())? };
            return Ok(Self::Plain(start.start()));
        }
        // SAFETY: the caller's promise.
        let object = unsafe { shared("layout", layout)? };
        expect_lattice("layout", lattice, object.layout().lattice())?;
        let got = object.layout().fields();
        if got != fields {
            let (expected, got) = (fields.name(), got.name());
            return Err(Error::BadShape(format!("layout: expected one of fields '{expected}', got '{got}'")));
        }
        // SAFETY: the same.
        let bases = unsafe { pointers(object.layout(), base.cast())? };
        Ok(Self::Laid(object, bases))
    }

    /// Takes a link.
    ///
    /// # Safety
    /// As in [`super`].
    unsafe fn link(&self, (site, mu): (usize, usize), ladder: &HostLadder, to: &mut [f64]) -> Result<()> {
        match self {
            // SAFETY: the caller's promise.
            Self::Laid(object, bases) => unsafe { object.layout().link((site, mu), bases, to) },
            Self::Plain(start) => {
                let first = (site * ladder.lattice().dimensions() + mu) * to.len();
                // SAFETY: the host lends the links of the whole lattice.
                to.copy_from_slice(unsafe { slice::from_raw_parts(start.add(first), to.len()) });
                expect_link(ladder.group()?, to).map_err(|error| error.within(&format!("site {site}, direction {mu}")))
            }
        }
    }

    /// Writes a real field.
    ///
    /// # Safety
    /// As in [`super`].
    unsafe fn put(&self, context: &Arc<Context>, field: &[f64]) -> Result<()> {
        match self {
            // SAFETY: the caller's promise.
            Self::Laid(object, bases) => unsafe { object.layout().export(&Team::of(context), field, bases) },
            Self::Plain(start) => {
                // SAFETY: the host lends a number for each site.
                unsafe { start.copy_from_nonoverlapping(field.as_ptr(), field.len()) };
                Ok(())
            }
        }
    }
}

/// Checks that a link is in its group.
fn expect_link(group: Group, link: &[f64]) -> Result<()> {
    expect_finite("link", link)?;
    let Some((distance, _)) = farther_than(LARGEST_DEVIATION, group, link) else { return Ok(()) };
    let name = group.name();
    Err(Error::BadInput(format!(
        "link: expected one within {LARGEST_DEVIATION:e} of {name}, got one off by {distance:.3e}"
    )))
}

/// The shares of differences that the host gives.
///
/// # Safety
/// As in [`super`].
unsafe fn shares(
    (count, all): (i64, usize),
    replicas: *const i64,
    differences: *const f64,
) -> Result<Vec<(usize, f64)>> {
    let bad = || Error::BadShape(format!("count: expected 0 to {all} replicas, got {count}"));
    let count = usize::try_from(count).ok().filter(|&count| count <= all).ok_or_else(bad)?;
    if count == 0 {
        return Ok(vec![]);
    }
    // SAFETY: the caller's promise.
    let differences = unsafe { input("differences", differences, count)? };
    if replicas.is_null() {
        return Ok(differences.iter().copied().enumerate().collect());
    }
    // SAFETY: the same.
    let replicas = unsafe { input("replicas", replicas, count)? };
    replicas.iter().zip(differences).map(|(&replica, &difference)| Ok((number_of(replica)?, difference))).collect()
}

/// The number of a replica, which is not negative.
fn number_of(replica: i64) -> Result<usize> {
    usize::try_from(replica).map_err(|_| Error::BadInput(format!("replica: expected at least 0, got {replica}")))
}

fn direction(what: &str, mu: i32) -> Result<usize> {
    usize::try_from(mu).map_err(|_| Error::BadShape(format!("{what}: expected a direction from 0 on, got {mu}")))
}

fn fields_of(group: Group) -> Fields {
    match group {
        Group::U1 => Fields::U1,
        Group::Su2 => Fields::Su2,
        Group::Su3 => Fields::Su3,
    }
}
