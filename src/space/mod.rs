//! Where fields live: one real number on each site, or one group element on each link.
//!
//! A field of links is `[site][mu][row][column][re, im]`. Its momenta and the gradient of an action have the same
//! layout: for each link the antihermitian (for N > 1 traceless) P = Σ_a p_a i T_a, and G = Σ_a g_a i T_a with
//! d/ds S(exp(s X) U) = Σ_a x_a g_a at s = 0 for X = Σ_a x_a i T_a. Fields move by U ← exp(t P) U.

#[cfg(test)]
mod tests;

use crate::context::Team;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::gauge::{self, Gauge, Group};
use crate::lattice::Lattice;
use crate::random::Stream;

/// What kind of field lives on a lattice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// One real number on each site.
    #[default]
    Scalars,
    /// One element of a group on each link.
    Links(Group),
}

/// Scalars beyond this have left every bounded action; φ⁶ of them is still finite.
const DIVERGED: f64 = 1e50;
/// Largest distance of given links from the group: what single precision leaves of them.
const LARGEST_DEVIATION: f64 = 1e-6;
/// Links nearer to the group than this are taken bit for bit.
const ROUNDING: f64 = 1e-13;

impl Space {
    /// Real numbers in a field: V, or V d 2N².
    pub fn count(self, lattice: &Lattice) -> usize {
        match self {
            Space::Scalars => lattice.volume(),
            Space::Links(group) => lattice.volume() * lattice.dimensions() * group.reals(),
        }
    }

    /// The start without fluctuations: zeros, or unit links.
    pub fn cold(self, lattice: &Lattice) -> Result<Vec<f64>> {
        match self {
            Space::Scalars => Ok(vec![0.0; lattice.volume()]),
            Space::Links(group) => Ok(Gauge::unit(lattice, group)?.into_links()),
        }
    }

    /// The start without order: standard normal numbers, or links drawn from the Haar measure.
    pub fn hot(self, lattice: &Lattice, stream: &mut Stream) -> Result<Vec<f64>> {
        match self {
            Space::Scalars => {
                let mut field = vec![0.0; lattice.volume()];
                stream.normals(&mut field);
                Ok(field)
            }
            Space::Links(group) => Ok(Gauge::random(lattice, group, stream)?.into_links()),
        }
    }

    /// Checks a given field. Links that are off the group by no more than single precision are put back onto it.
    pub fn admit(self, lattice: &Lattice, field: &[f64]) -> Result<Vec<f64>> {
        expect_length("field", self.count(lattice), field.len())?;
        expect_finite("field", field)?;
        let Space::Links(group) = self else { return Ok(field.to_vec()) };
        let mut gauge = Gauge::new(lattice, group, field.to_vec())?;
        let (distance, site, mu) = gauge.worst_link();
        if distance.is_nan() || distance > LARGEST_DEVIATION {
            return Err(Error::BadInput(format!(
                "field: expected links in {}, got one off by {distance:.1e} at site {site}, direction {mu}",
                group.name()
            )));
        }
        gauge.project(ROUNDING);
        Ok(gauge.into_links())
    }

    /// Draws momenta of the density exp(−kinetic).
    pub fn draw_momenta(self, stream: &mut Stream, momenta: &mut [f64]) {
        match self {
            Space::Scalars => stream.normals(momenta),
            Space::Links(group) => gauge::draw_momenta(group, stream, momenta),
        }
    }

    /// Σ p² / 2 over the sites, or Σ_a p_a² / 2 over the links.
    pub fn kinetic(self, team: &Team, momenta: &[f64]) -> f64 {
        let factor = match self {
            Space::Scalars => 0.5,
            Space::Links(group) => 0.5 / group.trace_norm(),
        };
        factor * team.sum(momenta, |part| sum_abreast(part, |p| p * p))
    }

    /// Moves a field along its momenta: φ ← φ + t p, or U ← exp(t P) U.
    pub fn drift(self, team: &Team, (field, momenta): (&mut [f64], &[f64]), time: f64) {
        match self {
            Space::Scalars => team.update(field, momenta, |field, momenta| {
                field.iter_mut().zip(momenta).for_each(|(phi, p)| *phi += time * p);
            }),
            Space::Links(group) => gauge::drift(team, group, (field, momenta), time),
        }
    }

    /// True where no number is so large, or no number at all, that the trajectory has diverged.
    pub fn is_bounded(self, team: &Team, field: &[f64]) -> bool {
        // A number is counted as too large where it is none.
        team.sum(field, |part| sum_abreast(part, |x| if x.abs() <= DIVERGED { 0.0 } else { 1.0 })) == 0.0
    }
}

/// True where all numbers are finite: zero times a number is zero, but for those that are not.
pub fn are_finite(team: &Team, numbers: &[f64]) -> bool {
    team.sum(numbers, |part| sum_abreast(part, |x| 0.0 * x)) == 0.0
}

/// Numbers that are added side by side: sums then run in SIMD registers.
const ABREAST: usize = 16;

/// Σ f(x).
fn sum_abreast(numbers: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let (whole, rest) = numbers.as_chunks::<ABREAST>();
    let mut sums = [0.0; ABREAST];
    whole.iter().for_each(|numbers| sums.iter_mut().zip(numbers).for_each(|(sum, &x)| *sum += f(x)));
    sums.iter().sum::<f64>() + rest.iter().map(|&x| f(x)).sum::<f64>()
}
