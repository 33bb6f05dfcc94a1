//! How far links are from their group, in SIMD lanes: the largest number of U U† − 1, or |det U − 1| where that is larger
//! (N > 1), as in [`super::Matrix::deviation`].

#![allow(clippy::needless_range_loop)]

use super::colours::with_colours;
use super::group::Group;
use super::wide::{Number, Wide, add_product};
use crate::simd::{Instructions, Lanes, Launch, Places, launch};

/// Lanes of doubles in all instruction sets.
const WIDTH: usize = 8;

/// The largest distance of a link from the group, and the first link that has it; NaN counts as largest.
pub fn farthest(group: Group, links: &[f64]) -> (f64, usize) {
    with_colours!(group, search(links))
}

fn search<const N: usize>(links: &[f64]) -> (f64, usize) {
    let mut found = (0.0, 0);
    // SAFETY: these are whole links; the processor was asked.
    unsafe { launch(Instructions::best(), Search::<N> { links, found: &mut found }) };
    (found.0.sqrt(), found.1)
}

/// The search, for squares of distances.
struct Search<'a, const N: usize> {
    links: &'a [f64],
    found: &'a mut (f64, usize),
}

impl<const N: usize> Launch<f64> for Search<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let (reals, mut found) = (2 * N * N, (0.0, 0));
        let count = self.links.len() / reals;
        for first in (0..count).step_by(WIDTH) {
            let mut places: Places = [0; WIDTH];
            for lane in 0..WIDTH {
                places[lane] = (first + lane).min(count - 1) * reals;
            }
            // SAFETY: the caller's promise.
            let squares: L = unsafe { square_of_deviation(&Wide::<L, N>::load(self.links.as_ptr(), &places)) };
            let mut lanes = [0.0f64; WIDTH];
            // SAFETY: lanes are eight doubles.
            unsafe { lanes.as_mut_ptr().cast::<L>().write_unaligned(squares) };
            for lane in 0..WIDTH.min(count - first) {
                let square = lanes[lane];
                if square > found.0 || (square.is_nan() && !f64::is_nan(found.0)) {
                    found = (square, first + lane);
                }
            }
        }
        *self.found = found;
    }
}

#[inline(always)]
fn square_of_deviation<L: Lanes<Scalar = f64>, const N: usize>(u: &Wide<L, N>) -> L {
    let (zero, one, product) = (L::constant(0.0), L::constant(1.0), u.times_adjoint(u));
    let (mut largest, mut sum) = (zero, zero);
    for i in 0..N {
        // The product is hermitian.
        for j in 0..=i {
            let [re, im] = product.0[i][j];
            let square = square_of([if i == j { re - one } else { re }, im]);
            (largest, sum) = (largest.max(square), sum + square);
        }
    }
    if N > 1 {
        let [re, im] = determinant(u);
        let square = square_of([re - one, im]);
        (largest, sum) = (largest.max(square), sum + square);
    }
    // A maximum forgets NaN, a sum does not.
    largest + zero * sum
}

#[inline(always)]
fn square_of<L: Lanes>(z: Number<L>) -> L {
    z[0].mul_add(z[0], z[1] * z[1])
}

#[inline(always)]
fn determinant<L: Lanes<Scalar = f64>, const N: usize>(u: &Wide<L, N>) -> Number<L> {
    let zero = [L::constant(0.0); 2];
    let minus = |z: Number<L>| [zero[0] - z[0], zero[0] - z[1]];
    // For other N the indices stay in bounds.
    let (one, two, m) = (1 % N, 2 % N, &u.0);
    if N == 2 {
        return add_product(add_product(zero, m[0][0], m[one][one]), minus(m[0][one]), m[one][0]);
    }
    let mut sum = zero;
    for i in 0..N {
        let (j, k) = ((i + 1) % N, (i + 2) % N);
        let cofactor = add_product(add_product(zero, m[one][j], m[two][k]), minus(m[one][k]), m[two][j]);
        sum = add_product(sum, m[0][i], cofactor);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::{Complex64, Matrix, haar};
    use crate::random::{Purpose, Stream};

    fn expect_search<const N: usize>(group: Group) {
        let (count, mut stream) = (21, Stream::new(2, Purpose::Start, 30));
        let mut links = vec![0.0; count * group.reals()];
        links.chunks_exact_mut(group.reals()).for_each(|link| haar::<N>(&mut stream).to_reals(link));
        assert!(farthest(group, &links).0 < 1e-14);
        for (place, size) in [(0, 1e-9), (7, 1e-3), (20, 0.5), (13, 30.0)] {
            let link = &mut links[place * group.reals()..][..group.reals()];
            let changed = Matrix::<N>::from_reals(link).scale(Complex64::new(1.0 + size, 0.3 * size));
            changed.to_reals(link);
            let (distance, found) = farthest(group, &links);
            assert!((distance / changed.deviation() - 1.0).abs() < 1e-6, "{group:?}: {distance}");
            assert_eq!(found, place);
        }
        links[9 * group.reals() + 1] = f64::NAN;
        links[15 * group.reals()] = f64::NAN;
        let (distance, found) = farthest(group, &links);
        assert!(distance.is_nan() && found == 9);
    }

    #[test]
    fn the_farthest_link_is_found_with_its_distance() {
        expect_search::<1>(Group::U1);
        expect_search::<2>(Group::Su2);
        expect_search::<3>(Group::Su3);
        // Unitary, but with a determinant of −1.
        let mut link = [0.0; 18];
        Matrix::<3>::unit().scale((-1.0).into()).to_reals(&mut link);
        assert_eq!(farthest(Group::Su3, &link), (2.0, 0));
    }
}
