//! Wilson flow dV/dt = −TA(V A) V, V(0) = U, A the sum of the staples: the gradient flow of Σ_p Re tr(1 − V_p), and the
//! scales that it sets, t² E(t) = 0.3 at t0 and t d/dt (t² E) = 0.3 at t = w0².
//!
//! On a field with an open boundary S has its weights with c_G = 1, and the derivatives along the links within the first and
//! the last slice count twice: their spatial plaquettes drive them as elsewhere, the others twice as much. Absent links stay
//! zero. M. Lüscher and S. Schaefer, Comput. Phys. Commun. 184, 519 (2013), arXiv:1206.2809, appendix B.
//!
//! M. Lüscher, JHEP 08 (2010) 071, arXiv:1006.4518, with the third-order integrator of its appendix C; w0: S. Borsányi et
//! al., JHEP 09 (2012) 010, arXiv:1203.4469. For U(1) the same equation is used.

use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::absent::{boundary_slices, is_open};
use crate::gauge::field::Gauge;
use crate::gauge::observables::{Loops, energy_density_by};
use crate::gauge::paths::Links;
use crate::gauge::plaquettes::Slope;
use crate::gauge::plaquettes::drift;
use crate::gauge::weights::{Boundary, Slopes};
use crate::group::{Group, Matrix, with_colours};
use crate::lattice::Lattice;
use crate::memory;
use crate::progress;
use crate::spec;

/// t² E and t d/dt (t² E) at the scales.
const REFERENCE: f64 = 0.3;

/// The flow of the fields of one group on one lattice.
pub struct WilsonFlow {
    slope: Slope,
    algebra: Vec<f64>,
    force: Vec<f64>,
    lattice: Lattice,
    group: Group,
    /// What an open boundary changes in the force; made for the first open field.
    boundary: Option<Boundary>,
}

/// Where to stop in the search for the scales.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowSpec {
    /// Step of the integrator, above 0.
    pub step: f64,
    /// Longest flow time, above 0.
    pub longest: f64,
}

impl Default for FlowSpec {
    fn default() -> Self {
        Self { step: 0.02, longest: 100.0 }
    }
}

/// The scales of the flow in units of the lattice spacing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// t0, a length squared.
    pub t0: f64,
    /// w0, a length.
    pub w0: f64,
}

impl WilsonFlow {
    /// The flow of links of a group on a lattice.
    pub fn new(team: &Team, lattice: &Lattice, group: Group) -> Result<Self> {
        let count = lattice.volume() * lattice.dimensions() * group.reals();
        let zeros = |what: &str| memory::filled(what, 0.0, count);
        let (algebra, force) = (zeros("element of the algebra for each link")?, zeros("slope of the links")?);
        let (slope, lattice) = (Slope::new(team, lattice, group)?, lattice.clone());
        Ok(Self { slope, algebra, force, lattice, group, boundary: None })
    }

    /// TA(V A) of all links, doubled within the boundary slices of an open field.
    fn force(&mut self, links: &[f64]) -> Result<()> {
        self.slope.write(links, 1.0, &mut self.force);
        if !is_open(&self.lattice, self.group, links) {
            return Ok(());
        }
        let (neighbours, d, reals) = (self.slope.neighbours(), self.lattice.dimensions(), self.group.reals());
        if self.boundary.is_none() {
            let terms = [(1.0, Loops::plaquettes(d))];
            let parts = (self.slope.team(), &self.lattice, self.group);
            // Twice the force with weights 1, less that of loops within the slices: 2 (1 − 1/2) of them remains.
            self.boundary = Some(Boundary::new(parts, neighbours, &terms, 0.0)?);
        }
        for site in boundary_slices(&self.lattice).into_iter().flatten() {
            self.force[site * d * reals..((site + 1) * d - 1) * reals].iter_mut().for_each(|x| *x *= 2.0);
        }
        let Some(boundary) = &self.boundary else { return Ok(()) };
        let links = Links { numbers: links, neighbours };
        with_colours!(self.group, add_excess(boundary, &mut Around { links, force: &mut self.force }))
    }

    /// Takes a field of that lattice from t to t + step; an error where the host ends it.
    pub fn step(&mut self, gauge: &mut Gauge, step: f64) -> Result<()> {
        // The algebra element of a stage is (new force) x gain − (element of the stage before) x loss.
        for (gain, loss) in [(0.25, 0.0), (8.0 / 9.0, 17.0 / 9.0), (0.75, 1.0)] {
            self.force(gauge.links())?;
            let team = self.slope.team();
            team.update(&mut self.algebra, &self.force, |algebra, force| {
                algebra.iter_mut().zip(force).for_each(|(element, force)| *element = gain * force - loss * *element);
            });
            drift(team, gauge.group(), (gauge.links_mut(), &self.algebra), -step);
            progress::check()?;
        }
        Ok(())
    }
}

fn add_excess<const N: usize>(boundary: &Boundary, around: &mut Around) -> Result<()> {
    boundary.excess_slopes::<N>(around).map(|_| ())
}

/// Links of a field, with the force that TA(V A) is added to.
struct Around<'a> {
    links: Links<'a>,
    force: &'a mut [f64],
}

impl<const N: usize> Slopes<N> for Around<'_> {
    fn link(&mut self, site: usize, mu: usize) -> Matrix<N> {
        self.links.link(site, mu)
    }

    fn add(&mut self, site: usize, mu: usize, share: &Matrix<N>) {
        let to = &mut self.force[(site * self.links.neighbours.dimensions() + mu) * 2 * N * N..][..2 * N * N];
        (Matrix::from_reals(to) + share.antihermitian()).to_reals(to);
    }
}

/// Coarser steps leave nothing of the third order.
const LARGEST_STEP: f64 = 0.2;
/// Most steps of a search for scales.
const MOST_STEPS: f64 = 1e6;

/// The flow has smoothed a field where it has come so far at least.
const SMOOTH: f64 = 1.0;

/// Flows a copy of a field until both scales are found; not to find them is an error that says how far it came.
///
/// On a small lattice or a smooth field t² E has a maximum below 0.3. The search ends where t² E has fallen below half of
/// its maximum, at more than twice the time of that and beyond t = 1: what is smoothed then is longer than the lattice,
/// and no scale of a larger one. Flux and instantons, whose t² E rises with the lattice squared, pass 0.3 before.
pub fn scales(team: &Team, gauge: &Gauge, spec: &FlowSpec) -> Result<Scales> {
    spec::expect(spec.step > 0.0 && spec.step <= LARGEST_STEP, "step", "a number above 0, at most 0.2", spec.step)?;
    spec::expect(spec.longest > 0.0 && spec.longest.is_finite(), "longest", "a finite number above 0", spec.longest)?;
    let steps = spec.longest / spec.step;
    spec::expect(steps <= MOST_STEPS, "step", "at most 1000000 steps to the longest time", steps)?;
    let _work = progress::begin("scales", steps as u64);
    let (mut gauge, mut flow) = (gauge.copied()?, WilsonFlow::new(team, gauge.lattice(), gauge.group())?);
    // t² E at t = 0, ε, 2ε, ...
    let mut energies = vec![0.0];
    let (mut t0, mut w0) = (None, None);
    let mut top = 0;
    while energies.len() as f64 * spec.step <= spec.longest {
        flow.step(&mut gauge, spec.step)?;
        let time = energies.len() as f64 * spec.step;
        let now = time * time * energy_density_by(team, &gauge)?;
        energies.push(now);
        progress::step("scales", now)?;
        t0 = t0.or_else(|| crossing(&energies));
        w0 = w0.or_else(|| crossing(&slopes(&energies)));
        if let (Some(t0), Some(w0)) = (t0, w0) {
            return Ok(Scales { t0: t0 * spec.step, w0: (w0 * spec.step).sqrt() });
        }
        if now > energies[top] {
            top = energies.len() - 1;
        }
        let has_fallen = now <= 0.5 * energies[top] && time > 2.0 * top as f64 * spec.step && time > SMOOTH;
        if has_fallen {
            return Err(missed(
                &energies,
                (top, spec.step),
                "it has fallen to half of its maximum for as long again: \
                the lattice is too small or the field too smooth",
            ));
        }
    }
    Err(missed(&energies, (top, spec.step), &format!("the longest flow time is {}", spec.longest)))
}

/// The error of a search that came to no scale, with the largest t² E and the last.
fn missed(energies: &[f64], (top, step): (usize, f64), why: &str) -> Error {
    let (count, most, last) = (energies.len() - 1, energies[top], energies[energies.len() - 1]);
    let (time, end) = (top as f64 * step, count as f64 * step);
    Error::NotConverged(format!(
        "flow: expected t^2 E and its slope to pass {REFERENCE}, got t^2 E of at most {most:.6} at t = {time:.4} and of \
         {last:.6} at t = {end:.4}, where the search ended since {why}, after {count} steps"
    ))
}

/// t d/dt (t² E) at the last two times where it is known, after placeholders for the times before.
fn slopes(energies: &[f64]) -> Vec<f64> {
    let known = energies.len().saturating_sub(1);
    let slope = |n: usize| if n == 0 { 0.0 } else { n as f64 * (energies[n + 1] - energies[n - 1]) / 2.0 };
    (0..known).map(|n| if n + 2 < known { 0.0 } else { slope(n) }).collect()
}

/// Where the last interval of a series passes the reference, in units of the step.
fn crossing(series: &[f64]) -> Option<f64> {
    let &[.., before, after] = series else { return None };
    let passes = before < REFERENCE && after >= REFERENCE;
    passes.then(|| (series.len() - 2) as f64 + (REFERENCE - before) / (after - before))
}
