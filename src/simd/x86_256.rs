//! Lanes in the registers of x86-64 with AVX2 and FMA (256 bits).

use super::lanes::{Lanes, Pair, Work};
use super::line::Line;
use super::x86::{NEAREST, common, register};
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

/// # Safety
/// The processor has these features.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
unsafe fn isolate_256<W: Work>(work: W) {
    // SAFETY: the caller's promise.
    unsafe { work.run() }
}

register!(
    /// 8 f32 in one register.
    F32x8, __m256, Add add _mm256_add_ps, Sub sub _mm256_sub_ps, Mul mul _mm256_mul_ps, Div div _mm256_div_ps
);
impl Lanes for F32x8 {
    type Wide = Pair<F64x4>;
    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: as for splat.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
    common!(
        isolate_256,
        f32,
        8,
        16,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_fnmadd_ps,
        _mm256_min_ps,
        _mm256_max_ps,
        _mm256_sqrt_ps,
        _mm256_stream_ps
    );
    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm256_round_ps::<NEAREST>(self.0)) }
    }
    #[inline(always)]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as for splat.
        unsafe {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(n.0), _mm256_set1_epi32(127));
            Self(_mm256_mul_ps(self.0, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))))
        }
    }
    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        // SAFETY: as for splat.
        unsafe {
            let bits = _mm256_castps_si256(self.0);
            let exponent = _mm256_sub_epi32(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(127));
            let fraction = _mm256_and_si256(bits, _mm256_set1_epi32((1 << 23) - 1));
            let mantissa = _mm256_or_si256(fraction, _mm256_castps_si256(_mm256_set1_ps(1.0)));
            (Self(_mm256_cvtepi32_ps(exponent)), Self(_mm256_castsi256_ps(mantissa)))
        }
    }
    #[inline(always)]
    fn where_positive(self, yes: Self, no: Self) -> Self {
        // SAFETY: as for splat.
        unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, _mm256_setzero_ps());
            Self(_mm256_blendv_ps(no.0, yes.0, positive))
        }
    }
    #[inline(always)]
    fn widen(self) -> Self::Wide {
        // SAFETY: as for splat.
        unsafe {
            let low = _mm256_castps256_ps128(self.0);
            let high = _mm256_extractf128_ps::<1>(self.0);
            Pair(F64x4(_mm256_cvtps_pd(low)), F64x4(_mm256_cvtps_pd(high)))
        }
    }
    #[inline(always)]
    fn narrow(wide: Self::Wide) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm256_set_m128(_mm256_cvtpd_ps(wide.1.0), _mm256_cvtpd_ps(wide.0.0))) }
    }
}

register!(
    /// 4 f64 in one register.
    F64x4, __m256d, Add add _mm256_add_pd, Sub sub _mm256_sub_pd, Mul mul _mm256_mul_pd, Div div _mm256_div_pd
);
impl Lanes for F64x4 {
    type Wide = F64x4;
    #[inline(always)]
    fn sum(self) -> f64 {
        // SAFETY: as for splat.
        unsafe {
            let two = _mm_add_pd(_mm256_castpd256_pd128(self.0), _mm256_extractf128_pd::<1>(self.0));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }
    common!(
        isolate_256,
        f64,
        4,
        16,
        _mm256_set1_pd,
        _mm256_fmadd_pd,
        _mm256_fnmadd_pd,
        _mm256_min_pd,
        _mm256_max_pd,
        _mm256_sqrt_pd,
        _mm256_stream_pd
    );
    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: as for splat.
        unsafe { Self(_mm256_round_pd::<NEAREST>(self.0)) }
    }
    #[inline(always)]
    fn times_power_of_two(self, n: Self) -> Self {
        // SAFETY: as for splat.
        unsafe {
            let integer = _mm256_cvtepi32_epi64(_mm256_cvtpd_epi32(n.0));
            let biased = _mm256_add_epi64(integer, _mm256_set1_epi64x(1023));
            Self(_mm256_mul_pd(self.0, _mm256_castsi256_pd(_mm256_slli_epi64::<52>(biased))))
        }
    }
    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        // SAFETY: as for splat.
        unsafe {
            let bits = _mm256_castpd_si256(self.0);
            // 2^52 + e as a double has e in its lowest bits: AVX2 cannot convert 64-bit integers.
            let magic = _mm256_set1_pd(4_503_599_627_370_496.0);
            let raised = _mm256_or_si256(_mm256_srli_epi64::<52>(bits), _mm256_castpd_si256(magic));
            let offset = _mm256_set1_pd(4_503_599_627_370_496.0 + 1023.0);
            let exponent = _mm256_sub_pd(_mm256_castsi256_pd(raised), offset);
            let fraction = _mm256_and_si256(bits, _mm256_set1_epi64x((1 << 52) - 1));
            let mantissa = _mm256_or_si256(fraction, _mm256_castpd_si256(_mm256_set1_pd(1.0)));
            (Self(exponent), Self(_mm256_castsi256_pd(mantissa)))
        }
    }
    #[inline(always)]
    fn where_positive(self, yes: Self, no: Self) -> Self {
        // SAFETY: as for splat.
        unsafe {
            let positive = _mm256_cmp_pd::<_CMP_GT_OQ>(self.0, _mm256_setzero_pd());
            Self(_mm256_blendv_pd(no.0, yes.0, positive))
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
