//! The registry of actions: a new action is its file and one line here.

use super::gauge::{DBW2, GaugeSpec, IWASAKI, ImprovedSpec, SYMANZIK};
use super::sum::Sum;
use super::{Action, BoseGasSpec, ComplexPhi4Spec, Phi4Spec, QuantumMechanicsSpec, RationalSpec, TwoFlavourSpec};
use crate::context::{Context, Team};
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of an action: `{type: 'phi4', mass_squared: -4, lambda: 6.975}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionSpec {
    /// φ⁴ theory in one of its conventions.
    Phi4(#[serde(deserialize_with = "Phi4Spec::deserialize_any_form")] Phi4Spec),
    /// Quantum mechanics on a lattice of imaginary times.
    QuantumMechanics(QuantumMechanicsSpec),
    /// Plaquettes of a gauge field.
    Wilson(GaugeSpec),
    /// Plaquettes and rectangles, improved at tree level.
    Symanzik(GaugeSpec),
    /// Plaquettes and rectangles with Iwasaki's coefficients.
    Iwasaki(GaugeSpec),
    /// Plaquettes and rectangles with the coefficients of a doubly blocked action.
    Dbw2(GaugeSpec),
    /// Plaquettes and rectangles with any coefficients.
    Improved(ImprovedSpec),
    /// Two flavours of fermions, or a ratio of their determinants.
    TwoFlavour(TwoFlavourSpec),
    /// Any number of flavours by rational approximations.
    Rational(RationalSpec),
    /// A sum of other actions.
    Sum(SumSpec),
    /// φ⁴ theory with complex couplings, for complex Langevin steps.
    ComplexPhi4(ComplexPhi4Spec),
    /// The relativistic Bose gas at a chemical potential, for complex Langevin steps.
    BoseGas(BoseGasSpec),
}

impl ActionSpec {
    /// The action on a lattice, with the threads of a context.
    pub fn build(self, context: &Arc<Context>, lattice: &Lattice) -> Result<Box<dyn Action>> {
        match self {
            ActionSpec::Phi4(spec) => Ok(Box::new(spec.build(lattice)?.with_workers(Team::of(context)))),
            ActionSpec::QuantumMechanics(spec) => Ok(Box::new(spec.build(lattice)?.with_workers(Team::of(context)))),
            ActionSpec::Wilson(spec) => Ok(Box::new(spec.build(context, lattice, 0.0)?)),
            ActionSpec::Symanzik(spec) => Ok(Box::new(spec.build(context, lattice, SYMANZIK)?)),
            ActionSpec::Iwasaki(spec) => Ok(Box::new(spec.build(context, lattice, IWASAKI)?)),
            ActionSpec::Dbw2(spec) => Ok(Box::new(spec.build(context, lattice, DBW2)?)),
            ActionSpec::Improved(spec) => Ok(Box::new(spec.build(context, lattice)?)),
            ActionSpec::TwoFlavour(spec) => Ok(Box::new(spec.build(context, lattice)?)),
            ActionSpec::Rational(spec) => Ok(Box::new(spec.build(context, lattice)?)),
            ActionSpec::Sum(spec) => Ok(Box::new(spec.build(context, lattice)?)),
            ActionSpec::ComplexPhi4(spec) => Ok(Box::new(spec.build(lattice)?)),
            ActionSpec::BoseGas(spec) => Ok(Box::new(spec.build(lattice)?)),
        }
    }
}

/// Spec of a sum: `{type: 'sum', terms: [{type: 'wilson', ...}, ...]}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SumSpec {
    /// The actions that are summed, none of them a sum.
    pub terms: Vec<ActionSpec>,
}

impl SumSpec {
    /// The sum on a lattice.
    pub fn build(self, context: &Arc<Context>, lattice: &Lattice) -> Result<Sum> {
        let build = |(i, term): (usize, ActionSpec)| {
            let place = format!("terms[{i}]");
            if matches!(term, ActionSpec::Sum(_)) {
                return Err(Error::BadSpec(format!("{place}: expected an action that is no sum, got type 'sum'")));
            }
            term.build(context, lattice).map(Arc::from).map_err(|e| e.within(&place))
        };
        Sum::new(self.terms.into_iter().enumerate().map(build).collect::<Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::serial;
    use crate::spec::parse;

    fn message(text: &str) -> String {
        let lattice = Lattice::new(&[4, 3]).unwrap();
        let built = parse::<ActionSpec>("action", text).and_then(|spec| spec.build(&serial(), &lattice));
        built.err().unwrap().to_string()
    }

    #[test]
    fn a_spec_survives_being_stored() {
        for text in [
            "{type: 'phi4', mass_squared: -4, lambda: 6.975}",
            "{type: 'phi4', form: 'kappa', kappa: 0.1, lambda: [0.1, 0.3], source: -0.7}",
            "{type: 'phi4', form: 'half', mass_squared: 1e-3, lambda: 0, \
             hopping: [{displacement: [1, -2], strength: 0.1}]}",
            "{type: 'quantum_mechanics', mass: 0.5, spacing: 0.1, potential: [1, 0, -2, 0, 1]}",
            "{type: 'iwasaki', group: 'su2', beta: 2.2}",
            "{type: 'dbw2', group: 'su3', beta: 1.04, defect: {size: [2, 2, 2], strength: 0.3, across: 3, at: [0, 1, 2, 3]}}",
            "{type: 'improved', group: 'u1', beta: 1, c1: -0.2, defect: {size: [2], strength: 0}}",
            "{type: 'sum', terms: [{type: 'phi4', mass_squared: -4, lambda: 1}]}",
            "{type: 'complex_phi4', mass_squared: [0.5, 1], lambda: 1, source: [0, -0.25]}",
            "{type: 'bose_gas', mass: 1, lambda: 1, mu: 0.5}",
        ] {
            let spec: ActionSpec = parse("action", text).unwrap();
            let stored = serde_json::to_string(&spec).unwrap();
            assert_eq!(parse::<ActionSpec>("action", &stored).unwrap(), spec, "{stored}");
        }
    }

    #[test]
    fn faults_of_a_spec_name_the_key_and_the_known_keys() {
        let keys = "; known keys: type, form, mass_squared, lambda, source, hopping";
        let kappa_keys = "; known keys: type, form, kappa, lambda, source, hopping";
        let cases = [
            (
                "{}",
                "action: missing key 'type' (one of 'phi4' or 'quantum_mechanics' or 'wilson' or 'symanzik' or 'iwasaki' or 'dbw2' or 'improved' or 'two_flavour' or 'rational' or 'sum' or 'complex_phi4' or 'bose_gas'); known keys: type"
                    .to_string(),
            ),
            (
                "{type: 'phi5'}",
                "action: type: expected 'phi4' or 'quantum_mechanics' or 'wilson' or 'symanzik' or 'iwasaki' or 'dbw2' or 'improved' or 'two_flavour' or 'rational' or 'sum' or 'complex_phi4' or 'bose_gas', got 'phi5'; known keys: type"
                    .to_string(),
            ),
            ("{type: 'phi4', mass_squared: 1}", format!("action: missing key 'lambda'{keys}")),
            ("{type: 'phi4', mass_squared: 1, lamda: 1}", format!("action: unknown key 'lamda'{keys}")),
            ("{type: 'phi4', kappa: 1, lambda: 1}", format!("action: unknown key 'kappa'{keys}")),
            (
                "{type: 'phi4', form: 'kappa', lambda: 1, mass_squared: 1}",
                format!("action: unknown key 'mass_squared'{kappa_keys}"),
            ),
            (
                "{type: 'phi4', form: 'b', lambda: 1}",
                "action: form: expected 'a' or 'kappa' or 'half', got 'b'; known keys: type, form".to_string(),
            ),
            (
                "{type: 'phi4', mass_squared: 1, lambda: 'x'}",
                format!("action: lambda: expected a number, or a list with one number for each site, got 'x'{keys}"),
            ),
            (
                "{type: 'phi4', mass_squared: [1, {}], lambda: 1}",
                format!("action: mass_squared[1]: expected a number, got an object{keys}"),
            ),
            (
                "{type: 'phi4', mass_squared: 1, lambda: 1, hopping: [{displacement: [1, 0], strenght: 1}]}",
                "action: hopping[0]: unknown key 'strenght'; known keys: displacement, strength".to_string(),
            ),
            (
                "{type: 'phi4', mass_squared: 1, lambda: 1, hopping: [{displacement: [1, 0.5], strength: 1}]}",
                "action: hopping[0].displacement[1]: expected a whole number, got 0.5; \
                 known keys: displacement, strength"
                    .to_string(),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(message(text), expected, "{text}");
        }
    }

    #[test]
    fn a_lattice_that_fits_no_memory_is_an_error() {
        let lattice = Lattice::new(&[1 << 20, 1 << 20]).unwrap();
        for lambda in [0, 1] {
            let text = format!("{{type: 'phi4', mass_squared: 1, lambda: {lambda}}}");
            let built = parse::<ActionSpec>("action", &text).unwrap().build(&serial(), &lattice);
            assert_eq!(built.err().unwrap().status(), 3);
        }
    }

    #[test]
    fn values_out_of_range_name_the_key() {
        let cases = [
            ("mass_squared: NaN, lambda: 1", "mass_squared: expected a finite number, got NaN"),
            ("mass_squared: 1, lambda: 1e999", "lambda: expected a finite number, got inf"),
            ("mass_squared: 1, lambda: -1", "lambda: expected at least 0, got -1"),
            ("mass_squared: [1, 2], lambda: 1", "mass_squared: expected 12 numbers (4 x 3), got 2"),
            ("mass_squared: 1, lambda: 1, source: []", "source: expected 12 numbers (4 x 3), got 0"),
            (
                "mass_squared: 1, lambda: [0,0,0,0,0,0,0,0,0,0,0,-Infinity]",
                "lambda[11]: expected a finite number, got -inf",
            ),
            ("form: 'kappa', kappa: -Infinity, lambda: 1", "kappa: expected a finite number, got -inf"),
            ("form: 'kappa', kappa: 1, lambda: 1e308", "quadratic: expected a finite number, got -inf"),
            (
                "mass_squared: 0, lambda: 0",
                "lambda: expected more than 0, or a positive definite quadratic part, \
                 got 0 with smallest eigenvalue 0",
            ),
            (
                "mass_squared: 1, lambda: 1, hopping: [{displacement: [1], strength: 1}]",
                "hopping[0].displacement: expected 2 numbers, got 1",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(message(&format!("{{type: 'phi4', {text}}}")), expected, "{text}");
        }
    }
}
