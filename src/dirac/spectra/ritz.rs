//! Ritz pairs: eigenvalues of the projection of an operator, with vectors and residuals.

use super::matrix::{self, made};
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::memory;
use faer::{Mat, MatRef, Side};

/// An end of a spectrum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extreme {
    /// The smallest |eigenvalues|.
    #[default]
    Smallest,
    /// The largest.
    Largest,
    /// The smallest real parts; the most negative eigenvalues of a hermitian operator.
    SmallestReal,
    /// The largest real parts.
    LargestReal,
}

impl Extreme {
    /// True where magnitudes count, and not real parts.
    pub(crate) fn is_by_magnitude(self) -> bool {
        matches!(self, Extreme::Smallest | Extreme::Largest)
    }

    /// True where the smallest come first.
    pub(crate) fn is_smallest(self) -> bool {
        matches!(self, Extreme::Smallest | Extreme::SmallestReal)
    }

    /// The number that eigenvalues are ordered by.
    pub(crate) fn key(self, z: Complex64) -> f64 {
        if self.is_by_magnitude() { z.norm() } else { z.re }
    }

    /// The same end by magnitude, for eigenvalues that are positive.
    pub(crate) fn of_positive(self) -> Self {
        if self.is_smallest() { Extreme::Smallest } else { Extreme::Largest }
    }
}

/// Whether a matrix is its own adjoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symmetry {
    Hermitian,
    General,
}

/// Eigenvalues with their normalised vectors and residuals, best first.
pub(crate) struct Pairs {
    pub values: Vec<Complex64>,
    pub vectors: Mat<Complex64>,
    pub residuals: Vec<f64>,
    /// Indices of the pairs among the vectors that they were made from.
    pub chosen: Vec<usize>,
}

/// Eigenvalues and vectors of a small matrix.
pub(crate) fn eigen(matrix: MatRef<Complex64>, symmetry: Symmetry) -> Result<(Vec<Complex64>, Mat<Complex64>)> {
    let failed = |_| Error::NotConverged(format!("spectrum: expected eigenvalues of {0} x {0}", matrix.nrows()));
    if (0..matrix.ncols()).any(|j| !matrix.col(j).norm_l2().is_finite()) {
        return Err(Error::BadInput(
            "spectrum: expected an operator with finite numbers, got one that overflows".into(),
        ));
    }
    // faer allocates without reporting a lack of memory: number of matrices in all, copies of the results among them.
    const MATRICES: usize = 10;
    matrix::expect(MATRICES, matrix.nrows(), matrix.ncols())?;
    if symmetry == Symmetry::Hermitian {
        let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| failed(()))?;
        Ok((eigen.S().column_vector().iter().copied().collect(), eigen.U().to_owned()))
    } else {
        let eigen = matrix.eigen().map_err(|_| failed(()))?;
        Ok((eigen.S().column_vector().iter().copied().collect(), eigen.U().to_owned()))
    }
}

/// Order of keys: the wanted ones first; the order of equal ones is kept.
pub(crate) fn order(keys: &[f64], which: Extreme) -> Result<Vec<usize>> {
    let mut order = memory::collected("order of eigenvalues", 0..keys.len())?;
    // A stable sort takes memory, and this one takes none.
    order.sort_unstable_by(|&i, &j| {
        let (first, second) = if which.is_smallest() { (i, j) } else { (j, i) };
        keys[first].total_cmp(&keys[second]).then(i.cmp(&j))
    });
    Ok(order)
}

/// Chosen columns.
pub(crate) fn columns(matrix: MatRef<Complex64>, chosen: &[usize]) -> Result<Mat<Complex64>> {
    made(matrix.nrows(), chosen.len(), |i, j| matrix[(i, chosen[j])])
}

/// Eigenvectors as they are where they are orthonormal, else orthonormal vectors of the space that they span.
pub(crate) fn orthonormal(vectors: Mat<Complex64>, symmetry: Symmetry) -> Result<Mat<Complex64>> {
    // faer allocates without reporting a lack of memory: number of matrices in all.
    const MATRICES: usize = 4;
    if symmetry == Symmetry::Hermitian {
        return Ok(vectors);
    }
    matrix::expect(MATRICES, vectors.nrows(), vectors.ncols())?;
    Ok(vectors.qr().compute_thin_Q())
}

impl Pairs {
    /// Of vectors V and A V, those with the most wanted |A v| or Re v^dag A v; eigenvalues are Rayleigh quotients.
    pub fn new(
        vectors: MatRef<Complex64>,
        images: MatRef<Complex64>,
        (which, count): (Extreme, usize),
    ) -> Result<Self> {
        const WHAT: &str = "pairs of a spectrum";
        let norms = memory::collected(WHAT, (0..vectors.ncols()).map(|j| vectors.col(j).norm_l2()))?;
        let sizes = norms.iter().enumerate().map(|(j, norm)| images.col(j).norm_l2() / norm);
        let sizes = memory::collected(WHAT, sizes)?;
        let overlaps = vectors.col_iter().zip(images.col_iter()).zip(&norms);
        let quotients = overlaps.map(|((v, image), norm)| v.adjoint() * image / (norm * norm));
        // Where only part of a degenerate space is spanned, some vectors are no eigenvectors: those come last.
        let mut keys = memory::reserved(WHAT, sizes.len())?;
        keys.extend(sizes.iter().zip(quotients).map(|(size, quotient)| {
            let residual = (size * size - quotient.norm_sqr()).max(0.0).sqrt();
            let key = if which.is_by_magnitude() { *size } else { quotient.re };
            if which.is_smallest() { key + residual } else { key - residual }
        }));
        let mut chosen = order(&keys, which)?;
        chosen.truncate(count);
        let scaled =
            |from: MatRef<Complex64>| made(from.nrows(), chosen.len(), |i, j| from[(i, chosen[j])] / norms[chosen[j]]);
        let (vectors, images) = (scaled(vectors)?, scaled(images)?);
        let value = |j: usize| vectors.col(j).adjoint() * images.col(j);
        let values = memory::collected(WHAT, (0..chosen.len()).map(value))?;
        let residuals = memory::tried(WHAT, chosen.len(), |j| {
            Ok(made(images.nrows(), 1, |i, _| images[(i, j)] - vectors[(i, j)] * values[j])?.norm_l2())
        })?;
        Ok(Self { residuals, values, vectors, chosen })
    }

    /// Keeps the first pairs and returns the others.
    pub fn split(&mut self, count: usize) -> Result<Self> {
        let vectors = matrix::copied(self.vectors.subcols(count, self.vectors.ncols() - count))?;
        self.vectors.truncate(self.vectors.nrows(), count);
        let (values, residuals) = (self.values.split_off(count), self.residuals.split_off(count));
        Ok(Self { values, vectors, residuals, chosen: self.chosen.split_off(count) })
    }

    /// The number of residuals that are small enough, and the largest residual.
    pub fn reached(&self, residual: f64) -> (usize, f64) {
        let small = self.residuals.iter().filter(|&&r| r <= residual).count();
        (small, self.residuals.iter().copied().fold(0.0, f64::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_equal_keys_is_kept_at_both_ends() {
        let keys = [2.0, 1.0, 2.0, 3.0, 1.0, 2.0];
        assert_eq!(order(&keys, Extreme::Smallest).unwrap(), [1, 4, 0, 2, 5, 3]);
        assert_eq!(order(&keys, Extreme::LargestReal).unwrap(), [3, 0, 2, 5, 1, 4]);
    }
}
