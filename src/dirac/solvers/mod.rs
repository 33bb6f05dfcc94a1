//! Iterations that solve linear systems of operators in lanes.

pub(crate) mod block_conjugate_gradient;
pub(crate) mod conjugate_gradient;
pub(crate) mod faer_solvers;
pub(crate) mod hermitian;
pub(crate) mod independent;
pub(crate) mod initial_guess;
pub(crate) mod lanczos;
pub(crate) mod low_modes;
pub(crate) mod mixed_precision;
pub(crate) mod multi_shift;
pub(crate) mod refine;
pub(crate) mod rounding;
