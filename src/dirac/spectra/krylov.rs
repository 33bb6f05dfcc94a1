//! Block Krylov spaces with restarts, for operators of any kind.
//!
//! An orthonormal basis V and its images W = B V are kept, with T = V^dag W the projection of B. A space grows by the
//! images of its last block, made orthogonal to V, and is restarted with chosen vectors V Q, Q^dag Q = 1, and the block
//! that would have come next: G. W. Stewart, SIAM J. Matrix Anal. Appl. 23, 601 (2001). Blocks find all copies of
//! degenerate eigenvalues, which single vectors do not.

use super::matrix::{copied, zeros};
use crate::error::Result;
use crate::gauge::Complex64;
use crate::memory;
use crate::random::{Purpose, Stream};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

/// Relative norm after orthogonalisation at which a vector counts as dependent on the others.
const NOTHING: f64 = 1e-12;

/// A space, and the block of vectors that comes next.
pub(crate) struct Space {
    basis: Mat<Complex64>,
    images: Mat<Complex64>,
    /// Number of vectors that have images, and of all vectors.
    done: usize,
    used: usize,
    stream: Stream,
}

/// a^dag b.
pub(crate) fn overlap(a: MatRef<Complex64>, b: MatRef<Complex64>) -> Result<Mat<Complex64>> {
    // One thread here and below, so that sums do not depend on their number.
    let mut to = zeros(a.ncols(), b.ncols())?;
    matmul(to.as_mut(), Accum::Replace, a.adjoint(), b, Complex64::new(1.0, 0.0), Par::Seq);
    Ok(to)
}

/// a b.
pub(crate) fn times(a: MatRef<Complex64>, b: MatRef<Complex64>) -> Result<Mat<Complex64>> {
    let mut to = zeros(a.nrows(), b.ncols())?;
    matmul(to.as_mut(), Accum::Replace, a, b, Complex64::new(1.0, 0.0), Par::Seq);
    Ok(to)
}

/// Makes `block` orthogonal to the orthonormal `basis`.
fn project(basis: MatRef<Complex64>, mut block: MatMut<Complex64>) -> Result<()> {
    let part = overlap(basis, block.as_ref())?;
    matmul(block.as_mut(), Accum::Add, basis, part.as_ref(), Complex64::new(-1.0, 0.0), Par::Seq);
    Ok(())
}

impl Space {
    /// An empty space of at most `most` vectors of `dimension` numbers, and a block after them.
    pub fn new(dimension: usize, most: usize, seed: u64) -> Result<Self> {
        // All that a search is going to hold: basis and images, rotated ones, blocks, and the projected problem.
        let numbers = dimension.saturating_mul(6 * most).saturating_add(12 * most * most);
        memory::expect("spectrum", numbers.saturating_mul(size_of::<Complex64>()))?;
        let stream = Stream::new(seed, Purpose::Eigenvector, 0);
        Ok(Self { basis: zeros(dimension, most)?, images: zeros(dimension, most)?, done: 0, used: 0, stream })
    }

    /// The basis as far as it has images.
    pub fn basis(&self) -> MatRef<'_, Complex64> {
        self.basis.as_ref().subcols(0, self.done)
    }

    /// The images.
    pub fn images(&self) -> MatRef<'_, Complex64> {
        self.images.as_ref().subcols(0, self.done)
    }

    /// Random vectors, the next of the stream.
    pub fn random(&mut self, columns: usize) -> Result<Mat<Complex64>> {
        let mut numbers = memory::filled("random vector", 0.0, 2 * self.basis.nrows())?;
        let mut block = zeros(self.basis.nrows(), columns)?;
        for j in 0..columns {
            self.stream.normals(&mut numbers);
            let pairs = numbers.chunks_exact(2).enumerate();
            pairs.for_each(|(i, z)| block[(i, j)] = Complex64::new(z[0], z[1]));
        }
        Ok(block)
    }

    /// Appends vectors, made orthonormal; random ones take the place of those that depend on the others.
    fn append(&mut self, block: MatRef<Complex64>) -> Result<()> {
        let columns = block.ncols().min(self.basis.ncols() - self.used);
        let mut rest = copied(block.subcols(0, columns))?;
        project(self.basis.as_ref().subcols(0, self.used), rest.as_mut())?;
        for j in 0..columns {
            let mut vector = copied(rest.as_ref().subcols(j, 1))?;
            let (mut least, mut before) = (NOTHING * block.col(j).norm_l2(), f64::INFINITY);
            loop {
                project(self.basis.as_ref().subcols(0, self.used), vector.as_mut())?;
                let norm = vector.norm_l2();
                if !(norm.is_finite() && norm > least) {
                    vector = self.random(1)?;
                    (least, before) = (0.0, f64::INFINITY);
                    continue;
                }
                // Rounding errors along the other vectors are small beside the rest.
                if norm > 0.5 * before {
                    let own = self.basis.as_mut().col_mut(self.used);
                    let scale = Complex64::from(1.0 / norm);
                    own.iter_mut().zip(vector.col(0).iter()).for_each(|(own, z)| *own = z * scale);
                    self.used += 1;
                    break;
                }
                before = norm;
            }
        }
        Ok(())
    }

    /// Images of all vectors by `operator`, and more vectors, until the space cannot hold another block.
    pub fn fill(&mut self, block: usize, operator: &dyn Fn(MatRef<Complex64>) -> Result<Mat<Complex64>>) -> Result<()> {
        loop {
            let columns = self.used - self.done;
            let images = operator(self.basis.as_ref().subcols(self.done, columns))?;
            self.images.as_mut().subcols_mut(self.done, columns).copy_from(&images);
            self.done = self.used;
            let last = copied(self.images.as_ref().subcols(self.used - block, block))?;
            let is_full = self.used + 2 * block > self.basis.ncols();
            self.append(last.as_ref())?;
            if is_full {
                return Ok(());
            }
        }
    }

    /// Replaces the basis by V Q; the block that follows stays. After an error the space is of no use.
    pub fn restart(&mut self, q: MatRef<Complex64>) -> Result<()> {
        // Some rows at a time, in place.
        const ROWS: usize = 256;
        let (done, kept) = (self.done, q.ncols());
        for matrix in [&mut self.basis, &mut self.images] {
            for first in (0..matrix.nrows()).step_by(ROWS) {
                let rows = ROWS.min(matrix.nrows() - first);
                let part = times(matrix.as_ref().submatrix(first, 0, rows, done), q)?;
                matrix.as_mut().submatrix_mut(first, 0, rows, kept).copy_from(&part);
            }
        }
        let next = copied(self.basis.as_ref().subcols(done, self.used - done))?;
        self.basis.as_mut().subcols_mut(kept, next.ncols()).copy_from(&next);
        (self.done, self.used) = (kept, kept + next.ncols());
        Ok(())
    }

    /// Replaces the block that comes next.
    pub fn follow_by(&mut self, block: MatRef<Complex64>) -> Result<()> {
        self.used = self.done;
        self.append(block)
    }

    /// Random combinations of the basis.
    pub fn mixture(&mut self, columns: usize) -> Result<Mat<Complex64>> {
        let mut numbers = memory::filled("random weights", 0.0, 2 * self.done)?;
        let mut weights = zeros(self.done, columns)?;
        for j in 0..columns {
            self.stream.normals(&mut numbers);
            numbers.chunks_exact(2).enumerate().for_each(|(i, z)| weights[(i, j)] = Complex64::new(z[0], z[1]));
        }
        times(self.basis(), weights.as_ref())
    }

    /// Raises the capacity for vectors; those that are there stay.
    pub fn grow(&mut self, most: usize) -> Result<()> {
        let larger = |matrix: &Mat<Complex64>| {
            let mut larger = zeros(matrix.nrows(), most.max(self.used))?;
            larger.as_mut().subcols_mut(0, self.used).copy_from(matrix.as_ref().subcols(0, self.used));
            Ok(larger)
        };
        (self.basis, self.images) = (larger(&self.basis)?, larger(&self.images)?);
        Ok(())
    }

    /// Number of vectors of the basis that have images, and of all vectors.
    pub fn counts(&self) -> (usize, usize) {
        (self.done, self.used)
    }

    /// Empties the space: where the operator changes.
    pub fn forget(&mut self) {
        (self.done, self.used) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_of_a_diagonal_operator_is_orthonormal_and_holds_its_images() {
        let diagonal = |i: usize| Complex64::from((i / 4) as f64);
        let operator = |x: MatRef<Complex64>| Ok(Mat::from_fn(x.nrows(), x.ncols(), |i, j| diagonal(i) * x[(i, j)]));
        let mut space = Space::new(60, 24, 1).unwrap();
        let start = space.random(4).unwrap();
        space.follow_by(start.as_ref()).unwrap();
        for cycle in 0..4 {
            space.fill(4, &operator).unwrap();
            let ones = overlap(space.basis(), space.basis()).unwrap() - Mat::<Complex64>::identity(20, 20);
            assert!(ones.norm_l2() < 1e-13, "{}", ones.norm_l2());
            let lost = &operator(space.basis()).unwrap() - space.images();
            assert!(lost.norm_l2() < 1e-12, "{}", lost.norm_l2());
            // W - V T has as many directions as a block.
            let t = overlap(space.basis(), space.images()).unwrap();
            let rest = space.images() - times(space.basis(), t.as_ref()).unwrap();
            let values = rest.singular_values().unwrap();
            assert!(values[3] > 1e-8 && values[4] < 1e-12, "{cycle}: {values:?}");
            let eigen = t.self_adjoint_eigen(faer::Side::Lower).unwrap();
            space.restart(eigen.U().subcols(12, 8)).unwrap();
        }
    }

    #[test]
    fn dependent_vectors_are_replaced() {
        let mut space = Space::new(9, 9, 1).unwrap();
        let same = Mat::from_fn(9, 6, |i, j| Complex64::from((i * (j / 3)) as f64));
        space.append(same.as_ref()).unwrap();
        space.done = space.used;
        let ones = overlap(space.basis(), space.basis()).unwrap() - Mat::<Complex64>::identity(6, 6);
        assert!(space.used == 6 && ones.norm_l2() < 1e-13);
    }

    #[test]
    fn a_space_grows_or_stays_as_it_is_where_there_is_no_memory() {
        let mut space = Space::new(9, 4, 1).unwrap();
        let start = space.random(3).unwrap();
        space.follow_by(start.as_ref()).unwrap();
        let before = space.basis.clone();
        assert!(space.grow(1 << 50).unwrap_err().is_shortage());
        assert_eq!((&space.basis, space.counts()), (&before, (0, 3)));
        space.grow(7).unwrap();
        assert_eq!((space.basis.ncols(), space.images.ncols(), space.counts()), (7, 7, (0, 3)));
        assert_eq!(space.basis.subcols(0, 3), before.subcols(0, 3));
        assert!(Space::new(1 << 40, 1 << 10, 1).err().unwrap().is_shortage());
    }
}
