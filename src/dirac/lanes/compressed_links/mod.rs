//! Links of SU(3) in fewer than 18 numbers.

pub(crate) mod eight;
pub(crate) mod third_row;
