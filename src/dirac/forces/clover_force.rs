//! The clover term's share of pseudofermion forces.
//!
//! With A = ... - (1/2) c_munu g_mu g_nu F_munu, F = (Q - Q^dag) / 8, a bilinear form changes by
//!
//! ```text
//! d(2 Re Y^dag A X) = sum_x sum_(mu < nu) Re tr(dQ_munu(x) L_munu(x)),   L = -(c / 8) (K - K^dag),
//! K = (g_mu g_nu X) Y^dag, summed over spin
//! ```
//!
//! so that each plaquette that contains a link contributes with L inserted at each of its four corners.
//! -log det(A^2 + t^2) has K = -(trace over spin of g_mu g_nu A (A^2 + t^2)^-1) in the place of (g_mu g_nu X) Y^dag.
//! K. Jansen, C. Liu, Comput. Phys. Commun. 99, 221 (1997), hep-lat/9603008.

use super::spinor::{gamma, outer};
use crate::context::Context;
use crate::dirac::kernels::clover::spin_product;
use crate::error::Result;
use crate::gauge::{Complex64, Links, Matrix};
use crate::lattice::Lattice;
use crate::memory;

/// Clover coefficients c_munu of the planes.
pub(crate) struct CloverForce {
    coefficients: Vec<Vec<f64>>,
}

impl CloverForce {
    /// `coefficients[mu][nu]` for mu < nu.
    pub fn new(coefficients: Vec<Vec<f64>>) -> Self {
        Self { coefficients }
    }

    /// L of a plane for spinors Y and X at a site.
    pub fn insertion<const N: usize>(
        &self,
        (mu, nu): (usize, usize),
        y: &[[Complex64; N]; 4],
        x: &[[Complex64; N]; 4],
        spins: usize,
    ) -> Matrix<N> {
        self.balanced((mu, nu), outer(&gamma(&gamma(x, nu, spins), mu, spins), y, spins))
    }

    /// L of a plane for -log det, from the blocks `[chirality][row][column]` of A (A^2 + t^2)^-1 at a site.
    pub fn trace<const N: usize>(&self, (mu, nu): (usize, usize), blocks: &[Complex64], spins: usize) -> Matrix<N> {
        let half = spins / 2;
        let size = half * N;
        let mut sum = Matrix::ZERO;
        for chirality in 0..2 {
            let spin = spin_product(half, (mu, nu), chirality);
            let own = &blocks[chirality * size * size..];
            for (s, row) in spin.iter().enumerate().take(half) {
                for (t, z) in row.iter().enumerate().take(half) {
                    for a in 0..N {
                        for b in 0..N {
                            sum.0[a][b] -= z * own[(t * N + a) * size + s * N + b];
                        }
                    }
                }
            }
        }
        self.balanced((mu, nu), sum)
    }

    fn balanced<const N: usize>(&self, (mu, nu): (usize, usize), k: Matrix<N>) -> Matrix<N> {
        (k - k.adjoint()).scale((-self.coefficients[mu][nu] / 8.0).into())
    }
}

/// L of all planes on all sites: `[site][plane]`.
pub(crate) struct Insertions<const N: usize> {
    planes: usize,
    matrices: Vec<Matrix<N>>,
}

/// Index of a plane, mu < nu.
fn plane((mu, nu): (usize, usize)) -> usize {
    nu * (nu - 1) / 2 + mu
}

impl<const N: usize> Insertions<N> {
    /// L of each plane on each site, computed by `at(site, plane)`.
    pub fn new(
        context: &Context,
        lattice: &Lattice,
        at: impl Fn(usize, (usize, usize)) -> Matrix<N> + Sync,
    ) -> Result<Self> {
        const SITES: usize = 16;
        let d = lattice.dimensions();
        let planes = d * (d - 1) / 2;
        let mut matrices = memory::filled("clover force", Matrix::ZERO, lattice.volume() * planes)?;
        context.share_chunks(&mut matrices, SITES * planes, |part, matrices| {
            for (k, matrices) in matrices.chunks_exact_mut(planes).enumerate() {
                for nu in 1..d {
                    for mu in 0..nu {
                        matrices[plane((mu, nu))] = at(part * SITES + k, (mu, nu));
                    }
                }
            }
        });
        Ok(Self { planes, matrices })
    }

    /// W of a link: the sum over its plaquettes with L inserted at their corners.
    pub fn around(&self, links: &Links, site: usize, mu: usize) -> Matrix<N> {
        let others = (0..links.neighbours.dimensions()).filter(|&nu| nu != mu);
        others.fold(Matrix::ZERO, |sum, nu| sum + self.above(links, site, (mu, nu)) - self.below(links, site, (mu, nu)))
    }

    /// L at a site, with the sign of the plane's orientation.
    fn at(&self, site: usize, (mu, nu): (usize, usize)) -> Matrix<N> {
        let (low, high, sign) = if mu < nu { (mu, nu, 1.0) } else { (nu, mu, -1.0) };
        self.matrices[site * self.planes + plane((low, high))].scale(sign.into())
    }

    /// The plaquette that turns from mu to nu.
    fn above(&self, links: &Links, site: usize, (mu, nu): (usize, usize)) -> Matrix<N> {
        let (side, top) = (links.neighbours.next(site, mu), links.neighbours.next(site, nu));
        let corner = links.neighbours.next(side, nu);
        let path = [links.link(side, nu), links.link::<N>(top, mu).adjoint(), links.link::<N>(site, nu).adjoint()];
        self.loop_of((links, (mu, nu)), [site, side, corner, top], path)
    }

    /// The plaquette that turns from mu to -nu.
    fn below(&self, links: &Links, site: usize, (mu, nu): (usize, usize)) -> Matrix<N> {
        let bottom = links.neighbours.previous(site, nu);
        let side = links.neighbours.next(site, mu);
        let corner = links.neighbours.next(bottom, mu);
        let path =
            [links.link::<N>(corner, nu).adjoint(), links.link::<N>(bottom, mu).adjoint(), links.link(bottom, nu)];
        self.loop_of((links, (mu, nu)), [site, side, corner, bottom], path)
    }

    /// Sum over the corners of the loop U a b c with L inserted there; L of the first corner stands behind c.
    fn loop_of(
        &self,
        (links, (mu, nu)): (&Links, (usize, usize)),
        corners: [usize; 4],
        [a, b, c]: [Matrix<N>; 3],
    ) -> Matrix<N> {
        let [l0, l1, l2, l3] = corners.map(|site| self.at(site, (mu, nu)));
        let u = links.link::<N>(corners[0], mu);
        let (bc, ab) = (b * c, a * b);
        u * (ab * (c * l0 + l3 * c) + (l1 * a + a * l2) * bc)
    }
}
