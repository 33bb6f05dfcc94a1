//! Maps between the conventions of φ⁴ theory, with the rescaling of the field. For φ_A = c φ_other:
//!
//! ```text
//! kappa:  c = √κ,    m²_A = (1 − 2λ)/κ − 2d,  λ_A = λ/κ²
//! half:   c = 1/√2,  m²_A = m²,               λ_A = λ/6
//! ```
//!
//! A source goes with 1/c and a hopping strength with 1/c². S is the same number on both sides, without a constant
//! (form kappa is often written with λ (φ² − 1)², which is λ V more), and log Z_A = log Z_other + V log c.
//! Montvay and Münster, Quantum Fields on a Lattice (1994), chapter 2.

use super::{Coupling, Hop, Phi4Spec};
use crate::error::{Error, Result};

impl Phi4Spec {
    /// The same theory in form A in d dimensions, and c with φ_A = c φ. From form kappa it needs κ > 0.
    pub fn to_form_a(&self, d: usize) -> Result<(Phi4Spec, f64)> {
        let (mass_squared, couplings, c) = match self {
            Self::A { .. } => return Ok((self.clone(), 1.0)),
            Self::Kappa { kappa, lambda, source, hopping } => {
                if kappa.is_nan() || *kappa <= 0.0 {
                    return Err(Error::Unsupported(format!(
                        "kappa: expected more than 0 to rescale the field to another form, got {kappa}"
                    )));
                }
                let mass_squared = lambda.map(|l| (1.0 - 2.0 * l) / kappa - 2.0 * d as f64);
                (mass_squared, (lambda.map(|l| l / (kappa * kappa)), source, hopping), kappa.sqrt())
            }
            Self::Half { mass_squared, lambda, source, hopping } => {
                (mass_squared.clone(), (lambda.map(|l| l / 6.0), source, hopping), 0.5f64.sqrt())
            }
        };
        let (lambda, source, hopping) = couplings;
        let (source, hopping) = rescaled(source, hopping, c);
        Ok((Self::A { mass_squared, lambda, source, hopping }, c))
    }

    /// The same theory in the half-normalised form in d dimensions, and c with φ_half = c φ.
    pub fn to_form_half(&self, d: usize) -> Result<(Phi4Spec, f64)> {
        match self.to_form_a(d)? {
            (Self::A { mass_squared, lambda, source, hopping }, c) if !matches!(self, Self::Half { .. }) => {
                let (source, hopping) = rescaled(&source, &hopping, 2f64.sqrt());
                let lambda = lambda.map(|l| 6.0 * l);
                Ok((Self::Half { mass_squared, lambda, source, hopping }, c * 2f64.sqrt()))
            }
            _ => Ok((self.clone(), 1.0)),
        }
    }

    /// The same theory in form kappa in d dimensions, and c with φ_kappa = c φ. It needs uniform m² and λ.
    ///
    /// κ is the positive root of 2 λ_A κ² + (m²_A + 2d) κ = 1; without λ it exists where m²_A + 2d > 0.
    pub fn to_form_kappa(&self, d: usize) -> Result<(Phi4Spec, f64)> {
        match self.to_form_a(d)? {
            (Self::A { mass_squared, lambda, source, hopping }, c) if !matches!(self, Self::Kappa { .. }) => {
                let (Coupling::Uniform(mass_squared), Coupling::Uniform(lambda)) = (mass_squared, lambda) else {
                    return Err(Error::Unsupported(
                        "form kappa: expected one mass_squared and one lambda for all sites, got a list".to_string(),
                    ));
                };
                let kappa = hopping_parameter(mass_squared + 2.0 * d as f64, lambda)?;
                let (source, hopping) = rescaled(&source, &hopping, 1.0 / kappa.sqrt());
                let lambda = Coupling::Uniform(lambda * kappa * kappa);
                Ok((Self::Kappa { kappa, lambda, source, hopping }, c / kappa.sqrt()))
            }
            _ => Ok((self.clone(), 1.0)),
        }
    }
}

/// The positive root κ of 2 λ κ² + b κ = 1.
fn hopping_parameter(b: f64, lambda: f64) -> Result<f64> {
    let root = (b * b + 8.0 * lambda).sqrt();
    // Each branch adds numbers of the same sign, so that nothing cancels.
    let kappa = if b > 0.0 { 2.0 / (b + root) } else { (root - b) / (4.0 * lambda) };
    if kappa.is_finite() && kappa > 0.0 {
        return Ok(kappa);
    }
    Err(Error::Unsupported(format!(
        "form kappa: expected lambda > 0 or mass_squared + 2 d > 0 in form a, got lambda {lambda} and {b}"
    )))
}

/// Source and hopping for the field φ' = c φ.
fn rescaled(source: &Coupling, hopping: &[Hop], c: f64) -> (Coupling, Vec<Hop>) {
    let hop = |hop: &Hop| Hop { displacement: hop.displacement.clone(), strength: hop.strength / (c * c) };
    (source.map(|j| j / c), hopping.iter().map(hop).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::action::check::random_field;
    use crate::lattice::Lattice;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// The spec, which has to give the same S for the rescaled field in each form, and itself after a round trip.
    fn expect_same_theory(spec: &Phi4Spec, extent: &[usize]) {
        type Map = fn(&Phi4Spec, usize) -> Result<(Phi4Spec, f64)>;
        let lattice = Lattice::new(extent).unwrap();
        let d = extent.len();
        let field = random_field(lattice.volume(), 5);
        let value = spec.build(&lattice).unwrap().value(&field).unwrap();
        let maps: [Map; 3] = [Phi4Spec::to_form_a, Phi4Spec::to_form_kappa, Phi4Spec::to_form_half];
        for map in maps {
            let (other, c) = map(spec, d).unwrap();
            let rescaled: Vec<f64> = field.iter().map(|phi| c * phi).collect();
            let there = other.build(&lattice).unwrap().value(&rescaled).unwrap();
            let scale: f64 = rescaled.iter().map(|phi| phi * phi).sum::<f64>() + value.abs();
            assert!((there - value).abs() < 1e-11 * scale, "{spec:?} {other:?}: {value} {there}");
            for back in maps {
                let (back, c_back) = back(&other, d).unwrap();
                if std::mem::discriminant(&back) == std::mem::discriminant(spec) {
                    assert!((c * c_back - 1.0).abs() < 1e-14);
                    let (left, right) = (back.polynomial(d), spec.polynomial(d));
                    for (left, right) in [(left.quadratic, right.quadratic), (left.quartic, right.quartic)] {
                        let error = (left.at(0) - right.at(0)).abs();
                        assert!(error < 1e-12 * (1.0 + right.at(0).abs()), "{back:?} {spec:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_published_map_holds() {
        let kappa = spec("{form: 'kappa', kappa: 0.21, lambda: 0.022}");
        let (a, c) = kappa.to_form_a(2).unwrap();
        let (mass_squared, lambda) = ((1.0 - 2.0 * 0.022) / 0.21 - 4.0, 0.022 / (0.21 * 0.21));
        let expected = format!("{{form: 'a', mass_squared: {mass_squared}, lambda: {lambda}}}");
        assert_eq!((a, c), (spec(&expected), 0.21f64.sqrt()));
    }

    #[test]
    fn what_has_no_map_is_an_error() {
        let negative = spec("{form: 'kappa', kappa: -0.21, lambda: 0.022}").to_form_a(2).unwrap_err();
        assert!(negative.to_string().starts_with("kappa: expected more than 0"));
        let free = spec("{form: 'a', mass_squared: -4, lambda: 0}").to_form_kappa(2).unwrap_err();
        assert!(free.to_string().contains("got lambda 0 and 0"));
        let list = spec("{form: 'a', mass_squared: [1, 2], lambda: 0}").to_form_kappa(1).unwrap_err();
        assert!(list.to_string().contains("got a list"));
    }

    fn spec(text: &str) -> Phi4Spec {
        crate::spec::parse("action", text).unwrap()
    }

    fn form(name: &str, first: f64, lambda: f64) -> Phi4Spec {
        let key = if name == "kappa" { "kappa" } else { "mass_squared" };
        spec(&format!(
            "{{form: '{name}', {key}: {first}, lambda: {lambda}, source: 0.3, \
             hopping: [{{displacement: [1, 1], strength: 0.05}}]}}"
        ))
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(8), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn all_forms_of_a_theory_agree(m2 in -6.0f64..6.0, lambda in 0.01f64..10.0, kappa in 0.01f64..0.5) {
            expect_same_theory(&form("a", m2, lambda), &[4, 3]);
            expect_same_theory(&form("half", m2, lambda), &[4, 3]);
            expect_same_theory(&form("kappa", kappa, lambda), &[4, 3]);
        }
    }
}
