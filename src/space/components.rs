//! Components of a field that was made complex.

/// Complex numbers on each site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Components {
    /// One: a real scalar φ made complex.
    One,
    /// Two: φ_1 and φ_2 of a complex scalar (φ_1 + i φ_2)/√2, each made complex.
    Two,
}

impl Components {
    /// Number of components.
    pub fn count(self) -> usize {
        match self {
            Components::One => 1,
            Components::Two => 2,
        }
    }
}
