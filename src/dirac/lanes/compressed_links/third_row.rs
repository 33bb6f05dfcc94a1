//! The third row of a link of SU(3) from the other two: conj(v_1 x v_2) times a factor.

use crate::simd::Lanes;

/// A complex number in lanes.
pub(crate) type Z<L> = [L; 2];

/// The complex number that begins at a line.
///
/// # Safety
/// Two lines begin at `at`. The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn complex<L: Lanes>(at: *const L) -> Z<L> {
    // SAFETY: the caller's promise.
    unsafe { [*at, *at.add(1)] }
}

/// conj(a b - c d).
#[inline(always)]
fn minor<L: Lanes>(a: Z<L>, b: Z<L>, c: Z<L>, d: Z<L>) -> Z<L> {
    let re = c[1].mul_add(d[1], a[1].negative_mul_add(b[1], c[0].negative_mul_add(d[0], a[0] * b[0])));
    let im = a[1].negative_mul_add(b[0], a[0].negative_mul_add(b[1], c[0].mul_add(d[1], c[1] * d[0])));
    [re, im]
}

/// A number of conj(v_1 x v_2) for a link in memory that has two rows.
///
/// # Safety
/// `link` points to the lines of two rows. The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn third<L: Lanes>(link: *const L, column: usize) -> Z<L> {
    let (i, j) = ((column + 1) % 3, (column + 2) % 3);
    // SAFETY: two rows of three numbers.
    unsafe {
        let at = |row: usize, column: usize| complex(link.add(2 * (3 * row + column)));
        minor(at(0, i), at(1, j), at(0, j), at(1, i))
    }
}

/// z times a factor in memory, or times its conjugate; factors of hops that stay in their box are real.
///
/// # Safety
/// `factor` points to the four lines of a direction's factors. The processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn scaled<L: Lanes, const CONJUGATE: bool>(z: Z<L>, factor: *const L, leaves: u16) -> Z<L> {
    // SAFETY: the caller's promise.
    let [re, im] = unsafe { complex(factor) };
    let [x, y] = [re * z[0], re * z[1]];
    if leaves == 0 {
        [x, y]
    } else if CONJUGATE {
        [im.mul_add(z[1], x), im.negative_mul_add(z[0], y)]
    } else {
        [im.negative_mul_add(z[1], x), im.mul_add(z[0], y)]
    }
}

/// A number of conj(v_1 x v_2).
#[inline(always)]
pub(crate) fn cross<L: Lanes>(rows: &[[Z<L>; 3]; 2], column: usize) -> Z<L> {
    let (i, j) = ((column + 1) % 3, (column + 2) % 3);
    minor(rows[0][i], rows[1][j], rows[0][j], rows[1][i])
}
