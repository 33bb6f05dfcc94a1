//! Large arrays.

use std::collections::TryReserveError;

/// An empty vector with room for `count` values, or the error that there is no memory for them.
///
/// Where the system gives pages of 2 MiB to those who ask (Linux, `transparent_hugepage`: `madvise`), large arrays ask:
/// the first touch of an array of 75 MB then meets 36 pages instead of 18,000, which takes longer than reading a file.
pub fn room<T>(count: usize) -> Result<Vec<T>, TryReserveError> {
    let mut room = vec![];
    room.try_reserve_exact(count)?;
    ask_for_large_pages(&mut room);
    Ok(room)
}

/// `count` copies of a value, as [`room`].
pub fn filled<T: Copy>(value: T, count: usize) -> Result<Vec<T>, TryReserveError> {
    let mut filled = room(count)?;
    filled.resize(count, value);
    Ok(filled)
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages<T>(room: &mut Vec<T>) {
    const PAGE: usize = 2 << 20;
    let bytes = room.capacity().saturating_mul(size_of::<T>());
    if bytes < 2 * PAGE {
        return;
    }
    let start = room.as_mut_ptr().cast::<u8>();
    let skipped = start.align_offset(PAGE);
    let whole = bytes.saturating_sub(skipped) / PAGE * PAGE;
    // SAFETY: whole pages inside memory that the vector owns; the advice changes no contents, and a system that does not
    // take it answers with an error that changes nothing.
    unsafe { libc::madvise(start.wrapping_add(skipped).cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages<T>(_room: &mut Vec<T>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_any_size_and_none_where_there_is_no_memory() {
        for count in [0, 1, 1000, 1 << 20, (1 << 20) + 7] {
            assert!(filled(1.5, count).unwrap().iter().sum::<f64>() == 1.5 * count as f64);
            assert!(room::<u8>(count).unwrap().capacity() >= count);
        }
        assert!(room::<f64>(usize::MAX / 8).is_err() && filled([0u64; 8], usize::MAX / 64).is_err());
    }
}
