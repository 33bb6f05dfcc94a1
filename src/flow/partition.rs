//! How a field is cut into the parts that layers see.

use super::modes::Modes;
use crate::error::Result;
use crate::lattice::Lattice;
use crate::memory;
use crate::program::{NONE, Node, Recorder, Stencil};

/// Parts of a field, or of its modes, by the maps between the field and each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The basis that is cut; None: the sites. It is orthonormal, so that fields and scores are cut in the same way.
    basis: Option<Modes>,
    /// Without parts the whole field is the only one.
    parts: Vec<Part>,
}

/// Maps of one part.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    /// From the field to the part.
    pick: Stencil,
    /// From the part to the field, zero elsewhere.
    spread: Stencil,
}

impl Part {
    /// The part of some sites out of `volume`.
    fn new(volume: usize, sites: &[usize]) -> Result<Self> {
        let mut table = memory::filled("sites of a part", NONE, volume)?;
        for (i, &site) in sites.iter().enumerate() {
            table[site] = i as u32;
        }
        Ok(Self { pick: Stencil::pick(volume, sites)?, spread: Stencil::new(sites.len(), 1, table)? })
    }
}

impl Partition {
    /// The whole field.
    pub fn whole() -> Self {
        Self { basis: None, parts: vec![] }
    }

    /// Two sets of sites, and all others where there are any.
    pub fn of_sites(lattice: &Lattice, sets: &[Vec<usize>; 2]) -> Result<Self> {
        let volume = lattice.volume();
        let mut parts = vec![Part::new(volume, &sets[0])?, Part::new(volume, &sets[1])?];
        if sets[0].len() + sets[1].len() < volume {
            let mut is_other = memory::filled("sites of no part", true, volume)?;
            sets.iter().flatten().for_each(|&site| is_other[site] = false);
            let mut others = memory::reserved("sites of no part", volume)?;
            others.extend((0..volume).filter(|&site| is_other[site]));
            parts.push(Part::new(volume, &others)?);
        }
        Ok(Self { basis: None, parts })
    }

    /// Two sets of modes, which are all.
    pub fn of_modes(lattice: &Lattice, sets: &[Vec<usize>; 2]) -> Result<Self> {
        // The basis checks the lattice.
        let basis = Some(Modes::new(lattice)?);
        Ok(Self { basis, ..Self::of_sites(lattice, sets)? })
    }

    /// Records the parts of a field.
    pub fn split(&self, recorder: &mut Recorder, field: Node) -> Vec<Node> {
        if self.parts.is_empty() {
            return vec![field];
        }
        let field = self.basis.as_ref().map_or(field, |modes| modes.of_path(recorder, field));
        self.parts.iter().map(|part| recorder.map(field, &part.pick)).collect()
    }

    /// Records the field of some parts.
    pub fn join(&self, recorder: &mut Recorder, parts: &[Node]) -> Node {
        let mut field: Option<Node> = None;
        for (part, &node) in self.parts.iter().zip(parts) {
            let own = recorder.map(node, &part.spread);
            field = Some(field.map_or(own, |field| recorder.add(field, own)));
        }
        let field = field.unwrap_or(parts[0]);
        self.basis.as_ref().map_or(field, |modes| modes.to_path(recorder, field))
    }
}
