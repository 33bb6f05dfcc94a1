//! Dirac operators: kernels in SIMD lanes, solvers, spectra.

mod chebyshev;
mod clover;
mod conjugate_gradient;
mod dense;
#[allow(clippy::module_inception)]
mod dirac;
mod field;
mod grid;
mod hopping;
mod hopping_term;
mod krylov;
mod linop;
mod measure;
mod mixed_precision;
mod operator;
mod ritz;
mod search;
mod site;
mod spec;
mod spectrum;
mod staggered;
mod wilson;

pub use dirac::{Dirac, Report, SolveSpec, Solver, Which};
pub use linop::{LinearMap, Map};
pub use measure::hopping_seconds;
pub use ritz::Extreme;
pub use spec::{Anisotropy, Coefficient, DiracSpec, Phase, StaggeredSpec, WilsonSpec};
pub use spectrum::{Method, Of, Spectrum, SpectrumSpec};
pub use staggered::First;
#[cfg(test)]
mod linop_tests;
#[cfg(test)]
mod spectrum_tests;
#[cfg(test)]
mod tests;
