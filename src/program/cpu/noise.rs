//! Normal and uniform numbers, drawn directly into the lanes: the streams of `random/stream.rs`, one for each sample.

use super::super::feed::Key;
use crate::random::Stream;
use crate::simd::functions::{is_single, log_of_normal, sin_cos_of_turns};
use crate::simd::{Lanes, Real};

#[repr(C, align(64))]
struct Uniforms([f64; 16]);

/// The streams of the lanes after some draws; lanes beyond the last sample repeat it, so that nothing overflows there alone.
#[inline(always)]
fn streams(key: Key, samples: usize, draws: usize) -> [Stream; 16] {
    std::array::from_fn(|lane| {
        let mut stream = key.stream(lane.min(samples - 1) as u64);
        if draws > 0 {
            stream.advance(draws as u64);
        }
        stream
    })
}

/// Fills `count` lines with normal numbers, those from `start` on of each stream; lane i draws from the stream of
/// `key.counter + i`.
///
/// # Safety
/// `to` points to `count` lines.
#[inline(always)]
pub(in super::super) unsafe fn normals<L: Lanes>(key: Key, samples: usize, (start, count): (usize, usize), to: *mut L) {
    let mut streams = streams(key, samples, start - start % 2);
    let (mut first, mut second) = (Uniforms([0.0; 16]), Uniforms([0.0; 16]));
    // Numbers come in pairs; an odd start leaves out the first one of its pair.
    let odd = start % 2;
    for pair in 0..(count + odd).div_ceil(2) {
        for (lane, stream) in streams[..L::WIDTH].iter_mut().enumerate() {
            first.0[lane] = stream.uniform();
            second.0[lane] = stream.uniform();
        }
        // SAFETY: 16 doubles hold the lanes of either precision; `to` has `count` lines.
        unsafe {
            let u = L::Wide::constant(1.0) - *first.0.as_ptr().cast::<L::Wide>();
            let radius = (log_of_normal(u) * L::Wide::constant(-2.0)).sqrt();
            let (sine, cosine) = sin_cos_of_turns(*second.0.as_ptr().cast::<L::Wide>());
            if 2 * pair >= odd {
                *to.add(2 * pair - odd) = L::narrow(radius * cosine);
            }
            if 2 * pair + 1 < count + odd {
                *to.add(2 * pair + 1 - odd) = L::narrow(radius * sine);
            }
        }
    }
}

/// Fills `count` lines with uniform numbers in [0, 1), those from `start` on of each stream: the first 24 bits of a draw in f32, 53 in f64.
///
/// # Safety
/// As for [`normals`].
#[inline(always)]
pub(in super::super) unsafe fn uniforms<L: Lanes>(
    key: Key,
    samples: usize,
    (start, count): (usize, usize),
    to: *mut L,
) {
    let digits = if is_single::<L>() { 24 } else { 53 };
    let unit = 1.0 / (1u64 << digits) as f64;
    let mut streams = streams(key, samples, start);
    let scalars = to.cast::<L::Scalar>();
    for i in 0..count {
        for (lane, stream) in streams[..L::WIDTH].iter_mut().enumerate() {
            let u = (stream.bits() >> (64 - digits)) as f64 * unit;
            // SAFETY: `to` has `count` lines.
            unsafe { *scalars.add(i * L::WIDTH + lane) = L::Scalar::from_f64(u) };
        }
    }
}
