//! Eight streams of random numbers side by side, with the numbers of [`Stream`](super::Stream) bit for bit.
//!
//! ```text
//! s <- M s + increment  mod 2^128,    number = output(s before the step),    s = 2^64 high + low
//! ```

#![allow(clippy::needless_range_loop)]

use super::stream::{GOLDEN, Purpose, mix};

/// Streams side by side.
const WIDTH: usize = 8;

/// The multiplier M of the generator, and of its output function.
pub(crate) const MULTIPLIER: u64 = 0xda94_2042_e4dd_58b5;

/// Eight streams: low and high words of their states and increments.
#[derive(Clone)]
#[repr(C, align(64))]
pub(crate) struct Streams {
    /// `[low, high][stream]`.
    pub state: [[u64; WIDTH]; 2],
    /// `[low, high][stream]`; odd.
    pub increment: [[u64; WIDTH]; 2],
}

impl Streams {
    /// The first streams of eight keys, which differ in their counters alone.
    #[inline(always)]
    pub fn new(seed: u64, purpose: Purpose, counters: &[u64; WIDTH]) -> Self {
        let mut streams = Self { state: [[0; WIDTH]; 2], increment: [[0; WIDTH]; 2] };
        let a = mix(seed.wrapping_add(GOLDEN));
        let b = mix(a ^ purpose.word(0).wrapping_mul(GOLDEN));
        for lane in 0..WIDTH {
            let c = mix(b ^ counters[lane].wrapping_add(GOLDEN));
            let d = mix(c.wrapping_add(GOLDEN));
            let (high, low) = (mix(d ^ b), mix(c ^ a));
            // The increment is 2 stream + 1, and the first state a step after key + increment.
            streams.increment[0][lane] = low << 1 | 1;
            streams.increment[1][lane] = high << 1 | low >> 63;
            streams.state[0][lane] = d;
            streams.state[1][lane] = c;
        }
        for lane in 0..WIDTH {
            let key = joined(&streams.state, lane);
            streams.set(lane, key.wrapping_add(joined(&streams.increment, lane)));
            streams.step(lane);
        }
        streams
    }

    /// The next uniform number of one stream in [0, 1), a multiple of 2^-53.
    #[inline(always)]
    pub fn uniform(&mut self, lane: usize) -> f64 {
        let [low, high] = [self.state[0][lane], self.state[1][lane]];
        let mut number = high ^ high >> 32;
        number = number.wrapping_mul(MULTIPLIER);
        number ^= number >> 48;
        number = number.wrapping_mul(low | 1);
        self.step(lane);
        (number >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    #[inline(always)]
    fn step(&mut self, lane: usize) {
        let product = joined(&self.state, lane).wrapping_mul(u128::from(MULTIPLIER));
        self.set(lane, product.wrapping_add(joined(&self.increment, lane)));
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, state: u128) {
        (self.state[0][lane], self.state[1][lane]) = (state as u64, (state >> 64) as u64);
    }
}

/// The number whose low and high words those of a lane are.
#[inline(always)]
fn joined(words: &[[u64; WIDTH]; 2], lane: usize) -> u128 {
    u128::from(words[1][lane]) << 64 | u128::from(words[0][lane])
}

#[cfg(test)]
mod tests {
    use super::super::Stream;
    use super::*;

    #[test]
    fn numbers_are_those_of_single_streams() {
        let counters = [0, 1, 2, 77, u64::MAX, 1 << 40, 12345, 6];
        for seed in [0, 3, u64::MAX] {
            let mut streams = Streams::new(seed, Purpose::Heatbath, &counters);
            for (lane, &counter) in counters.iter().enumerate() {
                let mut stream = Stream::new(seed, Purpose::Heatbath, counter);
                for _ in 0..100 {
                    assert_eq!(streams.uniform(lane), stream.uniform());
                }
            }
        }
    }
}
