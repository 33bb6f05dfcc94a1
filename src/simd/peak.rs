//! The multiply-add peak of this machine, measured: what the kernels are compared with.

use super::instructions::Instructions;
use super::lanes::{Lanes, Real, Work};
use super::portable::Array;
#[cfg(target_arch = "x86_64")]
use super::{
    lanes::Pair,
    x86_256::{F32x8, F64x4},
    x86_512::{F32x16, F64x8},
};
use crate::context::{Context, Precision};
use std::time::Instant;

/// Multiply-adds in one turn of the loop: enough independent ones to hide their latency.
const CHAINS: usize = 12;

struct Turns<'a, L: Lanes> {
    turns: usize,
    sum: &'a mut f64,
    _lanes: std::marker::PhantomData<L>,
}

impl<L: Lanes> Work for Turns<'_, L> {
    #[inline(always)]
    unsafe fn run(self) {
        let mut sums = [L::constant(0.0); CHAINS];
        for (i, sum) in sums.iter_mut().enumerate() {
            // Unknown to the compiler, which would otherwise compute equal chains once.
            *sum = L::constant(std::hint::black_box(i as f64));
        }
        let (factor, term) = (L::constant(0.999), L::constant(0.001));
        for _ in 0..self.turns {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, term);
            }
        }
        for sum in sums {
            *self.sum += sum.sum().to_f64();
        }
    }
}

fn turns<L: Lanes>(turns: usize) -> f64 {
    let mut sum = 0.0;
    // SAFETY: the work touches its own memory alone; the caller chose an instruction set that the processor has.
    unsafe { L::isolate(Turns::<L> { turns, sum: &mut sum, _lanes: std::marker::PhantomData }) };
    std::hint::black_box(sum);
    (2 * CHAINS * L::WIDTH * turns) as f64
}

/// Floating-point operations per second of all threads of a context in multiply-adds on registers alone.
pub fn multiply_add_peak(context: &Context, precision: Precision, seconds: f64) -> f64 {
    let work: fn(usize) -> f64 = match (Instructions::best(), precision) {
        #[cfg(target_arch = "x86_64")]
        (Instructions::Avx512, Precision::F32) => turns::<F32x16>,
        #[cfg(target_arch = "x86_64")]
        (Instructions::Avx512, Precision::F64) => turns::<F64x8>,
        #[cfg(target_arch = "x86_64")]
        (Instructions::Avx2, Precision::F32) => turns::<Pair<F32x8>>,
        #[cfg(target_arch = "x86_64")]
        (Instructions::Avx2, Precision::F64) => turns::<Pair<F64x4>>,
        (_, Precision::F32) => turns::<Array<f32, 16>>,
        (_, Precision::F64) => turns::<Array<f64, 8>>,
    };
    let rates = context.broadcast(|| {
        let (start, mut flops) = (Instant::now(), 0.0);
        while start.elapsed().as_secs_f64() < seconds {
            flops += work(10_000);
        }
        flops / start.elapsed().as_secs_f64()
    });
    rates.into_iter().sum()
}
