//! Pseudofermions: powers of fermion determinants as actions of the links.
//!
//! Each action holds a field φ, which [`crate::action::Action::refreshed`] draws anew for given links from exp(−S), a heat bath. S and
//! its gradient are those at fixed φ. The operator A is D, or its Schur complement on the odd sites (`even_odd`), see
//! `dirac::fermion`.

mod rational;
#[cfg(test)]
mod tests;
mod two_flavour;

pub use rational::{Rational, RationalSpec};
pub use two_flavour::{TwoFlavour, TwoFlavourSpec};

use super::{Action, Draw};
use crate::dirac::Field;
use crate::error::{Error, Result, expect_length};
use crate::random::{Purpose, Stream};

/// The pseudofermions of an action, and S where they were drawn.
struct Drawn {
    phi: Field<f64>,
    links: Vec<f64>,
    value: f64,
}

impl Drawn {
    /// S where `links` are those of the draw.
    fn known(&self, links: &[f64]) -> Option<f64> {
        (self.links == links).then_some(self.value)
    }
}

/// What S and its gradient begin with: arrays as long as the field, and what was drawn, or what to do.
fn opened<'a>(
    action: &impl Action,
    (what, drawn): (&str, &'a Option<Drawn>),
    arrays: &[(&str, &[f64])],
) -> Result<&'a Drawn> {
    for (name, array) in arrays {
        expect_length(name, action.count(), array.len())?;
    }
    drawn
        .as_ref()
        .ok_or_else(|| Error::Unsupported(format!("{what}: expected pseudofermions, got none: refresh first")))
}

fn stream(draw: Draw) -> Stream {
    let mut stream = Stream::new(draw.seed, Purpose::Pseudofermion, draw.counter);
    // Each term of a sum has a part of the stream of its own.
    stream.advance(draw.term << 40);
    stream
}
