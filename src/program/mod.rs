//! Programs: straight lines of small operations, recorded once, differentiated, planned and run on batches of samples.
//!
//! Record with [`Recorder`], differentiate with [`Recorder::gradient`], name the results with [`Program::new`], plan
//! with [`Executable::new`], give it parameters with [`Executable::bind`], and run with [`Bound::run`]. On the CPU a
//! block of samples sits in the SIMD lanes and the whole program runs for one block out of the cache. Results of a
//! sample depend neither on the number of threads nor on the other samples.

mod arena;
mod cpu;
mod differentiate;
mod elementwise;
mod executable;
mod needs;
mod opencl;
mod plan;
mod recorder;
mod rows;
mod short;
mod stencil;
mod steps;
#[cfg(test)]
mod tests;
mod torus;

pub use cpu::Key;
pub use elementwise::Elementwise;
pub use executable::{Bound, Executable, Feed};
pub use recorder::{Kernel, Node, Recorder, Shape};
pub use stencil::{NONE, Stencil};

/// A result of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The value of each sample: `batch x count` numbers.
    PerSample(Node),
    /// The sum over all samples, in f64: `count` numbers.
    Summed(Node),
}

impl Output {
    fn node(self) -> Node {
        match self {
            Output::PerSample(node) | Output::Summed(node) => node,
        }
    }
}

/// A finished recording with its results.
#[derive(Clone)]
pub struct Program {
    recorder: Recorder,
    outputs: Vec<Output>,
}

impl Program {
    /// A program that gives `outputs`, in this order.
    pub fn new(recorder: Recorder, outputs: Vec<Output>) -> Self {
        Self { recorder, outputs }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        self.recorder.parameters()
    }

    /// Numbers in an output: per sample, or in the sum.
    pub fn output_count(&self, index: usize) -> usize {
        self.recorder.shape(self.outputs[index].node()).count()
    }

    /// Floating-point operations per sample that convolutions and correlations need: two for each multiply-add.
    pub fn flops(&self) -> usize {
        needs::flops(self)
    }
}
