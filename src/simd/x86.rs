//! Lanes in the registers of x86-64: AVX-512 (512 bits) and AVX2 with FMA (256 bits).
//!
//! The functions are inlined into kernels that are compiled for the instruction set; `dispatch.rs` enters those only
//! where the processor has it.

use super::lanes::{Lanes, Order, Pair, Work};
use super::memory::Line;
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

macro_rules! register {
    ($(#[$doc:meta])* $name:ident, $register:ty, $($trait:ident $method:ident $intrinsic:ident),*) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name($register);
        $(impl $trait for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: values of this type exist only inside kernels entered after the processor was asked.
                unsafe { Self($intrinsic(self.0, other.0)) }
            }
        })*
    };
}

macro_rules! common {
    ($scalar:ty, $width:expr, $registers:expr, $set:ident, $fma:ident, $fnma:ident, $min:ident, $max:ident, $sqrt:ident, $stream:ident) => {
        type Scalar = $scalar;
        const WIDTH: usize = $width;
        const REGISTERS: usize = $registers;
        #[inline(always)]
        fn splat(x: $scalar) -> Self {
            // SAFETY: called only inside kernels entered after the processor was asked.
            unsafe { Self($set(x)) }
        }
        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($fma(self.0, a.0, b.0)) }
        }
        #[inline(always)]
        fn negative_mul_add(self, a: Self, b: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($fnma(self.0, a.0, b.0)) }
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($min(self.0, other.0)) }
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($max(self.0, other.0)) }
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            // SAFETY: as for splat.
            unsafe { Self($sqrt(self.0)) }
        }
        #[inline(always)]
        unsafe fn stream(self, to: *mut Self) {
            // SAFETY: the caller's promise, and as for splat.
            unsafe { $stream(to.cast(), self.0) }
        }
        #[inline(always)]
        fn fence() {
            // SAFETY: as for splat.
            unsafe { _mm_sfence() }
        }
        #[inline(always)]
        fn prefetch(line: *const Line) {
            // SAFETY: a prefetch of any address is allowed.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
        }
    };
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
unsafe fn isolate_512<W: Work>(work: W) {
    // SAFETY: the caller's promise.
    unsafe { work.run() }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma")]
unsafe fn isolate_256<W: Work>(work: W) {
    // SAFETY: the caller's promise.
    unsafe { work.run() }
}

const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

register!(
    /// 16 f32 in one register.
    F32x16, __m512, Add add _mm512_add_ps, Sub sub _mm512_sub_ps, Mul mul _mm512_mul_ps, Div div _mm512_div_ps
);
impl Lanes for F32x16 {
    #[inline(always)]
    unsafe fn isolate<W: Work>(work: W) {
        // SAFETY: the caller's promise, and as for splat.
        unsafe { isolate_512(work) }
    }
    type Wide = Pair<F64x8>;
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
    unsafe fn isolate<W: Work>(work: W) {
        // SAFETY: the caller's promise, and as for splat.
        unsafe { isolate_512(work) }
    }
    #[inline(always)]
    fn transposed(rows: [Self; 8]) -> [Self; 8] {
        // SAFETY: as for splat; this type is a register.
        unsafe {
            let rows = std::mem::transmute::<[Self; 8], [__m512d; 8]>(rows);
            std::mem::transmute::<[__m512d; 8], [Self; 8]>(super::transpose::transposed(rows))
        }
    }
    type Wide = F64x8;
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

register!(
    /// 8 f32 in one register.
    F32x8, __m256, Add add _mm256_add_ps, Sub sub _mm256_sub_ps, Mul mul _mm256_mul_ps, Div div _mm256_div_ps
);
impl Lanes for F32x8 {
    #[inline(always)]
    unsafe fn isolate<W: Work>(work: W) {
        // SAFETY: the caller's promise, and as for splat.
        unsafe { isolate_256(work) }
    }
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
    #[inline(always)]
    unsafe fn isolate<W: Work>(work: W) {
        // SAFETY: the caller's promise, and as for splat.
        unsafe { isolate_256(work) }
    }
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
