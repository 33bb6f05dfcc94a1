//! Writer of the source of steps: statements of OpenCL C, the functions that hold them, and the tables that they read.

use super::super::convolution::Group;
use super::super::feed::Distribution;
use super::target::Target;
use super::text::{double, put, single, split};
use crate::context::Precision;
use std::collections::HashMap;
use std::fmt::Write;

/// A type and a name.
pub(super) type Argument = (&'static str, String);

/// Writes a source, step by step.
pub(in super::super) struct Writer<'a> {
    /// The random numbers that the kernel draws itself, by the input.
    pub(super) drawn: &'a [Option<Distribution>],
    /// Number of packed weights; all parameters follow them in memory.
    pub packed: usize,
    pub target: Target,
    pub(super) precision: Precision,
    pub(super) functions: String,
    pub(super) body: String,
    /// Arguments that any step may use.
    pub(super) arguments: Vec<Argument>,
    /// Calls of the functions written so far.
    pub(super) calls: String,
    pub tables: Vec<u32>,
    pub numbers: Vec<f64>,
    /// Offsets of tables, by the groups of sites that they hold.
    pub(super) known: HashMap<*const Group, Vec<[usize; 3]>>,
    pub(super) pairs: HashMap<*const Group, [usize; 3]>,
    /// Functions of convolutions, by the properties in which they differ.
    pub(super) convolutions: HashMap<String, usize>,
    /// Places of the roots of unity of a row, by its length.
    pub(super) roots: HashMap<usize, usize>,
    /// Functions of matrices, likewise.
    pub(super) matrices: HashMap<String, usize>,
    /// Index of the first number of each wide value, by its line and its number of numbers.
    pub(super) wide: HashMap<(usize, usize), usize>,
    /// Wide numbers of all values.
    pub(super) wide_count: usize,
    /// The first number of each output that is a sum, among all sums over samples.
    pub sums: Vec<Option<usize>>,
}

impl Writer<'_> {
    /// The random numbers of an input that the kernel draws itself.
    pub fn drawn(&self, input: usize) -> Option<Distribution> {
        self.drawn.get(input).copied().flatten()
    }

    pub(super) fn is_single(&self) -> bool {
        self.precision == Precision::F32
    }

    /// A number of the network.
    pub fn number(&self, x: f64) -> String {
        if self.is_single() { single(x as f32) } else { double(x) }
    }

    /// A wide number on all lanes.
    pub fn wide_number(&self, x: f64) -> String {
        if self.target.has_double {
            return format!("wide_number({})", double(x));
        }
        let [low, high] = split(x);
        format!("wide_pair({}, {})", single(high), single(low))
    }

    /// The variable of a wide number.
    pub fn wide(&mut self, line: usize) -> String {
        format!("wide[{}]", self.wide_numbers(line, 1))
    }

    /// The index of the first variable of a wide value with `count` numbers.
    pub fn wide_numbers(&mut self, line: usize, count: usize) -> usize {
        *self.wide.entry((line, count)).or_insert_with(|| {
            self.wide_count += count;
            self.wide_count - count
        })
    }

    /// Writes the begin of a loop; steps inside are given the row of the repeat.
    pub fn begin_rows(&mut self, depth: usize, text: &str) {
        self.bound(text);
        self.arguments.push(("const uint ", format!("row_{depth}")));
    }

    /// Writes the end of a loop.
    pub fn end_rows(&mut self, text: &str) {
        self.end_function(0);
        self.arguments.pop();
        self.bound(text);
    }

    fn bound(&mut self, text: &str) {
        self.end_function(0);
        let to = if self.target.workers == 1 { &mut self.calls } else { &mut self.body };
        put!(to, "{text}");
    }

    /// Writes a line of text.
    pub fn line(&mut self, text: &str) {
        put!(self.body, "{text}");
    }

    /// Writes a barrier: all work-items of the group wait for each other.
    pub fn barrier(&mut self) {
        put!(self.body, "    BARRIER;");
    }

    /// Writes a statement for each of `count` numbers i, shared by the work-items.
    pub fn each(&mut self, count: usize, statement: &str) {
        if count == 1 {
            put!(self.body, "    if (me == 0) {{ const uint i = 0; {statement} }}");
        } else {
            put!(self.body, "    for (uint i = me; i < {count}; i += WORKERS) {{ {statement} }}");
        }
        self.barrier();
    }

    /// Writes a statement that one work-item executes.
    pub fn once(&mut self, statement: &str) {
        put!(self.body, "    if (me == 0) {{ {statement} }}");
        self.barrier();
    }

    /// Puts the steps since the last call into a function if they have more than `least` bytes of text: compilers take
    /// more than twice as long for a function of twice the length. Not if a barrier follows each step: functions that
    /// hold barriers are inlined.
    pub(super) fn end_function(&mut self, least: usize) {
        if self.target.workers > 1 || self.body.len() <= least {
            return;
        }
        let declared: Vec<String> = self.arguments.iter().map(|(kind, name)| format!("{kind}{name}")).collect();
        let given: Vec<&str> = self.arguments.iter().map(|(_, name)| name.as_str()).collect();
        let (declared, given) = (declared.join(", "), given.join(", "));
        let name = format!("part_{}", self.calls.lines().count());
        put!(self.functions, "LARGE void {name}({declared}) {{\n{}}}", self.body);
        put!(self.calls, "    {name}({given});");
        self.body.clear();
    }
}
