//! Smearing of links.
//!
//! ```text
//! stout   U ← exp(−ρ TA(U A)) U                                  A the sum of the staples, TA as in the flow
//! APE     U ← P[(1 − α) U + α A† / (2(d − 1))]                    P the unitary factor, of determinant one for N > 1
//! ```
//!
//! C. Morningstar and M. Peardon, Phys. Rev. D 69, 054501 (2004), hep-lat/0311018; M. Albanese et al., Phys. Lett. B
//! 192, 163 (1987).

use super::colours::with_colours;
use super::drift::drift;
use super::field::Gauge;
use super::loops::Loops;
use super::matrix::Matrix;
use super::paths::Links;
use super::slope::Slope;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::lattice::Neighbours;
use crate::spec;

/// Stout smearing of all directions: `steps` times with weight ρ.
pub fn stout(team: &Team, gauge: &mut Gauge, rho: f64, steps: usize) -> Result<()> {
    spec::expect_finite("rho", rho)?;
    let slope = Slope::new(team, gauge.lattice(), gauge.group())?;
    let mut algebra = vec![0.0; gauge.links().len()];
    for _ in 0..steps {
        slope.write(gauge.links(), 1.0, &mut algebra);
        drift(team, gauge.group(), (gauge.links_mut(), &algebra), -rho);
    }
    Ok(())
}

/// APE smearing of all directions: `steps` times with weight α.
pub fn ape(gauge: &mut Gauge, alpha: f64, steps: usize) -> Result<()> {
    spec::expect_finite("alpha", alpha)?;
    let neighbours = Neighbours::new(gauge.lattice())?;
    let plaquettes = Loops::plaquettes(gauge.lattice().dimensions());
    for _ in 0..steps {
        *gauge = with_colours!(gauge.group(), averaged(gauge, alpha, (&neighbours, &plaquettes)))?;
    }
    Ok(())
}

fn averaged<const N: usize>(gauge: &Gauge, alpha: f64, (neighbours, loops): (&Neighbours, &Loops)) -> Result<Gauge> {
    let (links, d) = (Links { numbers: gauge.links(), neighbours }, gauge.lattice().dimensions());
    let weight = alpha / (2 * d.saturating_sub(1)).max(1) as f64;
    let mut result = gauge.clone();
    for (site, mu) in (0..gauge.lattice().volume()).flat_map(|site| (0..d).map(move |mu| (site, mu))) {
        let staples: Matrix<N> = loops.staple(&links, site, mu);
        let link = links.link::<N>(site, mu).scale((1.0 - alpha).into()) + staples.adjoint().scale(weight.into());
        let place = |error: Error| error.within(&format!("ape: site {site}, direction {mu}"));
        result.set_link(site, mu, &link.unitary_factor().map_err(place)?);
    }
    Ok(result)
}
