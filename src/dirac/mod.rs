//! Dirac operators: kernels in SIMD lanes, solvers, spectra.

mod basis;
mod end_slices;
mod forces;
mod kernels;
mod lanes;
mod linear;
mod operator;
mod side;
mod solve;
mod solvers;
mod spec;
mod spectra;

pub use basis::Basis;
pub(crate) use forces::fermion::{Accuracy, Fermion, Fermions};
pub use forces::rational_approximation::RationalApproximation;
pub use kernels::measure::{Measured, Timed};
pub use kernels::staggered::First;
pub(crate) use lanes::field::Field;
pub use operator::{Dirac, Which};
pub(crate) use side::Side;
pub use solve::{Report, SolveSpec, Solver};
pub(crate) use solvers::hermitian::Form;
pub(crate) use solvers::multi_shift::Shifted;
pub(crate) use spec::factors;
pub use spec::{Anisotropy, Choice, Coefficient, DiracSpec, LinkNumbers, Phase, StaggeredSpec, WilsonSpec};
pub use spectra::linear_map::{LinearMap, Map};
pub use spectra::ritz::Extreme;
pub use spectra::spectrum::{Method, Of, Spectrum, SpectrumSpec};
#[cfg(test)]
mod tests;
