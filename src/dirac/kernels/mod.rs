//! Operators in SIMD lanes: hopping terms, site-diagonal terms, and their timing.

pub(crate) mod clover;
pub(crate) mod clover_kernel;
pub(crate) mod hopping;
pub(crate) mod measure;
pub(crate) mod site;
pub(crate) mod staggered;
pub(crate) mod wilson;
pub(crate) mod wilson_kernel;
