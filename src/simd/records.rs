//! Records of numbers that lie one after the other in memory, with one record in each lane.

// As in all kernels, loops are written out: a library function would be compiled without the instruction set.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

use super::lanes::Lanes;

/// Index of the first number of each lane's record.
pub(crate) type Places = [usize; 8];

/// Reads records into vectors: vector k < K holds number k of all records.
///
/// # Safety
/// There are K numbers from each place on; the lanes are eight doubles.
#[inline(always)]
pub(crate) unsafe fn gather<L: Lanes<Scalar = f64>, const K: usize>(from: *const f64, places: &Places) -> [L; K] {
    let mut numbers = [L::constant(0.0); K];
    // SAFETY: the caller's promise.
    unsafe {
        if K < 8 {
            for (k, number) in numbers.iter_mut().enumerate() {
                let mut column = Vector([0.0; 8]);
                for lane in 0..8 {
                    column.0[lane] = *from.add(places[lane] + k);
                }
                *number = (&raw const column).cast::<L>().read();
            }
            return numbers;
        }
        for first in (0..K).step_by(8) {
            // Where K is no multiple of eight, the last eight numbers overlap those before.
            let first = first.min(K - 8);
            let mut rows = [L::constant(0.0); 8];
            for lane in 0..8 {
                rows[lane] = from.add(places[lane] + first).cast::<L>().read_unaligned();
            }
            let columns = L::transposed(rows);
            for k in 0..8 {
                numbers[first + k] = columns[k];
            }
        }
    }
    numbers
}

/// Writes records from vectors: the inverse of [`gather`].
///
/// # Safety
/// As for [`gather`].
#[inline(always)]
pub(crate) unsafe fn scatter<L: Lanes<Scalar = f64>, const K: usize>(numbers: &[L; K], to: *mut f64, places: &Places) {
    // SAFETY: the caller's promise.
    unsafe {
        if K < 8 {
            for (k, &number) in numbers.iter().enumerate() {
                let mut column = Vector([0.0; 8]);
                (&raw mut column).cast::<L>().write(number);
                for lane in 0..8 {
                    *to.add(places[lane] + k) = column.0[lane];
                }
            }
            return;
        }
        for first in (0..K).step_by(8) {
            let first = first.min(K - 8);
            let mut columns = [L::constant(0.0); 8];
            for k in 0..8 {
                columns[k] = numbers[first + k];
            }
            let rows = L::transposed(columns);
            for lane in 0..8 {
                to.add(places[lane] + first).cast::<L>().write_unaligned(rows[lane]);
            }
        }
    }
}

/// A vector in memory.
#[repr(C, align(64))]
struct Vector([f64; 8]);
