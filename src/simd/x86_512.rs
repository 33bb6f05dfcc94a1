//! Lanes in the registers of x86-64 with AVX-512 (512 bits).

use super::lanes::{Lanes, Order, Pair, Work};
use super::line::Line;
use super::x86::{NEAREST, common, register};
use super::x86_256::{F32x8, F64x4};
use crate::random::{MULTIPLIER, Streams};
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

/// # Safety
/// The processor has these features.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
unsafe fn isolate_512<W: Work>(work: W) {
    // SAFETY: the caller's promise.
    unsafe { work.run() }
}

/// The register, in an empty statement that compilers leave where it stands.
///
/// # Safety
/// The processor has these features.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn in_order_512(mut register: __m512i) -> __m512i {
    // SAFETY: no instruction at all.
    unsafe { std::arch::asm!("/* {0} */", inout(zmm_reg) register, options(nomem, nostack, preserves_flags)) };
    register
}

register!(
    /// 16 f32 in one register.
    F32x16, __m512, Add add _mm512_add_ps, Sub sub _mm512_sub_ps, Mul mul _mm512_mul_ps, Div div _mm512_div_ps
);
impl Lanes for F32x16 {
    type Wide = Pair<F64x8>;
    #[inline(always)]
    fn in_order(self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm512_castsi512_ps(in_order_512(_mm512_castps_si512(self.0)))) }
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: as for splat.
        unsafe {
            let half = _mm256_add_ps(_mm512_castps512_ps256(self.0), _mm512_extractf32x8_ps::<1>(self.0));
            F32x8(half).sum()
        }
    }
    #[inline(always)]
    fn permute(self, order: &Order) -> Self {
        // SAFETY: as for splat; an order is a line of 64 bytes.
        unsafe {
            let order = _mm512_load_si512((&raw const order.0).cast());
            Self(_mm512_permutexvar_ps(order, self.0))
        }
    }
    common!(
        isolate_512,
        f32,
        16,
        32,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_fnmadd_ps,
        _mm512_min_ps,
        _mm512_max_ps,
        _mm512_sqrt_ps,
        _mm512_stream_ps
    );
    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm512_roundscale_ps::<NEAREST>(self.0)) }
    }
    #[inline(always)]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm512_scalef_ps(self.0, n.0)) }
    }
    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        // SAFETY: as for splat.
        unsafe {
            let mantissa = _mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self.0);
            (Self(_mm512_getexp_ps(self.0)), Self(mantissa))
        }
    }
    #[inline(always)]
    fn where_positive(self, yes: Self, no: Self) -> Self {
        // SAFETY: as for splat.
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_ps());
            Self(_mm512_mask_blend_ps(positive, no.0, yes.0))
        }
    }
    #[inline(always)]
    fn widen(self) -> Self::Wide {
        // SAFETY: as for splat.
        unsafe {
            let low = _mm512_castps512_ps256(self.0);
            let high = _mm512_extractf32x8_ps::<1>(self.0);
            Pair(F64x8(_mm512_cvtps_pd(low)), F64x8(_mm512_cvtps_pd(high)))
        }
    }
    #[inline(always)]
    fn narrow(wide: Self::Wide) -> Self {
        // SAFETY: as for splat.
        unsafe {
            let low = _mm512_castps256_ps512(_mm512_cvtpd_ps(wide.0.0));
            Self(_mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(wide.1.0)))
        }
    }
}

register!(
    /// 8 f64 in one register.
    F64x8, __m512d, Add add _mm512_add_pd, Sub sub _mm512_sub_pd, Mul mul _mm512_mul_pd, Div div _mm512_div_pd
);
impl Lanes for F64x8 {
    #[inline(always)]
    fn transposed(rows: [Self; 8]) -> [Self; 8] {
        // SAFETY: as for splat; this type is a register.
        unsafe {
            let rows = std::mem::transmute::<[Self; 8], [__m512d; 8]>(rows);
            std::mem::transmute::<[__m512d; 8], [Self; 8]>(super::transpose::transposed(rows))
        }
    }
    #[inline(always)]
    fn uniforms(streams: &mut Streams, pending: Self) -> Self {
        // SAFETY: as for splat; words of streams are eight numbers of 64 bits.
        unsafe {
            let words = |words: &[u64; 8]| _mm512_loadu_si512(words.as_ptr().cast());
            let multiplier = _mm512_set1_epi64(MULTIPLIER as i64);
            let (low, high) = (words(&streams.state[0]), words(&streams.state[1]));
            let mut number = _mm512_xor_si512(high, _mm512_srli_epi64::<32>(high));
            number = _mm512_mullo_epi64(number, multiplier);
            number = _mm512_xor_si512(number, _mm512_srli_epi64::<48>(number));
            number = _mm512_mullo_epi64(number, _mm512_or_si512(low, _mm512_set1_epi64(1)));
            // low M from products of halves, then high M into its high word.
            let half = _mm512_set1_epi64(0xffff_ffff);
            let (above, by) = (_mm512_srli_epi64::<32>(low), _mm512_srli_epi64::<32>(multiplier));
            let first = _mm512_mul_epu32(low, multiplier);
            let second = _mm512_add_epi64(_mm512_mul_epu32(above, multiplier), _mm512_srli_epi64::<32>(first));
            let third = _mm512_add_epi64(_mm512_mul_epu32(low, by), _mm512_and_si512(second, half));
            let fourth = _mm512_add_epi64(_mm512_mul_epu32(above, by), _mm512_srli_epi64::<32>(second));
            let mut next = [
                _mm512_or_si512(_mm512_slli_epi64::<32>(third), _mm512_and_si512(first, half)),
                _mm512_add_epi64(fourth, _mm512_srli_epi64::<32>(third)),
            ];
            next[1] = _mm512_add_epi64(next[1], _mm512_mullo_epi64(high, multiplier));
            let increment = [words(&streams.increment[0]), words(&streams.increment[1])];
            next[0] = _mm512_add_epi64(next[0], increment[0]);
            next[1] = _mm512_add_epi64(next[1], increment[1]);
            let carry = _mm512_cmplt_epu64_mask(next[0], increment[0]);
            next[1] = _mm512_mask_add_epi64(next[1], carry, next[1], _mm512_set1_epi64(1));
            let going = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(pending.0, _mm512_setzero_pd());
            // Whole words, since what is stored under a mask is not read again at once.
            let after = [_mm512_mask_mov_epi64(low, going, next[0]), _mm512_mask_mov_epi64(high, going, next[1])];
            _mm512_storeu_si512(streams.state[0].as_mut_ptr().cast(), after[0]);
            _mm512_storeu_si512(streams.state[1].as_mut_ptr().cast(), after[1]);
            let number = _mm512_cvtepu64_pd(_mm512_srli_epi64::<11>(number));
            Self(_mm512_mul_pd(number, _mm512_set1_pd(1.0 / 9_007_199_254_740_992.0)))
        }
    }
    type Wide = F64x8;
    #[inline(always)]
    fn in_order(self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm512_castsi512_pd(in_order_512(_mm512_castpd_si512(self.0)))) }
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        // SAFETY: as for splat.
        unsafe {
            let half = _mm256_add_pd(_mm512_castpd512_pd256(self.0), _mm512_extractf64x4_pd::<1>(self.0));
            F64x4(half).sum()
        }
    }
    #[inline(always)]
    fn permute(self, order: &Order) -> Self {
        // SAFETY: as for splat; an order is a line of 64 bytes.
        unsafe {
            let order = _mm512_load_si512((&raw const order.0).cast());
            Self(_mm512_castps_pd(_mm512_permutexvar_ps(order, _mm512_castpd_ps(self.0))))
        }
    }
    common!(
        isolate_512,
        f64,
        8,
        32,
        _mm512_set1_pd,
        _mm512_fmadd_pd,
        _mm512_fnmadd_pd,
        _mm512_min_pd,
        _mm512_max_pd,
        _mm512_sqrt_pd,
        _mm512_stream_pd
    );
    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm512_roundscale_pd::<NEAREST>(self.0)) }
    }
    #[inline(always)]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm512_scalef_pd(self.0, n.0)) }
    }
    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        // SAFETY: as for splat.
        unsafe {
            let mantissa = _mm512_getmant_pd::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self.0);
            (Self(_mm512_getexp_pd(self.0)), Self(mantissa))
        }
    }
    #[inline(always)]
    fn where_positive(self, yes: Self, no: Self) -> Self {
        // SAFETY: as for splat.
        unsafe {
            let positive = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_pd());
            Self(_mm512_mask_blend_pd(positive, no.0, yes.0))
        }
    }
    #[inline(always)]
    fn widen(self) -> Self {
        self
    }
    #[inline(always)]
    fn narrow(wide: Self) -> Self {
        wide
    }
}
