//! Layers of links that move along their staples, near a defect: maps of a gauge field with their Jacobian and inverse.
//!
//! A layer is a sequence of sublayers, one for each class of links of one direction of which no two share a loop. Where loops are
//! plaquettes on even extents, a class is a direction and a parity; with rectangles there are more, since with two parities
//! every rectangle through a moved link would hold a second one. For a link U of a class, with the staples A_l of the loops
//! through it, which all stay,
//!
//! ```text
//! U' = exp(−Q) U,    Q = Σ_l ρ_l TA(U A_l)
//! ```
//!
//! C. Morningstar and M. Peardon, Phys. Rev. D 69, 054501 (2004); masked, with the Jacobian of each link by itself: R. Abbott et
//! al., arXiv:2305.02402. TA and the derivative of exp of unitary groups have norm at most 1, so that U ↦ exp(Q(U)) U' is a
//! contraction where Σ_l |ρ_l| < 1: then the map has one inverse, which its iteration finds, and a positive Jacobian.
//!
//! The coefficient ρ of a loop depends on its family, on its place with respect to the defect, on the distance of the link from the
//! defect, and on whether the link is parallel to the defect's: their number does not depend on the lattice. It may also depend
//! on traces of loops around the link that stay with the sublayer (`invariants.rs`), which changes nothing of the above.

mod gradient;
mod invariants;
mod kernel;
mod plan;
mod region;
mod rule;
#[cfg(test)]
mod tests;
mod trail;

pub(crate) use plan::MOST_STAPLES;
pub use plan::{Layers, Passage};
pub use region::Region;
pub use rule::{Rule, Table};
pub use trail::Trail;
