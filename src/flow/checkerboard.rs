//! The two sublattices of a bipartite lattice, and the stencils between them.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::program::{NONE, Stencil};

/// Even and odd sites: each is a neighbour of the other alone.
#[derive(Clone, Debug)]
pub struct Checkerboard {
    lattice: Lattice,
    sites: [Vec<usize>; 2],
}

impl Checkerboard {
    /// The checkerboard of a lattice whose extents are all even.
    pub fn new(lattice: &Lattice) -> Result<Self> {
        const MOST_SITES: usize = 1 << 22;
        if !lattice.is_bipartite() {
            return Err(Error::BadShape(format!(
                "lattice: expected even extents for a checkerboard, got {}",
                lattice.shape()
            )));
        }
        if lattice.volume() > MOST_SITES {
            return Err(Error::BadShape(format!(
                "lattice: expected at most {MOST_SITES} sites for a model, got {}",
                lattice.shape()
            )));
        }
        let of_parity = |p| (0..lattice.volume()).filter(|&s| lattice.parity(s) == p).collect();
        Ok(Self { lattice: lattice.clone(), sites: [of_parity(0), of_parity(1)] })
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// Sites of one parity.
    pub fn half(&self) -> usize {
        self.sites[0].len()
    }

    /// The map from the lattice to the sites of one parity.
    pub fn pick(&self, parity: usize) -> Result<Stencil> {
        Stencil::pick(self.lattice.volume(), &self.sites[parity])
    }

    /// The map from the sites of one parity to the lattice, zero elsewhere.
    pub fn spread(&self, parity: usize) -> Result<Stencil> {
        let mut table = vec![NONE; self.lattice.volume()];
        for (i, &site) in self.sites[parity].iter().enumerate() {
            table[site] = i as u32;
        }
        Stencil::new(self.half(), 1, table)
    }

    /// A cube of odd width `kernel` around each site of `to`, reading sites of `from`; `None` is the whole lattice.
    pub fn cube(&self, kernel: usize, from: Option<usize>, to: Option<usize>) -> Result<Stencil> {
        let all: Vec<usize> = (0..self.lattice.volume()).collect();
        let sites = |which: Option<usize>| which.map_or(&all, |parity| &self.sites[parity]);
        Stencil::cube(&self.lattice, kernel, sites(from), sites(to))
    }
}
