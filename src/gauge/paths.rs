//! Products of links along paths.

use crate::group::Matrix;
use crate::lattice::Neighbours;

/// One link of a path: along direction μ, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// x → x + μ, with U_μ(x).
    Forward(usize),
    /// x → x − μ, with U_μ(x − μ)†.
    Backward(usize),
}

impl Step {
    /// The same link in the other direction.
    pub fn reversed(self) -> Self {
        match self {
            Step::Forward(mu) => Step::Backward(mu),
            Step::Backward(mu) => Step::Forward(mu),
        }
    }
}

/// Read access to all links of a field, with the neighbours of its lattice.
#[derive(Clone, Copy)]
pub struct Links<'a> {
    /// The numbers of the field.
    pub numbers: &'a [f64],
    /// The neighbours.
    pub neighbours: &'a Neighbours,
}

impl Links<'_> {
    /// U_μ(x).
    #[inline]
    pub fn link<const N: usize>(&self, site: usize, mu: usize) -> Matrix<N> {
        let start = (site * self.neighbours.dimensions() + mu) * 2 * N * N;
        Matrix::from_reals(&self.numbers[start..start + 2 * N * N])
    }

    /// The ordered product along a path that starts at a site.
    #[inline]
    pub fn product<const N: usize>(&self, mut site: usize, path: &[Step]) -> Matrix<N> {
        let mut product = Matrix::unit();
        for (place, step) in path.iter().enumerate() {
            product = match *step {
                Step::Forward(mu) => {
                    let link = self.link(site, mu);
                    site = self.neighbours.next(site, mu);
                    if place == 0 { link } else { product * link }
                }
                Step::Backward(mu) => {
                    site = self.neighbours.previous(site, mu);
                    let link = self.link::<N>(site, mu).adjoint();
                    if place == 0 { link } else { product * link }
                }
            };
        }
        product
    }
}
