//! The exact divergence of a network by its own gradient, several sites at a time.
//!
//! ```text
//! div N = sum_k e_k^T (dN/dx)^T e_k,   e_k = the sum of unit vectors at the sites of colour k
//! ```
//!
//! N_i depends on x_j only where each coordinate of i and j differs by at most the reach of the network. Two sites of a colour are
//! farther apart than that in some direction, so that a product picks up the diagonal of the Jacobian alone. A network that
//! sees the whole lattice has a colour for each site. Coleman and Moré, SIAM J. Numer. Anal. 20, 187 (1983).

use crate::error::{Error, Result};
use crate::lattice::{Lattice, coordinates};
use crate::memory;
use crate::program::{Arguments, Node, Recorder, Scan, Shape, Values};

/// Most colours, each of which costs a gradient.
pub const MOST_COLOURS: usize = 256;

/// Colours of the sites.
#[derive(Clone, Debug)]
pub struct Probes {
    colours: Vec<usize>,
    count: usize,
    /// Shape of the lattice, for messages.
    lattice: String,
}

/// Records N from a field, the functions of time and fixed values.
pub type Record<'a> = &'a dyn Fn(&mut Recorder, (Node, Node), &[Node]) -> Node;

impl Probes {
    /// Colours for networks of some reach in sites; None: the whole lattice.
    pub fn new(lattice: &Lattice, reach: Option<usize>) -> Result<Self> {
        // The smallest distance above the reach that divides an extent.
        let period = |&length: &usize| match reach {
            Some(reach) => (reach + 1..=length).find(|&period| length.is_multiple_of(period)).unwrap_or(length),
            None => length,
        };
        let periods: Vec<usize> = lattice.extent().iter().map(period).collect();
        let colour = |site| {
            let places = coordinates(site, lattice.extent());
            places.iter().zip(&periods).rev().fold(0, |colour, (x, period)| colour * period + x % period)
        };
        let count = periods.iter().product();
        let colours = memory::collected("colours of sites", (0..lattice.volume()).map(colour))?;
        Ok(Self { colours, count, lattice: lattice.shape() })
    }

    /// An error where there are too many colours.
    pub fn expect_few(&self) -> Result<()> {
        if self.count <= MOST_COLOURS {
            return Ok(());
        }
        let Self { count, lattice, .. } = self;
        Err(Error::Unsupported(format!(
            "model: expected a density by at most {MOST_COLOURS} gradients of the network at a time, got {count} on {lattice}: \
             the network sees too many sites; proposals of type 'path_ratio' and 'learned_langevin' need no density"
        )))
    }

    /// Records div N at a field.
    pub fn divergence(&self, recorder: &mut Recorder, of: (Node, Node), fixed: &[Node], record: Record) -> Node {
        let volume = self.colours.len();
        let units = (0..self.count).flat_map(|k| self.colours.iter().map(move |&colour| f64::from(colour == k)));
        let units: Vec<f64> = units.collect();
        let rows = recorder.table(&units, Shape::new(self.count, volume));
        let zero = recorder.constant(0.0, Shape::WIDE);
        let captured = [&[of.0, of.1], fixed].concat();
        let scan = Scan {
            count: self.count,
            keep: 1,
            carried: &[zero],
            rows: &[rows],
            captured: &captured,
            ..Scan::default()
        };
        let body = |body: &mut Recorder, given: &Arguments| {
            // A unit vector that depends on the field: the first step of the gradient is otherwise the same for all fields, and is
            // computed for all colours and times before the first one, gigabytes for a network that sees the whole lattice.
            let x = given.captured[0];
            let nothing = body.subtract(x, x);
            let unit = body.add(given.rows[0], nothing);
            let value = record(body, (x, given.captured[1]), &given.captured[2..]);
            let pulled = body.pull_back(&[(value, unit)], &[x])[0];
            let diagonal = body.multiply(pulled, unit);
            let part = body.total(diagonal);
            Values { carried: vec![body.add(given.carried[0], part)], stacked: vec![] }
        };
        recorder.repeat(&scan, body).carried[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_of_a_colour_are_farther_apart_than_the_reach() {
        for (extent, reach, count) in
            [(&[6, 8][..], 1, 4), (&[6, 8], 2, 12), (&[5, 4, 4], 1, 20), (&[16], 4, 8), (&[4, 4], 9, 16)]
        {
            let lattice = Lattice::new(extent).unwrap();
            let probes = Probes::new(&lattice, Some(reach)).unwrap();
            assert_eq!(probes.count, count);
            for (i, j) in (0..lattice.volume()).flat_map(|i| (0..i).map(move |j| (i, j))) {
                let (a, b) = (coordinates(i, extent), coordinates(j, extent));
                let apart = |k: usize| a[k].abs_diff(b[k]).min(extent[k] - a[k].abs_diff(b[k]));
                let is_far = (0..extent.len()).any(|k| apart(k) > reach);
                assert!(is_far || probes.colours[i] != probes.colours[j], "{extent:?}: {i} {j}");
            }
        }
        let error = Probes::new(&Lattice::new(&[20, 20]).unwrap(), None).unwrap().expect_few().unwrap_err();
        assert!(
            error.status() == 9
                && error.to_string().contains("at most 256 gradients of the network at a time, got 400 on 20 x 20"),
            "{error}"
        );
    }
}
