//! A sum of actions of the same fields: S = Σ_i S_i. Hybrid Monte Carlo can take its terms at steps of their own.

use super::spec::ActionSpec;
use super::{Action, Draw};
use crate::context::{Context, Team};
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::space::Space;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a spec says of a sum: `{type: 'sum', terms: [{type: 'wilson', ...}, ...]}`.
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

/// A sum of actions.
pub struct Sum {
    lattice: Lattice,
    space: Space,
    terms: Vec<Arc<dyn Action>>,
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
        Ok(Self { lattice, space, terms })
    }
}

impl Action for Sum {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn space(&self) -> Space {
        self.space
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        self.terms.iter().map(|term| term.value(field)).sum()
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        let mut value = self.terms[0].gradient(field, gradient)?;
        let mut own = vec![0.0; gradient.len()];
        for term in &self.terms[1..] {
            value += term.gradient(field, &mut own)?;
            gradient.iter_mut().zip(&own).for_each(|(sum, own)| *sum += own);
        }
        Ok(value)
    }

    fn terms(&self) -> &[Arc<dyn Action>] {
        &self.terms
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
        Ok(Some(Arc::new(Self { lattice: self.lattice.clone(), space: self.space, terms })))
    }

    fn has_pseudofermions(&self) -> bool {
        self.terms.iter().any(|term| term.has_pseudofermions())
    }

    fn team(&self) -> Team {
        self.terms.iter().map(|term| term.team()).find(|team| !team.is_alone()).unwrap_or_default()
    }

    fn is_threadsafe(&self) -> bool {
        self.terms.iter().all(|term| term.is_threadsafe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(links.terms().len(), 2);
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
