//! Ways to take a convolution with fewer multiply-adds than its sum has.

use super::rows::{PRODUCTS, Rows};
use super::stencil::Stencil;
use super::torus::Torus;

/// A way other than the sum.
#[derive(Debug)]
pub(super) enum Short {
    /// Short convolutions along rows.
    Rows(Rows),
    /// Fourier transforms on a torus.
    Torus(Torus),
}

impl Short {
    /// The way that costs least, where it costs less than the sum.
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
