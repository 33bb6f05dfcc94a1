//! The rational-quadratic spline of coupling layers: Durkan, Bekasov, Murray, Papamakarios, arXiv:1906.04032.
//!
//! Between the knots (x_k, y_k) and (x_{k+1}, y_{k+1}) of the bin that x lies in, with ξ = (x − x_k) / w, bin width w and
//! height h, s = h / w, and the slopes d_k and d_{k+1} at the two knots,
//!
//! ```text
//! y  = y_k + h [ s ξ² + d_k ξ(1−ξ) ] / D,   D = s + (d_{k+1} + d_k − 2s) ξ(1−ξ)
//! g' = s² [ d_{k+1} ξ² + 2s ξ(1−ξ) + d_k (1−ξ)² ] / D²
//! ```
//!
//! The spline maps [-B, B] onto itself, with slope 1 at both ends; beyond, y = x. Widths and heights are 2B times a softmax
//! of the network's outputs, with a least value; slopes an exponential of them, all within bounds. Outputs of zero give y = x.
//!
//! With symmetry `odd` numbers of mirrored bins and knots are e + o and e − o, where e is even and o is odd under φ -> −φ: the spline of
//! −φ is the mirror image y -> −y(−x) of that of φ, and the flow keeps the symmetry exactly.

use super::coupling::{Image, Transform};
use super::network::{Head, Symmetry};
use crate::error::Result;
use crate::program::{Filter, Node, Recorder, Shape};
use crate::spec::expect;

/// Bins and range of a spline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplineSpec {
    /// Number of bins K.
    pub bins: usize,
    /// The range B.
    pub range: f64,
    /// Symmetry under φ -> −φ.
    pub symmetry: Symmetry,
}

impl SplineSpec {
    /// The output that the network has to give: K widths, K heights and K − 1 slopes.
    pub fn heads(&self) -> Result<Vec<Head>> {
        expect((2..=64).contains(&self.bins), "bins", "2 to 64", self.bins)?;
        expect((1e-3..=1e3).contains(&self.range), "range", "a number from 0.001 to 1000", self.range)?;
        let heads = match self.symmetry {
            Symmetry::None => vec![Head { name: None, channels: self.outputs(), is_odd: false }],
            Symmetry::Odd => vec![
                Head { name: Some("even"), channels: self.evens(), is_odd: false },
                Head { name: Some("odd"), channels: self.outputs() - self.evens(), is_odd: true },
            ],
        };
        Ok(heads)
    }

    /// Numbers of a spline: K widths, K heights and K − 1 slopes.
    fn outputs(&self) -> usize {
        3 * self.bins - 1
    }

    /// Numbers of a spline that is an odd function.
    pub fn evens(&self) -> usize {
        2 * self.bins.div_ceil(2) + (self.bins - 1).div_ceil(2)
    }

    /// Widths, heights and slopes as sums of even numbers, and of odd ones where there are any: the coefficient of each number.
    fn mirrored(&self, has_odd: bool) -> Vec<Vec<f64>> {
        let (mut rows, mut even, mut odd) = (vec![], 0, self.evens());
        for length in [self.bins, self.bins, self.bins - 1] {
            for k in 0..length {
                let mut row = vec![0.0; if has_odd { self.outputs() } else { self.evens() }];
                let (pair, mirror) = (k.min(length - 1 - k), length - 1 - k);
                row[even + pair] = 1.0;
                if has_odd && k != mirror {
                    row[odd + pair] = if k < mirror { 1.0 } else { -1.0 };
                }
                rows.push(row);
            }
            (even, odd) = (even + length.div_ceil(2), odd + length / 2);
        }
        rows
    }
}

/// A monotonic rational-quadratic spline.
#[derive(Clone, Debug)]
pub struct Spline {
    spec: SplineSpec,
    bins: usize,
    range: f64,
}

/// Least width and height of a bin, relative to 2B / K. With the bounds below it keeps the map and its inverse well
/// conditioned in single precision.
const LEAST_BIN: f64 = 5e-2;
/// Logarithms of widths and heights lie within this of zero before they are normalised.
const LARGEST_LOGIT: f64 = 4.0;
/// Logarithms of the slopes at knots lie within this of zero: slopes from 0.1 to 10.
const LARGEST_LOG_SLOPE: f64 = std::f64::consts::LN_10;

/// Recorded knots: places, values and slopes, K + 1 of each.
struct Knots {
    x: Vec<Node>,
    y: Vec<Node>,
    slope: Vec<Node>,
}

/// The recorded bin that a number lies in.
struct Bin {
    x: Node,
    y: Node,
    width: Node,
    height: Node,
    /// Slopes at its left and its right end.
    slopes: [Node; 2],
}

impl Spline {
    /// The spline of a spec, whose values were checked by [`SplineSpec::heads`].
    pub fn new(spec: SplineSpec) -> Self {
        Self { spec, bins: spec.bins, range: spec.range }
    }

    /// Knots of K logits: −B, then the cumulated parts of 2B.
    fn places(&self, recorder: &mut Recorder, logits: Node) -> Vec<Node> {
        let (bins, range) = (self.bins, self.range);
        let bounded = bounded(recorder, logits, LARGEST_LOGIT);
        let weights = recorder.exp(bounded);
        let totals = mixed(recorder, weights, bins, |_, _| 1.0);
        let parts = recorder.divide(weights, totals);
        let free = 2.0 * range * (1.0 - LEAST_BIN);
        // Place k is −B + Σ_{j<k} part_j: the least bins are a constant that differs between the knots.
        let cumulated = mixed(recorder, parts, bins - 1, |k, j| if j <= k { free } else { 0.0 });
        let constant = |recorder: &mut Recorder, value: f64| recorder.constant(value, sites(recorder, logits));
        let mut places = vec![constant(recorder, -range)];
        for k in 1..bins {
            let inner = recorder.channels(cumulated, k - 1, 1);
            let least = 2.0 * range * LEAST_BIN * k as f64 / bins as f64;
            places.push(recorder.offset(inner, least - range));
        }
        places.push(constant(recorder, range));
        places
    }

    /// Widths, heights and slopes from the outputs of the network, or from the even numbers of an odd function alone.
    fn numbers(&self, recorder: &mut Recorder, theta: &[Node]) -> Node {
        if self.spec.symmetry == Symmetry::None {
            return theta[0];
        }
        let stacked = if theta.len() == 1 { theta[0] } else { recorder.stack(theta) };
        let rows = self.spec.mirrored(theta.len() > 1);
        mixed(recorder, stacked, rows.len(), |output, input| rows[output][input])
    }

    /// The knots on the sites of `like`: those of each site, or the same ones on all.
    fn knots(&self, recorder: &mut Recorder, theta: &[Node], like: Node) -> Knots {
        let theta = self.numbers(recorder, theta);
        let (own, wanted) = (recorder.shape(theta).sites, recorder.shape(like).sites);
        let knots = self.knots_of(recorder, theta);
        if own == wanted {
            return knots;
        }
        let mut spread = |nodes: Vec<Node>| nodes.into_iter().map(|node| recorder.spread_sites(node, wanted)).collect();
        Knots { x: spread(knots.x), y: spread(knots.y), slope: spread(knots.slope) }
    }

    fn knots_of(&self, recorder: &mut Recorder, theta: Node) -> Knots {
        let bins = self.bins;
        let [widths, heights] = [0, bins].map(|first| recorder.channels(theta, first, bins));
        let (x, y) = (self.places(recorder, widths), self.places(recorder, heights));
        let raw = recorder.channels(theta, 2 * bins, bins - 1);
        let log_slope = bounded(recorder, raw, LARGEST_LOG_SLOPE);
        let inner = recorder.exp(log_slope);
        let one = recorder.constant(1.0, sites(recorder, theta));
        let mut slope = vec![one];
        slope.extend((0..bins - 1).map(|k| recorder.channels(inner, k, 1)));
        slope.push(one);
        Knots { x, y, slope }
    }

    /// The bin in which `at` lies between the knots at `places`.
    fn bin(&self, recorder: &mut Recorder, at: Node, places: &[Node], knots: &Knots) -> Bin {
        let Knots { x, y, slope } = knots;
        let of_bin = |k: usize| [x[k], x[k + 1], y[k], y[k + 1], slope[k], slope[k + 1]];
        let mut found = of_bin(0);
        for (k, &place) in places.iter().enumerate().take(self.bins).skip(1) {
            let beyond = recorder.subtract(at, place);
            let next = of_bin(k);
            found = std::array::from_fn(|i| recorder.select(beyond, next[i], found[i]));
        }
        let [x, x_end, y, y_end, left, right] = found;
        let (width, height) = (recorder.subtract(x_end, x), recorder.subtract(y_end, y));
        Bin { x, y, width, height, slopes: [left, right] }
    }

    /// x cut off at the ends of the range, and B − |x|, which is positive within it.
    fn within(&self, recorder: &mut Recorder, x: Node) -> (Node, Node) {
        let size = recorder.abs(x);
        let minus = recorder.scale(size, -1.0);
        (recorder.clamp(x, -self.range, self.range), recorder.offset(minus, self.range))
    }

    /// The image inside the range, and the identity beyond it.
    fn joined(recorder: &mut Recorder, inside: Node, image: Image, outside: Node) -> Image {
        let zero = recorder.constant(0.0, recorder.shape(outside));
        let value = recorder.select(inside, image.value, outside);
        Image { value, log_slope: recorder.select(inside, image.log_slope, zero) }
    }
}

/// Terms of the formulas at ξ: s, ξ(1−ξ), D.
struct Terms {
    steepness: Node,
    product: Node,
    denominator: Node,
}

impl Bin {
    fn terms(&self, recorder: &mut Recorder, xi: Node) -> Terms {
        let steepness = recorder.divide(self.height, self.width);
        let square = recorder.multiply(xi, xi);
        let product = recorder.subtract(xi, square);
        let twice = recorder.scale(steepness, 2.0);
        let slopes = recorder.add(self.slopes[0], self.slopes[1]);
        let bend = recorder.subtract(slopes, twice);
        let bent = recorder.multiply(bend, product);
        Terms { steepness, product, denominator: recorder.add(steepness, bent) }
    }

    /// log g' at ξ.
    fn log_slope(&self, recorder: &mut Recorder, xi: Node, terms: &Terms) -> Node {
        let [left, right] = self.slopes;
        let minus = recorder.scale(xi, -1.0);
        let rest = recorder.offset(minus, 1.0);
        let [from_right, from_left] = [(right, xi), (left, rest)].map(|(slope, x)| {
            let square = recorder.multiply(x, x);
            recorder.multiply(slope, square)
        });
        let middle = recorder.multiply(terms.steepness, terms.product);
        let middle = recorder.scale(middle, 2.0);
        let sum = recorder.add(from_right, from_left);
        let sum = recorder.add(sum, middle);
        let ratio = recorder.divide(terms.steepness, terms.denominator);
        let [log_ratio, log_sum] = [ratio, sum].map(|x| recorder.log(x));
        let twice = recorder.scale(log_ratio, 2.0);
        recorder.add(twice, log_sum)
    }
}

impl Transform for Spline {
    fn forward(&self, recorder: &mut Recorder, x: Node, theta: &[Node]) -> Image {
        let knots = self.knots(recorder, theta, x);
        let (at, inside) = self.within(recorder, x);
        let bin = self.bin(recorder, at, &knots.x, &knots);
        let distance = recorder.subtract(at, bin.x);
        let xi = recorder.divide(distance, bin.width);
        let terms = bin.terms(recorder, xi);
        let square = recorder.multiply(xi, xi);
        let steep = recorder.multiply(terms.steepness, square);
        let flat = recorder.multiply(bin.slopes[0], terms.product);
        let numerator = recorder.add(steep, flat);
        let fraction = recorder.divide(numerator, terms.denominator);
        let rise = recorder.multiply(bin.height, fraction);
        let image = Image { value: recorder.add(bin.y, rise), log_slope: bin.log_slope(recorder, xi, &terms) };
        Self::joined(recorder, inside, image, x)
    }

    /// ξ is the root in [0, 1] of a ξ² + b ξ + c = 0 with, for η = (y − y_k) / h,
    ///
    /// ```text
    /// a = s − d_k + η (d_{k+1} + d_k − 2s),  b = d_k − η (d_{k+1} + d_k − 2s),  c = −s η,  ξ = 2c / (−b − √(b² − 4ac))
    /// ```
    ///
    /// Rounding may leave a discriminant below zero, and ξ a little outside.
    fn inverse(&self, recorder: &mut Recorder, y: Node, theta: &[Node]) -> Image {
        let knots = self.knots(recorder, theta, y);
        let (at, inside) = self.within(recorder, y);
        let bin = self.bin(recorder, at, &knots.y, &knots);
        let rise = recorder.subtract(at, bin.y);
        let eta = recorder.divide(rise, bin.height);
        let steepness = recorder.divide(bin.height, bin.width);
        let twice = recorder.scale(steepness, 2.0);
        let slopes = recorder.add(bin.slopes[0], bin.slopes[1]);
        let bend = recorder.subtract(slopes, twice);
        let bent = recorder.multiply(eta, bend);
        let difference = recorder.subtract(steepness, bin.slopes[0]);
        let a = recorder.add(difference, bent);
        let b = recorder.subtract(bin.slopes[0], bent);
        let minus_c = recorder.multiply(steepness, eta);
        let square = recorder.multiply(b, b);
        let product = recorder.multiply(a, minus_c);
        let product = recorder.scale(product, 4.0);
        let discriminant = recorder.add(square, product);
        let least = recorder.constant(1e-12, recorder.shape(discriminant));
        let discriminant = recorder.max(discriminant, least);
        let root = recorder.sqrt(discriminant);
        let sum = recorder.add(b, root);
        let numerator = recorder.scale(minus_c, 2.0);
        let xi = recorder.divide(numerator, sum);
        let xi = recorder.clamp(xi, 0.0, 1.0);
        let terms = bin.terms(recorder, xi);
        let step = recorder.multiply(xi, bin.width);
        let image = Image { value: recorder.add(bin.x, step), log_slope: bin.log_slope(recorder, xi, &terms) };
        Self::joined(recorder, inside, image, y)
    }
}

/// x, bent so that it stays between −limit and limit.
fn bounded(recorder: &mut Recorder, x: Node, limit: f64) -> Node {
    let reduced = recorder.scale(x, 1.0 / limit);
    let bent = recorder.tanh(reduced);
    recorder.scale(bent, limit)
}

/// One channel on the sites of a value.
fn sites(recorder: &Recorder, like: Node) -> Shape {
    Shape::new(1, recorder.shape(like).sites)
}

/// Sums over channels, site by site: y_o = Σ_c m(o, c) x_c.
fn mixed(recorder: &mut Recorder, x: Node, outputs: usize, matrix: impl Fn(usize, usize) -> f64) -> Node {
    let Shape { channels, sites, .. } = recorder.shape(x);
    let entries: Vec<f64> = (0..outputs * channels).map(|i| matrix(i / channels, i % channels)).collect();
    let weights = recorder.table(&entries, Shape::new(entries.len(), 1));
    let identity = recorder.identity(sites);
    recorder.convolve(x, Filter { weights, stencil: &identity, transposed: false }, None, outputs)
}
