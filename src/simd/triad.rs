//! The memory bandwidth of this machine by the STREAM triad a = b + s c: what kernels out of the caches are compared with.
//!
//! J. D. McCalpin, IEEE TCCA Newsletter (1995). Counted are the bytes that the formula names, 24 for each element.

use crate::context::Context;
use std::time::Instant;

/// Numbers that a thread takes at once.
const PART: usize = 1 << 15;

/// Bytes per second of the triad on all threads of a context, with arrays of `count` doubles, the best of `repeats`.
pub fn triad_bandwidth(context: &Context, count: usize, repeats: usize) -> f64 {
    let (mut a, b, c) = (vec![0.0f64; count], vec![1.0f64; count], vec![2.0f64; count]);
    let mut best = f64::INFINITY;
    for _ in 0..repeats {
        let parts: Vec<_> = a.chunks_mut(PART).zip(b.chunks(PART).zip(c.chunks(PART))).collect();
        let parts: Vec<_> = parts.into_iter().map(std::sync::Mutex::new).collect();
        let start = Instant::now();
        context.share(parts.len(), |_, part| {
            if let Ok(mut part) = parts[part].lock() {
                let (a, (b, c)) = &mut *part;
                a.iter_mut().zip(b.iter().zip(c.iter())).for_each(|(a, (b, c))| *a = b + 3.0 * c);
            }
        });
        best = best.min(start.elapsed().as_secs_f64());
    }
    std::hint::black_box(&a);
    24.0 * count as f64 / best
}
