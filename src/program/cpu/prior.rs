//! Standard normal numbers straight into the lanes: the streams of `random.rs`, one for each sample.

use super::functions::{log_of_normal, sin_cos_of_turns};
use crate::random::{Purpose, Stream};
use crate::simd::Lanes;

/// Which streams to draw from: sample i of a batch uses `counter + i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Seed of the context.
    pub seed: u64,
    /// What the numbers are for.
    pub purpose: Purpose,
    /// Counter of the first sample.
    pub counter: u64,
}

#[repr(C, align(64))]
struct Uniforms([f64; 16]);

/// Fills `count` lines with normal numbers; lane i draws from the stream of `key.counter + i`, and lanes beyond the
/// last sample repeat it, so that nothing overflows there alone.
///
/// # Safety
/// `to` points to `count` lines.
#[inline(always)]
pub(super) unsafe fn normals<L: Lanes>(key: Key, samples: usize, count: usize, to: *mut L) {
    let mut streams: [Stream; 16] = std::array::from_fn(|lane| {
        let sample = lane.min(samples - 1) as u64;
        Stream::new(key.seed, key.purpose, key.counter.wrapping_add(sample))
    });
    let (mut first, mut second) = (Uniforms([0.0; 16]), Uniforms([0.0; 16]));
    for pair in 0..count.div_ceil(2) {
        for (lane, stream) in streams[..L::WIDTH].iter_mut().enumerate() {
            first.0[lane] = stream.uniform();
            second.0[lane] = stream.uniform();
        }
        // SAFETY: 16 doubles hold the lanes of either precision; `to` has `count` lines.
        unsafe {
            let u = L::Wide::constant(1.0) - *first.0.as_ptr().cast::<L::Wide>();
            let radius = (log_of_normal(u) * L::Wide::constant(-2.0)).sqrt();
            let (sine, cosine) = sin_cos_of_turns(*second.0.as_ptr().cast::<L::Wide>());
            *to.add(2 * pair) = L::narrow(radius * cosine);
            if 2 * pair + 1 < count {
                *to.add(2 * pair + 1) = L::narrow(radius * sine);
            }
        }
    }
}
