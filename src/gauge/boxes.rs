//! A slice of a lattice cut into eight equal boxes, one in each SIMD lane.
//!
//! A *place* is the same site in all boxes. Its neighbours are places too, but that lanes are moved by a box where a box is
//! left. The last direction is not cut: slices are the lattice at one of its coordinates.

use crate::lattice::{Lattice, coordinates, index};
use crate::simd::{Order, Places};
use std::array::from_fn;

/// Lanes of doubles in all instruction sets.
pub(super) const WIDTH: usize = 8;

/// A step to a neighbour in a slice: its place in the box, and which order lanes get (0: as they are).
#[derive(Clone, Copy)]
pub(super) struct Hop {
    pub place: u32,
    pub order: u32,
}

/// A slice in boxes.
pub(super) struct Boxes {
    /// Directions of the lattice, the last one too.
    pub dimensions: usize,
    /// Extents of a box, and places in it.
    pub local: Vec<usize>,
    pub places: usize,
    pub orders: [Order; WIDTH],
    /// The sites of a slice that are in the lanes of a place.
    lanes: Vec<[u32; WIDTH]>,
    /// Steps from a place: `[place][direction but the last][forward, back]`.
    hops: Vec<[Hop; 2]>,
    /// One order after another.
    joined: [[u32; WIDTH]; WIDTH],
    /// Directions but the last, as bits, in which a place is the first of its box.
    firsts: Vec<u32>,
}

/// How many boxes along each direction; none where a slice cannot be cut so.
fn boxes(extent: &[usize]) -> Option<Vec<usize>> {
    let mut boxes = vec![1; extent.len()];
    for _ in 0..WIDTH.ilog2() {
        let local = |mu: &usize| extent[*mu] / boxes[*mu];
        let mu = (0..extent.len()).filter(|mu| local(mu).is_multiple_of(2)).max_by_key(local)?;
        boxes[mu] *= 2;
    }
    Some(boxes)
}

impl Boxes {
    /// Cuts the slices of a lattice; none where they cannot be cut.
    pub fn new(lattice: &Lattice) -> Option<Self> {
        let (_, extent) = lattice.extent().split_last()?;
        let boxes = boxes(extent)?;
        let local: Vec<usize> = extent.iter().zip(&boxes).map(|(extent, n)| extent / n).collect();
        let moved = |lane: usize, by: usize| {
            let sum = coordinates(lane, &boxes).into_iter().zip(coordinates(by, &boxes)).zip(&boxes);
            index(&sum.map(|((a, b), n)| (a + b) % n).collect::<Vec<_>>(), &boxes)
        };
        let order = |by: usize| Order(from_fn(|i| (2 * moved(i / 2, by) + i % 2) as u32));
        let site = |x: &[usize], lane: usize| {
            let whole = coordinates(lane, &boxes).into_iter().zip(&local).zip(x);
            index(&whole.map(|((b, n), x)| b * n + x).collect::<Vec<_>>(), extent) as u32
        };
        let hop = |x: &[usize], mu: usize, is_back: bool| {
            let (mut to, mut shift) = (x.to_vec(), vec![0; extent.len()]);
            to[mu] = (x[mu] + if is_back { local[mu] - 1 } else { 1 }) % local[mu];
            let leaves = if is_back { x[mu] == 0 } else { to[mu] == 0 };
            shift[mu] = usize::from(leaves) * if is_back { boxes[mu] - 1 } else { 1 } % boxes[mu];
            Hop { place: index(&to, &local) as u32, order: index(&shift, &boxes) as u32 }
        };
        let places: usize = local.iter().product();
        let all = || (0..places).map(|place| coordinates(place, &local));
        let from =
            |x: Vec<usize>| (0..x.len()).map(|mu| [false, true].map(|back| hop(&x, mu, back))).collect::<Vec<_>>();
        Some(Self {
            dimensions: lattice.dimensions(),
            places,
            orders: from_fn(order),
            lanes: all().map(|x| from_fn(|lane| site(&x, lane))).collect(),
            hops: all().flat_map(from).collect(),
            joined: from_fn(|a| from_fn(|b| moved(a, b) as u32)),
            firsts: all().map(|x| (0..x.len()).map(|mu| u32::from(x[mu] == 0) << mu).sum()).collect(),
            local,
        })
    }

    /// Sites of a slice.
    pub fn volume(&self) -> usize {
        self.places * WIDTH
    }

    /// Where the links of direction mu of a place begin, `reals` numbers each, from the first one of slice 0 on.
    #[inline(always)]
    pub fn links(&self, reals: usize, slice: usize, place: usize, mu: usize) -> Places {
        let (mut places, lanes) = ([0; WIDTH], &self.lanes[place]);
        for lane in 0..WIDTH {
            places[lane] = ((slice * self.volume() + lanes[lane] as usize) * self.dimensions + mu) * reals;
        }
        places
    }

    /// A step from a place whose lanes have an order already.
    #[inline(always)]
    pub fn hop(&self, from: Hop, mu: usize, is_back: bool) -> Hop {
        let hop = self.hops[from.place as usize * (self.dimensions - 1) + mu][usize::from(is_back)];
        Hop { place: hop.place, order: self.joined[from.order as usize][hop.order as usize] }
    }

    /// Directions but the last, as bits, in which a place is the first of its box.
    #[inline(always)]
    pub fn firsts(&self, place: usize) -> u32 {
        self.firsts[place]
    }
}
