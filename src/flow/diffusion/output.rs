//! The output of a network of a score.

use crate::program::Node;

/// A recorded output of a network, with its divergence, a wide number.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// N(x; t).
    pub value: Node,
    /// sum_i dN_i / dx_i.
    pub divergence: Node,
}
