//! Ritz pairs: eigenvalues of the projection of an operator, with vectors and residuals.

use crate::error::{Error, Result};
use crate::gauge::Complex64;
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
    pub(super) fn is_by_magnitude(self) -> bool {
        matches!(self, Extreme::Smallest | Extreme::Largest)
    }

    /// True where the smallest come first.
    pub(super) fn is_smallest(self) -> bool {
        matches!(self, Extreme::Smallest | Extreme::SmallestReal)
    }

    /// What eigenvalues are ordered by.
    pub(super) fn key(self, z: Complex64) -> f64 {
        if self.is_by_magnitude() { z.norm() } else { z.re }
    }

    /// The same end by magnitude, for eigenvalues that are positive.
    pub(super) fn of_positive(self) -> Self {
        if self.is_smallest() { Extreme::Smallest } else { Extreme::Largest }
    }
}

/// Whether a matrix is its own adjoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symmetry {
    Hermitian,
    General,
}

/// Eigenvalues with their normalised vectors and residuals, best first.
pub(super) struct Pairs {
    pub values: Vec<Complex64>,
    pub vectors: Mat<Complex64>,
    pub residuals: Vec<f64>,
    /// Which of the vectors that they were made from.
    pub chosen: Vec<usize>,
}

/// Eigenvalues and vectors of a small matrix.
pub(super) fn eigen(matrix: MatRef<Complex64>, symmetry: Symmetry) -> Result<(Vec<Complex64>, Mat<Complex64>)> {
    let failed = |_| Error::NotConverged(format!("spectrum: expected eigenvalues of {0} x {0}", matrix.nrows()));
    if (0..matrix.ncols()).any(|j| !matrix.col(j).norm_l2().is_finite()) {
        return Err(Error::BadInput(
            "spectrum: expected an operator with finite numbers, got one that overflows".into(),
        ));
    }
    if symmetry == Symmetry::Hermitian {
        let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| failed(()))?;
        Ok((eigen.S().column_vector().iter().copied().collect(), eigen.U().to_owned()))
    } else {
        let eigen = matrix.eigen().map_err(|_| failed(()))?;
        Ok((eigen.S().column_vector().iter().copied().collect(), eigen.U().to_owned()))
    }
}

/// Order of keys: the wanted ones first; the order of equal ones is kept.
pub(super) fn order(keys: &[f64], which: Extreme) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&i, &j| if which.is_smallest() { keys[i].total_cmp(&keys[j]) } else { keys[j].total_cmp(&keys[i]) });
    order
}

/// Chosen columns.
pub(super) fn columns(matrix: MatRef<Complex64>, chosen: &[usize]) -> Mat<Complex64> {
    Mat::from_fn(matrix.nrows(), chosen.len(), |i, j| matrix[(i, chosen[j])])
}

/// Eigenvectors as they are where they are orthonormal, else orthonormal vectors of the space that they span.
pub(super) fn orthonormal(vectors: Mat<Complex64>, symmetry: Symmetry) -> Mat<Complex64> {
    if symmetry == Symmetry::Hermitian { vectors } else { vectors.qr().compute_thin_Q() }
}

impl Pairs {
    /// Of vectors V and A V, those with the most wanted |A v| or Re v^dag A v; eigenvalues are Rayleigh quotients.
    pub fn new(vectors: MatRef<Complex64>, images: MatRef<Complex64>, (which, count): (Extreme, usize)) -> Self {
        let norms: Vec<f64> = vectors.col_iter().map(|v| v.norm_l2()).collect();
        let sizes: Vec<f64> = images.col_iter().zip(&norms).map(|(image, norm)| image.norm_l2() / norm).collect();
        let overlaps = vectors.col_iter().zip(images.col_iter()).zip(&norms);
        let quotients = overlaps.map(|((v, image), norm)| v.adjoint() * image / (norm * norm));
        // Of a part of a degenerate space some are no eigenvectors: those come last.
        let keys = sizes.iter().zip(quotients).map(|(size, quotient)| {
            let residual = (size * size - quotient.norm_sqr()).max(0.0).sqrt();
            let key = if which.is_by_magnitude() { *size } else { quotient.re };
            if which.is_smallest() { key + residual } else { key - residual }
        });
        let chosen: Vec<usize> = order(&keys.collect::<Vec<_>>(), which).into_iter().take(count).collect();
        let scaled = |from: MatRef<Complex64>| {
            Mat::from_fn(from.nrows(), chosen.len(), |i, j| from[(i, chosen[j])] / norms[chosen[j]])
        };
        let (vectors, images) = (scaled(vectors), scaled(images));
        let values: Vec<Complex64> = vectors.col_iter().zip(images.col_iter()).map(|(v, a)| v.adjoint() * a).collect();
        let residual = |j: usize| (images.col(j) - vectors.col(j) * faer::Scale(values[j])).norm_l2();
        Self { residuals: (0..values.len()).map(residual).collect(), values, vectors, chosen }
    }

    /// Keeps the first pairs and hands out the rest.
    pub fn split(&mut self, count: usize) -> Self {
        let vectors = self.vectors.subcols(count, self.vectors.ncols() - count).to_owned();
        self.vectors = self.vectors.subcols(0, count).to_owned();
        let (values, residuals) = (self.values.split_off(count), self.residuals.split_off(count));
        Self { values, vectors, residuals, chosen: self.chosen.split_off(count) }
    }

    /// How many residuals are small enough, and the largest.
    pub fn reached(&self, residual: f64) -> (usize, f64) {
        let small = self.residuals.iter().filter(|&&r| r <= residual).count();
        (small, self.residuals.iter().copied().fold(0.0, f64::max))
    }
}
