//! Actions of gauge fields: plaquettes P, and rectangles R of 2 x 1 links.
//!
//! ```text
//! S = β [ c0 Σ_P w (1 − Re tr P / N) + c1 Σ_R w (1 − Re tr R / N) ],   c0 = 1 − 8 c1
//! 'wilson' c1 = 0    'symanzik' c1 = −1/12 (tree level)    'iwasaki' c1 = −0.331    'dbw2' c1 = −1.4067    'improved' any c1
//! ```
//!
//! All weights w are 1 but those of loops with links of a [defect](crate::gauge::Defect), whose strength they multiply, and
//! those at an [open boundary](crate::gauge::Boundary): 0 through absent links, c_G / 2 within the first and the last slice.
//! Gradient of a link U with the sum A of its staples, weighted by w, c0 and c1: G = (β T_F / N) TA(U A), TA the traceless
//! antihermitian part and T_F as in [`crate::gauge::Group::trace_norm`]. K. G. Wilson, Phys. Rev. D 10, 2445 (1974);
//! M. Lüscher and P. Weisz, Commun. Math. Phys. 97, 59 (1985); Y. Iwasaki, Nucl. Phys. B 258, 141 (1985); T. Takaishi,
//! Phys. Rev. D 54, 1050 (1996); QCD-TARO, Nucl. Phys. B 577, 263 (2000).

use super::{Action, Moves, PhasePoint};
use crate::context::{Context, Team};
use crate::error::{Error, Result, expect_length};
use crate::gauge::{
    Boundary, BoundaryKind, Canonical, DefectSpec, Group, Links, LoopSum, Loops, Matrix, Patch, Slope, Slopes, Weight,
    Weights, WidePhase, is_open, with_colours,
};
use crate::lattice::{Lattice, Neighbours};
use crate::progress;
use crate::space::Space;
use crate::spec;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of a gauge action: `{type: 'wilson', group: 'su3', beta: 6}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GaugeSpec {
    /// The group of the links.
    pub group: Group,
    /// The coupling β, 2N / g² for SU(N) and 1 / g² for U(1).
    pub beta: f64,
    /// Links whose coupling is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<DefectSpec>,
    /// Boundary condition of the last direction.
    #[serde(default, skip_serializing_if = "BoundaryKind::is_periodic")]
    pub boundary: BoundaryKind,
    /// The factor c_G of loops within the slices of an open boundary; 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_g: Option<f64>,
}

/// Spec of a gauge action with a coefficient of its own: `{type: 'improved', c1: -0.2, group: 'su3', beta: 4}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ImprovedSpec {
    /// The group of the links.
    pub group: Group,
    /// The coupling β, 2N / g² for SU(N) and 1 / g² for U(1).
    pub beta: f64,
    /// The coefficient of the rectangles.
    pub c1: f64,
    /// Links whose coupling is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<DefectSpec>,
    /// Boundary condition of the last direction.
    #[serde(default, skip_serializing_if = "BoundaryKind::is_periodic")]
    pub boundary: BoundaryKind,
    /// The factor c_G of loops within the slices of an open boundary; 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_g: Option<f64>,
}

/// Sites in each part of a thread's work.
const PART: usize = 256;
/// Largest coupling: squares of staples times a larger one are no longer finite in heat baths.
const LARGEST: f64 = 1e100;
/// c1 of the tree-level improved action.
pub const SYMANZIK: f64 = -1.0 / 12.0;
/// c1 of Iwasaki's action.
pub const IWASAKI: f64 = -0.331;
/// c1 of the action from a doubly blocked one.
pub const DBW2: f64 = -1.4067;

impl ImprovedSpec {
    /// The action on a lattice of 2 to 4 dimensions.
    pub fn build(self, context: &Arc<Context>, lattice: &Lattice) -> Result<GaugeAction> {
        spec::expect_finite("c1", self.c1)?;
        let Self { group, beta, defect, boundary, c_g, .. } = self;
        GaugeSpec { group, beta, defect, boundary, c_g }.build(context, lattice, self.c1)
    }
}

impl GaugeSpec {
    /// The action on a lattice of 2 to 4 dimensions, with c1 = `rectangle`.
    pub fn build(&self, context: &Arc<Context>, lattice: &Lattice, rectangle: f64) -> Result<GaugeAction> {
        spec::expect_finite("beta", self.beta)?;
        let strength = self.defect.as_ref().map_or(1.0, |defect| defect.strength);
        // A rectangle may hold two links of the defect.
        let factors = [rectangle, self.c_g.unwrap_or(1.0), strength, strength].into_iter();
        let largest: f64 = factors.filter(|x| x.is_finite()).map(|x| x.abs().max(1.0)).product();
        if self.beta.abs() * largest > LARGEST {
            let expected = "expected at most 1e100 in size, times c1, c_g and the square of the strength of a defect where \
                            these are larger than 1";
            return Err(Error::BadSpec(format!("beta: {expected}, got {:?}", self.beta)));
        }
        let d = lattice.dimensions();
        if d < 2 {
            return Err(Error::Unsupported(format!("lattice: expected 2 to 4 dimensions for links, got {d}")));
        }
        let mut terms = vec![(1.0 - 8.0 * rectangle, Loops::plaquettes(d))];
        if rectangle != 0.0 {
            terms.push((rectangle, Loops::rectangles(d)));
        }
        let team = Team::of(context);
        let slope = Slope::new(&team, lattice, self.group)?;
        let boundary = self.boundary((&team, lattice), slope.neighbours(), &terms)?;
        let terms = Arc::new(terms);
        let mut sum = LoopSum { group: self.group, beta: self.beta, terms, patch: None, boundary };
        let defect = self.defect.as_ref().map(|defect| defect.build(lattice)).transpose()?;
        if let Some((defect, strength)) = defect {
            let patch = sum.around(slope.neighbours(), &defect)?;
            // Without weights there is nothing to add, and the numbers are those of the action without a defect.
            sum.patch = (strength != 1.0).then_some((patch, strength));
        }
        Ok(GaugeAction { team, lattice: lattice.clone(), sum, slope: Arc::new(slope) })
    }

    /// The open boundary of the spec, if it has one.
    fn boundary(
        &self,
        (team, lattice): (&Team, &Lattice),
        neighbours: &Neighbours,
        terms: &[(f64, Loops)],
    ) -> Result<Option<Arc<Boundary>>> {
        if self.boundary.is_periodic() {
            return match self.c_g {
                None => Ok(None),
                Some(c_g) => Err(Error::BadSpec(format!("c_g: expected it with boundary 'open' alone, got {c_g}"))),
            };
        }
        let c_g = self.c_g.unwrap_or(1.0);
        spec::expect_finite("c_g", c_g)?;
        Ok(Some(Arc::new(Boundary::new((team, lattice, self.group), neighbours, terms, c_g)?)))
    }
}

/// β times a weighted sum over loops of 1 − Re tr / N.
pub struct GaugeAction {
    team: Team,
    lattice: Lattice,
    sum: LoopSum,
    slope: Arc<Slope>,
}

impl GaugeAction {
    /// The neighbours of all sites.
    fn neighbours(&self) -> &Neighbours {
        self.slope.neighbours()
    }

    /// True where the action is a sum over plaquettes alone.
    fn has_only_plaquettes(&self) -> bool {
        self.sum.terms.len() == 1
    }

    fn links<'a>(&'a self, numbers: &'a [f64]) -> Links<'a> {
        Links { numbers, neighbours: self.neighbours() }
    }

    /// The sum with weights 1 from Σ Re tr of all plaquettes, where it has no other terms.
    fn of_traces(&self, traces: f64) -> f64 {
        let d = self.lattice.dimensions();
        self.sum.beta * ((self.lattice.volume() * d * (d - 1) / 2) as f64 - traces / self.sum.group.colours() as f64)
    }

    /// The sum with the weights of the boundary from Σ w Re tr of all plaquettes.
    fn of_weighted_traces(&self, traces: f64) -> f64 {
        let count = self.sum.boundary.as_ref().map_or(0.0, |boundary| boundary.count());
        self.of_traces(traces) + self.sum.beta * count
    }

    /// Weights of plaquettes in forces.
    fn weights(&self) -> Weights {
        let within = self.sum.boundary.as_ref().map(|boundary| boundary.factor(Weight::Boundary));
        Weights { factor: self.sum.factor(), within }
    }

    /// Adds `factor` times what a defect adds to the gradient, and returns what it adds to S.
    fn add_defect(&self, field: &[f64], factor: f64, to: &mut [f64]) -> f64 {
        if self.sum.patch.is_none() {
            return 0.0;
        }
        with_colours!(self.sum.group, add_defect(self, &self.links(field), (factor, to)))
    }

    /// Checks length and boundary of a field.
    fn expect_field(&self, field: &[f64]) -> Result<()> {
        expect_length("field", self.count(), field.len())?;
        match &self.sum.boundary {
            Some(boundary) => boundary.expect(field),
            None if is_open(&self.lattice, self.sum.group, field) => {
                let expected = "expected links of a periodic lattice";
                Err(Error::BadInput(format!(
                    "field: {expected}, got an open boundary (the action has none; boundary 'open' gives it one)"
                )))
            }
            None => Ok(()),
        }
    }

    /// Adds `factor` times what weights add to the gradient, and returns what they add to S. An error where memory is short,
    /// before anything is added.
    fn add_excess(&self, field: &[f64], factor: f64, to: &mut [f64]) -> Result<f64> {
        if self.sum.patch.is_none() && self.sum.boundary.is_none() {
            return Ok(0.0);
        }
        with_colours!(self.sum.group, add_excess(self, &self.links(field), (factor, to)))
    }

    /// Writes G of the links of one site, and returns their share of S / β.
    fn site_gradient<const N: usize>(&self, links: &Links, site: usize, gradient: &mut [f64]) -> f64 {
        let factor = self.sum.factor();
        let mut share = 0.0;
        for (mu, gradient) in gradient.chunks_exact_mut(2 * N * N).enumerate() {
            let link = links.link::<N>(site, mu);
            let mut sum = Matrix::<N>::ZERO;
            for (weight, loops) in &*self.sum.terms {
                let product = link * loops.staple(links, site, mu);
                share += weight * loops.share(mu, product.trace().re, N);
                sum = sum + product.scale((*weight).into());
            }
            sum.antihermitian().scale(factor.into()).to_reals(gradient);
        }
        share
    }
}

fn add_excess<const N: usize>(action: &GaugeAction, links: &Links, (factor, to): (f64, &mut [f64])) -> Result<f64> {
    action.sum.excess_slopes::<N>(&mut InPlace { links: *links, factor: factor * action.sum.factor(), to })
}

fn add_defect<const N: usize>(action: &GaugeAction, links: &Links, (factor, to): (f64, &mut [f64])) -> f64 {
    action.sum.defect_slopes::<N>(&mut InPlace { links: *links, factor: factor * action.sum.factor(), to })
}

/// Links of a field, with slopes that `factor` TA(U A) is added to.
struct InPlace<'a> {
    links: Links<'a>,
    factor: f64,
    to: &'a mut [f64],
}

impl<const N: usize> Slopes<N> for InPlace<'_> {
    fn link(&mut self, site: usize, mu: usize) -> Matrix<N> {
        self.links.link(site, mu)
    }

    fn add(&mut self, site: usize, mu: usize, share: &Matrix<N>) {
        let to = &mut self.to[(site * self.links.neighbours.dimensions() + mu) * 2 * N * N..][..2 * N * N];
        (Matrix::from_reals(to) + share.antihermitian().scale(self.factor.into())).to_reals(to);
    }
}

/// Kicks momenta along what a defect adds to their forces, and returns what it adds to S.
fn kick_defect<const N: usize>(action: &GaugeAction, wide: &mut WidePhase, time: f64) -> f64 {
    action.sum.defect_slopes::<N>(&mut InLanes { wide, time: time * action.sum.factor() })
}

/// Links in lanes, with momenta that `time` TA(U A) is subtracted from.
struct InLanes<'a, 'b> {
    wide: &'a mut WidePhase<'b>,
    time: f64,
}

impl<const N: usize> Slopes<N> for InLanes<'_, '_> {
    fn link(&mut self, site: usize, mu: usize) -> Matrix<N> {
        self.wide.link(site, mu)
    }

    fn add(&mut self, site: usize, mu: usize, share: &Matrix<N>) {
        self.wide.kick_link(site, mu, self.time, &share.antihermitian());
    }
}

fn sweep<const N: usize>(action: &GaugeAction, links: &Links, gradient: &mut [f64]) -> f64 {
    let reals = action.lattice.dimensions() * 2 * N * N;
    let sum = action.team.sum_chunks(gradient, PART * reals, |i, gradient| {
        let sites = (PART * i..).zip(gradient.chunks_exact_mut(reals));
        sites.map(|(site, gradient)| action.site_gradient::<N>(links, site, gradient)).sum()
    });
    action.sum.beta * sum
}

impl Action for GaugeAction {
    fn team(&self) -> Team {
        self.team.clone()
    }

    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn space(&self) -> Space {
        Space::Links(self.sum.group)
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        self.expect_field(field)?;
        let links = self.links(field);
        Ok(self.sum.whole(&self.team, &links, self.lattice.volume()) + self.sum.excess(&links))
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        self.expect_field(field)?;
        expect_length("gradient", self.count(), gradient.len())?;
        if self.has_only_plaquettes() {
            let sum = self.of_weighted_traces(self.slope.write_weighted(field, self.weights(), gradient));
            return Ok(sum + self.add_defect(field, 1.0, gradient));
        }
        let sum = with_colours!(self.sum.group, sweep(self, &self.links(field), gradient));
        Ok(sum + self.add_excess(field, 1.0, gradient)?)
    }

    fn loop_sum(&self) -> Option<&LoopSum> {
        Some(&self.sum)
    }

    fn with_defect(&self, patch: &Arc<Patch>, strength: f64) -> Result<Arc<dyn Action>> {
        if self.sum.patch.is_some() {
            return Err(Error::Unsupported("action: expected one without a defect of its own, got one with it".into()));
        }
        let patch = (strength != 1.0).then(|| (Arc::clone(patch), strength));
        let sum = LoopSum { patch, ..self.sum.clone() };
        Ok(Arc::new(Self {
            team: self.team.clone(),
            lattice: self.lattice.clone(),
            sum,
            slope: Arc::clone(&self.slope),
        }))
    }

    fn value_shows_divergence(&self) -> bool {
        true
    }

    fn kick(&self, field: &[f64], momenta: &mut [f64], time: f64) -> Option<f64> {
        let is_whole = field.len() == self.count() && momenta.len() == self.count();
        if !is_whole || !self.has_only_plaquettes() {
            return None;
        }
        let of_defect = self.add_defect(field, -time, momenta);
        Some(of_defect + self.of_weighted_traces(self.slope.kick(field, self.weights(), momenta, time)))
    }

    /// Computed in SIMD lanes; None where the action has rectangles, or the lattice cannot be cut into lanes.
    fn trajectory(&self, phase: &mut PhasePoint, moves: Moves, last: f64) -> Result<Option<f64>> {
        let PhasePoint { field, momenta, gradient } = phase;
        let mut phase = Canonical { links: field, momenta, forces: gradient };
        let lengths = [phase.links.len(), phase.momenta.len(), phase.forces.len()];
        if !self.has_only_plaquettes() || lengths.iter().any(|&length| length != self.count()) {
            return Ok(None);
        }
        let first = moves.next();
        let wide = first.and_then(|first| self.slope.wide(self.weights(), &mut phase, first));
        let Some(mut wide) = wide else { return Ok(None) };
        for (kick, drift) in moves {
            let of_defect = with_colours!(self.sum.group, kick_defect(self, &mut wide, kick));
            let value = self.of_weighted_traces(wide.kick_and_drift(kick, drift)) + of_defect;
            if !value.is_finite() {
                return Ok(Some(value));
            }
            progress::step("trajectory", f64::NAN)?;
        }
        let sum = self.of_weighted_traces(wide.end(last, &mut phase));
        self.add_defect(phase.links, -last, phase.momenta);
        Ok(Some(sum + self.add_defect(phase.links, 1.0, phase.forces)))
    }
}

#[cfg(test)]
mod open_tests;
#[cfg(test)]
mod tests;
