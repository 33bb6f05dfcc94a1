//! The laws that every action keeps; a new action joins by one line in its own tests.

use super::{Action, ComplexAction};
use crate::gauge::{Gauge, Matrix, exponential, generator, haar, with_colours};
use crate::random::{Purpose, Stream};
use crate::space::Space;

/// The drift of an action with complex values is −∂S/∂z, along the real and along the imaginary direction alike.
pub fn expect_drift(action: &dyn ComplexAction) {
    let reals = action.reals();
    let mut field = vec![0.0; reals];
    Stream::new(7, Purpose::Start, 0).normals(&mut field);
    let mut drift = vec![0.0; reals];
    action.drift(&field, &mut drift).unwrap();
    let h = 1e-5;
    for place in 0..reals {
        let at = |shift: f64| {
            let mut moved = field.clone();
            moved[place] += shift;
            action.complex_value(&moved).unwrap()
        };
        let slope = (at(h) - at(-h)) / (2.0 * h);
        // ∂S/∂x = S', ∂S/∂y = i S'.
        let (re, im) = if place % 2 == 0 { (slope.re, slope.im) } else { (slope.im, -slope.re) };
        let (expected, got) = ((-re, -im), (drift[place / 2 * 2], drift[place / 2 * 2 + 1]));
        let miss = (expected.0 - got.0).abs() + (expected.1 - got.1).abs();
        assert!(miss < 1e-7 * (1.0 + re.abs() + im.abs()), "{place}: {expected:?} {got:?}");
    }
}

/// Integrals over all fields of a theory in one dimension with hops between neighbours alone, by its transfer matrix
/// T(x, y) = exp(−S_2(x, y)/2), S_2 the action of two sites, on a grid of equal distances, which converges exponentially.
pub struct Transfer {
    grid: Vec<f64>,
    matrix: Vec<f64>,
}

impl Transfer {
    /// The matrix of an action of two sites, for numbers of a field between −`largest` and `largest`.
    pub fn new(action: &dyn Action, largest: f64) -> Self {
        const POINTS: usize = 161;
        let step = 2.0 * largest / (POINTS - 1) as f64;
        let grid: Vec<f64> = (0..POINTS).map(|i| i as f64 * step - largest).collect();
        let element = |x: f64, y: f64| step * (-0.5 * action.value(&[x, y]).unwrap()).exp();
        let matrix = grid.iter().flat_map(|&x| grid.iter().map(move |&y| element(x, y))).collect();
        Self { grid, matrix }
    }

    fn product(&self, a: &[f64], b: &[f64]) -> Vec<f64> {
        let n = self.grid.len();
        let mut c = vec![0.0; n * n];
        for (c, a) in c.chunks_exact_mut(n).zip(a.chunks_exact(n)) {
            for (b, a) in b.chunks_exact(n).zip(a) {
                c.iter_mut().zip(b).for_each(|(c, b)| *c += a * b);
            }
        }
        c
    }

    /// log Z of so many sites, and the averages of functions of the number at one site.
    pub fn averages(&self, sites: u32, functions: &[fn(f64) -> f64]) -> (f64, Vec<f64>) {
        let n = self.grid.len();
        let (mut power, mut log): (Option<Vec<f64>>, f64) = (None, 0.0);
        for bit in (0..32).rev() {
            if let Some(known) = power.take() {
                let square = self.product(&known, &known);
                let largest = square.iter().copied().fold(0.0, f64::max);
                log = 2.0 * log + largest.ln();
                power = Some(square.iter().map(|t| t / largest).collect());
            }
            if sites >> bit & 1 == 1 {
                power = Some(power.map_or_else(|| self.matrix.clone(), |known| self.product(&known, &self.matrix)));
            }
        }
        let power = power.unwrap();
        let trace = |f: &dyn Fn(f64) -> f64| (0..n).map(|i| f(self.grid[i]) * power[i * n + i]).sum::<f64>();
        let z = trace(&|_| 1.0);
        (log + z.ln(), functions.iter().map(|f| trace(f) / z).collect())
    }

    /// log of the ratio of the largest eigenvalues for even and for odd functions.
    pub fn log_gap(&self) -> f64 {
        let largest = |start: fn(f64) -> f64, parity: f64| {
            let (mut vector, mut norm): (Vec<f64>, f64) = (self.grid.iter().map(|&x| start(x)).collect(), 0.0);
            for _ in 0..400 {
                let next: Vec<f64> = (self.matrix.chunks_exact(vector.len()))
                    .map(|row| row.iter().zip(&vector).map(|(t, v)| t * v).sum())
                    .collect();
                norm = next.iter().map(|v: &f64| v * v).sum::<f64>().sqrt();
                // Rounding would bring the other parity in.
                let mirrored = next.iter().zip(next.iter().rev());
                vector = mirrored.map(|(v, w)| 0.5 * (v + parity * w) / norm).collect();
            }
            norm
        };
        (largest(|_| 1.0, 1.0) / largest(|x| x, -1.0)).ln()
    }
}

/// Standard normal numbers of a fixed stream.
pub fn random_field(volume: usize, counter: u64) -> Vec<f64> {
    let mut field = vec![0.0; volume];
    Stream::new(1, Purpose::Start, counter).normals(&mut field);
    field
}

/// gradient = central finite difference of the value, and both calls give the same S.
pub fn expect_gradient(action: &dyn Action, counter: u64) {
    let volume = action.lattice().volume();
    let mut field = random_field(volume, counter);
    let mut gradient = vec![0.0; volume];
    let value = action.gradient(&field, &mut gradient).unwrap();
    let direct = action.value(&field).unwrap();
    assert!((value - direct).abs() <= 1e-12 * (volume as f64 + value.abs()), "{value} against {direct}");
    // Fourth order in the step, which makes the difference exact for a quartic action up to rounding.
    const STEP: f64 = 1e-2;
    for site in 0..volume {
        let phi = field[site];
        let mut at = |shift: f64| {
            field[site] = phi + shift * STEP;
            action.value(&field).unwrap()
        };
        let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * STEP);
        field[site] = phi;
        let error = (difference - gradient[site]).abs();
        assert!(error < 1e-10 * (value.abs() + volume as f64), "site {site}: {difference} {}", gradient[site]);
    }
}

/// S and its gradient do not change, but for the shift itself, where the field is shifted by `displacement`.
pub fn expect_translation_invariance(action: &dyn Action, displacement: &[i64]) {
    let lattice = action.lattice();
    let volume = lattice.volume();
    let field = random_field(volume, 2);
    let mut shifted = vec![0.0; volume];
    (0..volume).for_each(|site| shifted[lattice.shifted(site, displacement)] = field[site]);
    let (mut here, mut there) = (vec![0.0; volume], vec![0.0; volume]);
    let value = action.gradient(&field, &mut here).unwrap();
    let value_there = action.gradient(&shifted, &mut there).unwrap();
    assert!((value - value_there).abs() < 1e-12 * (value.abs() + volume as f64));
    for site in 0..volume {
        let moved = there[lattice.shifted(site, displacement)];
        assert!((here[site] - moved).abs() < 1e-12 * (1.0 + moved.abs()), "site {site}: {} {moved}", here[site]);
    }
}

/// A field of Haar-random links and its group; absent links of an open boundary are zero.
pub fn random_links(action: &dyn Action, counter: u64) -> Gauge {
    let Space::Links(group) = action.space() else { panic!("expected an action of links") };
    let mut gauge = Gauge::random(action.lattice(), group, &mut Stream::new(1, Purpose::Start, counter)).unwrap();
    if action.is_open() {
        gauge.open();
    }
    gauge
}

/// The gradient = central finite difference along U -> exp(s i T_a) U, and both calls give the same S.
pub fn expect_link_gradient(action: &dyn Action, counter: u64) {
    let gauge = random_links(action, counter);
    let mut gradient = vec![0.0; action.count()];
    let value = action.gradient(gauge.links(), &mut gradient).unwrap();
    let direct = action.value(gauge.links()).unwrap();
    assert!((value - direct).abs() <= 1e-12 * (action.lattice().volume() as f64 + value.abs()), "{value} {direct}");
    let link = (0, action.lattice().dimensions() * action.lattice().volume() - 1);
    // The last link but one: the last one is absent where the boundary is open.
    for link in [link.0, (link.0 + link.1) / 2, link.1 - 1, link.1] {
        with_colours!(gauge.group(), expect_derivative(action, &gauge, &gradient, link));
    }
}

fn expect_derivative<const N: usize>(action: &dyn Action, gauge: &Gauge, gradient: &[f64], link: usize) {
    const STEP: f64 = 2e-3;
    let (dimensions, group) = (action.lattice().dimensions(), gauge.group());
    let (site, mu) = (link / dimensions, link % dimensions);
    let g = Matrix::<N>::from_reals(&gradient[link * group.reals()..][..group.reals()]);
    assert!((g + g.adjoint()).largest() < 1e-13 && (N == 1 || g.trace().norm() < 1e-13));
    for a in 0..group.generators() {
        let at = |shift: f64| {
            let mut moved = gauge.clone();
            let step = exponential(&generator::<N>(a).scale((shift * STEP).into()));
            moved.set_link(site, mu, &(step * gauge.link::<N>(site, mu)));
            action.value(moved.links()).unwrap()
        };
        // Sixth order in the step.
        let odd = |k: f64| at(k) - at(-k);
        let difference = (45.0 * odd(1.0) - 9.0 * odd(2.0) + odd(3.0)) / (60.0 * STEP);
        let component = (generator::<N>(a).adjoint() * g).trace().re / group.trace_norm();
        assert!((difference - component).abs() < 1e-8, "{group:?}, link {link}, {a}: {difference} {component}");
    }
}

/// S is invariant, and G is rotated by g(x) at the start of its link, under U_mu(x) -> g(x) U_mu(x) g(x+mu)^dag.
pub fn expect_gauge_invariance(action: &dyn Action) {
    let gauge = random_links(action, 3);
    with_colours!(gauge.group(), expect_invariance(action, &gauge));
}

fn expect_invariance<const N: usize>(action: &dyn Action, gauge: &Gauge) {
    let (lattice, group) = (action.lattice(), gauge.group());
    let mut stream = Stream::new(2, Purpose::Start, 4);
    let frames: Vec<Matrix<N>> = (0..lattice.volume()).map(|_| haar(&mut stream)).collect();
    let mut turned = gauge.clone();
    let (mut here, mut there) = (vec![0.0; action.count()], vec![0.0; action.count()]);
    let links = (0..lattice.volume()).flat_map(|site| (0..lattice.dimensions()).map(move |mu| (site, mu)));
    for (site, mu) in links.clone() {
        let unit: Vec<i64> = (0..lattice.dimensions()).map(|nu| i64::from(nu == mu)).collect();
        let end = frames[lattice.shifted(site, &unit)];
        turned.set_link(site, mu, &(frames[site] * gauge.link::<N>(site, mu) * end.adjoint()));
    }
    let value = action.gradient(gauge.links(), &mut here).unwrap();
    let other = action.gradient(turned.links(), &mut there).unwrap();
    assert!((value - other).abs() < 1e-12 * (1.0 + value.abs()), "{group:?}: {value} {other}");
    for (link, (site, _)) in links.enumerate() {
        let at = |gradient: &[f64]| Matrix::<N>::from_reals(&gradient[link * group.reals()..][..group.reals()]);
        let error = frames[site] * at(&here) * frames[site].adjoint() - at(&there);
        assert!(error.largest() < 1e-12, "{group:?}, link {link}: {}", error.largest());
    }
}
