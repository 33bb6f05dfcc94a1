//! A Dirac operator on a gauge field, for fields in the canonical order.
//!
//! Spinors are `[site][spin][colour][re, im]`, colour fastest but for re and im, x the fastest index of the site.

use super::clover::Blocks;
use super::conjugate_gradient::{self, Stop};
use super::field::Field;
use super::grid::Grid;
use super::hopping::Side;
use super::hopping_term::HoppingTerm;
use super::mixed_precision::{self, Exchange, Mixed};
use super::operator::{EvenOdd, Full, Linear};
use super::site::{Clover, Site};
use super::spec::{DiracSpec, factors};
use super::staggered::{self, First};
use super::wilson::{Parts, wilson};
use crate::context::Context;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::gauge::{Complex64, Gauge};
use crate::simd::Native;
use std::sync::Arc;
use std::time::Instant;

/// Fields that an operator is applied to together.
const TOGETHER: usize = 12;

/// A Dirac operator.
pub struct Dirac {
    double: Form<f64>,
    /// The same in f32, with the places of odd sites in both, where the lattice has an even-odd form.
    single: Option<(Form<f32>, Exchange)>,
    reals: usize,
    volume: usize,
}

/// An operator in lanes of a precision.
struct Form<T> {
    grid: Arc<Grid>,
    hopping: Arc<HoppingTerm<T>>,
    site: Arc<Site<T>>,
}

/// What a form is made of.
enum Recipe<'a> {
    Wilson { gauge: &'a Gauge, parts: Parts, diagonal: f64, twist: f64, blocks: Option<Blocks> },
    Staggered { gauge: &'a Gauge, first: First, boundary: Vec<Complex64>, mass: f64 },
    Improved { fat: &'a Gauge, long: &'a Gauge, mass: f64 },
}

impl Recipe<'_> {
    fn gauge(&self) -> &Gauge {
        match *self {
            Recipe::Wilson { gauge, .. } | Recipe::Staggered { gauge, .. } | Recipe::Improved { fat: gauge, .. } => {
                gauge
            }
        }
    }
}

impl<T: Native> Form<T> {
    fn new(context: &Arc<Context>, recipe: &Recipe) -> Result<Self> {
        let grid = Arc::new(Grid::new(recipe.gauge().lattice(), T::WIDTH));
        let number = |diagonal| Site::Number { diagonal, twist: 0.0 };
        let (hopping, site) = match *recipe {
            Recipe::Wilson { gauge, ref parts, diagonal, twist, ref blocks } => {
                let site = match blocks {
                    None => Site::Number { diagonal, twist },
                    Some(blocks) => Site::Clover(Clover::new(&grid, blocks, twist)?),
                };
                (wilson(context, &grid, gauge, parts)?, site)
            }
            Recipe::Staggered { gauge, first, ref boundary, mass } => {
                (staggered::naive(context, &grid, gauge, (first, boundary))?, number(mass))
            }
            // In the normalisation of the links as they are given.
            Recipe::Improved { fat, long, mass } => {
                (staggered::improved(context, &grid, fat, long)?, number(2.0 * mass))
            }
        };
        Ok(Self { grid, hopping: Arc::new(hopping), site: Arc::new(site) })
    }

    fn full(&self) -> Full<T> {
        Full { hopping: Arc::clone(&self.hopping), site: Arc::clone(&self.site) }
    }

    fn even_odd(&self) -> EvenOdd<T> {
        EvenOdd { hopping: Arc::clone(&self.hopping), site: Arc::clone(&self.site) }
    }
}

fn finite(key: &str, number: f64) -> Result<f64> {
    crate::spec::expect(number.is_finite(), key, "a finite number", number).map(|()| number)
}

/// Staggered phases are periodic only where the extents that they count along are even.
fn expect_phases(gauge: &Gauge, first: First) -> Result<()> {
    let lattice = gauge.lattice();
    let last = lattice.dimensions() - 1;
    let counted = |mu: usize| if first == First::X { mu < last } else { mu + 1 != last };
    match (0..=last).find(|&mu| counted(mu) && lattice.extent()[mu] % 2 == 1) {
        None => Ok(()),
        Some(mu) => Err(Error::BadShape(format!(
            "extent[{mu}]: expected an even number for staggered phases, got {}",
            lattice.extent()[mu]
        ))),
    }
}

/// Places of the odd sites in two grids: `outer site x width + lane`, counted from the first odd one.
fn exchange(double: &Grid, single: &Grid) -> Exchange {
    let place = |grid: &Grid, (outer, lane): (u32, u32), width: usize| {
        (outer as usize).checked_sub(grid.even).map(|outer| (outer * width) as u32 + lane)
    };
    let pairs = double.places.iter().zip(&single.places);
    Exchange(
        pairs.filter_map(|(&a, &b)| Some((place(double, a, f64::WIDTH)?, place(single, b, f32::WIDTH)?))).collect(),
    )
}

/// Which operator is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// D.
    Plain,
    /// D^dag.
    Adjoint,
    /// D^dag D.
    Normal,
}

impl Which {
    /// By name: 'plain', 'adjoint', 'normal'.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "plain" => Ok(Which::Plain),
            "adjoint" => Ok(Which::Adjoint),
            "normal" => Ok(Which::Normal),
            _ => Err(Error::BadSpec(format!("which: expected plain, adjoint or normal, got {name}"))),
        }
    }
}

/// Solvers by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// The fastest that the lattice allows.
    #[default]
    Auto,
    /// Conjugate gradients on the normal equations of the whole operator.
    Cg,
    /// The same for the even-odd form.
    CgEvenOdd,
    /// The same in f32 with reliable updates in f64.
    Mixed,
}

/// How a system is solved.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SolveSpec {
    /// The solver.
    pub solver: Solver,
    /// |b - D x| / |b| that is asked for.
    pub tolerance: f64,
    /// Most iterations for each right-hand side.
    pub max_iterations: u64,
    /// Hand out the best iterate where the tolerance was not reached.
    pub keep_best: bool,
}

impl Default for SolveSpec {
    fn default() -> Self {
        Self { solver: Solver::Auto, tolerance: 1e-10, max_iterations: 10_000, keep_best: false }
    }
}

/// What a solve took and reached.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Iterations of all right-hand sides.
    pub iterations: u64,
    /// The largest |b - D x| / |b|, recomputed in f64.
    pub residual: f64,
    /// Wall time.
    pub seconds: f64,
}

impl Report {
    /// An error where the tolerance was not reached.
    pub fn expect_converged(&self, spec: &SolveSpec) -> Result<()> {
        if self.residual <= spec.tolerance {
            return Ok(());
        }
        Err(Error::NotConverged(format!(
            "solve: expected a relative residual of {:e}, got {:e} after {} iterations",
            spec.tolerance, self.residual, self.iterations
        )))
    }
}

impl Dirac {
    /// An operator on a gauge field.
    pub fn new(context: &Arc<Context>, gauge: &Gauge, spec: &DiracSpec) -> Result<Self> {
        let dimensions = gauge.lattice().dimensions();
        let recipe = match spec {
            DiracSpec::Wilson(spec) => {
                if !matches!(dimensions, 2 | 4) {
                    return Err(Error::BadShape(format!(
                        "lattice: expected 2 or 4 dimensions for spinors, got {dimensions}"
                    )));
                }
                let weights = spec.weights(dimensions)?;
                let diagonal = spec.mass(dimensions)? + weights.iter().sum::<f64>();
                let is_compressed = spec.is_compressed()?;
                let parts = Parts { weights, boundary: factors(&spec.boundary, dimensions)?, is_compressed };
                let blocks = spec.clover(dimensions)?.map(|c| Blocks::clover(gauge, diagonal, &c)).transpose()?;
                Recipe::Wilson { gauge, parts, diagonal, twist: finite("twist", spec.twist)?, blocks }
            }
            DiracSpec::Staggered(spec) => {
                expect_phases(gauge, spec.first)?;
                let boundary = factors(&spec.boundary, dimensions)?;
                Recipe::Staggered { gauge, first: spec.first, boundary, mass: finite("mass", spec.mass)? }
            }
        };
        Self::of(context, &recipe)
    }

    /// The improved staggered operator with given links one and three steps long, which carry phases and boundary
    /// conditions; its mass is 2 m.
    pub fn improved(context: &Arc<Context>, fat: &Gauge, long: &Gauge, mass: f64) -> Result<Self> {
        if fat.lattice() != long.lattice() || fat.group() != long.group() {
            let (expected, got) = (fat.lattice().shape(), long.lattice().shape());
            return Err(Error::BadShape(format!(
                "long links: expected {} on {expected}, got {} on {got}",
                fat.group().name(),
                long.group().name()
            )));
        }
        Self::of(context, &Recipe::Improved { fat, long, mass: finite("mass", mass)? })
    }

    fn of(context: &Arc<Context>, recipe: &Recipe) -> Result<Self> {
        let double = Form::<f64>::new(context, recipe)?;
        let single = if double.grid.is_bipartite() {
            let single = Form::<f32>::new(context, recipe)?;
            let exchange = exchange(&double.grid, &single.grid);
            Some((single, exchange))
        } else {
            None
        };
        let reals = double.hopping.spinor;
        Ok(Self { double, single, reals, volume: recipe.gauge().lattice().volume() })
    }

    /// D in f64.
    pub(super) fn double(&self) -> Full<f64> {
        self.double.full()
    }

    /// D in f32, where there is such a form.
    pub(super) fn single(&self) -> Option<Full<f32>> {
        self.single.as_ref().map(|(form, _)| form.full())
    }

    /// The Schur complement in f64.
    #[cfg(test)]
    pub(super) fn double_even_odd(&self) -> EvenOdd<f64> {
        self.double.even_odd()
    }

    /// Runs kernels of an instruction set that this processor has.
    #[cfg(test)]
    pub(super) fn set_instructions(&mut self, instructions: crate::simd::Instructions) {
        Arc::get_mut(&mut self.double.hopping).expect("a term of its own").instructions = instructions;
        if let Some((form, _)) = &mut self.single {
            Arc::get_mut(&mut form.hopping).expect("a term of its own").instructions = instructions;
        }
    }

    /// Numbers of one spinor field.
    pub fn count(&self) -> usize {
        self.reals * self.volume
    }

    fn expect_fields(&self, what: &str, count: usize, numbers: &[f64]) -> Result<()> {
        expect_length(what, count.saturating_mul(self.count()), numbers.len())?;
        expect_finite(what, numbers)
    }

    /// Applies the operator to `count` spinor fields.
    pub fn apply(&self, which: Which, count: usize, from: &[f64], to: &mut [f64]) -> Result<()> {
        self.expect_fields("in", count, from)?;
        expect_length("out", from.len(), to.len())?;
        let full = self.double.full();
        let sides: &[Side] = match which {
            Which::Plain => &[Side::Plain],
            Which::Adjoint => &[Side::Adjoint],
            Which::Normal => &[Side::Plain, Side::Adjoint],
        };
        let fields = || (0..count.min(TOGETHER)).map(|_| full.zeros()).collect::<Result<Vec<_>>>();
        let (mut x, mut y) = (fields()?, fields()?);
        // The whole operator takes none.
        let mut scratch: Vec<Field<f64>> = x.iter().map(|_| Field::default()).collect();
        let group = TOGETHER * self.count();
        for (from, to) in from.chunks(group).zip(to.chunks_mut(group)) {
            let count = from.len() / self.count();
            for (x, from) in x.iter_mut().zip(from.chunks_exact(self.count())) {
                x.import(&self.double.grid, self.reals, from);
            }
            for &side in sides {
                full.apply_many(side, &x[..count], &mut y[..count], &mut scratch[..count]);
                std::mem::swap(&mut x, &mut y);
            }
            for (x, to) in x.iter().zip(to.chunks_exact_mut(self.count())) {
                x.export(&self.double.grid, self.reals, to);
            }
        }
        Ok(())
    }

    /// Solves D x = b for `count` right-hand sides; where one misses the tolerance, that is an error.
    pub fn solve(&self, spec: &SolveSpec, count: usize, source: &[f64], solution: &mut [f64]) -> Result<Report> {
        let report = self.try_solve(spec, count, source, solution)?;
        report.expect_converged(spec).map(|()| report)
    }

    /// The same, but that the best iterates and their residual are handed out whether they meet the tolerance or not.
    pub fn try_solve(&self, spec: &SolveSpec, count: usize, source: &[f64], solution: &mut [f64]) -> Result<Report> {
        if !(spec.tolerance > 0.0 && spec.tolerance < 1.0) {
            return Err(Error::BadSpec(format!(
                "tolerance: expected a number between 0 and 1, got {}",
                spec.tolerance
            )));
        }
        self.expect_fields("source", count, source)?;
        expect_length("solution", source.len(), solution.len())?;
        let start = Instant::now();
        let mut report = Report::default();
        for (b, x) in source.chunks_exact(self.count()).zip(solution.chunks_exact_mut(self.count())) {
            let (iterations, residual) = self.solve_one(spec, b, x)?;
            report.iterations += iterations;
            report.residual = report.residual.max(residual);
        }
        report.seconds = start.elapsed().as_secs_f64();
        Ok(report)
    }

    fn solve_one(&self, spec: &SolveSpec, source: &[f64], solution: &mut [f64]) -> Result<(u64, f64)> {
        let full = self.double.full();
        let context = full.context();
        let mut b = full.zeros()?;
        b.import(&self.double.grid, self.reals, source);
        let norm = b.norm2(context).sqrt();
        let mut x = full.zeros()?;
        if norm == 0.0 {
            solution.fill(0.0);
            return Ok((0, 0.0));
        }
        let mut iterations = 0;
        let (mut r, mut correction, mut scratch) = (full.zeros()?, full.zeros()?, full.zeros()?);
        let mut residual = 1.0;
        r.update(context, &b, |r, b| r.copy_from_slice(b));
        // What rounding leaves is solved for again.
        for _ in 0..8 {
            if residual <= spec.tolerance || iterations >= spec.max_iterations {
                break;
            }
            let stop = Stop { residual: 0.5 * spec.tolerance * norm, iterations: spec.max_iterations - iterations };
            iterations += self.correct(spec, &r, &mut correction, stop)?;
            x.add(context, 1.0, &correction);
            full.apply(Side::Plain, &x, &mut r, &mut scratch);
            r.scale_and_add(context, -1.0, &b);
            residual = r.norm2(context).sqrt() / norm;
        }
        x.export(&self.double.grid, self.reals, solution);
        Ok((iterations, residual))
    }

    /// An approximate solution of D x = b.
    fn correct(&self, spec: &SolveSpec, b: &Field<f64>, x: &mut Field<f64>, stop: Stop) -> Result<u64> {
        let solver = match (spec.solver, &self.single) {
            (Solver::Auto, Some(_)) => Solver::Mixed,
            (Solver::Auto, None) => Solver::Cg,
            (solver, _) => solver,
        };
        let odd = "solver: expected even extents for an even-odd form, got odd ones";
        let (single, exchange) = match (solver, &self.single) {
            (Solver::Cg, _) => return conjugate_gradient::solve(&self.double.full(), b, x, stop),
            (_, None) => return Err(Error::Unsupported(odd.into())),
            (_, Some((single, exchange))) => (single, exchange),
        };
        let schur = self.double.even_odd();
        if solver == Solver::CgEvenOdd {
            return schur.solve(b, x, &|b, x| conjugate_gradient::solve(&schur, b, x, stop));
        }
        let single = single.even_odd();
        let mixed = Mixed { double: &schur, single: &single, exchange, reals: self.reals };
        schur.solve(b, x, &|b, x| mixed_precision::solve(&mixed, b, x, stop))
    }
}
