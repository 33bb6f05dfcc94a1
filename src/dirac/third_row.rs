//! The third row of a link of SU(3), conj(v_1 x v_2), from the other two.

use crate::simd::Lanes;

/// A complex number in lanes.
pub(super) type Z<L> = [L; 2];

/// The complex number that begins at a line.
#[inline(always)]
pub(super) unsafe fn complex<L: Lanes>(at: *const L) -> Z<L> {
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

/// A number of the third row of a link that has two: factor conj(v_1 x v_2).
#[inline(always)]
pub(super) unsafe fn third<L: Lanes>(link: *const L, column: usize, factor: *const L) -> Z<L> {
    let (i, j) = ((column + 1) % 3, (column + 2) % 3);
    // SAFETY: two rows of three numbers, and one.
    unsafe {
        let at = |row: usize, column: usize| complex(link.add(2 * (3 * row + column)));
        let ([re, im], f) = (minor(at(0, i), at(1, j), at(0, j), at(1, i)), complex(factor));
        [f[1].negative_mul_add(im, f[0] * re), f[1].mul_add(re, f[0] * im)]
    }
}

/// A number of conj(v_1 x v_2).
#[inline(always)]
pub(super) fn cross<L: Lanes>(rows: &[[Z<L>; 3]; 2], column: usize) -> Z<L> {
    let (i, j) = ((column + 1) % 3, (column + 2) % 3);
    minor(rows[0][i], rows[1][j], rows[0][j], rows[1][i])
}
