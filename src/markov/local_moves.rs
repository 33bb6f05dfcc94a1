//! Sweeps of local Metropolis moves for a local polynomial action of scalars.
//!
//! Site after site, φ' = φ + δ (2 v − 1) with a uniform number v is accepted with min(1, exp(−ΔS)),
//!
//! ```text
//! ΔS = (φ' − φ) [ (φ' + φ) (q + u (φ'² + φ²)) − b ],   b = j + Σ_y h φ_y over the bonds of the site.
//! ```
//!
//! N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953). Where δ is not given, it is 2.5 times the width 1/√c of a normal
//! distribution with the curvature c of the potential of one site at fixed neighbours,
//!
//! ```text
//! c = 2 q + 12 u (m² + 1/c),
//! ```
//!
//! where m is a field that is the same everywhere at its lowest action: m² = −Q/(2u) with Q = q − ½ Σ |h| < 0, or the one that a
//! source alone makes, 4 u m³ = |j|, where that is larger. About half of the moves are then accepted.

use super::bonds::Bonds;
use crate::action::{Coupling, Polynomial};
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;
use crate::random::Stream;

/// Couplings of a site, and the largest move of its field.
#[derive(Clone, Copy)]
struct Site {
    /// q, with hopping from the site to itself.
    quadratic: f64,
    /// u.
    quartic: f64,
    /// j.
    source: f64,
    /// δ.
    step: f64,
}

/// Local moves of one action.
pub(super) struct LocalMoves {
    /// One site for all, or each of them.
    sites: Vec<Site>,
}

/// Widths of a normal distribution in a step.
const WIDTHS: f64 = 2.5;

impl LocalMoves {
    /// Moves of at most `step`, or of the one that the couplings of each site give.
    pub fn new(lattice: &Lattice, polynomial: &Polynomial, bonds: &Bonds, step: Option<f64>) -> Result<Self> {
        let Polynomial { quadratic, quartic, source, .. } = polynomial;
        let is_uniform = [quadratic, quartic, source].iter().all(|coupling| matches!(coupling, Coupling::Uniform(_)));
        let count = if is_uniform { 1 } else { lattice.volume() };
        let sites = memory::tried("couplings of sites", count, |site| {
            let mut site = Site {
                quadratic: quadratic.at(site) - bonds.to_itself(),
                quartic: quartic.at(site),
                source: source.at(site),
                step: 0.0,
            };
            site.step = step.unwrap_or_else(|| WIDTHS / site.curvature(bonds.reach()).sqrt());
            Ok(site)
        })?;
        Ok(Self { sites })
    }

    /// j of a site.
    #[inline]
    pub fn source(&self, site: usize) -> f64 {
        self.at(site).source
    }

    /// The largest δ of a site.
    pub fn largest_step(&self) -> f64 {
        self.sites.iter().map(|site| site.step).fold(0.0, f64::max)
    }

    /// One move of each site, in their order. It takes two random numbers of the stream for each.
    pub fn sweep(&self, bonds: &Bonds, field: &mut [f64], stream: &mut Stream) {
        for place in 0..field.len() {
            let Site { quadratic, quartic, source, step } = *self.at(place);
            let pull = bonds.of(place).fold(source, |pull, (h, end)| pull + h * field[end]);
            let (direction, chance) = (2.0 * stream.uniform() - 1.0, stream.uniform());
            let phi = field[place];
            let moved = phi + step * direction;
            let slope = (moved + phi) * (quadratic + quartic * (moved * moved + phi * phi)) - pull;
            if chance < (-(moved - phi) * slope).exp() {
                field[place] = moved;
            }
        }
    }

    #[inline]
    fn at(&self, site: usize) -> &Site {
        &self.sites[if self.sites.len() == 1 { 0 } else { site }]
    }
}

impl Site {
    /// c, the positive root of c² = a c + 12 u, where `reach` is Σ |h|.
    fn curvature(&self, reach: f64) -> f64 {
        let Site { quadratic, quartic, source, .. } = *self;
        // 12 u m² of both fields m.
        let (broken, pulled) = (6.0 * (0.5 * reach - quadratic), 12.0 * (quartic * (0.25 * source).powi(2)).cbrt());
        let a = 2.0 * quadratic + if quartic > 0.0 { broken.max(pulled).max(0.0) } else { 0.0 };
        0.5 * (a + a.hypot((48.0 * quartic).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionSpec;
    use crate::random::Purpose;

    fn acceptance(text: &str, step: Option<f64>) -> f64 {
        let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
        let lattice = Lattice::new(&[6, 6]).unwrap();
        let action = spec.build(&crate::context::serial(), &lattice).unwrap();
        let polynomial = action.polynomial().unwrap();
        let bonds = Bonds::new(&lattice, &polynomial.hops).unwrap();
        let moves = LocalMoves::new(&lattice, polynomial, &bonds, step).unwrap();
        let (mut field, mut stream, mut accepted) = (vec![0.1; 36], Stream::new(4, Purpose::Cluster, 1), 0);
        let far = 10.0 * moves.largest_step();
        for sweep in 0..2200 {
            let before = field.clone();
            moves.sweep(&bonds, &mut field, &mut stream);
            accepted += if sweep < 200 { 0 } else { before.iter().zip(&field).filter(|(a, b)| a != b).count() };
        }
        assert!(field.iter().all(|phi| phi.is_finite()) && far > 0.0, "{text}");
        accepted as f64 / (2000.0 * 36.0)
    }

    /// From free fields to nearly Ising spins, in a symmetric phase, a broken one and with a strong source.
    #[test]
    fn about_half_of_the_moves_are_accepted_whatever_the_couplings() {
        for text in [
            "{type: 'phi4', form: 'half', mass_squared: 1, lambda: 0}",
            "{type: 'phi4', form: 'half', mass_squared: 1e4, lambda: 1e-3}",
            "{type: 'phi4', mass_squared: -4, lambda: 6.975}",
            "{type: 'phi4', form: 'kappa', kappa: 0.27, lambda: 0.022}",
            "{type: 'phi4', form: 'kappa', kappa: 0.4, lambda: 1}",
            "{type: 'phi4', form: 'kappa', kappa: 0.1, lambda: 100}",
            "{type: 'phi4', mass_squared: -100, lambda: 1}",
            "{type: 'phi4', mass_squared: 1, lambda: 1, source: 100}",
            "{type: 'phi4', mass_squared: 1, lambda: 1, source: -3}",
        ] {
            let share = acceptance(text, None);
            assert!(share > 0.3 && share < 0.75, "{text}: {share}");
        }
        let (small, large) = (acceptance("{type: 'phi4', mass_squared: 1, lambda: 1}", Some(0.01)), 0.95);
        assert!(small > large, "{small}");
    }
}
