//! A plan as OpenCL C: one work-group takes the vectors of samples of a job, one after the other, through all steps.
//!
//! Values keep the lines of the plan, a vector of numbers each, in local memory where they fit and in global memory where
//! not; wide numbers lie beside them. Work-items share sites or numbers; a barrier stands behind each step. On a
//! processor whose registers hold several numbers the vector is such a register and a group has one work-item, which is
//! what the CPU executor does; elsewhere a vector is one sample and work-items take its sites.

use super::super::elementwise::Elementwise;
use super::super::steps::{Convolve, Correlate, Fused, Geometry, Group, Place, Plan, Step, Weights, inputs};
use super::super::{Output, Program};
use crate::context::Precision;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

pub(in super::super) const LIBRARY: &str = include_str!("library.cl");

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

/// Output channels that a work-item takes at once.
const CHANNELS: usize = 8;
/// Vectors that a work-item sums in.
const SUMS: usize = 24;

/// Tiles of output channels: first and width.
pub(super) fn tiles(outputs: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outputs).step_by(CHANNELS).map(move |first| (first, CHANNELS.min(outputs - first)))
}

/// Packs weights as kernels read them: for each tile of outputs `[tap][input][output in tile]`.
pub(super) fn pack(geometry: &Geometry, parameters: &[f64], to: &mut [f64]) {
    let mut next = to.iter_mut();
    for (first, width) in tiles(geometry.outputs) {
        for k in 0..geometry.taps {
            for c in 0..geometry.inputs {
                for (o, slot) in (first..first + width).zip(&mut next) {
                    *slot = parameters[geometry.weight(o, c, k)];
                }
            }
        }
    }
}

struct Writer<'a> {
    plan: &'a Plan,
    drawn: &'a [bool],
    layout: Layout,
    precision: Precision,
    functions: String,
    body: String,
    tables: Vec<u32>,
    numbers: Vec<f64>,
    /// Places of tables by the groups of sites they hold.
    known: HashMap<*const Group, Vec<[usize; 3]>>,
    pairs: HashMap<*const Group, [usize; 3]>,
    /// Functions of convolutions by what makes them differ.
    convolutions: HashMap<String, usize>,
    /// Wide numbers by their lines.
    wide: HashMap<usize, usize>,
    sums: Vec<Option<usize>>,
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
        }
        writer.finish(program)
    }
}

macro_rules! put {
    ($to:expr, $($text:tt)*) => { let _ = writeln!($to, $($text)*); };
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
        put!(text, "#define LANES {lanes}\n#define WORKERS {workers}");
        put!(text, "#define SINGLE {}\n#define WIDE {}", u8::from(self.is_single()), u8::from(has_double));
        put!(text, "#define TO_DOUBLE {}\n#define TO_FLOAT {}", vector("convert_double"), vector("convert_float"));
        put!(text, "#define AR {}", if is_local { "local" } else { "global" });
        let fence = format!("barrier(CLK_{place}_MEM_FENCE{})", if is_local { "" } else { " | CLK_LOCAL_MEM_FENCE" });
        put!(text, "#define BARRIER {}", if workers == 1 { "" } else { &fence });
        text.push_str(LIBRARY);
        text.push_str(&self.functions);
        put!(text, "kernel __attribute__((reqd_work_group_size(WORKERS, 1, 1)))");
        put!(text, "void run(global const T *weights, global const T *numbers, global const uint *tables,");
        put!(text, "         global V *memory, global E *sums, global const ulong *keys, const uint batch,");
        put!(text, "         const uint first_job, const uint length, const uint share, const uint jobs");
        for (index, shape) in inputs(self.plan).iter().enumerate() {
            put!(
                text,
                "         , global const {} *input_{index}",
                if shape.is_some_and(|s| s.wide) { "E" } else { "T" }
            );
        }
        for (index, output) in program.outputs.iter().enumerate() {
            if let Output::PerSample(node) = output {
                let wide = program.recorder.shape(*node).wide;
                put!(text, "         , global {} *output_{index}", if wide { "E" } else { "T" });
            }
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
        put!(text, "  for (uint vector = begin; vector < end; vector++) {{");
        put!(text, "    const ulong first = (ulong)vector * LANES;");
        put!(text, "    const uint samples = min((uint)LANES, batch - vector * LANES);");
        put!(text, "    const int is_first = vector == begin;");
        text.push_str(&self.body);
        put!(text, "  }}\n}}");
        if self.sum_count > 0 {
            // The sums of the jobs of a chunk, one after the other.
            put!(
                text,
                "kernel void reduce(global const E *sums, global E *totals, const uint jobs, const uint count) {{"
            );
            put!(text, "  const uint i = get_global_id(0), chunk = get_global_id(1);");
            put!(text, "  if (i >= {0}) return;\n  sums += (size_t)chunk * jobs * {0} + i;", self.sum_count);
            put!(text, "  const uint own = min(jobs, count - chunk * jobs);");
            put!(text, "  E total = sums[0];");
            put!(
                text,
                "  for (uint j = 1; j < own; j++) total = plain_add(total, sums[(size_t)j * {}]);",
                self.sum_count
            );
            put!(text, "  totals[(size_t)chunk * {} + i] = total;\n}}", self.sum_count);
        }
        let Self { tables, numbers, sum_count, .. } = self;
        Source { text, tables, numbers, sum_count }
    }

    fn is_single(&self) -> bool {
        self.precision == Precision::F32
    }

    /// A number of the network.
    fn number(&self, x: f64) -> String {
        if self.is_single() { single(x as f32) } else { double(x) }
    }

    /// A wide number on all lanes.
    fn wide_number(&self, x: f64) -> String {
        if self.layout.has_double {
            return format!("wide_number({})", double(x));
        }
        let high = x as f32;
        let low = if high.is_finite() { (x - f64::from(high)) as f32 } else { 0.0 };
        format!("wide_pair({}, {})", single(high), single(low))
    }

    /// Where a wide number lies.
    fn wide(&mut self, line: usize) -> String {
        let next = self.wide.len();
        format!("wide[{}]", self.wide.entry(line).or_insert(next))
    }

    fn barrier(&mut self) {
        put!(self.body, "    BARRIER;");
    }

    /// A statement for each of `count` numbers i, shared by the work-items.
    fn each(&mut self, count: usize, statement: &str) {
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
        let mut statement = String::new();
        let mut strips: Vec<usize> = fused.operations.iter().filter_map(|o| strip(o.to)).collect();
        strips.sort_unstable();
        strips.dedup();
        for strip in strips {
            let _ = write!(statement, "V s{strip}; ");
        }
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
        let mut statement = String::new();
        let mut strips: Vec<usize> = fused.operations.iter().filter_map(|o| strip(o.to)).collect();
        strips.sort_unstable();
        strips.dedup();
        for strip in strips {
            let _ = write!(statement, "D s{strip}; ");
        }
        for step in &fused.operations {
            let mut at = |place: Place| match place {
                Place::Line(line) => self.wide(line),
                Place::Strip(strip) => format!("s{strip}"),
            };
            let ([a, b], to) = (step.arguments.map(&mut at), at(step.to));
            let c = self.wide_number(step.constant);
            let formula = match step.operation {
                Elementwise::Add => format!("wide_add({a}, {b})"),
                Elementwise::Subtract => format!("wide_subtract({a}, {b})"),
                Elementwise::Multiply => format!("wide_multiply({a}, {b})"),
                Elementwise::Divide => format!("wide_divide({a}, {b})"),
                Elementwise::Scale => format!("wide_multiply({a}, {c})"),
                Elementwise::Offset => format!("wide_add({a}, {c})"),
                Elementwise::Exp => format!("wide_exp({a})"),
                Elementwise::Log => format!("wide_log({a})"),
                Elementwise::Tanh => format!("wide_tanh({a})"),
                Elementwise::LeakyRelu => format!("wide_leaky({a}, {c})"),
                Elementwise::LeakySlope => format!("wide_slope({a}, {c})"),
            };
            let _ = write!(statement, "\n      {to} = {formula}; ");
        }
        self.once(&statement);
    }

    /// Tables of the groups of a convolution: where their taps, sites and sources begin.
    fn groups(&mut self, groups: &Arc<[Group]>) -> Vec<[usize; 3]> {
        let key = groups.as_ptr();
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut places = vec![];
        for group in groups.iter() {
            let taps = self.tables.len();
            self.tables.extend(group.taps.iter().map(|&k| k as u32));
            let sites = self.tables.len();
            self.tables.extend(&group.sites);
            places.push([taps, sites, self.tables.len()]);
            self.tables.extend(&group.sources);
        }
        self.known.insert(key, places.clone());
        places
    }

    fn convolve(&mut self, step: &Convolve) {
        let geometry = &step.geometry;
        let weights = match step.weights {
            Weights::Parameter { pack, .. } => format!("weights + {pack}"),
            Weights::Lines(line) => format!("a + {line}"),
        };
        let bias = match step.bias {
            Some(Weights::Parameter { pack, .. }) => format!("weights + {pack}"),
            Some(Weights::Lines(line)) => format!("a + {line}"),
            None => "0".into(),
        };
        let places = self.groups(&geometry.groups);
        let is_broadcast = matches!(step.weights, Weights::Parameter { .. });
        let key = format!(
            "{:?} {} {} {} {is_broadcast} {:?} {:?}",
            places,
            geometry.inputs,
            geometry.outputs,
            geometry.transposed,
            step.bias.map(|b| matches!(b, Weights::Parameter { .. })),
            step.rectifier,
        );
        let next = self.convolutions.len();
        let is_new = !self.convolutions.contains_key(&key);
        let index = *self.convolutions.entry(key).or_insert(next);
        if is_new {
            self.convolution(index, step, &places, is_broadcast);
        }
        put!(self.body, "    convolve_{index}(a + {}, a + {}, {weights}, {bias}, tables, me);", step.from, step.to);
        self.barrier();
    }

    /// The function of a convolution.
    fn convolution(&mut self, index: usize, step: &Convolve, places: &[[usize; 3]], is_broadcast: bool) {
        let geometry = &step.geometry;
        let (bias_type, bias) = match step.bias {
            None => ("const int ", None),
            Some(Weights::Parameter { .. }) => ("global const T *", Some("(V)(b[")),
            Some(Weights::Lines(_)) => ("AR const V *", Some("(b[")),
        };
        let mut text = String::new();
        let weight_type = if is_broadcast { "global const T" } else { "AR const V" };
        put!(text, "FUNCTION void convolve_{index}(AR const V *x, AR V *y, {weight_type} *w, {bias_type}b,");
        put!(text, "                       global const uint *tables, const uint me) {{");
        for (group, place) in geometry.groups.iter().zip(places) {
            for (first, width) in tiles(geometry.outputs) {
                let most = if self.layout.workers == 1 { (SUMS / width).clamp(1, 8) } else { 1 };
                let whole = group.sites.len() / most * most;
                let parts = [(0, whole, most), (whole, group.sites.len(), 1)];
                for (begin, end, together) in parts.into_iter().filter(|(begin, end, _)| begin < end) {
                    let of = Sweep { group, place, first, width, begin, end, together, bias, is_broadcast };
                    self.sweep(&mut text, step, &of);
                }
            }
        }
        put!(text, "}}");
        self.functions.push_str(&text);
    }

    /// Some sites of a group, `together` at a time, for a tile of output channels.
    fn sweep(&self, text: &mut String, step: &Convolve, of: &Sweep) {
        let geometry = &step.geometry;
        let &Sweep { group, place: &[taps, sites, sources], first, width, begin, end, together, .. } = of;
        let (inputs, n) = (geometry.inputs, group.sites.len());
        let count = (end - begin) / together;
        put!(text, "  for (uint i = me; i < {count}; i += WORKERS) {{");
        put!(text, "    const uint s = {begin} + i * {together};");
        for o in 0..width {
            for j in 0..together {
                let start = of.bias.map_or("(V)(0)".into(), |b| format!("{b}{}])", first + o));
                put!(text, "    V r{o}_{j} = {start};");
            }
        }
        put!(text, "    for (uint k = 0; k < {}; k++) {{", group.taps.len());
        for j in 0..together {
            put!(text, "      AR const V *x{j} = x + tables[{sources} + k * {n} + s + {j}];");
        }
        if of.is_broadcast {
            let tile = first * inputs * geometry.taps;
            put!(text, "      global const T *v = w + {tile} + tables[{taps} + k] * {};", inputs * width);
        } else {
            put!(text, "      const uint tap = tables[{taps} + k];");
        }
        put!(text, "      for (uint c = 0; c < {inputs}; c++) {{");
        for j in 0..together {
            put!(text, "        const V z{j} = x{j}[c * {}];", geometry.input_sites);
        }
        for o in 0..width {
            let weight = if of.is_broadcast {
                format!("v[c * {width} + {o}]")
            } else {
                let (o, outputs) = (first + o, geometry.outputs);
                let pair =
                    if geometry.transposed { format!("c * {outputs} + {o}") } else { format!("{o} * {inputs} + c") };
                format!("w[({pair}) * {} + tap]", geometry.taps)
            };
            let kind = if of.is_broadcast { "T" } else { "V" };
            put!(text, "        {{ const {kind} u = {weight};");
            for j in 0..together {
                put!(text, "          r{o}_{j} += u * z{j};");
            }
            put!(text, "        }}");
        }
        put!(text, "      }}\n    }}");
        for j in 0..together {
            put!(text, "    {{ AR V *z = y + tables[{sites} + s + {j}];");
            for o in 0..width {
                let value = match step.rectifier {
                    Some(slope) => format!("fmax(r{o}_{j}, r{o}_{j} * (V)({}))", self.number(slope)),
                    None => format!("r{o}_{j}"),
                };
                put!(text, "      z[{}] = {value};", (first + o) * geometry.output_sites);
            }
            put!(text, "    }}");
        }
        put!(text, "  }}");
    }

    /// Tables of the pairs of sites of each tap: where the beginnings, the outputs and the inputs begin.
    fn pairs(&mut self, geometry: &Geometry) -> [usize; 3] {
        let key = geometry.groups.as_ptr();
        if let Some(&known) = self.pairs.get(&key) {
            return known;
        }
        let mut lists = vec![vec![]; geometry.taps];
        for group in geometry.groups.iter() {
            for (j, &k) in group.taps.iter().enumerate() {
                let sources = &group.sources[j * group.sites.len()..];
                lists[k].extend(group.sites.iter().copied().zip(sources.iter().copied()));
            }
        }
        let begins = self.tables.len();
        let mut next = 0;
        self.tables.push(0);
        for list in &lists {
            next += list.len();
            self.tables.push(next as u32);
        }
        let outputs = self.tables.len();
        self.tables.extend(lists.iter().flatten().map(|pair| pair.0));
        let inputs = self.tables.len();
        self.tables.extend(lists.iter().flatten().map(|pair| pair.1));
        self.pairs.insert(key, [begins, outputs, inputs]);
        [begins, outputs, inputs]
    }

    fn correlate(&mut self, step: &Correlate) {
        let geometry = &step.geometry;
        let [begins, outputs, inputs] = self.pairs(geometry);
        let (from, signal, taps, channels) = (step.from, step.signal, geometry.taps, geometry.inputs);
        for (first, width) in tiles(geometry.outputs) {
            let mut text = String::new();
            put!(text, "const uint k = i % {taps}, c = i / {taps};");
            for o in 0..width {
                put!(text, "      V r{o} = (V)(0);");
            }
            put!(text, "      for (uint j = tables[{begins} + k]; j < tables[{begins} + k + 1]; j++) {{");
            put!(text, "        const V z = a[{from} + c * {} + tables[{inputs} + j]];", geometry.input_sites);
            let n = geometry.output_sites;
            put!(text, "        AR const V *g = a + {} + tables[{outputs} + j];", signal + first * n);
            for o in 0..width {
                put!(text, "        r{o} += g[{}] * z;", o * n);
            }
            put!(text, "      }}");
            for o in 0..width {
                let (o_, all) = (first + o, geometry.outputs);
                let pair =
                    if geometry.transposed { format!("c * {all} + {o_}") } else { format!("{o_} * {channels} + c") };
                let place = format!("({pair}) * {taps} + k");
                match step.to {
                    Ok(to) => {
                        put!(text, "      a[{to} + {place}] = r{o};");
                    }
                    Err(output) => {
                        let at = self.sums[output].unwrap_or_default();
                        put!(text, "      add_to(sum + {at} + {place}, widen(r{o}), samples, is_first);");
                    }
                }
            }
            self.each(channels * taps, &text);
        }
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

/// What is swept over.
struct Sweep<'a> {
    group: &'a Group,
    place: &'a [usize; 3],
    first: usize,
    width: usize,
    begin: usize,
    end: usize,
    together: usize,
    bias: Option<&'a str>,
    is_broadcast: bool,
}

fn strip(place: Place) -> Option<usize> {
    match place {
        Place::Strip(strip) => Some(strip),
        Place::Line(_) => None,
    }
}

fn special(x: f64) -> Option<&'static str> {
    match x {
        x if x.is_nan() => Some("NAN"),
        f64::INFINITY => Some("INFINITY"),
        f64::NEG_INFINITY => Some("-INFINITY"),
        _ => None,
    }
}

fn single(x: f32) -> String {
    special(f64::from(x)).map_or_else(|| format!("{x:?}f"), Into::into)
}

fn double(x: f64) -> String {
    special(x).map_or_else(|| format!("{x:?}"), Into::into)
}
