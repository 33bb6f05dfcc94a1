//! Figures that others have published for their models, beside those of the library's.

use super::figure::{Aim, Figure, Row};
use super::models::Samples;
use super::recipe::TUTORIAL_8;
use super::theory::FORM_A_8;
use instanton::statistics::independence_acceptance;

/// The acceptance that the tutorial gives.
const PUBLISHED: f64 = 0.463;

pub const ROWS: &[Row] = &[Row {
    name: "peer-acceptance-affine",
    about: "Acceptance of independence Metropolis at 8 x 8, m² = −4, λ = 8, with the network, steps and batch of a tutorial.",
    set_ups: |_| vec![(FORM_A_8.set_up.name.into(), Some(PUBLISHED))],
    measure: |run| {
        let samples = Samples::new(&FORM_A_8.set_up, &*TUTORIAL_8.flow()?, run.form.pick(500_000, 20_000))?;
        let found = independence_acceptance(&samples.log_weights)?.acceptance;
        let (value, error) = (found.value, found.error);
        Ok(vec![Figure {
            set_up: FORM_A_8.set_up.name.into(),
            value,
            error,
            reference: PUBLISHED,
            source: "arXiv:2101.08176",
            aim: Aim::AtLeast,
        }])
    },
}];
