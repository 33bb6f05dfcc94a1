//! Random numbers as a pure function of (seed, purpose, counter, site).
//!
//! A key (seed, purpose, counter) names one PCG stream (`Pcg64Dxsm`: 128-bit state, 64-bit output, O'Neill,
//! HMC-CS-2014-0905); the position inside the stream is the site. State and increment are spread over all bits by
//! the finaliser of SplitMix64, so that streams with neighbouring keys are unrelated. There is no hidden state:
//! any number can be made again, alone, in any order, by any thread.
//!
//! A key has further streams, numbered by an index that is part of the word of the purpose; index 0 is the stream above.
//!
//! Uniforms are (n >> 11) 2^-53 in [0, 1). Normals come in pairs from draws 2j and 2j + 1 (Box-Muller):
//! r = sqrt(-2 log(1 - u_2j)), (r cos 2 pi u_2j+1, r sin 2 pi u_2j+1).

mod stream;
mod streams;

pub use stream::{Purpose, Stream};
pub(crate) use streams::{MULTIPLIER, Streams};
