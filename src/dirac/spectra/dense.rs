//! Whole spectra by dense linear algebra: faer's eigenvalues and singular values of the matrix of an operator.

use super::linear_map::LinearMap;
use super::ritz::{Extreme, Pairs, Symmetry, eigen};
use crate::context::beside;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::memory;
use faer::{Mat, MatRef};

/// Rows of the largest matrix: its numbers take 4 GiB.
pub(crate) const MOST: usize = 1 << 14;

/// The matrix of a map.
pub(crate) fn matrix(map: &LinearMap) -> Result<Mat<Complex64>> {
    let size = map.dimension();
    if size > MOST {
        return Err(Error::Unsupported(format!(
            "spectrum: expected at most {MOST} rows of a dense matrix, got {size}"
        )));
    }
    // faer allocates without reporting a lack of memory: number of matrices in all.
    const MATRICES: usize = 12;
    memory::expect("dense matrix of the operator", MATRICES * size * size * size_of::<Complex64>())?;
    map.times(Mat::<Complex64>::identity(size, size).as_ref())
}

/// Eigenvalues of a map at an end of its spectrum.
pub(crate) fn eigenvalues(map: &LinearMap, symmetry: Symmetry, wanted: (Extreme, usize)) -> Result<Pairs> {
    let matrix = matrix(map)?;
    let (_, vectors) = beside(move || eigen(matrix.as_ref(), symmetry))??;
    pairs(map, vectors.as_ref(), wanted)
}

/// Right singular vectors of `dirac` with the eigenvalues s^2 of `normal`.
pub(crate) fn singular(dirac: &LinearMap, normal: &LinearMap, wanted: (Extreme, usize)) -> Result<Pairs> {
    let failed = |_| Error::NotConverged("spectrum: expected singular values, got none".into());
    let matrix = matrix(dirac)?;
    if matrix.col_iter().any(|column| !column.norm_l2().is_finite()) {
        return Err(Error::BadInput(
            "spectrum: expected an operator with finite numbers, got one that overflows".into(),
        ));
    }
    let svd = beside(move || matrix.svd())?.map_err(failed)?;
    pairs(normal, svd.V(), wanted)
}

fn pairs(map: &LinearMap, vectors: MatRef<Complex64>, wanted: (Extreme, usize)) -> Result<Pairs> {
    Pairs::new(vectors, map.times(vectors)?.as_ref(), wanted)
}
