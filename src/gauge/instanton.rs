//! Fields with topological charge: constant flux of U(1) in two dimensions.
//!
//! U_y(x, y) = exp(i 2π q x / V) and U_x(L_x − 1, y) = exp(−i 2π q y / L_y), the others one: every plaquette is
//! exp(i 2π q / V).

use super::field::Gauge;
use super::group::Group;
use super::matrix::{Complex64, Matrix};
use crate::error::{Error, Result};
use crate::lattice::Lattice;

/// The U(1) field of `quanta` units of flux, spread evenly over a two-dimensional lattice.
pub fn constant_flux(lattice: &Lattice, quanta: i64) -> Result<Gauge> {
    let &[width, height] = lattice.extent() else {
        let d = lattice.dimensions();
        return Err(Error::Unsupported(format!("constant_flux: expected 2 dimensions, got {d}")));
    };
    let turn = 2.0 * std::f64::consts::PI * quanta as f64;
    let mut gauge = Gauge::unit(lattice, Group::U1)?;
    let phase = |angle: f64| Matrix::<1>([[Complex64::from_polar(1.0, angle)]]);
    for site in 0..lattice.volume() {
        let (x, y) = (site % width, site / width);
        gauge.set_link(site, 1, &phase(turn * x as f64 / lattice.volume() as f64));
        if x == width - 1 {
            gauge.set_link(site, 0, &phase(-turn * y as f64 / height as f64));
        }
    }
    Ok(gauge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::observables::plaquette;

    #[test]
    fn the_flux_is_constant() {
        let lattice = Lattice::new(&[6, 5]).unwrap();
        for quanta in -3..=3 {
            let expected = (2.0 * std::f64::consts::PI * quanta as f64 / 30.0).cos();
            assert!((plaquette(&constant_flux(&lattice, quanta).unwrap()) - expected).abs() < 1e-14, "{quanta}");
        }
        assert_eq!(constant_flux(&Lattice::new(&[4]).unwrap(), 1).unwrap_err().status(), 9);
    }
}
