//! The relativistic Bose gas: a complex scalar φ = (φ_1 + i φ_2)/√2 at a chemical potential μ, in 1 to 4 dimensions.
//!
//! ```text
//! S = Σ_x [ (2d + m²) φ*φ + λ (φ*φ)² − Σ_ν (φ*(x) e^(−μ δ_νt) φ(x+ν) + φ*(x+ν) e^(μ δ_νt) φ(x)) ]
//!   = Σ_x [ ½ (2d + m²) φ_a² + ¼ λ (φ_a²)² − Σ_(ν≠t) φ_a(x) φ_a(x+ν)
//!           − cosh μ φ_a(x) φ_a(x+t) + i sinh μ ε_ab φ_a(x) φ_b(x+t) ]
//! ```
//!
//! with sums over a, b = 1, 2, ε_12 = 1, lattice spacing 1 and time t the last direction, so that μ multiplies a charge whose
//! density is n = (1/V) ∂ ln Z/∂μ:
//!
//! ```text
//! n = ⟨ sinh μ φ_a(x) φ_a(x+t) − i cosh μ ε_ab φ_a(x) φ_b(x+t) ⟩,    |φ|² = ½ ⟨φ_a²⟩
//! ```
//!
//! `{type: 'bose_gas', mass: 1, lambda: 1, mu: 0.5}`. G. Aarts, Phys. Rev. Lett. 102, 131601 (2009), arXiv:0810.2089. Without λ it is
//! a Gaussian integral that exists where 2 cosh μ < 2 + m².

use super::complex::{no_gradient, number, numbers};
use super::{Action, ComplexAction};
use crate::error::{Result, expect_length};
use crate::lattice::{Lattice, Neighbours};
use crate::space::{Components, Space};
use crate::spec::{expect, expect_finite};
use num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// Couplings of the Bose gas.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BoseGasSpec {
    /// Bare mass m of at least 0.
    pub mass: f64,
    /// Quartic coupling λ of at least 0.
    pub lambda: f64,
    /// Chemical potential μ.
    pub mu: f64,
}

/// Largest |μ|: e^μ is still far from the largest number.
const LARGEST_MU: f64 = 20.0;

impl BoseGasSpec {
    /// The gas on a lattice.
    pub fn build(&self, lattice: &Lattice) -> Result<BoseGas> {
        let Self { mass, lambda, mu } = *self;
        for (key, number) in [("mass", mass), ("lambda", lambda)] {
            expect_finite(key, number)?;
            expect(number >= 0.0, key, "at least 0", number)?;
        }
        expect(mu.abs() <= LARGEST_MU, "mu", &format!("a number from -{LARGEST_MU} to {LARGEST_MU}"), mu)?;
        let is_bounded = lambda > 0.0 || 2.0 * mu.cosh() < 2.0 + mass * mass;
        expect(is_bounded, "lambda", "more than 0, or 2 cosh(mu) below 2 + mass^2", lambda)?;
        let diagonal = 2.0 * lattice.dimensions() as f64 + mass * mass;
        let neighbours = Neighbours::new(lattice)?;
        Ok(BoseGas { lattice: lattice.clone(), neighbours, diagonal, lambda, cosh: mu.cosh(), sinh: mu.sinh() })
    }
}

/// The relativistic Bose gas.
pub struct BoseGas {
    lattice: Lattice,
    neighbours: Neighbours,
    /// 2d + m².
    diagonal: f64,
    lambda: f64,
    cosh: f64,
    sinh: f64,
}

/// φ_1 and φ_2 of a site.
type Pair = [Complex64; 2];

fn pair(field: &[[f64; 2]], site: usize) -> Pair {
    [number(field, 2 * site), number(field, 2 * site + 1)]
}

/// Σ_a φ_a φ'_a.
fn dot(a: Pair, b: Pair) -> Complex64 {
    a[0] * b[0] + a[1] * b[1]
}

/// Σ_ab ε_ab φ_a φ'_b.
fn cross(a: Pair, b: Pair) -> Complex64 {
    a[0] * b[1] - a[1] * b[0]
}

impl BoseGas {
    /// Direction of time.
    fn time(&self) -> usize {
        self.neighbours.dimensions() - 1
    }

    /// Σ_x φ_a(x) φ_a(x+t) and Σ_x ε_ab φ_a(x) φ_b(x+t).
    fn hops_in_time(&self, field: &[[f64; 2]]) -> [Complex64; 2] {
        let mut sums = [Complex64::ZERO; 2];
        for site in 0..self.lattice.volume() {
            let (here, there) = (pair(field, site), pair(field, self.neighbours.next(site, self.time())));
            sums[0] += dot(here, there);
            sums[1] += cross(here, there);
        }
        sums
    }

    /// Density of the charge, (1/V) ∂S/∂(−μ), of a field.
    pub fn density(&self, field: &[f64]) -> Result<Complex64> {
        let [same, crossed] = self.hops_in_time(numbers(field, self.reals())?);
        let density = self.sinh * same - Complex64::new(0.0, self.cosh) * crossed;
        Ok(density / self.lattice.volume() as f64)
    }

    /// |φ|² = ½ φ_a², the mean over the sites of a field.
    pub fn square(&self, field: &[f64]) -> Result<Complex64> {
        let field = numbers(field, self.reals())?;
        let sum: Complex64 = (0..field.len()).map(|place| number(field, place).powi(2)).sum();
        Ok(0.5 * sum / self.lattice.volume() as f64)
    }
}

impl Action for BoseGas {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn space(&self) -> Space {
        Space::Complex(Components::Two)
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        Ok(self.complex_value(field)?.re)
    }

    fn gradient(&self, _field: &[f64], _gradient: &mut [f64]) -> Result<f64> {
        Err(no_gradient("bose_gas"))
    }

    fn complex(&self) -> Option<&dyn ComplexAction> {
        Some(self)
    }
}

impl ComplexAction for BoseGas {
    fn reals(&self) -> usize {
        4 * self.lattice.volume()
    }

    fn complex_value(&self, field: &[f64]) -> Result<Complex64> {
        let field = numbers(field, self.reals())?;
        let of_site = |site: usize| {
            let phi = pair(field, site);
            let square = dot(phi, phi);
            let hop = |nu| dot(phi, pair(field, self.neighbours.next(site, nu)));
            let hops: Complex64 = (0..self.time()).map(hop).sum();
            square * (0.5 * self.diagonal + 0.25 * self.lambda * square) - hops
        };
        let in_space: Complex64 = (0..self.lattice.volume()).map(of_site).sum();
        let [same, crossed] = self.hops_in_time(field);
        Ok(in_space - self.cosh * same + Complex64::new(0.0, self.sinh) * crossed)
    }

    fn drift(&self, field: &[f64], drift: &mut [f64]) -> Result<()> {
        expect_length("drift", self.reals(), drift.len())?;
        let field = numbers(field, self.reals())?;
        let (time, twist) = (self.time(), Complex64::new(0.0, self.sinh));
        for (site, drift) in drift.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let next = |nu| pair(field, self.neighbours.next(site, nu));
            let previous = |nu| pair(field, self.neighbours.previous(site, nu));
            let phi = pair(field, site);
            let own = dot(phi, phi) * self.lambda + self.diagonal;
            let (ahead, behind) = (next(time), previous(time));
            let crossed = [ahead[1] - behind[1], behind[0] - ahead[0]];
            let along = |a: usize| {
                let around: Complex64 = (0..time).map(|nu| next(nu)[a] + previous(nu)[a]).sum();
                around - own * phi[a] + self.cosh * (ahead[a] + behind[a]) - twist * crossed[a]
            };
            let [k, l] = [along(0), along(1)];
            *drift = [k.re, k.im, l.re, l.im];
        }
        Ok(())
    }

    fn observables(&self, field: &[f64]) -> Result<Vec<(&'static str, Complex64)>> {
        let action = self.complex_value(field)? / self.lattice.volume() as f64;
        Ok(vec![("density", self.density(field)?), ("phi_squared", self.square(field)?), ("action", action)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionSpec;
    use crate::action::check::expect_drift;
    use crate::context::serial;
    use crate::spec::parse;

    fn built(extent: &[usize], text: &str) -> Result<BoseGas> {
        let text = format!("{{{text}}}");
        parse::<BoseGasSpec>("action", &text).and_then(|spec| spec.build(&Lattice::new(extent).unwrap()))
    }

    fn field(reals: usize) -> Vec<f64> {
        (0..reals).map(|i| (1.3 * i as f64).sin() + 0.1 * (0.4 * i as f64).cos()).collect()
    }

    #[test]
    fn the_drift_is_the_derivative_of_the_action_in_all_dimensions() {
        for extent in [&[5][..], &[3, 4], &[2, 3, 4], &[2, 2, 3, 3]] {
            expect_drift(&built(extent, "mass: 0.8, lambda: 0.6, mu: 0.7").unwrap());
        }
    }

    #[test]
    fn the_density_is_the_derivative_of_the_action_by_mu() {
        let at = |mu: f64| built(&[3, 4], &format!("mass: 1, lambda: 0.5, mu: {mu}")).unwrap();
        let (field, h) = (field(48), 1e-5);
        let slope =
            (at(0.6 + h).complex_value(&field).unwrap() - at(0.6 - h).complex_value(&field).unwrap()) / (2.0 * h);
        let density = at(0.6).density(&field).unwrap();
        assert!((12.0 * density + slope).norm() < 1e-8 && density.norm() > 1e-2, "{density} {slope}");
    }

    /// The first form of the action, with φ and φ* as independent numbers.
    #[test]
    fn the_action_is_that_of_a_complex_scalar() {
        let gas = built(&[3, 4], "mass: 0.8, lambda: 0.6, mu: 0.7").unwrap();
        let (reals, i) = (field(48), Complex64::I);
        let numbers = numbers(&reals, 48).unwrap();
        let phi = |x: usize| (number(numbers, 2 * x) + i * number(numbers, 2 * x + 1)) / 2f64.sqrt();
        let bar = |x: usize| (number(numbers, 2 * x) - i * number(numbers, 2 * x + 1)) / 2f64.sqrt();
        let of_site = |x: usize| {
            let (square, next) = (bar(x) * phi(x), |nu| gas.neighbours.next(x, nu));
            let hop = |nu: usize, mu: f64| bar(x) * phi(next(nu)) * (-mu).exp() + bar(next(nu)) * phi(x) * mu.exp();
            (4.0 + 0.64) * square + 0.6 * square * square - hop(0, 0.0) - hop(1, 0.7)
        };
        let expected: Complex64 = (0..12).map(of_site).sum();
        let got = gas.complex_value(&reals).unwrap();
        assert!((got - expected).norm() < 1e-11, "{got} {expected}");
    }

    #[test]
    fn couplings_out_of_range_name_the_key() {
        let message = |text: &str| built(&[4], text).err().unwrap().to_string();
        assert_eq!(message("mass: -1, lambda: 1, mu: 0"), "mass: expected at least 0, got -1");
        assert_eq!(message("mass: 1, lambda: NaN, mu: 0"), "lambda: expected a finite number, got NaN");
        assert_eq!(message("mass: 1, lambda: 1, mu: 21"), "mu: expected a number from -20 to 20, got 21");
        assert_eq!(message("mass: 1, lambda: 1, mu: NaN"), "mu: expected a number from -20 to 20, got NaN");
        let free = "lambda: expected more than 0, or 2 cosh(mu) below 2 + mass^2, got 0";
        assert_eq!(message("mass: 1, lambda: 0, mu: 0.97"), free);
        assert!(built(&[4], "mass: 1, lambda: 0, mu: 0.96").is_ok());
    }

    #[test]
    fn sums_and_real_algorithms_refuse_it() {
        let build =
            |text: &str| parse::<ActionSpec>("action", text).unwrap().build(&serial(), &Lattice::new(&[4]).unwrap());
        let gas = build("{type: 'bose_gas', mass: 1, lambda: 1, mu: 0.5}").unwrap();
        let error = gas.gradient(&[0.0; 16], &mut [0.0; 16]).unwrap_err().to_string();
        assert!(error.starts_with("action: expected one with real values, got type 'bose_gas'"), "{error}");
        let sum = build("{type: 'sum', terms: [{type: 'bose_gas', mass: 1, lambda: 1, mu: 0.5}]}").err().unwrap();
        let expected = "terms[0]: expected an action with real values, got one with complex values";
        assert_eq!((sum.status(), sum.to_string().as_str()), (9, expected));
    }
}
