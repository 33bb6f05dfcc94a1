//! Geometric topological charge in two dimensions, Q = (1/2π) Σ_p arg P with arg in (−π, π]: a whole number on a torus.
//!
//! M. Lüscher, Commun. Math. Phys. 85, 39 (1982), in the abelian form of C. Panagiotakopoulos, Nucl. Phys. B 251, 61
//! (1985).

use super::field::Gauge;
use super::group::Group;
use super::loops::Loops;
use super::paths::Links;
use crate::error::{Error, Result};
use crate::lattice::Neighbours;

/// Q of a U(1) field in two dimensions; other fields are an error.
pub fn charge(gauge: &Gauge) -> Result<f64> {
    let (group, d) = (gauge.group(), gauge.lattice().dimensions());
    if (group, d) != (Group::U1, 2) {
        return Err(Error::Unsupported(format!(
            "charge: expected links in u1 in 2 dimensions, got {} in {d}",
            group.name()
        )));
    }
    let neighbours = Neighbours::new(gauge.lattice())?;
    let links = Links { numbers: gauge.links(), neighbours: &neighbours };
    let plaquettes = Loops::plaquettes(d);
    let angle = |site: usize| plaquettes.traces::<1>(&links, site).map(|trace| trace.arg()).sum::<f64>();
    Ok((0..gauge.lattice().volume()).map(angle).sum::<f64>() / (2.0 * std::f64::consts::PI))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::constant_flux;
    use crate::lattice::Lattice;

    #[test]
    fn the_charge_of_a_constant_flux_is_its_number_of_quanta() {
        let lattice = Lattice::new(&[6, 5]).unwrap();
        for quanta in -7..=7 {
            let got = charge(&constant_flux(&lattice, &[quanta]).unwrap()).unwrap();
            assert!((got - quanta as f64).abs() < 1e-12, "{quanta}: {got}");
        }
        let other = Gauge::unit(&lattice, Group::Su2).unwrap();
        let message = "charge: expected links in u1 in 2 dimensions, got su2 in 2";
        assert_eq!(charge(&other).unwrap_err().to_string(), message);
    }
}
