//! How a lattice lies in the SIMD lanes: each lane holds a sublattice of its own.
//!
//! The lattice is cut into W equal boxes, W the numbers in a line of 64 bytes; lane l holds box l, and one line the same
//! place in all boxes, an *outer site*. Neighbours are then neighbours in the same lane, but for the faces of a box,
//! where the lanes move on by one box. Even outer sites come first, then odd ones. Where a lattice cannot be cut so
//! (or not with even boxes), each line holds one number, and zeros.

use crate::lattice::{Lattice, coordinates, index};
use crate::simd::Order;
use std::sync::{Arc, Mutex, PoisonError};

/// One hop: the outer site it leads to, which order of the lanes (0: as they are), and 1 where it leaves its box, be it
/// for the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub site: u32,
    pub order: u16,
    pub leaves: u16,
}

/// A lattice in lanes.
#[derive(Debug)]
pub(crate) struct Grid {
    /// Outer sites.
    pub sites: usize,
    /// Outer sites that are even; all where the lattice is not bipartite.
    pub even: usize,
    /// Orders of the lanes; the first leaves them as they are.
    pub orders: Vec<Order>,
    /// Outer site and lane of each site.
    pub places: Vec<(u32, u32)>,
    /// Boxes along each direction, and their extents.
    boxes: Vec<usize>,
    local: Vec<usize>,
    /// Place in its box of each outer site.
    order: Vec<usize>,
    /// Hops by their steps, made once.
    hops: Mutex<Vec<Hops>>,
}

/// Steps, and where they lead from each outer site.
type Hops = (Vec<Step>, Arc<Vec<Hop>>);

/// A direction, and how far along it.
pub(super) type Step = (usize, i64);

/// Outer sites that go along the last direction together.
const TOGETHER: usize = 256;

/// Boxes along each direction: `width` in all, so that boxes have even extents; none where that cannot be.
fn boxes(lattice: &Lattice, width: usize) -> Option<Vec<usize>> {
    let mut boxes = vec![1; lattice.dimensions()];
    let mut left = width;
    while left > 1 {
        let local = |mu: usize| lattice.extent()[mu] / boxes[mu];
        // The last direction is cut last: its slices are what the caches hold.
        let last = lattice.dimensions() - 1;
        let can = |mu: &usize| local(*mu).is_multiple_of(4);
        let mu = (0..last).filter(can).max_by_key(|&mu| local(mu)).or(Some(last).filter(can))?;
        boxes[mu] *= 2;
        left /= 2;
    }
    Some(boxes)
}

impl Grid {
    /// Puts a lattice into lines of `width` numbers if it can be cut, else into lines of one.
    pub fn new(lattice: &Lattice, width: usize) -> Self {
        let cut = Some(width).filter(|_| lattice.is_bipartite()).and_then(|width| boxes(lattice, width));
        let boxes = cut.unwrap_or_else(|| vec![1; lattice.dimensions()]);
        let width: usize = boxes.iter().product();
        let local: Vec<usize> = lattice.extent().iter().zip(&boxes).map(|(extent, n)| extent / n).collect();
        let sites: usize = local.iter().product();
        // Even places of a box first, then odd ones.
        let parity = |place: usize| coordinates(place, &local).iter().sum::<usize>() % 2;
        let is_bipartite = lattice.is_bipartite();
        let mut order: Vec<usize> = (0..sites).collect();
        if local.len() > 2 {
            // Slices in the direction before the last go along the last one together, as many as have so few sites that
            // neighbours in both are still in a cache.
            let before = local.len() - 2;
            let slice: usize = local[..before].iter().product();
            let together = (TOGETHER / slice).max(2);
            order.sort_by_key(|&place| {
                let x = coordinates(place, &local);
                (x[before] / together, x[before + 1])
            });
        }
        if is_bipartite {
            order.sort_by_key(|&place| parity(place));
        }
        let even = if is_bipartite { sites / 2 } else { sites };
        let mut outer = vec![0; sites];
        order.iter().enumerate().for_each(|(site, &place)| outer[place] = site);
        let places = (0..lattice.volume())
            .map(|site| {
                let x = lattice.coordinates(site);
                let inside: Vec<usize> = x.iter().zip(&local).map(|(x, n)| x % n).collect();
                let lane: Vec<usize> = x.iter().zip(&local).map(|(x, n)| x / n).collect();
                (outer[index(&inside, &local)] as u32, index(&lane, &boxes) as u32)
            })
            .collect();
        let mut orders = vec![Self::order(&(0..width).collect::<Vec<_>>())];
        for mu in 0..boxes.len() {
            for shift in 1..boxes[mu] {
                let moved = (0..width).map(|lane| {
                    let mut x = coordinates(lane, &boxes);
                    x[mu] = (x[mu] + shift) % boxes[mu];
                    index(&x, &boxes)
                });
                orders.push(Self::order(&moved.collect::<Vec<_>>()));
            }
        }
        Self { sites, even, orders, places, boxes, local, order, hops: Mutex::default() }
    }

    /// Where each outer site is led by steps of some length along a direction: `[outer site][step]`.
    pub fn hops(&self, steps: &[(usize, i64)]) -> Arc<Vec<Hop>> {
        // A grid has few kinds of steps, and all operators on it the same.
        let mut known = self.hops.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hops)) = known.iter().find(|(own, _)| own == steps) {
            return Arc::clone(hops);
        }
        let hops = Arc::new(self.led(steps));
        known.push((steps.to_vec(), Arc::clone(&hops)));
        hops
    }

    fn led(&self, steps: &[(usize, i64)]) -> Vec<Hop> {
        let mut outer = vec![0; self.sites];
        self.order.iter().enumerate().for_each(|(site, &place)| outer[place] = site);
        let mut hops = Vec::with_capacity(steps.len() * self.sites);
        for &place in &self.order {
            for &(mu, length) in steps {
                let mut x = coordinates(place, &self.local);
                let moved = x[mu] as i64 + length;
                let extent = self.local[mu] as i64;
                x[mu] = moved.rem_euclid(extent) as usize;
                let shift = moved.div_euclid(extent).rem_euclid(self.boxes[mu] as i64) as usize;
                let before: usize = self.boxes[..mu].iter().map(|n| n - 1).sum();
                let order = if shift == 0 { 0 } else { (before + shift) as u16 };
                let leaves = u16::from(!(0..extent).contains(&moved));
                hops.push(Hop { site: outer[index(&x, &self.local)] as u32, order, leaves });
            }
        }
        hops
    }

    fn order(lanes: &[usize]) -> Order {
        let parts = 16 / lanes.len().max(8);
        Order(std::array::from_fn(|i| match lanes.get(i / parts) {
            Some(&lane) => (lane * parts + i % parts) as u32,
            None => i as u32,
        }))
    }

    /// True where the coordinate `x` along mu is the last of its box.
    pub fn is_last(&self, mu: usize, x: usize) -> bool {
        (x + 1).is_multiple_of(self.local[mu])
    }

    /// True where neighbours have opposite parity.
    pub fn is_bipartite(&self) -> bool {
        self.even < self.sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_lead_to_neighbours_in_the_right_lane() {
        let cases: [(&[usize], usize); 8] = [
            (&[8, 8, 8, 8], 8),
            (&[8, 8, 8, 8], 16),
            (&[4, 8, 4, 6], 8),
            (&[16, 4], 8),
            (&[8, 8], 16),
            (&[4, 4], 8),
            (&[3, 5, 2, 4], 8),
            (&[6, 10], 8),
        ];
        for (extent, width) in cases {
            let lattice = Lattice::new(extent).unwrap();
            let grid = Grid::new(&lattice, width);
            let width = lattice.volume() / grid.sites;
            let mut content = vec![usize::MAX; lattice.volume()];
            for (site, &(outer, lane)) in grid.places.iter().enumerate() {
                content[outer as usize * width + lane as usize] = site;
            }
            assert!(content.iter().all(|&site| site != usize::MAX));
            let parts = 16 / width.max(8);
            let lengths = [1, -1, 3, -3, 2];
            let steps: Vec<(usize, i64)> =
                (0..extent.len()).flat_map(|mu| lengths.map(|length| (mu, length))).collect();
            let hops = grid.hops(&steps);
            for (site, &(outer, lane)) in grid.places.iter().enumerate() {
                if grid.is_bipartite() {
                    assert_eq!((outer as usize) < grid.even, lattice.parity(site) == 0);
                }
                for (step, &(mu, length)) in steps.iter().enumerate() {
                    let mut unit = vec![0; extent.len()];
                    unit[mu] = length;
                    let hop = hops[outer as usize * steps.len() + step];
                    let from = grid.orders[hop.order as usize].0[lane as usize * parts] as usize / parts;
                    assert_eq!(content[hop.site as usize * width + from], lattice.shifted(site, &unit));
                }
            }
        }
    }
}
