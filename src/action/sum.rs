//! A sum of actions of the same fields: S = Σ_i S_i. Hybrid Monte Carlo can take its terms at steps of their own.

use super::{Action, Couplings, Draw, Past, Polynomial};
use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::{LoopSum, Patch};
use crate::lattice::Lattice;
use crate::memory;
use crate::space::Space;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A sum of actions.
pub struct Sum {
    lattice: Lattice,
    space: Space,
    terms: Vec<Arc<dyn Action>>,
    /// Names of the couplings that at least one term has.
    couplings: Vec<&'static str>,
}

impl Sum {
    /// The sum of at least one action, all of the same kind of field on the same lattice.
    pub fn new(terms: Vec<Arc<dyn Action>>) -> Result<Self> {
        let Some(first) = terms.first() else {
            return Err(Error::BadSpec("terms: expected at least one action, got none".into()));
        };
        let (lattice, space) = (first.lattice().clone(), first.space());
        for (i, term) in terms.iter().enumerate() {
            if *term.lattice() != lattice || term.space() != space {
                let (expected, got) = (lattice.shape(), term.lattice().shape());
                return Err(Error::BadShape(format!(
                    "terms[{i}]: expected fields of {space:?} on {expected}, got {:?} on {got}",
                    term.space()
                )));
            }
        }
        if let Some(i) = terms.iter().position(|term| term.complex().is_some()) {
            let expected = "expected an action with real values, got one with complex values";
            return Err(Error::Unsupported(format!("terms[{i}]: {expected}")));
        }
        let couplings: BTreeSet<&str> = terms.iter().flat_map(|term| term.couplings()).copied().collect();
        let couplings = couplings.into_iter().collect();
        Ok(Self { lattice, space, terms, couplings })
    }
}

impl Action for Sum {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn space(&self) -> Space {
        self.space
    }

    fn couplings(&self) -> &[&'static str] {
        &self.couplings
    }

    /// Each term gets all those couplings together that it has; an error of a term is an error of the sum, since a term
    /// with its old couplings would make another theory.
    fn at(&self, couplings: &Couplings) -> Result<Arc<dyn Action>> {
        if let Some(name) = couplings.keys().find(|name| !self.couplings.contains(&name.as_str())) {
            return Err(Error::Unsupported(format!("terms: expected one with a coupling '{name}', got none")));
        }
        let renewed = |term: &Arc<dyn Action>| {
            let mut own = couplings.clone();
            own.retain(|name, _| term.couplings().contains(&name.as_str()));
            if own.is_empty() { Ok(Arc::clone(term)) } else { term.at(&own) }
        };
        Ok(Arc::new(Self::new(self.terms.iter().map(renewed).collect::<Result<_>>()?)?))
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        self.terms.iter().map(|term| term.value(field)).sum()
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        self.gradient_along(&mut Past::default(), field, gradient)
    }

    fn gradient_along(&self, past: &mut Past, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        let mut value = self.terms[0].gradient_along(past.of_term(0), field, gradient)?;
        let mut own = memory::filled("gradient of a term", 0.0, gradient.len())?;
        for (i, term) in self.terms.iter().enumerate().skip(1) {
            value += term.gradient_along(past.of_term(i), field, &mut own)?;
            gradient.iter_mut().zip(&own).for_each(|(sum, own)| *sum += own);
        }
        Ok(value)
    }

    fn loop_sum(&self) -> Option<&LoopSum> {
        if self.terms.len() == 1 { self.terms[0].loop_sum() } else { None }
    }

    fn polynomial(&self) -> Option<&Polynomial> {
        if self.terms.len() == 1 { self.terms[0].polynomial() } else { None }
    }

    fn loops_of_links(&self) -> Option<&LoopSum> {
        let mut found = self.terms.iter().filter_map(|term| term.loops_of_links());
        found.next().filter(|_| found.next().is_none())
    }

    fn is_open(&self) -> bool {
        self.terms.iter().any(|term| term.is_open())
    }

    fn with_defect(&self, patch: &Arc<Patch>, strength: f64) -> Result<Arc<dyn Action>> {
        let mut terms = self.terms.clone();
        let Some(term) = terms.iter_mut().find(|term| term.loops_of_links().is_some()) else {
            return Err(Error::Unsupported("terms: expected one gauge action, got none".into()));
        };
        *term = term.with_defect(patch, strength)?;
        Ok(Arc::new(Self::new(terms)?))
    }

    fn terms(&self) -> usize {
        self.terms.len()
    }

    fn sum_of(&self, terms: &[usize]) -> Result<Arc<dyn Action>> {
        Ok(Arc::new(Sum::new(terms.iter().map(|&term| Arc::clone(&self.terms[term])).collect())?))
    }

    fn refreshed(&self, draw: Draw, field: &[f64]) -> Result<Option<Arc<dyn Action>>> {
        if !self.has_pseudofermions() {
            return Ok(None);
        }
        let refresh = |(term, action): (usize, &Arc<dyn Action>)| {
            let draw = Draw { term: term as u64, ..draw };
            Ok(action.refreshed(draw, field)?.unwrap_or_else(|| Arc::clone(action)))
        };
        let terms = self.terms.iter().enumerate().map(refresh).collect::<Result<_>>()?;
        Ok(Some(Arc::new(Self::new(terms)?)))
    }

    fn has_pseudofermions(&self) -> bool {
        self.terms.iter().any(|term| term.has_pseudofermions())
    }

    fn team(&self) -> Team {
        self.terms.iter().map(|term| term.team()).find(|team| !team.is_alone()).unwrap_or_default()
    }

    fn workers(&self) -> Team {
        if !self.is_threadsafe() {
            return Team::default();
        }
        self.terms.iter().map(|term| term.workers()).find(|team| !team.is_alone()).unwrap_or_default()
    }

    fn is_threadsafe(&self) -> bool {
        self.terms.iter().all(|term| term.is_threadsafe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionSpec;
    use crate::action::check::{expect_gauge_invariance, expect_gradient, expect_link_gradient};
    use crate::context::serial;
    use crate::spec;

    fn build(text: &str) -> Result<Box<dyn Action>> {
        spec::parse::<ActionSpec>("action", text)?.build(&serial(), &Lattice::new(&[4, 3])?)
    }

    const PHI4: &str = "{type: 'phi4', mass_squared: -1, lambda: 2}";
    const WILSON: &str = "{type: 'wilson', group: 'su2', beta: 2}";

    #[test]
    fn a_sum_of_actions_is_an_action() {
        let sum = build(&format!("{{type: 'sum', terms: [{PHI4}, {{type: 'phi4', mass_squared: 1, lambda: 0}}]}}"));
        expect_gradient(&*sum.unwrap(), 1);
        let links = build(&format!("{{type: 'sum', terms: [{WILSON}, {{type: 'iwasaki', group: 'su2', beta: 1}}]}}"));
        let links = links.unwrap();
        expect_link_gradient(&*links, 1);
        expect_gauge_invariance(&*links);
        assert_eq!(links.terms(), 2);
    }

    /// Couplings of all terms that have them are those of the sum that is built with them.
    #[test]
    fn couplings_are_replaced_in_all_terms_that_have_them() {
        let sum = |a: &str, b: &str| {
            build(&format!("{{type: 'sum', terms: [{{type: 'phi4', {a}}}, {{type: 'phi4', {b}}}]}}")).unwrap()
        };
        let field = crate::action::check::random_field(12, 1);
        let at = |sum: &dyn Action, couplings: &[(&str, f64)]| {
            sum.at(&couplings.iter().map(|(name, value)| (name.to_string(), *value)).collect())
        };
        let two = sum("mass_squared: -1, lambda: 2", "form: 'kappa', kappa: 0.2, lambda: 1");
        let expected = sum("mass_squared: -1, lambda: 3", "form: 'kappa', kappa: 0.1, lambda: 3");
        let renewed = at(&*two, &[("lambda", 3.0), ("kappa", 0.1)]).unwrap();
        assert_eq!(renewed.value(&field).unwrap(), expected.value(&field).unwrap());
        // Allowed together, though lambda = 0 alone is not.
        let free = at(
            &*sum("mass_squared: -1, lambda: 2", "mass_squared: -1, lambda: 2"),
            &[("lambda", 0.0), ("mass_squared", 1.0)],
        );
        let expected = sum("mass_squared: 1, lambda: 0", "mass_squared: 1, lambda: 0");
        assert_eq!(free.unwrap().value(&field).unwrap(), expected.value(&field).unwrap());
        // The first term allows lambda = 0, the second does not.
        let mixed = sum("mass_squared: 1, lambda: 2", "mass_squared: -1, lambda: 2");
        assert_eq!(at(&*mixed, &[("lambda", 0.0)]).err().unwrap().status(), 2);
        let error = at(&*two, &[("lambda", 3.0), ("beta", 1.0)]).err().unwrap();
        assert_eq!(error.to_string(), "terms: expected one with a coupling 'beta', got none");
    }

    /// A value of a coupling that cannot be checked is no coupling that is missing.
    #[test]
    fn couplings_that_cannot_be_checked_are_those_of_the_term() {
        let hopping = "hopping: [{displacement: [1, 1], strength: 0.1}, {displacement: [2, 0], strength: 0.1}, \
                       {displacement: [0, 2], strength: 0.1}]";
        let phi4 = format!("{{type: 'phi4', mass_squared: -1, lambda: 2, {hopping}}}");
        let spec = format!("{{type: 'sum', terms: [{phi4}, {{type: 'phi4', form: 'kappa', kappa: 0.2, lambda: 1}}]}}");
        let lattice = Lattice::new(&[4096, 4096]).unwrap();
        let sum = spec::parse::<ActionSpec>("action", &spec).unwrap().build(&serial(), &lattice).unwrap();
        let error = sum.at(&Couplings::from([("lambda".to_string(), 0.0)])).err().unwrap();
        assert!(error.status() == 2 && error.to_string().contains("can be checked in full"), "{error}");
    }

    #[test]
    fn sums_that_make_no_sense_are_named() {
        let message = |text: &str| build(text).err().unwrap().to_string();
        assert_eq!(message("{type: 'sum', terms: []}"), "terms: expected at least one action, got none");
        assert_eq!(
            message("{type: 'sum', terms: [{type: 'sum', terms: []}]}"),
            "terms[0]: expected an action that is no sum, got type 'sum'"
        );
        assert_eq!(
            message(&format!("{{type: 'sum', terms: [{WILSON}, {PHI4}]}}")),
            "terms[1]: expected fields of Links(Su2) on 4 x 3, got Scalars on 4 x 3"
        );
        let beta = message("{type: 'sum', terms: [{type: 'wilson', group: 'su2', beta: NaN}]}");
        assert_eq!(beta, "terms[0]: beta: expected a finite number, got NaN");
    }
}
