//! Specs of masks: the registry. A new mask is a line here.
//!
//! Couplings of one mask follow each other in a cycle: on a checkerboard even and odd sites are left unchanged alternately, in stripes
//! the two sets of rows of each direction in turn, of modes those of even and of odd frequency. In a hierarchical mask the sites
//! whose coordinates on the grid are all even are never moved: the grid of twice the spacing, from which the others are made
//! (in the spirit of arXiv:2604.10209).

use super::coupling::Board;
use super::mask::{Mask, Reach};
use super::modes::frequency;
use super::partition::Partition;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which sites a coupling leaves unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskSpec {
    /// Sites with an even, or with an odd sum of coordinates.
    #[default]
    Checkerboard,
    /// Sites with an even, or with an odd coordinate in one direction, all directions in turn.
    Stripes,
    /// Sites whose coordinates are all even are always left unchanged.
    Hierarchical,
    /// Fourier modes of a path with even, or with odd frequency.
    Modes,
}

impl MaskSpec {
    /// True for the default.
    pub fn is_checkerboard(&self) -> bool {
        *self == MaskSpec::Checkerboard
    }

    fn name(self) -> &'static str {
        match self {
            MaskSpec::Checkerboard => "checkerboard",
            MaskSpec::Stripes => "stripes",
            MaskSpec::Hierarchical => "hierarchical",
            MaskSpec::Modes => "modes",
        }
    }
}

/// Where couplings act: a mask on a grid of some spacing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The mask.
    pub mask: MaskSpec,
    /// Spacing of the grid.
    pub spacing: usize,
}

/// Masks of couplings that follow each other, each with the number of the set that is left unchanged.
pub type Cycle = Vec<(Board, usize)>;

impl Place {
    /// The masks on a lattice.
    pub fn cycle(self, lattice: &Lattice) -> Result<Cycle> {
        if self.mask == MaskSpec::Modes {
            return self.of_modes(lattice);
        }
        let grid = self.grid(lattice)?;
        let is_even = |site: usize| (0..grid.dimensions()).all(|mu| grid.coordinate(site, mu).is_multiple_of(2));
        let masks: Vec<Mask> = match self.mask {
            MaskSpec::Stripes => (0..grid.dimensions())
                .map(|mu| Mask::new(&grid, Reach::Cube, |site| Some(grid.coordinate(site, mu) % 2)))
                .collect::<Result<_>>()?,
            // New sites of even and of odd parity in turn; in one dimension all are odd.
            MaskSpec::Hierarchical => (usize::from(grid.dimensions() == 1)..2)
                .map(|parity| {
                    let is_moved = |site: usize| !is_even(site) && grid.parity(site) == parity;
                    Mask::new(&grid, Reach::Cube, |site| Some(usize::from(is_moved(site))))
                })
                .collect::<Result<_>>()?,
            _ => vec![Mask::checkerboard(&grid)?],
        };
        let mut cycle = vec![];
        for mask in masks {
            let board = Board::on_grid(lattice, mask, self.spacing)?;
            cycle.push((board.clone(), 0));
            if self.mask != MaskSpec::Hierarchical {
                cycle.push((board, 1));
            }
        }
        Ok(cycle)
    }

    /// The modes of a path.
    fn of_modes(self, lattice: &Lattice) -> Result<Cycle> {
        expect(self.spacing == 1, "spacing", "1 for mask 'modes'", self.spacing)?;
        let mask = Mask::new(lattice, Reach::All, |mode| Some(frequency(mode) % 2))?;
        let board = Board { partition: Arc::new(Partition::of_modes(lattice, mask.sets())?), mask };
        Ok(vec![(board.clone(), 0), (board, 1)])
    }

    /// The grid, which has even extents.
    fn grid(self, lattice: &Lattice) -> Result<Lattice> {
        let Self { mask, spacing } = self;
        if mask == MaskSpec::Checkerboard && spacing == 1 {
            return Ok(lattice.clone());
        }
        if lattice.extent().iter().any(|length| !length.is_multiple_of(2 * spacing)) {
            let (wanted, name) = (2 * spacing, mask.name());
            let expected = format!("expected multiples of {wanted} as extents for mask '{name}' of spacing {spacing}");
            return Err(Error::BadShape(format!("lattice: {expected}, got {}", lattice.shape())));
        }
        Lattice::new(&lattice.extent().iter().map(|length| length / spacing).collect::<Vec<_>>())
    }
}
