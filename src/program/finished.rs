//! A finished recording with its results.

use super::recorder::Recorder;
use super::value::Node;

/// A result of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The value of each sample: `batch x count` numbers.
    PerSample(Node),
    /// The sum over all samples, in f64: `count` numbers.
    Summed(Node),
}

impl Output {
    pub(super) fn node(self) -> Node {
        match self {
            Output::PerSample(node) | Output::Summed(node) => node,
        }
    }
}

/// A finished recording with its results.
#[derive(Clone)]
pub struct Program {
    pub(super) recorder: Recorder,
    pub(super) outputs: Vec<Output>,
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

    /// Number of numbers in its conditions.
    pub fn conditions(&self) -> usize {
        self.recorder.conditions()
    }

    /// Numbers in an output: per sample, or in the sum.
    pub fn output_count(&self, index: usize) -> usize {
        self.recorder.shape(self.outputs[index].node()).count()
    }
}
