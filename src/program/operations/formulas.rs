//! The methods of the recorder for the rows of the table of elementwise operations.

use super::super::recorder::Recorder;
use super::super::value::Node;
use super::elementwise::Elementwise;

impl Recorder {
    /// a + b.
    pub fn add(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Add, &[a.min(b), a.max(b)], 0.0)
    }

    /// a - b.
    pub fn subtract(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Subtract, &[a, b], 0.0)
    }

    /// a b.
    pub fn multiply(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Multiply, &[a.min(b), a.max(b)], 0.0)
    }

    /// a / b.
    pub fn divide(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Divide, &[a, b], 0.0)
    }

    /// factor a.
    pub fn scale(&mut self, a: Node, factor: f64) -> Node {
        if factor == 1.0 {
            return a;
        }
        if factor == 0.0 {
            return self.constant(0.0, self.shape(a));
        }
        self.elementwise(Elementwise::Scale, &[a], factor)
    }

    /// a + offset.
    pub fn offset(&mut self, a: Node, offset: f64) -> Node {
        self.elementwise(Elementwise::Offset, &[a], offset)
    }

    /// exp(a); infinite, not clamped, where that is too large, so that a density is then not finite.
    pub fn exp(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Exp, &[a], 0.0)
    }

    /// log(a).
    pub fn log(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Log, &[a], 0.0)
    }

    /// tanh(a).
    pub fn tanh(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Tanh, &[a], 0.0)
    }

    /// a where positive, else slope a, for 0 < slope < 1.
    pub fn leaky_relu(&mut self, a: Node, slope: f64) -> Node {
        assert!(0.0 < slope && slope < 1.0, "the slope of a leaky rectifier lies between 0 and 1");
        self.elementwise(Elementwise::LeakyRelu, &[a], slope)
    }

    /// 1 where a is positive, else slope.
    pub fn leaky_slope(&mut self, a: Node, slope: f64) -> Node {
        self.elementwise(Elementwise::LeakySlope, &[a], slope)
    }

    /// 1 / a.
    pub fn reciprocal(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Reciprocal, &[a], 0.0)
    }

    /// The square root of a.
    pub fn sqrt(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Sqrt, &[a], 0.0)
    }

    /// sin(a) for |a| below 2^19 pi; beyond, NaN on the CPU.
    pub fn sin(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Sin, &[a], 0.0)
    }

    /// cos(a) for |a| below 2^19 pi; beyond, NaN on the CPU.
    pub fn cos(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Cos, &[a], 0.0)
    }

    /// The angle of the point (x, y) in (-pi, pi], 0 at the origin, where its derivative is not finite.
    pub fn atan2(&mut self, y: Node, x: Node) -> Node {
        self.elementwise(Elementwise::Atan2, &[y, x], 0.0)
    }

    /// |a|; its slope at zero counts as zero.
    pub fn abs(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Abs, &[a], 0.0)
    }

    /// 1, 0 or -1: the sign of a.
    pub fn sign(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Sign, &[a], 0.0)
    }

    /// The smaller of a and b; where they are equal the derivative is that of b.
    pub fn min(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Min, &[a, b], 0.0)
    }

    /// The larger of a and b; where they are equal the derivative is that of b.
    pub fn max(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Max, &[a, b], 0.0)
    }

    /// a, or the nearest of two bounds where it is not between them; the derivative is zero there and at the bounds.
    pub fn clamp(&mut self, a: Node, low: f64, high: f64) -> Node {
        assert!(low <= high, "the lower bound of a clamp is not above the upper one");
        let raised = self.elementwise(Elementwise::AtLeast, &[a], low);
        self.elementwise(Elementwise::AtMost, &[raised], high)
    }

    /// 1 where a > b, else 0, also where one of them is NaN. Its derivative is zero.
    pub fn greater(&mut self, a: Node, b: Node) -> Node {
        self.elementwise(Elementwise::Greater, &[a, b], 0.0)
    }

    /// 0 where a < b, else 1, also where one of them is NaN. Its derivative is zero.
    pub fn at_least(&mut self, a: Node, b: Node) -> Node {
        let less = self.greater(b, a);
        let minus = self.scale(less, -1.0);
        self.offset(minus, 1.0)
    }

    /// `yes` where condition > 0, else `no`, also where the condition is NaN. A number that is not selected does not enter
    /// the result, be it infinite or NaN. The derivative by the condition is zero, and so is the cotangent of what is not
    /// selected: operations that compute it need finite derivatives, since 0 times infinity is NaN. Their arguments have to
    /// be clamped where they have none.
    pub fn select(&mut self, condition: Node, yes: Node, no: Node) -> Node {
        self.elementwise(Elementwise::Select, &[condition, yes, no], 0.0)
    }

    /// a where condition > 0, else zero.
    pub(super) fn zero_unless_positive(&mut self, condition: Node, a: Node) -> Node {
        let zero = self.scale(a, 0.0);
        self.select(condition, a, zero)
    }

    /// log(1 + a), without cancellation near zero.
    pub fn log1p(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Log1p, &[a], 0.0)
    }

    /// The logistic function 1 / (1 + exp(-a)).
    pub fn sigmoid(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Sigmoid, &[a], 0.0)
    }

    /// log(1 + exp(a)).
    pub fn softplus(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Softplus, &[a], 0.0)
    }

    /// a / (1 + exp(-a)).
    pub fn silu(&mut self, a: Node) -> Node {
        self.elementwise(Elementwise::Silu, &[a], 0.0)
    }
}
