//! APE smearing: U ← P[(1 − α) U + α A† / (2(d − 1))], A the sum of the staples, P the unitary factor, of determinant one
//! for N > 1.
//!
//! M. Albanese et al., Phys. Lett. B 192, 163 (1987).

use crate::error::{Error, Result};
use crate::gauge::absent::is_absent;
use crate::gauge::field::Gauge;
use crate::gauge::observables::Loops;
use crate::gauge::paths::Links;
use crate::group::{Matrix, with_colours};
use crate::lattice::Neighbours;
use crate::progress;
use crate::spec;

/// APE smearing of all directions: `steps` times with weight α.
pub fn ape(gauge: &mut Gauge, alpha: f64, steps: usize) -> Result<()> {
    spec::expect_finite("alpha", alpha)?;
    let _work = progress::begin("smear", steps as u64);
    let neighbours = Neighbours::new(gauge.lattice())?;
    let plaquettes = Loops::plaquettes(gauge.lattice().dimensions());
    for _ in 0..steps {
        *gauge = with_colours!(gauge.group(), averaged(gauge, alpha, (&neighbours, &plaquettes)))?;
        progress::step("smear", f64::NAN)?;
    }
    Ok(())
}

fn averaged<const N: usize>(gauge: &Gauge, alpha: f64, (neighbours, loops): (&Neighbours, &Loops)) -> Result<Gauge> {
    let (links, d) = (Links { numbers: gauge.links(), neighbours }, gauge.lattice().dimensions());
    let weight = alpha / (2 * d.saturating_sub(1)).max(1) as f64;
    let mut result = gauge.copied()?;
    let is_open = gauge.is_open();
    for (site, mu) in (0..gauge.lattice().volume()).flat_map(|site| (0..d).map(move |mu| (site, mu))) {
        progress::check_at(site)?;
        if is_open && is_absent(gauge.lattice(), site * d + mu) {
            continue;
        }
        let staples: Matrix<N> = loops.staple(&links, site, mu);
        let link = links.link::<N>(site, mu).scale((1.0 - alpha).into()) + staples.adjoint().scale(weight.into());
        let place = |error: Error| error.within(&format!("ape: site {site}, direction {mu}"));
        result.set_link(site, mu, &link.unitary_factor().map_err(place)?);
    }
    Ok(result)
}
