//! Parts of the spectrum of a Dirac operator: eigenvalues of D, of its hermitian form H, of D^dag D, and singular values.
//!
//! ```text
//! D v = lambda v,    H v = lambda v,    D^dag D v = lambda v,    D v = s u,  D^dag u = s v
//! ```
//!
//! with H = g_5 D - i t (Wilson) or -i (D - m) (staggered), as in `linop.rs`. Small operators are dense matrices
//! (`dense.rs`), ends of larger ones are searched for (`search.rs`). Each value comes with a residual computed anew:
//! |A v - lambda v| for |v| = 1, a bound of the distance to an eigenvalue where A is hermitian. Of a singular value it is
//! the smaller one of |D^dag D v - s^2 v| / s and s itself, since there is a singular value within either of them.

use super::dense;
use super::dirac::Dirac;
use super::linop::{LinearMap, Map};
use super::operator::Linear;
use super::ritz::{Extreme, Pairs, Symmetry};
use super::search::{Operator, Wanted, bound, search, sizes};
use super::solve::SolveSpec;
use crate::error::{Error, Result};
use crate::gauge::Complex64;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Whose spectrum.
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

/// How a part of a spectrum is found.
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
    /// The same for D^dag D behind Chebyshev filters.
    Chebyshev,
}

/// Which part of a spectrum is asked for, and how.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectrumSpec {
    /// Whose spectrum.
    pub of: Of,
    /// Which end, by magnitude or by real part.
    pub which: Extreme,
    /// Values that are expected; none where only the call tells.
    pub count: Option<u64>,
    /// How they are found.
    pub method: Method,
    /// |A v - lambda v| / |A| that is asked for, |A| the norm of the operator (of D^dag D for singular values).
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

/// Restarts after which a search is taken for one that stalls.
const PATIENCE: u64 = 30;

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
        let most = Self::most(dimension);
        if matches!(self.method, Method::Krylov | Method::Chebyshev) && count > most {
            return bad(format!("count: expected at most {most} of {dimension} values for a search, got {count}"));
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

    /// The largest part of a spectrum that can be searched for.
    pub(super) fn most(dimension: usize) -> usize {
        (1..=dimension / 3).rev().find(|&count| 2 * sizes(count).1 <= dimension).unwrap_or(0)
    }

    /// The end, by magnitude where eigenvalues are positive.
    fn end(&self) -> Extreme {
        if matches!(self.of, Of::Normal | Of::Singular) { self.which.of_positive() } else { self.which }
    }

    fn method(&self, count: usize, dimension: usize) -> Method {
        let is_dense = dimension <= SMALL || count > Self::most(dimension);
        match self.method {
            Method::Auto if is_dense => Method::Dense,
            Method::Auto if self.is_of_normal() => Method::Chebyshev,
            Method::Auto => Method::Krylov,
            method => method,
        }
    }
}

impl Dirac {
    /// `count` values at an end of a spectrum.
    ///
    /// Errors: `BadSpec` for a count or a tolerance without meaning; `NotConverged` where not all residuals became small
    /// enough, or a solve for the smallest eigenvalues of D did not converge; `Unsupported` for dense matrices that are
    /// too large.
    pub fn spectrum(&self, spec: &SpectrumSpec, count: usize) -> Result<Spectrum> {
        let start = Instant::now();
        let dimension = self.count() / 2;
        spec.check(count, dimension)?;
        let target = self.linear_map(match spec.of {
            Of::Dirac => Map::Dirac,
            Of::Hermitian => Map::Hermitian,
            Of::Normal | Of::Singular => Map::Normal,
        })?;
        let symmetry = spec.of.symmetry();
        if spec.of == Of::Dirac && !spec.which.is_by_magnitude() && !self.has_spins {
            let same = "which: expected smallest or largest for staggered fermions, whose eigenvalues all have the mass as \
                        their real part, got another";
            return Err(Error::BadSpec(same.into()));
        }
        let wanted = (spec.end(), count);
        let (pairs, restarts) = match spec.method(count, dimension) {
            Method::Dense if spec.of == Of::Singular => {
                (dense::singular(&self.linear_map(Map::Dirac)?, &target, wanted)?, 0)
            }
            Method::Dense => (dense::eigenvalues(&target, symmetry, wanted)?, 0),
            method => self.search(spec, &target, (method, count))?,
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
                Operator::Inverse(self, SolveSpec { tolerance, ..SolveSpec::default() })
            }
            _ if !spec.is_of_normal() => Operator::Same,
            _ if method == Method::Chebyshev => Operator::Filtered(&normal, bound),
            _ => Operator::Normal(&normal),
        };
        let residual = spec.tolerance * norm;
        let most = SpectrumSpec::most(self.count() / 2);
        let (mut left, mut widths) = (spec.max_restarts, [0, 4, 8].into_iter().peekable());
        loop {
            // A search that stalls at an edge among close eigenvalues is made anew with a wider window.
            let wider = widths.next().unwrap_or(0);
            let restarts = if widths.peek().is_some() { left.min(PATIENCE) } else { left };
            let wanted = Wanted {
                which: spec.end(),
                count: most.min(count + wider).max(count),
                residual,
                max_restarts: restarts,
                seed,
            };
            match search(target, operator(), spec.of.symmetry(), wanted) {
                Ok((mut pairs, done)) => {
                    pairs.split(count);
                    return Ok((pairs, spec.max_restarts - left + done));
                }
                Err(Error::NotConverged(_)) if left > restarts => left -= restarts,
                Err(error) => return Err(error),
            }
        }
    }

    /// Values as they are asked for, with their residuals.
    fn report(&self, of: Of, pairs: &Pairs) -> Result<Spectrum> {
        let real = |z: &Complex64| Complex64::from(z.re);
        let (mut values, mut residuals) = (pairs.values.clone(), pairs.residuals.clone());
        match of {
            Of::Dirac => {}
            Of::Hermitian | Of::Normal => values = values.iter().map(real).collect(),
            Of::Singular => {
                // |D v| is more exact than the root of an eigenvalue.
                let images = self.linear_map(Map::Dirac)?.times(pairs.vectors.as_ref());
                values = images.col_iter().map(|image| image.norm_l2().into()).collect();
                let bounds = residuals.iter().zip(&values).map(|(r, s)| if s.re * s.re > *r { r / s.re } else { s.re });
                residuals = bounds.collect();
            }
        }
        let mut vectors: Vec<f64> =
            pairs.vectors.col_iter().flat_map(|v| v.iter().flat_map(|z| [z.re, z.im])).collect();
        self.turn_back(&mut vectors);
        Ok(Spectrum { values, vectors, residuals, restarts: 0, seconds: 0.0 })
    }
}
