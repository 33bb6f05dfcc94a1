//! The straight line between two actions of the same fields: S_t = (1 − t) S_0 + t S_1.

use super::{Action, Phi4};
use crate::context::Team;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::space::Space;
use std::sync::Arc;

/// The action S_t, 0 ≤ t ≤ 1. Between local polynomials it is one, and costs no more than one of them.
pub fn interpolated(start: &Arc<dyn Action>, target: &Arc<dyn Action>, t: f64) -> Result<Arc<dyn Action>> {
    if start.lattice() != target.lattice() || start.space() != target.space() {
        return Err(Error::Internal("interpolated actions: expected fields of one kind on one lattice".into()));
    }
    if t == 1.0 {
        return Ok(Arc::clone(target));
    }
    if let (Some(a), Some(b)) = (start.polynomial(), target.polynomial()) {
        let between = Phi4::new(target.lattice(), a.interpolated(b, t)?)?;
        return Ok(Arc::new(between.with_workers(target.workers())));
    }
    Ok(Arc::new(Interpolation { start: Arc::clone(start), target: Arc::clone(target), t }))
}

/// (1 − t) S_0 + t S_1 of any two actions.
struct Interpolation {
    start: Arc<dyn Action>,
    target: Arc<dyn Action>,
    t: f64,
}

impl Action for Interpolation {
    fn lattice(&self) -> &Lattice {
        self.target.lattice()
    }

    fn space(&self) -> Space {
        self.target.space()
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        Ok((1.0 - self.t) * self.start.value(field)? + self.t * self.target.value(field)?)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        let mut other = memory::filled("gradient of the start action", 0.0, gradient.len())?;
        let (b, a) = (self.target.gradient(field, gradient)?, self.start.gradient(field, &mut other)?);
        gradient.iter_mut().zip(&other).for_each(|(b, a)| *b = (1.0 - self.t) * a + self.t * *b);
        Ok((1.0 - self.t) * a + self.t * b)
    }

    fn workers(&self) -> Team {
        self.target.workers()
    }

    fn is_threadsafe(&self) -> bool {
        self.start.is_threadsafe() && self.target.is_threadsafe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::check::{expect_gradient, random_field};
    use crate::action::{ActionSpec, Callback};
    use crate::context::serial;
    use crate::spec::parse;

    fn action(text: &str) -> Arc<dyn Action> {
        let lattice = Lattice::new(&[12]).unwrap();
        parse::<ActionSpec>("action", text).unwrap().build(&serial(), &lattice).unwrap().into()
    }

    /// The definition, for polynomials with terms that the other one does not have, and for actions that are none.
    #[test]
    fn both_forms_are_the_straight_line() {
        let free = action("{type: 'phi4', form: 'half', mass_squared: 1.5, lambda: 0}");
        let per_site: Vec<String> = (0..12).map(|x| format!("{}", 0.1 * f64::from(x))).collect();
        let per_site = per_site.join(", ");
        let targets = [
            action(&format!(
                "{{type: 'phi4', mass_squared: -1, lambda: 2, source: [{per_site}], hopping: [{{displacement: [3], strength: 0.2}}]}}"
            )),
            action("{type: 'quantum_mechanics', spacing: 0.5, potential: [0.3, 0.1, -1, 0.4, 0.5]}"),
            Arc::new(Callback::new(free.lattice(), |field, gradient| {
                if let Some(gradient) = gradient {
                    gradient.iter_mut().zip(field).for_each(|(g, phi)| *g = phi.powi(3));
                }
                Ok(field.iter().map(|phi| 0.25 * phi.powi(4)).sum())
            })),
        ];
        let field = random_field(12, 4);
        for target in &targets {
            for t in [0.0, 0.3, 1.0] {
                let between = interpolated(&free, target, t).unwrap();
                let expected = (1.0 - t) * free.value(&field).unwrap() + t * target.value(&field).unwrap();
                let got = between.value(&field).unwrap();
                assert!((got - expected).abs() < 1e-12 * expected.abs(), "{got} {expected}");
                expect_gradient(&*between, 2);
            }
        }
        assert!(interpolated(&free, &targets[0], 0.5).unwrap().polynomial().is_some());
        assert!(!interpolated(&free, &targets[2], 0.5).unwrap().is_threadsafe());
    }
}
