//! φ⁴ theory in 1 to 4 dimensions, in all conventions, with couplings per site, longer-range hopping and a source.
//!
//! ```text
//! S = Σ_x [ q_x φ_x² + u_x φ_x⁴ − j_x φ_x ] − Σ_r h_r Σ_x φ_x φ_{x+r}
//! dS/dφ_x = 2 q_x φ_x + 4 u_x φ_x³ − j_x − Σ_r h_r (φ_{x+r} + φ_{x−r})
//! ```
//!
//! with a constant and further powers of φ where the [`Polynomial`] has them, as that of quantum mechanics has. `Phi4Spec` reduces
//! the conventions of the literature to this normal form. Everything is summed in f64, in an order that does not depend on
//! threads. A field that is not finite gives a value that is not finite, and no error: a trajectory that diverges is a rejection,
//! and not a fault of the action.

use super::runs::{BLOCK, Runs};
use super::stability::expect_bounded;
use super::{Action, Coupling, Couplings, Polynomial};
use crate::context::Team;
use crate::error::{Error, Result, expect_length};
use crate::lattice::Lattice;
use crate::program::{Node, Recorder};
use std::sync::Arc;

/// Number of partial sums that are added side by side, to fill vector registers.
const LANES: usize = 4;

/// The couplings of one site: q, u, j.
type Site = (f64, f64, f64);

/// φ⁴ theory on one lattice.
pub struct Phi4 {
    lattice: Lattice,
    polynomial: Polynomial,
    runs: Runs,
    /// Names of its couplings, and the theory at other values of them; None where they have no names.
    renewal: Option<(&'static [&'static str], Renewal)>,
    /// The threads that share work on many fields; one field is computed by one thread.
    workers: Team,
}

/// Makes a theory with other values of some couplings.
pub type Renewal = Arc<dyn Fn(&Couplings) -> Result<Phi4> + Send + Sync>;

impl Phi4 {
    /// The theory with the given couplings. They have to fit the lattice, be finite, and give an action with a finite
    /// partition sum: u ≥ 0, and a positive definite quadratic part where u = 0 (`stability`).
    /// Displacements are kept modulo the extents.
    pub fn new(lattice: &Lattice, mut polynomial: Polynomial) -> Result<Self> {
        let couplings =
            [("quadratic", &polynomial.quadratic), ("quartic", &polynomial.quartic), ("source", &polynomial.source)];
        for (name, coupling) in couplings {
            coupling.expect_fit(name, lattice)?;
        }
        for (i, hop) in polynomial.hops.iter_mut().enumerate() {
            hop.expect_fit(&format!("hops[{i}]"), lattice)?;
            for (r, &length) in hop.displacement.iter_mut().zip(lattice.extent()) {
                *r = r.rem_euclid(length as i64);
            }
        }
        expect_bounded(lattice, &polynomial)?;
        let runs = Runs::new(lattice, &polynomial.hops)?;
        Ok(Self { lattice: lattice.clone(), polynomial, runs, renewal: None, workers: Team::default() })
    }

    /// The theory with threads for work on many fields.
    pub fn with_workers(self, workers: Team) -> Self {
        Self { workers, ..self }
    }

    /// The theory with couplings that have names.
    pub fn renewable(self, couplings: &'static [&'static str], renewal: Renewal) -> Self {
        Self { renewal: Some((couplings, renewal)), ..self }
    }

    /// The couplings where they are the same on all sites.
    fn uniform(&self) -> Option<Site> {
        match (&self.polynomial.quadratic, &self.polynomial.quartic, &self.polynomial.source) {
            (Coupling::Uniform(q), Coupling::Uniform(u), Coupling::Uniform(j)) => Some((*q, *u, *j)),
            _ => None,
        }
    }

    fn site(&self, site: usize) -> Site {
        let Polynomial { quadratic, quartic, source, .. } = &self.polynomial;
        (quadratic.at(site), quartic.at(site), source.at(site))
    }

    fn sum(&self, field: &[f64], sites: impl Fn(usize) -> Site) -> f64 {
        let mut scratch = [0.0; BLOCK];
        let one = |(block, own): (usize, &[f64])| {
            let out = &mut scratch[..own.len()];
            self.runs.neighbours(field, block, out);
            finish(own, out, |i| sites(block * BLOCK + i)) + self.powers(own, out)
        };
        field.chunks(BLOCK).enumerate().map(one).sum::<f64>() + self.constant()
    }

    fn sweep(&self, field: &[f64], gradient: &mut [f64], sites: impl Fn(usize) -> Site) -> f64 {
        let one = |(block, (own, out)): (usize, (&[f64], &mut [f64]))| {
            self.runs.neighbours(field, block, out);
            finish(own, out, |i| sites(block * BLOCK + i)) + self.powers(own, out)
        };
        field.chunks(BLOCK).zip(gradient.chunks_mut(BLOCK)).enumerate().map(one).sum::<f64>() + self.constant()
    }

    /// The share of further powers of φ in S on the sites of a block; adds their derivative to its gradient.
    #[inline]
    fn powers(&self, field: &[f64], gradient: &mut [f64]) -> f64 {
        if self.polynomial.powers.is_empty() { 0.0 } else { self.polynomial.powers.add(field, gradient) }
    }

    /// The share of the constant in S.
    fn constant(&self) -> f64 {
        self.polynomial.constant * self.lattice.volume() as f64
    }
}

/// Turns the sums over neighbours in `out` into the gradient, and returns the share of these sites in S.
#[inline]
fn finish(field: &[f64], out: &mut [f64], sites: impl Fn(usize) -> Site) -> f64 {
    let one = |phi: f64, out: &mut f64, (q, u, j): Site| {
        let (neighbours, square) = (*out, phi * phi);
        *out = phi * (2.0 * q + 4.0 * u * square) - j - neighbours;
        phi * (phi * (q + u * square) - j - 0.5 * neighbours)
    };
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = field.as_chunks::<LANES>();
    let (out_blocks, out_rest) = out.as_chunks_mut::<LANES>();
    for (block, (field, out)) in blocks.iter().zip(out_blocks).enumerate() {
        for lane in 0..LANES {
            lanes[lane] += one(field[lane], &mut out[lane], sites(block * LANES + lane));
        }
    }
    for (lane, (phi, out)) in rest.iter().zip(out_rest).enumerate() {
        lanes[lane] += one(*phi, out, sites(blocks.len() * LANES + lane));
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}

impl Action for Phi4 {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        expect_length("field", self.lattice.volume(), field.len())?;
        Ok(match self.uniform() {
            Some(site) => self.sum(field, |_| site),
            None => self.sum(field, |site| self.site(site)),
        })
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        expect_length("field", self.lattice.volume(), field.len())?;
        expect_length("gradient", self.lattice.volume(), gradient.len())?;
        Ok(match self.uniform() {
            Some(site) => self.sweep(field, gradient, |_| site),
            None => self.sweep(field, gradient, |site| self.site(site)),
        })
    }

    fn record(&self, recorder: &mut Recorder, field: Node) -> Result<Option<Node>> {
        self.polynomial.record(recorder, &self.lattice, field).map(Some)
    }

    fn polynomial(&self) -> Option<&Polynomial> {
        Some(&self.polynomial)
    }

    fn workers(&self) -> Team {
        self.workers.clone()
    }

    fn couplings(&self) -> &[&'static str] {
        self.renewal.as_ref().map_or(&[], |(couplings, _)| couplings)
    }

    fn at(&self, couplings: &Couplings) -> Result<Arc<dyn Action>> {
        match &self.renewal {
            Some((_, renewal)) => Ok(Arc::new(renewal(couplings)?.with_workers(self.workers.clone()))),
            None => Err(Error::Unsupported("action: expected named couplings, got a theory in normal form".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::check::{expect_gradient, expect_translation_invariance, random_field};
    use crate::action::{Hop, Phi4Spec};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    const FORMS: [&str; 3] = [
        "form: 'a', mass_squared: -4, lambda: 6.975",
        "form: 'kappa', kappa: 0.21, lambda: 0.022",
        "form: 'half', mass_squared: 1.25, lambda: 0.3, source: 0.4",
    ];

    fn phi4(extent: &[usize], text: &str) -> Phi4 {
        let spec: Phi4Spec = crate::spec::parse("action", &format!("{{{text}}}")).unwrap();
        spec.build(&Lattice::new(extent).unwrap()).unwrap()
    }

    /// S of form A straight from its definition.
    fn form_a(lattice: &Lattice, field: &[f64], mass_squared: f64, lambda: f64) -> f64 {
        let site = |x: usize| {
            let forward = |mu: usize| {
                let unit: Vec<i64> = (0..lattice.dimensions()).map(|nu| i64::from(nu == mu)).collect();
                (field[lattice.shifted(x, &unit)] - field[x]).powi(2)
            };
            let kinetic: f64 = (0..lattice.dimensions()).map(forward).sum();
            kinetic + mass_squared * field[x].powi(2) + lambda * field[x].powi(4)
        };
        (0..lattice.volume()).map(site).sum()
    }

    #[test]
    fn the_value_is_the_definition() {
        for extent in [&[5][..], &[2], &[4, 3], &[2, 2, 3], &[3, 2, 4, 2]] {
            let action = phi4(extent, "form: 'a', mass_squared: -4, lambda: 6.975");
            let field = random_field(action.lattice().volume(), 3);
            let (got, expected) = (action.value(&field).unwrap(), form_a(action.lattice(), &field, -4.0, 6.975));
            assert!((got - expected).abs() < 1e-12 * expected.abs(), "{extent:?}: {got} {expected}");
        }
    }

    #[test]
    fn the_definitions_of_the_other_forms_hold_for_one_mode() {
        // One site of four has φ = 1: it belongs to two links of each direction.
        let field = [1.0, 0.0, 0.0, 0.0];
        let kappa = phi4(&[4], "form: 'kappa', kappa: 0.2, lambda: 0.1").value(&field).unwrap();
        assert!((kappa - (1.0 - 0.2 + 0.1)).abs() < 1e-15);
        let half = phi4(&[4], "form: 'half', mass_squared: 3, lambda: 2.4, source: 0.5").value(&field).unwrap();
        assert!((half - (1.0 + 1.5 + 0.1 - 0.5)).abs() < 1e-15);
        let flat = [1.0; 4];
        let kappa = phi4(&[4], "form: 'kappa', kappa: 0.2, lambda: 0.1").value(&flat).unwrap();
        assert!((kappa - 4.0 * (0.8 + 0.1 - 0.4)).abs() < 1e-14);
    }

    #[test]
    fn the_gradient_is_the_derivative_in_all_dimensions() {
        for extent in [&[7][..], &[2], &[8, 8], &[5, 3], &[2, 6], &[3, 2, 4], &[2, 3, 2, 5]] {
            for form in FORMS {
                let action = phi4(extent, form);
                expect_gradient(&action, 1);
                let steps: Vec<i64> = (1..).take(extent.len()).collect();
                if action.polynomial.source == Coupling::default() {
                    expect_translation_invariance(&action, &steps);
                }
            }
        }
    }

    #[test]
    fn a_free_field_has_the_exact_log_z() {
        // truth: 8 x 8 at m² = 1.25, log Z = Σ_k ½ log(2π / (k̂² + m²)) and <φ²>. The gradient of a plane wave reads
        // off the eigenvalue k̂² + m² of the second derivative.
        let action = phi4(&[8, 8], "form: 'half', mass_squared: 1.25, lambda: 0");
        let (mut log_z, mut square) = (0.0, 0.0);
        for k in 0..64 {
            let phase = |x: usize| 2.0 * std::f64::consts::PI * ((k % 8) * (x % 8) + (k / 8) * (x / 8)) as f64 / 8.0;
            // cos + sin is an eigenvector that never vanishes as a whole.
            let wave: Vec<f64> = (0..64).map(|x| phase(x).cos() + phase(x).sin()).collect();
            let mut gradient = vec![0.0; 64];
            action.gradient(&wave, &mut gradient).unwrap();
            let eigenvalue = gradient[0] / wave[0];
            assert!(gradient.iter().zip(&wave).all(|(g, phi)| (g - eigenvalue * phi).abs() < 1e-12));
            log_z += 0.5 * (2.0 * std::f64::consts::PI / eigenvalue).ln();
            square += 1.0 / eigenvalue / 64.0;
        }
        assert!((log_z - 8.60833364).abs() < 6e-9, "{log_z}");
        assert!((square - 0.23396700).abs() < 6e-9, "{square}");
    }

    #[test]
    fn a_field_that_is_not_finite_gives_a_value_that_is_not() {
        let action = phi4(&[4, 4], FORMS[0]);
        for bad in [f64::NAN, f64::INFINITY, 1e200] {
            let mut field = [0.5; 16];
            field[5] = bad;
            assert!(!action.value(&field).unwrap().is_finite());
            assert!(!action.gradient(&field, &mut [0.0; 16]).unwrap().is_finite());
        }
        let message = action.gradient(&[0.0; 16], &mut [0.0; 15]).unwrap_err().to_string();
        assert_eq!(message, "gradient: expected 16 numbers, got 15");
    }

    #[test]
    fn displacements_count_modulo_the_extents() {
        let hop = |x: i64, y: i64| {
            let form = "form: 'a', mass_squared: 1, lambda: 1";
            let action = phi4(&[5, 3], &format!("{form}, hopping: [{{displacement: [{x}, {y}], strength: 0.3}}]"));
            action.value(&random_field(15, 1)).unwrap()
        };
        // 2^63 - 1 is 2 modulo 5 and 1 modulo 3, and -2^63 is 2 and 1 as well.
        assert_eq!(hop(i64::MAX, i64::MIN), hop(2, 1));
        assert_eq!(hop(-3, 4), hop(2, 1));
        assert_ne!(hop(1, 1), hop(2, 1));
    }

    fn lattices() -> impl Strategy<Value = (Vec<usize>, Vec<Hop>)> {
        proptest::collection::vec(2usize..6, 1..=4).prop_flat_map(|extent| {
            let displacement = proptest::collection::vec(-9i64..9, extent.len());
            let hop = (displacement, -1.0f64..1.0).prop_map(|(displacement, strength)| Hop { displacement, strength });
            (Just(extent), proptest::collection::vec(hop, 0..3))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_couplings_per_site_and_hopping_match_the_definition((extent, hops) in lattices(), counter in 0u64..99) {
            let lattice = Lattice::new(&extent).unwrap();
            let volume = lattice.volume();
            let numbers = |purpose| random_field(volume, 100 * counter + purpose);
            let polynomial = Polynomial {
                quadratic: Coupling::PerSite(numbers(1)),
                quartic: Coupling::PerSite(numbers(2).iter().map(|u| u.abs()).collect()),
                source: Coupling::PerSite(numbers(3)),
                hops,
                ..Polynomial::default()
            };
            let field = numbers(4);
            let site = |x: usize| {
                let hop = |hop: &Hop| hop.strength * field[x] * field[lattice.shifted(x, &hop.displacement)];
                let (q, u, j) = (polynomial.quadratic.at(x), polynomial.quartic.at(x), polynomial.source.at(x));
                q * field[x].powi(2) + u * field[x].powi(4) - j * field[x]
                    - polynomial.hops.iter().map(hop).sum::<f64>()
            };
            let expected: f64 = (0..volume).map(site).sum();
            let action = Phi4::new(&lattice, polynomial.clone()).unwrap();
            let value = action.value(&field).unwrap();
            prop_assert!((value - expected).abs() < 1e-12 * (volume as f64 + expected.abs()));
            expect_gradient(&action, counter);
        }
    }
}
