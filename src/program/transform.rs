//! Planned Fourier transforms: how rows are factorised, with the roots of unity that they need.
//!
//! A row of N = r_1 r_2 .. complex numbers takes one pass for each factor (the self-sorting algorithm of T. G. Stockham,
//! AFIPS Conf. Proc. 28 (1966) 229). With n = N / (r_1 .. r_(i-1)) left, r = r_i, m = n / r and s = N / n, pass i is
//!
//! ```text
//! y[q + s (r p + k)] = w_n^(p k) sum_j w_r^(j k) x[q + s (p + m j)],   w_n = exp(-2 pi i / n),
//! ```
//!
//! for p < m, q < s and k, j < r. A row of real numbers, N = r m, takes the same first pass, of which k = 0 .. r / 2 are
//! enough; then each of these *classes* k is a complex row of m numbers, whose transform holds the momenta k + r j. Those
//! above N / 2 are conjugate to momenta of the half spectrum.

use super::fourier::{Fourier, Way};
use crate::simd::Real;

/// Factors of rows that are transformed in registers.
pub(super) const RADICES: [usize; 9] = [2, 3, 4, 5, 6, 8, 10, 12, 16];

/// Roots of unity in both precisions: real and imaginary parts.
#[derive(Debug, Default)]
pub(super) struct Roots {
    single: Vec<[f32; 2]>,
    double: Vec<[f64; 2]>,
}

impl Roots {
    /// w_n^(p k) for p < n / r and k = 1 .. r - 1: `[p][k - 1]`.
    fn of_pass(n: usize, r: usize) -> Self {
        let powers = (0..n / r).flat_map(|p| (1..r).map(move |k| p * k));
        let double: Vec<[f64; 2]> = powers.map(|power| root(power, n)).collect();
        Self { single: double.iter().map(|root| root.map(|part| part as f32)).collect(), double }
    }

    /// The first root, in a precision.
    pub fn start<T: Real>(&self) -> *const [T; 2] {
        if size_of::<T>() == size_of::<f32>() { self.single.as_ptr().cast() } else { self.double.as_ptr().cast() }
    }
}

/// exp(-2 pi i power / n); exact where it is a power of i.
pub(super) fn root(power: usize, n: usize) -> [f64; 2] {
    let power = power % n;
    let (quarters, rest) = (4 * power / n, 4 * power % n);
    let (sin, cos) = (std::f64::consts::FRAC_PI_2 * rest as f64 / n as f64).sin_cos();
    match quarters {
        0 => [cos, -sin],
        1 => [-sin, -cos],
        2 => [-cos, sin],
        _ => [sin, cos],
    }
}

/// One pass of a complex row.
#[derive(Debug)]
pub(super) struct Pass {
    /// r.
    pub radix: usize,
    /// m.
    pub rest: usize,
    /// s.
    pub done: usize,
    pub roots: Roots,
}

/// Passes of a complex row.
#[derive(Debug)]
pub(super) struct Axis {
    pub length: usize,
    pub passes: Vec<Pass>,
}

impl Axis {
    pub fn new(length: usize) -> Self {
        let (mut left, mut passes) = (length, vec![]);
        for radix in radices(length) {
            let rest = left / radix;
            // The last pass has no roots but one.
            let roots = if rest > 1 { Roots::of_pass(left, radix) } else { Roots::default() };
            passes.push(Pass { radix, rest, done: length / left, roots });
            left = rest;
        }
        Self { length, passes }
    }

    /// Complex numbers of scratch memory: the row between passes.
    fn scratch(&self) -> usize {
        self.length * self.passes.len().saturating_sub(1).min(2)
    }
}

/// A place among the numbers of a real row's classes or of its half spectrum, and whether to take the conjugate of what
/// is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub place: usize,
    pub is_conjugate: bool,
}

/// Passes of a real row.
#[derive(Debug)]
pub(super) struct RealAxis {
    pub length: usize,
    /// r of the first pass.
    pub radix: usize,
    pub roots: Roots,
    /// Passes of each class.
    pub class: Axis,
    /// For each mode of the half spectrum the number of a class, `[k][j]`.
    pub modes: Vec<Source>,
    /// For each number of a class, `[k][j]`, the mode of the half spectrum; None where another number holds that mode.
    pub numbers: Vec<Option<Source>>,
}

impl RealAxis {
    pub fn new(length: usize) -> Self {
        let radix = radices(length).first().copied().unwrap_or(1);
        let m = length / radix;
        let mode = |f: usize| match f % radix {
            k if 2 * k <= radix => Source { place: k * m + f / radix, is_conjugate: false },
            k => Source { place: (radix - k) * m + (length - f) / radix, is_conjugate: true },
        };
        let number = |k: usize, j: usize| match k + radix * j {
            f if 2 * f <= length => Some(Source { place: f, is_conjugate: false }),
            // The classes 0 and r / 2 hold the conjugate themselves.
            f => (k > 0 && 2 * k < radix).then(|| Source { place: length - f, is_conjugate: true }),
        };
        Self {
            length,
            radix,
            roots: if m > 1 { Roots::of_pass(length, radix) } else { Roots::default() },
            class: Axis::new(m),
            modes: (0..=length / 2).map(mode).collect(),
            numbers: (0..=radix / 2).flat_map(|k| (0..m).map(move |j| number(k, j))).collect(),
        }
    }

    /// Number of modes.
    pub fn half(&self) -> usize {
        self.length / 2 + 1
    }

    /// m, numbers of a class.
    pub fn rest(&self) -> usize {
        self.class.length
    }
}

/// Factors of a row: as few as there are, and the largest of them as small as it can be.
fn radices(length: usize) -> Vec<usize> {
    fn search(length: usize, most: usize) -> Option<Vec<usize>> {
        if length == 1 {
            return Some(vec![]);
        }
        let fitting = RADICES.into_iter().filter(|&r| r <= most && length.is_multiple_of(r));
        let found = fitting.filter_map(|r| Some([vec![r], search(length / r, r)?].concat()));
        found.min_by_key(|radices| (radices.len(), radices[0]))
    }
    search(length, usize::MAX).unwrap_or_default()
}

/// A planned transform of some channels.
#[derive(Debug)]
pub(super) struct Transform {
    pub way: Way,
    pub factors: Option<[f64; 2]>,
    pub channels: usize,
    /// First lines of the argument, of the result and of the scratch memory.
    pub from: usize,
    pub to: usize,
    pub scratch: usize,
    pub extents: Vec<usize>,
    pub x: RealAxis,
    /// The other axes that have more than one site.
    pub axes: Vec<Axis>,
}

/// Complex numbers of each part of the scratch memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scratch {
    /// A row between passes.
    pub row: usize,
    /// Classes of a real row.
    pub classes: usize,
    /// Sheet of the last two of four axes.
    pub sheet: usize,
    /// Half spectrum, or its first two axes, between the passes of a transform backward.
    pub spectrum: usize,
}

impl Scratch {
    /// Number of complex numbers.
    pub fn count(&self) -> usize {
        self.row + self.classes + self.sheet + self.spectrum
    }
}

impl Transform {
    /// A transform of some channels that has no memory yet.
    pub fn new(fourier: &Fourier, way: Way, factors: Option<[f64; 2]>, channels: usize) -> Self {
        let extents = fourier.extents().to_vec();
        let x = RealAxis::new(extents[0]);
        let axes = extents[1..].iter().filter(|&&length| length > 1).map(|&length| Axis::new(length)).collect();
        Self { way, factors, channels, from: 0, to: 0, scratch: 0, extents, x, axes }
    }

    /// Number of sites.
    pub fn volume(&self) -> usize {
        self.extents.iter().product()
    }

    /// Number of modes.
    pub fn modes(&self) -> usize {
        self.volume() / self.x.length * self.x.half()
    }

    /// Lines of scratch memory where passes are not made in registers: two complex fields.
    pub fn plain_scratch(&self) -> usize {
        4 * self.volume()
    }

    /// First line of one of the two complex fields.
    pub fn buffer(&self, which: usize) -> usize {
        self.scratch + 2 * which * self.volume()
    }

    /// The parts of the scratch memory.
    pub fn parts(&self) -> Scratch {
        let classes = if self.x.rest() > 1 { (self.x.radix / 2 + 1) * self.x.rest() } else { 0 };
        let row = self.axes.iter().chain([&self.x.class]).map(Axis::scratch).max().unwrap_or(0);
        let sheet = if let [_, z, t] = &self.axes[..] { z.length * t.length } else { 0 };
        let spectrum = match (self.way, &self.axes[..]) {
            (Way::Forward, _) | (_, []) => 0,
            (_, [y]) => y.length * self.x.half(),
            _ => self.modes(),
        };
        Scratch { row, classes, sheet, spectrum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_few_balanced_factors() {
        let cases: [(usize, &[usize]); 10] = [
            (1, &[]),
            (2, &[2]),
            (16, &[16]),
            (15, &[5, 3]),
            (30, &[6, 5]),
            (32, &[8, 4]),
            (64, &[8, 8]),
            (27, &[3, 3, 3]),
            (25, &[5, 5]),
            (3 << 16, &[16, 16, 16, 12, 4]),
        ];
        for (length, expected) in cases {
            let found = radices(length);
            assert_eq!((found.len(), found.iter().product()), (expected.len(), length));
            assert!(length > 64 || found == expected, "{length}: {found:?}");
        }
    }

    #[test]
    fn each_mode_is_a_number_of_one_class() {
        for length in [1, 2, 3, 5, 9, 15, 18, 20, 25, 30, 32, 36, 48, 54, 60] {
            let axis = RealAxis::new(length);
            assert_eq!(axis.numbers.iter().flatten().count(), axis.half());
            for (mode, source) in axis.modes.iter().enumerate() {
                let back = axis.numbers[source.place].unwrap();
                assert_eq!(back, Source { place: mode, is_conjugate: source.is_conjugate }, "{length}");
            }
        }
    }

    #[test]
    fn roots_are_accurate_and_quarters_exact() {
        for n in [1, 2, 4, 5, 12, 30] {
            for power in 0..2 * n {
                let (sin, cos) = (std::f64::consts::TAU * power as f64 / n as f64).sin_cos();
                let [re, im] = root(power, n);
                assert!((re - cos).abs() < 2e-15 && (im + sin).abs() < 2e-15, "{power} / {n}");
            }
        }
        assert_eq!([root(1, 4), root(2, 4), root(15, 20)], [[0.0, -1.0], [-1.0, 0.0], [0.0, 1.0]]);
    }
}
