//! Coefficients of layers by least squares: the variance of the work of one step of a path from equilibrium.
//!
//! Row k of the coefficients θ belongs to the middle of the k-th of n equal steps of the strength. For a change from s to s' around
//! it and fields φ drawn from exp(−S_s), the work with the layer g, of Jacobian J, is
//!
//! ```text
//! W(φ; θ) = S_{s'}(g(φ)) − S_s(φ) − log J(φ)
//! ```
//!
//! and a step of Gauss and Newton towards the least variance of W is
//!
//! ```text
//! θ ← θ − (C + λ tr C / K)⁻¹ b,    C_ij = cov(∂W/∂θ_i, ∂W/∂θ_j),    b_i = cov(∂W/∂θ_i, W),    i, j = 1 .. K
//! ```
//!
//! with λ = 10⁻⁶, which keeps coefficients that nothing depends on where they are. The fit is linear in g; where it moves
//! coefficients far along directions that hardly matter, the curvature of g may raise the variance. So the change is shortened to
//! at most 5 in each coefficient, and then taken 1, 1/2, 1/4, 1/8 or 0 times, whichever has the least variance of W on up to 8
//! fields of each of the 16 chains. To first order in s' − s the covariances are those of dS/ds and its changes, whose mean vanishes,
//! and the minimum is where the mean work has its own, half the variance above the difference of free energies. Rows do not depend
//! on each other. From θ = 0 one step for each is enough but for the curvature of g; further ones go on with the first row, and start
//! from the coefficients that are there.

use super::fingerprint;
use super::objective::{Objective, Report, Samples};
use super::spec::PathsSpec;
use super::theory::Theory;
use crate::action::Action;
use crate::context::{Team, beside};
use crate::error::{Error, Result};
use crate::flow::Stout;
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use crate::spec::expect;
use crate::statistics::reweighting;
use faer::linalg::solvers::Solve;
use faer::{ColRef, MatRef, Side};
use std::sync::Arc;

/// Chains that the fields of a step come from, whatever the number of threads.
const CHAINS: usize = 16;
/// λ.
const RIDGE: f64 = 1e-6;
/// Largest change of a coefficient in a step.
const LONGEST: f64 = 5.0;
/// Parts of the change that are compared, and the largest number of fields of a chain on which they are.
const PARTS: [f64; 5] = [1.0, 0.5, 0.25, 0.125, 0.0];
const COMPARED: usize = 8;

/// What fields of a chain have given.
struct Found {
    /// [W, ∂W/∂θ] of each field.
    slopes: Vec<f64>,
    /// Some of the fields, far from each other.
    fields: Vec<Vec<f64>>,
}

/// Least squares for the rows of some layers.
pub struct LeastSquares {
    theory: Theory,
    /// Rows of θ, and coefficients in each.
    rows: usize,
    count: usize,
    /// s' − s.
    length: f64,
}

impl LeastSquares {
    /// For layers that fit a gauge action.
    pub fn new(model: &Stout, action: &Arc<dyn Action>, spec: &PathsSpec, batch: usize) -> Result<Self> {
        let (of_model, hidden) = (model.spec(), &model.spec().hidden);
        let steps = spec.steps.unwrap_or(of_model.steps as u64);
        let is_linear = hidden.is_empty();
        expect(is_linear, "optimiser", "'adam' for a model with a hidden layer", "'least_squares'")?;
        expect(batch > 1, "batch", "at least 2 fields for least squares", batch)?;
        let expected = format!("at least {}, the steps of the model, for least squares", of_model.steps);
        expect(steps >= of_model.steps as u64, "paths: steps", &expected, steps)?;
        Ok(Self {
            theory: Theory::new(model, action, spec)?,
            rows: of_model.steps,
            count: of_model.coefficients(),
            length: 1.0 / steps as f64,
        })
    }

    /// The change of the strength that a row is fitted for.
    fn change(&self, row: usize) -> [f64; 2] {
        let middle = (row as f64 + 0.5) / self.rows as f64;
        [(middle - 0.5 * self.length).max(0.0), (middle + 0.5 * self.length).min(1.0)]
    }

    /// W and its derivatives by a row of θ on some fields of a chain, field by field.
    fn sample(&self, row: usize, (counter, number): (u64, usize), fields: usize) -> Result<Found> {
        let (theory, team, change) = (&self.theory, Team::default(), self.change(row));
        let mut field = memory::cloned("links of a chain", &theory.start)?;
        let mut gradient = memory::filled("gradient", 0.0, self.rows * self.count)?;
        let mut found = Found {
            slopes: memory::reserved("derivatives of the work", fields.saturating_mul(self.count + 1))?,
            fields: memory::reserved("fields of a chain", COMPARED)?,
        };
        let mut random = Stream::numbered(theory.seed, Purpose::Tempering, counter, number as u64);
        for sample in 0..fields {
            for _ in 0..theory.spec.between + if sample == 0 { theory.spec.thermalise } else { 0 } {
                progress::check()?;
                theory.chain.sweeps(&team, &mut field, change[0], (random.bits(), false))?;
            }
            let mut moved = memory::cloned("links of a path", &field)?;
            if sample % fields.div_ceil(COMPARED) == 0 {
                found.fields.push(memory::cloned("links of a chain", &field)?);
            }
            gradient.fill(0.0);
            found.slopes.push(theory.path.learn(&mut moved, change, &mut gradient)?);
            found.slopes.extend_from_slice(&gradient[row * self.count..][..self.count]);
        }
        Ok(found)
    }

    /// W on some fields less its mean, and its variance; infinite where W is not finite.
    fn compare(&self, row: usize, fields: &[Vec<f64>]) -> Result<(Vec<f64>, f64)> {
        let (theory, team, change) = (&self.theory, Team::default(), self.change(row));
        let work = |(_, field): (usize, &Vec<f64>)| {
            progress::check()?;
            let mut moved = memory::cloned("links of a path", field)?;
            theory.path.path(&team, &mut moved, &change, (0, false))
        };
        let mut works = theory.share(memory::collected("fields of chains", fields.iter())?, work)?;
        let mean = works.iter().sum::<f64>() / works.len() as f64;
        works.iter_mut().for_each(|work| *work -= mean);
        let variance = works.iter().map(|work| work * work).sum::<f64>() / works.len() as f64;
        Ok((works, if variance.is_finite() { variance } else { f64::INFINITY }))
    }

    /// Takes that part of the change of a row which leaves the least variance on some fields; W there less its mean, and its variance.
    fn shorten(
        &mut self,
        row: usize,
        parameters: &[f64],
        change: &mut [f64],
        fields: &[Vec<f64>],
    ) -> Result<(Vec<f64>, f64)> {
        let (mut changed, place) = (memory::cloned("parameters", parameters)?, row * self.count);
        let (mut best, mut best_part) = ((vec![], f64::INFINITY), 0.0);
        for part in PARTS {
            for (i, c) in change.iter().enumerate() {
                changed[place + i] = parameters[place + i] - part * c;
            }
            self.theory.path.set_parameters(&changed)?;
            let compared = self.compare(row, fields)?;
            if compared.1 < best.1 {
                (best, best_part) = (compared, part);
            }
        }
        change.iter_mut().for_each(|c| *c *= best_part);
        Ok(best)
    }
}

impl Objective for LeastSquares {
    fn run(&mut self, parameters: &[f64], samples: &Samples) -> Result<Report> {
        self.theory.path.set_parameters(parameters)?;
        let (row, chains) = ((samples.step % self.rows as u64) as usize, samples.count.min(CHAINS));
        let shares = memory::collected(
            "chains",
            (0..chains).map(|i| samples.count / chains + usize::from(i < samples.count % chains)),
        )?;
        let counter = samples.key.counter;
        let parts = self.theory.share(shares, |(number, fields)| self.sample(row, (counter, number), fields))?;
        let (mut all, mut fields) = (
            memory::reserved("derivatives of the work", parts.iter().map(|part| part.slopes.len()).sum())?,
            memory::reserved("fields of chains", parts.iter().map(|part| part.fields.len()).sum())?,
        );
        for part in parts {
            all.extend_from_slice(&part.slopes);
            fields.extend(part.fields);
        }
        let mut report = Report { gradient: memory::filled("gradient", 0.0, parameters.len())?, ..Report::default() };
        report.fault =
            all.iter().find(|x| !x.is_finite()).map(|x| format!("{x} as the work of a step or its derivative"));
        if report.fault.is_some() {
            return Ok(report);
        }
        let mut change = fit(&mut all, self.count)?;
        let largest = change.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        let most = if largest > LONGEST { LONGEST / largest } else { 1.0 };
        change.iter_mut().for_each(|x| *x *= most);
        let (works, variance) = self.shorten(row, parameters, &mut change, &fields)?;
        let weights = memory::collected("works of a batch", works.iter().map(|work| -work))?;
        report.loss = variance;
        report.ess = reweighting(&weights)?.ess;
        report.gradient[row * self.count..][..self.count].copy_from_slice(&change);
        Ok(report)
    }

    fn name(&self) -> &'static str {
        "action"
    }

    /// S on fixed fields of links.
    fn fingerprint(&self) -> Result<Option<Vec<f64>>> {
        fingerprint::of_links(&*self.theory.action).map(Some)
    }
}

/// (C + λ tr C / K)⁻¹ b of samples [W, ∂W/∂θ], from which their means are taken away.
fn fit(samples: &mut [f64], count: usize) -> Result<Vec<f64>> {
    let number = (samples.len() / (count + 1)) as f64;
    let mut means = memory::filled("means of derivatives", 0.0, count + 1)?;
    for sample in samples.chunks_exact(count + 1) {
        means.iter_mut().zip(sample).for_each(|(mean, x)| *mean += x / number);
    }
    let mut matrix = memory::filled("covariances of derivatives", 0.0, count * count)?;
    let mut right = memory::filled("covariances with the work", 0.0, count)?;
    for sample in samples.chunks_exact_mut(count + 1) {
        sample.iter_mut().zip(&means).for_each(|(x, mean)| *x -= mean);
        let (work, slopes) = (sample[0], &sample[1..]);
        for (i, &slope) in slopes.iter().enumerate() {
            right[i] += slope * work / number;
            matrix[i * count..][..count].iter_mut().zip(slopes).for_each(|(c, other)| *c += slope * other / number);
        }
    }
    let trace: f64 = (0..count).map(|i| matrix[i * count + i]).sum();
    if trace == 0.0 {
        right.fill(0.0);
        return Ok(right);
    }
    (0..count).for_each(|i| matrix[i * count + i] += RIDGE * trace / count as f64);
    solve(matrix, right)
}

/// The solution x of C x = b for a positive matrix.
fn solve(matrix: Vec<f64>, right: Vec<f64>) -> Result<Vec<f64>> {
    // faer allocates without reporting a lack of memory: number of matrices in all.
    const MATRICES: usize = 4;
    memory::expect("covariances of derivatives", MATRICES * matrix.len() * size_of::<f64>())?;
    let mut solution = memory::filled("coefficients", 0.0, right.len())?;
    let found = beside(move || {
        let rows = right.len();
        let factors = MatRef::from_column_major_slice(&matrix, rows, rows).llt(Side::Lower).ok()?;
        Some(factors.solve(ColRef::from_slice(&right)))
    })?;
    let Some(found) = found else {
        let expected = "expected a positive matrix of covariances of derivatives";
        return Err(Error::NotConverged(format!("least squares: {expected}, got another")));
    };
    solution.iter_mut().zip(found.iter()).for_each(|(x, found)| *x = *found);
    Ok(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;
    use faer::linalg::solvers::SolveLstsq;

    /// Beside a factorisation of the samples themselves, which makes no covariances.
    #[test]
    fn the_fit_is_that_of_all_samples_by_orthogonal_factors() {
        const NUMBER: usize = 60;
        const COUNT: usize = 5;
        let (mut stream, mut samples) = (Stream::new(1, Purpose::Training, 2), vec![0.0; NUMBER * (COUNT + 1)]);
        stream.normals(&mut samples);
        for sample in samples.chunks_exact_mut(COUNT + 1) {
            // Derivatives of different sizes, one of them correlated with another, and a mean.
            sample[2] = 0.3 * sample[2] + sample[1];
            sample[3] *= 20.0;
            sample[0] += 4.0 + 2.0 * sample[1] - 0.5 * sample[3] + sample[4];
        }
        let matrix =
            Mat::from_fn(NUMBER, COUNT + 1, |i, j| if j == COUNT { 1.0 } else { samples[i * (COUNT + 1) + j + 1] });
        let works = Mat::from_fn(NUMBER, 1, |i, _| samples[i * (COUNT + 1)]);
        let exact = matrix.qr().solve_lstsq(&works);
        let found = fit(&mut samples, COUNT).unwrap();
        for (i, x) in found.iter().enumerate() {
            assert!((x - exact[(i, 0)]).abs() < 3e-3 && x.abs() > 1e-3, "{i}: {x} {}", exact[(i, 0)]);
        }
    }

    #[test]
    fn coefficients_that_nothing_depends_on_stay() {
        let mut samples = vec![1.0, 2.0, 0.0, -1.0, -2.0, 0.0];
        let found = fit(&mut samples, 2).unwrap();
        assert!((found[0] - 0.5).abs() < 1e-6 && found[1] == 0.0, "{found:?}");
        assert_eq!(fit(&mut [1.0, 0.0, 2.0, 0.0], 1).unwrap(), [0.0]);
    }
}
