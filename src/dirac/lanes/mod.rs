//! How lattices, spinor fields and links lie in SIMD lanes.

pub(crate) mod block_fields;
pub(crate) mod compressed_links;
pub(crate) mod field;
pub(crate) mod grid;
pub(crate) mod links;
