//! The two sublattices of a bipartite lattice, and the stencils between them.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{NONE, Stencil};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Even and odd sites: all neighbours of an even site are odd, and all neighbours of an odd site are even.
#[derive(Clone, Debug)]
pub struct Checkerboard {
    lattice: Lattice,
    sites: [Vec<usize>; 2],
    /// Cubes made so far, by width and by the sites that they read and give: layers share their tables.
    cubes: Arc<Mutex<HashMap<Cube, Stencil>>>,
}

/// Width of a cube, and the parities of the sites that it reads and gives.
type Cube = (usize, Option<usize>, Option<usize>);

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
        let of_parity = |p| {
            let mut sites = memory::reserved("sites of a sublattice", lattice.volume() / 2)?;
            sites.extend((0..lattice.volume()).filter(|&s| lattice.parity(s) == p));
            Ok::<_, Error>(sites)
        };
        Ok(Self { lattice: lattice.clone(), sites: [of_parity(0)?, of_parity(1)?], cubes: Arc::default() })
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
        let mut table = memory::filled("sites of the sublattice", NONE, self.lattice.volume())?;
        for (i, &site) in self.sites[parity].iter().enumerate() {
            table[site] = i as u32;
        }
        Stencil::new(self.half(), 1, table)
    }

    /// A cube of odd width `kernel` around each site of `to`, reading sites of `from`; `None` is the whole lattice.
    pub fn cube(&self, kernel: usize, from: Option<usize>, to: Option<usize>) -> Result<Stencil> {
        let mut cubes = self.cubes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cubes.get(&(kernel, from, to)) {
            return Ok(known.clone());
        }
        let all = memory::collected("sites of the lattice", 0..self.lattice.volume())?;
        let sites = |which: Option<usize>| which.map_or(&all, |parity| &self.sites[parity]);
        // The table, its copies while it is made, and that of the transposed stencil.
        let neighbours = kernel.pow(self.lattice.dimensions() as u32).saturating_mul(sites(to).len());
        memory::expect("tables of neighbours", neighbours.saturating_mul(4 * size_of::<u32>()))?;
        let cube = Stencil::cube(&self.lattice, kernel, sites(from), sites(to))?;
        cubes.insert((kernel, from, to), cube.clone());
        Ok(cube)
    }
}
