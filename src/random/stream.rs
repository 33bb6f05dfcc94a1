//! One stream of random numbers.

use rand_core::Rng;
use rand_pcg::Pcg64Dxsm;

/// What a random number is for; numbers of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Prior of a model while it samples.
    Prior = 1,
    /// Prior of a model while it trains.
    Training = 2,
    /// Initial parameters of a network.
    Parameters = 3,
    /// Momenta of hybrid Monte Carlo.
    Momentum = 4,
    /// Accept or reject.
    Accept = 5,
    /// Starting fields.
    Start = 6,
    /// Counters of the proposals of a chain.
    Proposal = 7,
    /// Resampling in statistics.
    Resampling = 8,
    /// Seeds of the kernels in a cycle.
    Kernel = 9,
    /// Heat baths of links.
    Heatbath = 10,
    /// Pseudofermions.
    Pseudofermion = 11,
    /// Start vectors of eigenvalue searches.
    Eigenvector = 12,
    /// Conditions of a model while it trains.
    Condition = 13,
    /// Choice of given fields while a model trains.
    Data = 14,
    /// Noise of Langevin proposals.
    Langevin = 15,
    /// Swaps and paths of replicas and of tempered transitions.
    Tempering = 16,
    /// Clusters, and local moves between them.
    Cluster = 17,
    /// Populations of annealed Monte Carlo.
    Annealing = 18,
    /// Noise of Langevin steps that are not adjusted, and of complex ones.
    Noise = 19,
}

impl Purpose {
    /// The word of the purpose in a key, for the stream with an index below 2^56; it is the purpose itself for the first.
    pub fn word(self, index: u64) -> u64 {
        (self as u64).wrapping_add(index << 8)
    }
}

/// One stream: the random numbers of all sites for one (seed, purpose, counter).
#[derive(Clone, Debug)]
pub struct Stream {
    generator: Pcg64Dxsm,
}

pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64.
#[inline(always)]
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Stream {
    /// The stream of a key, at its first number.
    pub fn new(seed: u64, purpose: Purpose, counter: u64) -> Self {
        Self::numbered(seed, purpose, counter, 0)
    }

    /// The stream with an index among those of a key, at its first number; index 0 is that of [`Stream::new`].
    pub fn numbered(seed: u64, purpose: Purpose, counter: u64, index: u64) -> Self {
        let a = mix(seed.wrapping_add(GOLDEN));
        let b = mix(a ^ purpose.word(index).wrapping_mul(GOLDEN));
        let c = mix(b ^ counter.wrapping_add(GOLDEN));
        let d = mix(c.wrapping_add(GOLDEN));
        let state = (u128::from(c) << 64) | u128::from(d);
        let stream = (u128::from(mix(d ^ b)) << 64) | u128::from(mix(c ^ a));
        Self { generator: Pcg64Dxsm::new(state, stream) }
    }

    /// Jumps ahead by `draws` numbers of 64 bits.
    pub fn advance(&mut self, draws: u64) {
        self.generator.advance(u128::from(draws));
    }

    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// The next uniform number in [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Fills `out` with standard normal numbers, starting at an even draw; an odd last one uses up a whole pair.
    pub fn normals(&mut self, out: &mut [f64]) {
        for pair in out.chunks_mut(2) {
            let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
            let (sine, cosine) = (2.0 * std::f64::consts::PI * self.uniform()).sin_cos();
            pair[0] = radius * cosine;
            if let Some(second) = pair.get_mut(1) {
                *second = radius * sine;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_depend_on_the_key_and_the_site_alone() {
        let mut all = [0.0; 10];
        Stream::new(1, Purpose::Prior, 7).normals(&mut all);
        let mut stream = Stream::new(1, Purpose::Prior, 7);
        stream.advance(6);
        let mut tail = [0.0; 4];
        stream.normals(&mut tail);
        assert_eq!(all[6..], tail);
        for key in [(2, Purpose::Prior, 7), (1, Purpose::Momentum, 7), (1, Purpose::Prior, 8)] {
            let mut other = [0.0; 10];
            Stream::new(key.0, key.1, key.2).normals(&mut other);
            assert!(all.iter().zip(&other).all(|(a, b)| a != b));
        }
    }

    #[test]
    fn streams_of_a_key_differ_and_the_first_is_that_of_the_key() {
        let first: Vec<u64> = (0..64).map(|index| Stream::numbered(1, Purpose::Prior, 7, index).bits()).collect();
        assert_eq!(first[0], Stream::new(1, Purpose::Prior, 7).bits());
        let mut words: Vec<u64> = (0..64).map(|index| Purpose::Prior.word(index)).collect();
        words.extend((0..64).map(|index| Purpose::Training.word(index)));
        for numbers in [first, words] {
            let distinct: std::collections::BTreeSet<u64> = numbers.iter().copied().collect();
            assert_eq!(distinct.len(), numbers.len());
        }
    }

    #[test]
    fn normals_have_the_moments_of_a_normal_distribution_within_and_across_streams() {
        let n = 4096;
        let mut sums = [0.0; 5];
        for counter in 0..n {
            let mut z = [0.0; 16];
            Stream::new(3, Purpose::Prior, counter).normals(&mut z);
            for i in 0..16 {
                let x = z[i];
                sums[0] += x;
                sums[1] += x * x;
                sums[2] += x * x * x;
                sums[3] += x * x * x * x;
                sums[4] += x * z[(i + 1) % 16];
            }
        }
        let count = (16 * n) as f64;
        let exact = [(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0), (0.0, 1.0)];
        for (sum, (mean, variance)) in sums.iter().zip(exact) {
            let error: f64 = (variance / count).sqrt();
            assert!((sum / count - mean).abs() < 5.0 * error, "{} against {mean} +- {error}", sum / count);
        }
    }
}
