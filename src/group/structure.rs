//! Structure constants of the algebras, as lists of those that are not zero.
//!
//! ```text
//! T_a T_b = δ_ab / (2N) + (d_abc + i f_abc) T_c / 2,    tr T_a T_b = T_F δ_ab
//! ```
//!
//! For U(1) the one generator is 1, and both lists are empty.

use super::lie_group::generator;
use super::matrix::{Complex64, Matrix};
use std::sync::OnceLock;

/// Most generators of a group.
pub(crate) const MOST: usize = 8;

/// A number x_abc with its indices.
pub(crate) type Constant = ([usize; 3], f64);

/// Generators and structure constants of one group.
#[derive(Debug)]
pub(crate) struct Structure {
    /// Numbers of T_c that are not zero: c, row, column; real and imaginary part.
    pub generators: Vec<([usize; 3], [f64; 2])>,
    /// f_abc.
    pub odd: Vec<Constant>,
    /// d_abc.
    pub even: Vec<Constant>,
    /// 1 / T_F.
    pub norm: f64,
}

/// Number of generators for N colours.
pub(crate) const fn count(colours: usize) -> usize {
    if colours == 1 { 1 } else { colours * colours - 1 }
}

impl Structure {
    /// That of N colours.
    pub fn of<const N: usize>() -> &'static Self {
        static ALL: [OnceLock<Structure>; 4] = [const { OnceLock::new() }; 4];
        ALL[N].get_or_init(Self::new::<N>)
    }

    fn new<const N: usize>() -> Self {
        let t: Vec<Matrix<N>> = (0..count(N)).map(|a| generator(a).scale(Complex64::new(0.0, -1.0))).collect();
        let (mut generators, mut odd, mut even) = (vec![], vec![], vec![]);
        for (c, matrix) in t.iter().enumerate() {
            for (i, j) in (0..N).flat_map(|i| (0..N).map(move |j| (i, j))) {
                let z = matrix.0[i][j];
                if z.norm() > 0.0 {
                    generators.push(([c, i, j], [z.re, z.im]));
                }
            }
        }
        let all = (0..t.len()).flat_map(|a| (0..t.len()).map(move |b| (a, b)));
        for (a, b) in all.filter(|_| N > 1) {
            for (c, third) in t.iter().enumerate() {
                // tr T_a T_b T_c = (d_abc + i f_abc) / 4.
                let z = (t[a] * t[b] * *third).trace() * 4.0;
                for (list, x) in [(&mut odd, z.im), (&mut even, z.re)] {
                    if x.abs() > 1e-12 {
                        list.push(([a, b, c], x));
                    }
                }
            }
        }
        Self { generators, odd, even, norm: if N == 1 { 1.0 } else { 2.0 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_those_of_the_books() {
        let [two, three] = [Structure::of::<2>(), Structure::of::<3>()];
        assert!(Structure::of::<1>().odd.is_empty() && two.even.is_empty());
        assert_eq!((two.odd.len(), three.odd.len(), three.even.len()), (6, 54, 58));
        // f_123 = 1, f_458 = √3 / 2, d_118 = 1 / √3 in the order of Gell-Mann's matrices.
        let of = |list: &[Constant], at: [usize; 3]| list.iter().find(|(index, _)| *index == at).unwrap().1;
        assert!((of(&three.odd, [0, 1, 2]) - 1.0).abs() < 1e-14);
        assert!((of(&three.odd, [3, 4, 7]) - 0.75f64.sqrt()).abs() < 1e-14);
        assert!((of(&three.even, [0, 0, 7]) - (1.0 / 3.0f64).sqrt()).abs() < 1e-14);
    }
}
