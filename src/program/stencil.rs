//! Stencils and maps: tables of the input sites of each output site.
//!
//! A stencil has T taps: output site s reads input site t(s, k) at tap k, or nothing. For each tap the map
//! s -> t(s, k) takes no input site twice, so that the transposed stencil is a stencil as well. A map of sites is a
//! stencil with one tap: shifts, masks, checkerboards and their inverses. Stencils that are the same everywhere on a torus
//! also know their displacements (`program/displacements.rs`); the table holds for all of them.

use super::displacements::{Displacements, Scale};
use crate::error::{Error, Result};
use crate::lattice::{Lattice, coordinates};
use crate::memory;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// No site: the tap reads zero.
pub const NONE: u32 = u32::MAX;

/// For each output site and tap the input site, or [`NONE`].
#[derive(Clone, Debug)]
pub struct Stencil {
    inputs: usize,
    outputs: usize,
    taps: usize,
    table: Arc<Vec<u32>>,
    /// Hash of the table, computed once.
    digest: u64,
    /// Displacements on a torus, where they are known. Equal stencils have equal tables, whether they know these or not.
    displacements: Option<Arc<Displacements>>,
}

impl PartialEq for Stencil {
    fn eq(&self, other: &Self) -> bool {
        let shape = |s: &Self| (s.inputs, s.outputs, s.taps, s.digest);
        shape(self) == shape(other) && (Arc::ptr_eq(&self.table, &other.table) || self.table == other.table)
    }
}

impl Eq for Stencil {}

impl Hash for Stencil {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.inputs, self.outputs, self.taps, self.digest).hash(state);
    }
}

impl Stencil {
    /// A stencil from its table `table[s * taps + k]`.
    pub fn new(inputs: usize, taps: usize, table: Vec<u32>) -> Result<Self> {
        if taps == 0 || table.is_empty() || !table.len().is_multiple_of(taps) {
            return Err(Error::BadShape(format!(
                "stencil: expected a multiple of {taps} > 0 entries, got {}",
                table.len()
            )));
        }
        let mut last_reader = memory::filled("readers of the inputs of a stencil", NONE, inputs)?;
        for k in 0..taps {
            for (s, row) in table.chunks(taps).enumerate() {
                let t = row[k];
                if t == NONE {
                    continue;
                }
                let reader = last_reader.get_mut(t as usize).ok_or_else(|| {
                    Error::BadShape(format!(
                        "stencil: expected input sites below {inputs}, got {t} at site {s}, tap {k}"
                    ))
                })?;
                let mark = (k * (table.len() / taps) + s) as u32;
                if *reader != NONE && *reader as usize >= k * (table.len() / taps) {
                    return Err(Error::BadShape(format!("stencil: tap {k} reads input site {t} twice")));
                }
                *reader = mark;
            }
        }
        Ok(Self::from_table(inputs, taps, table, None))
    }

    fn from_table(inputs: usize, taps: usize, table: Vec<u32>, displacements: Option<Arc<Displacements>>) -> Self {
        let outputs = table.len() / taps;
        Self { inputs, outputs, taps, digest: digest(&table), table: Arc::new(table), displacements }
    }

    /// All sites of a lattice read the sites at displacements d_k from them: t(n, k) = n + d_k.
    pub fn on_torus(lattice: &Lattice, displacements: &[Vec<i64>]) -> Result<Self> {
        Self::displaced(Displacements::new(lattice.extent(), displacements, Scale::Same)?)
    }

    /// Sites of the lattice of half the extents read sites of a lattice: t(n, k) = 2 n + d_k, as in a convolution of
    /// stride two. The transposed stencil goes from the coarse lattice to the fine one.
    pub fn halving(lattice: &Lattice, displacements: &[Vec<i64>]) -> Result<Self> {
        Self::displaced(Displacements::new(lattice.extent(), displacements, Scale::Halved)?)
    }

    /// Sites of a lattice read sites of that of half its extents: t(n, k) = m where 2 m + d_k = n, as in a transposed
    /// convolution of stride two.
    pub fn doubling(lattice: &Lattice, displacements: &[Vec<i64>]) -> Result<Self> {
        Self::displaced(Displacements::new(lattice.extent(), displacements, Scale::Doubled)?)
    }

    fn displaced(displacements: Displacements) -> Result<Self> {
        let taps = displacements.taps().len();
        if taps == 0 {
            return Err(Error::BadShape("stencil: expected at least one displacement, got none".into()));
        }
        let inputs = displacements.inputs().iter().product();
        Ok(Self::from_table(inputs, taps, table(&displacements)?, Some(Arc::new(displacements))))
    }

    /// All sites of a lattice read their neighbours in a cube of odd width `kernel`; taps have x fastest.
    ///
    /// `from` and `to` are the sites (in order) that the input and output values hold.
    pub fn cube(lattice: &Lattice, kernel: usize, from: &[usize], to: &[usize]) -> Result<Self> {
        let displacements = cube(lattice.dimensions(), kernel);
        let is_whole = |sites: &[usize]| sites.iter().copied().eq(0..lattice.volume());
        if is_whole(from) && is_whole(to) {
            return Self::on_torus(lattice, &displacements);
        }
        let mut position = memory::filled("places of sites", NONE, lattice.volume())?;
        for (i, &site) in from.iter().enumerate() {
            position[site] = i as u32;
        }
        let mut table = memory::reserved("table of a stencil", to.len() * displacements.len())?;
        for &site in to {
            table.extend(displacements.iter().map(|d| position[lattice.shifted(site, d)]));
        }
        Self::new(from.len(), displacements.len(), table)
    }

    /// The map that picks `sites` out of `inputs` sites.
    pub fn pick(inputs: usize, sites: &[usize]) -> Result<Self> {
        Self::new(inputs, 1, memory::collected("table of a stencil", sites.iter().map(|&s| s as u32))?)
    }

    /// The map of all sites to themselves.
    pub fn identity(sites: usize) -> Result<Self> {
        let table = memory::collected("table of a stencil", (0..sites).map(|site| site as u32))?;
        Ok(Self::from_table(sites, 1, table, None))
    }

    /// True where each site reads itself alone.
    pub fn is_identity(&self) -> bool {
        self.taps == 1 && self.inputs == self.outputs && self.table.iter().enumerate().all(|(s, &t)| t as usize == s)
    }

    /// A stencil of given numbers of inputs and outputs that stands for one without memory for its table.
    pub(super) fn without_table([inputs, outputs]: [usize; 2], taps: usize) -> Self {
        Self { inputs, outputs, taps, table: Arc::new(vec![]), digest: digest(&[]), displacements: None }
    }

    /// The map phi'(x) = phi(x + displacement) on a whole lattice.
    pub fn shift(lattice: &Lattice, displacement: &[i64]) -> Result<Self> {
        Self::on_torus(lattice, &[displacement.to_vec()])
    }

    /// Number of input sites.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of output sites.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of taps.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Input sites of an output site, one for each tap.
    pub fn row(&self, output: usize) -> &[u32] {
        &self.table[output * self.taps..(output + 1) * self.taps]
    }

    /// Displacements of the taps on a torus, where they are known.
    pub fn displacements(&self) -> Option<&Displacements> {
        self.displacements.as_deref()
    }

    /// The stencil of the transposed linear map: the same taps, read backwards.
    pub fn transposed(&self) -> Result<Self> {
        let mut table = memory::filled("table of a stencil", NONE, self.inputs * self.taps)?;
        for (s, row) in self.table.chunks(self.taps).enumerate() {
            for (k, &t) in row.iter().enumerate() {
                if t != NONE {
                    table[t as usize * self.taps + k] = s as u32;
                }
            }
        }
        let displacements = self.displacements().map(|displacements| Arc::new(displacements.transposed()));
        Ok(Self::from_table(self.outputs, self.taps, table, displacements))
    }

    /// Number of (site, tap) pairs that read something: multiply-adds for one pair of channels.
    pub fn reads(&self) -> usize {
        self.table.iter().filter(|&&t| t != NONE).count()
    }
}

#[cfg(test)]
impl Stencil {
    /// The cube of a whole lattice.
    pub fn of_lattice(extents: &[usize], kernel: usize) -> Self {
        let lattice = Lattice::new(extents).expect("a lattice");
        let all: Vec<usize> = (0..lattice.volume()).collect();
        Self::cube(&lattice, kernel, &all, &all).expect("a stencil")
    }
}

/// The table of a stencil on a torus.
fn table(displacements: &Displacements) -> Result<Vec<u32>> {
    let outputs: usize = displacements.outputs().iter().product();
    let mut table = memory::reserved("table of a stencil", outputs * displacements.taps().len())?;
    displacements.for_each_read(|site| table.push(site.map_or(NONE, |site| site as u32)));
    Ok(table)
}

/// Displacements in a cube of odd width, x fastest.
fn cube(dimensions: usize, width: usize) -> Vec<Vec<i64>> {
    let tap = |k| coordinates(k, &vec![width; dimensions]).iter().map(|&d| d as i64 - (width / 2) as i64).collect();
    (0..width.pow(dimensions as u32)).map(tap).collect()
}

/// FNV-1a hash of the words of a table.
fn digest(table: &[u32]) -> u64 {
    table.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &t| (sum ^ u64::from(t)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_gives_the_stencil_back() {
        let lattice = Lattice::new(&[4, 2]).unwrap();
        let all: Vec<usize> = (0..8).collect();
        let even: Vec<usize> = all.iter().copied().filter(|&s| lattice.parity(s) == 0).collect();
        let stencil = Stencil::cube(&lattice, 3, &even, &all).unwrap();
        assert_eq!(stencil.transposed().unwrap().transposed().unwrap(), stencil);
        assert_eq!(stencil.reads(), 4 * 9);
    }

    /// A stencil that knows the table alone.
    fn of_table(stencil: &Stencil) -> Stencil {
        Stencil::new(stencil.inputs, stencil.taps, stencil.table.to_vec()).unwrap()
    }

    #[test]
    fn displacements_agree_with_the_table_also_when_transposed() {
        let taps = [vec![0, 0], vec![1, -1], vec![-2, 3], vec![5, 1]];
        for extents in [[4, 6], [2, 4], [8, 2]] {
            let lattice = Lattice::new(&extents).unwrap();
            let same = Stencil::on_torus(&lattice, &taps).unwrap();
            let (halving, doubling) =
                (Stencil::halving(&lattice, &taps).unwrap(), Stencil::doubling(&lattice, &taps).unwrap());
            for stencil in [&same, &halving, &doubling, &same.transposed().unwrap()] {
                let (known, plain) = (stencil.transposed().unwrap(), of_table(stencil));
                assert_eq!(table(known.displacements().unwrap()).unwrap(), *known.table);
                assert_eq!((&plain, plain.digest), (stencil, stencil.digest));
                assert_eq!(plain.transposed().unwrap(), known);
                assert!(plain.displacements().is_none() && known != of_table(stencil));
            }
            assert_eq!(halving.transposed().unwrap(), doubling);
            let whole = lattice.volume();
            assert_eq!((halving.inputs(), halving.outputs(), doubling.outputs()), (whole, whole / 4, whole));
            for (site, displacement) in (0..whole).flat_map(|site| taps.iter().enumerate().map(move |d| (site, d))) {
                assert_eq!(same.row(site)[displacement.0] as usize, lattice.shifted(site, displacement.1));
            }
        }
    }

    #[test]
    fn strides_are_those_of_the_formulas() {
        let lattice = Lattice::new(&[4]).unwrap();
        let taps: Vec<Vec<i64>> = (-1..=1).map(|d| vec![d]).collect();
        assert_eq!(*Stencil::halving(&lattice, &taps).unwrap().table, [3, 0, 1, 1, 2, 3]);
        let doubled = [NONE, 0, NONE, 1, NONE, 0, NONE, 1, NONE, 0, NONE, 1];
        assert_eq!(*Stencil::doubling(&lattice, &taps).unwrap().table, doubled);
        let odd = Stencil::halving(&Lattice::new(&[5]).unwrap(), &taps).unwrap_err().to_string();
        assert_eq!(odd, "stencil: expected even extents to halve, got 5");
        assert!(Stencil::on_torus(&lattice, &[]).is_err() && Stencil::on_torus(&lattice, &[vec![1, 1]]).is_err());
    }

    #[test]
    fn a_tap_that_reads_a_site_twice_is_refused() {
        let message = Stencil::new(2, 1, vec![1, 1]).unwrap_err().to_string();
        assert_eq!(message, "stencil: tap 0 reads input site 1 twice");
        assert!(Stencil::new(2, 2, vec![1, 1, 0, 0]).is_ok());
        assert!(Stencil::new(2, 1, vec![2]).is_err());
    }
}
