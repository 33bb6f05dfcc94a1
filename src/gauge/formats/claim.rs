//! What a file says of its contents, against what its numbers give.

use crate::error::{Error, Result};
use crate::gauge::field::Gauge;

/// Largest distance of a link from its group; a file in f32 that went through many hands stays far below.
pub const LARGEST_DEVIATION: f64 = 1e-4;

/// A number that a file claims to hold, and what it really holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// `plaquette`, `checksum`, ...
    pub what: String,
    /// What the file says.
    pub expected: String,
    /// What its numbers give.
    pub got: String,
    /// Whether they agree to the digits given.
    pub holds: bool,
}

impl Claim {
    pub(super) fn exact(what: &str, expected: impl ToString, got: impl ToString) -> Self {
        let (expected, got) = (expected.to_string(), got.to_string());
        Self { what: what.into(), holds: expected == got, expected, got }
    }

    pub(super) fn near(what: &str, expected: f64, got: f64, tolerance: f64) -> Self {
        // What is not a number is near nothing.
        let holds = (expected - got).abs() <= tolerance;
        Self { what: what.into(), expected: format!("{expected:.12}"), got: format!("{got:.12}"), holds }
    }

    /// That all links are in their group.
    pub(super) fn links(gauge: &Gauge) -> Self {
        let (deviation, site, mu) = gauge.worst_link();
        Self {
            what: "links".into(),
            expected: format!("links within {LARGEST_DEVIATION:e} of {}", gauge.group().name()),
            got: format!("one off by {deviation:.3e} at site {site}, direction {mu}"),
            holds: deviation <= LARGEST_DEVIATION,
        }
    }

    /// `plaquette: expected 0.6, got 0.5`
    pub(super) fn message(&self) -> String {
        format!("{}: expected {}, got {}", self.what, self.expected, self.got)
    }
}

/// Refuses links that are not in their group: `BadInput`.
pub fn expect_group(gauge: &Gauge) -> Result<()> {
    let claim = Claim::links(gauge);
    if claim.holds { Ok(()) } else { Err(Error::BadInput(claim.message())) }
}
