//! Weights of a defect as fields on the whole lattice, for forces of a host's own.
//!
//! A plaquette in the plane (μ, ν) belongs to the site x where it begins; its links are U_μ(x), U_ν(x + μ), U_μ(x + ν) and U_ν(x),
//! and its weight is the product of their factors.

use super::Defect;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;

impl Defect {
    /// The factor of the link of direction μ at each site: the strength for links of the defect, 1 for all others.
    pub fn link_factors(&self, lattice: &Lattice, mu: usize, strength: f64) -> Result<Vec<f64>> {
        let mut factors = memory::filled("factors of links", 1.0, lattice.volume())?;
        if mu == self.across() {
            self.sites().iter().for_each(|&site| factors[site] = strength);
        }
        Ok(factors)
    }

    /// The weight of the plaquette in the plane of two directions that begins at each site.
    pub fn plaquette_weights(&self, lattice: &Lattice, plane: [usize; 2], strength: f64) -> Result<Vec<f64>> {
        let mut weights = memory::filled("weights of plaquettes", 1.0, lattice.volume())?;
        if plane.contains(&self.across()) {
            let along = plane[usize::from(plane[0] == self.across())];
            let mut back = vec![0; lattice.dimensions()];
            back[along] = -1;
            for &site in self.sites() {
                weights[site] *= strength;
                weights[lattice.shifted(site, &back)] *= strength;
            }
        }
        Ok(weights)
    }
}

#[cfg(test)]
mod tests {
    use crate::gauge::{Cuboid, Gauge, Group, Links, Loops, Patch};
    use crate::lattice::{Lattice, Neighbours};

    /// The sum of weights times plaquettes is what the loops around the defect say.
    #[test]
    fn weights_of_plaquettes_are_products_of_factors_of_links() {
        let lattice = Lattice::new(&[3, 4, 2]).unwrap();
        let neighbours = Neighbours::new(&lattice).unwrap();
        let mut gauge = Gauge::unit(&lattice, Group::U1).unwrap();
        for (k, link) in gauge.links_mut().chunks_exact_mut(2).enumerate() {
            let angle = (k as f64).sin();
            link.copy_from_slice(&[angle.cos(), angle.sin()]);
        }
        let links = Links { numbers: gauge.links(), neighbours: &neighbours };
        let strength = 0.3;
        for text in
            ["{size: [2, 1], across: 2, at: [2, 3, 1]}", "{size: [3, 2], across: 1}", "{size: [4, 2], across: 0}"]
        {
            let cuboid: Cuboid = crate::spec::parse("defect", text).unwrap();
            let defect = cuboid.build(&lattice).unwrap();
            let (mut weighted, mut plain) = (0.0, 0.0);
            for plane in [[0, 1], [2, 0], [1, 2]] {
                let weights = defect.plaquette_weights(&lattice, plane, strength).unwrap();
                let factors = plane.map(|mu| defect.link_factors(&lattice, mu, strength).unwrap());
                for (site, weight) in weights.iter().enumerate() {
                    let [next, above] = plane.map(|mu| neighbours.next(site, mu));
                    assert_eq!(*weight, factors[0][site] * factors[1][next] * factors[0][above] * factors[1][site]);
                    let [a, b] = plane;
                    let product = links.link::<1>(site, a)
                        * links.link::<1>(next, b)
                        * links.link::<1>(above, a).adjoint()
                        * links.link::<1>(site, b).adjoint();
                    weighted += weight * (1.0 - product.trace().re);
                    plain += 1.0 - product.trace().re;
                }
            }
            let patch = Patch::new(&neighbours, &[(1.0, Loops::plaquettes(3))], (&defect, None));
            let difference = patch.difference::<1>(&links, [strength, 1.0]);
            assert!((weighted - plain - difference).abs() < 1e-12, "{text}: {weighted} - {plain}, {difference}");
            let held: Vec<f64> = patch
                .links()
                .iter()
                .flat_map(|&(site, mu)| gauge.links()[2 * (3 * site + mu)..][..2].to_vec())
                .collect();
            assert_eq!(patch.difference_of::<1>(&held, [strength, 1.0]), difference);
        }
    }
}
