//! What the coefficients of loops are taken from.

/// The coefficients ρ of the loops through a link, from their places and the invariants around the link.
pub trait Rule: Sync {
    /// True where they depend on invariants.
    fn has_invariants(&self) -> bool;

    /// Writes ρ for the places of the loops through a link.
    fn rho(&self, invariants: [f64; 2], slots: &[u16], rho: &mut [f64]);

    /// Adds ∂f/∂(parameters) to a gradient, from ∂f/∂ρ of a link; returns ∂f/∂(invariants).
    fn back(&self, invariants: [f64; 2], slots: &[u16], by_rho: &[f64], gradient: &mut [f64]) -> [f64; 2];
}

/// One coefficient for each place, which is its own parameter.
pub struct Table<'a>(pub &'a [f64]);

impl Rule for Table<'_> {
    fn has_invariants(&self) -> bool {
        false
    }

    fn rho(&self, _: [f64; 2], slots: &[u16], rho: &mut [f64]) {
        rho.iter_mut().zip(slots).for_each(|(rho, &slot)| *rho = self.0[usize::from(slot)]);
    }

    fn back(&self, _: [f64; 2], slots: &[u16], by_rho: &[f64], gradient: &mut [f64]) -> [f64; 2] {
        slots.iter().zip(by_rho).for_each(|(&slot, by_rho)| gradient[usize::from(slot)] += by_rho);
        [0.0; 2]
    }
}
