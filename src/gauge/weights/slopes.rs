//! Where sums over some loops put their slopes: into a gradient, or into the momenta of a trajectory.

use crate::group::Matrix;

/// Links of a field, and what is to be done with their slopes.
pub trait Slopes<const N: usize> {
    /// U_μ(x).
    fn link(&mut self, site: usize, mu: usize) -> Matrix<N>;

    /// Takes a share of the sum of U A over the staples A of a link.
    fn add(&mut self, site: usize, mu: usize, share: &Matrix<N>);
}
