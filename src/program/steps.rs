//! What a plan is made of: steps, with places in lines of memory.

use super::elementwise::Elementwise;
use super::recorder::Shape;
use super::short::Short;
use super::stencil::{NONE, Stencil};
use std::collections::HashMap;
use std::sync::Arc;

/// One step of a planned program; places are lines.
#[derive(Debug)]
pub(super) enum Step {
    Input { index: usize, to: usize, shape: Shape },
    Parameter { offset: usize, to: usize, count: usize },
    Constant { value: f64, to: usize, shape: Shape },
    Table { values: Vec<f64>, to: usize },
    Fused(Fused),
    Map { from: usize, to: usize, channels: usize, inputs: usize, sources: Vec<u32> },
    Convolve(Convolve),
    Correlate(Correlate),
    SumSites { from: usize, to: usize, channels: usize, sites: usize },
    SpreadSites { from: usize, to: usize, channels: usize, sites: usize },
    Total { from: usize, to: usize, count: usize },
    Spread { from: usize, to: usize, count: usize },
    Place { from: usize, to: usize, before: usize, count: usize, after: usize },
    Copy { from: usize, index: usize, shape: Shape },
    Reduce { from: usize, index: usize, shape: Shape },
}

/// Elementwise operations that run together, a strip of lines at a time.
#[derive(Debug)]
pub(super) struct Fused {
    pub operations: Vec<FusedOperation>,
    pub shape: Shape,
}

#[derive(Debug)]
pub(super) struct FusedOperation {
    pub operation: Elementwise,
    pub constant: f64,
    pub arguments: [Place; 2],
    pub to: Place,
}

/// Where an elementwise operand lies: in the arena, or in a strip that only the group sees.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Line(usize),
    Strip(usize),
}

/// Sites that use the same taps.
#[derive(Debug)]
pub(super) struct Group {
    pub taps: Vec<usize>,
    pub sites: Vec<u32>,
    /// Input sites, `[tap][site]`.
    pub sources: Vec<u32>,
}

/// Where weights lie: packed for broadcasting, or different for each sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weights {
    Parameter { offset: usize, pack: usize },
    Lines(usize),
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
}

#[derive(Debug)]
pub(super) struct Convolve {
    pub geometry: Geometry,
    pub from: usize,
    pub to: usize,
    pub weights: Weights,
    pub bias: Option<Weights>,
    /// Slope of a leaky rectifier that is applied to the result while it is in registers.
    pub rectifier: Option<f64>,
    /// A way with fewer multiply-adds, where one pays, with the line of its scratch memory.
    pub short: Option<(Short, usize)>,
}

impl Convolve {
    /// Numbers of packed weights.
    pub fn packed(geometry: &Geometry, short: Option<&Short>) -> usize {
        geometry.inputs * geometry.outputs * short.map_or(geometry.taps, |short| short.packed(geometry.taps))
    }
}

#[derive(Debug)]
pub(super) struct Correlate {
    pub geometry: Geometry,
    pub from: usize,
    pub signal: usize,
    /// Lines of the result, or the output that sums it over the samples.
    pub to: Result<usize, usize>,
}

/// A planned program.
pub(super) struct Plan {
    pub steps: Vec<Step>,
    pub lines: usize,
    pub strips: usize,
    /// Numbers of packed weights.
    pub packed: usize,
}

/// Lines in a strip of a fused group.
pub(super) const STRIP: usize = 8;

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

/// Shapes of the inputs that steps read, by their index.
pub(super) fn inputs(plan: &Plan) -> Vec<Option<Shape>> {
    let mut shapes = vec![];
    for step in &plan.steps {
        if let Step::Input { index, shape, .. } = step {
            if shapes.len() <= *index {
                shapes.resize(index + 1, None);
            }
            shapes[*index] = Some(*shape);
        }
    }
    shapes
}

impl Plan {
    /// Numbers of the inputs that steps read, by their index.
    pub fn input_counts(&self) -> Vec<Option<usize>> {
        inputs(self).into_iter().map(|shape| Some(shape?.count())).collect()
    }
}
