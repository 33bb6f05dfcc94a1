//! Pseudofermions: powers of fermion determinants as actions of the links.
//!
//! Each action holds a field φ, which [`crate::action::Action::refreshed`] draws anew for given links from exp(−S), a
//! heat bath. S and its gradient are those at fixed φ. The operator A is D, or its Schur complement on the odd sites
//! (`even_odd`), see `dirac::fermion`.

mod rational;
#[cfg(test)]
mod tests;
mod two_flavour;

pub use rational::{Rational, RationalSpec};
pub use two_flavour::{TwoFlavour, TwoFlavourSpec};

use super::Draw;
use crate::dirac::Field;
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};

/// The pseudofermions of an action, and S at the links that they were drawn for.
struct Drawn {
    phi: Field<f64>,
    links: Vec<f64>,
    value: f64,
}

impl Drawn {
    /// S from the draw, if `links` are those that the pseudofermions were drawn for.
    fn known(&self, links: &[f64]) -> Option<f64> {
        (self.links == links).then_some(self.value)
    }
}

/// The pseudofermions of an action of type `kind`; without any an error that says how to draw them.
fn expect_drawn<'a>(kind: &str, drawn: &'a Option<Drawn>) -> Result<&'a Drawn> {
    drawn
        .as_ref()
        .ok_or_else(|| Error::Unsupported(format!("{kind}: expected pseudofermions, got none: refresh first")))
}

fn stream(draw: Draw) -> Stream {
    let mut stream = Stream::new(draw.seed, Purpose::Pseudofermion, draw.counter);
    // Each term of a sum has its own part of the random stream.
    stream.advance(draw.term << 40);
    stream
}
