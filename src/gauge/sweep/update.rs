//! What a sweep does.

/// What a sweep does to each link, in the density exp(Re tr U B) of its staples B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// It is drawn anew, from the stream of its number: site d + μ in d dimensions.
    Heat {
        /// Seed of the streams.
        seed: u64,
    },
    /// It is moved as far as it goes at the same density.
    Reflect,
}

/// A sweep over the links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    /// What it does to each link.
    pub update: Update,
    /// Strength of the links of the defect, where there is one.
    pub strength: f64,
    /// Classes and subgroups in the reverse order: the sweep that reverses this one in equilibrium.
    pub is_reversed: bool,
}
