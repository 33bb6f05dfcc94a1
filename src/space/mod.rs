//! Kinds of fields: one real number on each site, one angle on each site or link, one group element on each link, or one or two
//! complex numbers on each site.
//!
//! A field of complex numbers is `[site][component][re, im]`: real components φ_a of an action with complex values that were made
//! complex. Its start fields are real, and it moves along pairs of real numbers.
//!
//! Angles lie in (−π, π] and count modulo 2π: given ones may be any numbers. A field of angles is `[site]` or `[site][mu]`;
//! momenta, gradients and drifts are those of real numbers.
//!
//! A field of links is `[site][mu][row][column][re, im]`. Its momenta and the gradient of an action have the same
//! layout: for each link the antihermitian (for N > 1 traceless) P = Σ_a p_a i T_a, and G = Σ_a g_a i T_a with
//! d/ds S(exp(s X) U) = Σ_a x_a g_a at s = 0 for X = Σ_a x_a i T_a. Fields move by U ← exp(t P) U. Where all links of the last
//! direction that leave the last slice are zero, the field has an open boundary: these have no momenta, and stay zero.

mod angles;
mod components;
mod domain;
#[cfg(test)]
mod tests;

pub use angles::Carrier;
pub use components::Components;
pub use domain::{Domain, SavedDomain};

use crate::context::Team;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::gauge::{self, Gauge, Group, farther_present};
use crate::lattice::Lattice;
use crate::memory;
use crate::random::Stream;

/// What kind of field lives on a lattice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// One real number on each site.
    #[default]
    Scalars,
    /// One angle on each site or link.
    Angles(Carrier),
    /// One element of a group on each link.
    Links(Group),
    /// Complex numbers on each site.
    Complex(Components),
}

/// Scalars beyond this have left every bounded action; φ⁶ of them is still finite.
const DIVERGED: f64 = 1e50;
/// Largest distance of given links from the group: what single precision leaves of them.
const LARGEST_DEVIATION: f64 = 1e-6;
/// Links nearer to the group than this are kept bit for bit.
const ROUNDING: f64 = 1e-13;

impl Space {
    /// What the numbers of a field are, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Space::Scalars => "scalars",
            Space::Angles(Carrier::Sites) => "angles on sites",
            Space::Angles(Carrier::Links) => "angles on links",
            Space::Links(Group::U1) => "links of U(1)",
            Space::Links(Group::Su2) => "links of SU(2)",
            Space::Links(Group::Su3) => "links of SU(3)",
            Space::Complex(Components::One) => "complex scalars",
            Space::Complex(Components::Two) => "pairs of complex scalars",
        }
    }

    /// Real numbers for each site: 1, d for angles on links, d 2N² for links of a group, or 2 for each complex number.
    pub fn numbers(self, lattice: &Lattice) -> usize {
        match self {
            Space::Scalars | Space::Angles(Carrier::Sites) => 1,
            Space::Angles(Carrier::Links) => lattice.dimensions(),
            Space::Links(group) => lattice.dimensions() * group.reals(),
            Space::Complex(components) => 2 * components.count(),
        }
    }

    /// Real numbers in a field.
    pub fn count(self, lattice: &Lattice) -> usize {
        lattice.volume() * self.numbers(lattice)
    }

    /// An error, which begins with the name `what`, where `other` is another kind of field.
    pub fn expect(self, what: &str, other: Self) -> Result<()> {
        if other != self {
            let (expected, got) = (self.name(), other.name());
            return Err(Error::Unsupported(format!("{what}: expected fields of {expected}, got {got}")));
        }
        Ok(())
    }

    /// The start without fluctuations: zeros, or unit links.
    pub fn cold(self, lattice: &Lattice) -> Result<Vec<f64>> {
        match self {
            Space::Scalars | Space::Angles(_) | Space::Complex(_) => memory::filled("field", 0.0, self.count(lattice)),
            Space::Links(group) => Ok(Gauge::unit(lattice, group)?.into_links()),
        }
    }

    /// The start without order: standard normal real numbers, uniform angles, or links drawn from the Haar measure.
    pub fn hot(self, lattice: &Lattice, stream: &mut Stream) -> Result<Vec<f64>> {
        match self {
            Space::Scalars => {
                let mut field = memory::filled("field", 0.0, lattice.volume())?;
                stream.normals(&mut field);
                Ok(field)
            }
            Space::Angles(_) => {
                let mut field = memory::filled("field", 0.0, self.count(lattice))?;
                field.iter_mut().for_each(|angle| *angle = angles::uniform(stream));
                Ok(field)
            }
            Space::Links(group) => Ok(Gauge::random(lattice, group, stream)?.into_links()),
            Space::Complex(_) => {
                let mut field = memory::filled("field", 0.0, self.count(lattice))?;
                let mut real = memory::filled("field", 0.0, field.len() / 2)?;
                stream.normals(&mut real);
                field.iter_mut().step_by(2).zip(&real).for_each(|(number, &real)| *number = real);
                Ok(field)
            }
        }
    }

    /// Checks a given field. Links that are off the group by no more than single precision are put back onto it, and angles
    /// into (−π, π].
    pub fn admit(self, lattice: &Lattice, field: &[f64]) -> Result<Vec<f64>> {
        expect_length("field", self.count(lattice), field.len())?;
        expect_finite("field", field)?;
        self.expect_inside(lattice, field).map_err(|error| error.within("field"))?;
        let mut field = memory::cloned("field", field)?;
        self.put_back(&mut field, ROUNDING);
        Ok(field)
    }

    /// An error where a link of a field is off its group by more than single precision. Absent links of an open field are zero.
    pub fn expect_inside(self, lattice: &Lattice, field: &[f64]) -> Result<()> {
        let Space::Links(group) = self else { return Ok(()) };
        let Some((distance, link)) = farther_present(LARGEST_DEVIATION, lattice, group, field) else { return Ok(()) };
        let (name, d) = (group.name(), lattice.dimensions());
        let place = format!("site {}, direction {}", link / d, link % d);
        Err(Error::BadInput(format!("expected links in {name}, got one off by {distance:.1e} at {place}")))
    }

    /// Puts numbers of fields that are off their space by rounding back onto it; links only where they are off by more than
    /// `tolerance`.
    pub fn put_back(self, fields: &mut [f64], tolerance: f64) {
        match self {
            Space::Scalars | Space::Complex(_) => (),
            Space::Angles(_) => fields.iter_mut().for_each(|angle| *angle = angles::wrapped(*angle)),
            Space::Links(group) => gauge::project(group, fields, tolerance),
        }
    }

    /// Draws momenta of the density exp(−kinetic).
    pub fn draw_momenta(self, stream: &mut Stream, momenta: &mut [f64]) {
        match self {
            Space::Scalars | Space::Angles(_) | Space::Complex(_) => stream.normals(momenta),
            Space::Links(group) => gauge::draw_momenta(group, stream, momenta),
        }
    }

    /// Draws momenta for a field: absent links of an open field have none.
    pub fn draw_momenta_of(self, lattice: &Lattice, field: &[f64], (stream, momenta): (&mut Stream, &mut [f64])) {
        self.draw_momenta(stream, momenta);
        if let Space::Links(group) = self
            && gauge::is_open(lattice, group, field)
        {
            gauge::clear_absent(lattice, group, momenta);
        }
    }

    /// Takes the absent links of an open boundary away.
    pub fn open(self, lattice: &Lattice, field: &mut [f64]) {
        if let Space::Links(group) = self {
            gauge::clear_absent(lattice, group, field);
        }
    }

    /// Σ p² / 2 over the numbers, or Σ_a p_a² / 2 over the links.
    pub fn kinetic(self, team: &Team, momenta: &[f64]) -> f64 {
        let factor = match self {
            Space::Scalars | Space::Angles(_) | Space::Complex(_) => 0.5,
            Space::Links(group) => 0.5 / group.trace_norm(),
        };
        factor * team.sum(momenta, |part| sum_abreast(part, |p| p * p))
    }

    /// Moves a field along its momenta: φ ← φ + t p, modulo 2π for angles, or U ← exp(t P) U.
    pub fn drift(self, team: &Team, field: &mut [f64], momenta: &[f64], time: f64) {
        match self {
            Space::Scalars | Space::Complex(_) => team.update(field, momenta, |field, momenta| {
                field.iter_mut().zip(momenta).for_each(|(phi, p)| *phi += time * p);
            }),
            Space::Angles(_) => team.update(field, momenta, |field, momenta| {
                field.iter_mut().zip(momenta).for_each(|(phi, p)| *phi = angles::wrapped(*phi + time * p));
            }),
            Space::Links(group) => gauge::drift(team, group, (field, momenta), time),
        }
    }

    /// Largest difference of a number of two fields, of angles modulo 2π.
    pub fn farthest(self, a: &[f64], b: &[f64]) -> f64 {
        let distance = |(a, b): (&f64, &f64)| match self {
            Space::Angles(_) => angles::wrapped(a - b).abs(),
            Space::Scalars | Space::Links(_) | Space::Complex(_) => (a - b).abs(),
        };
        a.iter().zip(b).map(distance).fold(0.0, f64::max)
    }

    /// True where all numbers are finite and not too large; otherwise the trajectory has diverged.
    pub fn is_bounded(self, team: &Team, field: &[f64]) -> bool {
        // NaN counts as too large.
        team.sum(field, |part| sum_abreast(part, |x| if x.abs() <= DIVERGED { 0.0 } else { 1.0 })) == 0.0
    }
}

/// True where all numbers are finite: zero times a number is zero unless that is infinite or NaN.
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
