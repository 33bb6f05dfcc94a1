//! TA(U A) of all links, A the sum of the staples: the direction in which Σ_p (N − Re tr U_p) falls fastest is −TA(U A).

use super::colours::with_colours;
use super::group::Group;
use super::loops::Loops;
use super::paths::Links;
use crate::error::Result;
use crate::lattice::{Lattice, Neighbours};

/// The slope of the sum over plaquettes on a lattice.
pub struct Slope {
    group: Group,
    dimensions: usize,
    neighbours: Neighbours,
    plaquettes: Loops,
}

impl Slope {
    /// For links of a group on a lattice.
    pub fn new(lattice: &Lattice, group: Group) -> Result<Self> {
        let dimensions = lattice.dimensions();
        let (neighbours, plaquettes) = (Neighbours::new(lattice)?, Loops::plaquettes(dimensions));
        Ok(Self { group, dimensions, neighbours, plaquettes })
    }

    /// Writes the antihermitian matrices, in the layout of the links, to `algebra`.
    pub fn write(&self, links: &[f64], algebra: &mut [f64]) {
        with_colours!(self.group, write(self, links, algebra));
    }
}

fn write<const N: usize>(slope: &Slope, numbers: &[f64], algebra: &mut [f64]) {
    let links = Links { numbers, neighbours: &slope.neighbours };
    for (index, out) in algebra.chunks_exact_mut(2 * N * N).enumerate() {
        let (site, mu) = (index / slope.dimensions, index % slope.dimensions);
        let product = links.link::<N>(site, mu) * slope.plaquettes.staple(&links, site, mu);
        product.antihermitian().to_reals(out);
    }
}
