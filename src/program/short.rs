//! Algorithms for a convolution with fewer multiply-adds than its direct sum.

use super::rows::{PRODUCTS, Rows};
use super::stencil::Stencil;
use super::torus::Torus;

/// An algorithm other than the direct sum.
#[derive(Debug)]
pub(super) enum Short {
    /// Short convolutions along rows.
    Rows(Rows),
    /// Fourier transforms on a torus.
    Torus(Torus),
}

impl Short {
    /// The algorithm of least cost, if it costs less than the direct sum.
    pub fn find(stencil: &Stencil, inputs: usize, outputs: usize) -> Option<Self> {
        let (sites, taps) = (stencil.outputs(), stencil.taps());
        let rows = if Rows::could_pay(sites, taps, inputs, outputs) { Rows::find(stencil, inputs) } else { None };
        let rows = rows.map(|rows| (rows.cost(taps, inputs, outputs), Self::Rows(rows)));
        let cost = Torus::cost(sites, inputs, outputs);
        let least = rows.as_ref().map_or(usize::MAX, |rows| rows.0).min(sites * taps * inputs * outputs);
        match if cost < least { Torus::find(stencil) } else { None } {
            Some(torus) => Some(Self::Torus(torus)),
            None => rows.filter(|rows| rows.0 == least).map(|rows| rows.1),
        }
    }

    /// Numbers that a pair of channels has in packed weights.
    pub fn packed(&self, taps: usize) -> usize {
        match self {
            Self::Rows(_) => taps / 3 * PRODUCTS,
            Self::Torus(torus) => torus.volume(),
        }
    }

    /// Lines of scratch memory.
    pub fn scratch(&self, inputs: usize, outputs: usize) -> usize {
        match self {
            Self::Rows(rows) => PRODUCTS * rows.slots * inputs,
            Self::Torus(torus) => torus.scratch(inputs, outputs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_way_is_taken() {
        let way =
            |extents: &[usize], inputs, outputs| match Short::find(&Stencil::of_lattice(extents, 3), inputs, outputs) {
                None => "sum",
                Some(Short::Rows(_)) => "rows",
                Some(Short::Torus(_)) => "torus",
            };
        // Transforms of eight channels do not pay with one on the other side, nor those of two inputs with one output.
        assert_eq!([way(&[8, 8], 1, 8), way(&[8, 8], 8, 1), way(&[8, 8], 2, 1)], ["sum"; 3]);
        assert_eq!([way(&[8, 8], 8, 8), way(&[16, 10], 16, 16), way(&[6, 6], 4, 32)], ["torus"; 3]);
        // There are no Fourier transforms of rows of 14 or 20 sites, nor in three dimensions.
        assert_eq!([way(&[14, 8], 16, 16), way(&[20, 20], 16, 16), way(&[8, 8, 8], 8, 8)], ["rows"; 3]);
    }
}
