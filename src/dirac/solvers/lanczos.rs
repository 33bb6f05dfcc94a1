//! Ritz values of an operator from a run of conjugate gradients, without further applications.
//!
//! With the numbers alpha_j and beta_j of its steps the operator is, in the basis of the normalised residuals,
//! tridiagonal:
//!
//! ```text
//! T_jj = 1 / alpha_j + beta_(j-1) / alpha_(j-1),      T_(j,j+1)^2 = beta_j / alpha_j^2
//! ```
//!
//! The eigenvalues of T lie between those of the operator, and come close to the outermost ones whose eigenvectors
//! overlap with the right-hand side. G. H. Golub, C. F. Van Loan, Matrix Computations, 10.2; ends by Sturm's count, W.
//! Barth, R. S. Martin, J. H. Wilkinson, Numer. Math. 9, 386 (1967).

/// The tridiagonal matrix of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanczos {
    diagonal: Vec<f64>,
    /// Squares of the elements beside the diagonal.
    squares: Vec<f64>,
    /// beta / alpha of the last step.
    last: f64,
}

impl Lanczos {
    /// Adds one more step of conjugate gradients.
    pub fn push(&mut self, alpha: f64, beta: f64) {
        self.diagonal.push(1.0 / alpha + self.last);
        self.squares.push(beta / (alpha * alpha));
        self.last = beta / alpha;
    }

    /// How many eigenvalues lie below a number: negative pivots of T - x.
    fn below(&self, x: f64) -> usize {
        let mut pivot = f64::INFINITY;
        let mut count = 0;
        for (i, d) in self.diagonal.iter().enumerate() {
            let square = if i == 0 { 0.0 } else { self.squares[i - 1] };
            pivot = d - x - square / pivot;
            if pivot == 0.0 {
                pivot = f64::MIN_POSITIVE;
            }
            count += usize::from(pivot < 0.0);
        }
        count
    }

    /// The smallest and the largest eigenvalue of T; None before the first step.
    pub fn ends(&self) -> Option<[f64; 2]> {
        let count = self.diagonal.len();
        // T is positive, so that no eigenvalue is larger than the trace.
        let trace: f64 = self.diagonal.iter().sum();
        let find = |wanted: usize| {
            let (mut low, mut high) = (0.0, trace);
            // Bisection to the last bit, also for an eigenvalue far below the trace.
            while (low + high) * 0.5 > low && (low + high) * 0.5 < high {
                let middle = (low + high) * 0.5;
                *(if self.below(middle) < wanted { &mut low } else { &mut high }) = middle;
            }
            high
        };
        (count > 0 && trace.is_finite()).then(|| [find(1), find(count)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conjugate gradients on a diagonal operator, as many steps as it has eigenvalues: T has them all.
    #[test]
    fn a_whole_run_knows_the_ends_of_the_spectrum() {
        let values = [3e-4, 0.2, 0.9, 2.0, 7.0, 40.0];
        let (mut r, mut p) = (vec![1.0, 0.5, 0.3, 0.8, 0.1, 0.7], vec![1.0, 0.5, 0.3, 0.8, 0.1, 0.7]);
        let mut lanczos = Lanczos::default();
        assert_eq!(lanczos.ends(), None);
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        for step in 0..values.len() {
            let q: Vec<f64> = p.iter().zip(&values).map(|(p, v)| p * v).collect();
            let rho = dot(&r, &r);
            let alpha = rho / dot(&p, &q);
            r.iter_mut().zip(&q).for_each(|(r, q)| *r -= alpha * q);
            let beta = dot(&r, &r) / rho;
            p.iter_mut().zip(&r).for_each(|(p, r)| *p = r + beta * *p);
            lanczos.push(alpha, beta);
            let [low, high] = lanczos.ends().unwrap();
            assert!(low > 3e-4 * (1.0 - 1e-9) && high < 40.0 * (1.0 + 1e-12), "{step}: {low} {high}");
        }
        let [low, high] = lanczos.ends().unwrap();
        assert!((low / 3e-4 - 1.0).abs() < 1e-9 && (high / 40.0 - 1.0).abs() < 1e-12, "{low} {high}");
    }
}
