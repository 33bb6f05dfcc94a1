//! Independent links from the Haar measure of U(1), SU(2) or SU(3).
//!
//! The first max(1, N − 1) rows of a link are complex normal vectors made orthonormal one after the other; the last row of
//! SU(2) and SU(3) is what makes the determinant one:
//!
//! ```text
//! U(1): exp(iθ)    SU(2): r₂ = (−b*, a*) for r₁ = (a, b)    SU(3): r₃ = (r₁ × r₂)*
//! ```
//!
//! Normal vectors have no preferred direction, so that U V has the distribution of U for each V of the group, as the Haar
//! measure alone has it. Densities are with respect to this measure, of total mass 1: log q = 0.

use super::prior::{Noise, Prior, Start};
use crate::gauge::Group;
use crate::lattice::Lattice;
use crate::program::{Distribution, Node, Recorder, Shape};
use crate::space::Space;
use serde::{Deserialize, Serialize};

/// Parameters of the Haar measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HaarSpec {
    /// The group of the links.
    pub group: Group,
}

/// Links from the Haar measure.
#[derive(Clone, Copy, Debug)]
pub struct Haar {
    group: Group,
    dimensions: usize,
}

impl Haar {
    /// The prior of a spec on a lattice.
    pub fn new(spec: &HaarSpec, lattice: &Lattice) -> Self {
        Self { group: spec.group, dimensions: lattice.dimensions() }
    }

    /// Rows that are drawn.
    fn drawn(self) -> usize {
        (self.group.colours() - 1).max(1)
    }

    /// The rows of links in all directions: numbers of the shape [d, V], from normal ones.
    fn rows(self, recorder: &mut Recorder, normals: Node) -> Vec<Row> {
        let (n, d) = (self.group.colours(), self.dimensions);
        let mut rows: Vec<Row> = vec![];
        for row in 0..self.drawn() {
            let part = |recorder: &mut Recorder, column: usize, part: usize| {
                recorder.channels(normals, (2 * (row * n + column) + part) * d, d)
            };
            let mut own =
                (0..n).map(|column| Complex { re: part(recorder, column, 0), im: part(recorder, column, 1) }).collect();
            // Twice: the second turn takes away what rounding leaves of nearly dependent rows.
            for _ in 0..2 {
                own = rows.iter().fold(own, |own, earlier| orthogonal(recorder, own, earlier));
                own = normalised(recorder, &own);
            }
            rows.push(own);
        }
        match n {
            2 => rows.push(perpendicular(recorder, &rows[0])),
            3 => rows.push(conjugate_cross(recorder, &rows[0], &rows[1])),
            _ => (),
        }
        rows
    }
}

impl Prior for Haar {
    fn name(&self) -> &'static str {
        "haar"
    }

    fn space(&self) -> Space {
        Space::Links(self.group)
    }

    fn noise(&self, lattice: &Lattice) -> Vec<Noise> {
        let numbers = 2 * self.drawn() * self.group.colours() * self.dimensions;
        vec![Noise { distribution: Distribution::Normal, shape: Shape::new(numbers, lattice.volume()) }]
    }

    fn is_map(&self) -> bool {
        false
    }

    fn draw(&self, recorder: &mut Recorder, noise: &[Node], _: &[Node]) -> (Node, Node) {
        let rows = self.rows(recorder, noise[0]);
        let numbers: Vec<Node> = rows.iter().flatten().flat_map(|z| [z.re, z.im]).collect();
        let of_direction = |mu: usize| numbers.iter().map(move |&number| (number, mu));
        let parts: Vec<Node> =
            (0..self.dimensions).flat_map(of_direction).map(|(number, mu)| recorder.channels(number, mu, 1)).collect();
        (recorder.stack(&parts), recorder.constant(0.0, Shape::WIDE))
    }

    fn invert(&self, recorder: &mut Recorder, field: Node, _: &[Node]) -> (Node, Node) {
        (field, recorder.constant(0.0, Shape::WIDE))
    }

    fn score(&self, recorder: &mut Recorder, start: &Start, _: &[Node]) -> Node {
        recorder.constant(0.0, recorder.shape(start.field))
    }
}

/// A recorded complex number.
#[derive(Clone, Copy)]
struct Complex {
    re: Node,
    im: Node,
}

/// A row of a matrix.
type Row = Vec<Complex>;

/// x y, or x* y.
fn product(recorder: &mut Recorder, x: Complex, y: Complex, conjugates: bool) -> Complex {
    let [rr, ii] = [(x.re, y.re), (x.im, y.im)].map(|(a, b)| recorder.multiply(a, b));
    let [ri, ir] = [(x.re, y.im), (x.im, y.re)].map(|(a, b)| recorder.multiply(a, b));
    if conjugates {
        Complex { re: recorder.add(rr, ii), im: recorder.subtract(ri, ir) }
    } else {
        Complex { re: recorder.subtract(rr, ii), im: recorder.add(ri, ir) }
    }
}

fn difference(recorder: &mut Recorder, x: Complex, y: Complex) -> Complex {
    Complex { re: recorder.subtract(x.re, y.re), im: recorder.subtract(x.im, y.im) }
}

fn conjugate(recorder: &mut Recorder, x: Complex) -> Complex {
    Complex { re: x.re, im: recorder.scale(x.im, -1.0) }
}

/// x − r (r* · x), for a normalised r.
fn orthogonal(recorder: &mut Recorder, x: Row, r: &Row) -> Row {
    let terms: Row = r.iter().zip(&x).map(|(&r, &x)| product(recorder, r, x, true)).collect();
    let add = |recorder: &mut Recorder, a: Complex, b: &Complex| Complex {
        re: recorder.add(a.re, b.re),
        im: recorder.add(a.im, b.im),
    };
    let overlap = terms[1..].iter().fold(terms[0], |sum, term| add(recorder, sum, term));
    let along = |(&x, &r): (&Complex, &Complex)| {
        let share = product(recorder, r, overlap, false);
        difference(recorder, x, share)
    };
    x.iter().zip(r).map(along).collect()
}

/// x / |x|.
fn normalised(recorder: &mut Recorder, x: &Row) -> Row {
    let numbers = x.iter().flat_map(|z| [z.re, z.im]);
    let squares: Vec<Node> = numbers.map(|a| recorder.multiply(a, a)).collect();
    let square = squares[1..].iter().fold(squares[0], |sum, &square| recorder.add(sum, square));
    let norm = recorder.sqrt(square);
    let factor = recorder.reciprocal(norm);
    x.iter().map(|z| Complex { re: recorder.multiply(z.re, factor), im: recorder.multiply(z.im, factor) }).collect()
}

/// (−b*, a*) for (a, b).
fn perpendicular(recorder: &mut Recorder, row: &Row) -> Row {
    let b = row[1];
    let minus_b = Complex { re: recorder.scale(b.re, -1.0), im: b.im };
    vec![minus_b, conjugate(recorder, row[0])]
}

/// (x × y)*.
fn conjugate_cross(recorder: &mut Recorder, x: &Row, y: &Row) -> Row {
    let component = |i: usize| {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        let [plus, minus] = [(x[j], y[k]), (x[k], y[j])].map(|(a, b)| product(recorder, a, b, false));
        let cross = difference(recorder, plus, minus);
        conjugate(recorder, cross)
    };
    (0..3).map(component).collect()
}
