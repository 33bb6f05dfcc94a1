//! Values that a file states of its contents, compared with those of the numbers read.

use crate::error::{Error, Result};
use crate::gauge::field::Gauge;

/// Largest distance of a link from its group; a file in f32 that went through many hands stays far below.
pub const LARGEST_DEVIATION: f64 = 1e-4;

/// A number that a file claims to hold, and what it really holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Name of the value: `plaquette`, `checksum`, ...
    pub what: String,
    /// The value that the file states.
    pub expected: String,
    /// The value computed from its numbers.
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
        // NaN fails this comparison.
        let holds = (expected - got).abs() <= tolerance;
        Self { what: what.into(), expected: expected.to_string(), got: got.to_string(), holds }
    }

    /// A number stated as decimal digits: it holds within half of the last digit and the rounding of other codes.
    ///
    /// Fewer than two decimals are taken as two, so that "0e9" does not agree with every number.
    pub(super) fn digits(what: &str, text: &str, got: f64, rounding: f64) -> Self {
        const LARGEST_UNIT: f64 = 0.01;
        let Ok(expected) = text.parse::<f64>() else { return Self::unreadable(what, "a number", text) };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let exponent: f64 = exponent.parse().unwrap_or(0.0);
        let unit = 10f64.powf(exponent - decimals as f64).min(LARGEST_UNIT);
        // Half a digit in binary is not quite half a digit.
        let holds = (expected - got).abs() <= 0.500_001 * unit + rounding;
        Self { what: what.into(), expected: text.into(), got: format!("{got:.12}"), holds }
    }

    /// A value that cannot be read from the file: the claim does not hold.
    pub(super) fn unreadable(what: &str, expected: &str, got: impl ToString) -> Self {
        Self { what: what.into(), expected: expected.into(), got: got.to_string(), holds: false }
    }

    /// The claim that all links are in their group.
    pub(super) fn links(gauge: &Gauge) -> Self {
        let (deviation, site, mu) = gauge.worst_link();
        Self {
            what: "links".into(),
            expected: format!("links within {LARGEST_DEVIATION:e} of {}", gauge.group().name()),
            got: format!("one off by {deviation:.3e} at site {site}, direction {mu}"),
            holds: deviation <= LARGEST_DEVIATION,
        }
    }

    /// The message of an error: `plaquette: expected 0.6, got 0.5`
    pub(super) fn message(&self) -> String {
        format!("{}: expected {}, got {}", self.what, self.expected, self.got)
    }
}

/// Refuses links that are not in their group: `BadInput`.
pub fn expect_group(gauge: &Gauge) -> Result<()> {
    let claim = Claim::links(gauge);
    if claim.holds { Ok(()) } else { Err(Error::BadInput(claim.message())) }
}
