//! A Dirac operator on a gauge field, for fields in the canonical order.
//!
//! Spinors are `[site][spin][colour][re, im]`, colour fastest but for re and im, x the fastest index of the site.

use super::basis::{Spin, adjoint, rotate};
use super::kernels::clover::Blocks;
use super::kernels::clover_kernel::{Clover, Regular};
use super::kernels::hopping::HoppingTerm;
use super::kernels::site::Site;
use super::kernels::staggered::{self, First};
use super::kernels::wilson::{Parts, wilson};
use super::lanes::field::Field;
use super::lanes::grid::Grid;
use super::linear::{EvenOdd, Full, Linear};
use super::side::Side;
use super::solvers::low_modes::LowModes;
use super::solvers::mixed_precision::Exchange;
use super::spec::{DiracSpec, factors};
use crate::context::Context;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::gauge::{Complex64, Gauge};
use crate::memory;
use crate::progress;
use crate::simd::Native;
use std::sync::{Arc, Mutex};

/// Fields that are applied in one pass over the links.
const TOGETHER: usize = 12;

/// A Dirac operator.
pub struct Dirac {
    pub(crate) double: Lined<f64>,
    /// The operator in f32, with the table of odd sites in both precisions; None without an even-odd form.
    pub(crate) single: Option<(Lined<f32>, Arc<Exchange>)>,
    pub(crate) reals: usize,
    /// True where the Schur complement is hermitian and positive: staggered, with a mass above 0.
    pub(crate) is_positive: bool,
    /// Rotation between the gamma basis of the kernels and that of the spec; None where they are equal.
    rotation: Option<Spin>,
    volume: usize,
    /// Low modes of an earlier solve.
    pub(crate) low_modes: Mutex<Option<Arc<LowModes>>>,
    /// True for Wilson operators, false for staggered ones.
    pub(crate) has_spins: bool,
}

/// An operator in lanes of a precision.
pub(crate) struct Lined<T> {
    pub grid: Arc<Grid>,
    pub hopping: Arc<HoppingTerm<T>>,
    pub site: Arc<Site<T>>,
}

/// Parameters and links that an operator in lanes is built from.
enum Recipe<'a> {
    Wilson { gauge: &'a Gauge, parts: Parts, diagonal: f64, twist: f64, blocks: Option<Regular> },
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

impl<T: Native> Lined<T> {
    fn new(context: &Arc<Context>, recipe: &Recipe, grid: Arc<Grid>) -> Result<Self> {
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
            // The mass term is 2 m in the normalisation of the given links.
            Recipe::Improved { fat, long, mass } => {
                (staggered::improved(context, &grid, fat, long)?, number(2.0 * mass))
            }
        };
        Ok(Self { grid, hopping: Arc::new(hopping), site: Arc::new(site) })
    }

    /// D on all sites.
    pub fn full(&self) -> Full<T> {
        Full { hopping: Arc::clone(&self.hopping), site: Arc::clone(&self.site) }
    }

    /// Its Schur complement on the odd sites.
    pub fn even_odd(&self) -> EvenOdd<T> {
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
fn exchange(double: &Grid, single: &Grid) -> Result<Exchange> {
    let place = |grid: &Grid, (outer, lane): (u32, u32), width: usize| {
        (outer as usize).checked_sub(grid.even).map(|outer| (outer * width) as u32 + lane)
    };
    let pairs = double.places.iter().zip(&single.places);
    let mut odd = memory::reserved("places of the odd sites", double.places.len())?;
    odd.extend(pairs.filter_map(|(&a, &b)| Some((place(double, a, f64::WIDTH)?, place(single, b, f32::WIDTH)?))));
    Ok(Exchange(odd))
}

/// The operator that is applied.
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

impl Dirac {
    /// An operator on a gauge field.
    pub fn new(context: &Arc<Context>, gauge: &Gauge, spec: &DiracSpec) -> Result<Self> {
        Self::made(context, gauge, spec, None)
    }

    /// The operator of a spec on another field of the same kind, with the tables of this one.
    pub(crate) fn on(&self, gauge: &Gauge, spec: &DiracSpec) -> Result<Self> {
        Self::made(&self.double.hopping.context, gauge, spec, Some(self))
    }

    fn made(context: &Arc<Context>, gauge: &Gauge, spec: &DiracSpec, like: Option<&Self>) -> Result<Self> {
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
                let (boundary, numbers) = (factors(&spec.boundary, dimensions)?, spec.link_numbers()?);
                let ends = spec.end_slices(gauge.lattice())?;
                let parts = Parts { weights, boundary, numbers, ends };
                let twist = finite("twist", spec.twist)?;
                let regular = |c: Vec<Vec<f64>>| {
                    let blocks = Blocks::clover(gauge, diagonal, &c)?;
                    Regular::new(if let Some(ends) = &ends { blocks.between(ends) } else { blocks }, twist)
                };
                // Numbers that differ between the slices are blocks too.
                let zeros = ends.map(|_| vec![vec![0.0; dimensions]; dimensions]);
                let blocks = spec.clover(dimensions)?.or(zeros).map(regular).transpose()?;
                Recipe::Wilson { gauge, parts, diagonal, twist, blocks }
            }
            DiracSpec::Staggered(spec) => {
                expect_phases(gauge, spec.first)?;
                let boundary = factors(&spec.boundary, dimensions)?;
                Recipe::Staggered { gauge, first: spec.first, boundary, mass: finite("mass", spec.mass)? }
            }
        };
        let mut dirac = Self::of(context, &recipe, like)?;
        if let DiracSpec::Wilson(spec) = spec {
            dirac.rotation = spec.rotation(dimensions)?;
        }
        Ok(dirac)
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
        Self::of(context, &Recipe::Improved { fat, long, mass: finite("mass", mass)? }, None)
    }

    fn of(context: &Arc<Context>, recipe: &Recipe, like: Option<&Self>) -> Result<Self> {
        let lattice = recipe.gauge().lattice();
        let grid = like.map(|like| Arc::clone(&like.double.grid));
        let grid = grid.map_or_else(|| Grid::new(lattice, f64::WIDTH).map(Arc::new), Ok)?;
        let double = Lined::<f64>::new(context, recipe, grid)?;
        let single = if double.grid.is_bipartite() && double.site.is_regular() {
            let known = like.and_then(|like| like.single.as_ref());
            let grid = known.map(|(single, _)| Arc::clone(&single.grid));
            let grid = grid.map_or_else(|| Grid::new(lattice, f32::WIDTH).map(Arc::new), Ok)?;
            let single = Lined::<f32>::new(context, recipe, grid)?;
            let places = known.map(|(_, exchange)| Arc::clone(exchange));
            let places = places.map_or_else(|| exchange(&double.grid, &single.grid).map(Arc::new), Ok)?;
            Some((single, places))
        } else {
            None
        };
        let reals = double.hopping.spinor;
        let is_positive =
            matches!(*recipe, Recipe::Staggered { mass, .. } | Recipe::Improved { mass, .. } if mass > 0.0);
        let has_spins = matches!(recipe, Recipe::Wilson { .. });
        Ok(Self {
            double,
            single,
            reals,
            is_positive,
            rotation: None,
            volume: lattice.volume(),
            low_modes: Mutex::default(),
            has_spins,
        })
    }

    /// D in f64.
    pub(crate) fn double(&self) -> Full<f64> {
        self.double.full()
    }

    /// D in f32, where there is such a form.
    pub(crate) fn single(&self) -> Option<Full<f32>> {
        self.single.as_ref().map(|(form, _)| form.full())
    }

    /// The Schur complement in f64.
    #[cfg(test)]
    pub(crate) fn double_even_odd(&self) -> EvenOdd<f64> {
        self.double.even_odd()
    }

    /// Runs kernels of an instruction set that this processor has.
    #[cfg(test)]
    pub(crate) fn set_instructions(&mut self, instructions: crate::simd::Instructions) {
        Arc::get_mut(&mut self.double.hopping).expect("a term of its own").instructions = instructions;
        if let Some((form, _)) = &mut self.single {
            Arc::get_mut(&mut form.hopping).expect("a term of its own").instructions = instructions;
        }
    }

    /// Numbers of one spinor field.
    pub fn count(&self) -> usize {
        self.reals * self.volume
    }

    pub(crate) fn expect_fields(&self, what: &str, count: usize, numbers: &[f64]) -> Result<()> {
        expect_length(what, count.saturating_mul(self.count()), numbers.len())?;
        expect_finite(what, numbers)
    }

    /// Reads a spinor field from the canonical order and the basis of the spec.
    pub(crate) fn import(&self, numbers: &[f64], field: &mut Field<f64>) -> Result<()> {
        if self.rotation.is_none() {
            field.import(&self.double.grid, self.reals, numbers);
            return Ok(());
        }
        let mut turned = memory::cloned("spinors", numbers)?;
        self.turn(&mut turned);
        field.import(&self.double.grid, self.reals, &turned);
        Ok(())
    }

    /// Writes a spinor field in the canonical order and the basis of the spec.
    pub(crate) fn export(&self, field: &Field<f64>, numbers: &mut [f64]) {
        field.export(&self.double.grid, self.reals, numbers);
        self.turn_back(numbers);
    }

    /// Spinors from the basis of the spec to that of the kernels.
    pub(crate) fn turn(&self, numbers: &mut [f64]) {
        if let Some(rotation) = &self.rotation {
            rotate(rotation, self.reals / 8, numbers);
        }
    }

    /// Spinors from the basis of the kernels to that of the spec.
    pub(crate) fn turn_back(&self, numbers: &mut [f64]) {
        if let Some(rotation) = &self.rotation {
            rotate(&adjoint(rotation), self.reals / 8, numbers);
        }
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
        let _work = progress::begin("apply", count.div_ceil(TOGETHER) as u64);
        let fields = || (0..count.min(TOGETHER)).map(|_| full.zeros()).collect::<Result<Vec<_>>>();
        let (mut x, mut y) = (fields()?, fields()?);
        // The operator on all sites needs no scratch field.
        let mut scratch: Vec<Field<f64>> = x.iter().map(|_| Field::default()).collect();
        let group = TOGETHER * self.count();
        for (from, to) in from.chunks(group).zip(to.chunks_mut(group)) {
            let count = from.len() / self.count();
            for (x, from) in x.iter_mut().zip(from.chunks_exact(self.count())) {
                self.import(from, x)?;
            }
            for &side in sides {
                full.apply_many(side, &x[..count], &mut y[..count], &mut scratch[..count]);
                std::mem::swap(&mut x, &mut y);
            }
            for (x, to) in x.iter().zip(to.chunks_exact_mut(self.count())) {
                self.export(x, to);
            }
            progress::step("apply", f64::NAN)?;
        }
        Ok(())
    }
}
