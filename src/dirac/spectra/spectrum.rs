//! Parts of the spectrum of a Dirac operator: eigenvalues of D, of its hermitian form H, of D^dag D, and singular
//! values.
//!
//! ```text
//! D v = lambda v,    H v = lambda v,    D^dag D v = lambda v,    D v = s u,  D^dag u = s v
//! ```
//!
//! with H = g_5 D - i t (Wilson) or -i (D - m) (staggered), as in `linear_map.rs`. Small operators are dense matrices
//! (`dense.rs`), ends of larger ones are searched for (`search.rs`). Each value comes with a residual computed anew:
//! |A v - lambda v| for |v| = 1, a bound of the distance to an eigenvalue where A is hermitian. Of a singular value it
//! is the smaller one of |D^dag D v - s^2 v| / s and s itself, since there is a singular value within either of them.

use super::cost::{APPLICATION, Cycle, Dense, MOST_CHOSEN, Usual};
use super::dense;
use super::linear_map::{LinearMap, Map};
use super::matrix::zeros;
use super::ritz::{Extreme, Pairs, Symmetry};
use super::search::{Operator, Wanted, bound, most, search, sizes};
use crate::dirac::linear::Linear;
use crate::dirac::operator::Dirac;
use crate::dirac::solve::SolveSpec;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use crate::memory;
use crate::progress;
use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::time::Instant;

/// The operator whose spectrum is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Complex eigenvalues of D.
    #[default]
    Dirac,
    /// Eigenvalues of the hermitian form H: g_5 D - i t, or -i (D - m) for staggered operators.
    Hermitian,
    /// Eigenvalues of D^dag D.
    Normal,
    /// Singular values of D.
    Singular,
}

impl Of {
    fn symmetry(self) -> Symmetry {
        if self == Of::Dirac { Symmetry::General } else { Symmetry::Hermitian }
    }
}

/// Methods that find a part of a spectrum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Dense where that is fast or all that is possible, else the fastest search.
    #[default]
    Auto,
    /// The whole spectrum of the matrix.
    Dense,
    /// A restarted block Krylov space of D^dag D, of D or H, or of the inverse of D for its smallest eigenvalues.
    Krylov,
    /// A restarted block Krylov space of Chebyshev filters of D^dag D.
    Chebyshev,
}

/// Part of a spectrum, and the method to find it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectrumSpec {
    /// The operator whose spectrum is computed.
    pub of: Of,
    /// End of the spectrum that is wanted, by magnitude or by real part.
    pub which: Extreme,
    /// Number of values that is expected; None where the call alone gives it.
    pub count: Option<u64>,
    /// Method by which the values are found.
    pub method: Method,
    /// Largest |A v - lambda v| / |A| that is accepted, |A| the norm of the operator (of D^dag D for singular values).
    pub tolerance: f64,
    /// Most restarts of a search.
    pub max_restarts: u64,
    /// Seed of the start vectors; that of the context where there is none.
    pub seed: Option<u64>,
}

impl Default for SpectrumSpec {
    fn default() -> Self {
        Self {
            of: Of::Dirac,
            which: Extreme::Smallest,
            count: None,
            method: Method::Auto,
            tolerance: 1e-10,
            max_restarts: 300,
            seed: None,
        }
    }
}

/// The largest residual at which a solve for the inverse is of use.
const LOOSE: f64 = 1e-4;

/// A part of a spectrum, the most wanted value first.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Eigenvalues or singular values; real ones have no imaginary part.
    pub values: Vec<Complex64>,
    /// Normalised vectors, one after the other, spinor fields in the canonical order; right ones of singular values.
    pub vectors: Vec<f64>,
    /// The residual of each value.
    pub residuals: Vec<f64>,
    /// Restarts of the search; 0 for dense ones.
    pub restarts: u64,
    /// Wall time.
    pub seconds: f64,
}

/// Rows of a matrix that is always taken as a dense one.
const SMALL: usize = 256;

impl SpectrumSpec {
    /// Checks the spec for `count` values of an operator on `dimension` complex numbers.
    pub fn check(&self, count: usize, dimension: usize) -> Result<()> {
        let bad = |text| Err(Error::BadSpec(text));
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return bad(format!("tolerance: expected a number between 0 and 1, got {}", self.tolerance));
        }
        match self.count {
            Some(known) if known != count as u64 => return bad(format!("count: expected {count}, got {known}")),
            _ if !(1..=dimension).contains(&count) => {
                return bad(format!("count: expected 1 to {dimension} values, got {count}"));
            }
            _ => {}
        }
        let largest = most(dimension);
        if matches!(self.method, Method::Krylov | Method::Chebyshev) && count > largest {
            return bad(format!("count: expected at most {largest} of {dimension} values for a search, got {count}"));
        }
        if self.method == Method::Chebyshev && !self.is_of_normal() {
            return bad(
                "method: expected dense or krylov for eigenvalues of D and for real parts, got chebyshev".into()
            );
        }
        Ok(())
    }

    /// True where the end of the spectrum is one of D^dag D.
    fn is_of_normal(&self) -> bool {
        match self.of {
            Of::Dirac => false,
            Of::Hermitian => self.which.is_by_magnitude(),
            Of::Normal | Of::Singular => true,
        }
    }

    /// The end, by magnitude where eigenvalues are positive.
    fn end(&self) -> Extreme {
        if matches!(self.of, Of::Normal | Of::Singular) { self.which.of_positive() } else { self.which }
    }

    /// A dense spectrum for these values.
    fn dense(&self) -> Dense {
        if self.of == Of::Singular { Dense::Singular } else { Dense::Eigen(self.of.symmetry()) }
    }

    /// Multiply-adds that a search by a method usually takes.
    fn usual_cost(&self, method: Method, count: usize, rows: usize) -> f64 {
        let usual = match (self.of, self.which, method) {
            (_, _, Method::Chebyshev) => Usual::FILTERED,
            (Of::Dirac, Extreme::Smallest, _) => Usual::INVERSE,
            _ => Usual::SAME,
        };
        let (kept, filled) = sizes(count);
        let image = usual.applications * APPLICATION * rows as f64;
        let symmetry = if method == Method::Chebyshev { Symmetry::Hermitian } else { self.of.symmetry() };
        usual.cycles * Cycle { rows, kept, filled, image, symmetry }.cost()
    }

    /// The method that is tried; 'auto' is the one of the least cost.
    pub(crate) fn method(&self, count: usize, dimension: usize) -> Method {
        if self.method != Method::Auto {
            return self.method;
        }
        let search = if self.is_of_normal() { Method::Chebyshev } else { Method::Krylov };
        // A search may take longer than is usual: it has to promise half the cost of the dense matrix.
        let is_cheaper =
            dimension <= MOST_CHOSEN && self.dense().cost(dimension) < 2.0 * self.usual_cost(search, count, dimension);
        let is_dense = dimension <= SMALL || count > most(dimension) || is_cheaper;
        if is_dense { Method::Dense } else { search }
    }
}

impl Dirac {
    /// `count` values at an end of a spectrum.
    ///
    /// Errors: `BadSpec` for a count or a tolerance without meaning; `NotConverged` where not all residuals became
    /// small enough, or a solve for the smallest eigenvalues of D did not converge; `Unsupported` for dense matrices
    /// that are too large.
    pub fn spectrum(&self, spec: &SpectrumSpec, count: usize) -> Result<Spectrum> {
        let _work = progress::begin("spectrum", 0);
        let start = Instant::now();
        let dimension = self.count() / 2;
        spec.check(count, dimension)?;
        let target = self.linear_map(match spec.of {
            Of::Dirac => Map::Dirac,
            Of::Hermitian => Map::Hermitian,
            Of::Normal | Of::Singular => Map::Normal,
        })?;
        if spec.of == Of::Dirac && !spec.which.is_by_magnitude() && !self.has_spins {
            let same = "which: expected smallest or largest for staggered fermions, whose eigenvalues all have the mass as \
                        their real part, got another";
            return Err(Error::BadSpec(same.into()));
        }
        let wanted = (spec.end(), count);
        let dense = || match spec.dense() {
            Dense::Singular => dense::singular(&self.linear_map(Map::Dirac)?, &target, wanted),
            Dense::Eigen(symmetry) => dense::eigenvalues(&target, symmetry, wanted),
        };
        let may_give_up = spec.method == Method::Auto && dimension <= MOST_CHOSEN;
        let (pairs, restarts) = match spec.method(count, dimension) {
            Method::Dense => (dense()?, 0),
            method => match self.search(spec, &target, (method, count)) {
                // A search that is not done by now costs more than the matrix.
                Err(Error::NotConverged(_)) if may_give_up => (dense()?, 0),
                found => found?,
            },
        };
        let mut spectrum = self.report(spec.of, &pairs)?;
        (spectrum.restarts, spectrum.seconds) = (restarts, start.elapsed().as_secs_f64());
        Ok(spectrum)
    }

    fn search(
        &self,
        spec: &SpectrumSpec,
        target: &LinearMap,
        (method, count): (Method, usize),
    ) -> Result<(Pairs, u64)> {
        let normal = self.linear_map(Map::Normal)?;
        let seed = spec.seed.unwrap_or(self.double.full().context().seed());
        let bound = bound(&normal, seed)?;
        let norm = if matches!(spec.of, Of::Normal | Of::Singular) { bound } else { bound.sqrt() };
        let operator = || match (spec.of, spec.which) {
            (Of::Dirac, Extreme::Smallest) => {
                let tolerance = (0.1 * spec.tolerance).max(1e-12);
                let solves = SolveSpec { tolerance, ..SolveSpec::default() };
                Operator::Inverse(Box::new(move |x, iterations| inverse(self, &solves, x, iterations)))
            }
            _ if !spec.is_of_normal() => Operator::Same,
            _ if method == Method::Chebyshev => Operator::Filtered(&normal, bound),
            _ => Operator::Normal(&normal),
        };
        let may_give_up = spec.method == Method::Auto && self.count() / 2 <= MOST_CHOSEN;
        let wanted = Wanted {
            which: spec.end(),
            count,
            residual: spec.tolerance * norm,
            max_restarts: spec.max_restarts,
            seed,
            most_work: if may_give_up { spec.dense().cost(self.count() / 2) } else { f64::INFINITY },
        };
        search(target, operator(), spec.of.symmetry(), wanted)
    }

    /// The requested values with their residuals.
    fn report(&self, of: Of, pairs: &Pairs) -> Result<Spectrum> {
        let real = |z: &Complex64| Complex64::from(z.re);
        let (mut values, mut residuals) = (pairs.values.clone(), pairs.residuals.clone());
        match of {
            Of::Dirac => {}
            Of::Hermitian | Of::Normal => values = values.iter().map(real).collect(),
            Of::Singular => {
                // |D v| is more exact than the root of an eigenvalue.
                let images = self.linear_map(Map::Dirac)?.times(pairs.vectors.as_ref())?;
                values = images.col_iter().map(|image| image.norm_l2().into()).collect();
                let bounds = residuals.iter().zip(&values).map(|(r, s)| if s.re * s.re > *r { r / s.re } else { s.re });
                residuals = bounds.collect();
            }
        }
        let mut vectors = memory::reserved("vectors", 2 * pairs.vectors.nrows() * pairs.vectors.ncols())?;
        vectors.extend(pairs.vectors.col_iter().flat_map(|v| v.iter().flat_map(|z| [z.re, z.im])));
        self.turn_back(&mut vectors);
        Ok(Spectrum { values, vectors, residuals, restarts: 0, seconds: 0.0 })
    }
}

/// D^-1 times each column; iterations are counted.
fn inverse(dirac: &Dirac, spec: &SolveSpec, from: MatRef<Complex64>, iterations: &Cell<u64>) -> Result<Mat<Complex64>> {
    let mut out = zeros(from.nrows(), from.ncols())?;
    let numbers = || memory::filled("vector of a solve", 0.0, 2 * from.nrows());
    let (mut source, mut solution) = (numbers()?, numbers()?);
    for (j, column) in from.col_iter().enumerate() {
        source.chunks_exact_mut(2).zip(column.iter()).for_each(|(to, z)| to.copy_from_slice(&[z.re, z.im]));
        dirac.turn_back(&mut source);
        let report = dirac.try_solve(spec, 1, &source, &mut solution)?;
        iterations.set(iterations.get() + report.iterations);
        // An inverse that is not exact slows the search down but spoils nothing: residuals are those of D.
        if report.residual.is_nan() || report.residual > LOOSE {
            report.expect_converged(spec).map_err(|e| e.within("spectrum"))?;
        }
        dirac.turn(&mut solution);
        solution.chunks_exact(2).enumerate().for_each(|(i, z)| out[(i, j)] = Complex64::new(z[0], z[1]));
    }
    Ok(out)
}
