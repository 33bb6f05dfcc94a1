//! A plan as OpenCL C: one work-group computes all steps for the vectors of samples of a job, one after the other.
//!
//! Values keep the lines of the plan, a vector of numbers each, in local memory where they fit and in global memory where
//! not; wide numbers have memory of their own. Work-items share sites or numbers; a barrier follows each step. On a
//! processor whose registers hold several numbers the vector is such a register and a group has one work-item, which is
//! what the CPU executor does; elsewhere a vector is one sample and work-items share its sites.

use super::super::feed::Distribution;
use super::super::finished::{Output, Program};
use super::super::steps::Plan;
use super::arguments::{buffers, of_steps};
use super::matrices;
use super::target::Target;
use super::text::put;
use super::writer::Writer;
use crate::context::Precision;
use std::collections::HashMap;
use std::fmt::Write;

pub(in super::super) const LIBRARY: &str = include_str!("library.cl");

/// Bytes of source text in a function of steps.
const FUNCTION: usize = 4096;

/// Source text of a kernel, and its tables.
pub(super) struct Source {
    pub text: String,
    /// Tables of input sites.
    pub tables: Vec<u32>,
    /// Tables of numbers.
    pub numbers: Vec<f64>,
    /// Numbers of sums over samples.
    pub sum_count: usize,
}

/// A planned program, and its layout on a device.
pub(super) struct Planned<'a> {
    pub program: &'a Program,
    pub plan: &'a Plan,
    pub precision: Precision,
    pub target: Target,
    /// The random numbers that the kernel draws itself, by the input.
    pub drawn: &'a [Option<Distribution>],
}

impl Source {
    /// The source of a planned program.
    pub fn new(planned: &Planned) -> Self {
        let &Planned { program, plan, precision, target, drawn } = planned;
        let (sums, sum_count) = sums(program);
        let mut writer = Writer {
            drawn,
            packed: plan.packed,
            target,
            precision,
            functions: String::new(),
            body: String::new(),
            arguments: of_steps(program, plan, sum_count),
            calls: String::new(),
            tables: vec![],
            numbers: vec![],
            known: HashMap::new(),
            pairs: HashMap::new(),
            convolutions: HashMap::new(),
            roots: HashMap::new(),
            matrices: HashMap::new(),
            wide: HashMap::new(),
            wide_count: 0,
            sums,
        };
        for step in &plan.steps {
            step.write(&mut writer);
            writer.end_function(FUNCTION);
        }
        writer.end_function(0);
        let mut text = definitions(&writer, sum_count);
        text.push_str(LIBRARY);
        if !writer.matrices.is_empty() {
            text.push_str(matrices::LIBRARY);
        }
        text.push_str(&writer.functions);
        put_head(&mut text, planned, writer.wide_count);
        put_loop(&mut text, if target.workers == 1 { &writer.calls } else { &writer.body }, sum_count);
        let Writer { tables, numbers, .. } = writer;
        Source { text, tables, numbers, sum_count }
    }
}

/// Macros that describe the device and the program to the library and the steps.
fn definitions(writer: &Writer, sum_count: usize) -> String {
    let Target { lanes, workers, is_local, has_double } = writer.target;
    let mut text = String::new();
    if has_double {
        put!(text, "#pragma OPENCL EXTENSION cl_khr_fp64 : enable");
    }
    let vector = |name: &str| if lanes == 1 { name.to_string() } else { format!("{name}{lanes}") };
    let place = if is_local { "LOCAL" } else { "GLOBAL" };
    put!(text, "#define LANES {lanes}\n#define PAIRED {}\n#define WORKERS {workers}", 2 * lanes);
    put!(text, "#define SINGLE {}\n#define WIDE {}", u8::from(writer.is_single()), u8::from(has_double));
    for kind in ["double", "float", "int"] {
        put!(text, "#define TO_{} {}", kind.to_uppercase(), vector(&format!("convert_{kind}")));
    }
    put!(text, "#define SUMS {sum_count}");
    put!(text, "#define AR {}", if is_local { "local" } else { "global" });
    let fence = format!("barrier(CLK_{place}_MEM_FENCE{})", if is_local { "" } else { " | CLK_LOCAL_MEM_FENCE" });
    put!(text, "#define BARRIER {}", if workers == 1 { "" } else { &fence });
    text
}

/// Writes the arguments of the kernel, and the memory of a group.
fn put_head(text: &mut String, planned: &Planned, wide_numbers: usize) {
    let Planned { program, plan, target, .. } = planned;
    put!(text, "kernel __attribute__((reqd_work_group_size(WORKERS, 1, 1)))");
    put!(text, "void run(global const T *weights, global const T *numbers, global const uint *tables,");
    put!(text, "         global V *memory, global E *sums, global const ulong *keys, const uint batch,");
    put!(text, "         const uint first_job, const uint length, const uint share, const uint jobs");
    for (kind, name) in buffers(program, plan) {
        put!(text, "         , {kind}{name}");
    }
    put!(text, ") {{\n  const uint me = get_local_id(0), job = first_job + get_group_id(0);");
    let lines = plan.lines.max(1);
    if target.is_local {
        put!(text, "  local V a[{lines}];");
    } else {
        put!(text, "  global V *a = memory + (size_t)get_group_id(0) * {lines};");
    }
    put!(text, "  local D wide[{}];", wide_numbers.max(1));
    if target.workers > 1 {
        put!(text, "  local D parts[WORKERS];");
    }
}

/// Writes the loop of the steps over all vectors of a job.
fn put_loop(text: &mut String, steps: &str, sum_count: usize) {
    // Jobs are cut by the batch alone: chunks of `length` vectors, of which a job takes `share`.
    put!(text, "  const uint vectors = (batch + LANES - 1) / LANES, chunk = job / jobs * length;");
    put!(text, "  const uint begin = chunk + job % jobs * share;");
    put!(text, "  const uint end = min(min(begin + share, chunk + length), vectors);");
    if sum_count > 0 {
        put!(text, "  global E *sum = sums + (size_t)job * {sum_count};");
    }
    // No job is empty. (PoCL 3.1 makes wrong work-item loops of a loop that may end before its first barrier.)
    put!(text, "  uint vector = begin;\n  do {{");
    put!(text, "    const ulong first = (ulong)vector * LANES;");
    put!(text, "    const uint samples = min((uint)LANES, batch - vector * LANES);");
    put!(text, "    const int is_first = vector == begin;");
    text.push_str(steps);
    put!(text, "  }} while (++vector < end);\n}}");
}

/// Sums over samples: the index of the first number of each output that is a sum, and how many numbers there are.
pub(super) fn sums(program: &Program) -> (Vec<Option<usize>>, usize) {
    let (mut firsts, mut count) = (vec![], 0);
    for (index, output) in program.outputs.iter().enumerate() {
        let is_sum = matches!(output, Output::Summed(_));
        firsts.push(is_sum.then_some(count));
        count += if is_sum { program.output_count(index) } else { 0 };
    }
    (firsts, count)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Filter, Recorder, Scan, Shape, Stencil, Values};
    use super::*;

    /// The gradient of a chain of convolutions with the weights of each step.
    fn chain(count: usize) -> Program {
        let mut r = Recorder::new();
        let (x, weights) = (r.input(Shape::new(1, 4)), r.parameter(count));
        let scan = Scan { count, carried: &[x], rows: &[weights], ..Scan::default() };
        let end = r.repeat(&scan, |r, of| {
            let stencil = Stencil::pick(4, &[1, 2, 3, 0]).expect("a stencil");
            let filter = Filter { weights: of.rows[0], stencil: &stencil, transposed: false };
            let y = r.convolve(of.carried[0], filter, None, 1);
            Values { carried: vec![r.tanh(y)], stacked: vec![] }
        });
        let loss = r.total(end.carried[0]);
        let gradient = r.gradient(loss, &[weights]);
        Program::new(r, vec![Output::Summed(gradient[0])])
    }

    #[test]
    fn a_source_does_not_grow_with_the_steps_of_a_repeat() {
        for workers in [1, 8] {
            let target = Target { lanes: 4, workers, is_local: false, has_double: true };
            let lines = |count| {
                let program = chain(count);
                let plan = Plan::new(&program, false);
                let planned =
                    Planned { program: &program, plan: &plan, precision: Precision::F32, target, drawn: &[None] };
                Source::new(&planned).text.lines().count()
            };
            assert_eq!(lines(300), lines(3));
        }
    }
}
