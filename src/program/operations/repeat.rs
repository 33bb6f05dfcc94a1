//! A repeat (scan): a body, recorded once, that is run for a fixed number of steps.
//!
//! In step i the body computes (c_(i+1), y_i) = f(c_i, x_i, p) from the *carried* values c, the rows x_i of *stacked* values and
//! the *captured* values p, which are the same in all steps. Results are the last carried values and all y_i, stacked: row i
//! of a value of n rows is the i-th of n equal ranges of its channels. A reversed repeat reads and writes row n - 1 - i in
//! step i.
//!
//! ```text
//! let scan = Scan { count, carried: &[phi, log_q], rows: &[weights, noise], ..Scan::default() };
//! let end = recorder.repeat(&scan, |body, of| {
//!     let phi = ...;                                  // recorded with `body` from of.carried, of.rows, of.captured
//!     Values { carried: vec![phi, log_q], stacked: vec![] }
//! });
//! let (phi, log_q) = (end.carried[0], end.carried[1]);
//! ```
//!
//! A parameter, an input or a table among the stacked values is read row by row and not held as a whole: layers have
//! stacked parameters, the weights of row i being numbers i n .. (i + 1) n of a parameter, and the noise of step i is
//! numbers i n .. of the input's stream. Nor is a stacked result that is an output and nothing else: its rows are written, or
//! added over the samples, as they come. All inputs and parameters are recorded outside of bodies.
//!
//! The derivative is a repeat as well (`repeat_back.rs`), which needs the carried values at the start of each step.

use super::super::recorder::Recorder;
use super::super::value::{Node, Shape};
use super::Op;
use super::operation::{Cotangent, Operation};
use super::outcome::{Outcome, Which};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Steps, carried values, rows and captured values of a repeat; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    /// Number of steps. Without any, nothing is recorded: carried values stay as they are, and none is stacked.
    pub count: usize,
    /// Step i reads and writes row count - 1 - i.
    pub reversed: bool,
    /// A derivative keeps the carried values of every k-th step and computes those between once more: it holds count / k + k
    /// of them at a time. 1 keeps all.
    pub keep: usize,
    /// Carried values at the start, narrow or wide.
    pub carried: &'a [Node],
    /// Values of `count` rows.
    pub rows: &'a [Node],
    /// Values that are the same in all steps.
    pub captured: &'a [Node],
}

impl Default for Scan<'_> {
    fn default() -> Self {
        Self { count: 0, reversed: false, keep: 1, carried: &[], rows: &[], captured: &[] }
    }
}

/// Arguments of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Arguments {
    /// Carried values.
    pub carried: Vec<Node>,
    /// Rows of the stacked values.
    pub rows: Vec<Node>,
    /// Captured values.
    pub captured: Vec<Node>,
}

/// Results of a body, or of a repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Values {
    /// Carried values, in their order and with their shapes.
    pub carried: Vec<Node>,
    /// Values that are stacked: a row of each from a body, all rows from a repeat.
    pub stacked: Vec<Node>,
}

/// A recorded body.
#[derive(Clone)]
pub struct Body {
    pub recorder: Recorder,
    pub arguments: Arguments,
    pub results: Values,
}

/// A repeat of `steps` steps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    pub body: Arc<Body>,
    pub steps: usize,
    pub reversed: bool,
    /// Steps in the last row of the repeat around this one, where these are fewer.
    pub short: Option<usize>,
    pub carried: Vec<Node>,
    pub rows: Vec<Node>,
    pub captured: Vec<Node>,
    /// Shapes of the stacked results.
    pub stacked: Vec<Shape>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Body").field("ops", &self.recorder.ops).field("results", &self.results).finish()
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        let all = |body: &Self| (body.arguments.clone(), body.results.clone());
        let recorded = |body: &Self| (body.recorder.ops.len(), body.recorder.shapes.clone());
        std::ptr::eq(self, other)
            || (all(self) == all(other) && recorded(self) == recorded(other) && self.recorder.ops == other.recorder.ops)
    }
}

impl Eq for Body {}

impl Hash for Body {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.recorder.ops, &self.results).hash(state);
    }
}

impl Body {
    /// Records a body for arguments of these shapes.
    fn new(shapes: [Vec<Shape>; 3], record: impl FnOnce(&mut Recorder, &Arguments) -> Values) -> Self {
        let mut recorder = Recorder::new();
        let [carried, rows, captured] =
            shapes.map(|shapes| shapes.into_iter().map(|shape| recorder.argument(shape)).collect());
        let arguments = Arguments { carried, rows, captured };
        let results = record(&mut recorder, &arguments);
        let shape = |nodes: &[Node]| nodes.iter().map(|&n| recorder.shape(n)).collect::<Vec<_>>();
        assert_eq!(shape(&arguments.carried), shape(&results.carried), "carried values keep their shapes");
        assert!(recorder.inputs() + recorder.parameters() == 0, "inputs and parameters are recorded outside of bodies");
        Self { recorder, arguments, results }
    }
}

/// The shape of `count` rows.
pub fn stacked(row: Shape, count: usize) -> Shape {
    Shape { channels: count * row.channels, ..row }
}

impl Recorder {
    /// A body that is run `count` times; see the module.
    pub fn repeat(&mut self, scan: &Scan, body: impl FnOnce(&mut Recorder, &Arguments) -> Values) -> Values {
        let &Scan { count, reversed, keep, carried, rows, captured } = scan;
        if count == 0 {
            return Values { carried: carried.to_vec(), stacked: vec![] };
        }
        let shapes = |nodes: &[Node]| nodes.iter().map(|&n| self.shape(n)).collect::<Vec<_>>();
        let row = |whole: Shape| {
            assert!(whole.channels.is_multiple_of(count), "stacked values have a row for each step");
            Shape { channels: whole.channels / count, ..whole }
        };
        let row_shapes = shapes(rows).into_iter().map(row).collect();
        let body = Body::new([shapes(carried), row_shapes, shapes(captured)], body);
        let whole: Vec<Shape> = body.results.stacked.iter().map(|&y| stacked(body.recorder.shape(y), count)).collect();
        let is_kept = keep <= 1 || keep >= count;
        let (body, steps) = if is_kept { (body, count) } else { (segment(body, scan, &whole), count.div_ceil(keep)) };
        let (carried, rows, captured) = (carried.to_vec(), rows.to_vec(), captured.to_vec());
        let body = Arc::new(body);
        self.outcomes(Repeat { body, steps, reversed, short: None, carried, rows, captured, stacked: whole })
    }

    /// Records a repeat and all of its results.
    pub(in super::super) fn outcomes(&mut self, repeat: Repeat) -> Values {
        let carried: Vec<Shape> = repeat.carried.iter().map(|&c| self.shape(c)).collect();
        let whole = repeat.stacked.clone();
        let node = self.push(Op::Repeat(repeat), Shape::new(0, 0));
        let mut outcome = |(of, shape)| self.push(Op::Outcome(Outcome { repeat: node, of }), shape);
        let carried = carried.into_iter().enumerate().map(|(i, shape)| outcome((Which::Carried(i), shape))).collect();
        let stacked = whole.into_iter().enumerate().map(|(i, shape)| outcome((Which::Stacked(i), shape))).collect();
        Values { carried, stacked }
    }

    /// The carried values of a repeat at the start of each step.
    pub(super) fn histories(&mut self, node: Node) -> Vec<Node> {
        let Op::Repeat(repeat) = self.op(node) else { return vec![] };
        let steps = repeat.steps;
        let shapes: Vec<Shape> = repeat.carried.iter().map(|&c| stacked(self.shape(c), steps)).collect();
        let outcome = |(i, shape)| self.push(Op::Outcome(Outcome { repeat: node, of: Which::History(i) }), shape);
        shapes.into_iter().enumerate().map(outcome).collect()
    }
}

/// The body of the repeat over segments of `scan.keep` steps: a repeat of these steps.
fn segment(body: Body, scan: &Scan, whole: &[Shape]) -> Body {
    let Scan { count, reversed, keep, .. } = *scan;
    let shapes = |nodes: &[Node]| nodes.iter().map(|&n| body.recorder.shape(n)).collect::<Vec<_>>();
    let Arguments { carried, rows, captured } = &body.arguments;
    let segments = shapes(rows).into_iter().map(|row| stacked(row, keep)).collect();
    let shapes = [shapes(carried), segments, shapes(captured)];
    let short = (!count.is_multiple_of(keep)).then_some(count % keep);
    let segment = |whole: &Shape| Shape { channels: whole.channels / count * keep, ..*whole };
    let stacked = whole.iter().map(segment).collect();
    Body::new(shapes, |recorder, of| {
        let Arguments { carried, rows, captured } = of.clone();
        let body = Arc::new(body);
        recorder.outcomes(Repeat { body, steps: keep, reversed, short, carried, rows, captured, stacked })
    })
}

impl Operation for Repeat {
    fn arguments(&self) -> Vec<Node> {
        [&self.carried[..], &self.rows, &self.captured].concat()
    }

    fn arguments_mut(&mut self) -> Vec<&mut Node> {
        self.carried.iter_mut().chain(&mut self.rows).chain(&mut self.captured).collect()
    }

    /// Nothing: `Recorder::pull_back` hands the cotangents of all results to `Repeat::pull_back_all`.
    fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
        vec![]
    }
}
