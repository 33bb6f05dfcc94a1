//! Stout smearing: U ← exp(−ρ TA(U A)) U, A the sum of the staples, TA the traceless antihermitian part as in the flow.
//!
//! C. Morningstar and M. Peardon, Phys. Rev. D 69, 054501 (2004), hep-lat/0311018.

use crate::context::Team;
use crate::error::Result;
use crate::gauge::field::Gauge;
use crate::gauge::plaquettes::{Slope, drift};
use crate::memory;
use crate::progress;
use crate::spec;

/// Stout smearing of all directions: `steps` times with weight ρ.
pub fn stout(team: &Team, gauge: &mut Gauge, rho: f64, steps: usize) -> Result<()> {
    spec::expect_finite("rho", rho)?;
    let _work = progress::begin("smear", steps as u64);
    let slope = Slope::new(team, gauge.lattice(), gauge.group())?;
    let mut algebra = memory::filled("slope of the links", 0.0, gauge.links().len())?;
    for _ in 0..steps {
        slope.write(gauge.links(), 1.0, &mut algebra);
        drift(team, gauge.group(), (gauge.links_mut(), &algebra), -rho);
        progress::step("smear", f64::NAN)?;
    }
    Ok(())
}
