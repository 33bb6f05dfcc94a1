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

/// What is differentiated: values with their cotangents, and the parameters by which.
#[derive(Clone)]
pub(super) struct Gradient {
    pub cotangents: Vec<(Node, Node)>,
    pub parameters: Vec<Node>,
}

/// A finished recording with its results.
#[derive(Clone)]
pub struct Program {
    pub(super) recorder: Recorder,
    pub(super) outputs: Vec<Output>,
    /// A gradient whose parts are further outputs.
    pub(super) gradient: Option<Gradient>,
}

impl Program {
    /// A program that gives `outputs`, in this order.
    pub fn new(recorder: Recorder, outputs: Vec<Output>) -> Self {
        Self { recorder, outputs, gradient: None }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        self.recorder.parameters()
    }

    /// Number of numbers in its conditions.
    pub fn conditions(&self) -> usize {
        self.recorder.conditions()
    }

    /// All results: the outputs, and the parameters by which there is a gradient.
    pub(super) fn results(&self) -> impl Iterator<Item = Output> {
        let gradient = self.gradient.iter().flat_map(|gradient| &gradient.parameters);
        self.outputs.iter().copied().chain(gradient.copied().map(Output::Summed))
    }

    /// Numbers in an output: per sample, or in the sum.
    pub fn output_count(&self, index: usize) -> usize {
        self.recorder.shape(self.outputs[index].node()).count()
    }
}
