//! Transpose of an 8 x 8 matrix of doubles in eight registers: 24 shuffles instead of 64 loads.

#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;

/// The transpose of a matrix whose rows are registers.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
pub(super) unsafe fn transposed(r: [__m512d; 8]) -> [__m512d; 8] {
    // SAFETY: the caller's promise.
    unsafe {
        // Blocks of 2 x 2 numbers, then of 4 x 4, then of 8 x 8.
        let near = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
        let far = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
        let mut halves = [[_mm512_setzero_pd(); 4]; 2];
        for half in 0..2 {
            let [a, b, c, d] = [r[4 * half], r[4 * half + 1], r[4 * half + 2], r[4 * half + 3]];
            let even = [_mm512_unpacklo_pd(a, b), _mm512_unpacklo_pd(c, d)];
            let odd = [_mm512_unpackhi_pd(a, b), _mm512_unpackhi_pd(c, d)];
            halves[half] = [
                _mm512_permutex2var_pd(even[0], near, even[1]),
                _mm512_permutex2var_pd(odd[0], near, odd[1]),
                _mm512_permutex2var_pd(even[0], far, even[1]),
                _mm512_permutex2var_pd(odd[0], far, odd[1]),
            ];
        }
        let mut columns = r;
        for k in 0..4 {
            columns[k] = _mm512_shuffle_f64x2::<0x44>(halves[0][k], halves[1][k]);
            columns[k + 4] = _mm512_shuffle_f64x2::<0xee>(halves[0][k], halves[1][k]);
        }
        columns
    }
}
