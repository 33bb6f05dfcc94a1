//! A guess of the solution of K x = b from those of earlier systems, by minimal residual in the norm of K.
//!
//! x = sum a_i v_i with V^dag K V a = V^dag b: the best approximation in the span of the earlier solutions v_i.
//! R. C. Brower, T. Ivanenko, A. R. Levi, K. N. Orginos, Nucl. Phys. B 484, 353 (1997), hep-lat/9509012.

use super::hermitian::Hermitian;
use crate::dirac::lanes::block_fields::{add, products};
use crate::dirac::lanes::field::Field;
use crate::error::Result;
use faer::linalg::solvers::Solve;

/// The guess; zero where there is none.
pub(crate) fn guess(k: Hermitian<f64>, b: &Field<f64>, earlier: &[Field<f64>]) -> Result<Field<f64>> {
    let mut x = [k.zeros()?];
    if earlier.is_empty() {
        let [x] = x;
        return Ok(x);
    }
    let context = k.context();
    let mut scratch = k.scratch()?;
    let mut images = vec![];
    for v in earlier {
        let mut image = k.zeros()?;
        k.apply(v, &mut image, &mut scratch);
        images.push(image);
    }
    let matrix = products(context, earlier, &images);
    let right = products(context, earlier, std::slice::from_ref(b));
    let coefficients = matrix.full_piv_lu().solve(&right);
    // Nearly dependent solutions may leave no numbers: then nothing is guessed.
    if (0..earlier.len()).all(|i| coefficients[(i, 0)].is_finite()) {
        add(context, earlier, &coefficients, &mut x);
    }
    let [x] = x;
    Ok(x)
}
