//! Exact values by reweighting of models that are trained in the run: a chain that ends with splines, and one affine model of a
//! range of couplings, fixed at two of them.

use super::figure::{Figure, Row};
use super::models::{Reweighted, chi, figures, log_z};
use super::recipe::{CONDITIONAL_4, SPLINE_4};
use super::run::Form;
use super::theory::{FORM_A_4, FORM_A_4_WEAKER, Theory, exact};
use instanton::action::{ActionSpec, Phi4Spec};
use instanton::error::{Error, Result};
use instanton::flow::{Flow, Values};
use instanton::spec;
use std::sync::Arc;

pub const ROWS: &[Row] = &[
    Row {
        name: "phi4-log-z-spline",
        about: "log Z by a chain of affine couplings and splines.",
        set_ups: |_| exact(&[&FORM_A_4], |theory| theory.log_z),
        measure: |run| figures(run.form, &[(&FORM_A_4, SPLINE_4.flow()?)], log_z),
    },
    Row {
        name: "phi4-chi-spline",
        about: "Susceptibility by the same chain.",
        set_ups: |_| exact(&[&FORM_A_4], |theory| theory.susceptibility),
        measure: |run| figures(run.form, &[(&FORM_A_4, SPLINE_4.flow()?)], chi),
    },
    Row {
        name: "phi4-log-z-conditional",
        about: "log Z at two couplings by one affine model of a range of λ.",
        set_ups: |_| exact(&[&FORM_A_4, &FORM_A_4_WEAKER], |theory| theory.log_z),
        measure: |run| conditional(run.form, log_z),
    },
    Row {
        name: "phi4-chi-conditional",
        about: "Susceptibility at two couplings by the same model.",
        set_ups: |_| exact(&[&FORM_A_4, &FORM_A_4_WEAKER], |theory| theory.susceptibility),
        measure: |run| conditional(run.form, chi),
    },
];

fn conditional(form: Form, of: Reweighted) -> Result<Vec<Figure>> {
    let flow = CONDITIONAL_4.flow()?;
    let at = |theory: &'static Theory| -> Result<(&'static Theory, Arc<Flow>)> {
        Ok((theory, Arc::new(flow.at(&Values([("lambda".to_string(), lambda(theory)?)].into()))?)))
    };
    figures(form, &[at(&FORM_A_4)?, at(&FORM_A_4_WEAKER)?], of)
}

/// λ of a theory of form A.
fn lambda(theory: &Theory) -> Result<f64> {
    match spec::parse("action", theory.set_up.action)? {
        ActionSpec::Phi4(Phi4Spec::A { lambda, .. }) => Ok(lambda.at(0)),
        _ => Err(Error::BadInput(format!("action: expected one of form 'a', got {}", theory.set_up.action))),
    }
}
