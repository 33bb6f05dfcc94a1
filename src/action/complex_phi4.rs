//! φ⁴ theory with complex couplings, in the convention of form 'a' of [`super::Phi4Spec`], where c = 1.
//!
//! ```text
//! S = Σ_x [ c Σ_μ (φ(x+μ) − φ(x))² + m² φ² + λ φ⁴ − j φ ],    m², λ and j complex, c ≥ 0
//! ```
//!
//! `{type: 'complex_phi4', mass_squared: [1, 1], lambda: 1}`: a complex number is a number or a pair [re, im]. The integral over real
//! φ exists where Re λ > 0, or where λ = 0 and Re m² > 0. With `kinetic: 0`, c = 0, sites are independent: each is the quartic model
//! S = σ z²/2 + g z⁴/4 with σ = 2 m² and g = 4 λ of G. Aarts, P. Giudice, E. Seiler, arXiv:1306.3075.

use super::complex::{no_gradient, number, numbers};
use super::{Action, ComplexAction, ComplexNumber};
use crate::error::{Result, expect_length};
use crate::lattice::{Lattice, Neighbours};
use crate::space::{Components, Space};
use crate::spec::expect;
use num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// Complex couplings of φ⁴ theory.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ComplexPhi4Spec {
    /// Bare mass squared m².
    pub mass_squared: ComplexNumber,
    /// Quartic coupling λ.
    pub lambda: ComplexNumber,
    /// Source j.
    #[serde(default)]
    pub source: ComplexNumber,
    /// Coefficient c of the kinetic term, at least 0.
    #[serde(default = "one")]
    pub kinetic: f64,
}

fn one() -> f64 {
    1.0
}

impl ComplexPhi4Spec {
    /// The theory on a lattice.
    pub fn build(&self, lattice: &Lattice) -> Result<ComplexPhi4> {
        for (key, number) in [("mass_squared", self.mass_squared), ("lambda", self.lambda), ("source", self.source)] {
            number.expect_finite(key)?;
        }
        let (mass_squared, lambda, kinetic) = (self.mass_squared.0, self.lambda.0, self.kinetic);
        expect(kinetic.is_finite() && kinetic >= 0.0, "kinetic", "a finite number of at least 0", kinetic)?;
        let is_free = lambda == Complex64::ZERO;
        let expected = "a real part above 0, or 0 with a mass_squared of real part above 0";
        let holds = lambda.re > 0.0 || (is_free && mass_squared.re > 0.0);
        expect(holds, "lambda", expected, format!("{lambda} with mass_squared {mass_squared}"))?;
        let neighbours = Neighbours::new(lattice)?;
        Ok(ComplexPhi4 { lattice: lattice.clone(), neighbours, mass_squared, lambda, source: self.source.0, kinetic })
    }
}

/// φ⁴ theory with complex couplings.
pub struct ComplexPhi4 {
    lattice: Lattice,
    neighbours: Neighbours,
    mass_squared: Complex64,
    lambda: Complex64,
    source: Complex64,
    kinetic: f64,
}

impl Action for ComplexPhi4 {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn space(&self) -> Space {
        Space::Complex(Components::One)
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        Ok(self.complex_value(field)?.re)
    }

    fn gradient(&self, _field: &[f64], _gradient: &mut [f64]) -> Result<f64> {
        Err(no_gradient("complex_phi4"))
    }

    fn complex(&self) -> Option<&dyn ComplexAction> {
        Some(self)
    }
}

impl ComplexAction for ComplexPhi4 {
    fn reals(&self) -> usize {
        2 * self.lattice.volume()
    }

    fn complex_value(&self, field: &[f64]) -> Result<Complex64> {
        let field = numbers(field, self.reals())?;
        let of_site = |site: usize| {
            let phi = number(field, site);
            let step = |mu| {
                let step = number(field, self.neighbours.next(site, mu)) - phi;
                step * step
            };
            let kinetic: Complex64 = (0..self.neighbours.dimensions()).map(step).sum();
            let square = phi * phi;
            self.kinetic * kinetic + square * (self.mass_squared + self.lambda * square) - self.source * phi
        };
        Ok((0..field.len()).map(of_site).sum())
    }

    fn drift(&self, field: &[f64], drift: &mut [f64]) -> Result<()> {
        expect_length("drift", self.reals(), drift.len())?;
        let field = numbers(field, self.reals())?;
        let d = self.neighbours.dimensions();
        let diagonal = self.mass_squared + 2.0 * self.kinetic * d as f64;
        for (site, drift) in drift.as_chunks_mut().0.iter_mut().enumerate() {
            let around =
                |mu| number(field, self.neighbours.next(site, mu)) + number(field, self.neighbours.previous(site, mu));
            let (phi, around) = (number(field, site), (0..d).map(around).sum::<Complex64>());
            let square = phi * phi;
            let k = 2.0 * (self.kinetic * around - phi * (diagonal + 2.0 * self.lambda * square)) + self.source;
            *drift = [k.re, k.im];
        }
        Ok(())
    }

    fn observables(&self, field: &[f64]) -> Result<Vec<(&'static str, Complex64)>> {
        let volume = self.lattice.volume() as f64;
        let action = self.complex_value(field)? / volume;
        let field = numbers(field, self.reals())?;
        let mean = |power: i32| (0..field.len()).map(|x| number(field, x).powi(power)).sum::<Complex64>() / volume;
        Ok(vec![("phi", mean(1)), ("phi_squared", mean(2)), ("phi_fourth", mean(4)), ("action", action)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::check::expect_drift;
    use crate::action::{ActionSpec, Phi4Spec};
    use crate::context::serial;
    use crate::spec::parse;

    fn built(text: &str) -> Result<Box<dyn Action>> {
        let lattice = Lattice::new(&[3, 2, 4]).unwrap();
        parse::<ActionSpec>("action", text).and_then(|spec| spec.build(&serial(), &lattice))
    }

    #[test]
    fn the_drift_is_the_derivative_of_the_action() {
        let action = built(
            "{type: 'complex_phi4', mass_squared: [0.3, -0.8], lambda: [0.7, 0.2], source: [0.1, 0.4], kinetic: 0.6}",
        );
        expect_drift(action.unwrap().complex().unwrap());
    }

    #[test]
    fn real_couplings_on_real_fields_are_those_of_form_a() {
        let action = built("{type: 'complex_phi4', mass_squared: -1.2, lambda: 0.7, source: 0.1}").unwrap();
        let real: Phi4Spec = parse("action", "{form: 'a', mass_squared: -1.2, lambda: 0.7, source: 0.1}").unwrap();
        let real = real.build(action.lattice()).unwrap();
        let field: Vec<f64> = (0..24).map(|i| (0.7 * f64::from(i)).sin()).collect();
        let complex: Vec<f64> = field.iter().flat_map(|phi| [*phi, 0.0]).collect();
        let mut gradient = [0.0; 24];
        let value = real.gradient(&field, &mut gradient).unwrap();
        assert!((action.value(&complex).unwrap() - value).abs() < 1e-12);
        let mut drift = [1.0; 48];
        action.complex().unwrap().drift(&complex, &mut drift).unwrap();
        for (drift, gradient) in drift.chunks(2).zip(gradient) {
            assert!((drift[0] + gradient).abs() < 1e-12 && drift[1] == 0.0, "{drift:?} {gradient}");
        }
    }

    #[test]
    fn couplings_without_an_integral_and_real_algorithms_are_refused() {
        let message = |text: &str| built(&format!("{{type: 'complex_phi4', {text}}}")).err().unwrap().to_string();
        let expected = "lambda: expected a real part above 0, or 0 with a mass_squared of real part above 0, got";
        for text in
            ["mass_squared: 1, lambda: -1", "mass_squared: [0, 1], lambda: 0", "mass_squared: 1, lambda: [0, 1]"]
        {
            assert!(message(text).starts_with(expected), "{}", message(text));
        }
        let pair = "mass_squared: expected a number, or a list of its real and its imaginary part";
        for text in
            ["mass_squared: [1], lambda: 1", "mass_squared: [1, 2, 3], lambda: 1", "mass_squared: 'x', lambda: 1"]
        {
            assert!(message(text).contains(pair.split_once(": ").unwrap().1), "{}", message(text));
        }
        let kinetic = message("mass_squared: 1, lambda: 1, kinetic: -1");
        assert_eq!(kinetic, "kinetic: expected a finite number of at least 0, got -1");
        assert!(message("mass_squared: [1, NaN], lambda: 1").starts_with("mass_squared: expected a finite number"));
        let action = built("{type: 'complex_phi4', mass_squared: 1, lambda: 1}").unwrap();
        let error = action.gradient(&[0.0; 48], &mut [0.0; 48]).unwrap_err();
        assert!(error.to_string().starts_with("action: expected one with real values, got type 'complex_phi4'"));
        assert!(action.value(&[0.0; 24]).unwrap_err().to_string().starts_with("field: expected 48 numbers, got 24"));
    }
}
