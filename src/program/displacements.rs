//! Geometry of stencils on a torus: each output site reads the input sites at fixed displacements d_k from it.
//!
//! With sites as coordinates n on periodic lattices, x fastest in memory, output site n reads at tap k
//!
//! ```text
//! same extents     n + d_k
//! half extents     2 n + d_k                            (a strided convolution)
//! twice extents    the site m with 2 m + d_k = n, if any   (its transposed map)
//! ```
//!
//! modulo the extents of the finer lattice. Each of these maps takes no input site twice.

use crate::error::{Error, Result};
use crate::lattice::{coordinates, index};

/// Extents of the outputs of a stencil relative to those of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Outputs are on the lattice of the inputs.
    Same,
    /// Outputs are on the lattice of half the extents.
    Halved,
    /// Outputs are on the lattice of twice the extents.
    Doubled,
}

/// Displacements of the taps of a stencil on a torus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Displacements {
    /// Extents of the finer lattice, x first.
    extents: Vec<usize>,
    /// d_k modulo the extents.
    taps: Vec<Vec<usize>>,
    scale: Scale,
}

impl Displacements {
    /// Taps at displacements on a torus with the given extents of the finer lattice; halves and doubles need even ones.
    pub fn new(extents: &[usize], taps: &[Vec<i64>], scale: Scale) -> Result<Self> {
        if let Some(odd) = extents.iter().find(|&length| scale != Scale::Same && length % 2 == 1) {
            return Err(Error::BadShape(format!("stencil: expected even extents to halve, got {odd}")));
        }
        if let Some(tap) = taps.iter().find(|tap| tap.len() != extents.len()) {
            let (expected, got) = (extents.len(), tap.len());
            return Err(Error::BadShape(format!("displacement: expected {expected} coordinates, got {got}")));
        }
        let wrapped = |(&d, &length): (&i64, &usize)| d.rem_euclid(length as i64) as usize;
        let taps = taps.iter().map(|tap| tap.iter().zip(extents).map(wrapped).collect()).collect();
        Ok(Self { extents: extents.to_vec(), taps, scale })
    }

    /// Relation of the outputs to the inputs.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// d_k of each tap, modulo the extents of the finer lattice.
    pub fn taps(&self) -> &[Vec<usize>] {
        &self.taps
    }

    /// Extents of the lattice of the inputs, x first.
    pub fn inputs(&self) -> Vec<usize> {
        self.lattice(self.scale == Scale::Doubled)
    }

    /// Extents of the lattice of the outputs, x first.
    pub fn outputs(&self) -> Vec<usize> {
        self.lattice(self.scale == Scale::Halved)
    }

    fn lattice(&self, is_coarse: bool) -> Vec<usize> {
        let divisor = if is_coarse { 2 } else { 1 };
        self.extents.iter().map(|length| length / divisor).collect()
    }

    /// Displacements of the transposed map.
    pub(super) fn transposed(&self) -> Self {
        let opposite = |(&d, &length): (&usize, &usize)| (length - d) % length;
        let negative = |tap: &Vec<usize>| tap.iter().zip(&self.extents).map(opposite).collect();
        let (scale, taps) = match self.scale {
            Scale::Same => (Scale::Same, self.taps.iter().map(negative).collect()),
            Scale::Halved => (Scale::Doubled, self.taps.clone()),
            Scale::Doubled => (Scale::Halved, self.taps.clone()),
        };
        Self { extents: self.extents.clone(), taps, scale }
    }

    /// The common difference d_(k+1) - d_k inside all triples of taps (0, 1, 2), (3, 4, 5) .., as a displacement.
    pub(super) fn step_of_triples(&self) -> Option<Vec<usize>> {
        let difference = |a: &[usize], b: &[usize]| -> Vec<usize> {
            a.iter().zip(b).zip(&self.extents).map(|((&a, &b), &length)| (b + length - a) % length).collect()
        };
        let first = difference(self.taps.first()?, self.taps.get(1)?);
        let (triples, rest) = self.taps.as_chunks::<3>();
        let same = |[a, b, c]: &[Vec<usize>; 3]| difference(a, b) == first && difference(b, c) == first;
        (rest.is_empty() && triples.iter().all(same)).then_some(first)
    }

    /// Gives the input site, if any, of each output site and tap, `[output][tap]`, to a function.
    pub(super) fn for_each_read(&self, mut to: impl FnMut(Option<usize>)) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let mut read = vec![0; inputs.len()];
        for n in (0..outputs.iter().product()).map(|site| coordinates(site, &outputs)) {
            for tap in &self.taps {
                let is_site = self.read(&n, tap, &mut read);
                to(is_site.then(|| index(&read, &inputs)));
            }
        }
    }

    /// Coordinates of the input site that output site n reads at a displacement; false where there is none.
    fn read(&self, n: &[usize], tap: &[usize], to: &mut [usize]) -> bool {
        let mut is_site = true;
        for (mu, &length) in self.extents.iter().enumerate() {
            to[mu] = match self.scale {
                Scale::Same => (n[mu] + tap[mu]) % length,
                Scale::Halved => (2 * n[mu] + tap[mu]) % length,
                Scale::Doubled => {
                    let twice = (n[mu] + length - tap[mu]) % length;
                    is_site &= twice.is_multiple_of(2);
                    twice / 2
                }
            };
        }
        is_site
    }
}
