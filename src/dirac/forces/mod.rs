//! Pseudofermions: their operators, the derivatives of these, and rational approximations.

pub(crate) mod clover_force;
pub(crate) mod fermion;
pub(crate) mod hopping_force;
pub(crate) mod rational_approximation;
pub(crate) mod spinor;
