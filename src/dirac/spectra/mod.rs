//! Spectra of operators: dense matrices, and ends of a spectrum by block Krylov spaces.

pub(crate) mod chebyshev;
pub(crate) mod cost;
pub(crate) mod deflation;
pub(crate) mod dense;
pub(crate) mod krylov;
pub(crate) mod linear_map;
pub(crate) mod matrix;
pub(crate) mod ritz;
pub(crate) mod search;
pub(crate) mod spectrum;
