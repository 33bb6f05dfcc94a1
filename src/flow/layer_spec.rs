//! Specs of layers: the registry. A new layer is its file and one line here.

use super::absent::Absent;
use super::affine::Affine;
use super::continuous::ContinuousSpec;
use super::coupling::{Coupling, Transform};
use super::elementwise::ElementwiseSpec;
use super::layer::Layer;
use super::mask_spec::{Cycle, MaskSpec, Place};
use super::network::{Activation, NetworkSpec, Symmetry};
use super::spectral::SpectralSpec;
use super::spline::{Spline, SplineSpec};
use super::stacked::Stacked;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::space::Space;
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of a layer of a chain, by its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerSpec {
    /// Affine couplings.
    Affine {
        /// Number of couplings: 1, or a multiple of those in a cycle of the mask, whose parameters are stacked.
        #[serde(default = "one")]
        repeat: usize,
        /// Parity of the sites that the first coupling leaves unchanged; by default the one after the coupling before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frozen: Option<Parity>,
        /// Which sites the couplings leave unchanged.
        #[serde(default, skip_serializing_if = "MaskSpec::is_checkerboard")]
        mask: MaskSpec,
        /// The couplings act on the sites whose coordinates are multiples of this spacing, alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spacing: Option<usize>,
        /// The same by the number of these sites in the first direction; on a smaller lattice there is no such layer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extent: Option<usize>,
        /// Channels of the hidden layers of each network.
        #[serde(default = "default_hidden")]
        hidden: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "default_kernel")]
        kernel: usize,
        /// Activation of the hidden layers.
        #[serde(default)]
        activation: Activation,
        /// Symmetry under φ -> -φ.
        #[serde(default)]
        symmetry: Symmetry,
        /// Initial size of the last convolution, relative to the usual one.
        #[serde(default = "default_initial_output")]
        initial_output: f64,
    },
    /// Couplings by rational-quadratic splines on alternating checkerboards.
    Spline {
        /// Number of couplings: 1, or a multiple of those in a cycle of the mask, whose parameters are stacked.
        #[serde(default = "one")]
        repeat: usize,
        /// Parity of the sites that the first coupling leaves unchanged; by default the one after the coupling before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frozen: Option<Parity>,
        /// Which sites the couplings leave unchanged.
        #[serde(default, skip_serializing_if = "MaskSpec::is_checkerboard")]
        mask: MaskSpec,
        /// The couplings act on the sites whose coordinates are multiples of this spacing, alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spacing: Option<usize>,
        /// The same by the number of these sites in the first direction; on a smaller lattice there is no such layer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extent: Option<usize>,
        /// Bins of a spline.
        #[serde(default = "default_bins")]
        bins: usize,
        /// The spline acts on [-range, range]; fields beyond it stay as they are.
        #[serde(default = "default_range")]
        range: f64,
        /// Channels of the hidden layers of each network.
        #[serde(default = "default_hidden")]
        hidden: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "default_kernel")]
        kernel: usize,
        /// Activation of the hidden layers.
        #[serde(default)]
        activation: Activation,
        /// Symmetry under φ -> -φ.
        #[serde(default, skip_serializing_if = "is_plain")]
        symmetry: Symmetry,
        /// Initial size of the last convolution, relative to the usual one.
        #[serde(default = "default_initial_output")]
        initial_output: f64,
    },
    /// A continuous flow.
    Continuous(ContinuousSpec),
    /// One monotonic spline for the numbers on all sites.
    ElementwiseSpline(ElementwiseSpec),
    /// Multiplication by a learned function of the momentum.
    Spectrum(SpectralSpec),
}

/// Parity of sites: of the sum of their coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// Sites with an even sum of coordinates.
    Even,
    /// Sites with an odd sum of coordinates.
    Odd,
}

fn one() -> usize {
    1
}

pub(super) fn default_hidden() -> Vec<usize> {
    vec![8, 8]
}

pub(super) fn default_kernel() -> usize {
    3
}

pub(super) fn default_initial_output() -> f64 {
    1.0
}

fn default_bins() -> usize {
    8
}

fn default_range() -> f64 {
    4.0
}

fn is_plain(symmetry: &Symmetry) -> bool {
    *symmetry == Symmetry::None
}

/// Most coupling layers of a model.
pub(super) const MOST_LAYERS: usize = 1024;

/// What a layer knows of the chain before it.
pub(super) struct Site<'a> {
    lattice: &'a Lattice,
    /// The masks so far, which couplings share, each with the number of the next coupling in its cycle.
    cycles: Vec<(Place, Cycle, usize)>,
    /// Number of conditions.
    conditions: usize,
}

impl<'a> Site<'a> {
    /// The beginning of a chain.
    pub fn new(lattice: &'a Lattice, conditions: usize) -> Self {
        Self { lattice, cycles: vec![], conditions }
    }

    /// The masks of a place, and the next coupling in its cycle.
    fn cycle(&mut self, place: Place) -> Result<(&Cycle, &mut usize)> {
        let known = self.cycles.iter().position(|(other, ..)| *other == place);
        let index = known.unwrap_or(self.cycles.len());
        if known.is_none() {
            self.cycles.push((place, place.cycle(self.lattice)?, 0));
        }
        let (_, cycle, next) = &mut self.cycles[index];
        Ok((cycle, next))
    }
}

/// Couplings of one kind.
struct Couplings {
    repeat: usize,
    frozen: Option<Parity>,
    mask: MaskSpec,
    spacing: Option<usize>,
    extent: Option<usize>,
    network: NetworkSpec,
    transform: Arc<dyn Transform>,
}

impl LayerSpec {
    /// The kind of fields that the layer maps.
    pub(super) fn space(&self) -> Space {
        Space::Scalars
    }

    /// The layer at its place in a chain.
    pub(super) fn build(&self, site: &mut Site) -> Result<Arc<dyn Layer>> {
        let conditions = site.conditions;
        let couplings = match self.clone() {
            LayerSpec::Affine {
                repeat,
                frozen,
                mask,
                spacing,
                extent,
                hidden,
                kernel,
                activation,
                symmetry,
                initial_output,
            } => {
                let heads = Affine::heads(symmetry);
                let network = NetworkSpec { hidden, kernel, activation, symmetry, initial_output, heads, conditions };
                Couplings { repeat, frozen, mask, spacing, extent, network, transform: Arc::new(Affine) }
            }
            LayerSpec::Spline {
                repeat,
                frozen,
                mask,
                spacing,
                extent,
                bins,
                range,
                hidden,
                kernel,
                activation,
                symmetry,
                initial_output,
            } => {
                let spline = SplineSpec { bins, range, symmetry };
                let heads = spline.heads()?;
                let network = NetworkSpec { hidden, kernel, activation, symmetry, initial_output, heads, conditions };
                Couplings { repeat, frozen, mask, spacing, extent, network, transform: Arc::new(Spline::new(spline)) }
            }
            LayerSpec::Continuous(spec) => return spec.build(site.lattice, conditions),
            LayerSpec::ElementwiseSpline(spec) => return spec.build(conditions),
            LayerSpec::Spectrum(spec) => return spec.build(site.lattice, conditions),
        };
        couplings.build(site)
    }
}

impl Couplings {
    /// The spacing of the grid; None where the lattice is too small for it.
    fn spacing(&self, lattice: &Lattice) -> Result<Option<usize>> {
        let length = lattice.extent()[0];
        match (self.spacing, self.extent) {
            (Some(_), Some(extent)) => {
                let expected = "extent: expected none beside a spacing";
                Err(Error::BadSpec(format!("{expected}, got {extent}")))
            }
            (None, Some(extent)) if extent > length => Ok(None),
            (None, Some(extent)) => {
                let expected = format!("a divisor of the first extent {length} of the lattice");
                expect(extent > 0 && length.is_multiple_of(extent), "extent", &expected, extent)?;
                Ok(Some(length / extent))
            }
            (spacing, None) => {
                let spacing = spacing.unwrap_or(1);
                expect((1..=1 << 22).contains(&spacing), "spacing", "1 to 4194304", spacing)?;
                Ok(Some(spacing))
            }
        }
    }

    /// Checks of the network that do not depend on the lattice.
    fn check(&self) -> Result<()> {
        self.network.check()?;
        let (is_dense, is_parity) = (self.mask == MaskSpec::Modes, self.mask != MaskSpec::Hierarchical);
        expect(!is_dense || !self.network.hidden.is_empty(), "hidden", "a hidden layer for mask 'modes'", "none")?;
        match self.frozen {
            Some(_) if !is_parity => {
                Err(Error::BadSpec("frozen: expected none for mask 'hierarchical', got a parity".into()))
            }
            _ => Ok(()),
        }
    }

    fn build(self, site: &mut Site) -> Result<Arc<dyn Layer>> {
        let (repeat, lattice) = (self.repeat, site.lattice);
        let cycle = match (self.mask, lattice.dimensions()) {
            (MaskSpec::Hierarchical, 1) => 1,
            (MaskSpec::Stripes, dimensions) => 2 * dimensions,
            _ => 2,
        };
        let is_count = repeat == 1 || (repeat.is_multiple_of(cycle) && (1..=MOST_LAYERS).contains(&repeat));
        let multiple = if cycle == 2 { "an even number".into() } else { format!("a multiple of {cycle}") };
        expect(is_count, "repeat", &format!("1 or {multiple} up to {MOST_LAYERS}"), repeat)?;
        self.check()?;
        let Some(spacing) = self.spacing(lattice)? else { return Ok(Arc::new(Absent::new())) };
        if self.mask == MaskSpec::Modes {
            self.network.expect_fit_with(repeat, lattice.volume(), lattice.volume())?;
        } else {
            self.network.expect_fit(repeat, lattice)?;
        }
        let (boards, next) = site.cycle(Place { mask: self.mask, spacing })?;
        let first = self.frozen.map_or(*next, |parity| parity as usize);
        let coupling = |i: usize| {
            let (board, frozen) = &boards[(first + i) % boards.len()];
            let coupling = Coupling::new(&self.network, board, *frozen, Arc::clone(&self.transform))?;
            Ok(Arc::new(coupling) as Arc<dyn Layer>)
        };
        *next = if repeat == 1 { (first + 1) % boards.len() } else { first };
        if repeat == 1 {
            return coupling(0);
        }
        let group = (0..boards.len()).map(coupling).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(Stacked::new(group, repeat / boards.len())))
    }
}
