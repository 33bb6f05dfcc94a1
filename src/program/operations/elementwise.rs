//! The table of elementwise operations: one row each.
//!
//! A row gives the name, its arguments and constant, the formula for the CPU, the text for OpenCL (`{a}`, `{b}` and
//! `{d}` are the arguments, `{c}` the constant), and the derivative: the cotangent of each argument, recorded with other
//! operations out of the arguments x, the result y and the cotangent g. A new operation is a new row.

use super::super::cpu::{angles, logistic};
use super::super::recorder::Recorder;
use super::super::value::Node;
use crate::simd::{Lanes, functions};

macro_rules! elementwise_table {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),+; $c:ident) = $formula:expr, $opencl:literal, $derivative:expr;)+) => {
        /// An elementwise operation; its constant is kept beside it in the recording.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Elementwise { $($(#[$doc])* $name,)+ }

        impl Elementwise {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Elementwise] = &[$(Elementwise::$name,)+];

            /// Number of arguments: 1 to 3.
            pub fn arguments(self) -> usize {
                match self { $(Elementwise::$name => [$(stringify!($arg)),+].len(),)+ }
            }

            /// The formula as OpenCL C text.
            pub fn opencl(self) -> &'static str {
                match self { $(Elementwise::$name => $opencl,)+ }
            }

            /// Records the cotangents of the arguments.
            pub(in super::super) fn derivative(self, recorder: &mut Recorder, at: Point) -> Vec<Node> {
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
            pub(in super::super) unsafe fn apply<L: Lanes>(self, arguments: [*const L; 3], c: f64, out: *mut L, count: usize) {
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
pub(in super::super) struct Point {
    pub x: [Node; 3],
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
    /// exp(a), infinite above 88.4 in f32 and 709.4 in f64, and never below exp(-87) and exp(-708)
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
    /// 1 / a
    Reciprocal(a; c) = L::constant(1.0) / a, "((V)(1) / {a})", |r, p| {
        let square = r.multiply(p.y, p.y);
        let product = r.multiply(p.g, square);
        vec![r.scale(product, -1.0)]
    };
    /// The square root of a
    Sqrt(a; c) = a.sqrt(), "sqrt({a})", |r, p| {
        let quotient = r.divide(p.g, p.y);
        vec![r.scale(quotient, 0.5)]
    };
    /// sin(a) for |a| below 2^19 pi
    Sin(a; c) = angles::sin(a), "sin_V({a})", |r, p| {
        let cosine = r.cos(p.x[0]);
        vec![r.multiply(p.g, cosine)]
    };
    /// cos(a) for |a| below 2^19 pi
    Cos(a; c) = angles::cos(a), "cos_V({a})", |r, p| {
        let sine = r.sin(p.x[0]);
        let product = r.multiply(p.g, sine);
        vec![r.scale(product, -1.0)]
    };
    /// The angle of the point (b, a) in (-pi, pi]
    Atan2(a, b; c) = angles::atan2(a, b), "atan2_V({a}, {b})", |r, p| {
        let [y, x] = [p.x[0], p.x[1]];
        let squares = [x, y].map(|z| r.multiply(z, z));
        let radius = r.add(squares[0], squares[1]);
        let share = r.divide(p.g, radius);
        let of_x = r.multiply(share, y);
        vec![r.multiply(share, x), r.scale(of_x, -1.0)]
    };
    /// |a|
    Abs(a; c) = angles::magnitude(a), "fabs({a})", |r, p| {
        let sign = r.sign(p.x[0]);
        vec![r.multiply(p.g, sign)]
    };
    /// 1, 0 or -1: the sign of a
    Sign(a; c) = a.where_positive(L::constant(1.0), (L::constant(0.0) - a).where_positive(L::constant(-1.0), a)),
        "({a} > (V)(0) ? (V)(1) : {a} < (V)(0) ? (V)(-1) : {a})", |r, p| vec![r.scale(p.g, 0.0)];
    /// The smaller of a and b
    Min(a, b; c) = both(a.min(b), b.min(a)), "min_V({a}, {b})", |r, p| {
        let b_is_larger = r.subtract(p.x[1], p.x[0]);
        shared(r, p.g, b_is_larger)
    };
    /// The larger of a and b
    Max(a, b; c) = both(a.max(b), b.max(a)), "max_V({a}, {b})", |r, p| {
        let a_is_larger = r.subtract(p.x[0], p.x[1]);
        shared(r, p.g, a_is_larger)
    };
    /// The larger of a and c
    AtLeast(a; c) = c.max(a), "({a} < {c} ? {c} : {a})", |r, p| {
        let inside = r.offset(p.x[0], -p.c);
        vec![r.zero_unless_positive(inside, p.g)]
    };
    /// The smaller of a and c
    AtMost(a; c) = c.min(a), "({a} > {c} ? {c} : {a})", |r, p| {
        let inside = r.scale(p.x[0], -1.0);
        let inside = r.offset(inside, p.c);
        vec![r.zero_unless_positive(inside, p.g)]
    };
    /// 1 where a > b, else 0
    Greater(a, b; c) = (a - b).where_positive(L::constant(1.0), L::constant(0.0)),
        "({a} > {b} ? (V)(1) : (V)(0))", |r, p| vec![r.scale(p.g, 0.0); 2];
    /// b where a > 0, else d
    Select(a, b, d; c) = a.where_positive(b, d), "({a} > (V)(0) ? {b} : {d})", |r, p| {
        let zero = r.scale(p.g, 0.0);
        vec![zero, r.select(p.x[0], p.g, zero), r.select(p.x[0], zero, p.g)]
    };
    /// log(1 + a), without cancellation near zero
    Log1p(a; c) = logistic::log1p(a), "log1p_V({a})", |r, p| {
        let divisor = r.offset(p.x[0], 1.0);
        vec![r.divide(p.g, divisor)]
    };
    /// 1 / (1 + exp(-a))
    Sigmoid(a; c) = logistic::sigmoid(a), "sigmoid_V({a})", |r, p| {
        let product = r.multiply(p.g, p.y);
        let lost = r.multiply(product, p.y);
        vec![r.subtract(product, lost)]
    };
    /// log(1 + exp(a))
    Softplus(a; c) = logistic::softplus(a), "softplus_V({a})", |r, p| {
        let slope = r.sigmoid(p.x[0]);
        vec![r.multiply(p.g, slope)]
    };
    /// a / (1 + exp(-a))
    Silu(a; c) = logistic::silu(a), "({a} / ((V)(1) + exp_V(-{a})))", |r, p| {
        // y' = s + y (1 - s) with s = 1 / (1 + exp(-a)).
        let s = r.sigmoid(p.x[0]);
        let product = r.multiply(p.y, s);
        let sum = r.add(s, p.y);
        let slope = r.subtract(sum, product);
        vec![r.multiply(p.g, slope)]
    };
}

/// The minimum or maximum of two numbers from both orders of them: each is the number wanted unless one of the two is NaN,
/// and then one of the orders is NaN.
#[inline(always)]
fn both<L: Lanes>(one: L, other: L) -> L {
    let half = L::constant(0.5);
    one.mul_add(half, other * half)
}

/// The cotangents of two arguments of which the result is the first where `first` > 0, else the second.
fn shared(r: &mut Recorder, g: Node, first: Node) -> Vec<Node> {
    let zero = r.scale(g, 0.0);
    vec![r.select(first, g, zero), r.select(first, zero, g)]
}
