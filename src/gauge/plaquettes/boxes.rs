//! A slice of a lattice cut into eight equal boxes, one in each SIMD lane.
//!
//! A *place* is the same site in all boxes. Its neighbours are places too, but that lanes are moved by a box where a box is
//! left. The last direction is not cut: slices are the lattice at one of its coordinates.

use crate::error::Result;
use crate::lattice::{Cut, Lattice, coordinates};
use crate::memory;
use crate::simd::{Order, Places};
use std::array::from_fn;

/// Lanes of doubles in all instruction sets.
pub(crate) const WIDTH: usize = 8;

/// A neighbour in a slice: its place in the box, and the permutation of the lanes that leads there (0: identity).
#[derive(Clone, Copy)]
pub(crate) struct Neighbour {
    pub place: u32,
    pub order: u32,
}

/// A slice in boxes.
pub(crate) struct Boxes {
    /// Directions of the lattice, the last one too.
    pub dimensions: usize,
    /// Extents of a box, and places in it.
    pub local: Vec<usize>,
    pub places: usize,
    pub orders: [Order; WIDTH],
    /// The sites of a slice that are in the lanes of a place.
    lanes: Vec<[u32; WIDTH]>,
    /// Steps from a place: `[place][direction but the last][forward, back]`.
    hops: Vec<[Neighbour; 2]>,
    /// The product of two permutations of the lanes.
    joined: [[u32; WIDTH]; WIDTH],
    /// Directions but the last, as bits, in which a place is the first of its box.
    firsts: Vec<u32>,
    cut: Cut,
}

/// Eight boxes of a slice; None where it cannot be cut so.
fn cut(slice: &[usize]) -> Option<Cut> {
    let longest =
        |local: &[usize]| (0..local.len()).filter(|&mu| local[mu].is_multiple_of(2)).max_by_key(|&mu| local[mu]);
    Cut::halved(slice, WIDTH, longest)
}

impl Boxes {
    /// Cuts the slices of a lattice; None where they cannot be cut.
    pub fn new(lattice: &Lattice) -> Result<Option<Self>> {
        let Some(cut) = lattice.extent().split_last().and_then(|(_, slice)| cut(slice)) else { return Ok(None) };
        let (local, places) = (cut.local(), cut.places());
        let hop = |place: usize, mu: usize, length: i64| {
            let to = cut.step(place, mu, length);
            Neighbour { place: to.place as u32, order: cut.shift(mu, to.boxes) as u32 }
        };
        let mut hops = memory::reserved("steps between places", places * local.len())?;
        for place in 0..places {
            hops.extend((0..local.len()).map(|mu| [1, -1].map(|length| hop(place, mu, length))));
        }
        let firsts = |place| (0..).zip(coordinates(place, local)).map(|(mu, x)| u32::from(x == 0) << mu).sum();
        let lanes = (0..places).map(|place| from_fn(|lane| cut.site(place, lane) as u32));
        Ok(Some(Self {
            dimensions: lattice.dimensions(),
            places,
            orders: from_fn(|by| Order(from_fn(|i| (2 * cut.moved(i / 2, by) + i % 2) as u32))),
            lanes: memory::collected("sites of places", lanes)?,
            hops,
            joined: from_fn(|a| from_fn(|b| cut.moved(a, b) as u32)),
            firsts: memory::collected("first places of boxes", (0..places).map(firsts))?,
            local: local.to_vec(),
            cut,
        }))
    }

    /// Sites of a slice.
    pub fn volume(&self) -> usize {
        self.places * WIDTH
    }

    /// Place and lane of a site of a slice.
    pub fn place(&self, site: usize) -> (usize, usize) {
        self.cut.place(site)
    }

    /// First numbers of the links of direction mu of a place, in a field with `reals` numbers a link.
    #[inline(always)]
    pub fn links(&self, reals: usize, slice: usize, place: usize, mu: usize) -> Places {
        let (mut places, lanes) = ([0; WIDTH], &self.lanes[place]);
        for lane in 0..WIDTH {
            places[lane] = ((slice * self.volume() + lanes[lane] as usize) * self.dimensions + mu) * reals;
        }
        places
    }

    /// A step from a place whose lanes are already permuted.
    #[inline(always)]
    pub fn hop(&self, from: Neighbour, mu: usize, is_back: bool) -> Neighbour {
        let hop = self.hops[from.place as usize * (self.dimensions - 1) + mu][usize::from(is_back)];
        Neighbour { place: hop.place, order: self.joined[from.order as usize][hop.order as usize] }
    }

    /// Directions but the last, as bits, in which a place is the first of its box.
    #[inline(always)]
    pub fn firsts(&self, place: usize) -> u32 {
        self.firsts[place]
    }
}
