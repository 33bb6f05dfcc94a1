//! A velocity with its divergence.

use crate::program::Node;

/// A recorded velocity with its divergence, a wide number.
#[derive(Clone, Copy, Debug)]
pub struct Flux {
    /// dφ/dt.
    pub velocity: Node,
    /// sum_x d(dφ_x/dt) / dφ_x.
    pub divergence: Node,
}
