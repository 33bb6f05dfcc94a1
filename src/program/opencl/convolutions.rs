//! Convolutions and correlations as OpenCL C: sums in registers, over sites given by tables.

use super::super::convolution::{Convolution, Correlation, Geometry, Group, Weights};
use super::text::put;
use super::writer::Writer;
use std::fmt::Write;
use std::sync::Arc;

/// Output channels that a work-item computes at once.
const CHANNELS: usize = 8;
/// Vectors in which a work-item holds its sums.
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

/// The index of a weight w(o, c, tap) in the recorded order, as text: what `Geometry::weight` computes.
fn weight(geometry: &Geometry, o: usize, tap: &str) -> String {
    let Geometry { inputs, outputs, taps, .. } = geometry;
    let pair = if geometry.transposed { format!("c * {outputs} + {o}") } else { format!("{o} * {inputs} + c") };
    format!("({pair}) * {taps} + {tap}")
}

impl Writer<'_> {
    /// Tables of the groups of a convolution: offsets of their taps, sites and sources.
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

    /// Writes a convolution: a function, which equal convolutions share, and its call.
    pub fn convolve(&mut self, step: &Convolution) {
        let geometry = &step.geometry;
        let record = step.records.packed.text();
        let place = |weights| match weights {
            Weights::Parameter { pack, .. } => format!("weights + {pack} + {record}"),
            Weights::Lines(line) => format!("a + {line}"),
        };
        let (weights, bias) = (place(step.weights), step.bias.map_or("0".into(), place));
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
        put!(
            self.body,
            "    convolve_{index}(a + {}, a + {}, {weights}, {bias}, tables, me);",
            step.ends.from,
            step.ends.to
        );
        self.barrier();
    }

    /// Writes the function of a convolution.
    fn convolution(&mut self, index: usize, step: &Convolution, places: &[[usize; 3]], is_broadcast: bool) {
        let geometry = &step.geometry;
        let (bias_type, bias) = match step.bias {
            None => ("const int ", None),
            Some(Weights::Parameter { .. }) => ("global const T *", Some("(V)(b[")),
            Some(Weights::Lines(_)) => ("AR const V *", Some("(b[")),
        };
        let mut text = String::new();
        let weight_type = if is_broadcast { "global const T" } else { "AR const V" };
        put!(text, "LARGE void convolve_{index}(AR const V *x, AR V *y, {weight_type} *w, {bias_type}b,");
        put!(text, "                       global const uint *tables, const uint me) {{");
        for (group, place) in geometry.groups.iter().zip(places) {
            for (first, width) in tiles(geometry.outputs) {
                let most = if self.target.workers == 1 { (SUMS / width).clamp(1, 8) } else { 1 };
                let whole = group.sites.len() / most * most;
                let sweeps = [(0, whole, most), (whole, group.sites.len(), 1)];
                for (begin, end, together) in sweeps.into_iter().filter(|(begin, end, _)| begin < end) {
                    let of = Sweep { group, place, first, width, begin, end, together, bias, is_broadcast };
                    self.sweep(&mut text, step, &of);
                }
            }
        }
        put!(text, "}}");
        self.functions.push_str(&text);
    }

    /// Writes the loop over some sites of a group, `together` at a time, for a tile of output channels.
    fn sweep(&self, text: &mut String, step: &Convolution, of: &Sweep) {
        let geometry = &step.geometry;
        let &Sweep { group, place: &[taps, _, sources], first, width, begin, end, together, .. } = of;
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
        put_products(text, geometry, of);
        put!(text, "    }}");
        self.put_results(text, step, of);
        put!(text, "  }}");
    }

    /// Writes the sums of a tile, after the rectifier where there is one.
    fn put_results(&self, text: &mut String, step: &Convolution, of: &Sweep) {
        let &Sweep { place: &[_, sites, _], first, width, together, .. } = of;
        for j in 0..together {
            put!(text, "    {{ AR V *z = y + tables[{sites} + s + {j}];");
            for o in 0..width {
                let value = match step.rectifier {
                    Some(slope) => format!("fmax(r{o}_{j}, r{o}_{j} * (V)({}))", self.number(slope)),
                    None => format!("r{o}_{j}"),
                };
                put!(text, "      z[{}] = {value};", (first + o) * step.geometry.output_sites);
            }
            put!(text, "    }}");
        }
    }

    /// Tables of the pairs of sites of each tap: offsets of the starts of the taps, of the outputs and of the inputs.
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

    /// Writes a correlation.
    pub fn correlate(&mut self, step: &Correlation) {
        let geometry = &step.geometry;
        let [begins, outputs, inputs] = self.pairs(geometry);
        let (from, signal, taps) = (step.from, step.signal, geometry.taps);
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
                let place = weight(geometry, first + o, "k");
                match &step.to {
                    Ok(to) => {
                        put!(text, "      a[{to} + {place}] = r{o};");
                    }
                    Err(sum) => {
                        let (at, row) = (self.sums[sum.output].unwrap_or_default(), sum.at.text());
                        put!(text, "      add_to(sum + {at} + {row} + {place}, widen(r{o}), samples, is_first);");
                    }
                }
            }
            self.each(geometry.inputs * taps, &text);
        }
    }
}

/// Sites and output channels of a loop.
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

/// Writes the addition of the products of one tap with all input channels.
fn put_products(text: &mut String, geometry: &Geometry, of: &Sweep) {
    let &Sweep { first, width, together, is_broadcast, .. } = of;
    put!(text, "      for (uint c = 0; c < {}; c++) {{", geometry.inputs);
    for j in 0..together {
        put!(text, "        const V z{j} = x{j}[c * {}];", geometry.input_sites);
    }
    let kind = if is_broadcast { "T" } else { "V" };
    for o in 0..width {
        let weight = if is_broadcast {
            format!("v[c * {width} + {o}]")
        } else {
            format!("w[{}]", weight(geometry, first + o, "tap"))
        };
        put!(text, "        {{ const {kind} u = {weight};");
        for j in 0..together {
            put!(text, "          r{o}_{j} += u * z{j};");
        }
        put!(text, "        }}");
    }
    put!(text, "      }}");
}
