//! Observables of a real scalar field φ on a periodic lattice of V sites in d dimensions.
//!
//! ```text
//! m = (1/V) Σ_x φ_x                       ⟨φ²⟩, ⟨φ⁴⟩: means over the sites
//! nn = 1/(V d) Σ_x Σ_μ φ_x φ_{x+μ}        χ = (1/V)(Σ_x φ_x)² = V m²
//! C(t) = (1/V) Σ_{x,y: y_a = x_a + t} φ_x φ_y    along axis a, at zero momentum along the others; Σ_t C(t) = χ
//! ```
//!
//! All are of one field, nothing is subtracted: where ⟨φ⟩ = 0 their chain averages are the connected ones, and nn is
//! the energy density of the Ising limit and χ the susceptibility of M. S. Albergo et al., arXiv:1904.12072.

use crate::action::Action;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::lattice::Lattice;
use crate::memory;

/// Observables of one field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observables {
    /// Mean of φ.
    pub magnetisation: f64,
    /// Mean of φ².
    pub phi_squared: f64,
    /// Mean of φ⁴.
    pub phi_fourth: f64,
    /// Mean of φ_x φ_{x+μ} over sites and directions: the energy density of the Ising limit.
    pub nearest_neighbour: f64,
    /// χ = (1/V)(Σ φ)².
    pub susceptibility: f64,
}

/// The observables of a field of V numbers.
pub fn observables(lattice: &Lattice, field: &[f64]) -> Result<Observables> {
    check(lattice, field)?;
    let volume = lattice.volume() as f64;
    let average = |power: i32| field.iter().map(|phi| phi.powi(power)).sum::<f64>() / volume;
    let magnetisation = average(1);
    Ok(Observables {
        magnetisation,
        phi_squared: average(2),
        phi_fourth: average(4),
        nearest_neighbour: nearest_neighbour(lattice, field),
        susceptibility: volume * magnetisation * magnetisation,
    })
}

/// C(t), t = 0 … L − 1, of a field of V numbers along an axis of extent L (0 is x). Time: O(V + L²).
pub fn two_point(lattice: &Lattice, field: &[f64], axis: usize) -> Result<Vec<f64>> {
    check(lattice, field)?;
    if axis >= lattice.dimensions() {
        let most = lattice.dimensions() - 1;
        return Err(Error::BadShape(format!("axis: expected 0 to {most}, got {axis}")));
    }
    let (stride, length) = stride_and_extent(lattice, axis);
    let mut slices = memory::filled("slices", 0.0, length)?;
    for (row, values) in field.chunks_exact(stride).enumerate() {
        slices[row % length] += values.iter().sum::<f64>();
    }
    let shifted_sum = |t: usize| -> f64 {
        let later = slices[t..].iter().chain(&slices[..t]);
        slices.iter().zip(later).map(|(a, b)| a * b).sum()
    };
    memory::collected("two-point function", (0..length).map(|t| shifted_sum(t) / lattice.volume() as f64))
}

/// S/V, the action of a field for each site.
pub fn action_density(action: &dyn Action, field: &[f64]) -> Result<f64> {
    check(action.lattice(), field)?;
    Ok(action.value(field)? / action.lattice().volume() as f64)
}

fn check(lattice: &Lattice, field: &[f64]) -> Result<()> {
    expect_length(&format!("field ({})", lattice.shape()), lattice.volume(), field.len())?;
    expect_finite("field", field)
}

/// Distance in memory between neighbours along an axis, and its extent.
fn stride_and_extent(lattice: &Lattice, axis: usize) -> (usize, usize) {
    (lattice.extent()[..axis].iter().product(), lattice.extent()[axis])
}

/// (1/(V d)) Σ_x Σ_μ φ_x φ_{x+μ}; each block of L rows is multiplied with itself, shifted by one row.
fn nearest_neighbour(lattice: &Lattice, field: &[f64]) -> f64 {
    let mut sum = 0.0;
    for axis in 0..lattice.dimensions() {
        let (stride, length) = stride_and_extent(lattice, axis);
        for block in field.chunks_exact(stride * length) {
            let shifted = block[stride..].iter().chain(&block[..stride]);
            sum += block.iter().zip(shifted).map(|(a, b)| a * b).sum::<f64>();
        }
    }
    sum / (lattice.volume() * lattice.dimensions()) as f64
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed_seed, normals};
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::PI;

    const MASS_SQUARED: f64 = 1.25;

    /// khat² + m² of mode k (a site of the dual lattice), for S = Σ [ (1/2) Σ_μ (φ_{x+μ} − φ_x)² + (1/2) m² φ² ].
    fn inverse_propagator(lattice: &Lattice, mode: usize) -> f64 {
        let momenta = lattice.coordinates(mode);
        let terms = momenta.iter().zip(lattice.extent());
        terms.map(|(&k, &length)| (2.0 * (PI * k as f64 / length as f64).sin()).powi(2)).sum::<f64>() + MASS_SQUARED
    }

    /// Matrix of independent free fields: column k is a Hartley mode over the root of its inverse propagator.
    fn free_modes(lattice: &Lattice) -> Vec<f64> {
        let volume = lattice.volume();
        let mut modes = Vec::with_capacity(volume * volume);
        for x in 0..volume {
            for k in 0..volume {
                let phases = lattice.coordinates(x).into_iter().zip(lattice.coordinates(k)).zip(lattice.extent());
                let phase: f64 = phases.map(|((x, k), &length)| 2.0 * PI * (x * k) as f64 / length as f64).sum();
                modes.push((phase.cos() + phase.sin()) / (volume as f64 * inverse_propagator(lattice, k)).sqrt());
            }
        }
        modes
    }

    #[test]
    fn free_fields_meet_the_exact_numbers() {
        let lattice = Lattice::new(&[8, 8]).unwrap();
        let modes = free_modes(&lattice);
        let count = 10_000;
        let mut series = vec![Vec::new(); 11];
        for counter in 0..count {
            let z = normals(64, 40_000 + counter as u64);
            let field: Vec<f64> =
                modes.chunks(64).map(|row| row.iter().zip(&z).map(|(mode, z)| mode * z).sum()).collect();
            let got = observables(&lattice, &field).unwrap();
            let values =
                [got.magnetisation, got.phi_squared, got.phi_fourth, got.nearest_neighbour, got.susceptibility];
            series.iter_mut().zip(values).for_each(|(series, value)| series.push(value));
            let (x, y) = (two_point(&lattice, &field, 0).unwrap(), two_point(&lattice, &field, 1).unwrap());
            series[5..8].iter_mut().zip(x).for_each(|(series, value)| series.push(value));
            series[8..].iter_mut().zip(y).for_each(|(series, value)| series.push(value));
        }
        // ⟨φ²⟩ from the list of exact numbers; S = Σ [(d + m²/2) φ² − d nn] has mean V/2, which gives ⟨nn⟩.
        let square = 0.233_967_00;
        let neighbour = ((2.0 + 0.5 * MASS_SQUARED) * square - 0.5) / 2.0;
        let correlation = |t: f64| {
            let mode = |k: usize| (2.0 * PI * k as f64 * t / 8.0).cos() / inverse_propagator(&lattice, k);
            (0..8).map(mode).sum::<f64>() / 8.0
        };
        let mut exact = vec![0.0, square, 3.0 * square * square, neighbour, 1.0 / MASS_SQUARED];
        exact.extend([0.0, 1.0, 2.0, 0.0, 1.0, 2.0].map(correlation));
        for (which, (series, exact)) in series.iter().zip(exact).enumerate() {
            let (mean, error) = super::super::testing::mean_and_error(series);
            assert!((mean - exact).abs() < 5.0 * error && error < 0.05, "{which}: {mean} +- {error} against {exact}");
        }
    }

    #[test]
    fn a_small_field_by_hand() {
        // φ = 1 2 3 / 4 5 -6 on 3 x 2.
        let lattice = Lattice::new(&[3, 2]).unwrap();
        let field = [1.0, 2.0, 3.0, 4.0, 5.0, -6.0];
        let got = observables(&lattice, &field).unwrap();
        assert_eq!(got.magnetisation, 1.5);
        assert_eq!(got.susceptibility, 13.5);
        assert_eq!(got.phi_squared, 91.0 / 6.0);
        assert_eq!(got.phi_fourth, 2275.0 / 6.0);
        // Along x: 2 + 6 + 3 + 20 - 30 - 24 = -23; along y, twice: 2 (4 + 10 - 18) = -8.
        assert_eq!(got.nearest_neighbour, -31.0 / 12.0);
        // Sums of the slices: 5 7 -3 along x, 6 3 along y.
        assert_eq!(two_point(&lattice, &field, 0).unwrap(), [83.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0]);
        assert_eq!(two_point(&lattice, &field, 1).unwrap(), [7.5, 6.0]);
    }

    struct Quadratic(Lattice);

    impl Action for Quadratic {
        fn lattice(&self) -> &Lattice {
            &self.0
        }

        fn value(&self, field: &[f64]) -> Result<f64> {
            Ok(field.iter().map(|phi| phi * phi).sum())
        }

        fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
            gradient.iter_mut().zip(field).for_each(|(g, phi)| *g = 2.0 * phi);
            self.value(field)
        }
    }

    #[test]
    fn bad_fields_are_named() {
        let lattice = Lattice::new(&[8, 8]).unwrap();
        let message = observables(&lattice, &[0.0; 63]).unwrap_err().to_string();
        assert_eq!(message, "field (8 x 8): expected 64 numbers, got 63");
        let message = two_point(&lattice, &[f64::NAN; 64], 0).unwrap_err().to_string();
        assert_eq!(message, "field: expected finite numbers, got NaN at index 0");
        let message = two_point(&lattice, &[0.0; 64], 2).unwrap_err().to_string();
        assert_eq!(message, "axis: expected 0 to 1, got 2");
        let action = Quadratic(lattice);
        assert_eq!(action_density(&action, &[3.0; 64]).unwrap(), 9.0);
        assert!(action_density(&action, &[3.0; 4]).is_err());
    }

    proptest! {
        #![proptest_config(fixed_seed())]

        #[test]
        fn translations_and_signs_change_nothing(
            extent in prop::collection::vec(2usize..5, 1..5), shift in prop::collection::vec(-4i64..5, 4), seed: u64,
        ) {
            let lattice = Lattice::new(&extent).unwrap();
            let field = normals(lattice.volume(), seed);
            let moved: Vec<f64> = (0..lattice.volume()).map(|x| -field[lattice.shifted(x, &shift)]).collect();
            let (a, b) = (observables(&lattice, &field).unwrap(), observables(&lattice, &moved).unwrap());
            prop_assert!((a.magnetisation + b.magnetisation).abs() < 1e-13);
            prop_assert!((a.phi_fourth - b.phi_fourth).abs() < 1e-10);
            prop_assert!((a.nearest_neighbour - b.nearest_neighbour).abs() < 1e-12);
            let by_sites: f64 = (0..lattice.volume())
                .flat_map(|x| (0..extent.len()).map(move |mu| (x, mu)))
                .map(|(x, mu)| {
                    let mut step = vec![0; extent.len()];
                    step[mu] = 1;
                    field[x] * field[lattice.shifted(x, &step)]
                })
                .sum();
            let nn = by_sites / (lattice.volume() * extent.len()) as f64;
            prop_assert!((a.nearest_neighbour - nn).abs() < 1e-12);
            for axis in 0..extent.len() {
                let (c, d) = (two_point(&lattice, &field, axis).unwrap(), two_point(&lattice, &moved, axis).unwrap());
                prop_assert!((c.iter().sum::<f64>() - a.susceptibility).abs() < 1e-11);
                prop_assert!(c.iter().zip(&d).all(|(c, d)| (c - d).abs() < 1e-11));
            }
        }
    }
}
