//! Recording: a straight line of small operations on values of shape [channels, sites] per sample.
//!
//! Equal operations on equal arguments are recorded once. Values are real numbers in the network's precision; a *wide*
//! value is one number per sample in f64, made by sums, for densities and actions. The program that results knows
//! nothing of physics.

use super::elementwise::Elementwise;
use super::stencil::Stencil;
use std::collections::HashMap;
use std::sync::Arc;

/// A value in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub(super) u32);

/// Shape of a value, per sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Channels: the slower index.
    pub channels: usize,
    /// Sites: the faster index.
    pub sites: usize,
    /// One number in f64.
    pub wide: bool,
}

impl Shape {
    /// [channels, sites] in the network's precision.
    pub fn new(channels: usize, sites: usize) -> Self {
        Self { channels, sites, wide: false }
    }

    /// One number per sample in f64.
    pub const WIDE: Shape = Shape { channels: 1, sites: 1, wide: true };

    /// Numbers per sample.
    pub fn count(&self) -> usize {
        self.channels * self.sites
    }
}

/// One operation. Numbers are kept as bits, so that equal operations compare equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// The input with this index, per sample.
    Input { index: usize },
    /// Parameters from this offset on, the same for all samples.
    Parameter { offset: usize },
    /// The same number everywhere.
    Constant { bits: u64 },
    /// Numbers that depend on channel and site but not on the sample.
    Table { bits: Arc<[u64]> },
    /// y = f(a, b; c).
    Elementwise { operation: Elementwise, arguments: [Node; 2], constant: u64 },
    /// y[c][s] = x[c][t(s, 0)], zero where there is none.
    Map { x: Node, stencil: Stencil },
    /// y[o][s] = b[o] + sum_ck w[o][c][k] x[c][t(s, k)]; transposed: w[c][o][k].
    Convolve { x: Node, weights: Node, bias: Option<Node>, stencil: Stencil, transposed: bool },
    /// W[o][c][k] = sum_s g[o][s] x[c][t(s, k)]; transposed: W[c][o][k].
    Correlate { x: Node, g: Node, stencil: Stencil, transposed: bool },
    /// y[c] = sum_s x[c][s].
    SumSites { x: Node },
    /// y[c][s] = x[c].
    SpreadSites { x: Node },
    /// Sum over all channels and sites, in f64.
    Total { x: Node },
    /// A wide number on all channels and sites.
    Spread { x: Node },
    /// Channels first .. first + channels of x.
    Channels { x: Node, first: usize },
    /// Channels of x at first .., zero in all others.
    Place { x: Node, first: usize },
}

/// Records operations; see the module.
#[derive(Clone, Default)]
pub struct Recorder {
    pub(super) ops: Vec<Op>,
    pub(super) shapes: Vec<Shape>,
    known: HashMap<(Op, Shape), Node>,
    parameters: usize,
    inputs: usize,
}

impl Recorder {
    /// An empty recording.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shape of a value.
    pub fn shape(&self, node: Node) -> Shape {
        self.shapes[node.0 as usize]
    }

    /// Shape of a value in the network's precision.
    fn narrow(&self, node: Node) -> Shape {
        let shape = self.shape(node);
        assert!(!shape.wide, "a wide number is spread before it is used on sites");
        shape
    }

    /// Number of parameters recorded so far.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Number of inputs recorded so far.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn op(&self, node: Node) -> &Op {
        &self.ops[node.0 as usize]
    }

    fn push(&mut self, op: Op, shape: Shape) -> Node {
        let next = Node(self.ops.len() as u32);
        *self.known.entry((op, shape)).or_insert_with_key(|(op, shape)| {
            self.ops.push(op.clone());
            self.shapes.push(*shape);
            next
        })
    }

    /// The next input, per sample.
    pub fn input(&mut self, shape: Shape) -> Node {
        self.inputs += 1;
        self.push(Op::Input { index: self.inputs - 1 }, shape)
    }

    /// The next `count` parameters, as one channel per parameter.
    pub fn parameter(&mut self, count: usize) -> Node {
        self.parameters += count;
        self.push(Op::Parameter { offset: self.parameters - count }, Shape::new(count, 1))
    }

    /// The same number everywhere.
    pub fn constant(&mut self, value: f64, shape: Shape) -> Node {
        self.push(Op::Constant { bits: value.to_bits() }, shape)
    }

    /// Numbers for each channel and site, the same for all samples.
    pub fn table(&mut self, values: &[f64], shape: Shape) -> Node {
        assert_eq!(values.len(), shape.count(), "a table has a number for each channel and site");
        self.push(Op::Table { bits: values.iter().map(|x| x.to_bits()).collect() }, shape)
    }

    /// An elementwise operation out of the table; a unary one takes its argument twice.
    pub fn elementwise(&mut self, operation: Elementwise, arguments: [Node; 2], constant: f64) -> Node {
        let shape = self.shape(arguments[0]);
        assert_eq!(shape, self.shape(arguments[1]), "elementwise arguments have one shape");
        self.push(Op::Elementwise { operation, arguments, constant: constant.to_bits() }, shape)
    }

    /// a + b.
    pub fn add(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Add, [a.min(b), a.max(b)], 0.0)
    }

    /// a - b.
    pub fn subtract(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Subtract, [a, b], 0.0)
    }

    /// a b.
    pub fn multiply(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Multiply, [a.min(b), a.max(b)], 0.0)
    }

    /// a / b.
    pub fn divide(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Divide, [a, b], 0.0)
    }

    /// factor a.
    pub fn scale(&mut self, a: Node, factor: f64) -> Node {
        if factor == 1.0 {
            return a;
        }
        if factor == 0.0 {
            return self.constant(0.0, self.shape(a));
        }
        self.elementwise(Elementwise::Scale, [a, a], factor)
    }

    /// a + offset.
    pub fn offset(&mut self, a: Node, offset: f64) -> Node {
        self.elementwise(Elementwise::Offset, [a, a], offset)
    }

    /// exp(a).
    pub fn exp(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Exp, [a, a], 0.0)
    }

    /// log(a).
    pub fn log(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Log, [a, a], 0.0)
    }

    /// tanh(a).
    pub fn tanh(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Tanh, [a, a], 0.0)
    }

    /// a where positive, else slope a, for 0 < slope < 1.
    pub fn leaky_relu(&mut self, a: Node, slope: f64) -> Node {
        assert!(0.0 < slope && slope < 1.0, "the slope of a leaky rectifier lies between 0 and 1");
        self.elementwise(Elementwise::LeakyRelu, [a, a], slope)
    }

    /// 1 where a is positive, else slope.
    pub fn leaky_slope(&mut self, a: Node, slope: f64) -> Node {
        self.elementwise(Elementwise::LeakySlope, [a, a], slope)
    }

    /// Moves sites: y[c][s] = x[c][t(s, 0)].
    pub fn map(&mut self, x: Node, stencil: &Stencil) -> Node {
        let shape = self.narrow(x);
        assert!(shape.sites == stencil.inputs() && stencil.taps() == 1, "a map fits its value");
        self.push(Op::Map { x, stencil: stencil.clone() }, Shape::new(shape.channels, stencil.outputs()))
    }

    /// Convolution y[o][s] = b[o] + sum_ck w[o][c][k] x[c][t(s, k)] to `outputs` channels.
    pub fn convolve(&mut self, x: Node, kernel: Kernel, bias: Option<Node>, outputs: usize) -> Node {
        let Kernel { weights, stencil, transposed } = kernel;
        let shape = self.narrow(x);
        assert_eq!(shape.sites, stencil.inputs(), "a stencil fits its value");
        let column = |count| Shape::new(count, 1);
        let count = outputs * shape.channels * stencil.taps();
        assert_eq!(self.shape(weights), column(count), "weights are one column [o][c][k]");
        assert!(bias.is_none_or(|b| self.shape(b) == column(outputs)), "a bias is one column [o]");
        let result = Shape::new(outputs, stencil.outputs());
        self.push(Op::Convolve { x, weights, bias, stencil: stencil.clone(), transposed }, result)
    }

    pub(super) fn correlate(&mut self, x: Node, g: Node, stencil: &Stencil, transposed: bool) -> Node {
        let count = self.narrow(x).channels * self.narrow(g).channels * stencil.taps();
        self.push(Op::Correlate { x, g, stencil: stencil.clone(), transposed }, Shape::new(count, 1))
    }

    /// Sum over the sites of each channel.
    pub fn sum_sites(&mut self, x: Node) -> Node {
        self.push(Op::SumSites { x }, Shape::new(self.narrow(x).channels, 1))
    }

    /// A number for each channel, on all its sites.
    pub fn spread_sites(&mut self, x: Node, sites: usize) -> Node {
        assert_eq!(self.narrow(x).sites, 1, "one number for each channel");
        self.push(Op::SpreadSites { x }, Shape::new(self.shape(x).channels, sites))
    }

    /// Sum over all channels and sites, in f64.
    pub fn total(&mut self, x: Node) -> Node {
        assert!(!self.shape(x).wide, "a wide value is a total already");
        self.push(Op::Total { x }, Shape::WIDE)
    }

    /// A wide number on all channels and sites of a shape.
    pub fn spread(&mut self, x: Node, shape: Shape) -> Node {
        assert!(self.shape(x).wide, "a total is spread");
        self.push(Op::Spread { x }, shape)
    }

    /// `count` channels of x from `first` on.
    pub fn channels(&mut self, x: Node, first: usize, count: usize) -> Node {
        let shape = self.narrow(x);
        assert!(first + count <= shape.channels, "channels are there");
        if count == shape.channels {
            return x;
        }
        self.push(Op::Channels { x, first }, Shape::new(count, shape.sites))
    }

    /// x as the channels from `first` on among `channels`; the others are zero.
    pub fn place(&mut self, x: Node, first: usize, channels: usize) -> Node {
        let shape = self.narrow(x);
        assert!(first + shape.channels <= channels, "channels are there");
        self.push(Op::Place { x, first }, Shape::new(channels, shape.sites))
    }
}

/// The linear part of a convolution: weights, the stencil that they sit on, and which index of them is the output.
#[derive(Clone, Copy)]
pub struct Kernel<'a> {
    /// Weights w[o][c][k], or w[c][o][k] where transposed.
    pub weights: Node,
    /// Which site feeds which.
    pub stencil: &'a Stencil,
    /// The output channel is the second index of the weights.
    pub transposed: bool,
}
