//! Masks of couplings: two sets of sites, of which a coupling reads one and moves the other, and the stencils between them.
//!
//! The sites of both sets lie on a grid: every s-th site of the lattice in each direction, with s the spacing. What a network
//! reads and gives are sites of the grid, so that kernels are as wide on a coarse grid as on the lattice itself, in units of
//! its spacing. All other sites of the lattice stay as they are, and no network sees them.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{NONE, Stencil};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Two sets of sites of a grid.
#[derive(Clone, Debug)]
pub struct Mask {
    grid: Lattice,
    /// Sites of the grid in each set.
    sets: [Vec<usize>; 2],
    reach: Reach,
    /// Stencils made so far: layers share their tables.
    stencils: Arc<Mutex<HashMap<Between, Stencil>>>,
}

/// What a number of a network depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Numbers in a cube around it.
    Cube,
    /// All numbers of a set, by weights of their own; hidden layers have no sites.
    All,
}

/// Width of a cube, and the sets that a stencil reads and gives; `None` is the whole grid.
type Between = (usize, Option<usize>, Option<usize>);

impl Mask {
    /// The mask of a grid whose sites are in the set that `set_of` gives, or in none.
    pub fn new(grid: &Lattice, reach: Reach, set_of: impl Fn(usize) -> Option<usize>) -> Result<Self> {
        const MOST_SITES: usize = 1 << 22;
        if grid.volume() > MOST_SITES {
            return Err(Error::BadShape(format!(
                "lattice: expected at most {MOST_SITES} sites for a model, got {}",
                grid.shape()
            )));
        }
        let set = |number: usize| {
            let mut sites = memory::reserved("sites of a mask", grid.volume())?;
            sites.extend((0..grid.volume()).filter(|&site| set_of(site) == Some(number)));
            sites.shrink_to_fit();
            Ok::<_, Error>(sites)
        };
        Ok(Self { grid: grid.clone(), sets: [set(0)?, set(1)?], reach, stencils: Arc::default() })
    }

    /// Even and odd sites of a lattice whose extents are all even: all neighbours of an even site are odd.
    pub fn checkerboard(lattice: &Lattice) -> Result<Self> {
        if !lattice.is_bipartite() {
            let expected = "expected even extents for a checkerboard";
            return Err(Error::BadShape(format!("lattice: {expected}, got {}", lattice.shape())));
        }
        Self::new(lattice, Reach::Cube, |site| Some(lattice.parity(site)))
    }

    /// The grid.
    pub fn grid(&self) -> &Lattice {
        &self.grid
    }

    /// Sites of the grid in each set.
    pub fn sets(&self) -> &[Vec<usize>; 2] {
        &self.sets
    }

    /// The stencil of a layer of a network: a cube of odd width `kernel` around each site, or all numbers of a set.
    pub fn stencil(&self, kernel: usize, from: Option<usize>, to: Option<usize>) -> Result<Stencil> {
        let mut stencils = self.stencils.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = stencils.get(&(kernel, from, to)) {
            return Ok(known.clone());
        }
        let stencil = match self.reach {
            Reach::Cube => self.cube(kernel, from, to)?,
            Reach::All => self.all(from, to)?,
        };
        stencils.insert((kernel, from, to), stencil.clone());
        Ok(stencil)
    }

    fn cube(&self, kernel: usize, from: Option<usize>, to: Option<usize>) -> Result<Stencil> {
        let all = memory::collected("sites of the lattice", 0..self.grid.volume())?;
        let sites = |which: Option<usize>| which.map_or(&all, |set| &self.sets[set]);
        // The table, its copies while it is made, and that of the transposed stencil.
        let neighbours = kernel.pow(self.grid.dimensions() as u32).saturating_mul(sites(to).len());
        memory::expect("tables of neighbours", neighbours.saturating_mul(4 * size_of::<u32>()))?;
        Stencil::cube(&self.grid, kernel, sites(from), sites(to))
    }

    /// From a set to the one place of hidden layers with a tap for each site, from there to a set in the same way, or within it.
    fn all(&self, from: Option<usize>, to: Option<usize>) -> Result<Stencil> {
        let count = |set: usize| self.sets[set].len();
        match (from, to) {
            (Some(from), _) => Stencil::new(count(from), count(from), (0..count(from) as u32).collect()),
            (None, None) => Stencil::identity(1),
            (None, Some(to)) => {
                let mut table = memory::filled("table of a stencil", NONE, count(to) * count(to))?;
                (0..count(to)).for_each(|site| table[site * count(to) + site] = 0);
                Stencil::new(1, count(to), table)
            }
        }
    }
}
