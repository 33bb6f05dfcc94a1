//! The operator A of a pseudofermion action: D itself, or its Schur complement S on the odd sites.
//!
//! det D = det M_ee det S, M_ee the site-diagonal part on even sites, which depends on the links where there is a clover
//! term. Forces of A are those of D with spinors that are extended to the even sites,
//!
//! ```text
//! y^dag dS x = Y^dag dD X,   X = (-M_ee^-1 H_eo x, x),   Y = (-M_ee^-dag (D^dag)_eo y, y)
//! ```

use super::chronology;
use super::clover::Blocks;
use super::dirac::Dirac;
use super::field::Field;
use super::force::Derivative;
use super::hermitian::{Form, Hermitian};
use super::hopping::Side;
use super::hopping_term::{Centre, Part, With};
use super::multi_shift::{self, Shifted};
use super::operator::Linear;
use super::site::Site;
use super::solve::{Goal, Solver, expect_converged, refine};
use super::spec::DiracSpec;
use crate::context::{Context, Team};
use crate::error::{Error, Result};
use crate::gauge::{Complex64, Gauge, Group};
use crate::lattice::Lattice;
use crate::random::Stream;
use std::sync::Arc;

/// A kind of fermions on a lattice, to be put on gauge fields.
pub(crate) struct Fermions {
    context: Arc<Context>,
    lattice: Lattice,
    group: Group,
    spec: DiracSpec,
    is_even_odd: bool,
    derivative: Derivative,
    /// The operator on unit links, whose tables all others share.
    template: Dirac,
}

/// Fermions on a gauge field.
pub(crate) struct Fermion<'a> {
    kind: &'a Fermions,
    gauge: Gauge,
    dirac: Dirac,
}

/// How far a system is to be solved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Accuracy {
    /// |b - K x| / |b|.
    pub tolerance: f64,
    /// Most iterations.
    pub iterations: u64,
}

impl Fermions {
    /// Fermions of an operator, taken even-odd where it asks for that and the lattice and the mass allow it.
    pub fn new(
        context: &Arc<Context>,
        (lattice, group): (&Lattice, Group),
        spec: &DiracSpec,
        even_odd: bool,
    ) -> Result<Self> {
        let gauge = Gauge::unit(lattice, group)?;
        let dirac = Dirac::new(context, &gauge, spec)?;
        let derivative = Derivative::new(context, &gauge, spec)?;
        Ok(Self {
            context: Arc::clone(context),
            lattice: lattice.clone(),
            group,
            spec: spec.clone(),
            is_even_odd: even_odd && dirac.single.is_some(),
            derivative,
            template: dirac,
        })
    }

    /// The same on a gauge field.
    pub fn on(&self, links: &[f64]) -> Result<Fermion<'_>> {
        let gauge = Gauge::new(&self.lattice, self.group, links.to_vec())?;
        let dirac = self.template.on(&gauge, &self.spec)?;
        Ok(Fermion { kind: self, gauge, dirac })
    }

    /// True where A is the Schur complement.
    pub fn is_even_odd(&self) -> bool {
        self.is_even_odd
    }

    /// Group of the links.
    pub fn group(&self) -> Group {
        self.group
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// Threads.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The same, for fields of links.
    pub fn team(&self) -> Team {
        Team::of(&self.context)
    }

    /// K over the form of A that stands for it: m for staggered fermions, whose D^dag D is m S on the odd sites.
    pub fn schur_scale(&self) -> f64 {
        match &self.spec {
            DiracSpec::Staggered(spec) if self.is_even_odd => spec.mass,
            _ => 1.0,
        }
    }

    /// True where A is the Schur complement and positive: staggered fermions.
    pub fn is_positive(&self) -> bool {
        self.is_even_odd && matches!(self.spec, DiracSpec::Staggered(_))
    }
}

impl Fermion<'_> {
    /// K x for a form K of A.
    pub fn form(&self, form: Form, x: &Field<f64>) -> Result<Field<f64>> {
        let a = self.operator();
        let k = Hermitian::new(&*a, form);
        let (mut y, mut scratch) = (k.zeros()?, k.scratch()?);
        k.apply(x, &mut y, &mut scratch);
        Ok(y)
    }

    fn operator(&self) -> Box<dyn Linear<f64>> {
        if self.kind.is_even_odd { Box::new(self.dirac.double.even_odd()) } else { Box::new(self.dirac.double.full()) }
    }

    /// A field of zeros that A acts on.
    pub fn zeros(&self) -> Result<Field<f64>> {
        self.operator().zeros()
    }

    /// A field of complex normal numbers of density exp(-|eta|^2), drawn in the canonical order of all sites.
    pub fn gaussian(&self, stream: &mut Stream) -> Result<Field<f64>> {
        let mut numbers = vec![0.0; self.dirac.count()];
        stream.normals(&mut numbers);
        numbers.iter_mut().for_each(|x| *x *= std::f64::consts::FRAC_1_SQRT_2);
        let lined = &self.dirac.double;
        let mut all = lined.hopping.zeros(Part::All)?;
        all.import(&lined.grid, self.dirac.reals, &numbers);
        if !self.kind.is_even_odd {
            return Ok(all);
        }
        let mut odd = lined.hopping.zeros(Part::Odd)?;
        let cut = all.lines().len() - odd.lines().len();
        odd.lines_mut().copy_from_slice(&all.lines()[cut..]);
        Ok(odd)
    }

    /// A x or A^dag x.
    pub fn apply(&self, side: Side, x: &Field<f64>) -> Result<Field<f64>> {
        let a = self.operator();
        let (mut y, mut scratch) = (a.zeros()?, a.zeros()?);
        a.apply(side, x, &mut y, &mut scratch);
        Ok(y)
    }

    /// K^-1 b for a form K of A, from the guess that `x` holds.
    pub fn invert(&self, form: Form, b: &Field<f64>, x: &mut Field<f64>, accuracy: Accuracy) -> Result<u64> {
        let a = self.operator();
        let k = Hermitian::new(&*a, form);
        let mut scratch = k.scratch()?;
        let goal = Goal { tolerance: accuracy.tolerance, iterations: accuracy.iterations };
        let multiply = |x: &Field<f64>, y: &mut Field<f64>| k.apply(x, y, &mut scratch);
        let reached = refine(&self.kind.context, goal, (b, x), multiply, |r, x, stop| {
            if self.kind.is_even_odd {
                self.dirac.invert((Solver::Auto, form), r, x, stop)
            } else {
                super::conjugate_gradient::solve(k, r, x, stop)
            }
        })?;
        expect_converged(reached, accuracy.tolerance).map(|()| reached.0)
    }

    /// A guess of K^-1 b from earlier solutions.
    pub fn guess(&self, form: Form, b: &Field<f64>, earlier: &[Field<f64>]) -> Result<Field<f64>> {
        let a = self.operator();
        chronology::guess(Hermitian::new(&*a, form), b, earlier)
    }

    /// (K + shift)^-1 b for a form K of A and all shifts, and the ends of the spectrum of K as far as the run shows them.
    pub fn invert_shifted(
        &self,
        form: Form,
        shifts: &[f64],
        b: &Field<f64>,
        accuracy: Accuracy,
    ) -> Result<Shifted<f64>> {
        let a = self.operator();
        multi_shift::solve(Hermitian::new(&*a, form), shifts, b, (accuracy.tolerance, accuracy.iterations))
    }

    /// The field on all sites in the canonical order, extended for a side of A.
    pub fn extended(&self, side: Side, x: &Field<f64>) -> Result<Vec<f64>> {
        let lined = &self.dirac.double;
        let mut numbers = vec![0.0; self.dirac.count()];
        if !self.kind.is_even_odd {
            x.export(&lined.grid, self.dirac.reals, &mut numbers);
            return Ok(numbers);
        }
        let (hopping, site) = (&lined.hopping, &lined.site);
        let mut even = hopping.zeros(Part::Even)?;
        let with = With { hopping: -1.0, diagonal: 0.0, twist: 0.0, centre: Centre::None };
        hopping.hop((side, Part::Even), x, with, &mut even);
        site.divide(hopping, (side, Part::Even), &mut even);
        let mut all = hopping.zeros(Part::All)?;
        let cut = even.lines().len();
        all.lines_mut()[..cut].copy_from_slice(even.lines());
        all.lines_mut()[cut..].copy_from_slice(x.lines());
        all.export(&lined.grid, self.dirac.reals, &mut numbers);
        Ok(numbers)
    }

    /// Adds factor times the G of 2 Re y^dag A x to `gradient`.
    pub fn add_force(&self, factor: f64, (y, x): (&Field<f64>, &Field<f64>), gradient: &mut [f64]) -> Result<()> {
        let (y, x) = (self.extended(Side::Adjoint, y)?, self.extended(Side::Plain, x)?);
        self.kind.derivative.add(&self.gauge, factor, (&y, &x), gradient);
        Ok(())
    }

    /// -log |det M_ee|^2 where A leaves out a clover term on even sites; None where there is none.
    pub fn determinant(&self) -> Option<Determinant> {
        let (grid, site) = (&self.dirac.double.grid, &*self.dirac.double.site);
        let Site::Clover(clover) = site else { return None };
        if !self.kind.is_even_odd {
            return None;
        }
        let (blocks, inverse) = clover.blocks(grid);
        let is_even: Vec<bool> = grid.places.iter().map(|&(outer, _)| (outer as usize) < grid.even).collect();
        let sites = is_even.iter().enumerate().filter(|(_, even)| **even);
        let value = sites.map(|(at, _)| -blocks.log_determinant(at, site.twist())).sum();
        Some(Determinant { value, inverse, is_even })
    }

    /// Adds factor times the G of such a determinant.
    pub fn add_determinant_force(&self, factor: f64, determinant: &Determinant, gradient: &mut [f64]) {
        let at = |site: usize| determinant.is_even[site].then(|| determinant.inverse.of_site(site).to_vec());
        self.kind.derivative.add_determinant(&self.gauge, factor, &at, gradient);
    }
}

/// -log |det M_ee|^2 and what its force takes.
pub(crate) struct Determinant {
    /// The number.
    pub value: f64,
    inverse: Blocks,
    is_even: Vec<bool>,
}

impl Accuracy {
    /// Checks the keys of a spec.
    pub fn new(tolerance: f64, iterations: u64) -> Result<Self> {
        super::solve::expect_tolerance(tolerance)?;
        if iterations == 0 {
            return Err(Error::BadSpec("max_iterations: expected at least 1, got 0".into()));
        }
        Ok(Self { tolerance, iterations })
    }
}

impl Blocks {
    /// The blocks of a site.
    fn of_site(&self, site: usize) -> &[Complex64] {
        let count = 2 * self.size() * self.size();
        &self.numbers()[site * count..(site + 1) * count]
    }

    /// log det(A^2 + t^2) of a site.
    fn log_determinant(&self, site: usize, twist: f64) -> f64 {
        let size = self.size();
        let of = |block: &[Complex64]| {
            let a = faer::Mat::from_fn(size, size, |i, j| block[i * size + j]);
            let mut square = &a * &a;
            (0..size).for_each(|i| square[(i, i)] += twist * twist);
            square.determinant().re.ln()
        };
        self.of_site(site).chunks_exact(size * size).map(of).sum()
    }
}
