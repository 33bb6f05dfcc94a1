//! The checksum of SciDAC records: two sums over sites of the CRC-32 of a site's bytes.
//!
//! a is the xor of the sums rotated left by site mod 29, b of those rotated left by site mod 31.

use std::fmt;

/// The two sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteChecksum {
    /// With rotations modulo 29: `suma`.
    pub a: u32,
    /// With rotations modulo 31: `sumb`.
    pub b: u32,
}

impl SiteChecksum {
    /// The sums over sites of so many bytes each.
    pub fn of(bytes: &[u8], site: usize) -> Self {
        let mut sums = Self::default();
        for (x, bytes) in bytes.chunks(site).enumerate() {
            let crc = crc32fast::hash(bytes);
            sums.a ^= crc.rotate_left((x % 29) as u32);
            sums.b ^= crc.rotate_left((x % 31) as u32);
        }
        sums
    }
}

impl fmt::Display for SiteChecksum {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:x} {:x}", self.a, self.b)
    }
}
