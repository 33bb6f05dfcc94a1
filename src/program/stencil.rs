//! Stencils and maps: which site feeds which, as tables.
//!
//! A stencil has T taps: output site s reads input site t(s, k) at tap k, or nothing. For each tap the map
//! s -> t(s, k) takes no input site twice, so that the transposed stencil is a stencil as well. A map of sites is a
//! stencil with one tap: shifts, masks, checkerboards and their inverses.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// No site: the tap reads zero.
pub const NONE: u32 = u32::MAX;

/// For each output site and tap the input site, or [`NONE`].
#[derive(Clone, Debug)]
pub struct Stencil {
    inputs: usize,
    outputs: usize,
    taps: usize,
    table: Arc<[u32]>,
    /// Hash of the table, taken once.
    digest: u64,
}

impl PartialEq for Stencil {
    fn eq(&self, other: &Self) -> bool {
        let shape = |s: &Self| (s.inputs, s.outputs, s.taps, s.digest);
        shape(self) == shape(other) && (Arc::ptr_eq(&self.table, &other.table) || self.table == other.table)
    }
}

impl Eq for Stencil {}

impl Hash for Stencil {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.inputs, self.outputs, self.taps, self.digest).hash(state);
    }
}

impl Stencil {
    /// A stencil from its table `table[s * taps + k]`.
    pub fn new(inputs: usize, taps: usize, table: Vec<u32>) -> Result<Self> {
        if taps == 0 || table.is_empty() || !table.len().is_multiple_of(taps) {
            return Err(Error::BadShape(format!(
                "stencil: expected a multiple of {taps} > 0 entries, got {}",
                table.len()
            )));
        }
        let mut last_reader = vec![NONE; inputs];
        for k in 0..taps {
            for (s, row) in table.chunks(taps).enumerate() {
                let t = row[k];
                if t == NONE {
                    continue;
                }
                let reader = last_reader.get_mut(t as usize).ok_or_else(|| {
                    Error::BadShape(format!(
                        "stencil: expected input sites below {inputs}, got {t} at site {s}, tap {k}"
                    ))
                })?;
                let mark = (k * (table.len() / taps) + s) as u32;
                if *reader != NONE && *reader as usize >= k * (table.len() / taps) {
                    return Err(Error::BadShape(format!("stencil: tap {k} reads input site {t} twice")));
                }
                *reader = mark;
            }
        }
        let outputs = table.len() / taps;
        Ok(Self { inputs, outputs, taps, digest: digest(&table), table: table.into() })
    }

    /// All sites of a lattice read their neighbours in a cube of odd width `kernel`; taps have x fastest.
    ///
    /// `from` and `to` are the sites (in order) that the input and output values hold.
    pub fn cube(lattice: &Lattice, kernel: usize, from: &[usize], to: &[usize]) -> Result<Self> {
        let reach = (kernel / 2) as i64;
        let taps = kernel.pow(lattice.dimensions() as u32);
        let mut position = vec![NONE; lattice.volume()];
        for (i, &site) in from.iter().enumerate() {
            position[site] = i as u32;
        }
        let mut table = Vec::with_capacity(to.len() * taps);
        for &site in to {
            for k in 0..taps {
                let mut rest = k;
                let displacement: Vec<i64> = (0..lattice.dimensions())
                    .map(|_| {
                        let d = (rest % kernel) as i64 - reach;
                        rest /= kernel;
                        d
                    })
                    .collect();
                table.push(position[lattice.shifted(site, &displacement)]);
            }
        }
        Self::new(from.len(), taps, table)
    }

    /// The map that picks `sites` out of `inputs` sites.
    pub fn pick(inputs: usize, sites: &[usize]) -> Result<Self> {
        Self::new(inputs, 1, sites.iter().map(|&s| s as u32).collect())
    }

    /// The map phi'(x) = phi(x + displacement) on a whole lattice.
    pub fn shift(lattice: &Lattice, displacement: &[i64]) -> Result<Self> {
        let sites: Vec<usize> = (0..lattice.volume()).map(|s| lattice.shifted(s, displacement)).collect();
        Self::pick(lattice.volume(), &sites)
    }

    /// Number of input sites.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of output sites.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of taps.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Input sites of an output site, one for each tap.
    pub fn row(&self, output: usize) -> &[u32] {
        &self.table[output * self.taps..(output + 1) * self.taps]
    }

    /// The stencil of the transposed linear map: the same taps, read backwards.
    pub fn transposed(&self) -> Self {
        let mut table = vec![NONE; self.inputs * self.taps];
        for s in 0..self.outputs {
            for (k, &t) in self.row(s).iter().enumerate() {
                if t != NONE {
                    table[t as usize * self.taps + k] = s as u32;
                }
            }
        }
        let digest = digest(&table);
        Self { inputs: self.outputs, outputs: self.inputs, taps: self.taps, digest, table: table.into() }
    }

    /// Number of (site, tap) pairs that read something: multiply-adds for one pair of channels.
    pub fn reads(&self) -> usize {
        self.table.iter().filter(|&&t| t != NONE).count()
    }
}

#[cfg(test)]
impl Stencil {
    /// The cube of a whole lattice.
    pub fn of_lattice(extents: &[usize], kernel: usize) -> Self {
        let lattice = Lattice::new(extents).expect("a lattice");
        let all: Vec<usize> = (0..lattice.volume()).collect();
        Self::cube(&lattice, kernel, &all, &all).expect("a stencil")
    }
}

/// FNV-1a of the words of a table.
fn digest(table: &[u32]) -> u64 {
    table.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &t| (sum ^ u64::from(t)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_gives_the_stencil_back() {
        let lattice = Lattice::new(&[4, 2]).unwrap();
        let all: Vec<usize> = (0..8).collect();
        let even: Vec<usize> = all.iter().copied().filter(|&s| lattice.parity(s) == 0).collect();
        let stencil = Stencil::cube(&lattice, 3, &even, &all).unwrap();
        assert_eq!(stencil.transposed().transposed(), stencil);
        assert_eq!(stencil.reads(), 4 * 9);
    }

    #[test]
    fn a_tap_that_reads_a_site_twice_is_refused() {
        let message = Stencil::new(2, 1, vec![1, 1]).unwrap_err().to_string();
        assert_eq!(message, "stencil: tap 0 reads input site 1 twice");
        assert!(Stencil::new(2, 2, vec![1, 1, 0, 0]).is_ok());
        assert!(Stencil::new(2, 1, vec![2]).is_err());
    }
}
