//! The operator A of a pseudofermion action: D itself, or its Schur complement S on the odd sites.
//!
//! det D = det M_ee det S, M_ee the site-diagonal part on even sites, which depends on the links where there is a
//! clover term. Forces of A are those of D with spinors that are extended to the even sites,
//!
//! ```text
//! y^dag dS x = Y^dag dD X,   X = (-M_ee^-1 H_eo x, x),   Y = (-M_ee^-dag (D^dag)_eo y, y)
//! ```

use super::hopping_force::Derivative;
use crate::context::{Context, Team};
use crate::dirac::kernels::clover::Blocks;
use crate::dirac::kernels::hopping::{Centre, Sublattice, With};
use crate::dirac::kernels::site::Site;
use crate::dirac::lanes::field::Field;
use crate::dirac::linear::Linear;
use crate::dirac::operator::Dirac;
use crate::dirac::side::Side;
use crate::dirac::solve::Solver;
use crate::dirac::solvers::hermitian::{Form, Hermitian};
use crate::dirac::solvers::initial_guess;
use crate::dirac::solvers::multi_shift::{self, Shifted};
use crate::dirac::solvers::refine::{Goal, refine};
use crate::dirac::spec::DiracSpec;
use crate::error::{Error, Result};
use crate::gauge::{Complex64, Gauge, Group};
use crate::lattice::Lattice;
use crate::memory;
use crate::progress;
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
    /// The operator on unit links; operators on other links share its tables.
    template: Dirac,
}

/// Fermions on a gauge field.
pub(crate) struct Fermion<'a> {
    kind: &'a Fermions,
    gauge: Gauge,
    dirac: Dirac,
}

/// Goal of a solve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Accuracy {
    /// |b - K x| / |b|.
    pub tolerance: f64,
    /// Most iterations.
    pub iterations: u64,
}

impl Fermions {
    /// Fermions of an operator, in even-odd form where that is requested and the lattice and the mass allow it.
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

    /// These fermions on a gauge field.
    pub fn on(&self, links: &[f64]) -> Result<Fermion<'_>> {
        let gauge = Gauge::new(&self.lattice, self.group, memory::cloned("links", links)?)?;
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

    /// The context whose threads compute.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The threads of the context, as a team for fields of links.
    pub fn team(&self) -> Team {
        Team::of(&self.context)
    }

    /// Ratio of K to the form of A that represents it: m for staggered fermions, whose D^dag D is m S on the odd sites.
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
        let mut numbers = memory::filled("spinor", 0.0, self.dirac.count())?;
        stream.normals(&mut numbers);
        numbers.iter_mut().for_each(|x| *x *= std::f64::consts::FRAC_1_SQRT_2);
        let lined = &self.dirac.double;
        let mut all = lined.hopping.zeros(Sublattice::All)?;
        all.import(&lined.grid, self.dirac.reals, &numbers);
        if !self.kind.is_even_odd {
            return Ok(all);
        }
        let mut odd = lined.hopping.zeros(Sublattice::Odd)?;
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
        let _work = progress::begin("solve", 0);
        let is_even_odd = self.kind.is_even_odd;
        let solvers: &[Solver] = if is_even_odd { &[Solver::Mixed, Solver::CgEvenOdd] } else { &[Solver::Cg] };
        let Accuracy { tolerance, iterations } = accuracy;
        let goal = Goal { tolerance, iterations, solvers: solvers.len() };
        let multiply = |x: &Field<f64>, y: &mut Field<f64>| k.apply(x, y, &mut scratch);
        let correct = |at: usize, r: &Field<f64>, x: &mut Field<f64>, stop| {
            if is_even_odd {
                self.dirac.invert((solvers[at], form), r, x, stop)
            } else {
                crate::dirac::solvers::conjugate_gradient::solve(k, r, x, stop)
            }
        };
        let reached = refine(&self.kind.context, goal, (b, x), (multiply, correct))?;
        reached.expect(tolerance).map(|()| reached.iterations)
    }

    /// A guess of K^-1 b from earlier solutions.
    pub fn guess(&self, form: Form, b: &Field<f64>, earlier: &[Field<f64>]) -> Result<Field<f64>> {
        let a = self.operator();
        initial_guess::guess(Hermitian::new(&*a, form), b, earlier)
    }

    /// (K + shift)^-1 b for a form K of A and all shifts, the residual that each has reached, and the extreme Ritz
    /// values of K in the run. Errors: `NotConverged` for one that misses the tolerance at the limit of iterations; one
    /// that is as accurate as rounding allows is returned for the caller to judge.
    pub fn invert_shifted(&self, form: Form, shifts: &[f64], b: &Field<f64>, accuracy: Accuracy) -> Result<Shifted> {
        let (a, _work) = (self.operator(), progress::begin("solve", 0));
        let Accuracy { tolerance, iterations } = accuracy;
        let goal = Goal { tolerance, iterations, solvers: 1 };
        multi_shift::solve(Hermitian::new(&*a, form), shifts, b, goal)
    }

    /// The field on all sites in the canonical order, extended for a side of A.
    pub fn extended(&self, side: Side, x: &Field<f64>) -> Result<Vec<f64>> {
        let lined = &self.dirac.double;
        let mut numbers = memory::filled("spinor", 0.0, self.dirac.count())?;
        if !self.kind.is_even_odd {
            x.export(&lined.grid, self.dirac.reals, &mut numbers);
            return Ok(numbers);
        }
        let (hopping, site) = (&lined.hopping, &lined.site);
        let mut even = hopping.zeros(Sublattice::Even)?;
        let with = With { hopping: -1.0, diagonal: 0.0, twist: 0.0, centre: Centre::None };
        hopping.hop((side, Sublattice::Even), x, with, &mut even);
        site.divide(hopping, (side, Sublattice::Even), &mut even);
        let mut all = hopping.zeros(Sublattice::All)?;
        let cut = even.lines().len();
        all.lines_mut()[..cut].copy_from_slice(even.lines());
        all.lines_mut()[cut..].copy_from_slice(x.lines());
        all.export(&lined.grid, self.dirac.reals, &mut numbers);
        Ok(numbers)
    }

    /// Adds factor times the G of 2 Re y^dag A x to `gradient`.
    pub fn add_force(&self, factor: f64, (y, x): (&Field<f64>, &Field<f64>), gradient: &mut [f64]) -> Result<()> {
        let (y, x) = (self.extended(Side::Adjoint, y)?, self.extended(Side::Plain, x)?);
        self.kind.derivative.add(&self.gauge, factor, (&y, &x), gradient)
    }

    /// -log |det M_ee|^2 where A leaves out a clover term on even sites; None where there is none.
    pub fn determinant(&self) -> Result<Option<Determinant>> {
        let (grid, site) = (&self.dirac.double.grid, &*self.dirac.double.site);
        let Site::Clover(clover) = site else { return Ok(None) };
        if !self.kind.is_even_odd {
            return Ok(None);
        }
        let (blocks, inverse) = clover.blocks(grid)?;
        let is_even = grid.places.iter().map(|&(outer, _)| (outer as usize) < grid.even);
        let is_even: Vec<bool> = memory::collected("parities of the sites", is_even)?;
        let sites = is_even.iter().enumerate().filter(|(_, even)| **even);
        let value = sites.map(|(at, _)| -blocks.log_determinant(at, site.twist())).sum();
        Ok(Some(Determinant { value, inverse, is_even }))
    }

    /// Adds factor times the G of such a determinant.
    pub fn add_determinant_force(&self, factor: f64, determinant: &Determinant, gradient: &mut [f64]) -> Result<()> {
        let at = |site: usize| determinant.is_even[site].then(|| determinant.inverse.of_site(site).to_vec());
        self.kind.derivative.add_determinant(&self.gauge, factor, &at, gradient)
    }
}

/// -log |det M_ee|^2, and the inverse blocks for its force.
pub(crate) struct Determinant {
    /// -log |det M_ee|^2.
    pub value: f64,
    inverse: Blocks,
    is_even: Vec<bool>,
}

impl Accuracy {
    /// Checks the keys of a spec.
    pub fn new(tolerance: f64, iterations: u64) -> Result<Self> {
        crate::dirac::solve::expect_tolerance(tolerance)?;
        if iterations == 0 {
            return Err(Error::BadSpec("max_iterations: expected at least 1, got 0".into()));
        }
        Ok(Self { tolerance, iterations })
    }
}

impl Blocks {
    /// The blocks of one site.
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
