//! D or its adjoint.

/// D or D^dag; they differ in the signs of g_mu in the hopping term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// D.
    Plain,
    /// D^dag.
    Adjoint,
}
