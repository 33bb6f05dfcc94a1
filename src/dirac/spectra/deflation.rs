//! Low modes of S^dag S, which solves of many right-hand sides start from: x_0 = V (V^dag K V)^-1 V^dag b.
//!
//! K is the form of S that is iterated. That is sum v v^dag b / lambda where modes are exact, and the best of their
//! span where they are not: eigenvalues of light fermions lie below what a search resolves. The rest of the
//! right-hand side has no component along the low modes, and conjugate gradients see the condition number of the rest
//! of the spectrum. The modes are found once for an operator and kept. A. Stathopoulos, K. Orginos, SIAM J. Sci.
//! Comput. 32, 439 (2010), arXiv:0707.0131.

use super::linear_map::Map;
use super::ritz::{Extreme, Symmetry, eigen};
use super::search::{Operator, Wanted, bound, search};
use crate::dirac::lanes::block_fields::products;
use crate::dirac::lanes::field::Field;
use crate::dirac::linear::Linear;
use crate::dirac::operator::Dirac;
use crate::dirac::solvers::conjugate_gradient::Run;
use crate::dirac::solvers::hermitian::{Form, Hermitian};
use crate::dirac::solvers::low_modes::LowModes;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use faer::{Conj, Mat};
use std::sync::{Arc, PoisonError};

/// Searches for the low modes of an operator.
fn low_modes(dirac: &Dirac, k: Hermitian<f64>, modes: usize) -> Result<LowModes> {
    const TOLERANCE: f64 = 1e-8;
    const RESTARTS: u64 = 200;
    let map = dirac.linear_map(Map::SchurNormal)?;
    let seed = dirac.double.hopping.context.seed();
    let bound = bound(&map, seed)?;
    let residual = TOLERANCE * bound;
    let wanted = Wanted {
        which: Extreme::Smallest,
        count: modes,
        residual,
        max_restarts: RESTARTS,
        seed,
        most_work: f64::INFINITY,
    };
    let pairs = match search(&map, Operator::Filtered(&map, bound), Symmetry::Hermitian, wanted) {
        Ok((pairs, _)) => pairs,
        // Then solves start from 0.
        Err(Error::NotConverged(_)) => return Ok(LowModes { modes, vectors: vec![], inverse: Mat::new() }),
        Err(error) => return Err(error),
    };
    let (mut vectors, mut images, mut scratch) = (vec![], vec![], k.scratch()?);
    for vector in (0..modes).map(|j| pairs.vectors.as_ref().subcols(j, 1)) {
        let (mut field, mut image) = (k.zeros()?, k.zeros()?);
        map.import(Conj::No, vector, &mut field);
        k.apply(&field, &mut image, &mut scratch);
        vectors.push(field);
        images.push(image);
    }
    let inverse = inverse(products(k.context(), &vectors, &images))?;
    Ok(LowModes { modes, vectors, inverse })
}

/// The inverse of a positive matrix, without eigenvalues that are rounding alone.
fn inverse(matrix: Mat<Complex64>) -> Result<Mat<Complex64>> {
    let hermitian = (&matrix + matrix.adjoint()) * faer::Scale(Complex64::from(0.5));
    let (values, vectors) = eigen(hermitian.as_ref(), Symmetry::Hermitian)?;
    let largest = values.iter().fold(0.0f64, |most, z| most.max(z.re));
    let least = f64::EPSILON * values.len() as f64 * largest;
    let reciprocal = |z: &Complex64| if z.re > least { z.re.recip() } else { 0.0 };
    let scaled = Mat::from_fn(values.len(), values.len(), |i, j| vectors[(i, j)] * reciprocal(&values[j]));
    Ok(scaled * vectors.adjoint())
}

impl Dirac {
    /// The modes of an earlier solve if that had the same number, else those of a new search.
    fn low_modes(&self, k: Hermitian<f64>, modes: usize) -> Result<Arc<LowModes>> {
        let mut known = self.low_modes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(low) = known.as_ref().filter(|known| known.modes == modes) {
            return Ok(Arc::clone(low));
        }
        let found = Arc::new(low_modes(self, k, modes)?);
        *known = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Solves K x = b from the low modes on, for the form K of the Schur complement that this operator is solved by;
    /// `invert` solves K x = r from x = 0.
    pub(crate) fn invert_deflated(
        &self,
        (modes, form): (usize, Form),
        b: &Field<f64>,
        x: &mut Field<f64>,
        invert: impl FnOnce(&Field<f64>, &mut Field<f64>) -> Result<Run>,
    ) -> Result<Run> {
        let schur = self.double.even_odd();
        let k = Hermitian::new(&schur, form);
        let context = k.context();
        self.low_modes(k, modes)?.guess(k, b, x);
        let (mut r, mut correction, mut scratch) = (schur.zeros()?, schur.zeros()?, k.scratch()?);
        k.apply(x, &mut r, &mut scratch);
        drop(scratch);
        r.scale_and_add(context, -1.0, b);
        let run = invert(&r, &mut correction)?;
        x.add(context, 1.0, &correction);
        Ok(run)
    }
}
