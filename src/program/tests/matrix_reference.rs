//! Reference of the operations on matrices: dense complex matrices in f64, by other formulas than those of the executors.
//!
//! Derivatives of the exponential are read off the exponential of x ⊗ 1 + Σ_i e_i ⊗ ν_i, where ν_i is nilpotent and acts on
//! the i-th of K two-dimensional spaces. Eigenvalues are the zeros of the characteristic polynomial (K. Weierstrass,
//! E. Durand, I. Kerner), projectors Lagrange's polynomials of the matrix; both need eigenvalues that differ.

use super::super::cpu::matrix::Square;
use super::super::operations::matrix::{Applied, Matrices};
use super::bounded::Bounded;
use crate::group::Complex64;

const I: Complex64 = Complex64::new(0.0, 1.0);
const ZERO: Complex64 = Complex64::new(0.0, 0.0);

/// A dense matrix by rows.
#[derive(Clone, Debug)]
pub struct Dense {
    pub n: usize,
    pub a: Vec<Complex64>,
}

impl Dense {
    fn from(n: usize, entry: impl Fn(usize, usize) -> Complex64) -> Self {
        Self { n, a: (0..n * n).map(|k| entry(k / n, k % n)).collect() }
    }

    pub fn unit(n: usize, z: Complex64) -> Self {
        Self::from(n, |i, j| if i == j { z } else { ZERO })
    }

    fn at(&self, i: usize, j: usize) -> Complex64 {
        self.a[i * self.n + j]
    }

    pub fn times(&self, other: &Self) -> Self {
        Self::from(self.n, |i, j| (0..self.n).map(|k| self.at(i, k) * other.at(k, j)).sum())
    }

    fn plus(&self, factor: Complex64, other: &Self) -> Self {
        Self::from(self.n, |i, j| self.at(i, j) + factor * other.at(i, j))
    }

    fn scale(&self, factor: Complex64) -> Self {
        Self::from(self.n, |i, j| factor * self.at(i, j))
    }

    fn adjoint(&self) -> Self {
        Self::from(self.n, |i, j| self.at(j, i).conj())
    }

    fn trace(&self) -> Complex64 {
        (0..self.n).map(|i| self.at(i, i)).sum()
    }

    fn exponential(&self) -> Self {
        const HALVINGS: i32 = 3;
        let x = self.scale((0.5f64.powi(HALVINGS)).into());
        let (mut sum, mut term) = (Self::unit(self.n, 1.0.into()), Self::unit(self.n, 1.0.into()));
        for k in 1..32 {
            term = term.times(&x).scale((1.0 / f64::from(k)).into());
            sum = sum.plus(1.0.into(), &term);
        }
        (0..HALVINGS).for_each(|_| sum = sum.times(&sum));
        sum
    }

    /// Inverse and determinant.
    fn solved(&self) -> (Self, Complex64) {
        let (n, mut rows, mut determinant) = (self.n, vec![], Complex64::new(1.0, 0.0));
        for i in 0..n {
            let unit = (0..n).map(|j| if i == j { 1.0.into() } else { ZERO });
            rows.push((0..n).map(|j| self.at(i, j)).chain(unit).collect::<Vec<Complex64>>());
        }
        for k in 0..n {
            let best = (k..n).max_by(|&i, &j| rows[i][k].norm().total_cmp(&rows[j][k].norm())).unwrap();
            rows.swap(k, best);
            let pivot = rows[k][k];
            determinant *= if best == k { pivot } else { -pivot };
            rows[k].iter_mut().for_each(|z| *z /= pivot);
            let own = rows[k].clone();
            for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != k) {
                let factor = row[k];
                row.iter_mut().zip(&own).for_each(|(z, y)| *z -= factor * y);
            }
        }
        (Self::from(n, |i, j| rows[i][n + j]), determinant)
    }

    /// Phases in ascending order with their projectors.
    fn eigen(&self) -> Vec<(f64, Self)> {
        let determinant = |z: Complex64| Self::unit(self.n, z).plus((-1.0).into(), self).solved().1;
        let mut roots: Vec<Complex64> = (0..self.n).map(|k| Complex64::from_polar(1.0, 0.4 + 2.0 * k as f64)).collect();
        for _ in 0..80 {
            for i in 0..self.n {
                let others: Complex64 = (0..self.n).filter(|&j| j != i).map(|j| roots[i] - roots[j]).product();
                let step = determinant(roots[i]) / others;
                roots[i] -= if step.is_finite() { step } else { ZERO };
            }
        }
        roots.sort_by(|a, b| a.arg().total_cmp(&b.arg()));
        let projector = |i: usize| {
            let others = (0..self.n).filter(|&j| j != i);
            others.fold(Self::unit(self.n, 1.0.into()), |product, j| {
                let factor = self.plus(-roots[j], &Self::unit(self.n, 1.0.into()));
                product.times(&factor.scale(1.0 / (roots[i] - roots[j])))
            })
        };
        (0..self.n).map(|i| (roots[i].arg(), projector(i))).collect()
    }
}

/// The derivative of the exponential along all matrices but the first.
fn exponential(x: &[Dense]) -> Dense {
    let (n, blocks) = (x[0].n, 1usize << (x.len() - 1));
    let large = Dense::from(n * blocks, |i, j| {
        let (row, column) = (i / n, j / n);
        let rise = column ^ row;
        match rise {
            0 => x[0].at(i % n, j % n),
            _ if rise.is_power_of_two() && column > row => x[1 + rise.ilog2() as usize].at(i % n, j % n),
            _ => ZERO,
        }
    });
    let result = large.exponential();
    Dense::from(n, |i, j| result.at(i, n * (blocks - 1) + j))
}

/// (e^{iα} − e^{iβ}) / (iα − iβ).
fn divided_difference(alpha: f64, beta: f64) -> Complex64 {
    if alpha == beta {
        return Complex64::from_polar(1.0, alpha);
    }
    (Complex64::from_polar(1.0, alpha) - Complex64::from_polar(1.0, beta)) / (I * (alpha - beta))
}

/// Arguments of an operation for one matrix.
struct Arguments<'a> {
    square: Square,
    numbers: &'a [Vec<f64>],
}

impl Arguments<'_> {
    fn number(&self, numbers: &[f64]) -> Complex64 {
        Complex64::new(numbers[0], if self.square.parts == 2 { numbers[1] } else { 0.0 })
    }

    fn matrices(&self, i: usize) -> Vec<Dense> {
        let Square { n, parts } = self.square;
        let chunks = self.numbers[i].chunks(self.square.channels());
        chunks.map(|chunk| Dense { n, a: chunk.chunks(parts).map(|z| self.number(z)).collect() }).collect()
    }

    fn matrix(&self, i: usize) -> Dense {
        self.matrices(i).remove(0)
    }

    fn numbers_of(&self, matrices: &[Dense]) -> Vec<f64> {
        let parts = self.square.parts;
        matrices.iter().flat_map(|m| &m.a).flat_map(|z| [z.re, z.im].into_iter().take(parts)).collect()
    }
}

/// The value of an operation for one matrix.
fn formula(operation: Matrices, of: &Arguments) -> Vec<f64> {
    let (n, parts) = (of.square.n, of.square.parts);
    let number = |z: Complex64| [z.re, z.im][..parts].to_vec();
    let x = |i: usize| of.matrix(i);
    let sum = |weights: &[Complex64], matrices: &[Dense]| {
        let zero = Dense::unit(n, ZERO);
        weights.iter().zip(matrices).fold(zero, |sum, (&w, p)| sum.plus(w, p))
    };
    let result = match operation {
        Matrices::Product => x(0).times(&x(1)),
        Matrices::AdjointProduct => x(0).adjoint().times(&x(1)),
        Matrices::ProductAdjoint => x(0).times(&x(1).adjoint()),
        Matrices::ProductOfAdjoints => x(1).times(&x(0)).adjoint(),
        Matrices::Trace => return number(x(0).trace()),
        Matrices::RealTrace => return vec![x(0).trace().re],
        Matrices::Unit => Dense::unit(n, of.number(&of.numbers[0])),
        Matrices::RealUnit => Dense::unit(n, of.numbers[0][0].into()),
        Matrices::Adjoint => x(0).adjoint(),
        Matrices::Antihermitian => x(0).plus((-1.0).into(), &x(0).adjoint()).scale(0.5.into()),
        Matrices::Traceless => {
            let part = x(0).plus((-1.0).into(), &x(0).adjoint()).scale(0.5.into());
            let mean = if n == 1 { ZERO } else { part.trace() / n as f64 };
            part.plus((-1.0).into(), &Dense::unit(n, mean))
        }
        Matrices::Turned => x(0).scale(I),
        Matrices::Exponential => exponential(&(0..of.numbers.len()).map(x).collect::<Vec<_>>()),
        Matrices::Inverse => x(0).solved().0,
        Matrices::LogDeterminant => {
            let determinant = x(0).solved().1;
            return [determinant.norm().ln(), determinant.arg()][..parts].to_vec();
        }
        Matrices::Phases => return x(0).eigen().into_iter().map(|(phase, _)| phase).collect(),
        Matrices::Projectors => {
            let projectors: Vec<Dense> = x(0).eigen().into_iter().map(|(_, p)| p).collect();
            return of.numbers_of(&projectors);
        }
        Matrices::Combined => sum(&of.numbers[0].iter().map(|&w| w.into()).collect::<Vec<_>>(), &of.matrices(1)),
        Matrices::Overlaps => return of.matrices(0).iter().map(|p| p.adjoint().times(&x(1)).trace().re).collect(),
        Matrices::Outer => {
            let products: Vec<Dense> = of.numbers[0].iter().map(|&w| x(1).scale(w.into())).collect();
            return of.numbers_of(&products);
        }
        Matrices::Logarithm => {
            let (phases, projectors): (Vec<_>, Vec<_>) = x(0).eigen().into_iter().unzip();
            sum(&phases.iter().map(|phase| I * phase).collect::<Vec<_>>(), &projectors)
        }
        Matrices::LogarithmDerivative => {
            let (eigen, mut result) = (x(0).eigen(), Dense::unit(n, ZERO));
            for (alpha, p) in &eigen {
                for (beta, q) in &eigen {
                    let term = p.times(&x(1)).times(q);
                    result = result.plus(1.0 / divided_difference(*alpha, *beta), &term);
                }
            }
            result
        }
    };
    of.numbers_of(&[result])
}

/// Roundings of an operation, in units of the largest number of each argument: each is as a change of an argument.
const ROUNDINGS: f64 = 40.0;

/// The value of an operation for one matrix, with a bound on its error: of what the arguments' errors and some roundings
/// of each of their numbers change, one by one and all together.
fn bounded(applied: &Applied, arguments: &[Vec<Bounded>], unit: f64) -> Vec<Bounded> {
    let numbers: Vec<Vec<f64>> = arguments.iter().map(|x| x.iter().map(|b| b.value).collect()).collect();
    let value = |numbers: &[Vec<f64>]| formula(applied.operation, &Arguments { square: applied.square, numbers });
    let exact = value(&numbers);
    let largest = exact.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let mut errors = vec![ROUNDINGS * unit * largest; exact.len()];
    let mut add = |moved: &[Vec<f64>]| {
        for ((error, x), y) in errors.iter_mut().zip(value(moved)).zip(&exact) {
            *error += 2.0 * (x - y).abs();
        }
    };
    let mut all = numbers.clone();
    for (i, argument) in arguments.iter().enumerate() {
        let size = argument.iter().fold(0.0f64, |most, x| most.max(x.value.abs()));
        for (j, x) in argument.iter().enumerate() {
            let step = x.error + ROUNDINGS * unit * size;
            let mut moved = numbers.clone();
            moved[i][j] += step;
            all[i][j] += step;
            add(&moved);
        }
    }
    add(&all);
    exact.into_iter().zip(errors).map(|(value, error)| Bounded { value, error }).collect()
}

/// The value of an operation on fields `[channel][site]`.
pub fn evaluate(applied: &Applied, fields: &[&[Bounded]], (sites, unit): (usize, f64)) -> Vec<Bounded> {
    let kinds = applied.operation.arguments();
    let channels: Vec<usize> =
        (0..fields.len()).map(|i| kinds[i.min(kinds.len() - 1)].channels(applied.square)).collect();
    let matrices = fields[0].len() / sites / channels[0];
    let count = applied.operation.result().channels(applied.square);
    let mut result = vec![Bounded::default(); matrices * count * sites];
    for m in 0..matrices {
        for s in 0..sites {
            let argument = |i: usize| {
                let first = m * channels[i];
                (first..first + channels[i]).map(|c| fields[i][c * sites + s]).collect()
            };
            let arguments: Vec<Vec<Bounded>> = (0..fields.len()).map(argument).collect();
            for (c, number) in bounded(applied, &arguments, unit).into_iter().enumerate() {
                result[(m * count + c) * sites + s] = number;
            }
        }
    }
    result
}
