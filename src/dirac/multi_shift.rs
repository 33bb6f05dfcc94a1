//! Conjugate gradients for (K + s_i) x_i = b with all shifts s_i >= 0 at once, K hermitian and positive.
//!
//! The residuals of the shifted systems are parallel to that of the smallest shift, r_i = zeta_i r, so that one
//! application of K serves all. B. Jegerlehner, hep-lat/9612014.

use super::field::Field;
use super::hermitian::Hermitian;
use super::lanczos::Lanczos;
use super::solve::expect_converged;
use crate::error::Result;
use crate::simd::Native;

/// A shifted system while it is solved.
struct System<T> {
    /// Its shift beyond the smallest one.
    shift: f64,
    x: Field<T>,
    p: Field<T>,
    /// Its residual over that of the smallest shift, now and one step before.
    zeta: f64,
    previous: f64,
    converged: bool,
}

/// Solutions for all shifts, and what the run shows of K.
pub(crate) struct Shifted<T> {
    /// x_i.
    pub solutions: Vec<Field<T>>,
    /// The smallest and the largest Ritz value of K; none where b is 0.
    pub ends: Option<[f64; 2]>,
}

/// Solves all systems to |b - (K + s_i) x_i| <= tolerance |b|; `shifts` in any order.
pub(crate) fn solve<T: Native>(
    k: Hermitian<T>,
    shifts: &[f64],
    b: &Field<T>,
    (tolerance, most): (f64, u64),
) -> Result<Shifted<T>> {
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
    let goal = tolerance.powi(2) * rho;
    let (mut alpha_before, mut beta_before, mut iterations) = (1.0, 0.0, 0);
    let mut lanczos = Lanczos::default();
    while systems.iter().any(|system| !system.converged) && rho > 0.0 && iterations < most {
        k.apply(&p, &mut q, &mut scratch);
        q.add(context, smallest, &p);
        let alpha = rho / p.dot(context, &q);
        if !alpha.is_finite() {
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
            system.converged = new * new * next <= goal;
            // p_i = zeta_i r + beta_i p_i
            system.p.scale(context, beta * ratio * ratio);
            system.p.add(context, new, &r);
        }
        p.scale_and_add(context, beta, &r);
        lanczos.push(alpha, beta);
        (rho, alpha_before, beta_before) = (next, alpha, beta);
        iterations += 1;
    }
    let worst = systems.iter().map(|system| system.zeta.abs()).fold(0.0, f64::max);
    let reached = if goal == 0.0 { 0.0 } else { worst * (rho / goal).sqrt() * tolerance };
    let all = systems.iter().all(|system| system.converged) || goal == 0.0;
    expect_converged((iterations, if all { 0.0 } else { reached }), tolerance)?;
    let ends = lanczos.ends().map(|ends| ends.map(|end| end - smallest));
    Ok(Shifted { solutions: systems.into_iter().map(|system| system.x).collect(), ends })
}
