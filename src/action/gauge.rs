//! Actions of gauge fields: plaquettes P, and rectangles R of 2 x 1 links.
//!
//! ```text
//! S = β [ c0 Σ_P w (1 − Re tr P / N) + c1 Σ_R w (1 − Re tr R / N) ],   c0 = 1 − 8 c1
//! 'wilson' c1 = 0    'symanzik' c1 = −1/12 (tree level)    'iwasaki' c1 = −0.331    'dbw2' c1 = −1.4067    'improved' any c1
//! ```
//!
//! All weights w are 1 but those of loops with links of a [defect](crate::gauge::Defect), whose strength they multiply.
//! Gradient of a link U with the sum A of its staples, weighted by w, c0 and c1: G = (β T_F / N) TA(U A), TA the traceless
//! antihermitian part and T_F as in [`crate::gauge::Group::trace_norm`]. K. G. Wilson, Phys. Rev. D 10, 2445 (1974);
//! M. Lüscher and P. Weisz, Commun. Math. Phys. 97, 59 (1985); Y. Iwasaki, Nucl. Phys. B 258, 141 (1985); T. Takaishi,
//! Phys. Rev. D 54, 1050 (1996); QCD-TARO, Nucl. Phys. B 577, 263 (2000).

use super::{Action, Moves, PhasePoint};
use crate::context::{Context, Team};
use crate::error::{Error, Result, expect_length};
use crate::gauge::{
    Canonical, DefectSpec, Group, Links, LoopSum, Loops, Matrix, Patch, Slope, Slopes, WidePhase, with_colours,
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
}

/// Sites in each part of a thread's work.
const PART: usize = 256;
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
        GaugeSpec { group: self.group, beta: self.beta, defect: self.defect }.build(context, lattice, self.c1)
    }
}

impl GaugeSpec {
    /// The action on a lattice of 2 to 4 dimensions, with c1 = `rectangle`.
    pub fn build(&self, context: &Arc<Context>, lattice: &Lattice, rectangle: f64) -> Result<GaugeAction> {
        spec::expect_finite("beta", self.beta)?;
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
        let defect = self.defect.as_ref().map(|defect| defect.build(lattice)).transpose()?;
        // Without weights there is nothing to add, and the numbers are those of the action without a defect.
        let patch = defect
            .filter(|(_, strength)| *strength != 1.0)
            .map(|(defect, strength)| (Arc::new(Patch::new(slope.neighbours(), &terms, &defect)), strength));
        let sum = LoopSum { group: self.group, beta: self.beta, terms: Arc::new(terms), patch };
        Ok(GaugeAction { team, lattice: lattice.clone(), sum, slope: Arc::new(slope) })
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

    /// β times the sum over all sites of a number computed for each.
    fn over_sites(&self, number: impl Fn(usize) -> f64 + Sync) -> f64 {
        let volume = self.lattice.volume();
        let of_part = |i: usize| (PART * i..volume.min(PART * (i + 1))).map(&number).sum();
        self.sum.beta * self.team.sum_parts(volume.div_ceil(PART), of_part)
    }

    /// The sum with weights 1 from Σ Re tr of all plaquettes, where it has no other terms.
    fn of_traces(&self, traces: f64) -> f64 {
        let d = self.lattice.dimensions();
        self.sum.beta * ((self.lattice.volume() * d * (d - 1) / 2) as f64 - traces / self.sum.group.colours() as f64)
    }

    /// Adds `factor` times what weights add to the gradient, and returns what they add to S.
    fn add_excess(&self, field: &[f64], factor: f64, to: &mut [f64]) -> f64 {
        if self.sum.patch.is_none() {
            return 0.0;
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

fn sum<const N: usize>(action: &GaugeAction, links: &Links) -> f64 {
    let defect = |site: usize, (weight, loops): &(f64, Loops)| weight * loops.defect::<N>(links, site);
    action.over_sites(|site| action.sum.terms.iter().map(|term| defect(site, term)).sum())
        + action.sum.excess::<N>(links)
}

fn add_excess<const N: usize>(action: &GaugeAction, links: &Links, (factor, to): (f64, &mut [f64])) -> f64 {
    action.sum.excess_slopes::<N>(&mut InPlace { links: *links, factor: factor * action.sum.factor(), to })
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

/// Kicks the momenta of the links of a patch along what weights add to their forces, and returns what they add to S.
fn kick_patch<const N: usize>(action: &GaugeAction, wide: &mut WidePhase, time: f64) -> f64 {
    action.sum.excess_slopes::<N>(&mut InLanes { wide, time: time * action.sum.factor() })
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
        expect_length("field", self.count(), field.len())?;
        Ok(with_colours!(self.sum.group, sum(self, &self.links(field))))
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        expect_length("field", self.count(), field.len())?;
        expect_length("gradient", self.count(), gradient.len())?;
        let sum = if self.has_only_plaquettes() {
            self.of_traces(self.slope.write(field, self.sum.factor(), gradient))
        } else {
            with_colours!(self.sum.group, sweep(self, &self.links(field), gradient))
        };
        Ok(sum + self.add_excess(field, 1.0, gradient))
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
        (is_whole && self.has_only_plaquettes()).then(|| {
            let sum = self.of_traces(self.slope.kick(field, self.sum.factor(), momenta, time));
            sum + self.add_excess(field, -time, momenta)
        })
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
        let wide = first.and_then(|first| self.slope.wide(self.sum.factor(), &mut phase, first));
        let Some(mut wide) = wide else { return Ok(None) };
        for (kick, drift) in moves {
            let excess = with_colours!(self.sum.group, kick_patch(self, &mut wide, kick));
            let value = self.of_traces(wide.kick_and_drift(kick, drift)) + excess;
            if !value.is_finite() {
                return Ok(Some(value));
            }
            progress::step("trajectory", f64::NAN)?;
        }
        let sum = self.of_traces(wide.end(last, &mut phase));
        self.add_excess(phase.links, -last, phase.momenta);
        Ok(Some(sum + self.add_excess(phase.links, 1.0, phase.forces)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionSpec;
    use crate::action::check::{expect_gauge_invariance, expect_link_gradient};
    use crate::context::serial;
    use crate::gauge::{Gauge, observables};
    use crate::random::{Purpose, Stream};

    fn build(extent: &[usize], text: &str) -> Box<dyn Action> {
        let spec: ActionSpec = spec::parse("action", text).unwrap();
        spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap()
    }

    fn all() -> impl Iterator<Item = Box<dyn Action>> {
        let extents: [&[usize]; 4] = [&[4, 3], &[2, 2], &[3, 2, 4], &[2, 3, 2, 2]];
        let types = ["wilson", "symanzik", "dbw2"];
        let pairs = extents.into_iter().flat_map(move |extent| types.map(|name| (extent, name)));
        pairs.flat_map(|(extent, name)| {
            ["u1", "su2", "su3"].map(|group| build(extent, &format!("{{type: '{name}', group: '{group}', beta: 1.7}}")))
        })
    }

    /// The same with defects, which some of the checked links belong to.
    fn with_defects() -> impl Iterator<Item = Box<dyn Action>> {
        let defects: [(&[usize], &str); 4] = [
            (&[4, 3], "{size: [2], strength: 0.3}"),
            (&[2, 2], "{size: [1], strength: 0, across: 0, at: [1, 1]}"),
            (&[3, 2, 4], "{size: [2, 3], strength: 1.5, across: 1, at: [2, 1, 3]}"),
            (&[4, 4, 4, 6], "{size: [2, 1, 2], strength: 0.2, at: [3, 3, 3, 5]}"),
        ];
        let pairs = defects.into_iter().flat_map(|defect| ["wilson", "iwasaki"].map(|name| (defect, name)));
        pairs.flat_map(|((extent, defect), name)| {
            ["u1", "su2", "su3"].map(|group| {
                build(extent, &format!("{{type: '{name}', group: '{group}', beta: 1.7, defect: {defect}}}"))
            })
        })
    }

    #[test]
    fn the_force_is_the_derivative_along_the_group() {
        all().chain(with_defects()).for_each(|action| expect_link_gradient(&*action, 1));
    }

    /// Forces in SIMD lanes against staples link by link, on lattices with and without sites left over from the lanes.
    #[test]
    fn forces_in_lanes_are_those_of_the_staples() {
        for extent in [&[4, 4][..], &[8, 3], &[3, 5], &[3, 2, 3], &[2, 3, 2, 5], &[4, 4, 4, 6]] {
            for group in [Group::U1, Group::Su2, Group::Su3] {
                let spec = GaugeSpec { group, beta: 1.7, defect: None };
                let action = spec.build(&serial(), &Lattice::new(extent).unwrap(), 0.0).unwrap();
                let count = action.count();
                let gauge = crate::action::check::random_links(&action, 5);
                let (mut lanes, mut loops) = (vec![0.0; count], vec![0.0; count]);
                let value = action.gradient(gauge.links(), &mut lanes).unwrap();
                let links = action.links(gauge.links());
                let other = with_colours!(action.sum.group, sweep(&action, &links, &mut loops));
                assert!((value - other).abs() < 1e-13 * other.abs(), "{group:?}, {extent:?}: {value} {other}");
                let error = lanes.iter().zip(&loops).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
                assert!(error < 1e-13, "{group:?}, {extent:?}: {error}");
            }
        }
    }

    #[test]
    fn actions_are_gauge_invariant() {
        all().chain(with_defects()).for_each(|action| expect_gauge_invariance(&*action));
    }

    #[test]
    fn the_value_is_that_of_the_loops() {
        for (kind, rectangle) in [
            ("'wilson'", 0.0),
            ("'symanzik'", SYMANZIK),
            ("'iwasaki'", IWASAKI),
            ("'dbw2'", DBW2),
            ("'improved', c1: 0.125", 0.125),
        ] {
            let action = build(&[4, 3, 5], &format!("{{type: {kind}, group: 'su3', beta: 5}}"));
            let mut stream = Stream::new(1, Purpose::Start, 3);
            let gauge = Gauge::random(action.lattice(), Group::Su3, &mut stream).unwrap();
            let plaquettes: f64 = observables::planes(&gauge).iter().map(|p| 60.0 * (1.0 - p)).sum();
            let pairs = (0..3).flat_map(|mu| (0..3).map(move |nu| (mu, nu))).filter(|(mu, nu)| mu != nu);
            let loops = pairs.map(|(mu, nu)| observables::wilson_loop(&gauge, [(mu, 2), (nu, 1)]).unwrap());
            let rectangles: f64 = loops.map(|r| 60.0 * (1.0 - r)).sum();
            let expected = 5.0 * ((1.0 - 8.0 * rectangle) * plaquettes + rectangle * rectangles);
            let got = action.value(gauge.links()).unwrap();
            assert!((got - expected).abs() < 1e-12 * expected.abs(), "{kind}: {got} {expected}");
            let unit = Gauge::unit(action.lattice(), Group::Su3).unwrap();
            assert!(action.value(unit.links()).unwrap().abs() < 1e-13);
        }
    }

    /// A defect by links with factors: loop by loop.
    #[test]
    fn a_loop_is_weighted_by_the_product_of_the_factors_of_its_links() {
        for (extent, defect) in [
            (&[3, 4, 5][..], "{size: [2, 3], strength: 0.3, across: 1, at: [2, 1, 4]}"),
            (&[4, 3], "{size: [4], strength: 0.4}"),
            (&[2, 3], "{size: [2], strength: 1.4, across: 0, at: [1, 2]}"),
        ] {
            let spec = format!("group: 'su2', beta: 2, c1: -0.3, defect: {defect}");
            let action = build(extent, &format!("{{type: 'improved', {spec}}}"));
            let gauge = crate::action::check::random_links(&*action, 5);
            let parsed: DefectSpec = spec::parse("defect", defect).unwrap();
            let (defect, strength) = parsed.build(action.lattice()).unwrap();
            let neighbours = Neighbours::new(action.lattice()).unwrap();
            let links = Links { numbers: gauge.links(), neighbours: &neighbours };
            let mut expected = 0.0;
            for (c, loops) in
                [(1.0 + 8.0 * 0.3, Loops::plaquettes(extent.len())), (-0.3, Loops::rectangles(extent.len()))]
            {
                for (site, path) in
                    (0..action.lattice().volume()).flat_map(|site| loops.closed().iter().map(move |p| (site, p)))
                {
                    let steps = crate::gauge::links_along(&neighbours, site, path);
                    let factor =
                        |(site, mu, _): &(usize, usize, bool)| if defect.has(*site, *mu) { strength } else { 1.0 };
                    let weight: f64 = steps.iter().map(factor).product();
                    expected += 2.0 * c * weight * (1.0 - links.product::<2>(site, path).trace().re / 2.0);
                }
            }
            let got = action.value(gauge.links()).unwrap();
            assert!((got - expected).abs() < 1e-12 * expected.abs(), "{extent:?}: {got} {expected}");
        }
    }

    #[test]
    fn a_defect_of_strength_one_changes_no_bit() {
        for name in ["wilson", "symanzik"] {
            let of = |defect: &str| build(&[4, 3, 4], &format!("{{type: '{name}', group: 'su3', beta: 5{defect}}}"));
            let actions = [of(""), of(", defect: {size: [2, 2], strength: 1}")];
            let gauge = crate::action::check::random_links(&*actions[0], 5);
            let results = actions.each_ref().map(|action| {
                let mut gradient = vec![0.0; action.count()];
                let value = action.gradient(gauge.links(), &mut gradient).unwrap();
                (value, action.value(gauge.links()).unwrap(), gradient)
            });
            assert_eq!(results[0], results[1]);
        }
    }

    /// Trajectories in lanes with a defect against kicks and drifts one by one.
    #[test]
    fn trajectories_in_lanes_are_those_step_by_step() {
        for group in ["u1", "su2", "su3"] {
            let action = build(
                &[4, 4, 4, 6],
                &format!("{{type: 'wilson', group: '{group}', beta: 2, defect: {{size: [2, 2, 2], strength: 0.2}}}}"),
            );
            let gauge = crate::action::check::random_links(&*action, 5);
            let (mut field, mut momenta) = (gauge.links().to_vec(), vec![0.0; action.count()]);
            action.space().draw_momenta(&mut Stream::new(2, Purpose::Momentum, 1), &mut momenta);
            let mut gradient = vec![0.0; action.count()];
            action.gradient(&field, &mut gradient).unwrap();
            let (mut other, mut other_momenta) = (field.clone(), momenta.clone());
            let moves = [(0.05, 0.1), (0.1, 0.1), (0.1, 0.1)];
            let phase = &mut PhasePoint { field: &mut field, momenta: &mut momenta, gradient: &mut gradient };
            let value = action.trajectory(phase, &mut moves.into_iter(), 0.05).unwrap().unwrap();
            for (kick, drift) in moves {
                action.kick(&other, &mut other_momenta, kick).unwrap();
                action.space().drift(&action.team(), &mut other, &other_momenta, drift);
            }
            action.kick(&other, &mut other_momenta, 0.05).unwrap();
            let mut expected = vec![0.0; action.count()];
            let end = action.gradient(&other, &mut expected).unwrap();
            let farthest =
                |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
            assert!(farthest(&field, &other) < 1e-12 && farthest(&momenta, &other_momenta) < 1e-12, "{group}");
            assert!(farthest(&gradient, &expected) < 1e-11 && (value - end).abs() < 1e-9, "{group}: {value} {end}");
        }
    }

    #[test]
    fn specs_that_make_no_sense_are_named() {
        let message = |extent: &[usize], text: &str| {
            let spec = spec::parse::<ActionSpec>("action", text);
            spec.and_then(|spec| spec.build(&serial(), &Lattice::new(extent).unwrap())).err().unwrap().to_string()
        };
        let one = message(&[4], "{type: 'wilson', group: 'u1', beta: 1}");
        assert_eq!(one, "lattice: expected 2 to 4 dimensions for links, got 1");
        let group = message(&[4, 4], "{type: 'iwasaki', group: 'su4', beta: 1}");
        assert!(group.contains("'u1' or 'su2' or 'su3', got 'su4'"), "{group}");
        let beta = message(&[4, 4], "{type: 'symanzik', group: 'su2', beta: NaN}");
        assert_eq!(beta, "beta: expected a finite number, got NaN");
    }
}
