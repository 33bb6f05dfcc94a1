//! The table of operations: one file each, with the method that records it and the shape of its result, its derivative,
//! its step in a plan, and that step on the CPU and in OpenCL. A new operation is its file and its lines here.

pub(super) mod argument;
pub(super) mod bounds;
pub(super) mod channels;
pub(super) mod condition;
pub(super) mod constant;
pub(super) mod convolve;
pub(super) mod correlate;
pub(super) mod elementwise;
mod formulas;
pub(super) mod fourier;
pub(super) mod fused;
pub(super) mod input;
pub(super) mod map;
pub(super) mod matrix;
pub(super) mod operation;
pub(super) mod outcome;
pub(super) mod outputs;
pub(super) mod parameter;
pub(super) mod place;
pub(super) mod repeat;
pub(super) mod repeat_back;
pub(super) mod row;
pub(super) mod site_by_site;
pub(super) mod spread;
pub(super) mod spread_sites;
pub(super) mod stack;
pub(super) mod storage;
pub(super) mod sum_sites;
pub(super) mod table;
pub(super) mod total;
pub(super) mod transpose;

use super::convolution::{Convolution, Correlation};
use super::cpu::frame::{Block, Frame};
use super::opencl::writer::Writer;
use super::places::Places;
use super::transform::Transform;
use super::value::Node;
use crate::simd::Lanes;
use operation::{Operation, Run};

/// One operation as it is recorded. Numbers are kept as bits, so that equal operations compare equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Input(input::Input),
    Parameter(parameter::Parameter),
    Condition(condition::Condition),
    Constant(constant::Constant),
    Table(table::Table),
    Elementwise(fused::Applied),
    Map(map::Map),
    Matrices(matrix::Applied),
    Convolve(convolve::Convolve),
    Correlate(correlate::Correlate),
    Fourier(fourier::Transformed),
    SumSites(sum_sites::SumSites),
    SpreadSites(spread_sites::SpreadSites),
    Total(total::Total),
    Spread(spread::Spread),
    Channels(channels::Channels),
    Place(place::Place),
    Stack(stack::Stack),
    Transpose(transpose::Transpose),
    Argument(argument::Argument),
    Repeat(repeat::Repeat),
    Outcome(outcome::Outcome),
    // Flat recordings alone have these.
    Begin(bounds::Begin),
    End(bounds::End),
    Row(row::Row),
    Storage(storage::Storage),
    Store(storage::Store),
}

/// One step of a planned program; positions in memory are counted in lines.
#[derive(Debug)]
pub(super) enum Step {
    Input(input::Step),
    Parameter(parameter::Step),
    Constant(constant::Step),
    Table(table::Step),
    Fused(fused::Step),
    SiteBySite(site_by_site::Step),
    Map(map::Step),
    Matrices(matrix::Step),
    Convolve(Convolution),
    Correlate(Correlation),
    Fourier(Transform),
    SumSites(sum_sites::Step),
    SpreadSites(spread_sites::Step),
    Total(total::Step),
    Spread(spread::Step),
    Place(place::Step),
    Stack(stack::Step),
    Transpose(transpose::Step),
    Enter(bounds::Enter),
    Again(bounds::Again),
    Transfer(row::Transfer),
    Copy(outputs::Copy),
    Reduce(outputs::Reduce),
}

/// Evaluates an expression with the content of an operation, for any kind of operation.
macro_rules! with_operation {
    ($of:expr, $op:ident => $do:expr) => {
        match $of {
            Op::Input($op) => $do,
            Op::Parameter($op) => $do,
            Op::Condition($op) => $do,
            Op::Constant($op) => $do,
            Op::Table($op) => $do,
            Op::Elementwise($op) => $do,
            Op::Map($op) => $do,
            Op::Matrices($op) => $do,
            Op::Convolve($op) => $do,
            Op::Correlate($op) => $do,
            Op::Fourier($op) => $do,
            Op::SumSites($op) => $do,
            Op::SpreadSites($op) => $do,
            Op::Total($op) => $do,
            Op::Spread($op) => $do,
            Op::Channels($op) => $do,
            Op::Place($op) => $do,
            Op::Stack($op) => $do,
            Op::Transpose($op) => $do,
            Op::Argument($op) => $do,
            Op::Repeat($op) => $do,
            Op::Outcome($op) => $do,
            Op::Begin($op) => $do,
            Op::End($op) => $do,
            Op::Row($op) => $do,
            Op::Storage($op) => $do,
            Op::Store($op) => $do,
        }
    };
}

impl Op {
    /// The operation as an [`Operation`].
    pub fn operation(&self) -> &dyn Operation {
        with_operation!(self, op => op)
    }

    /// The same operation on values of other names.
    pub fn renamed(&self, name: impl Fn(Node) -> Node) -> Self {
        let mut op = self.clone();
        let operation: &mut dyn Operation = with_operation!(&mut op, op => op);
        operation.arguments_mut().into_iter().for_each(|node| *node = name(*node));
        op
    }

    /// The values that it reads.
    pub fn arguments(&self) -> Vec<Node> {
        self.operation().arguments()
    }

    /// Its step, which makes `value`. Elementwise operations run in groups (`plan/fused.rs`), and views take no step; memory
    /// and ends of repeats are planned by `plan.rs`.
    pub fn step(&self, places: &mut Places, value: Node) -> Step {
        match self {
            Op::Input(op) => Step::Input(op.step(places, value)),
            Op::Parameter(op) => Step::Parameter(op.step(places, value)),
            Op::Constant(op) => Step::Constant(op.step(places, value)),
            Op::Table(op) => Step::Table(op.step(places, value)),
            Op::Map(op) => Step::Map(op.step(places, value)),
            Op::Matrices(op) => Step::Matrices(op.step(places, value)),
            Op::Convolve(op) => Step::Convolve(op.step(places, value)),
            Op::Correlate(op) => Step::Correlate(op.step(places, value)),
            Op::Fourier(op) => Step::Fourier(op.step(places, value)),
            Op::SumSites(op) => Step::SumSites(op.step(places, value)),
            Op::SpreadSites(op) => Step::SpreadSites(op.step(places, value)),
            Op::Total(op) => Step::Total(op.step(places, value)),
            Op::Spread(op) => Step::Spread(op.step(places, value)),
            Op::Place(op) => Step::Place(op.step(places, value)),
            Op::Stack(op) => Step::Stack(op.step(places, value)),
            Op::Transpose(op) => Step::Transpose(op.step(places, value)),
            Op::Begin(op) => Step::Enter(bounds::Enter(op.0.clone())),
            Op::Row(op) => op.step(places, value),
            Op::Store(op) => op.step(places),
            Op::Channels(_) | Op::Elementwise(_) | Op::Storage(_) | Op::End(_) => {
                unreachable!("views, fused operations, memory and ends of repeats are planned elsewhere")
            }
            Op::Argument(_) | Op::Repeat(_) | Op::Outcome(_) => unreachable!("a plan is made of a flat recording"),
            Op::Condition(_) => unreachable!("conditions are parameters by now"),
        }
    }
}

/// Evaluates an expression with the content of a step, for any kind of step.
macro_rules! with_step {
    ($of:expr, $step:ident => $do:expr) => {
        match $of {
            Step::Input($step) => $do,
            Step::Parameter($step) => $do,
            Step::Constant($step) => $do,
            Step::Table($step) => $do,
            Step::Fused($step) => $do,
            Step::SiteBySite($step) => $do,
            Step::Map($step) => $do,
            Step::Matrices($step) => $do,
            Step::Convolve($step) => $do,
            Step::Correlate($step) => $do,
            Step::Fourier($step) => $do,
            Step::SumSites($step) => $do,
            Step::SpreadSites($step) => $do,
            Step::Total($step) => $do,
            Step::Spread($step) => $do,
            Step::Place($step) => $do,
            Step::Stack($step) => $do,
            Step::Transpose($step) => $do,
            Step::Enter($step) => $do,
            Step::Again($step) => $do,
            Step::Transfer($step) => $do,
            Step::Copy($step) => $do,
            Step::Reduce($step) => $do,
        }
    };
}

impl Step {
    /// Runs the step for one block of samples.
    ///
    /// # Safety
    /// The plan's lines lie inside the frame's memory.
    #[inline(always)]
    pub unsafe fn run<L: Lanes>(&self, frame: &Frame<L>, block: &mut Block) {
        // SAFETY: the caller's promise.
        unsafe { with_step!(self, step => step.run(frame, block)) }
    }

    /// Writes the step as OpenCL C.
    pub fn write(&self, writer: &mut Writer) {
        with_step!(self, step => step.write(writer));
    }

    /// Lines of the wide values that the step makes, and how many numbers these have.
    pub fn wide_lines(&self) -> Vec<(usize, usize)> {
        with_step!(self, step => step.wide_lines())
    }
}
