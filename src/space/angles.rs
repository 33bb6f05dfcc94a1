//! Angles in (−π, π].

use crate::random::Stream;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// What carries the angles of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// The sites: one angle each.
    #[default]
    Sites,
    /// The links: d angles for each site, as those of links exp(iθ) of U(1).
    Links,
}

/// The angle in (−π, π] that differs by a multiple of 2π; one that lies there stays as it is.
pub(super) fn wrapped(angle: f64) -> f64 {
    if -PI < angle && angle <= PI {
        return angle;
    }
    let rest = angle - 2.0 * PI * ((angle - PI) / (2.0 * PI)).ceil();
    // Rounding may end at or just below −π, which is the angle π, or just above it.
    if rest <= -PI { PI } else { rest.min(PI) }
}

/// A uniform angle.
pub(super) fn uniform(stream: &mut Stream) -> f64 {
    PI * (1.0 - 2.0 * stream.uniform())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_wrapped_by_multiples_of_a_turn() {
        for angle in [0.0, PI, 3.0, -3.1, -PI + 1e-15] {
            assert_eq!(wrapped(angle), angle);
        }
        assert_eq!(wrapped(-PI), PI);
        for i in -400..400 {
            let angle = 0.37 * f64::from(i);
            let rest = wrapped(angle);
            assert!(-PI < rest && rest <= PI, "{angle}: {rest}");
            assert!((rest.cos() - angle.cos()).abs() < 1e-13 && (rest.sin() - angle.sin()).abs() < 1e-13);
        }
    }
}
