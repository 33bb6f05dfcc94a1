//! Families of closed loops and the staples that they leave when a link is taken out.
//!
//! The staples of U = U_μ(x) lead from x + μ back to x: Σ over all loops that hold U, and over the places where they
//! hold it, of Re tr of the loop is Re tr U A with the sum A of the staples. A loop that holds U† is followed in the
//! other direction.

use crate::gauge::paths::{Links, Step};
use crate::group::{Complex64, Matrix};

/// Loops of one shape in all planes.
#[derive(Clone, Debug)]
pub struct Loops {
    /// Links of one loop.
    length: usize,
    /// The loops of one site.
    closed: Vec<Vec<Step>>,
    /// The staples of one link, by its direction.
    staples: Vec<Vec<Vec<Step>>>,
}

impl Loops {
    /// The 1 x 1 loops in d dimensions: d(d − 1)/2 for each site.
    pub fn plaquettes(dimensions: usize) -> Self {
        let pairs = (1..dimensions).flat_map(|nu| (0..nu).map(move |mu| (mu, nu)));
        Self::new(dimensions, pairs.map(|(mu, nu)| rectangle([(mu, 1), (nu, 1)])).collect())
    }

    /// The 2 x 1 loops in d dimensions: d(d − 1) for each site.
    pub fn rectangles(dimensions: usize) -> Self {
        let pairs = (0..dimensions).flat_map(|nu| (0..dimensions).map(move |mu| (mu, nu)));
        let closed = pairs.filter(|(mu, nu)| mu != nu).map(|(mu, nu)| rectangle([(mu, 2), (nu, 1)]));
        Self::new(dimensions, closed.collect())
    }

    /// The loops around two plaquettes that share a link and lie in different planes: 2 d(d − 1)(d − 2) for each site.
    pub fn chairs(dimensions: usize) -> Self {
        let all = || 0..dimensions;
        let triples = all().flat_map(|e| all().flat_map(move |f| (f + 1..dimensions).map(move |g| (e, f, g))));
        let both = |nu: usize| [Step::Forward(nu), Step::Backward(nu)];
        let closed = triples.filter(|(e, f, g)| e != f && e != g).flat_map(|(e, f, g)| {
            both(f).into_iter().flat_map(move |f| {
                both(g).map(|g| vec![f, Step::Forward(e), f.reversed(), g, Step::Backward(e), g.reversed()])
            })
        });
        Self::new(dimensions, closed.collect())
    }

    fn new(dimensions: usize, closed: Vec<Vec<Step>>) -> Self {
        let staples = (0..dimensions).map(|mu| closed.iter().flat_map(|path| staples(path, mu)).collect()).collect();
        Self { length: closed.first().map_or(1, Vec::len), closed, staples }
    }

    /// The loops of one site.
    pub fn closed(&self) -> &[Vec<Step>] {
        &self.closed
    }

    /// The staples of a link of a direction, as paths from its end to its start.
    pub fn staples(&self, mu: usize) -> &[Vec<Step>] {
        &self.staples[mu]
    }

    /// The sum A of the staples of a link.
    #[inline]
    pub fn staple<const N: usize>(&self, links: &Links, site: usize, mu: usize) -> Matrix<N> {
        let end = links.neighbours.next(site, mu);
        self.staples[mu].iter().fold(Matrix::ZERO, |sum, path| sum + links.product(end, path))
    }

    /// Σ (1 − Re tr / N) over the loops that start at a site.
    pub fn defect<const N: usize>(&self, links: &Links, site: usize) -> f64 {
        self.traces::<N>(links, site).map(|trace| 1.0 - trace.re / N as f64).sum()
    }

    /// The traces of the loops that start at a site.
    pub fn traces<const N: usize>(&self, links: &Links, site: usize) -> impl Iterator<Item = Complex64> {
        self.closed.iter().map(move |path| links.product::<N>(site, path).trace())
    }

    /// A link's share of Σ (1 − Re tr / N) over all loops, from Re tr U A.
    pub fn share(&self, mu: usize, trace: f64, colours: usize) -> f64 {
        (self.staples[mu].len() as f64 - trace / colours as f64) / self.length as f64
    }
}

/// Around a rectangle, first along the first side.
fn rectangle([(mu, r), (nu, t)]: [(usize, usize); 2]) -> Vec<Step> {
    let side = |step: Step, count: usize| std::iter::repeat_n(step, count);
    let there = side(Step::Forward(mu), r).chain(side(Step::Forward(nu), t));
    there.chain(side(Step::Backward(mu), r)).chain(side(Step::Backward(nu), t)).collect()
}

/// The rest of a loop without one of its links in direction μ, for each such link.
fn staples(path: &[Step], mu: usize) -> Vec<Vec<Step>> {
    let backward: Vec<Step> = path.iter().rev().map(|step| step.reversed()).collect();
    let opened = |path: &[Step]| -> Vec<Vec<Step>> {
        let places = (0..path.len()).filter(|&place| path[place] == Step::Forward(mu));
        places.map(|place| path[place + 1..].iter().chain(&path[..place]).copied().collect()).collect()
    };
    opened(path).into_iter().chain(opened(&backward)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_its_number_of_staples() {
        for d in 2..=4 {
            let (plaquettes, rectangles) = (Loops::plaquettes(d), Loops::rectangles(d));
            assert_eq!((plaquettes.closed.len(), rectangles.closed.len()), (d * (d - 1) / 2, d * (d - 1)));
            let chairs = Loops::chairs(d);
            assert_eq!(chairs.closed.len(), 2 * d * (d - 1) * (d - 2));
            for mu in 0..d {
                assert_eq!(chairs.staples[mu].len(), 12 * (d - 1) * (d - 2));
                assert!(chairs.staples[mu].iter().all(|path| path.len() == 5));
                assert_eq!(plaquettes.staples[mu].len(), 2 * (d - 1));
                assert_eq!(rectangles.staples[mu].len(), 6 * (d - 1));
                assert!(plaquettes.staples[mu].iter().all(|path| path.len() == 3));
                assert!(rectangles.staples[mu].iter().all(|path| path.len() == 5));
            }
        }
    }
}
