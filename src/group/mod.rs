//! The groups U(1), SU(2) and SU(3): matrices, their algebra and exponential, alone and in SIMD lanes; heat baths of one link.

mod algebra;
mod colours;
mod deviation;
mod differential;
mod heatbath;
mod lie_group;
mod matrix;
mod polar;
mod quaternion;
pub(crate) mod structure;
mod von_mises;
pub(crate) mod wide;
pub(crate) mod wide_exponential;
pub(crate) mod wide_heatbath;
mod wide_quaternion;
pub(crate) mod wide_jacobian;
pub(crate) mod wide_response;
pub(crate) mod wide_rows;

pub use algebra::draw_momenta;
pub(crate) use colours::with_colours;
pub(crate) use deviation::{farther_than, farthest};
pub use differential::Differential;
pub use heatbath::{heat, reflect};
pub use lie_group::{Group, exponential, generator, haar};
pub use matrix::{Complex64, Matrix};
