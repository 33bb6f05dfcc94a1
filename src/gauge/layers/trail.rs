//! The links that a layer has moved, as they were before.

use crate::error::Result;
use crate::memory;

/// The links of each sublayer before it.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    links: Vec<Vec<f64>>,
}

impl Trail {
    /// Keeps links of a field, by the places of their first numbers.
    pub(super) fn keep(
        &mut self,
        places: impl ExactSizeIterator<Item = usize>,
        reals: usize,
        field: &[f64],
    ) -> Result<()> {
        let mut kept = memory::reserved("links before a sublayer", places.len() * reals)?;
        for place in places {
            kept.extend_from_slice(&field[place..place + reals]);
        }
        self.links.push(kept);
        Ok(())
    }

    /// The links of the last sublayer, which is left out from then on.
    pub(super) fn back(&mut self) -> Vec<f64> {
        self.links.pop().unwrap_or_default()
    }
}
