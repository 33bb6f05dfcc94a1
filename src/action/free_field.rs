//! Free scalar fields, which are drawn exactly and have an exact partition function.
//!
//! ```text
//! S_0 = Σ_x [ (c/2) Σ_μ (φ(x+μ) − φ(x))² + (m²/2) φ(x)² ] = (1/2) Σ_k λ_k |φ_k|²,    λ_k = c k̂² + m²,  k̂² = Σ_μ 4 sin²(k_μ/2)
//! log Z_0 = (1/2) Σ_k log(2π/λ_k)
//! ```
//!
//! A field is φ = H z/√λ with independent normal numbers z. H is the product over all directions of orthogonal real Hartley
//! transforms, H(x, k) = [cos(2π k x/L) + sin(2π k x/L)]/√L: waves of one direction with ±k have the same k̂², so that its columns are
//! modes of S_0. With c = 0 the numbers of a field are independent, of width 1/m.

use super::phi4_spec::nearest_neighbours;
use super::{Coupling, Phi4, Polynomial};
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;
use crate::random::Stream;
use crate::spec::expect;
use std::f64::consts::PI;

/// A free field on a lattice.
pub struct FreeField {
    lattice: Lattice,
    kinetic: f64,
    mass_squared: f64,
    /// 1/√λ of each mode, x fastest.
    widths: Vec<f64>,
    /// H(1, k) of each direction; empty where no transform is needed.
    waves: Vec<Vec<f64>>,
}

impl FreeField {
    /// The field with the coefficient c ≥ 0 of the kinetic term and the mass m² > 0.
    pub fn new(lattice: &Lattice, kinetic: f64, mass_squared: f64) -> Result<Self> {
        expect(kinetic.is_finite() && kinetic >= 0.0, "kinetic", "a finite number of at least 0", kinetic)?;
        let is_massive = mass_squared.is_finite() && mass_squared > 0.0;
        expect(is_massive, "mass_squared", "a finite number above 0", mass_squared)?;
        let mut squares: Vec<Vec<f64>> = vec![];
        let mut waves = vec![];
        for &length in lattice.extent() {
            let turn = 2.0 * PI / length as f64;
            let square = |k: usize| 4.0 * (0.5 * turn * k as f64).sin().powi(2);
            squares.push(memory::collected("modes of a free field", (0..length).map(square))?);
            if kinetic > 0.0 {
                let (norm, phase) = (1.0 / (length as f64).sqrt(), |k: usize| turn * k as f64);
                let wave = |k: usize| norm * (phase(k).cos() + phase(k).sin());
                waves.push(memory::collected("waves of a free field", (0..length).map(wave))?);
            }
        }
        let width = |mode: usize| {
            let (mut rest, mut sum) = (mode, 0.0);
            for square in &squares {
                sum += square[rest % square.len()];
                rest /= square.len();
            }
            1.0 / (kinetic * sum + mass_squared).sqrt()
        };
        let widths = memory::collected("widths of a free field", (0..lattice.volume()).map(width))?;
        Ok(Self { lattice: lattice.clone(), kinetic, mass_squared, widths, waves })
    }

    /// Its action S_0.
    pub fn action(&self) -> Result<Phi4> {
        let d = self.lattice.dimensions();
        let quadratic = Coupling::Uniform(self.kinetic * d as f64 + 0.5 * self.mass_squared);
        let mut hops = nearest_neighbours(d, self.kinetic);
        hops.retain(|hop| hop.strength > 0.0);
        Phi4::new(&self.lattice, Polynomial { quadratic, hops, ..Polynomial::default() })
    }

    /// Number of its sites.
    pub fn volume(&self) -> usize {
        self.lattice.volume()
    }

    /// log Z_0.
    pub fn log_z(&self) -> f64 {
        self.widths.iter().map(|width| 0.5 * (2.0 * PI).ln() + width.ln()).sum()
    }

    /// Draws a field of V numbers.
    pub fn draw(&self, stream: &mut Stream, field: &mut [f64]) -> Result<()> {
        stream.normals(field);
        field.iter_mut().zip(&self.widths).for_each(|(z, width)| *z *= width);
        let mut modes =
            memory::filled("modes of a free field", 0.0, if self.waves.is_empty() { 0 } else { field.len() })?;
        let mut stride = 1;
        for wave in &self.waves {
            modes.copy_from_slice(field);
            let length = wave.len();
            for (field, modes) in field.chunks_exact_mut(stride * length).zip(modes.chunks_exact(stride * length)) {
                for (x, row) in field.chunks_exact_mut(stride).enumerate() {
                    row.fill(0.0);
                    for (k, mode) in modes.chunks_exact(stride).enumerate() {
                        let factor = wave[k * x % length];
                        row.iter_mut().zip(mode).for_each(|(sum, mode)| *sum += factor * mode);
                    }
                }
            }
            stride *= length;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::random::Purpose;

    /// The number of 8 x 8 sites at m² = 1.25 that transfer matrices and sums over modes give.
    #[test]
    fn log_z_is_the_exact_number() {
        let log_z = FreeField::new(&Lattice::new(&[8, 8]).unwrap(), 1.0, 1.25).unwrap().log_z();
        assert!((log_z - 8.60833364).abs() < 6e-9, "{log_z}");
    }

    /// 2 S_0 is a χ² of V numbers exactly where fields have this action: Σ z² of the numbers that the field is made of.
    #[test]
    fn the_action_of_a_drawn_field_is_that_of_its_normal_numbers() {
        for extent in [&[7][..], &[2], &[4, 6], &[3, 2, 5], &[2, 3, 4, 3]] {
            for (kinetic, mass_squared) in [(0.0, 2.5), (1.7, 0.3)] {
                let free = FreeField::new(&Lattice::new(extent).unwrap(), kinetic, mass_squared).unwrap();
                let (mut numbers, mut field) = (vec![0.0; free.widths.len()], vec![0.0; free.widths.len()]);
                Stream::new(3, Purpose::Start, 7).normals(&mut numbers);
                free.draw(&mut Stream::new(3, Purpose::Start, 7), &mut field).unwrap();
                let expected = 0.5 * numbers.iter().map(|z| z * z).sum::<f64>();
                let got = free.action().unwrap().value(&field).unwrap();
                assert!((got - expected).abs() < 1e-12 * expected, "{extent:?}: {got} {expected}");
            }
        }
    }

    /// Each number has the variance (1/V) Σ_k 1/λ_k, which the identity above does not see.
    #[test]
    fn drawn_fields_have_the_exact_variance() {
        let free = FreeField::new(&Lattice::new(&[8, 8]).unwrap(), 1.0, 1.25).unwrap();
        let squares: Vec<f64> = (0..2000)
            .map(|counter| {
                let mut field = vec![0.0; 64];
                free.draw(&mut Stream::new(3, Purpose::Start, counter), &mut field).unwrap();
                field.iter().map(|phi| phi * phi).sum::<f64>() / 64.0
            })
            .collect();
        let mean = squares.iter().sum::<f64>() / 2000.0;
        let error = (squares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (2000.0 * 1999.0)).sqrt();
        assert!((mean - 0.23396700).abs() < 5.0 * error && error < 0.002, "{mean} +- {error}");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let message = |kinetic: f64, mass_squared: f64| {
            FreeField::new(&Lattice::new(&[4]).unwrap(), kinetic, mass_squared).err().unwrap().to_string()
        };
        assert_eq!(message(-1.0, 1.0), "kinetic: expected a finite number of at least 0, got -1");
        assert_eq!(message(1.0, 0.0), "mass_squared: expected a finite number above 0, got 0");
    }
}
