//! Real Fourier transforms of short rows, in registers.
//!
//! Of N numbers x_j the transform holds C_k = sum_j x_j cos(2 pi j k / N) and S_k = sum_j x_j sin(2 pi j k / N) in the
//! order C_0, C_1, S_1, C_2, S_2 .. C_(N/2). Even rows split (Cooley and Tukey, Math. Comput. 19 (1965) 297):
//! with h = N / 2, the sums x_j + x_(j+h) have the even k as their transform, the differences the odd ones.
//! `backward` is the transposed map: sum_k C_k cos(2 pi j k / N) + S_k sin(2 pi j k / N), each k once.

#![allow(clippy::needless_range_loop, clippy::reversed_empty_ranges)]

use crate::simd::Lanes;

/// Steps of a whole turn: a multiple of four and of all extents.
const TURN: usize = 240;

/// cos(2 pi k / TURN).
const COSINES: [f64; TURN] = {
    let mut table = [0.0; TURN];
    let mut k = 0;
    while k < TURN {
        // To the first quarter, then to its first half: both exact.
        let half = if 2 * k > TURN { TURN - k } else { k };
        let (sign, quarter) = if 4 * half > TURN { (-1.0, TURN / 2 - half) } else { (1.0, half) };
        let is_cosine = 8 * quarter <= TURN;
        let steps = if is_cosine { quarter } else { TURN / 4 - quarter };
        let angle = std::f64::consts::TAU * steps as f64 / TURN as f64;
        // Taylor's series, its smallest terms first.
        let (mut sum, mut n) = (0.0, 24);
        while n > 0 {
            let order = if is_cosine { n } else { n + 1 };
            sum = (1.0 + sum) * (-angle * angle) / (order * (order - 1)) as f64;
            n -= 2;
        }
        table[k] = sign * (1.0 + sum) * if is_cosine { 1.0 } else { angle };
        k += 1;
    }
    table
};

/// sum + x cos(2 pi k / n), for constants that the compiler sees.
#[inline(always)]
fn add_cosine<L: Lanes>(sum: L, x: L, k: usize, n: usize) -> L {
    match k * (TURN / n) % TURN {
        0 => sum + x,
        120 => sum - x,
        60 | 180 => sum,
        step => x.mul_add(L::constant(COSINES[step]), sum),
    }
}

/// x cos(2 pi k / n).
#[inline(always)]
fn cosine<L: Lanes>(x: L, k: usize, n: usize) -> L {
    match k * (TURN / n) % TURN {
        0 => x,
        step => x * L::constant(COSINES[step]),
    }
}

/// sum + x sin(2 pi k / n): the cosine three quarters of a turn on.
#[inline(always)]
fn add_sine<L: Lanes>(sum: L, x: L, k: usize, n: usize) -> L {
    add_cosine(sum, x, k * (TURN / n) + 3 * TURN / 4, TURN)
}

/// x sin(2 pi k / n).
#[inline(always)]
fn sine<L: Lanes>(x: L, k: usize, n: usize) -> L {
    cosine(x, k * (TURN / n) + 3 * TURN / 4, TURN)
}

/// Rows of N numbers.
pub(super) struct Length<const N: usize>;

/// The transform and its transposed map.
pub(super) trait Transform<const N: usize> {
    fn forward<L: Lanes>(x: [L; N]) -> [L; N];
    fn backward<L: Lanes>(x: [L; N]) -> [L; N];
}

impl Transform<1> for Length<1> {
    #[inline(always)]
    fn forward<L: Lanes>(x: [L; 1]) -> [L; 1] {
        x
    }
    #[inline(always)]
    fn backward<L: Lanes>(x: [L; 1]) -> [L; 1] {
        x
    }
}

impl Transform<2> for Length<2> {
    #[inline(always)]
    fn forward<L: Lanes>(x: [L; 2]) -> [L; 2] {
        [x[0] + x[1], x[0] - x[1]]
    }
    #[inline(always)]
    fn backward<L: Lanes>(x: [L; 2]) -> [L; 2] {
        [x[0] + x[1], x[0] - x[1]]
    }
}

impl Transform<4> for Length<4> {
    #[inline(always)]
    fn forward<L: Lanes>(x: [L; 4]) -> [L; 4] {
        let (even, odd) = (x[0] + x[2], x[1] + x[3]);
        [even + odd, x[0] - x[2], x[1] - x[3], even - odd]
    }
    #[inline(always)]
    fn backward<L: Lanes>(x: [L; 4]) -> [L; 4] {
        let (even, odd) = (x[0] + x[3], x[0] - x[3]);
        [even + x[1], odd + x[2], even - x[1], odd - x[2]]
    }
}

macro_rules! odd {
    ($($n:literal)*) => {$(
        impl Transform<$n> for Length<$n> {
            #[inline(always)]
            fn forward<L: Lanes>(x: [L; $n]) -> [L; $n] {
                let mut y = [x[0]; $n];
                for j in 1..=$n / 2 {
                    y[0] = y[0] + (x[j] + x[$n - j]);
                }
                for k in 1..=$n / 2 {
                    y[2 * k] = sine(x[1] - x[$n - 1], k, $n);
                    for j in 1..=$n / 2 {
                        y[2 * k - 1] = add_cosine(y[2 * k - 1], x[j] + x[$n - j], j * k, $n);
                        if j > 1 {
                            y[2 * k] = add_sine(y[2 * k], x[j] - x[$n - j], j * k, $n);
                        }
                    }
                }
                y
            }
            #[inline(always)]
            fn backward<L: Lanes>(x: [L; $n]) -> [L; $n] {
                let mut y = [x[0]; $n];
                for j in 1..=$n / 2 {
                    y[0] = y[0] + x[2 * j - 1];
                    let (mut even, mut odd) = (x[0], sine(x[2], j, $n));
                    for k in 1..=$n / 2 {
                        even = add_cosine(even, x[2 * k - 1], j * k, $n);
                        if k > 1 {
                            odd = add_sine(odd, x[2 * k], j * k, $n);
                        }
                    }
                    (y[j], y[$n - j]) = (even + odd, even - odd);
                }
                y
            }
        }
    )*};
}
odd!(3 5);

/// Index, in the whole transform, of number i of the transform of the sums.
#[inline(always)]
fn even_place(i: usize) -> usize {
    if i == 0 { 0 } else { i.div_ceil(2) * 4 - 1 + (i + 1) % 2 }
}

/// Index, in the whole transform, of number i of the transform of the differences: C_1, S_1, C_3, S_3 ..
#[inline(always)]
fn odd_place(i: usize) -> usize {
    i / 2 * 4 + 1 + i % 2
}

macro_rules! even {
    ($($n:literal = 2 * $h:literal)*) => {$(
        impl Transform<$n> for Length<$n> {
            #[inline(always)]
            fn forward<L: Lanes>(x: [L; $n]) -> [L; $n] {
                let (mut sums, mut d) = ([x[0]; $h], [x[0]; $h]);
                for j in 0..$h {
                    (sums[j], d[j]) = (x[j] + x[j + $h], x[j] - x[j + $h]);
                }
                let sums = Length::<$h>::forward(sums);
                let mut y = x;
                for i in 0..$h {
                    y[even_place(i)] = sums[i];
                }
                // For odd k, cos(2 pi (h - j) k / N) = -cos(2 pi j k / N), and the sines are equal; that of h / 2 is +-1.
                for i in 0..$h {
                    let k = i / 2 * 2 + 1;
                    let mut sum = match (i % 2, k % 4) {
                        (0, _) => d[0],
                        (_, 1) => d[$h / 2],
                        _ => x[$h + $h / 2] - x[$h / 2],
                    };
                    for j in 1..usize::div_ceil($h, 2) {
                        sum = match i % 2 {
                            0 => add_cosine(sum, d[j] - d[$h - j], j * k, $n),
                            _ if $h % 2 == 1 && j == 1 => sine(d[j] + d[$h - j], k, $n),
                            _ => add_sine(sum, d[j] + d[$h - j], j * k, $n),
                        };
                    }
                    y[odd_place(i)] = sum;
                }
                y
            }
            #[inline(always)]
            fn backward<L: Lanes>(x: [L; $n]) -> [L; $n] {
                let mut sums = [x[0]; $h];
                for i in 0..$h {
                    sums[i] = x[even_place(i)];
                }
                let sums = Length::<$h>::backward(sums);
                let mut d = [x[1]; $h];
                for i in 2..$h {
                    if i % 2 == 0 {
                        d[0] = d[0] + x[odd_place(i)];
                    }
                }
                for j in 1..usize::div_ceil($h, 2) {
                    let (mut cosines, mut sines) = (cosine(x[odd_place(0)], j, $n), sine(x[odd_place(1)], j, $n));
                    for i in 2..$h {
                        let angle = j * (i / 2 * 2 + 1);
                        if i % 2 == 0 {
                            cosines = add_cosine(cosines, x[odd_place(i)], angle, $n);
                        } else {
                            sines = add_sine(sines, x[odd_place(i)], angle, $n);
                        }
                    }
                    (d[j], d[$h - j]) = (sines + cosines, sines - cosines);
                }
                if $h % 2 == 0 {
                    let mut sum = x[odd_place(1)];
                    for i in 3..$h {
                        if i % 4 == 3 {
                            sum = sum - x[odd_place(i)];
                        } else if i % 2 == 1 {
                            sum = sum + x[odd_place(i)];
                        }
                    }
                    d[$h / 2] = sum;
                }
                let mut y = x;
                for j in 0..$h {
                    (y[j], y[j + $h]) = (sums[j] + d[j], sums[j] - d[j]);
                }
                y
            }
        }
    )*};
}
even!(6 = 2 * 3 8 = 2 * 4 10 = 2 * 5 12 = 2 * 6 16 = 2 * 8);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Array;

    type Number = Array<f64, 8>;

    fn check<const N: usize>()
    where
        Length<N>: Transform<N>,
    {
        let unit = |i: usize| std::array::from_fn::<Number, N, _>(|j| Number::constant(f64::from(i == j)));
        for i in 0..N {
            let (column, row) = (Length::<N>::forward(unit(i)), Length::<N>::backward(unit(i)));
            for j in 0..N {
                let wave = |place: usize, x: usize| {
                    let turns = (place.div_ceil(2) * x % N) as f64 / N as f64;
                    let (sin, cos) = (std::f64::consts::TAU * turns).sin_cos();
                    if place == 0 || place % 2 == 1 { cos } else { sin }
                };
                assert!((column[j].sum() / 8.0 - wave(j, i)).abs() < 2e-15, "{N}: {i} {j}");
                assert!((row[j].sum() / 8.0 - wave(i, j)).abs() < 2e-15, "{N}: {i} {j}");
            }
        }
    }

    #[test]
    fn waves_of_all_lengths() {
        check::<1>();
        check::<2>();
        check::<3>();
        check::<4>();
        check::<5>();
        check::<6>();
        check::<8>();
        check::<10>();
        check::<12>();
        check::<16>();
    }

    #[test]
    fn the_table_holds_cosines() {
        for (k, cosine) in COSINES.into_iter().enumerate() {
            assert!((cosine - (std::f64::consts::TAU * k as f64 / TURN as f64).cos()).abs() < 1e-15, "{k}");
        }
        assert!((COSINES[TURN / 6] - 0.5).abs() <= f64::EPSILON / 2.0);
        assert!((COSINES[TURN / 8] - std::f64::consts::FRAC_1_SQRT_2).abs() <= f64::EPSILON / 2.0);
    }
}
