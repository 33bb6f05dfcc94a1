//! Block Krylov spaces with restarts, for operators of any kind.
//!
//! An orthonormal basis V and its images W = B V are kept, with T = V^dag W the projection of B. A space grows by the
//! images of its last block, made orthogonal to V, and is restarted with chosen vectors V Q, Q^dag Q = 1, and the block
//! that would have come next: G. W. Stewart, SIAM J. Matrix Anal. Appl. 23, 601 (2001). Blocks find all copies of
//! degenerate eigenvalues, which single vectors do not.

use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::random::{Purpose, Stream};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

/// A vector of which so much is left after what others have of it is taken out has nothing of its own.
const NOTHING: f64 = 1e-12;

/// A space, and the vectors that follow it.
pub(super) struct Space {
    basis: Mat<Complex64>,
    images: Mat<Complex64>,
    /// Vectors that have images, and all of them.
    done: usize,
    used: usize,
    stream: Stream,
}

/// a^dag b.
pub(super) fn overlap(a: MatRef<Complex64>, b: MatRef<Complex64>) -> Mat<Complex64> {
    // One thread here and below, so that sums do not depend on their number.
    let mut to = Mat::zeros(a.ncols(), b.ncols());
    matmul(to.as_mut(), Accum::Replace, a.adjoint(), b, Complex64::new(1.0, 0.0), Par::Seq);
    to
}

/// a b.
pub(super) fn times(a: MatRef<Complex64>, b: MatRef<Complex64>) -> Mat<Complex64> {
    let mut to = Mat::zeros(a.nrows(), b.ncols());
    matmul(to.as_mut(), Accum::Replace, a, b, Complex64::new(1.0, 0.0), Par::Seq);
    to
}

/// Takes out of `block` what the orthonormal `basis` has of it.
fn project(basis: MatRef<Complex64>, mut block: MatMut<Complex64>) {
    let part = overlap(basis, block.as_ref());
    matmul(block.as_mut(), Accum::Add, basis, part.as_ref(), Complex64::new(-1.0, 0.0), Par::Seq);
}

impl Space {
    /// An empty space of at most `most` vectors of `dimension` numbers, and a block after them.
    pub fn new(dimension: usize, most: usize, seed: u64) -> Result<Self> {
        let numbers = dimension.saturating_mul(2 * most);
        let mut memory: Vec<Complex64> = vec![];
        let missing = |_| Error::BadShape(format!("spectrum: expected memory for {numbers} complex numbers, got none"));
        memory.try_reserve_exact(numbers).map_err(missing)?;
        drop(memory);
        let zeros = || Mat::zeros(dimension, most);
        let stream = Stream::new(seed, Purpose::Eigenvector, 0);
        Ok(Self { basis: zeros(), images: zeros(), done: 0, used: 0, stream })
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
    pub fn random(&mut self, columns: usize) -> Mat<Complex64> {
        let mut numbers = vec![0.0; 2 * self.basis.nrows()];
        let mut block = Mat::zeros(self.basis.nrows(), columns);
        for j in 0..columns {
            self.stream.normals(&mut numbers);
            let pairs = numbers.chunks_exact(2).enumerate();
            pairs.for_each(|(i, z)| block[(i, j)] = Complex64::new(z[0], z[1]));
        }
        block
    }

    /// Appends vectors, made orthonormal; random ones take the place of those that depend on the others.
    fn append(&mut self, block: MatRef<Complex64>) {
        let columns = block.ncols().min(self.basis.ncols() - self.used);
        let mut rest = block.subcols(0, columns).to_owned();
        project(self.basis.as_ref().subcols(0, self.used), rest.as_mut());
        for j in 0..columns {
            let mut vector = rest.as_ref().subcols(j, 1).to_owned();
            let (mut least, mut before) = (NOTHING * block.col(j).norm_l2(), f64::INFINITY);
            loop {
                project(self.basis.as_ref().subcols(0, self.used), vector.as_mut());
                let norm = vector.norm_l2();
                if !(norm.is_finite() && norm > least) {
                    vector = self.random(1);
                    (least, before) = (0.0, f64::INFINITY);
                    continue;
                }
                // What rounding leaves of the others is small beside what is left.
                if norm > 0.5 * before {
                    let mut own = self.basis.as_mut().col_mut(self.used);
                    own.copy_from(vector.col(0) * faer::Scale(Complex64::from(1.0 / norm)));
                    self.used += 1;
                    break;
                }
                before = norm;
            }
        }
    }

    /// Images of all vectors by `operator`, and more vectors, until there is no room for another block.
    pub fn fill(&mut self, block: usize, operator: &dyn Fn(MatRef<Complex64>) -> Result<Mat<Complex64>>) -> Result<()> {
        loop {
            let columns = self.used - self.done;
            let images = operator(self.basis.as_ref().subcols(self.done, columns))?;
            self.images.as_mut().subcols_mut(self.done, columns).copy_from(&images);
            self.done = self.used;
            let last = self.images.as_ref().subcols(self.used - block, block).to_owned();
            let is_full = self.used + 2 * block > self.basis.ncols();
            self.append(last.as_ref());
            if is_full {
                return Ok(());
            }
        }
    }

    /// Replaces the basis by V Q; the block that follows stays.
    pub fn restart(&mut self, q: MatRef<Complex64>) {
        // Some rows at a time, in place.
        const ROWS: usize = 256;
        let (done, kept) = (self.done, q.ncols());
        for matrix in [&mut self.basis, &mut self.images] {
            for first in (0..matrix.nrows()).step_by(ROWS) {
                let rows = ROWS.min(matrix.nrows() - first);
                let part = times(matrix.as_ref().submatrix(first, 0, rows, done), q);
                matrix.as_mut().submatrix_mut(first, 0, rows, kept).copy_from(&part);
            }
        }
        let next = self.basis.as_ref().subcols(done, self.used - done).to_owned();
        self.basis.as_mut().subcols_mut(kept, next.ncols()).copy_from(&next);
        (self.done, self.used) = (kept, kept + next.ncols());
    }

    /// Puts a block in the place of the one that follows.
    pub fn follow_by(&mut self, block: MatRef<Complex64>) {
        self.used = self.done;
        self.append(block);
    }

    /// Random combinations of the basis.
    pub fn mixture(&mut self, columns: usize) -> Mat<Complex64> {
        let mut numbers = vec![0.0; 2 * self.done];
        let mut weights = Mat::zeros(self.done, columns);
        for j in 0..columns {
            self.stream.normals(&mut numbers);
            numbers.chunks_exact(2).enumerate().for_each(|(i, z)| weights[(i, j)] = Complex64::new(z[0], z[1]));
        }
        times(self.basis(), weights.as_ref())
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
        let start = space.random(4);
        space.follow_by(start.as_ref());
        for cycle in 0..4 {
            space.fill(4, &operator).unwrap();
            let ones = overlap(space.basis(), space.basis()) - Mat::<Complex64>::identity(20, 20);
            assert!(ones.norm_l2() < 1e-13, "{}", ones.norm_l2());
            let lost = &operator(space.basis()).unwrap() - space.images();
            assert!(lost.norm_l2() < 1e-12, "{}", lost.norm_l2());
            // W - V T has as many directions as a block.
            let rest = space.images() - times(space.basis(), overlap(space.basis(), space.images()).as_ref());
            let values = rest.singular_values().unwrap();
            assert!(values[3] > 1e-8 && values[4] < 1e-12, "{cycle}: {values:?}");
            let t = overlap(space.basis(), space.images());
            let eigen = t.self_adjoint_eigen(faer::Side::Lower).unwrap();
            space.restart(eigen.U().subcols(12, 8));
        }
    }

    #[test]
    fn dependent_vectors_are_replaced() {
        let mut space = Space::new(9, 9, 1).unwrap();
        let same = Mat::from_fn(9, 6, |i, j| Complex64::from((i * (j / 3)) as f64));
        space.append(same.as_ref());
        space.done = space.used;
        let ones = overlap(space.basis(), space.basis()) - Mat::<Complex64>::identity(6, 6);
        assert!(space.used == 6 && ones.norm_l2() < 1e-13);
    }
}
