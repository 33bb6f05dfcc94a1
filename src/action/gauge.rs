//! Actions of gauge fields: plaquettes P, and rectangles R of 2 x 1 links.
//!
//! ```text
//! S = β [ c0 Σ_P (1 − Re tr P / N) + c1 Σ_R (1 − Re tr R / N) ],   c0 = 1 − 8 c1
//! 'wilson' c1 = 0    'symanzik' c1 = −1/12 (tree level)    'iwasaki' c1 = −0.331
//! ```
//!
//! Gradient of a link U with the sum A of its staples, weighted by c0 and c1: G = (β T_F / N) TA(U A), TA the traceless
//! antihermitian part and T_F as in [`crate::gauge::Group::trace_norm`]. K. G. Wilson, Phys. Rev. D 10, 2445 (1974);
//! M. Lüscher and P. Weisz, Commun. Math. Phys. 97, 59 (1985); Y. Iwasaki, Nucl. Phys. B 258, 141 (1985).

use super::{Action, Moves, PhasePoint};
use crate::context::{Context, Team};
use crate::error::{Error, Result, expect_length};
use crate::gauge::{Canonical, Group, Links, Loops, Matrix, Slope, with_colours};
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
}

/// Sites in each part of a thread's work.
const PART: usize = 256;
/// c1 of the tree-level improved action.
pub const SYMANZIK: f64 = -1.0 / 12.0;
/// c1 of Iwasaki's action.
pub const IWASAKI: f64 = -0.331;

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
        Ok(GaugeAction { team, lattice: lattice.clone(), group: self.group, beta: self.beta, terms, slope })
    }
}

/// β times a weighted sum over loops of 1 − Re tr / N.
pub struct GaugeAction {
    team: Team,
    lattice: Lattice,
    group: Group,
    beta: f64,
    terms: Vec<(f64, Loops)>,
    slope: Slope,
}

impl GaugeAction {
    /// The neighbours of all sites.
    fn neighbours(&self) -> &Neighbours {
        self.slope.neighbours()
    }

    /// True where the action is a sum over plaquettes alone.
    fn has_only_plaquettes(&self) -> bool {
        self.terms.len() == 1
    }

    fn links<'a>(&'a self, numbers: &'a [f64]) -> Links<'a> {
        Links { numbers, neighbours: self.neighbours() }
    }

    /// β times the sum over all sites of a number computed for each.
    fn over_sites(&self, number: impl Fn(usize) -> f64 + Sync) -> f64 {
        let volume = self.lattice.volume();
        let of_part = |i: usize| (PART * i..volume.min(PART * (i + 1))).map(&number).sum();
        self.beta * self.team.sum_parts(volume.div_ceil(PART), of_part)
    }

    /// The factor of TA(U A) in the gradient G of a link.
    fn factor(&self) -> f64 {
        self.beta * self.group.trace_norm() / self.group.colours() as f64
    }

    /// The action from Σ Re tr of all plaquettes, where it has no other terms.
    fn of_traces(&self, traces: f64) -> f64 {
        let d = self.lattice.dimensions();
        self.beta * ((self.lattice.volume() * d * (d - 1) / 2) as f64 - traces / self.group.colours() as f64)
    }

    /// Writes G of the links of one site, and returns their share of S / β.
    fn site_gradient<const N: usize>(&self, links: &Links, site: usize, gradient: &mut [f64]) -> f64 {
        let factor = self.factor();
        let mut share = 0.0;
        for (mu, gradient) in gradient.chunks_exact_mut(2 * N * N).enumerate() {
            let link = links.link::<N>(site, mu);
            let mut sum = Matrix::<N>::ZERO;
            for (weight, loops) in &self.terms {
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
    action.over_sites(|site| action.terms.iter().map(|term| defect(site, term)).sum())
}

fn sweep<const N: usize>(action: &GaugeAction, links: &Links, gradient: &mut [f64]) -> f64 {
    let reals = action.lattice.dimensions() * 2 * N * N;
    let sum = action.team.sum_chunks(gradient, PART * reals, |i, gradient| {
        let sites = (PART * i..).zip(gradient.chunks_exact_mut(reals));
        sites.map(|(site, gradient)| action.site_gradient::<N>(links, site, gradient)).sum()
    });
    action.beta * sum
}

impl Action for GaugeAction {
    fn team(&self) -> Team {
        self.team.clone()
    }

    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn space(&self) -> Space {
        Space::Links(self.group)
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        expect_length("field", self.count(), field.len())?;
        Ok(with_colours!(self.group, sum(self, &self.links(field))))
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        expect_length("field", self.count(), field.len())?;
        expect_length("gradient", self.count(), gradient.len())?;
        if self.has_only_plaquettes() {
            return Ok(self.of_traces(self.slope.write(field, self.factor(), gradient)));
        }
        Ok(with_colours!(self.group, sweep(self, &self.links(field), gradient)))
    }

    fn plaquette_coupling(&self) -> Option<f64> {
        self.has_only_plaquettes().then_some(self.beta)
    }

    fn value_shows_divergence(&self) -> bool {
        true
    }

    fn kick(&self, field: &[f64], momenta: &mut [f64], time: f64) -> Option<f64> {
        let is_whole = field.len() == self.count() && momenta.len() == self.count();
        (is_whole && self.has_only_plaquettes())
            .then(|| self.of_traces(self.slope.kick(field, self.factor(), momenta, time)))
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
        let wide = first.and_then(|first| self.slope.wide(self.factor(), &mut phase, first));
        let Some(mut wide) = wide else { return Ok(None) };
        for (kick, drift) in moves {
            let value = self.of_traces(wide.kick_and_drift(kick, drift));
            if !value.is_finite() {
                return Ok(Some(value));
            }
            progress::step("trajectory", f64::NAN)?;
        }
        Ok(Some(self.of_traces(wide.end(last, &mut phase))))
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
        let types = ["wilson", "symanzik", "iwasaki"];
        let pairs = extents.into_iter().flat_map(move |extent| types.map(|name| (extent, name)));
        pairs.flat_map(|(extent, name)| {
            ["u1", "su2", "su3"].map(|group| build(extent, &format!("{{type: '{name}', group: '{group}', beta: 1.7}}")))
        })
    }

    #[test]
    fn the_force_is_the_derivative_along_the_group() {
        all().for_each(|action| expect_link_gradient(&*action, 1));
    }

    /// Forces in SIMD lanes against staples link by link, on lattices with and without sites left over from the lanes.
    #[test]
    fn forces_in_lanes_are_those_of_the_staples() {
        for extent in [&[4, 4][..], &[8, 3], &[3, 5], &[3, 2, 3], &[2, 3, 2, 5], &[4, 4, 4, 6]] {
            for group in [Group::U1, Group::Su2, Group::Su3] {
                let spec = GaugeSpec { group, beta: 1.7 };
                let action = spec.build(&serial(), &Lattice::new(extent).unwrap(), 0.0).unwrap();
                let count = action.count();
                let gauge = crate::action::check::random_links(&action, 5);
                let (mut lanes, mut loops) = (vec![0.0; count], vec![0.0; count]);
                let value = action.gradient(gauge.links(), &mut lanes).unwrap();
                let links = action.links(gauge.links());
                let other = with_colours!(action.group, sweep(&action, &links, &mut loops));
                assert!((value - other).abs() < 1e-13 * other.abs(), "{group:?}, {extent:?}: {value} {other}");
                let error = lanes.iter().zip(&loops).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
                assert!(error < 1e-13, "{group:?}, {extent:?}: {error}");
            }
        }
    }

    #[test]
    fn actions_are_gauge_invariant() {
        all().for_each(|action| expect_gauge_invariance(&*action));
    }

    #[test]
    fn the_value_is_that_of_the_loops() {
        for (name, rectangle) in [("wilson", 0.0), ("symanzik", SYMANZIK), ("iwasaki", IWASAKI)] {
            let action = build(&[4, 3, 5], &format!("{{type: '{name}', group: 'su3', beta: 5}}"));
            let mut stream = Stream::new(1, Purpose::Start, 3);
            let gauge = Gauge::random(action.lattice(), Group::Su3, &mut stream).unwrap();
            let plaquettes: f64 = observables::planes(&gauge).iter().map(|p| 60.0 * (1.0 - p)).sum();
            let pairs = (0..3).flat_map(|mu| (0..3).map(move |nu| (mu, nu))).filter(|(mu, nu)| mu != nu);
            let loops = pairs.map(|(mu, nu)| observables::wilson_loop(&gauge, [(mu, 2), (nu, 1)]).unwrap());
            let rectangles: f64 = loops.map(|r| 60.0 * (1.0 - r)).sum();
            let expected = 5.0 * ((1.0 - 8.0 * rectangle) * plaquettes + rectangle * rectangles);
            let got = action.value(gauge.links()).unwrap();
            assert!((got - expected).abs() < 1e-12 * expected.abs(), "{name}: {got} {expected}");
            let unit = Gauge::unit(action.lattice(), Group::Su3).unwrap();
            assert!(action.value(unit.links()).unwrap().abs() < 1e-13);
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
