//! U ← exp(t P) U for all links, eight at a time, one in each SIMD lane; see [`crate::group::wide_exponential`].

#![allow(clippy::needless_range_loop)]

use crate::context::Team;
use crate::group::wide::{Antihermitian, Wide};
use crate::group::wide_exponential::{WIDTH, drifted};
use crate::group::{Group, with_colours};
use crate::simd::{Instructions, Lanes, Launch, Places, launch, prefetch};

/// Moves all links along their momenta.
pub fn drift(team: &Team, group: Group, (links, momenta): (&mut [f64], &[f64]), time: f64) {
    team.update(links, momenta, |links, momenta| with_colours!(group, part(links, momenta, time)));
}

fn part<const N: usize>(links: &mut [f64], momenta: &[f64], time: f64) {
    // SAFETY: both hold whole links, as many of them; the processor was asked.
    unsafe { launch(Instructions::best(), Drift::<N> { links, momenta, time }) };
}

struct Drift<'a, const N: usize> {
    links: &'a mut [f64],
    momenta: &'a [f64],
    time: f64,
}

impl<const N: usize> Launch<f64> for Drift<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let reals = 2 * N * N;
        let count = self.links.len() / reals;
        for first in (0..count).step_by(WIDTH) {
            let last = count.min(first + WIDTH) - 1;
            // Lanes beyond the last link do its work once more.
            let mut places: Places = [0; WIDTH];
            for lane in 0..WIDTH {
                places[lane] = (first + lane).min(last) * reals;
            }
            for numbers in [self.momenta.as_ptr(), self.links.as_ptr()] {
                prefetch(numbers.wrapping_add((first + 2 * WIDTH) * reals), WIDTH * reals);
            }
            // SAFETY: the caller's promise.
            unsafe {
                let momenta = Antihermitian::of(&Wide::<L, N>::load(self.momenta.as_ptr(), &places));
                let links = Wide::<L, N>::load(self.links.as_ptr(), &places);
                drifted(&momenta, &links, self.time).store(self.links.as_mut_ptr(), &places);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::{draw_momenta, haar};
    use crate::group::{Matrix, exponential};
    use crate::random::{Purpose, Stream};

    fn expect_closed_form<const N: usize>(group: Group, count: usize, size: f64) {
        let mut stream = Stream::new(6, Purpose::Momentum, count as u64);
        let mut momenta = vec![0.0; count * group.reals()];
        draw_momenta(group, &mut stream, &mut momenta);
        let mut links = vec![0.0; momenta.len()];
        links.chunks_exact_mut(2 * N * N).for_each(|link| haar::<N>(&mut stream).to_reals(link));
        let mut expected = links.clone();
        for (link, momentum) in expected.chunks_exact_mut(2 * N * N).zip(momenta.chunks_exact(2 * N * N)) {
            let along = Matrix::<N>::from_reals(momentum).scale(size.into());
            (exponential(&along) * Matrix::from_reals(link)).projected().to_reals(link);
        }
        drift(&Team::default(), group, (&mut links, &momenta), size);
        let error = links.iter().zip(&expected).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
        assert!(error < 2e-15, "{group:?}, {count} links, {size}: {error}");
        for link in links.chunks_exact(2 * N * N) {
            let deviation = Matrix::<N>::from_reals(link).deviation();
            assert!(deviation < 2e-15, "{group:?}: {deviation}");
        }
    }

    #[test]
    fn steps_of_all_sizes_are_those_of_the_closed_form() {
        for count in [1, 7, 8, 9, 64] {
            for size in [0.0, 1e-9, 1e-4, 0.01, 0.1, 0.2, 0.3, 0.5, 1.0, 3.0] {
                expect_closed_form::<1>(Group::U1, count, size);
                expect_closed_form::<2>(Group::Su2, count, -size);
                expect_closed_form::<3>(Group::Su3, count, size);
            }
        }
    }

    #[test]
    fn links_do_not_leave_the_group() {
        let group = Group::Su3;
        let mut momenta = vec![0.0; 18 * 8];
        draw_momenta(group, &mut Stream::new(6, Purpose::Momentum, 1), &mut momenta);
        let mut links = vec![0.0; momenta.len()];
        links.chunks_exact_mut(18).for_each(|link| Matrix::<3>::unit().to_reals(link));
        (0..10_000).for_each(|_| drift(&Team::default(), group, (&mut links, &momenta), 0.1));
        for link in links.chunks_exact(18) {
            assert!(Matrix::<3>::from_reals(link).deviation() < 2e-15);
        }
    }
}
