//! How far links are from their group, in SIMD lanes: the largest number of U U† − 1, or |det U − 1| where that is larger
//! (N > 1), as in [`super::Matrix::deviation`].

#![allow(clippy::needless_range_loop)]

use super::colours::with_colours;
use super::lie_group::Group;
use super::wide::{Number, Wide, add_product};
use crate::simd::{Instructions, Lanes, Launch, Places, launch};
use std::ops::Range;

/// Lanes of doubles in all instruction sets.
const WIDTH: usize = 8;
/// Links that are looked at together.
const RUN: usize = 16 * WIDTH;

/// The largest distance of a link from the group, and the first link that has it; NaN counts as largest.
pub fn farthest(group: Group, links: &[f64]) -> (f64, usize) {
    with_colours!(group, search(links, (0.0, 0)))
}

/// The link farthest from the group, where it is farther than a distance.
pub fn farther_than(distance: f64, group: Group, links: &[f64]) -> Option<(f64, usize)> {
    let found = with_colours!(group, search(links, (distance * distance, usize::MAX)));
    (found.1 < usize::MAX).then_some(found)
}

fn search<const N: usize>(links: &[f64], mut found: (f64, usize)) -> (f64, usize) {
    // SAFETY: these are whole links; the processor has the instruction set.
    unsafe { launch(Instructions::best(), Search::<N> { links, found: &mut found }) };
    (found.0.sqrt(), found.1)
}

/// The search for a link farther from the group than the farthest so far: square of the distance, and the link.
struct Search<'a, const N: usize> {
    links: &'a [f64],
    found: &'a mut (f64, usize),
}

impl<const N: usize> Launch<f64> for Search<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let (count, mut found) = (self.links.len() / (2 * N * N), *self.found);
        let most = (found.0 / 64.0).min(1e-6);
        for first in (0..count).step_by(RUN) {
            let last = (first + RUN).min(count);
            // SAFETY: the caller's promise.
            if N == 3 && most > 0.0 && unsafe { defect_of::<L, N>(self.links, first..last) } <= most {
                continue;
            }
            // What is worse than all before is rare, and looked for once more.
            let zero = L::constant(0.0);
            let (mut largest, mut sum) = (zero, zero);
            for first in (first..last).step_by(WIDTH) {
                // SAFETY: the caller's promise.
                let squares: L = unsafe { squares_at::<L, N>(self.links, first) };
                (largest, sum) = (largest.max(squares), sum + squares);
            }
            // A maximum forgets NaN, a sum does not.
            let (largest, mut is_worse) = (lanes_of(largest + zero * sum), false);
            for lane in 0..WIDTH {
                is_worse |= is_worse_than(largest[lane], found.0);
            }
            for first in (first..if is_worse { last } else { first }).step_by(WIDTH) {
                // SAFETY: the caller's promise.
                let squares = lanes_of(unsafe { squares_at::<L, N>(self.links, first) });
                for lane in 0..WIDTH.min(count - first) {
                    let square = squares[lane];
                    if is_worse_than(square, found.0) {
                        found = (square, first + lane);
                    }
                }
            }
        }
        *self.found = found;
    }
}

/// NaN is worse than all else.
#[inline(always)]
fn is_worse_than(a: f64, b: f64) -> bool {
    a > b || (a.is_nan() && !b.is_nan())
}

/// Squares of the distances of eight links.
///
/// # Safety
/// `first` is a link of `links`. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn squares_at<L: Lanes<Scalar = f64>, const N: usize>(links: &[f64], first: usize) -> L {
    // SAFETY: the caller's promise.
    square_of_deviation(&unsafe { links_at::<L, N>(links, first) })
}

/// Eight links; behind the last one, it is met again.
///
/// # Safety
/// `first` is a link of `links`. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn links_at<L: Lanes<Scalar = f64>, const N: usize>(links: &[f64], first: usize) -> Wide<L, N> {
    let (reals, mut places): (usize, Places) = (2 * N * N, [0; WIDTH]);
    for lane in 0..WIDTH {
        places[lane] = (first + lane).min(links.len() / reals - 1) * reals;
    }
    // SAFETY: the caller's promise.
    unsafe { Wide::load(links.as_ptr(), &places) }
}

/// For SU(3) the largest square of |r₁|² − 1, |r₂|² − 1, r₁ r₂† and of a number of r₃ − (r₁ × r₂)*, for rows r of some
/// links, for half of what the distance costs. Where it is δ², with δ small, no distance is above 6 δ: r₁ × r₂ is
/// orthogonal to both rows and of length 1 within 2 δ, and r₃ is within √3 δ of it. Infinite where it is NaN.
///
/// # Safety
/// `range` is of links that there are. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn defect_of<L: Lanes<Scalar = f64>, const N: usize>(links: &[f64], range: Range<usize>) -> f64 {
    let (zero, one) = (L::constant(0.0), L::constant(1.0));
    let (mut largest, mut sum) = (zero, zero);
    for first in range.step_by(WIDTH) {
        // SAFETY: the caller's promise.
        let u = unsafe { links_at::<L, N>(links, first) }.0;
        let (mut norms, mut overlap) = ([zero - one; 2], [zero; 2]);
        for k in 0..N {
            let ([a, b], [c, d]) = (u[0][k], u[1 % N][k]);
            norms = [a.mul_add(a, b.mul_add(b, norms[0])), c.mul_add(c, d.mul_add(d, norms[1]))];
            overlap = [a.mul_add(c, b.mul_add(d, overlap[0])), b.mul_add(c, (zero - a).mul_add(d, overlap[1]))];
            let (i, j) = ((k + 1) % N, (k + 2) % N);
            let cross = add_product(add_product([zero; 2], u[0][i], u[1 % N][j]), minus(u[0][j]), u[1 % N][i]);
            let [re, im] = u[2 % N][k];
            let square = square_of([re - cross[0], im + cross[1]]);
            (largest, sum) = (largest.max(square), sum + square);
        }
        for square in [norms[0] * norms[0], norms[1] * norms[1], square_of(overlap)] {
            (largest, sum) = (largest.max(square), sum + square);
        }
    }
    let (mut worst, lanes) = (0.0, lanes_of(largest + zero * sum));
    for lane in 0..WIDTH {
        worst = if is_worse_than(lanes[lane], worst) { lanes[lane] } else { worst };
    }
    if worst.is_nan() { f64::INFINITY } else { worst }
}

#[inline(always)]
fn minus<L: Lanes<Scalar = f64>>(z: Number<L>) -> Number<L> {
    [L::constant(0.0) - z[0], L::constant(0.0) - z[1]]
}

#[inline(always)]
fn lanes_of<L: Lanes<Scalar = f64>>(vector: L) -> [f64; WIDTH] {
    let mut lanes = [0.0; WIDTH];
    // SAFETY: lanes are eight doubles.
    unsafe { lanes.as_mut_ptr().cast::<L>().write_unaligned(vector) };
    lanes
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
    use crate::group::{Complex64, Matrix, haar};
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
            assert_eq!(farther_than(0.99 * distance, group, &links), Some((distance, place)));
            assert_eq!(farther_than(1.01 * distance, group, &links), None);
        }
        links[9 * group.reals() + 1] = f64::NAN;
        links[15 * group.reals()] = f64::NAN;
        let (distance, found) = farthest(group, &links);
        assert!(distance.is_nan() && found == 9);
        assert_eq!(farther_than(1e9, group, &links).unwrap().1, 9);
    }

    /// Links that are off the group in every way are found whatever their distance, and no others.
    #[test]
    fn what_is_farther_than_a_distance_is_found() {
        let mut stream = Stream::new(2, Purpose::Start, 31);
        for trial in 0..3000 {
            let (count, most) = (11, 1e-4);
            let mut links = vec![0.0; count * 18];
            links.chunks_exact_mut(18).for_each(|link| haar::<3>(&mut stream).to_reals(link));
            let mut numbers = [0.0; 20];
            stream.normals(&mut numbers);
            let size = 1e-4 * numbers[18].exp();
            let place = trial % count;
            // One number is changed, one row, or all.
            for k in 0..18 {
                let is_changed = [k == trial % 18, k / 6 == trial % 3, true][trial / 18 % 3];
                links[18 * place + k] += if is_changed { size * numbers[k] } else { 0.0 };
            }
            let distance = Matrix::<3>::from_reals(&links[18 * place..][..18]).deviation();
            match farther_than(most, Group::Su3, &links) {
                Some((found, link)) => assert!(link == place && (found / distance - 1.0).abs() < 1e-9 && found > most),
                None => assert!(distance <= most * (1.0 + 1e-9), "{distance}"),
            }
        }
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
