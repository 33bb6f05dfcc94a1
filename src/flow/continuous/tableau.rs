//! Explicit Runge-Kutta methods with a fixed step.

use crate::program::{Node, Recorder};
use serde::{Deserialize, Serialize};

/// A method, by its name in specs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integrator {
    /// The classical method of order 4 with four stages.
    #[default]
    Rk4,
    /// Dormand and Prince, J. Comput. Appl. Math. 6, 19 (1980): order 5 with six stages, without the embedded error.
    DormandPrince,
}

/// Coefficients: k_i = f(t + c_i h, y + h sum_j a_ij k_j), y(t + h) = y + h sum_i b_i k_i.
#[derive(Clone, Copy, Debug)]
pub struct Tableau {
    /// a_ij, a row for each stage.
    pub a: &'static [&'static [f64]],
    /// b_i.
    pub b: &'static [f64],
    /// c_i.
    pub c: &'static [f64],
}

const RK4: Tableau = Tableau {
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    c: &[0.0, 0.5, 0.5, 1.0],
};

const DORMAND_PRINCE: Tableau = Tableau {
    a: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
        &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    ],
    b: &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
    c: &[0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0],
};

impl Integrator {
    /// The coefficients.
    pub fn tableau(self) -> Tableau {
        match self {
            Integrator::Rk4 => RK4,
            Integrator::DormandPrince => DORMAND_PRINCE,
        }
    }
}

/// Values moved along some slopes: y + h sum_j a_j k_j.
pub fn moved(recorder: &mut Recorder, from: &[Node], slopes: &[Vec<Node>], factors: &[f64], size: f64) -> Vec<Node> {
    let one = |(i, &from): (usize, &Node)| {
        let used = slopes.iter().zip(factors).filter(|(_, factor)| **factor != 0.0);
        used.fold(from, |sum, (slopes, factor)| {
            let part = recorder.scale(slopes[i], size * factor);
            recorder.add(sum, part)
        })
    };
    from.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// y' = −2 t y² with y(0) = 1 has y = 1 / (1 + t²); halving the step divides the error by 2 to the order.
    #[test]
    fn the_order_is_that_of_the_method() {
        let error = |tableau: Tableau, steps: usize| {
            let (h, mut y) = (1.0 / steps as f64, 1.0_f64);
            for n in 0..steps {
                let mut k: Vec<f64> = vec![];
                for (row, c) in tableau.a.iter().zip(tableau.c) {
                    let at = y + h * row.iter().zip(&k).map(|(a, k)| a * k).sum::<f64>();
                    k.push(-2.0 * (n as f64 + c) * h * at * at);
                }
                y += h * tableau.b.iter().zip(&k).map(|(b, k)| b * k).sum::<f64>();
            }
            (y - 0.5).abs()
        };
        for (integrator, order) in [(Integrator::Rk4, 4.0), (Integrator::DormandPrince, 5.0)] {
            let measured = (error(integrator.tableau(), 8) / error(integrator.tableau(), 16)).log2();
            assert!((measured - order).abs() < 0.6, "{integrator:?}: order {measured}");
        }
    }
}
