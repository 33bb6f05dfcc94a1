//! Products of links along paths from eight sites, one in each SIMD lane.

use super::paths::Step;
use crate::group::wide::Wide;
use crate::group::wide_exponential::WIDTH;
use crate::lattice::Neighbours;
use crate::simd::{Lanes, Places};

/// The first numbers of the links of direction μ of eight sites.
#[inline(always)]
pub(super) fn places<const N: usize>(sites: &Places, d: usize, mu: usize) -> Places {
    let mut places = *sites;
    for place in &mut places {
        *place = (*place * d + mu) * 2 * N * N;
    }
    places
}

/// Takes eight sites along a step; the places of the links that it follows.
#[inline(always)]
pub(super) fn follow<const N: usize>(sites: &mut Places, step: Step, neighbours: &Neighbours) -> Places {
    let before = *sites;
    for site in sites.iter_mut() {
        *site = step.end(neighbours, *site);
    }
    let is_back = matches!(step, Step::Backward(_));
    places::<N>(if is_back { sites } else { &before }, neighbours.dimensions(), step.direction())
}

/// The product of links along a path from eight sites.
///
/// # Safety
/// The numbers are all links of the lattice; the lanes are eight doubles.
#[inline(always)]
pub(super) unsafe fn product<L: Lanes<Scalar = f64>, const N: usize>(
    links: *const f64,
    neighbours: &Neighbours,
    from: &Places,
    path: &[Step],
) -> Wide<L, N> {
    let (mut sites, mut product) = (*from, Wide::zero());
    for (number, step) in path.iter().enumerate() {
        let at = follow::<N>(&mut sites, *step, neighbours);
        // SAFETY: the caller's promise.
        let link = unsafe { Wide::<L, N>::load(links, &at) };
        product = match (number, matches!(step, Step::Backward(_))) {
            (0, false) => link,
            (0, true) => link.adjoint(),
            (_, false) => product.times(&link),
            (_, true) => product.times_adjoint(&link),
        };
    }
    product
}

/// The sum of the first lanes, in their order.
#[inline(always)]
pub(super) fn first_lanes<L: Lanes<Scalar = f64>>(x: L, count: usize) -> f64 {
    let (mut numbers, mut sum) = ([0.0; WIDTH], 0.0);
    // SAFETY: lanes are eight doubles.
    unsafe { numbers.as_mut_ptr().cast::<L>().write_unaligned(x) };
    for number in &numbers[..count.min(WIDTH)] {
        sum += number;
    }
    sum
}
