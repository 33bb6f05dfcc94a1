//! Local polynomial actions, the normal form of all φ⁴ conventions.
//!
//!     S = Σ_x [ q_x φ_x² + u_x φ_x⁴ − j_x φ_x ] − Σ_r h_r Σ_x φ_x φ_{x+r}

/// A coupling, the same on all sites or one for each.
#[derive(Clone, Debug, PartialEq)]
pub enum Coupling {
    /// The same number on all sites.
    Uniform(f64),
    /// One number for each site, x fastest.
    PerSite(Vec<f64>),
}

impl Coupling {
    /// The coupling at a site.
    #[inline]
    pub fn at(&self, site: usize) -> f64 {
        match self {
            Coupling::Uniform(value) => *value,
            Coupling::PerSite(values) => values[site],
        }
    }
}

/// One hopping term − h Σ_x φ_x φ_{x+r}.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Displacement r, x first.
    pub displacement: Vec<i64>,
    /// Strength h.
    pub strength: f64,
}

/// The couplings of a local polynomial action.
#[derive(Clone, Debug, PartialEq)]
pub struct Polynomial {
    /// q_x, in front of φ².
    pub quadratic: Coupling,
    /// u_x, in front of φ⁴.
    pub quartic: Coupling,
    /// j_x, in front of −φ.
    pub source: Coupling,
    /// Hopping terms; each unordered pair of directions ±r is listed once.
    pub hops: Vec<Hop>,
}
