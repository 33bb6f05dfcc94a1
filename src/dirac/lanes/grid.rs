//! How a lattice lies in the SIMD lanes: each lane holds a sublattice of its own.
//!
//! The lattice is cut into W equal boxes, W the numbers in a line of 64 bytes; lane l holds box l, and one line the same
//! place in all boxes, an *outer site*. Neighbours are then neighbours in the same lane, but for the faces of a box,
//! where the lanes move on by one box. Even outer sites come first, then odd ones. Where a lattice cannot be cut so
//! (or not with even boxes), each line holds one number, and zeros.

use crate::error::Result;
use crate::lattice::{Cut, Lattice, coordinates};
use crate::memory;
use crate::simd::Order;
use std::sync::{Arc, Mutex, PoisonError};

/// Where a hop leads: the outer site, the order of the lanes there (0: unchanged), and 1 where it leaves its box,
/// even where a single box wraps around to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Neighbour {
    pub site: u32,
    pub order: u16,
    pub leaves: u16,
}

/// A lattice in lanes.
#[derive(Debug)]
pub(crate) struct Grid {
    /// Outer sites.
    pub sites: usize,
    /// Number of even outer sites, which come first; all sites where the lattice is not bipartite.
    pub even: usize,
    /// Permutations of the lanes; the first is the identity.
    pub orders: Vec<Order>,
    /// Outer site and lane of each site.
    pub places: Vec<(u32, u32)>,
    /// Boxes, one for each lane.
    cut: Cut,
    /// Place in its box of each outer site.
    order: Vec<usize>,
    /// Tables of hops that were made before, by their steps.
    hops: Mutex<Vec<Hops>>,
}

/// Steps, and where they lead from each outer site.
type Hops = (Vec<Step>, Arc<Vec<Neighbour>>);

/// A direction, and the distance along it.
pub(crate) type Step = (usize, i64);

/// Outer sites of a band of slices that is traversed along the last direction.
const TOGETHER: usize = 256;

/// Boxes of even extents, `width` in all; None where the lattice cannot be cut so.
fn cut(lattice: &Lattice, width: usize) -> Option<Cut> {
    // The last direction is cut only where no other can be: slices across it should stay small enough for the caches.
    let last = lattice.dimensions() - 1;
    Cut::halved(lattice.extent(), width, |local| {
        let can = |mu: &usize| local[*mu].is_multiple_of(4);
        (0..last).filter(can).max_by_key(|&mu| local[mu]).or(Some(last).filter(can))
    })
}

impl Grid {
    /// Puts a lattice into lines of `width` numbers if it can be cut, else into lines of one.
    pub fn new(lattice: &Lattice, width: usize) -> Result<Self> {
        let cut = Some(width).filter(|_| lattice.is_bipartite()).and_then(|width| cut(lattice, width));
        let cut = cut.unwrap_or_else(|| Cut::whole(lattice.extent()));
        let (width, sites, local) = (cut.count(), cut.places(), cut.local());
        // Even places of a box first, then odd ones.
        let parity = |place: usize| coordinates(place, local).iter().sum::<usize>() % 2;
        let is_bipartite = lattice.is_bipartite();
        let mut order: Vec<usize> = memory::collected("order of the sites", 0..sites)?;
        // Traversal: a band of the direction before the last is followed along the last one; the band is so narrow that
        // neighbours in both directions are still in a cache.
        let together = |place: usize| {
            let before = local.len().checked_sub(2).filter(|&before| before > 0)?;
            let (slice, x) = (local[..before].iter().product::<usize>(), coordinates(place, local));
            Some((x[before] / (TOGETHER / slice).max(2), x[before + 1]))
        };
        // In place, which a sort that keeps the order of equals is not.
        order.sort_unstable_by_key(|&place| (is_bipartite && parity(place) == 1, together(place), place));
        let even = if is_bipartite { sites / 2 } else { sites };
        let mut outer = memory::filled("order of the sites", 0, sites)?;
        order.iter().enumerate().for_each(|(site, &place)| outer[place] = site);
        let place = |site: usize| {
            let (place, lane) = cut.place(site);
            (outer[place] as u32, lane as u32)
        };
        let places = memory::collected("places of the sites", (0..lattice.volume()).map(place))?;
        let mut orders = vec![Self::order(&(0..width).collect::<Vec<_>>())];
        for (mu, &boxes) in cut.boxes().iter().enumerate() {
            for shift in 1..boxes {
                let moved = (0..width).map(|lane| cut.moved(lane, cut.shift(mu, shift)));
                orders.push(Self::order(&moved.collect::<Vec<_>>()));
            }
        }
        Ok(Self { sites, even, orders, places, cut, order, hops: Mutex::default() })
    }

    /// The table of hops for steps of given lengths along directions: `[outer site][step]`.
    pub fn hops(&self, steps: &[(usize, i64)]) -> Result<Arc<Vec<Neighbour>>> {
        // All operators on a grid use the same few tables.
        let mut known = self.hops.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hops)) = known.iter().find(|(own, _)| own == steps) {
            return Ok(Arc::clone(hops));
        }
        let hops = Arc::new(self.led(steps)?);
        known.push((steps.to_vec(), Arc::clone(&hops)));
        Ok(hops)
    }

    fn led(&self, steps: &[(usize, i64)]) -> Result<Vec<Neighbour>> {
        let mut outer = memory::filled("order of the sites", 0, self.sites)?;
        self.order.iter().enumerate().for_each(|(site, &place)| outer[place] = site);
        let mut hops = memory::reserved("neighbours of the sites", steps.len() * self.sites)?;
        for &place in &self.order {
            for &(mu, length) in steps {
                let to = self.cut.step(place, mu, length);
                let before: usize = self.cut.boxes()[..mu].iter().map(|n| n - 1).sum();
                let order = if to.boxes == 0 { 0 } else { (before + to.boxes) as u16 };
                hops.push(Neighbour { site: outer[to.place] as u32, order, leaves: u16::from(to.leaves) });
            }
        }
        Ok(hops)
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
        (x + 1).is_multiple_of(self.cut.local()[mu])
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
            let grid = Grid::new(&lattice, width).unwrap();
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
            let hops = grid.hops(&steps).unwrap();
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
