//! A defect: links of one direction on a cuboid of a slice, whose coupling is changed.
//!
//! A link of the direction `across` that leaves the slice `at[across]` on the cuboid carries the factor s, its strength; all
//! other links carry 1. A loop is weighted by the product of the factors of its links: s = 1 is the periodic lattice, and
//! with s = 0 it is cut open. M. Hasenbusch, Phys. Rev. D 96, 054504 (2017), arXiv:1706.04443; C. Bonanno, C. Bonati and
//! M. D'Elia, JHEP 03 (2021) 111, arXiv:2012.14000.

use crate::error::{Error, Result};
use crate::lattice::{Lattice, Neighbours, coordinates};
use crate::memory;
use serde::{Deserialize, Serialize};

/// Spec of a defect with its strength: `{size: [2, 2, 2], strength: 0.3, across: 3, at: [0, 0, 0, 5]}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DefectSpec {
    /// Sites of the cuboid along the directions but `across`, in their order.
    pub size: Vec<usize>,
    /// Factor of its links, at least 0.
    pub strength: f64,
    /// Direction of its links; the last one where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub across: Option<usize>,
    /// The first site of the cuboid, x first; the origin where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Vec<usize>>,
}

/// Spec of the place of a defect whose strength a chain sets: `{size: [2, 2, 2], across: 3}`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cuboid {
    /// Sites of the cuboid along the directions but `across`, in their order.
    pub size: Vec<usize>,
    /// Direction of its links; the last one where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub across: Option<usize>,
    /// The first site of the cuboid, x first; the origin where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Vec<usize>>,
}

/// Largest strength: its square, times the largest coupling, is still a number.
const STRONGEST: f64 = 1e100;

/// Checks a strength; a message that says what is wrong with it.
pub fn check_strength(strength: f64) -> std::result::Result<(), String> {
    if (0.0..=STRONGEST).contains(&strength) {
        return Ok(());
    }
    Err(format!("strength: expected a number from 0 to {STRONGEST:e}, got {strength:e}"))
}

impl DefectSpec {
    /// Where the links are.
    pub fn cuboid(&self) -> Cuboid {
        Cuboid { size: self.size.clone(), across: self.across, at: self.at.clone() }
    }

    /// The links of the defect on a lattice, and their factor.
    pub fn build(&self, lattice: &Lattice) -> Result<(Defect, f64)> {
        check_strength(self.strength).map_err(|message| Error::BadSpec(format!("defect: {message}")))?;
        Ok((self.cuboid().build(lattice)?, self.strength))
    }
}

/// The links of a defect.
#[derive(Clone, Debug, PartialEq)]
pub struct Defect {
    /// Direction of the links.
    across: usize,
    /// The sites that they start from, in ascending order.
    sites: Vec<usize>,
}

impl Cuboid {
    /// The links on a lattice.
    pub fn build(&self, lattice: &Lattice) -> Result<Defect> {
        let (d, extent) = (lattice.dimensions(), lattice.extent());
        let refused = |text: String| Err(Error::BadSpec(format!("defect: {text}")));
        let across = self.across.unwrap_or(d - 1);
        if across >= d {
            return refused(format!("across: expected a direction from 0 to {}, got {across}", d - 1));
        }
        if self.size.len() != d - 1 {
            return refused(format!("size: expected {} numbers, got {}", d - 1, self.size.len()));
        }
        let at = self.at.clone().unwrap_or_else(|| vec![0; d]);
        if at.len() != d {
            return refused(format!("at: expected {d} coordinates, got {}", at.len()));
        }
        if let Some(mu) = (0..d).find(|&mu| at[mu] >= extent[mu]) {
            return refused(format!("at[{mu}]: expected 0 to {}, got {}", extent[mu] - 1, at[mu]));
        }
        // One site thick along the links.
        let mut size = self.size.clone();
        size.insert(across, 1);
        if let Some(mu) = (0..d).find(|&mu| size[mu] == 0 || size[mu] > extent[mu]) {
            let place = mu - usize::from(mu > across);
            return refused(format!("size[{place}]: expected 1 to {}, got {}", extent[mu], size[mu]));
        }
        let count = size.iter().product();
        let site = |index: usize| {
            let x = coordinates(index, &size).into_iter().zip(&at).map(|(x, at)| (x + at) as i64);
            lattice.site(&x.collect::<Vec<_>>())
        };
        let mut sites: Vec<usize> = (0..count).map(site).collect();
        sites.sort_unstable();
        Ok(Defect { across, sites })
    }
}

impl Defect {
    /// Direction of the links.
    pub fn across(&self) -> usize {
        self.across
    }

    /// The sites that the links start from, in ascending order.
    pub fn sites(&self) -> &[usize] {
        &self.sites
    }

    /// True for a link of the defect.
    pub fn has(&self, site: usize, mu: usize) -> bool {
        mu == self.across && self.sites.binary_search(&site).is_ok()
    }

    /// Which sites are at most `within` steps from an end of a link of the defect, along each direction.
    pub fn near(&self, lattice: &Lattice, neighbours: &Neighbours, within: u64) -> Result<Vec<bool>> {
        let mut near = memory::filled("sites near a defect", false, lattice.volume())?;
        for &site in &self.sites {
            near[site] = true;
            near[neighbours.next(site, self.across)] = true;
        }
        let longest = lattice.extent().iter().fold(0, |most, &length| most.max(length)) as u64;
        for mu in 0..lattice.dimensions() {
            for _ in 0..within.min(longest) {
                let before = memory::cloned("sites near a defect", &near)?;
                for site in (0..lattice.volume()).filter(|&site| before[site]) {
                    near[neighbours.next(site, mu)] = true;
                    near[neighbours.previous(site, mu)] = true;
                }
            }
        }
        Ok(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(extent: &[usize], text: &str) -> Result<Defect> {
        let cuboid: Cuboid = crate::spec::parse("defect", text)?;
        cuboid.build(&Lattice::new(extent).unwrap())
    }

    #[test]
    fn its_links_are_those_of_the_cuboid_and_wrap_around() {
        let defect = build(&[4, 3], "{size: [2]}").unwrap();
        assert_eq!((defect.across(), defect.sites()), (1, &[0, 1][..]));
        let defect = build(&[4, 3], "{size: [2], across: 0, at: [1, 2]}").unwrap();
        assert_eq!((defect.across(), defect.sites()), (0, &[1, 9][..]));
        assert!(defect.has(1, 0) && defect.has(9, 0) && !defect.has(1, 1) && !defect.has(5, 0));
        let defect = build(&[4, 3, 2], "{size: [3, 2], across: 1, at: [3, 1, 0]}").unwrap();
        assert_eq!(defect.sites(), [4, 5, 7, 16, 17, 19]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let message = |text: &str| build(&[4, 3], text).unwrap_err().to_string();
        assert_eq!(message("{size: [2], across: 2}"), "defect: across: expected a direction from 0 to 1, got 2");
        assert_eq!(message("{size: [2, 2]}"), "defect: size: expected 1 numbers, got 2");
        assert_eq!(message("{size: [5]}"), "defect: size[0]: expected 1 to 4, got 5");
        assert_eq!(message("{size: [0], across: 0}"), "defect: size[0]: expected 1 to 3, got 0");
        assert_eq!(message("{size: [1], at: [1]}"), "defect: at: expected 2 coordinates, got 1");
        assert_eq!(message("{size: [1], at: [1, 3]}"), "defect: at[1]: expected 0 to 2, got 3");
    }
}
