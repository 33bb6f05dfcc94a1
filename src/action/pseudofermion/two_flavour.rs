//! Two flavours of fermions, and ratios of their determinants.
//!
//! ```text
//! |det A|²          S = |A⁻¹ φ|²,      φ = A η
//! |det A / det W|²  S = |A⁻¹ W φ|²,    φ = W⁻¹ A η      ('over' W: heavier fermions)
//! ```
//!
//! with complex normal η, <S> the number of its components. With y = (A A†)⁻¹ W φ and x = A† y the gradient is that of
//! 2 Re y† W φ − 2 Re y† A x at fixed φ, x, y. Where A leaves out a clover term on the even sites, −log |det|² of that
//! belongs to S. D. Weingarten, D. Petcher, Phys. Lett. B 99, 333 (1981); M. Hasenbusch, Phys. Lett. B 519, 177 (2001),
//! hep-lat/0107019.

use super::{Drawn, expect_drawn, stream};
use crate::action::{Action, Draw, Past};
use crate::context::{Context, Team};
use crate::dirac::{Accuracy, DiracSpec, Fermion, Fermions, Field, Form, Side};
use crate::error::{Error, Result, expect_length};
use crate::gauge::Group;
use crate::lattice::Lattice;
use crate::memory;
use crate::space::Space;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of two flavours: `{type: 'two_flavour', group: 'su3', dirac: {type: 'wilson', kappa: 0.13}}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TwoFlavourSpec {
    /// The group of the links.
    pub group: Group,
    /// The operator.
    pub dirac: DiracSpec,
    /// The operator of heavier fermions that the determinant is divided by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<DiracSpec>,
    /// Take the Schur complement on the odd sites, where there is one.
    #[serde(default = "yes")]
    pub even_odd: bool,
    /// Relative residual of the solve for S.
    #[serde(default = "tolerance")]
    pub tolerance: f64,
    /// Relative residual of the solve for the gradient.
    #[serde(default = "force_tolerance")]
    pub force_tolerance: f64,
    /// Most iterations of a solve.
    #[serde(default = "max_iterations")]
    pub max_iterations: u64,
    /// Solutions of earlier gradients of a trajectory from which the next one is guessed: chronological inversion. A
    /// trajectory is then reversible to `force_tolerance` alone.
    #[serde(default)]
    pub history: usize,
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn tolerance() -> f64 {
    1e-12
}

pub(super) fn force_tolerance() -> f64 {
    1e-10
}

pub(super) fn max_iterations() -> u64 {
    10_000
}

impl TwoFlavourSpec {
    /// The action on a lattice, without pseudofermions yet.
    pub fn build(&self, context: &Arc<Context>, lattice: &Lattice) -> Result<TwoFlavour> {
        let kind = |what: &str, spec: &DiracSpec, even_odd: bool| {
            let fermions = Fermions::new(context, (lattice, self.group), spec, even_odd);
            fermions.map(Arc::new).map_err(|e| e.within(what))
        };
        const MOST_KEPT: usize = 100;
        if self.history > MOST_KEPT {
            return Err(Error::BadSpec(format!("history: expected 0 to {MOST_KEPT}, got {}", self.history)));
        }
        let is_wilson = |spec: &DiracSpec| matches!(spec, DiracSpec::Wilson(_));
        if self.over.as_ref().is_some_and(|over| is_wilson(over) != is_wilson(&self.dirac)) {
            return Err(Error::BadSpec("over: expected an operator of the type of 'dirac', got another".into()));
        }
        let build = |even_odd| -> Result<_> {
            let over = self.over.as_ref().map(|spec| kind("over", spec, even_odd)).transpose()?;
            Ok((kind("dirac", &self.dirac, even_odd)?, over))
        };
        let (mut fermions, mut over) = build(self.even_odd)?;
        // A and W act on the same sites: where one has no even-odd form, the other acts on all sites, too.
        if over.as_ref().is_some_and(|over| over.is_even_odd() != fermions.is_even_odd()) {
            (fermions, over) = build(false)?;
        }
        Ok(TwoFlavour {
            fermions,
            over,
            accuracy: Accuracy::new(self.tolerance, self.max_iterations)?,
            force: Accuracy::new(self.force_tolerance, self.max_iterations)?,
            history: self.history,
            drawn: None,
        })
    }
}

/// The action of two flavours.
pub struct TwoFlavour {
    fermions: Arc<Fermions>,
    over: Option<Arc<Fermions>>,
    accuracy: Accuracy,
    force: Accuracy,
    history: usize,
    drawn: Option<Drawn>,
}

/// A and W on a gauge field, and the source W φ, or φ where there is no W.
struct System<'a> {
    a: Fermion<'a>,
    w: Option<Fermion<'a>>,
    image: Option<Field<f64>>,
}

/// −log |det|² of the clover terms that A and W leave out.
fn determinant(a: &Fermion, w: Option<&Fermion>) -> Result<f64> {
    let of = |fermion: &Fermion| Ok(fermion.determinant()?.map_or(0.0, |determinant| determinant.value));
    Ok(of(a)? - w.map_or(Ok(0.0), of)?)
}

impl TwoFlavour {
    /// y = (A A†)⁻¹ W φ from a guess, and x = A† y.
    fn solve(
        &self,
        a: &Fermion,
        source: &Field<f64>,
        accuracy: Accuracy,
        mut y: Field<f64>,
    ) -> Result<(Field<f64>, Field<f64>)> {
        a.invert(Form::Reverse, source, &mut y, accuracy)?;
        let x = a.apply(Side::Adjoint, &y)?;
        Ok((y, x))
    }

    /// The solve for a gradient, with a guess from earlier solutions of its trajectory.
    fn solve_force(&self, a: &Fermion, source: &Field<f64>, past: &mut Past) -> Result<(Field<f64>, Field<f64>)> {
        if self.history == 0 {
            return self.solve(a, source, self.force, a.zeros()?);
        }
        let guess = a.guess(Form::Reverse, source, past.solutions())?;
        let (y, x) = self.solve(a, source, self.force, guess)?;
        let mut kept = a.zeros()?;
        kept.copy(self.fermions.context(), &y);
        past.remember(kept, self.history);
        Ok((y, x))
    }

    fn system(&self, links: &[f64], drawn: &Drawn) -> Result<System<'_>> {
        let (a, w) = (self.fermions.on(links)?, self.heavier(links)?);
        let image = w.as_ref().map(|w| w.apply(Side::Plain, &drawn.phi)).transpose()?;
        Ok(System { a, w, image })
    }

    fn heavier(&self, links: &[f64]) -> Result<Option<Fermion<'_>>> {
        self.over.as_ref().map(|over| over.on(links)).transpose()
    }
}

impl Action for TwoFlavour {
    fn lattice(&self) -> &Lattice {
        self.fermions.lattice()
    }

    fn space(&self) -> Space {
        Space::Links(self.fermions.group())
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        expect_length("field", self.count(), field.len())?;
        let drawn = expect_drawn("two_flavour", &self.drawn)?;
        if let Some(value) = drawn.known(field) {
            return Ok(value);
        }
        let System { a, w, image } = self.system(field, drawn)?;
        let (_, x) = self.solve(&a, image.as_ref().unwrap_or(&drawn.phi), self.accuracy, a.zeros()?)?;
        Ok(x.norm2(self.fermions.context()) + determinant(&a, w.as_ref())?)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        self.gradient_along(&mut Past::default(), field, gradient)
    }

    fn gradient_along(&self, past: &mut Past, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        expect_length("field", self.count(), field.len())?;
        expect_length("gradient", self.count(), gradient.len())?;
        let drawn = expect_drawn("two_flavour", &self.drawn)?;
        let System { a, w, image } = self.system(field, drawn)?;
        let (y, x) = self.solve_force(&a, image.as_ref().unwrap_or(&drawn.phi), past)?;
        gradient.fill(0.0);
        a.add_force(-1.0, (&y, &x), gradient)?;
        let mut value = x.norm2(self.fermions.context());
        if let Some(determinant) = a.determinant()? {
            a.add_determinant_force(1.0, &determinant, gradient)?;
            value += determinant.value;
        }
        if let Some(w) = &w {
            w.add_force(1.0, (&y, &drawn.phi), gradient)?;
            if let Some(determinant) = w.determinant()? {
                w.add_determinant_force(-1.0, &determinant, gradient)?;
                value -= determinant.value;
            }
        }
        Ok(value)
    }

    fn refreshed(&self, draw: Draw, field: &[f64]) -> Result<Option<Arc<dyn Action>>> {
        expect_length("field", self.count(), field.len())?;
        let (a, w) = (self.fermions.on(field)?, self.heavier(field)?);
        let eta = a.gaussian(&mut stream(draw))?;
        let mut phi = a.apply(Side::Plain, &eta)?;
        if let Some(w) = &w {
            let (_, x) = self.solve(w, &phi, self.accuracy, w.zeros()?)?;
            phi = x;
        }
        let value = eta.norm2(self.fermions.context()) + determinant(&a, w.as_ref())?;
        Ok(Some(Arc::new(Self {
            fermions: Arc::clone(&self.fermions),
            over: self.over.clone(),
            accuracy: self.accuracy,
            force: self.force,
            history: self.history,
            drawn: Some(Drawn { phi, links: memory::cloned("links of the pseudofermions", field)?, value }),
        })))
    }

    fn team(&self) -> Team {
        self.fermions.team()
    }

    fn has_pseudofermions(&self) -> bool {
        true
    }
}
