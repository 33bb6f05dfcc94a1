//! Sites and links of openQCD: eight links for each odd site, U_mu(y) and U_mu(y - mu) for mu = t, x, y, z.
//!
//! Even sites come first. Within a parity sites go block by block, blocks lexicographically, t slowest and z fastest, and so
//! do sites in a block; a block has all of t, and 4, 3, 2 or 1 sites of each other direction, the first of these that
//! divides it.

use crate::lattice::index;

/// Extents of a cache block, z first as in the order of sites.
fn block(extent: [usize; 4]) -> [usize; 4] {
    let [z, y, x, t] = extent;
    let length = |n: usize| [4, 3, 2].into_iter().find(|m| n.is_multiple_of(*m)).unwrap_or(1);
    [length(z), length(y), length(x), t]
}

/// Reorders coordinates or extents x, y, z, t as z, y, x, t.
fn turned(x: &[usize]) -> [usize; 4] {
    [x[2], x[1], x[0], x[3]]
}

/// Index of a site in openQCD's order.
pub(super) fn site(x: &[usize], extent: &[usize]) -> usize {
    let (x, extent) = (turned(x), turned(extent));
    let block = block(extent);
    let each = |f: fn(usize, usize) -> usize, a: [usize; 4]| [0, 1, 2, 3].map(|i| f(a[i], block[i]));
    let (inner, outer, blocks) = (each(|a, b| a % b, x), each(|a, b| a / b, x), each(|a, b| a / b, extent));
    let cell: usize = block.iter().product();
    let volume: usize = extent.iter().product();
    let parity = x.iter().sum::<usize>() % 2;
    index(&inner, &block) / 2 + cell * index(&outer, &blocks) / 2 + parity * (volume / 2)
}

/// Index of a link in openQCD's order.
pub(super) fn link(x: &[usize], mu: usize, extent: &[usize]) -> usize {
    let half = extent.iter().product::<usize>() / 2;
    let place = |x: &[usize], back: usize| 8 * (site(x, extent) - half) + 2 * ((mu + 1) % 4) + back;
    if x.iter().sum::<usize>() % 2 == 1 {
        return place(x, 0);
    }
    let mut forward = [x[0], x[1], x[2], x[3]];
    forward[mu] = (forward[mu] + 1) % extent[mu];
    place(&forward, 1)
}
