//! Source of Fourier transforms: one statement for each pass over a complex field of all sites.
//!
//! With the symbols of `program/transform.rs` and roots of the whole row, w_n = w_N^s, number a = q + s (r p + k) of a row
//! becomes sum_j w_N^(s k (p + m j)) x[q + s (p + m j)], by direct sums of r terms. A transform backward
//! starts from the half spectrum with zeros beyond it, and takes real parts at its end.

use super::super::fourier::Way;
use super::super::transform::{Axis, Transform, root};
use super::text::put;
use super::writer::Writer;
use std::fmt::Write;

impl Writer<'_> {
    /// Writes a transform of all channels, one after the other.
    pub fn transform(&mut self, step: &Transform) {
        self.line(&format!("    for (uint c = 0; c < {}; c++) {{", step.channels));
        self.load(step);
        // The field is in the first or in the second half of the scratch memory.
        let (mut now, mut stride) = (0, 1);
        for &length in &step.extents {
            let table = self.place_of_roots(length);
            for pass in &Axis::new(length).passes {
                let sign = if step.way == Way::Forward { "" } else { "-" };
                let (n, m, s, r) = (length, pass.rest, pass.done, pass.radix);
                let (from, to) = (step.buffer(now), step.buffer(1 - now));
                let volume = step.volume();
                let mut text = String::new();
                put!(
                    text,
                    "const uint a_x = i / {stride} % {n}, q = a_x % {s}, k = a_x / {s} % {r}, p = a_x / {};",
                    s * r
                );
                put!(text, "      const uint base = i - a_x * {stride} + (q + {s} * p) * {stride};");
                put!(text, "      V re = (V)(0), im = (V)(0);");
                put!(text, "      for (uint j = 0; j < {r}; j++) {{");
                put!(text, "        const uint w = {table} + 2 * ({s} * k * (p + {m} * j) % {n});");
                put!(text, "        const T u = numbers[w], v = {sign}numbers[w + 1];");
                put!(text, "        const uint b = {from} + base + j * {};", m * s * stride);
                put!(text, "        re += u * a[b] - v * a[b + {volume}]; im += u * a[b + {volume}] + v * a[b];");
                put!(text, "      }}");
                put!(text, "      a[{to} + i] = re; a[{to} + {volume} + i] = im;");
                self.each(volume, &text);
                now = 1 - now;
            }
            stride *= length;
        }
        self.store(step, now);
        self.line("    }");
    }

    /// Place of the first root of unity of a row among the tables of numbers.
    fn place_of_roots(&mut self, length: usize) -> usize {
        let numbers = &mut self.numbers;
        *self.roots.entry(length).or_insert_with(|| {
            let start = numbers.len();
            numbers.extend((0..length).flat_map(|power| root(power, length)));
            start
        })
    }

    /// Writes the statement that fills the complex field.
    fn load(&mut self, step: &Transform) {
        let (from, to, volume, modes) = (step.from, step.buffer(0), step.volume(), step.modes());
        let (length, half) = (step.x.length, step.x.half());
        let text = match step.way {
            Way::Forward => format!("a[{to} + i] = a[{from} + c * {volume} + i]; a[{to} + {volume} + i] = (V)(0);"),
            Way::Backward => format!(
                "const uint x = i % {length}, b = {from} + 2 * c * {modes} + i / {length} * {half} + x; \
                 const int has = x < {half}; const T f = {}; \
                 a[{to} + i] = has ? f * a[b] : (V)(0); a[{to} + {volume} + i] = has ? f * a[b + {modes}] : (V)(0);",
                self.factor(step)
            ),
        };
        self.each(volume, &text);
    }

    /// Writes the statement that stores the result.
    fn store(&mut self, step: &Transform, now: usize) {
        let (from, to, volume, modes) = (step.buffer(now), step.to, step.volume(), step.modes());
        let (length, half) = (step.x.length, step.x.half());
        match step.way {
            Way::Backward => self.each(volume, &format!("a[{to} + c * {volume} + i] = a[{from} + i];")),
            Way::Forward => {
                let text = format!(
                    "const uint x = i % {half}, b = {from} + i / {half} * {length} + x, to = {to} + 2 * c * {modes} + i; \
                     const T f = {}; a[to] = f * a[b]; a[to + {modes}] = f * a[b + {volume}];",
                    self.factor(step)
                );
                self.each(modes, &text);
            }
        }
    }

    /// The factor of the modes with first momentum x.
    fn factor(&self, step: &Transform) -> String {
        let [single, double] = step.factors.unwrap_or([1.0; 2]).map(|factor| self.number(factor));
        format!("x == 0 || 2 * x == {} ? {single} : {double}", step.x.length)
    }
}
