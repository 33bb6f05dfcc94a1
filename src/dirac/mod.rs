//! Dirac operators: kernels in SIMD lanes, solvers, spectra.

mod clover;
mod conjugate_gradient;
#[allow(clippy::module_inception)]
mod dirac;
mod field;
mod grid;
mod hopping;
mod hopping_term;
mod links;
mod measure;
mod mixed_precision;
mod operator;
mod site;
mod spec;
mod staggered;
mod wilson;

pub use dirac::{Dirac, Report, SolveSpec, Solver, Which};
pub use measure::{Kernel, Timed};
pub use spec::{Anisotropy, Choice, Coefficient, DiracSpec, LinkNumbers, Phase, StaggeredSpec, WilsonSpec};
pub use staggered::First;
#[cfg(test)]
mod tests;
