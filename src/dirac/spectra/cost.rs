//! Cost of spectra in complex multiply-adds: of dense matrices, and of searches.
//!
//! ```text
//! dense       c n^3           c = 1.4 (hermitian), 6 (general), 2.5 (singular values)
//! cycle       (m - k) (a + 4 n m) + n m^2 + 2 n m k + k (30 n + 2 n k) + c m^3
//! ```
//!
//! for n rows, and a cycle of a search that fills a space from k vectors up to m: their images at a cost of a each,
//! sums that make them orthogonal, the small eigenvalue problem, the restart and residuals. An application of D takes
//! about 30 n. The constants c are those at which both take as long: measured with faer on 864 and 1440 rows against
//! searches on 3072, one thread each, 0.6 ns for a multiply-add. How many cycles a search takes is known only when it
//! is done: a choice assumes the usual number and takes a search only for half the cost of the dense matrix, and a
//! search that was chosen gives up for the dense matrix at the cost of that, so that both costs are the worst case.

use super::ritz::Symmetry;

/// Multiply-adds of D for each row.
pub(crate) const APPLICATION: f64 = 30.0;

/// Rows of the largest matrix that 'auto' makes dense, at first or after a search that gives up: 256 MiB.
pub(crate) const MOST_CHOSEN: usize = 1 << 12;

/// A dense spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dense {
    /// Eigenvalues with their vectors.
    Eigen(Symmetry),
    /// Singular values.
    Singular,
}

impl Dense {
    /// Multiply-adds for a matrix of so many rows.
    pub fn cost(self, rows: usize) -> f64 {
        let constant = match self {
            Dense::Eigen(Symmetry::Hermitian) => 1.4,
            Dense::Eigen(Symmetry::General) => 6.0,
            Dense::Singular => 2.5,
        };
        constant * (rows as f64).powi(3)
    }
}

/// A cycle of a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cycle {
    /// Rows.
    pub rows: usize,
    /// Vectors kept at a restart, and vectors of the filled space.
    pub kept: usize,
    pub filled: usize,
    /// Multiply-adds of the image of one vector.
    pub image: f64,
    /// Symmetry of the projected operator.
    pub symmetry: Symmetry,
}

impl Cycle {
    /// Multiply-adds.
    pub fn cost(self) -> f64 {
        let (n, k, m) = (self.rows as f64, self.kept as f64, self.filled as f64);
        let fill = (m - k) * (self.image + 4.0 * n * m) + n * m * m;
        let rest = 2.0 * n * m * k + k * (APPLICATION * n + 2.0 * n * k);
        fill + rest + Dense::Eigen(self.symmetry).cost(self.filled)
    }
}

/// Usual cost of a search: its cycles, and applications of D for an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usual {
    pub cycles: f64,
    pub applications: f64,
}

impl Usual {
    /// A search behind Chebyshev filters.
    pub const FILTERED: Self = Self { cycles: 10.0, applications: 60.0 };
    /// A search with the inverse of D, by conjugate gradients in f32.
    pub const INVERSE: Self = Self { cycles: 6.0, applications: 150.0 };
    /// A search with the operator itself.
    pub const SAME: Self = Self { cycles: 30.0, applications: 1.0 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_those_that_were_measured() {
        // Seconds of one thread on a Zen 3, at 0.6 ns for a multiply-add: within a factor of two.
        let seconds = |cost: f64| 0.6e-9 * cost;
        let near = |got: f64, measured: f64| assert!(got < 2.0 * measured && got > 0.5 * measured, "{got} {measured}");
        near(seconds(Dense::Eigen(Symmetry::Hermitian).cost(864)), 0.4);
        near(seconds(Dense::Eigen(Symmetry::General).cost(864)), 1.5);
        near(seconds(Dense::Singular.cost(864)), 0.9);
        near(seconds(Dense::Eigen(Symmetry::Hermitian).cost(1440)), 2.6);
        // 240 restarts of a Krylov space of D^dag D.
        let cycle = Cycle {
            rows: 3072,
            kept: 12,
            filled: 44,
            image: 2.0 * APPLICATION * 3072.0,
            symmetry: Symmetry::Hermitian,
        };
        near(240.0 * seconds(cycle.cost()), 3.6);
    }
}
