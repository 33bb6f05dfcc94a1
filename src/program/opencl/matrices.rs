//! Operations on matrices as OpenCL C: one function for each operation and kind of matrices, called for each matrix.

use super::text::put;
use super::writer::Writer;
use std::fmt::Write;

/// Functions of matrices in private memory, for programs that use them.
pub(super) const LIBRARY: &str = include_str!("matrices.cl");

/// A function for one matrix: it reads the arguments, evaluates a text and writes the result; the numbers of a matrix are
/// `stride` lines apart.
#[derive(Debug)]
pub struct Function<'a> {
    /// The text, as `table.rs` describes it.
    pub text: &'a str,
    /// Channels of each argument.
    pub arguments: &'a [usize],
    /// Channels of the result.
    pub result: usize,
    /// Numbers of scratch memory.
    pub scratch: usize,
    pub stride: usize,
}

impl Writer<'_> {
    /// The name of a function, which is written at the first time.
    pub fn matrix_function(&mut self, function: &Function) -> String {
        let (key, next) = (format!("{function:?}"), self.matrices.len());
        if let Some(known) = self.matrices.get(&key) {
            return format!("matrices_{known}");
        }
        self.matrices.insert(key, next);
        let &Function { text, arguments, result, scratch, stride } = function;
        let declared: Vec<String> = (0..arguments.len()).map(|i| format!("AR const V *x{i}")).collect();
        let mut body = String::new();
        put!(body, "LARGE void matrices_{next}({}, AR V *to) {{", declared.join(", "));
        put!(body, "  V x[{}], y[{result}], w[{}];", arguments.iter().sum::<usize>(), scratch.max(1));
        let mut first = 0;
        for (i, channels) in arguments.iter().enumerate() {
            put!(body, "  for (int k = 0; k < {channels}; k++) x[{first} + k] = x{i}[k * {stride}];");
            first += channels;
        }
        put!(body, "  {text};\n  for (int k = 0; k < {result}; k++) to[k * {stride}] = y[k];\n}}");
        self.functions.push_str(&body);
        format!("matrices_{next}")
    }
}
