//! Links of SU(3) as eight numbers, from which every matrix of the group is made again to rounding.
//!
//! The first row v of U fixes a phase e and a reflector R = 1 - h u^dag u, h = 2 / |u|^2, with R R = 1:
//!
//! ```text
//! e = v_1 / |v_1|,  u = (1, a, b),  a = conj(e) v_2 / (1 + |v_1|),  b = conj(e) v_3 / (1 + |v_1|)
//! first row:   v = -e (row 1 of R) = e (h - 1, h a, h b)
//! second row:  (0, w_1, w_2) R = (-t, w_1 - t a, w_2 - t b),  t = h (w_1 conj(a) + w_2 conj(b)),  |w_1|^2 + |w_2|^2 = 1
//! third row:   conj(first x second)
//! ```
//!
//! a and b are four numbers, |a|^2 + |b|^2 <= 1; e and w, points of the circle and of the three-sphere, are one and three by
//! stereographic projection, x -> x_rest / (1 + x_first), which floating-point numbers, precise in relation to
//! themselves, take near its pole, too; the pole itself is set at [`most`]. All that is divided by is at least one, whatever U
//! is. The unit matrix is eight zeros. The usual eight numbers (B. Bunk, R. Sommer, Comput. Phys. Commun. 40, 229 (1986);
//! M. A. Clark et al., Comput. Phys. Commun. 181, 1517 (2010)) divide by |v_2|^2 + |v_3|^2, which is 0 for the unit matrix,
//! and take roots that lose half of the digits. Reflectors: A. S. Householder, J. ACM 5, 339 (1958).

use crate::gauge::{Complex64, Matrix};
use crate::simd::{Lanes, Native};

/// How far out the pole of a projection is set: 2 / most is below rounding, and most^4 does not overflow.
pub(crate) fn most<T: Native>() -> f64 {
    if T::WIDTH == f64::WIDTH { 2f64.powi(60) } else { 2f64.powi(28) }
}

/// The stereographic projection of a point of a sphere.
fn projected<const K: usize>(first: f64, rest: [f64; K], most: f64) -> [f64; K] {
    let size = rest.iter().map(|x| x * x).sum::<f64>().sqrt();
    if size == 0.0 {
        let pole = if first < 0.0 { most } else { 0.0 };
        return std::array::from_fn(|i| if i == 0 { pole } else { 0.0 });
    }
    // size / (1 + first), without cancellation.
    let length = if first < 0.0 { (1.0 - first) / size } else { size / (1.0 + first) };
    rest.map(|x| x / size * length.min(most))
}

/// The eight numbers a, b, that of e, those of w.
pub(crate) fn numbers(u: &Matrix<3>, most: f64) -> [f64; 8] {
    let [v, second, _] = u.0;
    let size = v[0].norm();
    // Any phase does where there is none, or none that the digits of v_1 hold.
    let e = if size < 1e-200 { Complex64::new(1.0, 0.0) } else { v[0] / size };
    let h = 1.0 + size;
    let (a, b) = (e.conj() * v[1] / h, e.conj() * v[2] / h);
    // The second row times R.
    let part = h * (second[0] + second[1] * a.conj() + second[2] * b.conj());
    let (w, x) = (second[1] - part * a, second[2] - part * b);
    let [tau] = projected(e.re, [e.im], most);
    let [z1, z2, z3] = projected(w.re, [w.im, x.re, x.im], most);
    [a.re, a.im, b.re, b.im, tau, z1, z2, z3]
}

/// A product of complex numbers.
#[inline(always)]
fn product<L: Lanes>(x: [L; 2], y: [L; 2]) -> [L; 2] {
    [x[1].negative_mul_add(y[1], x[0] * y[0]), x[1].mul_add(y[0], x[0] * y[1])]
}

/// z - x y.
#[inline(always)]
fn less<L: Lanes>(z: [L; 2], x: [L; 2], y: [L; 2]) -> [L; 2] {
    [
        x[1].mul_add(y[1], x[0].negative_mul_add(y[0], z[0])),
        x[1].negative_mul_add(y[0], x[0].negative_mul_add(y[1], z[1])),
    ]
}

/// Two rows of the matrix that the numbers belong to; one division, no branch.
#[inline(always)]
pub(crate) fn two_rows<L: Lanes>(numbers: &[L; 8]) -> [[[L; 2]; 3]; 2] {
    let (zero, one) = (L::constant(0.0), L::constant(1.0));
    let [a_re, a_im, b_re, b_im, tau, z1, z2, z3] = *numbers;
    let (a, b) = ([a_re, a_im], [b_re, b_im]);
    // |u|^2, 1 + tau^2, 1 + |z|^2 and the double of their inverses.
    let n = b_im.mul_add(b_im, b_re.mul_add(b_re, a_im.mul_add(a_im, a_re.mul_add(a_re, one))));
    let p = tau.mul_add(tau, one);
    let k = z3.mul_add(z3, z2.mul_add(z2, z1.mul_add(z1, one)));
    let both = p * k;
    let twice = L::constant(2.0) / (n * both);
    let (h, m) = (twice * both, twice * n);
    let (c, s) = (m * k, m * p);
    let e = [c - one, c * tau];
    let f = [h * e[0], h * e[1]];
    let first = [[f[0] - e[0], f[1] - e[1]], product(f, a), product(f, b)];
    let (w, x) = ([s - one, s * z1], [s * z2, s * z3]);
    let re = x[1].mul_add(b_im, x[0].mul_add(b_re, w[1].mul_add(a_im, w[0] * a_re)));
    let im = x[0].negative_mul_add(b_im, x[1].mul_add(b_re, w[0].negative_mul_add(a_im, w[1] * a_re)));
    let t = [h * re, h * im];
    [first, [[zero - t[0], zero - t[1]], less(w, t, a), less(x, t, b)]]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::gauge::{exponential, generator, haar};
    use crate::random::{Purpose, Stream};
    use proptest::prelude::*;

    const ZERO: Complex64 = Complex64::new(0.0, 0.0);

    /// Matrices at which parametrisations fail: the unit, diagonal and centre elements, permutations, zeros in rows, and
    /// rotations in a plane.
    pub fn special() -> Vec<Matrix<3>> {
        let diagonal = |angles: [f64; 2]| {
            let mut u = Matrix::<3>::unit();
            let all = [angles[0], angles[1], -angles[0] - angles[1]];
            (0..3).for_each(|i| u.0[i][i] = Complex64::from_polar(1.0, all[i]));
            u
        };
        let pi = std::f64::consts::PI;
        let angles =
            [0.0, 1e-300, 1e-17, 1e-9, 1.0, 0.5 * pi, 2.0 * pi / 3.0, 4.0 * pi / 3.0, pi - 1e-9, pi, -pi, -2.0];
        let mut all: Vec<Matrix<3>> = angles.iter().flat_map(|&a| angles.map(|b| diagonal([a, b]))).collect();
        // -1 without the rounding of sines.
        for minus in [[0, 1], [0, 2], [1, 2]] {
            let mut u = Matrix::<3>::unit();
            minus.iter().for_each(|&i| u.0[i][i] = Complex64::new(-1.0, -0.0));
            all.push(u);
        }
        let turned: Vec<Matrix<3>> = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [1, 0, 2], [0, 2, 1], [2, 1, 0]]
            .iter()
            .map(|columns| {
                let mut u = Matrix::<3>::ZERO;
                (0..3).for_each(|i| u.0[i][columns[i]] = 1.0.into());
                let sign = u.determinant();
                u.0[2].iter_mut().for_each(|z| *z *= sign);
                u
            })
            .collect();
        let planes: Vec<Matrix<3>> = (0..8)
            .flat_map(|a| [1e-8, 0.7, 3.0, pi].map(|x| exponential(&generator::<3>(a).scale((2.0 * x).into()))))
            .collect();
        all.extend(turned.iter().flat_map(|u| all.iter().map(|v| *u * *v)).collect::<Vec<_>>());
        all.extend(planes);
        all
    }

    /// A matrix of the group: random ones, special ones, and such that are close to those.
    pub fn near(special: &[Matrix<3>], (which, power, counter): (usize, i32, u64)) -> Matrix<3> {
        let mut stream = Stream::new(7, Purpose::Parameters, counter);
        if which >= special.len() {
            return haar(&mut stream);
        }
        let mut numbers = [0.0; 8];
        stream.normals(&mut numbers);
        let size = if power == 0 { 0.0 } else { 10f64.powi(power) };
        let away = numbers
            .iter()
            .enumerate()
            .fold(Matrix::<3>::ZERO, |sum, (a, x)| sum + generator::<3>(a).scale((size * x).into()));
        (exponential(&away) * special[which]).projected()
    }

    /// The matrix again.
    fn again<T: Native>(u: &Matrix<3>) -> Matrix<3> {
        let numbers = numbers(u, most::<T>()).map(|x| T::Portable::splat(T::from_f64(x)));
        let lane = |x: T::Portable| (x * T::Portable::constant(1.0 / T::WIDTH as f64)).sum().to_f64();
        let [v, w] = two_rows(&numbers).map(|row| row.map(|z| Complex64::new(lane(z[0]), lane(z[1]))));
        let third = |i: usize| (v[(i + 1) % 3] * w[(i + 2) % 3] - v[(i + 2) % 3] * w[(i + 1) % 3]).conj();
        Matrix([v, w, [third(0), third(1), third(2)]])
    }

    fn expect_again(u: &Matrix<3>) {
        // Some ten roundings one after the other.
        let (double, single) = ((again::<f64>(u) - *u).largest(), (again::<f32>(u) - *u).largest());
        assert!(double < 4e-15 && single < 2e-6, "{u:?}: {double}, {single}");
    }

    #[test]
    fn special_matrices_are_made_again() {
        for u in special() {
            expect_again(&u.projected());
        }
        assert_eq!(numbers(&Matrix::unit(), most::<f64>()), [0.0; 8]);
        // Zeros in the first row, but for one number.
        for column in 0..3 {
            let mut u = Matrix::<3>::ZERO;
            (0..3).for_each(|row| u.0[row][(column + row) % 3] = Complex64::new(1.0, 0.0));
            expect_again(&u);
            // Numbers so small that they have few digits or none.
            for tiny in [5e-324, 1e-322, 1e-315, 1e-308, 1e-250, 1e-200, 1e-100] {
                let mut near = u;
                near.0[0][(column + 1) % 3] = Complex64::new(tiny, -3.0 * tiny);
                expect_again(&near);
            }
            assert!(u.0[0].iter().filter(|z| **z == ZERO).count() == 2);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, rng_seed: proptest::test_runner::RngSeed::Fixed(5), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_matrix_is_made_again(which in 0..1600usize, power in -20..1i32, counter in 0..u64::MAX) {
            expect_again(&near(&special(), (which, power, counter)));
        }
    }
}
