//! Whether exp(−S) of a polynomial action has a finite integral.
//!
//! With powers of φ above 4 it has where the highest one is even and its coefficient above 0, and not else. Without them, and
//! with u_x > 0 on all sites, it has. On the set Z of sites with u_x = 0 the quadratic part, restricted to Z, has to be
//! positive definite. For uniform couplings on the whole lattice this is decided exactly, by the smallest
//!
//! ```text
//! q − Σ_r h_r cos(k·r),   k_μ = 2π n_μ / L_μ.
//! ```
//!
//! For couplings per site it is required that the diagonal dominates, q_x > ½ Σ_r |h_r| ([x+r ∈ Z] + [x−r ∈ Z]), which
//! is sufficient but not necessary: eigenvalues of a general matrix on a large lattice take too long for a constructor.

use super::{Coupling, Hop, Polynomial};
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use std::f64::consts::PI;

/// Most cosines that are computed to find the smallest eigenvalue.
const MOST_COSINES: usize = 1 << 26;

/// Checks that exp(−S) can be integrated; the couplings have to be finite and to fit the lattice, and displacements to
/// lie within its extents.
pub fn expect_bounded(lattice: &Lattice, polynomial: &Polynomial) -> Result<()> {
    let quartic = polynomial.quartic.numbers();
    if let Some((power, w)) = polynomial.powers.highest() {
        let is_bounded = if power > 4 { power.is_multiple_of(2) && w > 0.0 } else { quartic.iter().all(|&u| u > 0.0) };
        if !is_bounded {
            let expected = "expected an even highest power with a coefficient above 0";
            return Err(Error::BadSpec(format!("potential: {expected}, got {w} in front of the power {power}")));
        }
        return Ok(());
    }
    if let Some(&u) = quartic.iter().find(|&&u| u < 0.0) {
        return Err(Error::BadSpec(format!("lambda: expected at least 0 in front of the fourth power, got {u}")));
    }
    if quartic.iter().all(|&u| u > 0.0) {
        return Ok(());
    }
    let reach: f64 = polynomial.hops.iter().map(|hop| hop.strength.abs()).sum();
    let (smallest, what) = match &polynomial.quadratic {
        Coupling::Uniform(q) if *q > reach => return Ok(()),
        Coupling::Uniform(q) if quartic.iter().all(|&u| u == 0.0) => {
            (smallest_eigenvalue(lattice, *q, &polynomial.hops)?, "smallest eigenvalue")
        }
        _ => (smallest_excess(lattice, polynomial), "smallest excess of the diagonal"),
    };
    if smallest > 0.0 {
        return Ok(());
    }
    Err(Error::BadSpec(format!(
        "lambda: expected more than 0, or a positive definite quadratic part, got 0 with {what} {smallest}"
    )))
}

fn smallest_eigenvalue(lattice: &Lattice, q: f64, hops: &[Hop]) -> Result<f64> {
    let work = lattice.volume().saturating_mul(hops.len());
    if work > MOST_COSINES {
        return Err(Error::BadSpec(format!(
            "lambda: expected more than 0, or a quadratic coupling above the sum of all |hopping|, \
             on a lattice with {work} sites times hops (at most {MOST_COSINES} can be checked in full), got 0"
        )));
    }
    let phase = |momentum: &[usize], hop: &Hop| -> f64 {
        let axes = momentum.iter().zip(&hop.displacement).zip(lattice.extent());
        let turns = |((&n, &r), &length): ((&usize, &i64), &usize)| n as f64 * r as f64 / length as f64;
        2.0 * PI * axes.map(turns).sum::<f64>()
    };
    let eigenvalue = |site: usize| {
        let momentum = lattice.coordinates(site);
        q - hops.iter().map(|hop| hop.strength * phase(&momentum, hop).cos()).sum::<f64>()
    };
    Ok((0..lattice.volume()).map(eigenvalue).fold(f64::INFINITY, f64::min))
}

fn smallest_excess(lattice: &Lattice, polynomial: &Polynomial) -> f64 {
    let free = |site: usize| polynomial.quartic.at(site) == 0.0;
    let excess = |site: usize| {
        let pull = |hop: &Hop| {
            let opposite: Vec<i64> = hop.displacement.iter().map(|r| -r).collect();
            let count = [&hop.displacement, &opposite].into_iter().filter(|r| free(lattice.shifted(site, r))).count();
            0.5 * hop.strength.abs() * count as f64
        };
        polynomial.quadratic.at(site) - polynomial.hops.iter().map(pull).sum::<f64>()
    };
    (0..lattice.volume()).filter(|&site| free(site)).map(excess).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(extent: &[usize], q: Coupling, u: Coupling, hops: &[(&[i64], f64)]) -> Result<()> {
        let hop = |&(r, strength): &(&[i64], f64)| Hop { displacement: r.to_vec(), strength };
        let hops = hops.iter().map(hop).collect();
        let polynomial =
            Polynomial { quadratic: q, quartic: u, source: Coupling::default(), hops, ..Polynomial::default() };
        expect_bounded(&Lattice::new(extent).unwrap(), &polynomial)
    }

    #[test]
    fn the_smallest_eigenvalue_decides_for_uniform_couplings() {
        use Coupling::Uniform;
        let zero = || Uniform(0.0);
        assert!(check(&[8], Uniform(2.0), zero(), &[(&[1], 2.0)]).is_err());
        assert!(check(&[8], Uniform(2.0 + 1e-9), zero(), &[(&[1], 2.0)]).is_ok());
        assert!(check(&[8], Uniform(-2.0), Uniform(1e-9), &[(&[1], 2.0)]).is_ok());
        assert!(check(&[8], Uniform(9.0), Uniform(-1e-9), &[]).is_err());
        // An antiferromagnet is frustrated on an odd circle: the lowest mode is q − |h| cos(π / 5).
        assert!(check(&[4], Uniform(1.9), zero(), &[(&[1], -2.0)]).is_err());
        assert!(check(&[5], Uniform(1.9), zero(), &[(&[1], -2.0)]).is_ok());
        assert!(check(&[5], Uniform(1.6), zero(), &[(&[1], -2.0)]).is_err());
        // cos k − cos 2k / 2 has its largest value 3/4 at k = π / 3.
        let pair: [(&[i64], f64); 2] = [(&[1], 1.0), (&[2], -0.5)];
        assert!(check(&[6], Uniform(0.751), zero(), &pair).is_ok());
        assert!(check(&[6], Uniform(0.749), zero(), &pair).is_err());
    }

    #[test]
    fn couplings_that_cannot_be_checked_are_refused_as_those_that_are_wrong() {
        let hops: [(&[i64], f64); 5] = [(&[1, 0], 1.0), (&[0, 1], 1.0), (&[1, 1], 0.1), (&[2, 0], 0.1), (&[0, 2], 0.1)];
        let of = |q: f64, u: f64| check(&[4096, 4096], Coupling::Uniform(q), Coupling::Uniform(u), &hops);
        let error = of(2.2, 0.0).unwrap_err();
        assert!(
            error.status() == 2 && error.to_string().contains("at most 67108864 can be checked in full"),
            "{error}"
        );
        assert!(of(2.4, 0.0).is_ok() && of(2.2, 0.1).is_ok());
    }

    #[test]
    fn the_diagonal_has_to_dominate_for_couplings_per_site() {
        use Coupling::{PerSite, Uniform};
        let two = || PerSite(vec![0.0, 0.0, 1.0, 1.0]);
        assert!(check(&[4], Uniform(1.1), two(), &[(&[1], 2.0)]).is_ok());
        assert!(check(&[4], Uniform(0.9), two(), &[(&[1], 2.0)]).is_err());
        assert!(check(&[4], PerSite(vec![1.1, 1.1, -9.0, -9.0]), two(), &[(&[1], 2.0)]).is_ok());
        assert!(check(&[4], PerSite(vec![2.1, 2.1, 2.1, 1.9]), Uniform(0.0), &[(&[1], 2.0)]).is_err());
    }
}
