//! Geometric topological charge in two dimensions, Q = (1/2π) Σ_p arg P with arg in (−π, π]: a whole number on a torus, and
//! any number where the boundary is open.
//!
//! M. Lüscher, Commun. Math. Phys. 85, 39 (1982), in the abelian form of C. Panagiotakopoulos, Nucl. Phys. B 251, 61
//! (1985).

use super::loops::Loops;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::paths::Links;
use crate::group::Group;
use crate::lattice::Neighbours;
use crate::memory;

/// Q of a U(1) field in two dimensions; other fields are an error.
pub fn charge(gauge: &Gauge) -> Result<f64> {
    let (group, d) = (gauge.group(), gauge.lattice().dimensions());
    if (group, d) != (Group::U1, 2) {
        return Err(Error::Unsupported(format!(
            "charge: expected links in u1 in 2 dimensions, got {} in {d}",
            group.name()
        )));
    }
    if gauge.is_open() {
        return Ok(angles(gauge)?.iter().sum());
    }
    let turns = angles(gauge)?.iter().sum();
    whole(turns, gauge.lattice().volume())
}

/// The sum of arg P / 2π over the plaquettes that begin in each slice of the last direction.
fn angles(gauge: &Gauge) -> Result<Vec<f64>> {
    let neighbours = Neighbours::new(gauge.lattice())?;
    let (links, plaquettes) = (Links { numbers: gauge.links(), neighbours: &neighbours }, Loops::plaquettes(2));
    let angle = |site: usize| plaquettes.traces::<1>(&links, site).map(|trace| trace.arg()).sum::<f64>();
    let [length, slices] = [gauge.lattice().extent()[0], gauge.lattice().extent()[1]];
    let slice = |t: usize| (length * t..length * (t + 1)).map(angle).sum::<f64>() / (2.0 * std::f64::consts::PI);
    // The plaquettes behind the last slice are absent where the boundary is open.
    let last = slices - usize::from(gauge.is_open());
    memory::collected("charges of slices", (0..slices).map(|t| if t < last { slice(t) } else { 0.0 }))
}

/// The share of each slice of the last direction in Q: (1/2π) Σ arg P over the plaquettes that begin there, no whole numbers.
pub fn charge_slices(gauge: &Gauge) -> Result<Vec<f64>> {
    // Fields without a charge are refused.
    charge(gauge)?;
    angles(gauge)
}

/// Rounds a sum over so many plaquettes to a whole number; an error where it is none within rounding.
fn whole(turns: f64, plaquettes: usize) -> Result<f64> {
    // Each angle and each sum is rounded by at most the precision times the sum of all, half a turn for each plaquette.
    let rounding = (4.0 + plaquettes as f64) * 0.5 * plaquettes as f64 * f64::EPSILON;
    let charge = turns.round();
    if (turns - charge).abs() <= rounding.min(0.25) {
        // Adding 0 turns minus zero into zero.
        return Ok(charge + 0.0);
    }
    let far = "a whole number to rounding (are the links in the group?)";
    Err(Error::BadInput(format!("charge: expected {far}, got {turns}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::{Matrix, constant_flux};
    use crate::lattice::Lattice;
    use crate::random::{Purpose, Stream};

    #[test]
    fn the_charge_of_a_constant_flux_is_its_number_of_quanta() {
        let lattice = Lattice::new(&[6, 5]).unwrap();
        for quanta in -7..=7 {
            let got = charge(&constant_flux(&lattice, &[quanta]).unwrap()).unwrap();
            assert!(got == quanta as f64 && (got != 0.0 || got.is_sign_positive()), "{quanta}: {got}");
            let slices = charge_slices(&constant_flux(&lattice, &[quanta]).unwrap()).unwrap();
            assert!(slices.len() == 5 && slices.iter().all(|slice| (slice - got / 5.0).abs() < 1e-13), "{slices:?}");
        }
        // The charge is exactly a whole number, for rough fields as well.
        let mut met = std::collections::BTreeSet::new();
        for counter in 0..60 {
            for extent in [[6, 5], [32, 48]] {
                let lattice = Lattice::new(&extent).unwrap();
                let gauge = Gauge::random(&lattice, Group::U1, &mut Stream::new(3, Purpose::Start, counter)).unwrap();
                let got = charge(&gauge).unwrap();
                assert!(got == got.round() && got.abs() < 100.0, "{got}");
                met.insert(got as i64);
            }
        }
        assert!(met.len() > 8, "{met:?}");
        let other = Gauge::unit(&lattice, Group::Su2).unwrap();
        let message = "charge: expected links in u1 in 2 dimensions, got su2 in 2";
        assert_eq!(charge(&other).unwrap_err().to_string(), message);
        // Matrices outside of U(1) have no angles that sum up to whole turns.
        let mut gauge = constant_flux(&lattice, &[1]).unwrap();
        gauge.set_link(7, 1, &Matrix::<1>::ZERO);
        assert_eq!(charge(&gauge).unwrap_err().status(), 4);
    }
}
