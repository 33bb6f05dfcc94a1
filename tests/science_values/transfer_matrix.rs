//! Exact values of φ⁴ theory on 4 x 4 sites, by a transfer matrix between rows of four sites:
//!
//! ```text
//! S = Σ_x (a φ² + b φ⁴) − h Σ_{x, μ} φ(x) φ(x+μ),    Z = Tr T⁴,    V χ = Σ_{t, s} ⟨m_t m_s⟩
//! ```
//!
//! The integral over φ of a site is Gauss's rule of the weight exp(−a φ² − b φ⁴), whose polynomials come from their recursion on
//! a fine grid. Traces are sums of |T² e_s|² over states s; those that shifts, the reflection of a row and φ → −φ map to each other
//! are computed once.

/// Points of the rule of a site.
const POINTS: usize = 12;
/// States of a row.
const STATES: usize = POINTS.pow(4);
/// Half of the width of the fine grid; the weight is far below rounding at its ends.
const HALF_WIDTH: f64 = 6.0;
/// Intervals of the fine grid.
const INTERVALS: usize = 24_000;

/// log Z, ⟨φ²⟩ and χ for a, b and h.
pub fn exact_values([quadratic, quartic, hopping]: [f64; 3]) -> [f64; 3] {
    let matrix = TransferMatrix::new([quadratic, quartic], hopping);
    let (mut z, mut squares, mut magnetisations) = (0.0, 0.0, 0.0);
    for state in 0..STATES {
        let images = images(state);
        if images[0] < state {
            continue;
        }
        let mut start = vec![0.0; STATES];
        start[state] = 1.0;
        let once = matrix.applied(&start);
        let twice = matrix.applied(&once);
        let thrice = matrix.applied(&twice);
        let (all, m) = (images.len() as f64, &matrix.magnetisations);
        let weight = all * sum(|s| twice[s] * twice[s]);
        let neighbours = sum(|s| m[s] * once[s] * thrice[s]);
        let opposite = sum(|s| m[s] * twice[s] * twice[s]);
        z += weight;
        squares += weight * matrix.squares[state];
        magnetisations += m[state] * (m[state] * weight + all * (2.0 * neighbours + opposite));
    }
    // A row of each field: 4 sites for φ², and 4 x 4 pairs of rows for 16 sites of χ.
    [z.ln(), squares / (4.0 * z), 4.0 * magnetisations / (16.0 * z)]
}

fn sum(of: impl Fn(usize) -> f64) -> f64 {
    (0..STATES).map(of).sum()
}

/// Points of the sites of a row.
fn digits(state: usize) -> [usize; 4] {
    [3, 2, 1, 0].map(|place| state / POINTS.pow(place) % POINTS)
}

/// The states that symmetries map a state to, each once, in order.
fn images(state: usize) -> Vec<usize> {
    let row = digits(state);
    let mut all = vec![];
    for shift in 0..4 {
        for is_reflected in [false, true] {
            let site = |x: usize| row[(shift + if is_reflected { 3 - x } else { x }) % 4];
            let number = |point: &dyn Fn(usize) -> usize| (0..4).fold(0, |number, x| number * POINTS + point(x));
            all.push(number(&site));
            all.push(number(&|x| POINTS - 1 - site(x)));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

struct TransferMatrix {
    /// exp(h φ φ') √(w w') between sites above each other.
    kernel: [[f64; POINTS]; POINTS],
    /// exp(h/2 Σ φ φ') along each row.
    row: Vec<f64>,
    magnetisations: Vec<f64>,
    squares: Vec<f64>,
}

impl TransferMatrix {
    fn new(potential: [f64; 2], hopping: f64) -> Self {
        let (points, weights) = gauss(potential);
        let field = |state| digits(state).map(|point| points[point]);
        let along = |state| {
            let phi = field(state);
            (0.5 * hopping * (0..4).map(|x| phi[x] * phi[(x + 1) % 4]).sum::<f64>()).exp()
        };
        let kernel = std::array::from_fn(|i| {
            std::array::from_fn(|j| (hopping * points[i] * points[j]).exp() * (weights[i] * weights[j]).sqrt())
        });
        Self {
            kernel,
            row: (0..STATES).map(along).collect(),
            magnetisations: (0..STATES).map(|state| field(state).iter().sum()).collect(),
            squares: (0..STATES).map(|state| field(state).iter().map(|phi| phi * phi).sum()).collect(),
        }
    }

    /// T v.
    fn applied(&self, vector: &[f64]) -> Vec<f64> {
        let mut from: Vec<f64> = vector.iter().zip(&self.row).map(|(v, row)| v * row).collect();
        let mut to = vec![0.0; STATES];
        let others = STATES / POINTS;
        // Each turn multiplies the first site and makes it the last one.
        for _ in 0..4 {
            for (other, sums) in to.chunks_exact_mut(POINTS).enumerate() {
                sums.fill(0.0);
                for (point, row) in self.kernel.iter().enumerate() {
                    let v = from[point * others + other];
                    sums.iter_mut().zip(row).for_each(|(sum, k)| *sum += v * k);
                }
            }
            std::mem::swap(&mut from, &mut to);
        }
        from.iter_mut().zip(&self.row).for_each(|(v, row)| *v *= row);
        from
    }
}

/// Points and weights of Gauss's rule of exp(−a φ² − b φ⁴): zeros of the orthonormal polynomial p_n, and 1/Σ_{k<n} p_k².
fn gauss([quadratic, quartic]: [f64; 2]) -> ([f64; POINTS], [f64; POINTS]) {
    let step = 2.0 * HALF_WIDTH / INTERVALS as f64;
    let grid: Vec<f64> = (0..=INTERVALS).map(|i| i as f64 * step - HALF_WIDTH).collect();
    let density = |x: f64| step * (-quadratic * x * x - quartic * x.powi(4)).exp();
    let norm = |values: &[f64]| grid.iter().zip(values).map(|(x, p)| density(*x) * p * p).sum::<f64>().sqrt();
    let mut factors = [0.0; POINTS + 1];
    factors[0] = norm(&vec![1.0; grid.len()]);
    for k in 1..=POINTS {
        // x p_{k−1} − β_{k−1} p_{k−2}, whose norm is β_k.
        let next: Vec<f64> = grid.iter().map(|x| unscaled(&factors[..k], *x)[k]).collect();
        factors[k] = norm(&next);
    }
    let last = |x: f64| unscaled(&factors[..POINTS], x)[POINTS];
    let is_bracket = |pair: &&[f64]| (last(pair[0]) > 0.0) != (last(pair[1]) > 0.0);
    let zeros: Vec<f64> = grid.windows(2).filter(is_bracket).map(|pair| bisected(last, pair[0], pair[1])).collect();
    let points: [f64; POINTS] = zeros.try_into().unwrap();
    let weight = |x: f64| 1.0 / unscaled(&factors[..POINTS], x)[..POINTS].iter().map(|p| p * p).sum::<f64>();
    (points, points.map(weight))
}

/// p_0(x) … p_{k−1}(x) with their norms β_0 … β_{k−1} divided out, and p_k with its norm.
fn unscaled(factors: &[f64], x: f64) -> [f64; POINTS + 1] {
    let mut values = [0.0; POINTS + 1];
    values[0] = 1.0 / factors[0];
    for k in 1..=factors.len() {
        let before = if k == 1 { 0.0 } else { factors[k - 1] * values[k - 2] };
        let value = x * values[k - 1] - before;
        values[k] = if k == factors.len() { value } else { value / factors[k] };
    }
    values
}

fn bisected(of: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let is_positive_below = of(low) > 0.0;
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if (of(middle) > 0.0) == is_positive_below {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
