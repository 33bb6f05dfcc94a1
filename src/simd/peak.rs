//! The multiply-add peak of this machine, measured, for comparison with the kernels.
//!
//! Chains x <- a x + b are iterated in registers, several independent ones side by side. Too few leave the units idle
//! while a result is on its way; too many do not fit into the registers. How many are best depends on the processor and
//! on the instruction set, so some numbers of chains are tried first and the fastest is measured.

use super::instructions::Instructions;
use super::lanes::{Lanes, Real};
use super::native::{Launch, Native, launch};
use super::portable::Array;
use crate::context::{Context, Precision};
use crate::error::Result;

/// Iterations of all chains between two readings of the clock: about ten microseconds.
const TURNS: usize = 2_000;

/// A number of independent chains, each a vector.
struct Chains<'a, const COUNT: usize> {
    flops: &'a mut usize,
    sum: &'a mut f64,
}

impl<const COUNT: usize> Chains<'_, COUNT> {
    #[inline(always)]
    fn iterate<L: Lanes>(self) {
        let mut chains = [L::constant(0.0); COUNT];
        for (i, x) in chains.iter_mut().enumerate() {
            // Values hidden from the compiler, which would otherwise compute equal chains once.
            *x = L::constant(std::hint::black_box(i as f64));
        }
        let (a, b) = (L::constant(0.999), L::constant(0.001));
        for _ in 0..TURNS {
            for x in &mut chains {
                *x = x.mul_add(a, b);
            }
        }
        for x in chains {
            *self.sum += x.sum().to_f64();
        }
        *self.flops = 2 * COUNT * L::WIDTH * TURNS;
    }
}

impl<T: Native, const COUNT: usize> Launch<T> for Chains<'_, COUNT> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = T>>(self) {
        self.iterate::<L>();
    }
}

/// Runs COUNT chains of logical vectors, of 64 bytes, with an instruction set that the processor has; returns the number of
/// operations.
fn logical<T: Native, const COUNT: usize>(instructions: Instructions) -> usize {
    let (mut sum, mut flops) = (0.0, 0);
    // SAFETY: the work accesses its own memory alone; the processor has the instruction set, as the caller ensures.
    unsafe { launch::<T>(instructions, Chains::<COUNT> { flops: &mut flops, sum: &mut sum }) };
    std::hint::black_box(sum);
    flops
}

/// The same with vectors of 16 bytes, the registers of every processor of 64 bits, whatever the instruction set.
#[inline(never)]
fn small<L: Lanes, const COUNT: usize>(_: Instructions) -> usize {
    let (mut sum, mut flops) = (0.0, 0);
    Chains::<COUNT> { flops: &mut flops, sum: &mut sum }.iterate::<L>();
    std::hint::black_box(sum);
    flops
}

type Iterate = fn(Instructions) -> usize;

/// Numbers of chains to try. Registers hold 32 logical vectors with AVX-512, 8 with AVX2, 4 or 8 elsewhere.
fn candidates<T: Native, Small: Lanes>() -> [Iterate; 13] {
    [
        logical::<T, 1>,
        logical::<T, 2>,
        logical::<T, 3>,
        logical::<T, 4>,
        logical::<T, 5>,
        logical::<T, 6>,
        logical::<T, 7>,
        logical::<T, 8>,
        logical::<T, 12>,
        logical::<T, 16>,
        logical::<T, 24>,
        small::<Small, 14>,
        small::<Small, 28>,
    ]
}

/// The clock that measures the time of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Wall-clock time, as for figures of kernels.
    Wall,
    /// Processor time of the thread: the rate does not depend on other work on the machine.
    Thread,
}

impl Clock {
    /// Seconds since some moment.
    pub fn now(self) -> f64 {
        let clock = match self {
            Clock::Wall => libc::CLOCK_MONOTONIC,
            Clock::Thread => libc::CLOCK_THREAD_CPUTIME_ID,
        };
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the structure is the one that the call writes.
        unsafe { libc::clock_gettime(clock, &raw mut time) };
        time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
    }
}

/// A measurement of the peak.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    /// The instruction set, which the processor must have.
    pub instructions: Instructions,
    /// Precision of the numbers that are multiplied and added.
    pub precision: Precision,
    /// The clock that measures the time.
    pub clock: Clock,
    /// How long it is measured, after a search for the number of chains that takes half as long.
    pub seconds: f64,
}

impl Peak {
    /// Floating-point operations per second of all threads of a context in multiply-adds on registers alone.
    pub fn measure(&self, context: &Context) -> Result<f64> {
        self.instructions.require()?;
        let candidates = match self.precision {
            Precision::F32 => candidates::<f32, Array<f32, 4>>(),
            Precision::F64 => candidates::<f64, Array<f64, 2>>(),
        };
        let trial = 0.5 * self.seconds / candidates.len() as f64;
        let rates = context.broadcast(|| {
            let [first, rest @ ..] = candidates.map(|iterate| (self.rate(iterate, trial), iterate));
            let best = rest.into_iter().fold(first, |best, other| if other.0 > best.0 { other } else { best });
            self.rate(best.1, self.seconds)
        });
        Ok(rates.into_iter().sum())
    }

    /// Operations per second of a loop that runs for some seconds.
    fn rate(&self, iterate: Iterate, seconds: f64) -> f64 {
        let (start, mut elapsed, mut flops) = (self.clock.now(), 0.0, 0);
        while elapsed < seconds {
            flops += iterate(self.instructions);
            elapsed = self.clock.now() - start;
        }
        flops as f64 / elapsed
    }
}

/// Floating-point operations per second of all threads of a context in multiply-adds on registers alone, with the
/// instruction set that the kernels use; measured for `seconds` of wall-clock time.
pub fn multiply_add_peak(context: &Context, precision: Precision, seconds: f64) -> f64 {
    let peak = Peak { instructions: Instructions::best(), precision, clock: Clock::Wall, seconds };
    match peak.measure(context) {
        Ok(rate) => rate,
        Err(error) => unreachable!("the instruction set that the kernels use: {error}"),
    }
}
