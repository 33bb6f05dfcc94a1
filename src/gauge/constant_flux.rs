//! Fields with topological charge: constant flux of U(1) in the planes (0, 1) and (2, 3).
//!
//! In a plane of a x b sites U_y(x, y) = exp(i 2π q x / (a b)) and U_x(a − 1, y) = exp(−i 2π q y / b), the others one:
//! every plaquette of the plane is exp(i 2π q / (a b)).

use super::field::Gauge;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::group::{Complex64, Matrix};
use crate::lattice::Lattice;
use std::f64::consts::PI;

/// The U(1) field with `quanta` units of flux in each of the planes, one plane in two dimensions and two in four.
pub fn constant_flux(lattice: &Lattice, quanta: &[i64]) -> Result<Gauge> {
    let d = lattice.dimensions();
    if !d.is_multiple_of(2) || quanta.len() != d / 2 {
        let got = quanta.len();
        return Err(Error::BadShape(format!(
            "constant_flux: expected 1 number in 2 dimensions or 2 in 4, got {got} in {d}"
        )));
    }
    let mut gauge = Gauge::unit(lattice, Group::U1)?;
    let phase = |angle: f64| Matrix::<1>([[Complex64::from_polar(1.0, angle)]]);
    for site in 0..lattice.volume() {
        let place = lattice.coordinates(site);
        for (plane, &quanta) in quanta.iter().enumerate() {
            let (mu, nu) = (2 * plane, 2 * plane + 1);
            let (width, height) = (lattice.extent()[mu], lattice.extent()[nu]);
            let turn = 2.0 * PI * quanta as f64 / height as f64;
            gauge.set_link(site, nu, &phase(turn * place[mu] as f64 / width as f64));
            if place[mu] == width - 1 {
                gauge.set_link(site, mu, &phase(-turn * place[nu] as f64));
            }
        }
    }
    Ok(gauge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::observables::planes;

    #[test]
    fn the_flux_is_constant() {
        let lattice = Lattice::new(&[6, 5, 3, 4]).unwrap();
        let planes = planes(&constant_flux(&lattice, &[-2, 1]).unwrap());
        let expected = [(-4.0 * PI / 30.0).cos(), 1.0, 1.0, 1.0, 1.0, (2.0 * PI / 12.0).cos()];
        assert!(planes.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-14), "{planes:?}");
        assert_eq!(constant_flux(&Lattice::new(&[4]).unwrap(), &[]).unwrap_err().status(), 3);
        assert_eq!(constant_flux(&lattice, &[1]).unwrap_err().status(), 3);
    }
}
