//! Arguments: pointers, counts and text of the host, checked and borrowed for one call.

use crate::error::{Error, Result, expect_finite};
use crate::lattice::Lattice;
use crate::memory;
use crate::space::Domain;
use std::ffi::{CStr, c_char};
use std::mem::size_of;
use std::path::Path;
use std::ptr::NonNull;
use std::slice;

/// Most numbers of an array: 8 TiB of doubles.
const MOST_NUMBERS: usize = 1 << 40;

/// Memory of the host for one result or for an array of results.
pub(super) struct Output<T> {
    start: NonNull<T>,
    count: usize,
}

impl<T: Copy> Output<T> {
    /// Memory for one result.
    ///
    /// # Safety
    /// As in [`super`].
    pub unsafe fn one(what: &str, place: *mut T) -> Result<Self> {
        // SAFETY: the caller's promise.
        unsafe { Self::array(what, place, 1) }
    }

    /// Memory for `count` results.
    ///
    /// # Safety
    /// As in [`super`].
    pub unsafe fn array(what: &str, place: *mut T, count: usize) -> Result<Self> {
        Ok(Self { start: expect_pointer(what, place)?, count })
    }

    /// Memory for a structure that begins with its size, which the host has set.
    ///
    /// # Safety
    /// As in [`super`].
    pub unsafe fn sized(what: &str, place: *mut T) -> Result<Self> {
        // SAFETY: the caller's promise.
        let output = unsafe { Self::one(what, place)? };
        // SAFETY: such structures begin with an i64.
        let (expected, got) = (size_of::<T>() as i64, unsafe { place.cast::<i64>().read() });
        if got != expected {
            return Err(Error::BadShape(format!("{what}.struct_size: expected {expected}, got {got}")));
        }
        Ok(output)
    }

    /// Pointer to the first result.
    pub fn start(&self) -> *mut T {
        self.start.as_ptr()
    }

    /// Writes a single result.
    pub fn write(self, result: T) {
        self.write_all(&[result]);
    }

    /// Writes all results; their count is that of the memory.
    pub fn write_all(self, results: &[T]) {
        assert_eq!(results.len(), self.count, "results that fit their places");
        // SAFETY: the host lends memory for `count` results for this call, and `results` is memory of the library.
        unsafe { self.start.as_ptr().copy_from_nonoverlapping(results.as_ptr(), self.count) };
    }
}

/// Borrows an array of the host's.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn input<'a, T>(what: &str, start: *const T, count: usize) -> Result<&'a [T]> {
    let start = expect_pointer(what, start.cast_mut())?;
    // SAFETY: the host lends `count` numbers for this call; the count was checked where it came in.
    Ok(unsafe { slice::from_raw_parts(start.as_ptr(), count) })
}

/// Borrows fields of the host's and checks that they are finite.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn fields<'a>(what: &str, start: *const f64, count: usize) -> Result<&'a [f64]> {
    // SAFETY: the caller's promise.
    let fields = unsafe { input(what, start, count)? };
    expect_finite(what, fields)?;
    Ok(fields)
}

/// Borrows text in UTF-8; NULL is empty text. `spec: expected UTF-8 text, got byte 0xff at 3`.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn spec<'a>(what: &str, text: *const c_char) -> Result<&'a str> {
    if text.is_null() {
        return Ok("");
    }
    // SAFETY: the host lends text that ends with NUL.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|error| {
        let at = error.valid_up_to();
        Error::BadSpec(format!("{what}: expected UTF-8 text, got byte {:#04x} at {at}", text.to_bytes()[at]))
    })
}

/// Borrows the name of a file.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn path<'a>(what: &str, name: *const c_char) -> Result<&'a Path> {
    let name = expect_pointer(what, name.cast_mut())?;
    // SAFETY: the host lends text that ends with NUL.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    #[cfg(unix)]
    return Ok(Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name.to_bytes())));
    #[cfg(not(unix))]
    return name.to_str().map(Path::new).map_err(|error| Error::Io(format!("{what}: expected UTF-8 text: {error}")));
}

/// Checks a count of numbers, which has to be at least `least`.
pub(super) fn count(what: &str, least: usize, count: i64) -> Result<usize> {
    match usize::try_from(count) {
        Ok(count) if (least..=MOST_NUMBERS).contains(&count) => Ok(count),
        _ => Err(Error::BadShape(format!("{what}: expected {least} to {MOST_NUMBERS}, got {count}"))),
    }
}

/// Checks a batch of real fields; returns the number of fields, and of all their numbers.
pub(super) fn batch(what: &str, batch: i64, domain: &Domain) -> Result<(usize, usize)> {
    let (count, lattice) = (domain.count(), &domain.lattice);
    let most = MOST_NUMBERS / count;
    match usize::try_from(batch) {
        Ok(batch) if (1..=most).contains(&batch) => Ok((batch, batch * count)),
        _ => {
            let shape = lattice.shape();
            Err(Error::BadShape(format!(
                "{what}: expected 1 to {most} fields of {count} numbers ({shape}), got {batch}"
            )))
        }
    }
}

/// Checks that `count` counters of random numbers from `first` on are below 2^64 - 1.
pub(super) fn counters(first: u64, count: u64) -> Result<u64> {
    let most = u64::MAX - count;
    if first > most {
        return Err(Error::BadInput(format!("counter: expected at most {most}, got {first}")));
    }
    Ok(first)
}

/// An empty array with memory for `count` numbers; an error where memory is short.
pub(super) fn reserve(what: &str, count: usize) -> Result<Vec<f64>> {
    memory::reserved(what, count)
}

/// An array of `count` zeros; an error where memory is short.
pub(super) fn zeros(what: &str, count: usize) -> Result<Vec<f64>> {
    let mut numbers = reserve(what, count)?;
    numbers.resize(count, 0.0);
    Ok(numbers)
}

/// Checks that two objects live on the same lattice.
pub(super) fn expect_lattice(what: &str, expected: &Lattice, got: &Lattice) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::BadShape(format!("{what}: expected one on a lattice of {}, got {}", expected.shape(), got.shape())))
}

/// Memory of the host for a text, which is cut where the memory is too small.
pub(super) struct TextOutput {
    text: Option<NonNull<c_char>>,
    capacity: usize,
    needed: Output<i64>,
}

impl TextOutput {
    /// `text` may be NULL where `capacity` is 0.
    ///
    /// # Safety
    /// As in [`super`].
    pub unsafe fn new(text: *mut c_char, capacity: i64, needed: *mut i64) -> Result<Self> {
        let capacity = count("capacity", 0, capacity)?;
        let text = if capacity == 0 { None } else { Some(expect_pointer("text", text)?) };
        // SAFETY: the caller's promise.
        Ok(Self { text, capacity, needed: unsafe { Output::one("needed", needed)? } })
    }

    /// Writes as much of `content` as fits with a final NUL, and the size of all of it with its NUL.
    pub fn write(self, content: &str) {
        self.needed.write(content.len() as i64 + 1);
        let Some(text) = self.text else { return };
        let most = content.len().min(self.capacity - 1);
        let kept = (0..=most).rev().find(|&size| content.is_char_boundary(size)).unwrap_or(0);
        // SAFETY: the host lends `capacity` bytes, more than are kept.
        unsafe {
            text.as_ptr().copy_from_nonoverlapping(content.as_ptr().cast(), kept);
            text.as_ptr().add(kept).write(0);
        }
    }
}

fn expect_pointer<T>(what: &str, pointer: *mut T) -> Result<NonNull<T>> {
    let pointer = NonNull::new(pointer).ok_or_else(|| Error::NullArgument(what.into()))?;
    if !pointer.is_aligned() {
        let size = size_of::<T>();
        return Err(Error::BadInput(format!(
            "{what}: expected a pointer to numbers of {size} bytes, got a skewed one"
        )));
    }
    Ok(pointer)
}
