//! Programs: small operations in sequence, recorded once, differentiated, planned and run on batches of samples.
//!
//! Record with [`Recorder`], differentiate with [`Recorder::gradient`], name the results with [`Program::new`], plan
//! with [`Executable::new`], give it parameters with [`Executable::bind`], or parameters and conditions with
//! [`Executable::bind_at`], and run with [`Bound::run`]. What depends on these alone is computed once. On the CPU a block of
//! samples sits in the SIMD lanes and the whole program runs for one block out of the cache. Results of a sample depend
//! neither on the number of threads nor on the other samples.

mod arena;
mod convolution;
mod cpu;
mod dependence;
mod differentiate;
mod displacements;
mod executable;
mod feed;
mod finished;
mod flat;
mod fourier;
mod gradient;
mod hoist;
mod needs;
mod opencl;
mod operations;
mod places;
mod plan;
mod position;
mod prelude;
mod recorder;
mod rows;
mod short;
mod stencil;
mod steps;
#[cfg(test)]
mod tests;
mod torus;
mod uniform;
mod transform;
mod uses;
mod value;

pub use cpu::TransformedBatch;
pub use cpu::matrix::Square;
pub use displacements::{Displacements, Scale};
pub use executable::{Bound, Executable};
pub use feed::{Distribution, Feed, Key};
pub use finished::{Output, Program};
pub use fourier::Fourier;
pub use operations::convolve::Filter;
pub use operations::elementwise::Elementwise;
pub use operations::matrix::Matrices;
pub use operations::repeat::{Arguments, Scan, Values};
pub use recorder::Recorder;
pub use stencil::{NONE, Stencil};
pub use value::{Node, Shape};
