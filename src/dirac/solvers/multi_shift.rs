//! Conjugate gradients for (K + s_i) x_i = b with all shifts s_i >= 0 at once, K hermitian and positive.
//!
//! The residuals of the shifted systems are parallel to that of the smallest shift, r_i = zeta_i r, so that one
//! application of K serves all. B. Jegerlehner, hep-lat/9612014. The recursion of the zeta_i gathers rounding errors:
//! each residual is recomputed in the end, and a system that misses the tolerance is solved further from its present
//! solution.

use super::conjugate_gradient::{self, End, Stop};
use super::hermitian::Hermitian;
use super::lanczos::Lanczos;
use super::refine::{Goal, Reached, refine};
use super::rounding::longest;
use crate::dirac::lanes::field::Field;
use crate::error::Result;
use crate::progress;

/// A shifted system while it is solved.
struct System {
    /// Its shift beyond the smallest one.
    shift: f64,
    x: Field<f64>,
    p: Field<f64>,
    /// Its residual over that of the smallest shift, now and one step before.
    zeta: f64,
    previous: f64,
    converged: bool,
}

/// Solutions for all shifts, and the extreme Ritz values of K in the run.
pub(crate) struct Shifted {
    /// x_i.
    pub solutions: Vec<Field<f64>>,
    /// |b - (K + s_i) x_i| / |b|, recomputed, and iterations of each: in the common run and beyond.
    pub reached: Vec<Reached>,
    /// The smallest and the largest Ritz value of K; none where b is 0.
    pub ends: Option<[f64; 2]>,
}

/// Solves all systems to |b - (K + s_i) x_i| <= tolerance |b|; `shifts` in any order. Errors: `NotConverged` for a
/// system that misses the tolerance, unless rounding allows no smaller residual.
pub(crate) fn solve(k: Hermitian<f64>, shifts: &[f64], b: &Field<f64>, goal: Goal) -> Result<Shifted> {
    let Recursion { mut solutions, ends, iterations } = recursion(k, shifts, b, goal)?;
    let (mut reached, mut scratch) = (vec![], k.scratch()?);
    for (x, &shift) in solutions.iter_mut().zip(shifts) {
        let shifted = k.shifted(shift);
        let goal = Goal { iterations: goal.iterations.saturating_sub(iterations), ..goal };
        let multiply = |x: &Field<f64>, y: &mut Field<f64>| shifted.apply(x, y, &mut scratch);
        let correct =
            |_, r: &Field<f64>, x: &mut Field<f64>, stop: Stop| conjugate_gradient::solve(shifted, r, x, stop);
        let mut own = refine(k.context(), goal, (b, x), (multiply, correct))?;
        own.iterations += iterations;
        if own.end == End::Limit {
            own.expect(goal.tolerance)?;
        }
        reached.push(own);
    }
    Ok(Shifted { solutions, reached, ends })
}

/// Results of the common run.
struct Recursion {
    solutions: Vec<Field<f64>>,
    ends: Option<[f64; 2]>,
    iterations: u64,
}

/// Solutions that meet the tolerance by the recursion of their residuals.
fn recursion(k: Hermitian<f64>, shifts: &[f64], b: &Field<f64>, goal: Goal) -> Result<Recursion> {
    let context = k.context();
    let smallest = shifts.iter().copied().fold(f64::INFINITY, f64::min);
    let mut systems = vec![];
    for shift in shifts {
        let (x, mut p) = (k.zeros()?, k.zeros()?);
        p.copy(context, b);
        systems.push(System { shift: shift - smallest, x, p, zeta: 1.0, previous: 1.0, converged: false });
    }
    let (mut r, mut p, mut q, mut scratch) = (k.zeros()?, k.zeros()?, k.zeros()?, k.scratch()?);
    r.copy(context, b);
    p.copy(context, b);
    let mut rho = r.norm2(context);
    let (first, small) = (rho, goal.tolerance.powi(2) * rho);
    let (mut alpha_before, mut beta_before, mut iterations) = (1.0, 0.0, 0);
    let mut lanczos = Lanczos::default();
    let (shifted, most) = (k.shifted(smallest), goal.iterations.min(longest(b)));
    while systems.iter().any(|system| !system.converged) && rho > 0.0 && iterations < most {
        shifted.apply(&p, &mut q, &mut scratch);
        let alpha = rho / p.dot(context, &q);
        // K is not positive to rounding, or a number is not finite.
        if !(alpha > 0.0 && alpha.is_finite()) {
            break;
        }
        r.add(context, -alpha, &q);
        let next = r.norm2(context);
        let beta = next / rho;
        for system in systems.iter_mut().filter(|system| !system.converged) {
            let (zeta, previous) = (system.zeta, system.previous);
            let below =
                alpha * beta_before * (previous - zeta) + previous * alpha_before * (1.0 + system.shift * alpha);
            let new = zeta * previous * alpha_before / below;
            system.x.add(context, alpha * new / zeta, &system.p);
            let ratio = new / zeta;
            (system.previous, system.zeta) = (zeta, new);
            system.converged = new * new * next <= small;
            // p_i = zeta_i r + beta_i p_i
            system.p.scale(context, beta * ratio * ratio);
            system.p.add(context, new, &r);
        }
        p.scale_and_add(context, beta, &r);
        lanczos.push(alpha, beta);
        (rho, alpha_before, beta_before) = (next, alpha, beta);
        iterations += 1;
        progress::step("solve", (rho / first).sqrt())?;
    }
    let ends = lanczos.ends().map(|ends| ends.map(|end| end - smallest));
    Ok(Recursion { solutions: systems.into_iter().map(|system| system.x).collect(), ends, iterations })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dirac::solvers::hermitian::Form;
    use crate::dirac::tests::{context, random_gauge, spec};
    use crate::dirac::{Dirac, Map};
    use crate::gauge::Group;
    use crate::random::{Purpose, Stream};

    /// |b - (K + s) x| / |b|.
    fn residual(k: Hermitian<f64>, b: &Field<f64>, x: &Field<f64>) -> f64 {
        let (mut r, mut scratch) = (k.zeros().unwrap(), k.scratch().unwrap());
        k.apply(x, &mut r, &mut scratch);
        r.scale_and_add(k.context(), -1.0, b);
        r.norm2(k.context()).sqrt() / b.norm2(k.context()).sqrt()
    }

    /// Light staggered fermions, for which the recursion reports all systems as solved to tolerances that they miss.
    #[test]
    fn residuals_that_the_recursion_underestimates_are_found_and_corrected() {
        let shifts = [10.0, 0.0, 1e-4, 1.0, 1e-2];
        let (mut lies, mut mended) = (0, 0);
        for counter in 0..10 {
            let gauge = random_gauge(&[4, 4, 2, 2], Group::Su2, counter);
            let dirac = Dirac::new(&context(), &gauge, &spec("{type: 'staggered', mass: 3e-3}")).unwrap();
            let schur = dirac.double_even_odd();
            let k = Hermitian::new(&schur, Form::Itself);
            let linear = dirac.linear_map(Map::Schur).unwrap();
            let one = faer::Mat::identity(linear.dimension(), linear.dimension());
            let values = linear.times(one.as_ref()).unwrap().self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
            let mut b = k.zeros().unwrap();
            Stream::new(6, Purpose::Prior, 40 + counter).normals(b.numbers_mut());
            for tolerance in [1e-9, 1e-11, 1e-12, 3e-13, 1e-13, 3e-14, 1e-14, 3e-15, 1e-15] {
                let goal = Goal { tolerance, iterations: 10_000, solvers: 1 };
                let trusted = recursion(k, &shifts, &b, goal).unwrap().solutions;
                let solved = solve(k, &shifts, &b, goal).unwrap();
                for (i, &shift) in shifts.iter().enumerate() {
                    let before = residual(k.shifted(shift), &b, &trusted[i]);
                    let after = residual(k.shifted(shift), &b, &solved.solutions[i]);
                    assert_eq!(after, solved.reached[i].residual, "shift {shift}");
                    assert!(after <= before);
                    lies += usize::from(before > tolerance);
                    mended += usize::from(before > tolerance && after <= tolerance);
                    let attainable = f64::EPSILON * (values[values.len() - 1] + shift) / (values[0] + shift);
                    let is_attained = solved.reached[i].end == End::Stagnated && after < 4.0 * attainable;
                    assert!(after <= tolerance || is_attained, "{shift} {tolerance}: {:?}", solved.reached[i]);
                }
            }
        }
        assert!(lies > 0 && mended > 0, "{lies} lies, {mended} mended");
    }
}
