//! Low modes of S^dag S, which solves of many right-hand sides start from: x_0 = sum v v^dag b / lambda.
//!
//! What is left of the right-hand side has no part in the low modes, and conjugate gradients see the condition number of
//! the rest of the spectrum. The modes are found once for an operator and kept. A. Stathopoulos, K. Orginos, SIAM J. Sci.
//! Comput. 32, 439 (2010), arXiv:0707.0131.

use super::block_fields::{add, products};
use super::conjugate_gradient::Stop;
use super::dirac::Dirac;
use super::field::Field;
use super::hermitian::{Form, Hermitian};
use super::linop::Map;
use super::operator::Linear;
use super::ritz::{Extreme, Symmetry};
use super::search::{Operator, Wanted, bound, search};
use super::solve::{SolveSpec, Solver};
use crate::error::Result;
use faer::Conj;
use std::sync::{Arc, PoisonError};

/// Low modes of S^dag S on the odd sites.
pub(super) struct Deflation {
    vectors: Vec<Field<f64>>,
    /// Eigenvalues of S^dag S.
    values: Vec<f64>,
}

impl Deflation {
    fn new(dirac: &Dirac, modes: usize) -> Result<Self> {
        const TOLERANCE: f64 = 1e-8;
        const RESTARTS: u64 = 200;
        let map = dirac.linear_map(Map::SchurNormal)?;
        let seed = dirac.double.hopping.context.seed();
        let bound = bound(&map, seed)?;
        let residual = TOLERANCE * bound;
        let wanted = Wanted { which: Extreme::Smallest, count: modes, residual, max_restarts: RESTARTS, seed };
        let (pairs, _) = search(&map, Operator::Filtered(&map, bound), Symmetry::Hermitian, wanted)?;
        let mut vectors = vec![];
        for vector in (0..modes).map(|j| pairs.vectors.as_ref().subcols(j, 1)) {
            let mut field = map.linear().zeros()?;
            map.import(Conj::No, vector, &mut field);
            vectors.push(field);
        }
        Ok(Self { vectors, values: pairs.values[..modes].iter().map(|z| z.re).collect() })
    }

    /// x = sum v v^dag b / lambda for a form of S.
    fn guess(&self, k: Hermitian<f64>, form: Form, b: &Field<f64>, x: &mut Field<f64>) {
        let mut parts = products(k.context(), &self.vectors, std::slice::from_ref(b));
        for (i, &value) in self.values.iter().enumerate() {
            parts[(i, 0)] /= if form == Form::Itself { value.sqrt() } else { value };
        }
        x.fill(0.0);
        add(k.context(), &self.vectors, &parts, std::slice::from_mut(x));
    }
}

impl Dirac {
    /// The modes of an earlier solve, if there are as many.
    fn deflation(&self, modes: usize) -> Result<Arc<Deflation>> {
        let mut known = self.deflation.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(deflation) = known.as_ref().filter(|known| known.vectors.len() == modes) {
            return Ok(Arc::clone(deflation));
        }
        let deflation = Arc::new(Deflation::new(self, modes)?);
        *known = Some(Arc::clone(&deflation));
        Ok(deflation)
    }

    /// Solves K x = b for a form of the Schur complement from its low modes on.
    pub(super) fn invert_deflated(
        &self,
        (spec, form): (&SolveSpec, Form),
        b: &Field<f64>,
        x: &mut Field<f64>,
        stop: Stop,
    ) -> Result<u64> {
        let schur = self.double.even_odd();
        let k = Hermitian::new(&schur, form);
        let context = k.context();
        self.deflation(spec.modes)?.guess(k, form, b, x);
        let (mut r, mut correction, mut scratch) = (schur.zeros()?, schur.zeros()?, k.scratch()?);
        k.apply(x, &mut r, &mut scratch);
        drop(scratch);
        r.scale_and_add(context, -1.0, b);
        let iterations = self.invert((Solver::Mixed, form), &r, &mut correction, stop)?;
        x.add(context, 1.0, &correction);
        Ok(iterations)
    }
}
