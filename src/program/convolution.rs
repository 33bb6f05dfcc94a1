//! Planned convolutions and correlations: tables of input sites, and where operands, weights and results are in memory.

use super::position::{Position, Stride};
use super::short::Short;
use super::stencil::{NONE, Stencil};
use std::collections::HashMap;
use std::sync::Arc;

/// Sites that use the same taps.
#[derive(Debug)]
pub(super) struct Group {
    pub taps: Vec<usize>,
    pub sites: Vec<u32>,
    /// Input sites, `[tap][site]`.
    pub sources: Vec<u32>,
}

/// Position of the weights in memory: packed for broadcasting, or different for each sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weights {
    Parameter { offset: usize, pack: usize },
    Lines(usize),
}

/// Packed weights of a convolution in repeats: a record of weights and bias for each combination of rows.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// First number of a record, after that of the first record.
    pub packed: Position,
    /// First of its weights among the parameters, and of its bias, after those of the first record.
    pub weights: Position,
    pub bias: Position,
}

impl Records {
    /// The records of parameters whose positions are these, of `size` packed numbers each.
    pub fn new(weights: Position, bias: Position, size: usize) -> Self {
        let mut packed = Position::default();
        let mut distance = size;
        for stride in weights.strides.iter().chain(&bias.strides) {
            if packed.strides.iter().all(|known| known.depth != stride.depth) {
                packed.strides.push(Stride { distance, ..*stride });
                distance *= stride.count;
            }
        }
        let moved = |position| Position { first: 0, ..position };
        Self { packed, weights: moved(weights), bias: moved(bias) }
    }

    /// Number of records.
    pub fn count(&self) -> usize {
        self.packed.strides.iter().map(|stride| stride.count).product()
    }

    /// The rows of each record, by the depths of the repeats.
    pub fn rows(&self) -> impl Iterator<Item = Vec<usize>> {
        let depth = self.packed.strides.iter().map(|stride| stride.depth + 1).max().unwrap_or(0);
        (0..self.count()).map(move |mut record| {
            let mut rows = vec![0; depth];
            for stride in &self.packed.strides {
                rows[stride.depth] = record % stride.count;
                record /= stride.count;
            }
            rows
        })
    }
}

/// Geometry of a convolution.
#[derive(Debug)]
pub(super) struct Geometry {
    pub groups: Arc<[Group]>,
    pub input_sites: usize,
    pub output_sites: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub taps: usize,
    pub transposed: bool,
}

impl Geometry {
    /// Index of w(o, c, k) in the recorded order of the weights.
    #[inline(always)]
    pub fn weight(&self, o: usize, c: usize, k: usize) -> usize {
        let pair = if self.transposed { c * self.outputs + o } else { o * self.inputs + c };
        pair * self.taps + k
    }

    /// Number of weights.
    pub fn weights(&self) -> usize {
        self.outputs * self.inputs * self.taps
    }
}

/// First lines of what a convolution reads and of its result.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    pub from: usize,
    pub to: usize,
}

/// A planned convolution.
#[derive(Debug)]
pub(super) struct Convolution {
    pub geometry: Geometry,
    pub ends: Ends,
    pub weights: Weights,
    pub bias: Option<Weights>,
    pub records: Box<Records>,
    /// Slope of a leaky rectifier that is applied to the result while it is in registers.
    pub rectifier: Option<f64>,
    /// An algorithm with fewer multiply-adds, where one pays, with the first line of its scratch memory.
    pub short: Option<(Short, usize)>,
}

impl Convolution {
    /// Numbers of packed weights.
    pub fn packed(geometry: &Geometry, short: Option<&Short>) -> usize {
        geometry.inputs * geometry.outputs * short.map_or(geometry.taps, |short| short.packed(geometry.taps))
    }

    /// Calls `put` with the weights and the bias of each record, and with where they are packed.
    pub fn pack(&self, parameters: &[f64], mut put: impl FnMut(Packing, &[f64], std::ops::Range<usize>)) {
        let (geometry, records) = (&self.geometry, &self.records);
        let short = self.short.as_ref().map(|(short, _)| short);
        for rows in records.rows() {
            let first = records.packed.at(&rows);
            if let Weights::Parameter { offset, pack } = self.weights {
                let (from, to) = (offset + records.weights.at(&rows), first + pack);
                // A short last segment has fewer rows than there are records.
                if let Some(numbers) = parameters.get(from..from + geometry.weights()) {
                    put(Packing::Weights, numbers, to..to + Self::packed(geometry, short));
                }
            }
            if let Some(Weights::Parameter { offset, pack }) = self.bias {
                let (from, to) = (offset + records.bias.at(&rows), first + pack);
                if let Some(numbers) = parameters.get(from..from + geometry.outputs) {
                    put(Packing::Bias, numbers, to..to + geometry.outputs);
                }
            }
        }
    }
}

/// Parameters of a convolution that are packed for its kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Weights,
    Bias,
}

/// A planned correlation.
#[derive(Debug)]
pub(super) struct Correlation {
    pub geometry: Geometry,
    pub from: usize,
    pub signal: usize,
    /// First line of the result, or the output that sums it over the samples.
    pub to: Result<usize, InSum>,
}

/// Numbers of an output that is a sum over the samples, from a position on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InSum {
    pub output: usize,
    pub at: Position,
}

/// Sorts the output sites of a stencil by the taps that read something there.
pub(super) fn groups(stencil: &Stencil) -> Vec<Group> {
    let mut found: Vec<Group> = vec![];
    let mut by_taps: HashMap<Vec<usize>, usize> = HashMap::new();
    for s in 0..stencil.outputs() {
        let row = stencil.row(s);
        let taps: Vec<usize> = (0..row.len()).filter(|&k| row[k] != NONE).collect();
        let group = *by_taps.entry(taps).or_insert_with_key(|taps| {
            found.push(Group { taps: taps.clone(), sites: vec![], sources: vec![] });
            found.len() - 1
        });
        found[group].sites.push(s as u32);
    }
    for group in &mut found {
        for &k in &group.taps {
            group.sources.extend(group.sites.iter().map(|&s| stencil.row(s as usize)[k]));
        }
    }
    found
}
