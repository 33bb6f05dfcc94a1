//! The table of elementwise operations: one row each.
//!
//! A row gives the name, its arguments and constant, the formula for the CPU, the text for OpenCL (`{a}` and `{b}` are
//! the arguments, `{c}` the constant), and the derivative: the cotangent of each argument, recorded with other
//! operations out of the arguments x, the result y and the cotangent g. A new operation is a new row.

use super::cpu::{Lanes, functions};
use super::recorder::{Node, Recorder};

macro_rules! elementwise_table {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),+; $c:ident) = $formula:expr, $opencl:literal, $derivative:expr;)+) => {
        /// An elementwise operation; its constant is kept beside it in the recording.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Elementwise { $($(#[$doc])* $name,)+ }

        impl Elementwise {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Elementwise] = &[$(Elementwise::$name,)+];

            /// Number of arguments: 1 or 2.
            pub fn arguments(self) -> usize {
                match self { $(Elementwise::$name => [$(stringify!($arg)),+].len(),)+ }
            }

            /// The formula as OpenCL C text.
            pub fn opencl(self) -> &'static str {
                match self { $(Elementwise::$name => $opencl,)+ }
            }

            /// Records the cotangents of the arguments.
            pub(super) fn derivative(self, recorder: &mut Recorder, at: Point) -> Vec<Node> {
                let formula: fn(&mut Recorder, Point) -> Vec<Node> = match self {
                    $(Elementwise::$name => $derivative,)+
                };
                formula(recorder, at)
            }

            /// Applies the formula to `count` vectors; `out` may be one of the arguments.
            ///
            /// # Safety
            /// `arguments` and `out` point to `count` vectors each.
            #[inline(always)]
            pub(super) unsafe fn apply<L: Lanes>(self, arguments: [*const L; 2], c: f64, out: *mut L, count: usize) {
                match self {
                    $(Elementwise::$name => {
                        let $c = L::constant(c);
                        let _ = $c;
                        for i in 0..count {
                            let mut _k = 0;
                            $(
                                // SAFETY: the caller's promise.
                                let $arg = unsafe { *arguments[_k].add(i) };
                                _k += 1;
                            )+
                            // SAFETY: the caller's promise.
                            unsafe { *out.add(i) = $formula };
                        }
                    })+
                }
            }
        }
    };
}

/// Where a derivative is taken: arguments, result, its cotangent, and the operation's constant.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub x: [Node; 2],
    pub y: Node,
    pub g: Node,
    pub c: f64,
}

elementwise_table! {
    /// a + b
    Add(a, b; c) = a + b, "({a} + {b})", |_, p| vec![p.g, p.g];
    /// a - b
    Subtract(a, b; c) = a - b, "({a} - {b})", |r, p| vec![p.g, r.scale(p.g, -1.0)];
    /// a b
    Multiply(a, b; c) = a * b, "({a} * {b})", |r, p| vec![r.multiply(p.g, p.x[1]), r.multiply(p.g, p.x[0])];
    /// a / b
    Divide(a, b; c) = a / b, "({a} / {b})", |r, p| {
        let first = r.divide(p.g, p.x[1]);
        let product = r.multiply(first, p.y);
        vec![first, r.scale(product, -1.0)]
    };
    /// c a
    Scale(a; c) = a * c, "({a} * {c})", |r, p| vec![r.scale(p.g, p.c)];
    /// a + c
    Offset(a; c) = a + c, "({a} + {c})", |_, p| vec![p.g];
    /// exp(a), clamped to exp(+-87) in f32 and exp(+-708) in f64
    Exp(a; c) = functions::exp(a), "exp_V({a})", |r, p| vec![r.multiply(p.g, p.y)];
    /// log(a) of positive a
    Log(a; c) = functions::log(a), "log_V({a})", |r, p| vec![r.divide(p.g, p.x[0])];
    /// tanh(a)
    Tanh(a; c) = functions::tanh(a), "tanh_V({a})", |r, p| {
        let square = r.multiply(p.y, p.y);
        let lost = r.multiply(p.g, square);
        vec![r.subtract(p.g, lost)]
    };
    /// a where a > 0, else c a, for 0 < c < 1
    LeakyRelu(a; c) = a.max(a * c), "fmax({a}, {a} * {c})", |r, p| {
        let slope = r.leaky_slope(p.y, p.c);
        vec![r.multiply(p.g, slope)]
    };
    /// 1 where a > 0, else c: the slope of a leaky rectifier, from its argument or its result
    LeakySlope(a; c) = a.where_positive(L::constant(1.0), c), "({a} > (V)(0) ? (V)(1) : {c})", |r, p| vec![r.scale(p.g, 0.0)];
}
