//! The memory bandwidth of this machine by the STREAM triad a = b + s c, for comparison with kernels beyond the caches.
//!
//! J. D. McCalpin, IEEE TCCA Newsletter (1995). Counted are the bytes that the formula names, 24 for each element.

use crate::context::Context;
use std::time::Instant;

/// Numbers in each piece of a thread's work.
const PART: usize = 1 << 15;

/// The arrays of the triad.
pub struct Triad {
    arrays: [Vec<f64>; 3],
}

impl Triad {
    /// Arrays of `count` doubles.
    pub fn new(count: usize) -> Self {
        Self { arrays: [0.0, 1.0, 2.0].map(|x| vec![x; count]) }
    }

    /// Bytes per second of one run on all threads of a context.
    pub fn bandwidth(&mut self, context: &Context) -> f64 {
        let [a, b, c] = &mut self.arrays;
        let bytes = 24.0 * a.len() as f64;
        let start = Instant::now();
        context.share_chunks(a, PART, |part, a| {
            let own = part * PART..part * PART + a.len();
            a.iter_mut().zip(b[own.clone()].iter().zip(&c[own])).for_each(|(a, (b, c))| *a = b + 3.0 * c);
        });
        bytes / start.elapsed().as_secs_f64()
    }
}
