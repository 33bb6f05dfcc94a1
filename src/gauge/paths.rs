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

    /// The direction μ.
    pub fn direction(self) -> usize {
        match self {
            Step::Forward(mu) | Step::Backward(mu) => mu,
        }
    }

    /// The site where it ends.
    pub fn end(self, neighbours: &Neighbours, site: usize) -> usize {
        match self {
            Step::Forward(mu) => neighbours.next(site, mu),
            Step::Backward(mu) => neighbours.previous(site, mu),
        }
    }
}

/// The links of a path that starts at a site: site and direction of each, and whether the path follows it backwards.
pub fn links_along(neighbours: &Neighbours, mut site: usize, path: &[Step]) -> Vec<(usize, usize, bool)> {
    let link = |step: &Step| {
        let (from, mu) = (site, step.direction());
        site = step.end(neighbours, site);
        let is_back = *step == Step::Backward(mu);
        (if is_back { site } else { from }, mu, is_back)
    };
    path.iter().map(link).collect()
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
