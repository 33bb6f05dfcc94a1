//! Operations on small square matrices, one by one: each row of `table.rs` on each matrix of each site.
//!
//! A field of m matrices has the channels `[matrix][row][column][re, im]`, or `[matrix][row][column]` for real ones; other
//! arguments and results have their numbers `[matrix][number]`.

mod derivatives;
mod sweep;
mod table;

use super::super::cpu::frame::{Block, Frame};
use super::super::cpu::matrix::{Square, eigen};
use super::super::opencl::matrices::Function;
use super::super::opencl::writer::Writer;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;
use sweep::Sweep;
pub use table::Matrices;
use table::Point;

/// Most rows of the matrices.
const MOST: usize = 9;
/// Most arguments: the exponential's derivative of order five has six.
const MOST_ARGUMENTS: usize = 6;

/// y = f(x_0, x_1, ...) for each matrix of each site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Applied {
    pub operation: Matrices,
    pub square: Square,
    pub arguments: Vec<Node>,
}

impl Recorder {
    /// An operation of the table on matrices of one kind, on each matrix of each site.
    pub fn matrices(&mut self, operation: Matrices, square: Square, arguments: &[Node]) -> Node {
        let (kinds, shape) = (operation.arguments(), self.narrow(arguments[0]));
        let matrices = shape.channels / kinds[0].channels(square);
        let variadic = operation == Matrices::Exponential && (1..=MOST_ARGUMENTS).contains(&arguments.len());
        assert!(arguments.len() == kinds.len() || variadic, "arguments are those of the operation");
        assert!(matches!(square.parts, 1 | 2) && (1..=MOST).contains(&square.n), "matrices have one to nine rows");
        for (i, &x) in arguments.iter().enumerate() {
            let channels = matrices * kinds[i.min(kinds.len() - 1)].channels(square);
            assert!(
                channels > 0 && self.narrow(x) == Shape::new(channels, shape.sites),
                "channels are those of matrices"
            );
        }
        use Matrices::{Logarithm, LogarithmDerivative, Phases, Projectors, Turned};
        let is_complex = matches!(operation, Turned | Phases | Projectors | Logarithm | LogarithmDerivative);
        assert!(!is_complex || square.parts == 2, "matrices are complex");
        assert!(
            !is_complex || operation == Turned || square.n <= eigen::MOST,
            "unitary matrices have three rows at most"
        );
        let result = Shape::new(matrices * operation.result().channels(square), shape.sites);
        self.push(Op::Matrices(Applied { operation, square, arguments: arguments.to_vec() }), result)
    }
}

impl Applied {
    /// Channels of each argument for each matrix, and of the result.
    fn channels(&self) -> (Vec<usize>, usize) {
        let kinds = self.operation.arguments();
        let of = |i: usize| kinds[i.min(kinds.len() - 1)].channels(self.square);
        ((0..self.arguments.len()).map(of).collect(), self.operation.result().channels(self.square))
    }

    /// The step that makes `value`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        let (channels, result) = self.channels();
        let shape = places.shape(value);
        let from = self.arguments.iter().zip(&channels).map(|(&x, &channels)| (places.line(x), channels)).collect();
        let to = places.take(value);
        let own = self.operation.scratch(self.square, self.arguments.len());
        let scratch = if places.for_lanes { places.scratch(channels.iter().sum::<usize>() + result + own) } else { 0 };
        Step {
            operation: self.operation,
            square: self.square,
            matrices: shape.channels / result,
            sites: shape.sites,
            from,
            to: (to, result),
            scratch,
        }
    }
}

impl Operation for Applied {
    fn arguments(&self) -> Vec<Node> {
        self.arguments.clone()
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        self.arguments.iter_mut().collect()
    }

    fn pull_back(&self, recorder: &mut Recorder, at: &Cotangent) -> Vec<(Node, Node)> {
        let point = Point { square: self.square, x: &self.arguments, y: at.y, g: at.g };
        let pulled = self.operation.derivative(recorder, &point);
        self.arguments.iter().copied().zip(pulled).filter(|&(x, _)| at.wants(x)).collect()
    }
}

/// One operation on all matrices of all sites.
#[derive(Debug)]
pub struct Step {
    operation: Matrices,
    square: Square,
    matrices: usize,
    sites: usize,
    /// First lines of the arguments, with their channels for each matrix.
    from: Vec<(usize, usize)>,
    to: (usize, usize),
    scratch: usize,
}

impl Run for Step {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, _: &mut Block) {
        let mut arguments = [(std::ptr::null::<L>(), 0); MOST_ARGUMENTS];
        for (argument, &(line, channels)) in arguments.iter_mut().zip(&self.from) {
            *argument = (frame.line(line).cast_const(), channels);
        }
        let sweep = Sweep {
            operation: self.operation,
            square: self.square,
            matrices: self.matrices,
            sites: self.sites,
            arguments: &arguments[..self.from.len()],
            result: (frame.line(self.to.0), self.to.1),
            scratch: frame.line(self.scratch),
        };
        // SAFETY: the caller's promise; the plan gives each operation its scratch memory.
        unsafe { self.operation.apply(&sweep) };
    }

    fn write(&self, writer: &mut Writer) {
        let Square { n, parts } = self.square;
        let channels: Vec<usize> = self.from.iter().map(|from| from.1).collect();
        let text = self.operation.opencl().replace("{square}", &format!("{n}, {parts}"));
        let text = text.replace("{parts}", &parts.to_string()).replace("{order}", &(channels.len() - 1).to_string());
        let text = text.replace("{1}", &channels[0].to_string());
        let scratch = self.operation.scratch(self.square, channels.len());
        let function = Function { text: &text, arguments: &channels, result: self.to.1, scratch, stride: self.sites };
        let name = writer.matrix_function(&function);
        let sites = self.sites;
        let mut places = String::new();
        for (line, channels) in self.from.iter().copied().chain([self.to]) {
            if !places.is_empty() {
                places.push_str(", ");
            }
            places.push_str(&format!("a + {line} + i / {sites} * {} + i % {sites}", channels * sites));
        }
        writer.each(self.matrices * sites, &format!("{name}({places});"));
    }
}
