//! Smoothing of links: stout and APE smearing, the Wilson flow and its scales.

mod ape;
mod spec;
mod stout;
mod wilson_flow;

pub use ape::ape;
pub use spec::SmearSpec;
pub use stout::stout;
pub use wilson_flow::{FlowSpec, Scales, WilsonFlow, scales};
