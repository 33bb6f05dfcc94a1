//! Any number of flavours by rational approximations, the RHMC algorithm.
//!
//! ```text
//! det(K)^α    S = φ† r(K) φ,  r(x) = c₀ + Σᵢ cᵢ / (x + dᵢ) ≈ x^−α,    φ = K r'(K) η,  r'(x) ≈ x^−(1 − α/2)
//! ```
//!
//! Wilson fermions: K = A†A and α = N_f / 2. Staggered fermions on even lattices: K = m S on the odd sites, which is
//! (D†D) there, and α = N_f / 2^⌈d/2⌉, a quarter in four dimensions. 0 < α < 1. With X_i = (K + dᵢ)⁻¹ φ the gradient is
//! that of −Σᵢ cᵢ X_i† K X_i at fixed X_i. A. D. Kennedy, I. Horváth, S. Sint, hep-lat/9809092; M. A. Clark, A. D.
//! Kennedy, Phys. Rev. Lett. 98, 051601 (2007), hep-lat/0608015.

use super::two_flavour::{force_tolerance, max_iterations, tolerance, yes};
use super::{Drawn, expect_drawn, stream};
use crate::action::{Action, Draw};
use crate::context::{Context, Team};
use crate::dirac::{Accuracy, DiracSpec, Fermion, Fermions, Field, Form, RationalApproximation, Shifted, Side};
use crate::error::{Error, Result, expect_length};
use crate::gauge::Group;
use crate::lattice::Lattice;
use crate::memory;
use crate::space::Space;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of rational pseudofermions: `{type: 'rational', group: 'su3', flavours: 1, range: [1e-3, 40], dirac: {...}}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RationalSpec {
    /// The group of the links.
    pub group: Group,
    /// The operator.
    pub dirac: DiracSpec,
    /// Flavours N_f: below 2 for Wilson fermions, below 4 (two dimensions: 2) for staggered ones.
    pub flavours: f64,
    /// Bounds of the eigenvalues of K, which must hold on every gauge field.
    pub range: [f64; 2],
    /// Largest relative error of the approximations for S and the heat bath in this range.
    #[serde(default = "error")]
    pub error: f64,
    /// Largest relative error of the approximation for the gradient in this range.
    #[serde(default = "force_error")]
    pub force_error: f64,
    /// Take the Schur complement on the odd sites, where there is one.
    #[serde(default = "yes")]
    pub even_odd: bool,
    /// Relative residual of the solves for S.
    #[serde(default = "tolerance")]
    pub tolerance: f64,
    /// Relative residual of the solves for the gradient.
    #[serde(default = "force_tolerance")]
    pub force_tolerance: f64,
    /// Most iterations of a solve.
    #[serde(default = "max_iterations")]
    pub max_iterations: u64,
}

/// Number of tastes of a staggered field in so many dimensions.
fn tastes(dimensions: usize) -> f64 {
    2f64.powi(dimensions.div_ceil(2) as i32)
}

fn error() -> f64 {
    1e-10
}

fn force_error() -> f64 {
    1e-6
}

impl RationalSpec {
    /// The action on a lattice, without pseudofermions yet.
    pub fn build(&self, context: &Arc<Context>, lattice: &Lattice) -> Result<Rational> {
        let fermions = Fermions::new(context, (lattice, self.group), &self.dirac, self.even_odd);
        let fermions = Arc::new(fermions.map_err(|e| e.within("dirac"))?);
        let (tastes, form) = match &self.dirac {
            DiracSpec::Wilson(_) => (2.0, Form::Normal),
            DiracSpec::Staggered(_) if fermions.is_positive() => (tastes(lattice.dimensions()), Form::Itself),
            DiracSpec::Staggered(_) => {
                let what =
                    "dirac: expected staggered fermions on even extents with a mass above 0, even-odd, got others";
                return Err(Error::Unsupported(what.into()));
            }
        };
        let power = self.flavours / tastes;
        if !(power > 0.0 && power < 1.0) {
            let got = self.flavours;
            return Err(Error::BadSpec(format!("flavours: expected a number between 0 and {tastes}, got {got}")));
        }
        // S on the odd sites is K / m.
        let range = self.range.map(|bound| bound / fermions.schur_scale());
        let make = |power, error| RationalApproximation::inverse_power(power, range, error);
        Ok(Rational {
            approximation: Arc::new([
                make(power, self.error)?,
                make(power, self.force_error)?,
                make(1.0 - power / 2.0, self.error)?,
            ]),
            fermions,
            form,
            power,
            accuracy: Accuracy::new(self.tolerance, self.max_iterations)?,
            force: Accuracy::new(self.force_tolerance, self.max_iterations)?,
            error: self.error,
            force_error: self.force_error,
            range: self.range,
            drawn: None,
        })
    }
}

/// The action of rational pseudofermions.
pub struct Rational {
    fermions: Arc<Fermions>,
    form: Form,
    power: f64,
    /// Approximations for S, for the gradient, and for the heat bath.
    approximation: Arc<[RationalApproximation; 3]>,
    accuracy: Accuracy,
    force: Accuracy,
    error: f64,
    force_error: f64,
    /// Bounds of the eigenvalues of K.
    range: [f64; 2],
    drawn: Option<Drawn>,
}

impl Rational {
    /// (K + dᵢ)⁻¹ b for the shifts of r. An eigenvalue of K outside of the range is an error, if b overlaps with
    /// its eigenvector: the Krylov space of the solve shows it.
    fn shifted(&self, a: &Fermion, r: &RationalApproximation, b: &Field<f64>) -> Result<Vec<Field<f64>>> {
        let shifted = a.invert_shifted(self.form, r.shifts(), b, self.accuracy)?;
        self.expect_accurate(r, b, &shifted, (self.accuracy, self.error))?;
        let Shifted { solutions, ends, .. } = shifted;
        let ([low, high], scale) = (self.range, self.fermions.schur_scale());
        // Ritz values carry rounding errors.
        let slack = 1e-10 * high;
        match ends.map(|ends| ends.map(|end| scale * end)) {
            Some([end, _]) if end < low - slack => Err(out_of(self.range, end)),
            Some([_, end]) if end > high + slack => Err(out_of(self.range, end)),
            _ => Ok(solutions),
        }
    }

    /// An error where a residual misses the tolerance, unless rounding allows no smaller one and b† r(K) b is still
    /// known to the relative accuracy `part`: then the solves change it by less than the error of r does.
    fn expect_accurate(
        &self,
        r: &RationalApproximation,
        b: &Field<f64>,
        shifted: &Shifted,
        (accuracy, part): (Accuracy, f64),
    ) -> Result<()> {
        let context = self.fermions.context();
        let Some(worst) = shifted.reached.iter().find(|reached| reached.residual > accuracy.tolerance) else {
            return Ok(());
        };
        let norm = b.norm2(context).sqrt();
        // |b^dag dx| = |x^dag (b - (K + d) x)| of each term.
        let terms = shifted.solutions.iter().zip(&shifted.reached).zip(r.residues());
        let error: f64 = terms.map(|((x, own), c)| c.abs() * x.norm2(context).sqrt() * own.residual * norm).sum();
        let values = shifted.solutions.iter().zip(r.residues()).map(|(x, &c)| c * b.dot(context, x));
        let value = r.constant() * norm.powi(2) + values.sum::<f64>();
        if error <= part * value.abs() { Ok(()) } else { worst.expect(accuracy.tolerance) }
    }

    /// r(K) φ.
    fn apply(&self, a: &Fermion, r: &RationalApproximation, phi: &Field<f64>) -> Result<Field<f64>> {
        let context = self.fermions.context();
        let mut sum = a.zeros()?;
        sum.add(context, r.constant(), phi);
        self.shifted(a, r, phi)?.iter().zip(r.residues()).for_each(|(x, &c)| sum.add(context, c, x));
        Ok(sum)
    }

    fn pseudofermion_value(&self, a: &Fermion, phi: &Field<f64>) -> Result<f64> {
        let context = self.fermions.context();
        let r = &self.approximation[0];
        let solutions = self.shifted(a, r, phi)?;
        let terms = solutions.iter().zip(r.residues()).map(|(x, &c)| c * phi.dot(context, x));
        Ok(r.constant() * phi.norm2(context) + terms.sum::<f64>())
    }

    fn determinant(&self, a: &Fermion) -> Result<f64> {
        Ok(a.determinant()?.map_or(0.0, |determinant| self.power * determinant.value))
    }
}

fn out_of([low, high]: [f64; 2], got: f64) -> Error {
    Error::BadInput(format!("rational: expected eigenvalues in the range {low} to {high}, got one of {got:.6e}"))
}

impl Action for Rational {
    fn lattice(&self) -> &Lattice {
        self.fermions.lattice()
    }

    fn space(&self) -> Space {
        Space::Links(self.fermions.group())
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        expect_length("field", self.count(), field.len())?;
        let drawn = expect_drawn("rational", &self.drawn)?;
        if let Some(value) = drawn.known(field) {
            return Ok(value);
        }
        let a = self.fermions.on(field)?;
        Ok(self.pseudofermion_value(&a, &drawn.phi)? + self.determinant(&a)?)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        expect_length("field", self.count(), field.len())?;
        expect_length("gradient", self.count(), gradient.len())?;
        let drawn = expect_drawn("rational", &self.drawn)?;
        let (a, context, r) = (self.fermions.on(field)?, self.fermions.context(), &self.approximation[1]);
        // The range is not checked along a trajectory: inaccurate forces are allowed, since S at its end decides on it.
        let shifted = a.invert_shifted(self.form, r.shifts(), &drawn.phi, self.force)?;
        self.expect_accurate(r, &drawn.phi, &shifted, (self.force, self.force_error))?;
        gradient.fill(0.0);
        let mut value = r.constant() * drawn.phi.norm2(context);
        for (x, &c) in shifted.solutions.iter().zip(r.residues()) {
            value += c * drawn.phi.dot(context, x);
            match self.form {
                // The force of x† S x; `add_force` takes 2 Re y† S x, hence the factor 1/2.
                Form::Itself => a.add_force(-0.5 * c, (x, x), gradient)?,
                _ => a.add_force(-c, (&a.apply(Side::Plain, x)?, x), gradient)?,
            }
        }
        if let Some(determinant) = a.determinant()? {
            a.add_determinant_force(self.power, &determinant, gradient)?;
            value += self.power * determinant.value;
        }
        Ok(value)
    }

    fn refreshed(&self, draw: Draw, field: &[f64]) -> Result<Option<Arc<dyn Action>>> {
        expect_length("field", self.count(), field.len())?;
        let (a, context) = (self.fermions.on(field)?, self.fermions.context());
        let eta = a.gaussian(&mut stream(draw))?;
        let phi = a.form(self.form, &self.apply(&a, &self.approximation[2], &eta)?)?;
        let (drawn, exact) = (self.pseudofermion_value(&a, &phi)?, eta.norm2(context));
        // Eigenvalues out of the range that the Krylov spaces did not show are found here, where S is known exactly.
        let bound = 4.0 * (self.error + self.accuracy.tolerance) * exact + 1e-12 * exact;
        if (drawn - exact).abs() > bound {
            return Err(Error::BadInput(format!(
                "rational: expected eigenvalues in the range {} to {}, S of new pseudofermions {exact:.12e}, got {drawn:.12e}",
                self.range[0], self.range[1]
            )));
        }
        let value = drawn + self.determinant(&a)?;
        Ok(Some(Arc::new(Self {
            fermions: Arc::clone(&self.fermions),
            approximation: Arc::clone(&self.approximation),
            drawn: Some(Drawn { phi, links: memory::cloned("links of the pseudofermions", field)?, value }),
            ..*self
        })))
    }

    fn team(&self) -> Team {
        self.fermions.team()
    }

    fn has_pseudofermions(&self) -> bool {
        true
    }
}
