//! Dirac operators: kernels in SIMD lanes, solvers, spectra.

mod clover;
mod conjugate_gradient;
#[allow(clippy::module_inception)]
mod dirac;
mod field;
mod grid;
mod hermitian;
mod hopping;
mod hopping_term;
mod measure;
mod mixed_precision;
mod operator;
mod site;
mod solve;
mod spec;
mod staggered;
mod wilson;

pub use dirac::{Dirac, Which};
pub use measure::hopping_seconds;
pub use solve::{Report, SolveSpec, Solver};
pub use spec::{Anisotropy, Coefficient, DiracSpec, Phase, StaggeredSpec, WilsonSpec};
pub use staggered::First;
#[cfg(test)]
mod tests;
