//! Eight links, one in each SIMD lane, each in the density exp(Re tr U B) of its staples B: the heat bath and the reflection
//! of [`super::heatbath`].

#![allow(clippy::needless_range_loop)]

use super::von_mises::von_mises;
use super::wide::Wide;
use super::wide_exponential::WIDTH;
use super::wide_quaternion::{drawn, lanes, numbers, of_block, product, turn};
use crate::random::Streams;
use crate::simd::Lanes;

/// Squares that are as good as zero: below it they have lost digits.
const VANISHING: f64 = 1e-280;

/// Draws links for their staples, each with the numbers of its own stream; subgroups in the reverse order where `is_reversed`.
/// Only the first `count` lanes are drawn: others are links of the group that are of no use.
#[inline(always)]
pub(crate) fn heat<L: Lanes<Scalar = f64>, const N: usize>(
    links: &Wide<L, N>,
    staples: &Wide<L, N>,
    (streams, count): (&mut Streams, usize),
    is_reversed: bool,
) -> Wide<L, N> {
    if N == 1 {
        // U = e^{ix} B* / |B|.
        let (one, zero) = (L::constant(1.0), L::constant(0.0));
        let ([re, im], mut result) = (staples.0[0][0], *links);
        let square = re.mul_add(re, im * im);
        let norm = square.sqrt();
        let inverse = square.where_positive(one / norm, zero);
        let (re, im) = (square.where_positive(re * inverse, one), im * inverse);
        let (strength, mut drawn) = (numbers(norm), [[0.0; WIDTH]; 2]);
        for lane in 0..WIDTH {
            let angle = if lane < count { von_mises(strength[lane], || streams.uniform(lane)) } else { [1.0, 0.0] };
            (drawn[0][lane], drawn[1][lane]) = (angle[0], angle[1]);
        }
        let (cosine, sine) = (lanes::<L>(&drawn[0]), lanes::<L>(&drawn[1]));
        result.0[0][0] = [cosine * re + sine * im, sine * re - cosine * im];
        return result.on_the_group();
    }
    in_subgroups(links, staples, Some((streams, count)), is_reversed)
}

/// Reflects each link about its staples: Re tr U B stays.
#[inline(always)]
pub(crate) fn reflect<L: Lanes<Scalar = f64>, const N: usize>(
    links: &Wide<L, N>,
    staples: &Wide<L, N>,
    is_reversed: bool,
) -> Wide<L, N> {
    let zero = L::constant(0.0);
    if N == 1 {
        // U' = (U B)* B* / |B|²; a link without staples stays.
        let ([a, b], [c, d]) = (links.0[0][0], staples.0[0][0]);
        let square = c.mul_add(c, d * d);
        let [re, im] = [a * c - b * d, zero - a * d - b * c];
        let turned = [(re * c + im * d) / square, (im * c - re * d) / square];
        let mut result = *links;
        let positive = square - L::constant(VANISHING);
        result.0[0][0] = [positive.where_positive(turned[0], a), positive.where_positive(turned[1], b)];
        return result.on_the_group();
    }
    in_subgroups(links, staples, None, is_reversed)
}

/// U ← a U in each subgroup of SU(2): a drawn where there are streams, and otherwise the reflection, for the M of W = U B.
#[inline(always)]
fn in_subgroups<L: Lanes<Scalar = f64>, const N: usize>(
    links: &Wide<L, N>,
    staples: &Wide<L, N>,
    mut streams: Option<(&mut Streams, usize)>,
    is_reversed: bool,
) -> Wide<L, N> {
    let mut pair = [*links, links.times(staples)];
    // Rows are constants in each call, so that the matrices stay in registers.
    if is_reversed {
        for j in (1..N).rev() {
            for i in (0..j).rev() {
                in_subgroup(&mut pair, (i, j), &mut streams);
            }
        }
    } else {
        for j in 1..N {
            for i in 0..j {
                in_subgroup(&mut pair, (i, j), &mut streams);
            }
        }
    }
    pair[0].near_the_group()
}

/// One subgroup: that of rows i, j of U and W.
#[inline(always)]
fn in_subgroup<L: Lanes<Scalar = f64>, const N: usize>(
    [links, w]: &mut [Wide<L, N>; 2],
    rows: (usize, usize),
    streams: &mut Option<(&mut Streams, usize)>,
) {
    let (one, zero) = (L::constant(1.0), L::constant(0.0));
    let m = of_block(w, rows);
    let square = m[3].mul_add(m[3], m[2].mul_add(m[2], m[1].mul_add(m[1], m[0] * m[0])));
    let a = match streams {
        Some((streams, count)) => {
            // Without staples any element is as likely as another.
            let positive = square - L::constant(VANISHING);
            let norm = positive.where_positive(square.sqrt(), zero);
            let inverse = positive.where_positive(one / norm, zero);
            // M† / |M|.
            let back = [
                positive.where_positive(m[0] * inverse, one),
                zero - m[1] * inverse,
                zero - m[2] * inverse,
                zero - m[3] * inverse,
            ];
            product(&drawn(norm, streams, *count), &back)
        }
        None => {
            // (M† / |M|)²; a link without staples stays.
            let positive = square - L::constant(VANISHING);
            let twice = positive.where_positive((m[0] + m[0]) / square, zero);
            [
                positive.where_positive(twice.mul_add(m[0], zero - one), one),
                zero - twice * m[1],
                zero - twice * m[2],
                zero - twice * m[3],
            ]
        }
    };
    turn(&a, links, rows);
    turn(&a, w, rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Matrix, haar, heatbath};
    use crate::random::{Purpose, Stream};
    use crate::simd::{Array, Instructions, Launch, launch};

    /// Eight links with their staples, both ways, in lanes.
    struct Both<'a, const N: usize> {
        links: &'a [f64],
        staples: &'a [f64],
        results: [&'a mut [f64]; 2],
    }

    impl<const N: usize> Launch<f64> for Both<'_, N> {
        #[inline(always)]
        unsafe fn run<L: Lanes<Scalar = f64>>(self) {
            let places = std::array::from_fn(|lane| lane * 2 * N * N);
            let [heated, reflected] = self.results;
            // SAFETY: there are eight links.
            unsafe {
                let links = Wide::<L, N>::load(self.links.as_ptr(), &places);
                let staples = Wide::<L, N>::load(self.staples.as_ptr(), &places);
                let mut streams = Streams::new(3, Purpose::Heatbath, &std::array::from_fn(|lane| lane as u64));
                heat(&links, &staples, (&mut streams, 8), false).store(heated.as_mut_ptr(), &places);
                reflect(&links, &staples, false).store(reflected.as_mut_ptr(), &places);
            }
        }
    }

    fn stream(lane: usize) -> Stream {
        Stream::new(3, Purpose::Heatbath, lane as u64)
    }

    fn expect_one_by_one<const N: usize>() {
        let mut random = Stream::new(8, Purpose::Heatbath, 77);
        for round in 0..20 {
            let reals = 2 * N * N;
            let (mut links, mut staples) = (vec![0.0; 8 * reals], vec![0.0; 8 * reals]);
            for lane in 0..8 {
                haar::<N>(&mut random).to_reals(&mut links[lane * reals..][..reals]);
                let sum = haar::<N>(&mut random) + haar::<N>(&mut random).scale(0.3.into());
                // One link has no staples.
                let size = if lane == 5 { 0.0 } else { 0.5 * f64::from(round) };
                sum.scale(size.into()).to_reals(&mut staples[lane * reals..][..reals]);
            }
            let mut results = [(); 2].map(|()| vec![0.0; 8 * reals]);
            let [heated, reflected] = &mut results;
            let both = Both::<N> { links: &links, staples: &staples, results: [heated, reflected] };
            if round % 2 == 0 {
                // SAFETY: the processor was asked.
                unsafe { launch(Instructions::best(), both) };
            } else {
                // SAFETY: all processors can.
                unsafe { both.run::<Array<f64, 8>>() };
            }
            for lane in 0..8 {
                let of = |numbers: &[f64]| Matrix::<N>::from_reals(&numbers[lane * reals..][..reals]);
                let (link, sum) = (of(&links), of(&staples));
                let drawn = heatbath::heat(&link, &sum, &mut stream(lane));
                assert!((drawn - of(&results[0])).largest() < 1e-12, "{N}: heat bath, round {round}, lane {lane}");
                let turned = heatbath::reflect(&link, &sum);
                let error = (turned - of(&results[1])).largest();
                // Without staples a phase may stay or turn.
                assert!(error < 1e-12 || (N == 1 && sum.largest() == 0.0), "{N}: {error}, round {round}, lane {lane}");
                assert!(of(&results[0]).deviation() < 1e-14 && of(&results[1]).deviation() < 1e-14);
            }
        }
    }

    /// Staples whose squares have lost digits, or are none, give links of the group.
    fn expect_group<const N: usize>() {
        let (mut random, reals) = (Stream::new(8, Purpose::Heatbath, 78), 2 * N * N);
        for size in [1e-165, 3e-162, 1e-160, 1e-158, 1e-150, 1e-140, 1e-130] {
            let (mut links, mut staples) = (vec![0.0; 8 * reals], vec![0.0; 8 * reals]);
            for lane in 0..8 {
                haar::<N>(&mut random).to_reals(&mut links[lane * reals..][..reals]);
                haar::<N>(&mut random).scale(size.into()).to_reals(&mut staples[lane * reals..][..reals]);
            }
            let mut results = [(); 2].map(|()| vec![0.0; 8 * reals]);
            let [heated, reflected] = &mut results;
            let both = Both::<N> { links: &links, staples: &staples, results: [heated, reflected] };
            // SAFETY: the processor was asked.
            unsafe { launch(Instructions::best(), both) };
            for link in results.iter().flat_map(|links| links.chunks_exact(reals)) {
                let deviation = Matrix::<N>::from_reals(link).deviation();
                assert!(deviation < 1e-14, "{N}, {size}: {deviation}");
            }
        }
    }

    #[test]
    fn vanishing_staples_leave_links_in_the_group() {
        expect_group::<1>();
        expect_group::<2>();
        expect_group::<3>();
    }

    #[test]
    fn links_in_lanes_are_those_one_by_one() {
        expect_one_by_one::<1>();
        expect_one_by_one::<2>();
        expect_one_by_one::<3>();
    }
}
