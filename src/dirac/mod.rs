//! Dirac operators: kernels in SIMD lanes, solvers, spectra.

mod basis;
mod block_conjugate_gradient;
mod block_fields;
mod chebyshev;
mod chronology;
mod clover;
mod clover_force;
mod conjugate_gradient;
mod deflation;
mod dense;
#[allow(clippy::module_inception)]
mod dirac;
mod eight;
mod faer_solvers;
mod fermion;
mod field;
mod force;
mod grid;
mod hermitian;
mod hopping;
mod hopping_term;
mod krylov;
mod lanczos;
mod links;
mod linop;
mod measure;
mod mixed_precision;
mod multi_shift;
mod operator;
mod rational_approximation;
mod ritz;
mod search;
mod site;
mod solve;
mod spec;
mod spectrum;
mod staggered;
mod third_row;
mod wilson;

pub use basis::Basis;
pub use dirac::{Dirac, Which};
pub(crate) use fermion::{Accuracy, Fermion, Fermions};
pub(crate) use field::Field;
pub(crate) use hermitian::Form;
pub(crate) use hopping::Side;
pub use linop::{LinearMap, Map};
pub use measure::{Kernel, Timed};
pub(crate) use multi_shift::Shifted;
pub use rational_approximation::RationalApproximation;
pub use ritz::Extreme;
pub use solve::{Report, SolveSpec, Solver};
pub(crate) use spec::factors;
pub use spec::{Anisotropy, Choice, Coefficient, DiracSpec, LinkNumbers, Phase, StaggeredSpec, WilsonSpec};
pub use spectrum::{Method, Of, Spectrum, SpectrumSpec};
pub use staggered::First;
#[cfg(test)]
mod covariance_tests;
#[cfg(test)]
mod every;
#[cfg(test)]
mod free_tests;
#[cfg(test)]
mod kernel_tests;
#[cfg(test)]
mod linop_tests;
#[cfg(test)]
mod solve_tests;
#[cfg(test)]
mod spectrum_tests;
#[cfg(test)]
mod tests;
