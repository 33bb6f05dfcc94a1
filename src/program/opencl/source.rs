//! A plan as OpenCL C: one work-group takes the vectors of samples of a job, one after the other, through all steps.
//!
//! Values keep the lines of the plan, a vector of numbers each, in local memory where they fit and in global memory where
//! not; wide numbers lie beside them. Work-items share sites or numbers; a barrier stands behind each step. On a
//! processor whose registers hold several numbers the vector is such a register and a group has one work-item, which is
//! what the CPU executor does; elsewhere a vector is one sample and work-items take its sites.

use super::super::steps::{Fused, FusedOperation, Group, Place, Plan, Step};
use super::super::{Output, Program};
use super::arguments::{Argument, buffers, of_steps};
use super::buffers::split;
use super::text::{double, put, single};
use crate::context::Precision;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

pub(in super::super) const LIBRARY: &str = include_str!("library.cl");

/// Bytes of text of a function of steps.
const PART: usize = 4096;

/// How a program lies on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Layout {
    /// Samples in a vector.
    pub lanes: usize,
    /// Work-items of a group.
    pub workers: usize,
    /// Whether values lie in local memory.
    pub is_local: bool,
    /// Whether the device has numbers of 64 bits.
    pub has_double: bool,
}

/// What a kernel is made of.
pub(super) struct Source {
    pub text: String,
    /// Which sites feed which.
    pub tables: Vec<u32>,
    /// Numbers of tables.
    pub numbers: Vec<f64>,
    /// Numbers of sums over samples.
    pub sum_count: usize,
}

/// Writes a source, step by step.
pub(super) struct Writer<'a> {
    plan: &'a Plan,
    drawn: &'a [bool],
    pub(super) layout: Layout,
    precision: Precision,
    pub(super) functions: String,
    pub(super) body: String,
    /// What any step may name.
    arguments: Vec<Argument>,
    /// Calls of the functions that hold steps already.
    calls: String,
    pub(super) tables: Vec<u32>,
    numbers: Vec<f64>,
    /// Places of tables by the groups of sites they hold.
    pub(super) known: HashMap<*const Group, Vec<[usize; 3]>>,
    pub(super) pairs: HashMap<*const Group, [usize; 3]>,
    /// Functions of convolutions by what makes them differ.
    pub(super) convolutions: HashMap<String, usize>,
    /// Wide numbers by their lines.
    wide: HashMap<usize, usize>,
    pub(super) sums: Vec<Option<usize>>,
    sum_count: usize,
}

impl Source {
    /// The source of a planned program.
    ///
    /// `drawn` tells which inputs are normal numbers that the kernel draws itself.
    pub fn new((program, drawn): (&Program, &[bool]), plan: &Plan, precision: Precision, layout: Layout) -> Self {
        let (sums, sum_count) = sums(program);
        let mut writer = Writer {
            plan,
            drawn,
            layout,
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
            wide: HashMap::new(),
            sums,
            sum_count,
        };
        for step in &plan.steps {
            writer.step(step);
            writer.end_part(PART);
        }
        writer.end_part(0);
        writer.finish(program)
    }
}

impl Writer<'_> {
    fn finish(self, program: &Program) -> Source {
        let Layout { lanes, workers, is_local, has_double } = self.layout;
        let mut text = String::new();
        if has_double {
            put!(text, "#pragma OPENCL EXTENSION cl_khr_fp64 : enable");
        }
        let vector = |name: &str| if lanes == 1 { name.to_string() } else { format!("{name}{lanes}") };
        let place = if is_local { "LOCAL" } else { "GLOBAL" };
        put!(text, "#define LANES {lanes}\n#define PAIRED {}\n#define WORKERS {workers}", 2 * lanes);
        put!(text, "#define SINGLE {}\n#define WIDE {}", u8::from(self.is_single()), u8::from(has_double));
        for kind in ["double", "float", "int"] {
            put!(text, "#define TO_{} {}", kind.to_uppercase(), vector(&format!("convert_{kind}")));
        }
        put!(text, "#define SUMS {}", self.sum_count);
        put!(text, "#define AR {}", if is_local { "local" } else { "global" });
        let fence = format!("barrier(CLK_{place}_MEM_FENCE{})", if is_local { "" } else { " | CLK_LOCAL_MEM_FENCE" });
        put!(text, "#define BARRIER {}", if workers == 1 { "" } else { &fence });
        text.push_str(LIBRARY);
        text.push_str(&self.functions);
        put!(text, "kernel __attribute__((reqd_work_group_size(WORKERS, 1, 1)))");
        put!(text, "void run(global const T *weights, global const T *numbers, global const uint *tables,");
        put!(text, "         global V *memory, global E *sums, global const ulong *keys, const uint batch,");
        put!(text, "         const uint first_job, const uint length, const uint share, const uint jobs");
        for (kind, name) in buffers(program, self.plan) {
            put!(text, "         , {kind}{name}");
        }
        put!(text, ") {{\n  const uint me = get_local_id(0), job = first_job + get_group_id(0);");
        let lines = self.plan.lines.max(1);
        if is_local {
            put!(text, "  local V a[{lines}];");
        } else {
            put!(text, "  global V *a = memory + (size_t)get_group_id(0) * {lines};");
        }
        put!(text, "  local D wide[{}];", self.wide.len().max(1));
        if workers > 1 {
            put!(text, "  local D parts[WORKERS];");
        }
        // Jobs are cut by the batch alone: chunks of `length` vectors, of which a job takes `share`.
        put!(text, "  const uint vectors = (batch + LANES - 1) / LANES, chunk = job / jobs * length;");
        put!(text, "  const uint begin = chunk + job % jobs * share;");
        put!(text, "  const uint end = min(min(begin + share, chunk + length), vectors);");
        if self.sum_count > 0 {
            put!(text, "  global E *sum = sums + (size_t)job * {};", self.sum_count);
        }
        // No job is empty. (PoCL 3.1 makes wrong work-item loops of a loop that may end before its first barrier.)
        put!(text, "  uint vector = begin;\n  do {{");
        put!(text, "    const ulong first = (ulong)vector * LANES;");
        put!(text, "    const uint samples = min((uint)LANES, batch - vector * LANES);");
        put!(text, "    const int is_first = vector == begin;");
        text.push_str(if workers == 1 { &self.calls } else { &self.body });
        put!(text, "  }} while (++vector < end);\n}}");
        let Self { tables, numbers, sum_count, .. } = self;
        Source { text, tables, numbers, sum_count }
    }

    /// Puts the steps since the last call into a function where these are more than so many bytes: compilers take more
    /// than twice as long for a function of twice the length. Not where a barrier stands behind each step: functions that
    /// hold barriers are inlined.
    fn end_part(&mut self, least: usize) {
        if self.layout.workers > 1 || self.body.len() <= least {
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

    fn is_single(&self) -> bool {
        self.precision == Precision::F32
    }

    /// A number of the network.
    pub(super) fn number(&self, x: f64) -> String {
        if self.is_single() { single(x as f32) } else { double(x) }
    }

    /// A wide number on all lanes.
    fn wide_number(&self, x: f64) -> String {
        if self.layout.has_double {
            return format!("wide_number({})", double(x));
        }
        let [low, high] = split(x);
        format!("wide_pair({}, {})", single(high), single(low))
    }

    /// Where a wide number lies.
    fn wide(&mut self, line: usize) -> String {
        let next = self.wide.len();
        format!("wide[{}]", self.wide.entry(line).or_insert(next))
    }

    pub(super) fn barrier(&mut self) {
        put!(self.body, "    BARRIER;");
    }

    /// A statement for each of `count` numbers i, shared by the work-items.
    pub(super) fn each(&mut self, count: usize, statement: &str) {
        if count == 1 {
            put!(self.body, "    if (me == 0) {{ const uint i = 0; {statement} }}");
        } else {
            put!(self.body, "    for (uint i = me; i < {count}; i += WORKERS) {{ {statement} }}");
        }
        self.barrier();
    }

    /// A statement that one work-item does.
    fn once(&mut self, statement: &str) {
        put!(self.body, "    if (me == 0) {{ {statement} }}");
        self.barrier();
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Input { index, to, shape } if shape.wide => {
                let to = self.wide(*to);
                self.once(&format!("{to} = load_wide(input_{index}, first, samples);"));
            }
            Step::Input { index, to, shape } => {
                let count = shape.count();
                let (from, key) = (format!("input_{index}"), format!("keys + {}", 3 * index));
                if self.drawn.get(*index) == Some(&true) {
                    put!(self.body, "    normals(a + {to}, {key}, first, samples, {count}, me);");
                } else {
                    put!(self.body, "    load(a + {to}, {from}, first, samples, {count}, me);");
                }
                self.barrier();
            }
            Step::Parameter { offset, to, count } => {
                let at = self.plan.packed + offset;
                self.each(*count, &format!("a[{to} + i] = (V)(weights[{at} + i]);"));
            }
            Step::Constant { value, to, shape } if shape.wide => {
                let (to, value) = (self.wide(*to), self.wide_number(*value));
                self.once(&format!("{to} = {value};"));
            }
            Step::Constant { value, to, shape } => {
                let value = self.number(*value);
                self.each(shape.count(), &format!("a[{to} + i] = (V)({value});"));
            }
            Step::Table { values, to } => {
                let at = self.numbers.len();
                self.numbers.extend(values);
                self.each(values.len(), &format!("a[{to} + i] = (V)(numbers[{at} + i]);"));
            }
            Step::Fused(fused) if fused.shape.wide => self.fused_wide(fused),
            Step::Fused(fused) => self.fused(fused),
            Step::Map { from, to, channels, inputs, sources } => {
                let at = self.tables.len();
                self.tables.extend(sources);
                let n = sources.len();
                let count = channels * n;
                self.each(
                    count,
                    &format!(
                        "const uint t = tables[{at} + i % {n}]; \
                         a[{to} + i] = t == {NONE} ? (V)(0) : a[{from} + i / {n} * {inputs} + t];",
                        NONE = "UINT_MAX"
                    ),
                );
            }
            Step::Convolve(step) => self.convolve(step),
            Step::Correlate(step) => self.correlate(step),
            Step::SumSites { from, to, channels, sites } => self.each(
                *channels,
                &format!(
                    "V s = (V)(0); for (uint j = 0; j < {sites}; j++) s += a[{from} + i * {sites} + j]; a[{to} + i] = s;"
                ),
            ),
            Step::SpreadSites { from, to, channels, sites } => {
                self.each(channels * sites, &format!("a[{to} + i] = a[{from} + i / {sites}];"));
            }
            Step::Total { from, to, count } => {
                let (to, zero) = (self.wide(*to), self.wide_number(0.0));
                let sum = format!(
                    "D s = {zero}; for (uint i = me; i < {count}; i += WORKERS) s = wide_add(s, widen(a[{from} + i]));"
                );
                if self.layout.workers == 1 {
                    put!(self.body, "    {{ {sum} {to} = s; }}");
                } else {
                    put!(self.body, "    {{ {sum} parts[me] = s; }}");
                    self.barrier();
                    self.once(&format!(
                        "D s = parts[0]; for (uint j = 1; j < WORKERS; j++) s = wide_add(s, parts[j]); {to} = s;"
                    ));
                }
            }
            Step::Spread { from, to, count } => {
                let from = self.wide(*from);
                self.each(*count, &format!("a[{to} + i] = narrow({from});"));
            }
            Step::Place { from, to, before, count, after } => self.each(
                before + count + after,
                &format!(
                    "a[{to} + i] = i < {before} || i >= {} ? (V)(0) : a[{from} + i - {before}];",
                    before + count
                ),
            ),
            Step::Copy { from, index, shape } if shape.wide => {
                let from = self.wide(*from);
                put!(self.body, "    if (me == 0) store_wide(output_{index}, {from}, first, samples);");
                self.barrier();
            }
            Step::Copy { from, index, shape } => {
                let count = shape.count();
                put!(self.body, "    store(output_{index}, a + {from}, first, samples, {count}, me);");
                self.barrier();
            }
            Step::Reduce { from, index, shape } => {
                let at = self.sums[*index].unwrap_or_default();
                if shape.wide {
                    let from = self.wide(*from);
                    put!(self.body, "    if (me == 0) add_to(sum + {at}, {from}, samples, is_first);");
                } else {
                    let count = shape.count();
                    put!(self.body, "    for (uint i = me; i < {count}; i += WORKERS)");
                    put!(self.body, "      add_to(sum + {at} + i, widen(a[{from} + i]), samples, is_first);");
                }
                self.barrier();
            }
        }
    }

    fn fused(&mut self, fused: &Fused) {
        let mut statement = strips(fused, "V");
        let at = |place: Place| match place {
            Place::Line(line) => format!("a[{line} + i]"),
            Place::Strip(strip) => format!("s{strip}"),
        };
        for step in &fused.operations {
            let [a, b] = step.arguments.map(at);
            let formula = step.operation.opencl().replace("{a}", &a).replace("{b}", &b);
            let formula = formula.replace("{c}", &format!("(V)({})", self.number(step.constant)));
            let _ = write!(statement, "\n      {} = {formula}; ", at(step.to));
        }
        self.each(fused.shape.count(), &statement);
    }

    fn fused_wide(&mut self, fused: &Fused) {
        let mut statement = strips(fused, "D");
        for step in &fused.operations {
            let mut at = |place: Place| match place {
                Place::Line(line) => self.wide(line),
                Place::Strip(strip) => format!("s{strip}"),
            };
            let ([a, b], to) = (step.arguments.map(&mut at), at(step.to));
            let c = self.wide_number(step.constant);
            let formula = format!("WIDE_{:?}({a}, {b}, {c})", step.operation);
            let _ = write!(statement, "\n      {to} = {formula}; ");
        }
        self.once(&statement);
    }
}

/// Sums over samples: the first of each output that is one, and their number.
pub(super) fn sums(program: &Program) -> (Vec<Option<usize>>, usize) {
    let (mut firsts, mut count) = (vec![], 0);
    for (index, output) in program.outputs.iter().enumerate() {
        let is_sum = matches!(output, Output::Summed(_));
        firsts.push(is_sum.then_some(count));
        count += if is_sum { program.output_count(index) } else { 0 };
    }
    (firsts, count)
}

/// Declares the strips of a fused group.
fn strips(fused: &Fused, kind: &str) -> String {
    let strip = |operation: &FusedOperation| match operation.to {
        Place::Strip(strip) => Some(strip),
        Place::Line(_) => None,
    };
    let strips: BTreeSet<usize> = fused.operations.iter().filter_map(strip).collect();
    strips.into_iter().map(|strip| format!("{kind} s{strip}; ")).collect()
}
