//! Allocation of arrays whose size the user chooses: shortage of memory is an error and never ends the process.
//!
//! Every such array is allocated here: volumes, batches, counts, lists of a spec, sizes of files. Bookkeeping of a
//! fixed, small size (handles, messages, one entry for each direction, term or thread) uses Rust's own allocation.

use crate::error::{Error, Result};

/// An empty vector of capacity `count`; the error where there is no memory for it begins with the field name `what`.
///
/// Where the system gives pages of 2 MiB on request (Linux, `transparent_hugepage`: `madvise`), large arrays request
/// them: an array of 75 MB then has 36 pages instead of 18,000, whose first access takes longer than reading a file.
pub fn reserved<T>(what: &str, count: usize) -> Result<Vec<T>> {
    let mut array = vec![];
    array.try_reserve_exact(count).map_err(|_| missing::<T>(what, count))?;
    ask_for_large_pages(&mut array);
    Ok(array)
}

/// `count` copies of a value, as [`reserved`].
pub fn filled<T: Copy>(what: &str, value: T, count: usize) -> Result<Vec<T>> {
    let mut filled = reserved(what, count)?;
    filled.resize(count, value);
    Ok(filled)
}

/// A copy of an array, as [`reserved`].
pub fn cloned<T: Copy>(what: &str, array: &[T]) -> Result<Vec<T>> {
    let mut copy = reserved(what, array.len())?;
    copy.extend_from_slice(array);
    Ok(copy)
}

/// All values of an iterator of known length, in a vector allocated as [`reserved`].
pub fn collected<T>(what: &str, values: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>> {
    let mut collected = reserved(what, values.len())?;
    collected.extend(values);
    Ok(collected)
}

/// `count` values, each computed from its index by a function that may fail, in a vector allocated as [`reserved`].
pub fn tried<T>(what: &str, count: usize, make: impl FnMut(usize) -> Result<T>) -> Result<Vec<T>> {
    let mut made = reserved(what, count)?;
    for value in (0..count).map(make) {
        made.push(value?);
    }
    Ok(made)
}

/// Appends a value to a growing array, with the error of [`reserved`].
pub fn push<T>(what: &str, array: &mut Vec<T>, value: T) -> Result<()> {
    array.try_reserve(1).map_err(|_| missing::<T>(what, array.len() + 1))?;
    array.push(value);
    Ok(())
}

/// Checks that `bytes` can be allocated, before calls of libraries that end the process where they cannot: allocates
/// and frees them. Another thread may allocate them in between.
pub fn expect(what: &str, bytes: usize) -> Result<()> {
    // This memory is never accessed, so that the system need not find pages for it.
    let mut taken = Vec::<u8>::new();
    taken.try_reserve_exact(bytes).map_err(|_| missing::<u8>(what, bytes))?;
    // Without `black_box` the compiler may remove the unused allocation and assume that it succeeds.
    std::hint::black_box(&taken);
    Ok(())
}

/// The error where there is no memory for `count` values: `field: expected memory of 4096 bytes, got none`.
pub fn missing<T>(what: &str, count: usize) -> Error {
    let bytes = (count as u128).saturating_mul(size_of::<T>() as u128);
    Error::BadShape(format!("{what}: expected memory of {bytes} bytes, got none"))
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages<T>(array: &mut Vec<T>) {
    const PAGE: usize = 2 << 20;
    let bytes = array.capacity().saturating_mul(size_of::<T>());
    if bytes < 2 * PAGE {
        return;
    }
    let start = array.as_mut_ptr().cast::<u8>();
    let skipped = start.align_offset(PAGE);
    let whole = bytes.saturating_sub(skipped) / PAGE * PAGE;
    // SAFETY: whole pages inside memory that the vector owns; the advice changes no contents, and a system that does
    // not support it returns an error that changes nothing.
    unsafe { libc::madvise(start.wrapping_add(skipped).cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages<T>(_array: &mut Vec<T>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_any_size_and_none_where_there_is_no_memory() {
        for count in [0, 1, 1000, 1 << 20, (1 << 20) + 7] {
            assert!(filled("numbers", 1.5, count).unwrap().iter().sum::<f64>() == 1.5 * count as f64);
            assert!(reserved::<u8>("bytes", count).unwrap().capacity() >= count);
            assert!(collected("numbers", 0..count).unwrap().into_iter().eq(0..count));
        }
        assert_eq!(cloned("numbers", &[1, 2, 3]).unwrap(), [1, 2, 3]);
        assert_eq!(tried("squares", 4, |i| Ok(i * i)).unwrap(), [0, 1, 4, 9]);
        let mut grown = vec![1];
        push("numbers", &mut grown, 2).unwrap();
        assert_eq!(grown, [1, 2]);
        expect("numbers", 1 << 20).unwrap();
    }

    #[test]
    fn where_there_is_no_memory_the_error_says_for_what_and_how_much() {
        let message = |result: Result<Vec<f64>>| result.unwrap_err();
        let expected =
            Error::BadShape(format!("field: expected memory of {} bytes, got none", usize::MAX as u128 / 8 * 8));
        assert_eq!(message(reserved("field", usize::MAX / 8)), expected);
        assert_eq!(message(filled("field", 1.0, usize::MAX / 8)), expected);
        assert_eq!(message(tried("field", usize::MAX / 8, |_| Ok(1.0))), expected);
        assert!(filled("lines", [0u64; 8], usize::MAX / 64).is_err() && expect("file", usize::MAX / 2 + 1).is_err());
    }
}
