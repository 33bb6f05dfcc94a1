//! Factors that a host has multiplied its links by: f_mu(x) = scale_mu eta_mu(x), times the boundary phase where x is the last site of
//! direction mu.

use super::spec::{LayoutSpec, Scale};
use crate::dirac::{self, First};
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::lattice::Lattice;

/// The factors f_mu(x) of all links.
#[derive(Debug)]
pub(super) struct Factors {
    extent: Vec<usize>,
    scale: Vec<f64>,
    boundary: Vec<Complex64>,
    staggered: Option<First>,
}

impl Factors {
    /// None where all factors are one.
    pub fn new(lattice: &Lattice, spec: &LayoutSpec) -> Result<Option<Self>> {
        let dimensions = lattice.dimensions();
        let boundary = dirac::factors(&spec.boundary, dimensions)?;
        if boundary.iter().any(|z| z.norm() == 0.0) {
            return Err(Error::BadSpec("boundary: expected phases of modulus 1, which can be undone, got 0".into()));
        }
        let scale = match &spec.scale {
            Scale::One(scale) => vec![*scale; dimensions],
            Scale::Each(scale) if scale.len() == dimensions => scale.clone(),
            Scale::Each(scale) => {
                return Err(Error::BadSpec(format!("scale: expected {dimensions} numbers, got {}", scale.len())));
            }
        };
        if let Some(bad) = scale.iter().find(|s| !(s.is_normal() && s.recip().is_normal())) {
            return Err(Error::BadSpec(format!("scale: expected a number that can be divided by, got {bad}")));
        }
        let is_one =
            spec.staggered.is_none() && boundary.iter().all(|z| *z == 1.0.into()) && scale.iter().all(|s| *s == 1.0);
        if !is_one && spec.fields.group().is_none() {
            let given = [
                ("boundary", boundary.iter().any(|z| *z != 1.0.into())),
                ("staggered", spec.staggered.is_some()),
                ("scale", true),
            ];
            let key = given.iter().find(|(_, is_given)| *is_given).map_or("", |(key, _)| key);
            return Err(Error::BadSpec(format!("{key}: expected none for real fields, got one")));
        }
        let factors = Self { extent: lattice.extent().to_vec(), scale, boundary, staggered: spec.staggered };
        Ok((!is_one).then_some(factors))
    }

    /// f_mu(x).
    pub fn at(&self, x: &[usize], mu: usize) -> Complex64 {
        let sign = self.staggered.map_or(1.0, |first| first.phase(x, mu));
        let real = sign * self.scale[mu];
        if x[mu] + 1 == self.extent[mu] { self.boundary[mu] * real } else { real.into() }
    }
}

/// Multiplies a link by a factor; a real one number by number, which keeps the signs of zeros.
#[inline(always)]
pub(super) fn multiply<const R: usize>(link: &mut [f64; R], factor: Complex64) {
    if factor.im == 0.0 {
        return link.iter_mut().for_each(|x| *x *= factor.re);
    }
    for k in (0..R - R % 2).step_by(2) {
        let z = Complex64::new(link[k], link[k + 1]) * factor;
        (link[k], link[k + 1]) = (z.re, z.im);
    }
}

/// Divides a link by a factor.
#[inline(always)]
pub(super) fn divide<const R: usize>(link: &mut [f64; R], factor: Complex64) {
    if factor.im == 0.0 {
        return link.iter_mut().for_each(|x| *x /= factor.re);
    }
    multiply(link, factor.inv());
}
